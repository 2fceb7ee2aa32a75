//! Probes, upkeep, and changes of members and settings.

use std::time::Duration;

use super::nature::Nature;
use super::scenario::{self, chance, millis};
use super::world::{Event, World};
use crate::backend::health::{EjectReason, Standing, Transition};
use crate::balance::Algorithm;

/// How often a pool is looked after.
const UPKEEP: Duration = Duration::from_secs(1);

/// There are no more backends than this in a world.
const MOST_CELLS: usize = 14;

impl World {
    fn is_member(&self, cell: usize) -> bool {
        self.places.iter().any(|place| place.cell == cell)
    }

    /// Probes a backend from now on, as long as it is a member.
    pub(super) fn begin_probing(&mut self, cell: usize) {
        if let Some(probing) = self.scenario.probing
            && !std::mem::replace(&mut self.cells[cell].probed, true)
        {
            let first = probing.interval.mul_f64(self.rng.f64());
            self.after(first, Event::ProbeDue(cell));
        }
    }

    pub(super) fn probe(&mut self, cell: usize) {
        let nature = self.cells[cell].nature;
        if !self.is_member(cell) {
            self.cells[cell].probed = false;
            return;
        }
        let took = if nature == Nature::Silent { 1_000 } else { self.rng.u64(0..=3) };
        self.after(Duration::from_millis(took), Event::Probed(cell, nature.passes_probes()));
    }

    pub(super) fn probed(&mut self, index: usize, passed: bool) {
        let (now, cell) = (self.now, &mut self.cells[index]);
        let (due, is) = if passed {
            (cell.probe_passed(now), cell.backend.probe_passed(now))
        } else {
            (cell.probe_failed(now), cell.backend.probe_failed(now))
        };
        self.same(index, is, due);
        let Some(probing) = self.scenario.probing else { return };
        let pause = match self.cells[index].backend.standing() {
            Standing::Up | Standing::Shaky => {
                assert!(self.cells[index].is_up());
                probing.interval
            }
            Standing::Down { .. } | Standing::OnTrial | Standing::Unfit => probing.interval_down,
        };
        let pause = pause.mul_f64(0.9 + 0.2 * self.rng.f64());
        self.after(pause, Event::ProbeDue(index));
    }

    /// A backend behaves in another way from now on.
    pub(super) fn turns(&mut self, index: usize) {
        let (rng, cell) = (&mut self.rng, &mut self.cells[index]);
        cell.nature = if cell.nature == Nature::Healthy || chance(rng, 20) {
            Nature::draw(rng)
        } else {
            Nature::Healthy
        };
        let stays = millis(rng, 1..=cell.temper.as_millis() as u64);
        let nature = cell.nature;
        self.tell(|_| format!("backend {index} is {nature:?} for {stays:?}"));
        self.after(stays, Event::Turns(index));
    }

    pub(super) fn looks_after(&mut self) {
        let now = self.now;
        let policy = self.settings.ejection;
        let settles = self.settled.is_some_and(|settled| settled + policy.interval <= now);
        if settles || self.settled.is_none() {
            self.settled = Some(now);
        }
        let changes = self.pool.look_after(now);
        // Those who wait are served before anybody is ejected.
        let refused = self.take_answers();
        let mut changes: Vec<_> = changes
            .into_iter()
            .map(|(backend, transition)| (self.cell_of(backend.id()), transition))
            .collect();
        for place in self.places.clone() {
            let readmitted = self.cells[place.cell].readmit(now).then_some(Transition::Readmitted);
            let told = (place.cell, Transition::Readmitted);
            let told = changes.iter().position(|change| *change == told);
            self.same(place.cell, told.map(|told| changes.remove(told).1), readmitted);
            if settles {
                self.cells[place.cell].settle(policy.interval, now);
            }
        }
        match policy.success_rate.filter(|_| settles) {
            Some(deviations) => self.outliers(deviations, changes),
            None => assert_eq!(changes, [], "what became of backends"),
        }
        if !self.over {
            self.after(UPKEEP, Event::Upkeep);
        }
        for (refusal, request) in refused {
            self.refused(refusal, request);
        }
        self.serve_line(false);
    }

    /// Those whose rates are far below the mean are ejected, unless as many are as may be.
    fn outliers(&mut self, deviations: f64, ejected: Vec<(usize, Transition)>) {
        let policy = self.settings.ejection;
        let mut rates = Vec::new();
        for place in &self.places {
            let cell = &mut self.cells[place.cell];
            let (requests, successes) = (cell.requests, cell.successes);
            (cell.requests, cell.successes) = (0, 0);
            if requests >= policy.least_requests.max(1) {
                rates.push((place.cell, f64::from(successes) / f64::from(requests)));
            }
        }
        let count = rates.len() as f64;
        let mean = rates.iter().map(|(_, rate)| rate).sum::<f64>() / count;
        let variance = rates.iter().map(|(_, rate)| (rate - mean).powi(2)).sum::<f64>() / count;
        let least = mean - deviations * variance.sqrt();
        for (cell, transition) in ejected {
            let rate = rates.iter().find(|(other, _)| *other == cell).map(|(_, rate)| *rate);
            assert!(
                rates.len() >= 3 && rate.is_some_and(|rate| rate < least + 1e-6),
                "backend {cell} is ejected for {rate:?}, which is not below {least}"
            );
            assert!(self.may_eject() && !self.cells[cell].is_ejected(self.now));
            let due = self.cells[cell].eject(&policy, EjectReason::SuccessRate, self.now);
            self.same(cell, Some(transition), Some(due));
            self.seen.count("outlier");
        }
        let spared = |(cell, rate): &&(usize, f64)| {
            *rate < least - 1e-6 && !self.cells[*cell].is_ejected(self.now)
        };
        if rates.len() >= 3 && rates.iter().any(|rate| spared(&rate)) {
            assert!(!self.may_eject(), "an outlier is not ejected: {rates:?}");
        }
    }

    /// The operator changes something.
    pub(super) fn changes(&mut self) {
        if let Some(gap) = self.scenario.changes {
            self.after(gap, Event::Change);
        }
        let (rng, places) = (&mut self.rng, self.places.len());
        let which = if places > 0 { rng.usize(..places) } else { 0 };
        match rng.u8(..8) {
            0 if places > 0 => self.places[which].draining ^= true,
            1 if places > 0 => self.places[which].weight = rng.u32(1..=10),
            2 if places > 0 => drop(self.places.remove(which)),
            3 if places > 0 => self.places[which].priority = rng.u8(0..=2),
            4 => {
                let algorithm = self.settings.balancing.algorithm;
                let other = Algorithm::ALL[rng.usize(..Algorithm::ALL.len())];
                let algorithm = if chance(rng, 80) { algorithm } else { other };
                self.settings = scenario::settings(algorithm, rng);
                self.seen.count("settings");
            }
            5 => {
                // One that was there before, or is.
                let gone = (0..self.cells.len()).find(|cell| !self.is_member(*cell));
                let Some(cell) = gone else { return };
                let place = super::sight::Place {
                    cell,
                    weight: 1,
                    backup: false,
                    priority: 0,
                    foreign: false,
                    draining: false,
                };
                self.places.push(place);
                self.begin_probing(cell);
            }
            _ if self.cells.len() < MOST_CELLS => {
                let place = self.place();
                let (cell, now) = (&mut self.cells[place.cell], self.now);
                cell.back_since = Some(now);
                cell.backend.arrives(now);
                self.places.push(place);
            }
            _ => return,
        }
        self.tell(|world| format!("{:?} {:?}", world.places, world.settings));
        self.pool.update(self.settings.clone(), self.members(), self.now);
        self.serve_line(true);
    }
}
