//! What something costs a server in memory.

use std::time::Duration;

use anyhow::{Result, ensure};

use crate::procfs::{allocated_bytes, peak_bytes, reset_peak};

use super::Report;
use super::pace::Pace;

/// How often memory is looked at.
const LOOK: Duration = Duration::from_millis(50);

/// The memory of a server, against what it had.
pub(super) struct Cost {
    id: u32,
    /// What it had.
    pub(super) before: u64,
    /// The peak of all moments, before and since.
    resident: u64,
    /// The most it was seen to have.
    pub(super) peak: u64,
}

impl Cost {
    /// Against what process `id` has now.
    pub(super) fn begin(id: u32) -> Result<Self> {
        reset_peak(id)?;
        let (before, resident) = (allocated_bytes(id)?, peak_bytes(id)?);
        Ok(Self { id, before, resident, peak: before })
    }

    pub(super) fn look(&mut self) -> Result<()> {
        self.peak = self.peak.max(allocated_bytes(self.id)?);
        Ok(())
    }

    pub(super) fn watch_for(&mut self, time: Duration) -> Result<()> {
        let mut looks = time.as_millis() / LOOK.as_millis();
        self.watch_until(time * 2, || {
            looks = looks.saturating_sub(1);
            looks == 0
        })
    }

    pub(super) fn watch_until(
        &mut self,
        patience: Duration,
        mut over: impl FnMut() -> bool,
    ) -> Result<()> {
        let mut pace = Pace::every(LOOK);
        for _ in 0..patience.as_millis() / LOOK.as_millis() {
            pace.wait();
            self.look()?;
            if over() {
                return Ok(());
            }
        }
        ensure!(over(), "not over within {patience:?}");
        Ok(())
    }

    pub(super) fn tell(&self, who: &str, bound: u64, report: &mut Report) {
        let added = self.peak.saturating_sub(self.before);
        let name =
            format!("{who}: memory at its peak (PSS, without files), at most {} more", kib(bound));
        report.require(&name, kib(added), added <= bound);
        let Ok(most) = peak_bytes(self.id) else { return };
        let added = most.saturating_sub(self.resident);
        report.show(&format!("{who}: the same at any moment (RSS)"), kib(added));
    }
}

pub(super) fn kib(bytes: u64) -> String {
    format!("{} KiB", bytes / 1024)
}
