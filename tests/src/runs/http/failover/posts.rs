//! Which POSTs failed, and what origins say of them.

use std::collections::{HashMap, HashSet};

use anyhow::Result;

use crate::crowd::Asked;
use crate::runs::Report;
use crate::runs::http::mortal::Mortal;

use super::{Kill, show_some};

/// What became of POSTs.
pub(super) struct Posts<'a> {
    made: usize,
    /// With an origin that was killed.
    excused: usize,
    unexcused: Vec<&'a Asked>,
    /// Begun by an origin more than once.
    repeated: usize,
    nameless: u64,
}

impl<'a> Posts<'a> {
    pub(super) fn of(posts: &'a [Asked], origins: &[Mortal], kills: &[Kill]) -> Result<Self> {
        let mut begun: HashMap<String, Vec<(usize, u64)>> = HashMap::new();
        let mut done = HashSet::new();
        for (origin, mortal) in origins.iter().enumerate() {
            for line in mortal.lines()? {
                if line.done {
                    done.insert((origin, line.id));
                } else {
                    begun.entry(line.id).or_default().push((origin, line.at_nanos));
                }
            }
        }
        let is_excused = |asked: &Asked| {
            let Some([(origin, at)]) = begun.get(&asked.id).map(Vec::as_slice) else {
                return false;
            };
            let its_end = *at..=asked.ended_nanos;
            let mut kills = kills.iter().filter(|kill| kill.origin == *origin);
            !done.contains(&(*origin, asked.id.clone()))
                && kills.any(|kill| its_end.contains(&kill.killed_nanos))
        };
        let failed = posts.iter().filter(|asked| !asked.is_served());
        let (excused, unexcused): (Vec<_>, Vec<_>) = failed.partition(|asked| is_excused(asked));
        let times = |asked: &&Asked| begun.get(&asked.id).map_or(0, Vec::len);
        Ok(Self {
            made: posts.len(),
            excused: excused.len(),
            unexcused,
            repeated: posts.iter().filter(|asked| times(asked) > 1).count(),
            nameless: kills.iter().map(|kill| kill.nameless).sum(),
        })
    }

    pub(super) fn tell(&self, report: &mut Report) {
        report.show("POSTs", self.made);
        report.show("failed, begun and not done by an origin at its kill", self.excused);
        report.show("taken by it, but killed before they said their name", self.nameless);
        let unexcused = self.unexcused.len();
        report.require("failed otherwise, none", unexcused, unexcused == 0);
        show_some(&self.unexcused, report);
        report.require("sent to origins twice, none", self.repeated, self.repeated == 0);
    }
}
