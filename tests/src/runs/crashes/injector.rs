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
    let mut hand = Hand::new(control, u32::try_from(lasting.len())? + 1, times, seconds);
    for time in 0..times as usize {
        for kind in lasting {
            hand.crash(kind, time)?;
        }
        hand.pace.wait();
        let path = connection()?;
        control.panic(&path)?;
        hand.injections.push(Injection { kind: "connection", path, at_message: false });
    }
    hand.finish()
}

/// As [`inject`], without connections.
pub(in crate::runs) fn inject_lasting(
    control: &Control,
    lasting: &[Kind],
    times: u32,
    seconds: u32,
) -> Result<Vec<Injection>> {
    let mut hand = Hand::new(control, u32::try_from(lasting.len())?, times, seconds);
    for time in 0..times as usize {
        for kind in lasting {
            hand.crash(kind, time)?;
        }
    }
    hand.finish()
}

struct Hand<'a> {
    control: &'a Control,
    pace: Pace,
    /// Where the events begin in which the last panic of each path shows.
    marks: HashMap<String, usize>,
    injections: Vec<Injection>,
}

impl<'a> Hand<'a> {
    fn new(control: &'a Control, kinds: u32, times: u32, seconds: u32) -> Self {
        // A little faster than need be: the last of them is to be back before the load ends.
        let period = Duration::from_secs(seconds.into()).mul_f64(0.95) / (kinds * times);
        Self { control, pace: Pace::every(period), marks: HashMap::new(), injections: Vec::new() }
    }

    fn crash(&mut self, kind: &Kind, time: usize) -> Result<()> {
        self.pace.wait();
        let path = &kind.paths[time % kind.paths.len()];
        if let Some(mark) = self.marks.insert(path.clone(), self.control.mark()) {
            // Two panics at once would be one.
            self.control.wait_for(&format!("restart of {path}"), mark, BACK, |event| {
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
            self.control.panic_message(path)?;
        } else {
            self.control.panic(path)?;
        }
        self.injections.push(Injection { kind: kind.name, path: path.clone(), at_message });
        Ok(())
    }

    /// Waits until all are back.
    fn finish(self) -> Result<Vec<Injection>> {
        for (path, mark) in self.marks {
            self.control.wait_for(&format!("last restart of {path}"), mark, BACK, |event| {
                event.what == What::Started && event.path == path
            })?;
        }
        Ok(self.injections)
    }
}
