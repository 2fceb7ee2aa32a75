//! The admin API and telemetry: what a file and the variables of OpenTelemetry say of them.

#![expect(clippy::expect_used, clippy::panic, reason = "the helpers of tests are tests")]

mod admin;
mod file;
mod masked;
mod otel;

use trunkline_config::{Format, Mistakes, Otlp, Settings, Source, parse};

/// A listener, in line 1, and then the text.
fn load(text: &str, variables: &[(&str, &str)]) -> Result<Settings, Mistakes> {
    let text = format!("listener.a = {{ bind = '127.0.0.1:1', protocol = 'echo' }}\n{text}");
    let variables = variables.iter().map(|(name, value)| (name.into(), value.into()));
    parse(&Source::new("f", Format::Toml, text), variables, [])
}

#[track_caller]
fn valid(text: &str, variables: &[(&str, &str)]) -> Settings {
    load(text, variables).unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

#[track_caller]
fn otlp(text: &str, variables: &[(&str, &str)]) -> Otlp {
    valid(text, variables).telemetry.otlp.expect("a collector")
}

/// The lines of the answer, without the one with the count.
#[track_caller]
fn mistakes(text: &str, variables: &[(&str, &str)]) -> Vec<String> {
    let mistakes = load(text, variables).expect_err("a mistake");
    mistakes.iter().map(ToString::to_string).collect()
}

/// What is said of one line of a file.
#[track_caller]
fn said(line: &str, answer: &str) {
    assert_eq!(mistakes(line, &[]), [answer], "{line}");
}
