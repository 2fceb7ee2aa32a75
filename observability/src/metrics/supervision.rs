//! What goes wrong in the tree, and how late its threads are.

use std::fmt;

use trunkline_runtime::{Counted, Mishap, Runtime};

use super::{Page, Snapshot, Source};

/// The tree of a runtime.
pub struct Supervision(pub Runtime);

impl Source for Supervision {
    fn measure(&self, page: &mut Page<'_>) -> fmt::Result {
        let events = self.0.events();
        let counted = events.mishaps();
        let mut family = page.counts(
            "trunkline_restarts",
            "Restarts of children, by their kind and by how they had ended",
        )?;
        for Counted { kind, mishap, times } in &counted {
            if let Mishap::Restart(reason) = mishap {
                family.add(&[("kind", kind), ("reason", reason)], *times)?;
            }
        }
        let mut family = page.counts(
            "trunkline_failed_exits",
            "Ends of children that were no ordinary ones, whether they are restarted or not",
        )?;
        for Counted { kind, mishap, times } in &counted {
            if let Mishap::Exit(reason) = mishap {
                family.add(&[("kind", kind), ("reason", reason)], *times)?;
            }
        }
        let mut family = page.counts("trunkline_parkings", "Children that were parked")?;
        for Counted { kind, mishap, times } in &counted {
            if *mishap == Mishap::Park {
                family.add(&[("kind", kind)], *times)?;
            }
        }
        let mut family = page.counts("trunkline_escalations", "Supervisors that gave up")?;
        for Counted { kind, mishap, times } in &counted {
            if *mishap == Mishap::Escalation {
                family.add(&[("kind", kind)], *times)?;
            }
        }
        let parked = events.parked() as u64;
        page.gauges("trunkline_parked", None, "Children that are parked now")?.add(&[], parked)?;
        let children = self.0.registry().len() as u64;
        page.gauges("trunkline_children", None, "Children in the tree")?.add(&[], children)?;
        self.threads(page)
    }
}

impl Supervision {
    fn threads(&self, page: &mut Page<'_>) -> fmt::Result {
        let delays: Vec<_> = self.0.loop_delays().collect();
        let name = |placement: trunkline_runtime::Placement| placement.id().to_string();
        let mut family = page.histograms(
            "trunkline_loop_delay",
            "How late the beats of a thread came, ten a second: how long other work kept it",
        )?;
        for (placement, delays) in &delays {
            let (bounds, counts, sum) = (delays.bounds, delays.counts.clone(), delays.sum);
            let snapshot = Snapshot { bounds, counts, sum, exemplars: Vec::new() };
            family.add(&[("thread", &name(*placement))], &snapshot)?;
        }
        let mut family =
            page.gauges("trunkline_thread_stuck", None, "Whether a thread does not turn")?;
        for (placement, _) in &delays {
            let stuck = u64::from(self.0.is_stuck(*placement));
            family.add(&[("thread", &name(*placement))], stuck)?;
        }
        Ok(())
    }
}
