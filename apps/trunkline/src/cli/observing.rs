//! The flags that say where what happens can be seen.

use clap::Args;
use trunkline_config::Override;

/// The flags of every command that serves.
#[derive(Debug, Args)]
pub(super) struct Observing {
    /// Where the admin API listens: IP:PORT, unix:/PATH, or off.
    #[arg(long, value_name = "ADDRESS")]
    admin: Option<String>,
    /// A file that the spans of traces are added to, as lines of OTLP in JSON.
    #[arg(long, value_name = "FILE")]
    trace_file: Option<String>,
}

impl Observing {
    /// What the flags lay over a file.
    pub(super) fn overrides(self) -> Vec<Override> {
        let admin = self.admin.map(|address| Override::new("--admin", "server.admin", address));
        let file = self
            .trace_file
            .map(|path| Override::new("--trace-file", "telemetry.trace_file", from_here(path)));
        admin.into_iter().chain(file).collect()
    }
}

/// The path from the root, if it can be told: a flag is relative to where the program was started, a
/// key to its file.
fn from_here(path: String) -> String {
    let absolute = std::path::absolute(&path).ok();
    absolute.and_then(|path| path.into_os_string().into_string().ok()).unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use trunkline_config::{Format, Source, parse};

    use super::*;

    fn parsed(admin: &str, trace_file: &str) -> Result<trunkline_config::Settings, String> {
        let text = "listener.a = { bind = '127.0.0.1:1', protocol = 'echo' }";
        let flags =
            Observing { admin: Some(admin.to_owned()), trace_file: Some(trace_file.to_owned()) };
        let source = Source::new("f", Format::Toml, text);
        parse(&source, [], flags.overrides()).map_err(|mistakes| mistakes.to_string())
    }

    #[test]
    fn a_file_of_traces_is_where_the_program_was_started() {
        let telemetry = parsed("off", "traces.jsonl").unwrap().telemetry;
        let here = std::env::current_dir().unwrap();
        assert_eq!(telemetry.trace_file, Some(here.join("traces.jsonl")));
        let telemetry = parsed("off", "/tmp/traces.jsonl").unwrap().telemetry;
        assert_eq!(telemetry.trace_file, Some("/tmp/traces.jsonl".into()));
    }

    #[test]
    fn a_mistake_names_its_flag() {
        let said = parsed("0.0.0.0:9900", "").unwrap_err();
        assert!(
            said.contains("--admin: server.admin: 0.0.0.0:9900 is reached from elsewhere"),
            "{said}"
        );
        assert!(said.contains("--trace-file: telemetry.trace_file: is empty"), "{said}");
    }
}
