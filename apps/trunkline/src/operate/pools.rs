//! `pools`: what backends there are, and how they are.

use super::answers::{Backend, Pool};
use super::line::{Line, Style};
use super::table::{Align, Table};

const COLUMNS: [(&str, Align); 7] = [
    ("BACKEND", Align::Left),
    ("TIER", Align::Right),
    ("WEIGHT", Align::Right),
    ("STATE", Align::Left),
    ("IN FLIGHT", Align::Right),
    ("REQUESTS", Align::Right),
    ("FAILED", Align::Right),
];

/// All pools, each above its backends.
pub(super) fn lines(pools: &[Pool], width: usize) -> Vec<Line> {
    if pools.is_empty() {
        return vec![Line::of(Style::Plain, "there are no pools")];
    }
    let mut lines = Vec::new();
    for pool in pools {
        if !lines.is_empty() {
            lines.push(Line::new());
        }
        lines.push(head(pool).cut(width));
        let mut table = Table::new(&COLUMNS);
        for backend in &pool.backends {
            table.row(row(backend));
        }
        lines.extend(table.lines(2, width));
    }
    lines
}

fn head(pool: &Pool) -> Line {
    let all = pool.backends.len() as u64;
    let mut line = Line::of(Style::Bold, &pool.name);
    line.push(Style::Plain, "  ");
    if pool.status != "running" {
        line.push(Style::Bad, &pool.status);
        line.push(Style::Plain, ", ");
    }
    line.push(Style::Plain, &pool.algorithm);
    line.push(Style::Plain, ", ");
    let serving = match pool.serving {
        0 => Style::Bad,
        some if some < all => Style::Warning,
        _ => Style::Good,
    };
    line.push(serving, &format!("{} of {all} serving", pool.serving));
    line.push(Style::Plain, &format!(", {} in flight, {} waiting", pool.in_flight, pool.waiting));
    line
}

fn row(backend: &Backend) -> [(Style, String); 7] {
    let name = if backend.name == backend.address {
        backend.address.clone()
    } else {
        format!("{} ({})", backend.address, backend.name)
    };
    let plain = |number: u64| (Style::Plain, number.to_string());
    [
        (Style::Plain, name),
        plain(backend.tier),
        plain(backend.weight),
        state(backend),
        plain(backend.in_flight),
        plain(backend.requests),
        plain(backend.failed),
    ]
}

/// Health, and what else keeps it from serving.
fn state(backend: &Backend) -> (Style, String) {
    let style = match backend.health.as_str() {
        "up" if backend.ejected || backend.draining => Style::Warning,
        "up" => Style::Good,
        "down" => Style::Bad,
        _ => Style::Warning,
    };
    let mut said = backend.health.replace('_', " ");
    for (is_so, what) in [(backend.ejected, "ejected"), (backend.draining, "draining")] {
        if is_so {
            said.push_str(", ");
            said.push_str(what);
        }
    }
    (style, said)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::answers::Pools;
    use super::super::line::text;
    use super::*;

    fn drawn(pools: serde_json::Value, width: usize) -> String {
        let pools: Pools = serde_json::from_value(json!({ "pools": pools })).unwrap();
        text(&lines(&pools.pools, width), false)
    }

    fn backend(address: &str, health: &str, ejected: bool, draining: bool) -> serde_json::Value {
        json!({
            "name": address, "address": address, "tier": 0, "weight": 1, "health": health,
            "ejected": ejected, "draining": draining, "in_flight": 3, "requests": 12_345,
            "connected": 7, "failed": 0,
        })
    }

    #[test]
    fn each_pool_stands_above_its_backends() {
        let mut named = backend("10.0.0.2:80", "on_trial", true, true);
        named["name"] = "site.internal\u{1b}:80".into();
        let pools = json!([
            {
                "name": "api", "status": "parked", "algorithm": "maglev", "waiting": 0,
                "in_flight": 0, "serving": 0, "backends": [],
            },
            {
                "name": "site", "status": "running", "algorithm": "round_robin", "waiting": 2,
                "in_flight": 6, "serving": 1,
                "backends": [backend("10.0.0.1:80", "up", false, false), named],
            },
        ]);
        assert_eq!(
            drawn(pools, 200),
            "\
api  parked, maglev, 0 of 0 serving, 0 in flight, 0 waiting
  BACKEND  TIER  WEIGHT  STATE  IN FLIGHT  REQUESTS  FAILED

site  round_robin, 1 of 2 serving, 6 in flight, 2 waiting
  BACKEND                               TIER  WEIGHT  STATE                        IN FLIGHT  REQUESTS  FAILED
  10.0.0.1:80                              0       1  up                                   3     12345       0
  10.0.0.2:80 (site.internal\\u{1b}:80)     0       1  on trial, ejected, draining          3     12345       0
"
        );
    }

    #[test]
    fn without_pools_it_says_so() {
        assert_eq!(drawn(json!([]), 80), "there are no pools\n");
    }
}
