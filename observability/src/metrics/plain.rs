//! OpenMetrics said in Prometheus's text 0.0.4.
//!
//! Samples are the same in both, but for exemplars, which are not written in the first place. A family
//! is described by the name that its samples have: a counter's with `_total`, an info's with `_info`,
//! which there is a gauge. Units and the end of the text are not told.

/// The same metrics. `text` has no exemplars.
pub(super) fn of(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut lines = text.split_inclusive('\n').peekable();
    while let Some(line) = lines.next() {
        // A sample never begins so.
        let Some(about) = line.strip_prefix("# ") else {
            plain.push_str(line);
            continue;
        };
        // What a family is comes behind its help.
        if let Some((name, help)) = about.strip_prefix("HELP ").and_then(named)
            && let Some(next) = lines.peek()
            && let Some((_, kind)) = next.strip_prefix("# TYPE ").and_then(named)
        {
            let (suffix, kind) = match kind.trim_end() {
                "counter" => ("_total", "counter"),
                "info" => ("_info", "gauge"),
                kind => ("", kind),
            };
            for part in ["# HELP ", name, suffix, " ", help] {
                plain.push_str(part);
            }
            for part in ["# TYPE ", name, suffix, " ", kind, "\n"] {
                plain.push_str(part);
            }
            lines.next();
        }
    }
    plain
}

/// The name that a line is about, and the rest of it.
fn named(about: &str) -> Option<(&str, &str)> {
    about.split_once(' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_are_described_by_the_names_of_their_samples() {
        let text = "\
# HELP trunkline_requests All # of them
# TYPE trunkline_requests counter
trunkline_requests_total{listener=\"# TYPE web counter\"} 3
# HELP process_cpu_seconds Spent
# TYPE process_cpu_seconds counter
# UNIT process_cpu_seconds seconds
process_cpu_seconds_total 0.5
# HELP trunkline_build This
# TYPE trunkline_build info
trunkline_build_info{version=\"1\"} 1
# HELP took_seconds How long
# TYPE took_seconds histogram
# UNIT took_seconds seconds
took_seconds_bucket{le=\"+Inf\"} 3
# EOF
";
        let plain = "\
# HELP trunkline_requests_total All # of them
# TYPE trunkline_requests_total counter
trunkline_requests_total{listener=\"# TYPE web counter\"} 3
# HELP process_cpu_seconds_total Spent
# TYPE process_cpu_seconds_total counter
process_cpu_seconds_total 0.5
# HELP trunkline_build_info This
# TYPE trunkline_build_info gauge
trunkline_build_info{version=\"1\"} 1
# HELP took_seconds How long
# TYPE took_seconds histogram
took_seconds_bucket{le=\"+Inf\"} 3
";
        assert_eq!(of(text), plain);
    }
}
