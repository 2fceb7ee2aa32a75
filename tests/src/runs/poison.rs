//! A line that crashes every handler is sent again and again.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::talkers::{Answer, TalkPlan, Talkers};

use super::host::Host;
use super::pace::Pace;
use super::report::spread;
use super::site::WORKERS;
use super::{Programs, Report};

mod poisoner;

use poisoner::{Poisoner, Tally};

/// Crashes over one line before it is refused.
const THRESHOLD: u64 = 3;
/// How long a line stays refused that nobody sends.
const PERIOD: Duration = Duration::from_secs(2);
/// Peers that send it.
const POISONERS: usize = 50;
/// Peers that do not.
const OTHERS: u32 = 50;
/// How long the quarantine may take to notice that its time is over: others talk all the time.
const HEALED: Duration = Duration::from_secs(10);
/// How often the tree is looked at: that a quarantine ends is no event.
const LOOK: Duration = Duration::from_millis(20);

/// How long, how often.
#[derive(Clone, Copy, Debug)]
pub struct PoisonPlan {
    /// For how many seconds the line is sent.
    pub seconds: u32,
    /// How often a second all peers send it at once.
    pub rate: u32,
}

impl Default for PoisonPlan {
    fn default() -> Self {
        Self { seconds: 15, rate: 10 }
    }
}

/// Sends the line by 50 peers, of which half connect anew each time.
///
/// # Errors
/// When something could not be done; what was done badly is in the report.
pub fn run(programs: &Programs, plan: PoisonPlan) -> Result<Report> {
    let settings = format!(
        "settings = {{ crashes = 1000000, threshold = {THRESHOLD}, period = \"{}s\" }}",
        PERIOD.as_secs()
    );
    let mut host = Host::start(programs, "fragile", &settings, "warn")?;
    let others = Talkers::start(TalkPlan {
        to: host.address(),
        connections: OTHERS,
        depth: 4,
        period: Duration::from_millis(50),
        ending: |_| "",
        judge: |line, answer| match answer {
            _ if answer == line.text => Answer::Ordinary(0),
            _ => Answer::Wrong,
        },
    })?;
    let tally = poison(&host, plan)?;
    let numbers = numbers(&host)?;

    let mut report = Report::new("poison");
    tell(&tally, &numbers, &mut report);
    let line = ["quarantine", "listener=main", "fingerprint="];
    let logged = host.log_lines(&line).len();
    report.require("lines in the log about it, 1", logged, logged == 1);
    let (took, again) = heal(&host)?;
    // From the last answer on, which is a little later than the last line was seen.
    let waited = took + Duration::from_millis(100) >= PERIOD;
    let figure = format!("{:.2} s", took.as_secs_f64());
    report.require("let through again, after its 2 s", figure, waited);
    // Where nothing at all had crashed for the period, the first crash has no fingerprint.
    let expected = THRESHOLD..=THRESHOLD + 1;
    report.require(
        "crashes then until it is refused again, 3 or 4",
        again,
        expected.contains(&again),
    );
    let others = others.stop()?;
    report.show("lines of others", others.sent);
    report.require("lost or wrong of these, none", others.losses(), others.lost == 0);
    report.show("their answers", spread(&others.ordinary));
    let code = host.stop()?;
    report.require("then exit code 0", format!("{code:?}"), code == Some(0));
    Ok(report)
}

fn poison(host: &Host, plan: PoisonPlan) -> Result<Tally> {
    let poisoner = |number| Poisoner::new(host.address(), number % 2 == 0);
    let mut poisoners: Vec<_> = (0..POISONERS).map(poisoner).collect();
    let mut tally = Tally::default();
    let mut pace = Pace::every(Duration::from_secs(1) / plan.rate);
    for _ in 0..plan.seconds * plan.rate {
        pace.wait();
        for poisoner in &mut poisoners {
            poisoner.send(&mut tally)?;
        }
        for poisoner in &mut poisoners {
            poisoner.hear(&mut tally)?;
        }
    }
    Ok(tally)
}

/// What the quarantine tells in the tree.
fn numbers(host: &Host) -> Result<Value> {
    let mut detail = host.detail()?;
    let numbers = detail.pointer_mut("/handler/quarantine").map(Value::take);
    numbers.with_context(|| format!("the listener tells nothing of its quarantine: {detail}"))
}

fn tell(tally: &Tally, numbers: &Value, report: &mut Report) {
    report.show("times the line was sent by 50 peers", tally.crashed + tally.refused);
    report.show("connections made for that", tally.connections);
    // Each worker may have a handler at it that was let through before; the first crashes of all
    // have no fingerprint.
    let most = THRESHOLD + 2 * WORKERS as u64;
    let held = (THRESHOLD..=most).contains(&tally.crashed);
    report.require("crashes until it was refused, 3 to 7", tally.crashed, held);
    report.require("then refused", tally.refused, tally.refused > 0);
    let refused = numbers["refused"].as_u64() == Some(tally.refused);
    report.require("in the tree, as many refused", numbers, refused);
    let quarantined = numbers["quarantined"].as_u64() == Some(1);
    report.require("in the tree, one in quarantine", &numbers["quarantined"], quarantined);
}

/// Waits until the quarantine is empty, then sends the line until it is refused again: how long the
/// first took, and how many crashes the second.
fn heal(host: &Host) -> Result<(Duration, u64)> {
    let began = Instant::now();
    let mut pace = Pace::every(LOOK);
    while numbers(host)?["quarantined"].as_u64() != Some(0) {
        ensure!(began.elapsed() < HEALED, "still quarantined after {HEALED:?}");
        pace.wait();
    }
    let took = began.elapsed();
    let mut poisoner = Poisoner::new(host.address(), false);
    let mut tally = Tally::default();
    while tally.refused == 0 {
        poisoner.send(&mut tally)?;
        poisoner.hear(&mut tally)?;
        ensure!(tally.crashed <= 10 * THRESHOLD, "crashed {} times, and goes on", tally.crashed);
    }
    Ok((took, tally.crashed))
}
