//! The figures as a table.

use std::io::{self, Write};

use trunkline_tests::spread::Spread;

use crate::figures::{Figure, Outcome, Results};
use crate::proxy::Proxy;
use crate::table::Table;
use crate::workload::Workload;

/// Writes all figures of `workloads`, in their order and in that of `proxies`.
pub(crate) fn write(
    out: &mut impl Write,
    markdown: bool,
    workloads: &[Workload],
    proxies: &[Proxy],
    results: &Results,
) -> io::Result<()> {
    let mut table = Table::new(&[
        "workload",
        "proxy",
        "cost",
        "p50 us",
        "p99 us",
        "per s",
        "trunkline's cost / this",
        "trunkline's p99 / this",
    ]);
    for workload in workloads {
        let taking = proxies.iter().filter(|proxy| proxy.takes(*workload));
        for (row, proxy) in taking.enumerate() {
            // Named once.
            let name =
                if row == 0 { format!("{workload}: {}", workload.unit()) } else { String::new() };
            table.row(
                [name, proxy.to_string()].into_iter().chain(cells(results, *workload, *proxy)),
            );
        }
        if let Some(row) = better(results, *workload) {
            table.row([String::new(), "the better".to_owned()].into_iter().chain(row));
        }
    }
    table.write(out, markdown)
}

/// The figures of one proxy, or why it has none.
fn cells(results: &Results, workload: Workload, proxy: Proxy) -> Vec<String> {
    match results.outcome(workload, proxy) {
        Some(Outcome::NotMeasured(why)) => vec![format!("not measured: {why}")],
        Some(Outcome::Failed(why)) => vec![format!("failed: {why}")],
        None => vec!["not measured".to_owned()],
        Some(Outcome::Measured(_)) => {
            let spread = |figure| {
                let seen = results.figure(workload, proxy, figure);
                Spread::of(seen.into_iter()).map(|spread| shown(&spread)).unwrap_or_default()
            };
            let ratio = |figure| {
                let ratio =
                    results.ratio(workload, figure, proxy).filter(|_| proxy != Proxy::Trunkline);
                ratio.map(shown_ratio).unwrap_or_default()
            };
            let mut cells =
                [Figure::Cost, Figure::P50, Figure::P99, Figure::Rate].map(spread).to_vec();
            cells.extend([Figure::Cost, Figure::P99].map(ratio));
            cells
        }
    }
}

/// How Trunkline compares with the better of the two, which is named; `None` without both.
fn better(results: &Results, workload: Workload) -> Option<Vec<String>> {
    let cell = |figure| {
        let better = results.better(workload, figure)?;
        let ratio = results.ratio(workload, figure, better)?;
        Some(format!("{} {better}", shown_ratio(ratio)))
    };
    let cost = cell(Figure::Cost)?;
    let blank = vec![String::new(); 4];
    Some(blank.into_iter().chain([cost, cell(Figure::P99).unwrap_or_default()]).collect())
}

/// Three digits that matter, whatever the size.
fn shown(spread: &Spread) -> String {
    let digits = match spread.median {
        few if few < 1.0 => 3,
        few if few < 100.0 => 2,
        _ => 0,
    };
    let Spread { median, min, max } = spread;
    format!("{median:.digits$} ({min:.digits$} to {max:.digits$})")
}

fn shown_ratio(Spread { median, min, max }: Spread) -> String {
    format!("{median:.3} ({min:.3} to {max:.3})")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::Figures;

    fn written(results: &Results) -> io::Result<String> {
        let mut out = Vec::new();
        let proxies = [Proxy::Trunkline, Proxy::Haproxy, Proxy::HaproxySplice, Proxy::Nginx];
        write(&mut out, true, &[Workload::L4Keepalive], &proxies, results)?;
        Ok(String::from_utf8_lossy(&out).into_owned())
    }

    #[test]
    fn a_proxy_is_shown_with_its_figures_and_how_trunkline_compares() -> io::Result<()> {
        let mut results = Results::default();
        for (proxy, cost) in [(Proxy::Trunkline, 9.0), (Proxy::Haproxy, 10.0)] {
            let figures = Figures { cost, p50: Some(800.0), p99: Some(1500.0), rate: Some(5e4) };
            results.add(Workload::L4Keepalive, proxy, figures);
        }
        let why = Outcome::NotMeasured("not installed".to_owned());
        results.spoil(Workload::L4Keepalive, Proxy::Nginx, why);
        let text = written(&results)?;
        let row = |name: &str| text.lines().find(|line| line.contains(name)).unwrap_or_default();
        assert!(row("| trunkline |").contains("l4-keepalive: CPU us per request"), "{text}");
        assert!(row("| haproxy").contains("0.900 (0.900 to 0.900) | 1.000 (1.000"), "{text}");
        assert!(row("| nginx").contains("not measured: not installed"), "{text}");
        assert!(row("| the better").contains("0.900 (0.900 to 0.900) haproxy"), "{text}");
        assert!(!text.contains("splice"), "{text}");
        Ok(())
    }

    #[test]
    fn small_and_great_figures_show_what_matters() {
        let spread = |median| Spread { median, min: median, max: median };
        assert_eq!(shown(&spread(0.2434)), "0.243 (0.243 to 0.243)");
        assert_eq!(shown(&spread(11.111)), "11.11 (11.11 to 11.11)");
        assert_eq!(shown(&spread(2489.4)), "2489 (2489 to 2489)");
    }
}
