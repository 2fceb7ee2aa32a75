//! In which of two texts a scrape is answered.

/// A text that Prometheus reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// OpenMetrics 1.0, with exemplars.
    OpenMetrics,
    /// Prometheus's own older text, 0.0.4, which has none: what `promtool check metrics` and whoever
    /// knows nothing of OpenMetrics reads.
    Plain,
}

/// The name of the one that has to be asked for.
const OPEN_METRICS: &str = "application/openmetrics-text";
/// The one version that is written.
const VERSION: &str = "1.0.0";

impl Form {
    /// What to send to somebody with this field `Accept`, empty if there is none: OpenMetrics only to
    /// who names it and likes nothing that is plain better, as Prometheus's own libraries do.
    #[must_use]
    pub fn accepted(accept: &str) -> Self {
        let (mut open, mut plain) = (0.0, 0.0);
        for range in accept.split(',') {
            let mut parts = range.split(';').map(str::trim);
            let kind = parts.next().unwrap_or_default();
            let (mut quality, mut version) = (1.0, VERSION);
            for (name, value) in parts.filter_map(|part| part.split_once('=')) {
                match name.trim().to_ascii_lowercase().as_str() {
                    "q" => quality = value.trim().parse::<f32>().unwrap_or(0.0),
                    "version" => version = value.trim().trim_matches('"'),
                    _ => {}
                }
            }
            if kind.eq_ignore_ascii_case(OPEN_METRICS) && version == VERSION {
                open = quality.max(open);
            } else if kind.eq_ignore_ascii_case("text/plain") {
                plain = quality.max(plain);
            }
        }
        if open > 0.0 && open >= plain { Self::OpenMetrics } else { Self::Plain }
    }

    /// The type of the text.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Plain => "text/plain; version=0.0.4; charset=utf-8",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn openmetrics_is_for_those_who_name_it() {
        // As Prometheus 2.42 and 3.0 ask.
        let of_prometheus = [
            "application/openmetrics-text;version=1.0.0,application/openmetrics-text;\
             version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
             application/openmetrics-text;version=0.0.1;q=0.5,\
             text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3",
            "Application/OpenMetrics-Text; Version=\"1.0.0\"",
            "application/openmetrics-text",
        ];
        for accept in of_prometheus {
            assert_eq!(Form::accepted(accept), Form::OpenMetrics, "{accept}");
        }
    }

    #[test]
    fn everybody_else_gets_the_plain_text() {
        let of_others = [
            "",
            "*/*",
            "text/html, */*;q=0.8",
            "text/plain;version=0.0.4",
            "application/openmetrics-text;q=0",
            "application/openmetrics-text;q=x",
            "application/openmetrics-text;version=0.0.1",
            "application/openmetrics-text;q=0.3, text/plain",
            "application/openmetrics-text-not",
            ";;=,=;q,",
        ];
        for accept in of_others {
            assert_eq!(Form::accepted(accept), Form::Plain, "{accept}");
        }
    }
}
