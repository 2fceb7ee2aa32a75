//! The rows of protocols in the architecture's table of defaults, against the code.

use std::time::Duration;

use super::{Limits, cx, driver, quarantine, serve};

/// What, and its default, as the table has them.
fn row(line: &str) -> Option<(&str, &str)> {
    let (what, rest) = line.strip_prefix("| ")?.split_once(" | ")?;
    let (default, _why) = rest.split_once(" | ")?;
    Some((what, default))
}

fn time(time: Duration) -> String {
    match time.as_secs() {
        seconds if seconds % 60 == 0 => format!("{} min", seconds / 60),
        seconds => format!("{seconds} s"),
    }
}

#[test]
fn the_architecture_names_the_defaults_of_protocols() {
    let Limits { message, write, inbox, send_timeout, crashes, quarantine, heartbeat } =
        Limits::default();
    assert_eq!(heartbeat, None);
    let within = |times: u32, period| format!("{times} in {}", time(period));
    let expected = [
        ("message of a protocol", format!("{} KiB", message / 1024)),
        ("output that waits before `send` does", format!("{} KiB", write / 1024)),
        ("inbox of a connection", format!("{inbox} messages")),
        ("silence of a peer with output waiting", time(send_timeout)),
        ("crashes of a handler", within(crashes.restarts, crashes.period)),
        (
            "crashes that quarantine a message",
            within(quarantine.threshold.get().into(), quarantine.period),
        ),
        ("fingerprints of a listener", format!("{0} + {0}", quarantine::CAPACITY)),
        ("hook `close`", time(driver::CLOSE_LIMIT)),
        ("wait for the peer's end", time(serve::LINGER_LIMIT)),
        ("actors of one connection", cx::MOST_CHILDREN.to_string()),
    ];
    let page = include_str!("../../../ARCHITECTURE.md");
    let rows = page.lines().skip_while(|line| *line != "## Defaults").filter_map(row);
    let rows: Vec<_> = rows.skip(1).take(expected.len()).collect();
    let expected: Vec<_> = expected.iter().map(|(what, it)| (*what, it.as_str())).collect();
    assert_eq!(rows, expected);
}
