//! The hand that breaks: one panic after the other, at a steady rate.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::Result;

use crate::control::{Control, What};
use crate::runs::pace::Pace;

use super::targets::Kind;

/// How long an actor may take to be back from the last panic before it is given the next.
const BACK: Duration = Duration::from_secs(10);

/// One panic that was asked for.
#[derive(Clone, Debug)]
pub(in crate::runs) struct Injection {
    pub(in crate::runs) kind: &'static str,
    pub(in crate::runs) path: String,
    /// Over its next message, not at its next turn.
    pub(in crate::runs) at_message: bool,
}

/// Makes each kind of `lasting`, and as many of what `connection` names, panic `times` times within
/// `seconds`, the kinds in turn.
pub(in crate::runs) fn inject(
    control: &Control,
    lasting: &[Kind],
    mut connection: impl FnMut() -> Result<String>,
    times: u32,
    seconds: u32,
) -> Result<Vec<Injection>> {
    let kinds = u32::try_from(lasting.len())? + 1;
    // A little faster than need be: the last of them is to be back before the load ends.
    let period = Duration::from_secs(seconds.into()).mul_f64(0.95) / (kinds * times);
    let mut pace = Pace::every(period);
    let mut marks = HashMap::new();
    let mut injections = Vec::new();
    for time in 0..times as usize {
        for kind in lasting {
            pace.wait();
            let path = &kind.paths[time % kind.paths.len()];
            if let Some(mark) = marks.insert(path.clone(), control.mark()) {
                // Two panics at once would be one.
                control.wait_for(&format!("restart of {path}"), mark, BACK, |event| {
                    event.what == What::Started && event.path == *path
                })?;
            }
            let at_message = match kind.name {
                // Half of the routers', on each worker in turn.
                "router" => (time / kind.paths.len()) % 2 == 1,
                // Every other connection's.
                "protocol" => time % 2 == 1,
                _ => false,
            };
            if at_message {
                control.panic_message(path)?;
            } else {
                control.panic(path)?;
            }
            injections.push(Injection { kind: kind.name, path: path.clone(), at_message });
        }
        pace.wait();
        let path = connection()?;
        control.panic(&path)?;
        injections.push(Injection { kind: "connection", path, at_message: false });
    }
    for (path, mark) in marks {
        control.wait_for(&format!("last restart of {path}"), mark, BACK, |event| {
            event.what == What::Started && event.path == path
        })?;
    }
    Ok(injections)
}
