//! Whether what clients, origins and the log say of each request fits together.

use std::collections::{HashMap, HashSet};

use crate::latency::Latency;
use crate::runs::Report;
use crate::runs::report::spread;
use crate::web::access::AccessLine;
use crate::web::client::Outcome;

use super::audience::{Asked, Habit, Told};

/// What the server and the origins of one half say.
pub(super) struct Verdict {
    /// Lines of the log, by the request's number.
    pub(super) lines: HashMap<u64, Vec<AccessLine>>,
    /// How often an origin has seen which request.
    pub(super) seen: HashMap<u64, u32>,
    /// What a line says of a request whose connection was made to crash.
    pub(super) crashes: HashSet<String>,
    /// What origins have seen that no client has sent.
    pub(super) wrong: Vec<String>,
}

impl Verdict {
    pub(super) fn tell(&self, told: &Told, report: &mut Report) {
        let count = |wanted: fn(&Outcome) -> bool| {
            told.asked.iter().filter(|asked| wanted(&asked.outcome)).count() as u64
        };
        let panics = self.crashes.len() as u64;
        let refused = count(|it| matches!(it, Outcome::Refused(_)));
        let cut = count(|it| *it == Outcome::Cut);
        let unanswered = count(|it| *it == Outcome::Unanswered);
        let failed = told.asked.len() as u64 - count(|it| *it == Outcome::Served);
        report.show("requests at the faults", told.asked.len());
        report.require(
            "failed at all, at most as many as panics in connections",
            format!("{failed} of {panics}"),
            failed <= panics,
        );
        report.show("of these answered 502 or 503", refused);
        report.show("reset within their answer", cut);
        report.show("ended before an answer, on a kept connection", unanswered);
        let unread = told
            .asked
            .iter()
            .filter(|it| it.outcome == Outcome::Unanswered && self.was_never_read(it.seed));
        report.show("of these never read, and so may be asked again", unread.count());
        report.show("connections that ended between two requests", told.ended_idle);
        let accounted = failed + told.ended_idle;
        let name = "panics in connections that no client has seen";
        report.show(name, i128::from(panics) - i128::from(accounted));
        self.require_none("failed otherwise, or answered for another, none", told, report, |it| {
            matches!(it.outcome, Outcome::Wrong(_) | Outcome::Silent)
        });
        self.require_none("ended unanswered on a new connection, none", told, report, |it| {
            it.outcome == Outcome::Unanswered && it.habit == Habit::New
        });
        let crashed = |it: &Asked| self.is_crash_of_its_connection(it.seed);
        self.require_none(
            "failed, and its line does not name the crash, none",
            told,
            report,
            |it| {
                match it.outcome {
                    Outcome::Refused(_) | Outcome::Cut => !crashed(it),
                    // Never read: there is nothing to say of it.
                    Outcome::Unanswered => !crashed(it) && !self.was_never_read(it.seed),
                    Outcome::Served | Outcome::Silent | Outcome::Wrong(_) => false,
                }
            },
        );
        self.require_none("the line tells another status, none", told, report, |it| {
            let status = match it.outcome {
                Outcome::Refused(status) => status,
                Outcome::Served | Outcome::Cut => 200,
                Outcome::Unanswered | Outcome::Silent | Outcome::Wrong(_) => return false,
            };
            self.only_line(it.seed).is_some_and(|line| line.status != Some(status))
        });
        self.tell_common(told, report);
        let nanos = told.asked.iter().filter(|it| it.outcome == Outcome::Served);
        let latency = Latency::of(nanos.map(|it| it.nanos).collect());
        report.show("answers at the faults, of 32 ms at the least", spread(&latency));
    }

    pub(super) fn tell_calm(&self, told: &Told, report: &mut Report) {
        report.show("requests elsewhere", told.asked.len());
        self.require_none("of these not served, none", told, report, |it| {
            it.outcome != Outcome::Served
        });
        let ended = told.ended_idle;
        report.require("connections elsewhere that ended, none", ended, ended == 0);
        self.tell_common(told, report);
        let latency = Latency::of(told.asked.iter().map(|it| it.nanos).collect());
        report.show("answers elsewhere, of 32 ms at the least", spread(&latency));
    }

    fn tell_common(&self, told: &Told, report: &mut Report) {
        let spoke = told.spoke.len() + self.wrong.len();
        report.require("clients or origins that got what nobody sent, none", spoke, spoke == 0);
        for what in told.spoke.iter().chain(&self.wrong).take(3) {
            report.show("  one of them", what);
        }
        self.require_none("without exactly one line in the log, none", told, report, |it| {
            let lines = self.lines.get(&it.seed).map_or(0, Vec::len);
            lines != 1 && !(it.outcome == Outcome::Unanswered && self.was_never_read(it.seed))
        });
        self.require_none("seen twice by an origin, none", told, report, |it| {
            self.seen.get(&it.seed).is_some_and(|times| *times > 1)
        });
    }

    fn require_none(
        &self,
        name: &str,
        told: &Told,
        report: &mut Report,
        is_bad: impl Fn(&Asked) -> bool,
    ) {
        let bad: Vec<_> = told.asked.iter().filter(|asked| is_bad(asked)).collect();
        report.require(name, bad.len(), bad.is_empty());
        for asked in bad.iter().take(3) {
            let lines = self.lines.get(&asked.seed);
            let seen = self.seen.get(&asked.seed);
            report.show("  one of them", format!("{asked:?}, {lines:?}, seen {seen:?}"));
        }
    }

    fn only_line(&self, seed: u64) -> Option<&AccessLine> {
        self.lines.get(&seed).filter(|lines| lines.len() == 1).and_then(|lines| lines.first())
    }

    fn is_crash_of_its_connection(&self, seed: u64) -> bool {
        let line = self.only_line(seed);
        line.is_some_and(|line| line.code == "crashed" && self.crashes.contains(&line.detail))
    }

    fn was_never_read(&self, seed: u64) -> bool {
        !self.lines.contains_key(&seed) && !self.seen.contains_key(&seed)
    }
}
