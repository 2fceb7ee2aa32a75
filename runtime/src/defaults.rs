//! The table of defaults in the crate's page, against the code.

use std::time::Duration;

use crate::policy::Strategy;
use crate::spec::{Flags, OnSpent};
use crate::watchdog::Watchdog;

/// The rows of the table under the heading "Defaults": what, and its default.
fn table() -> Vec<(&'static str, &'static str)> {
    let page = include_str!("lib.rs");
    let rows = page.lines().skip_while(|line| *line != "//! # Defaults");
    let rows = rows.skip(3).map_while(|line| line.strip_prefix("//! | "));
    let cells = rows.map(|row| {
        let mut cells = row.split(" | ");
        (cells.next().unwrap_or(""), cells.next().unwrap_or(""))
    });
    cells.collect()
}

fn time(time: Duration) -> String {
    if time.subsec_nanos() == 0 {
        format!("{} s", time.as_secs())
    } else {
        format!("{} ms", time.as_millis())
    }
}

#[test]
fn the_table_of_defaults_says_what_the_code_does() {
    let Flags { intensity, backoff, on_spent, .. } = Flags::new(Strategy::OneForOne);
    let Watchdog { period, limit } = Watchdog::default();
    let restarts = format!("{} restarts in {}", intensity.restarts, time(intensity.period));
    let on_spent = match on_spent {
        OnSpent::Escalate => "escalate",
        OnSpent::Park => "park",
        OnSpent::ParkChild => "park the child",
    };
    let expected = [
        ("intensity", restarts),
        ("spent intensity", on_spent.to_owned()),
        ("shortest back-off", time(backoff.min)),
        ("longest back-off", time(backoff.max)),
        ("healthy uptime", time(backoff.healthy)),
        ("grace of a leaf", time(crate::supervisor::GRACE)),
        ("grace of a supervisor", "as long as its children need".to_owned()),
        ("mailbox", format!("{} messages", crate::supervisor::MAILBOX)),
        ("messages in a turn", crate::host::TURN.to_string()),
        ("precision of deadlines", time(crate::deadline::GRAIN)),
        ("beat of a thread", time(crate::pulse::BEAT)),
        ("look of the watchdog", time(period)),
        ("limit of the watchdog", time(limit)),
        ("silence after which a worker is lost", time(crate::watchdog::LOST)),
        ("answer to a kill", time(crate::supervisor::stop::KILL_ANSWER)),
        (
            "longest grace below a supervisor that gave up",
            time(crate::supervisor::stop::LAST_GRACE),
        ),
        ("events that a subscriber may lag", crate::event::CAPACITY.to_string()),
    ];
    let expected: Vec<_> =
        expected.iter().map(|(what, default)| (*what, default.as_str())).collect();
    assert_eq!(table(), expected);
}
