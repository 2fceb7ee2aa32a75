//! Choosing: shares, keys, who is passed over. What becomes of messages is in `tests/ways.rs`.

mod ways;

use std::collections::HashSet;

use proptest::prelude::*;
use trunkline_runtime::AskError;

use super::*;
use crate::slots::Slots;

#[derive(Debug, Clone, PartialEq, Eq)]
struct Job(u64);

impl Message for Job {
    type Answer = u64;
}

fn weight(weight: u32) -> Weight {
    Weight::try_from(weight).unwrap()
}

/// A group whose members have room for everything.
struct Team {
    dispatch: Dispatch<Job>,
    slots: Vec<Arc<Slots<Job>>>,
    members: Vec<Option<Membership>>,
}

impl Team {
    fn new(algorithm: impl Choose<Job>, weights: &[u32]) -> Self {
        let dispatch = Dispatch::new("workers", algorithm);
        let name = |index| Slots::new(&format!("w{index}"), usize::MAX);
        let slots: Vec<_> = (0..weights.len()).map(name).collect();
        let join = |(slots, share): (&Arc<Slots<Job>>, &u32)| {
            Some(dispatch.join_weighted(slots.recipient(), weight(*share)))
        };
        let members = slots.iter().zip(weights).map(join).collect();
        Self { dispatch, slots, members }
    }

    /// How many each member got of jobs 0 to `jobs`, which it keeps.
    fn sent(&self, jobs: u64) -> Vec<u32> {
        let before: Vec<_> = self.waiting();
        (0..jobs).for_each(|job| self.dispatch.send(Job(job)).unwrap());
        self.waiting().iter().zip(before).map(|(now, before)| now - before).collect()
    }

    fn waiting(&self) -> Vec<u32> {
        self.slots.iter().map(|slots| slots.recipient().waiting()).collect()
    }

    /// Who gets this key.
    fn owner(&self, key: u64) -> usize {
        self.dispatch.send(Job(key)).unwrap();
        self.slots.iter().position(|slots| !slots.messages().is_empty()).unwrap()
    }
}

fn by_number() -> impl Choose<Job> {
    KeyHash::by(|job: &Job| job.0)
}

#[test]
fn round_robin_gives_each_its_weight_in_every_round() {
    let team = Team::new(RoundRobin::default(), &[6, 2, 4]);
    for _ in 0..3 {
        assert_eq!(team.sent(6), [3, 1, 2]);
    }
}

#[test]
fn the_turns_of_a_closed_member_fall_to_all_others() {
    let team = Team::new(RoundRobin::default(), &[1, 1, 1, 1]);
    team.slots[1].park(true);
    assert_eq!(team.sent(300), [100, 0, 100, 100]);
    team.slots[1].park(false);
    assert_eq!(team.sent(400), [100, 100, 100, 100]);
}

#[test]
fn a_member_that_joins_or_leaves_changes_the_round_at_once() {
    let mut team = Team::new(RoundRobin::default(), &[1, 1, 1]);
    team.members[1] = None;
    assert_eq!(team.sent(100), [50, 0, 50]);
    team.members[1] = Some(team.dispatch.join_weighted(team.slots[1].recipient(), weight(2)));
    assert_eq!(team.sent(100), [25, 50, 25]);
}

#[test]
fn the_fewest_waiting_are_chosen_until_all_have_as_many() {
    let team = Team::new(LeastMailbox::default(), &[1, 1, 1]);
    team.slots[0].waiting.store(10, Relaxed);
    team.slots[1].waiting.store(4, Relaxed);
    assert_eq!(team.sent(4), [0, 0, 4]);
    assert_eq!(team.sent(12), [0, 6, 6]);
    assert_eq!(team.sent(3), [1, 1, 1]);
}

#[test]
fn the_fewest_waiting_are_seen_for_the_weight() {
    let team = Team::new(LeastMailbox::default(), &[3, 1]);
    assert_eq!(team.sent(400), [300, 100]);
}

#[test]
fn an_idle_group_is_taken_in_turn_as_the_weights_say() {
    let team = Team::new(LeastMailbox::default(), &[3, 1, 2]);
    let mut counts = [0; 3];
    for job in 0..600 {
        counts[team.owner(job)] += 1;
    }
    assert_eq!(counts, [300, 100, 200]);
}

#[test]
fn keys_are_shared_out_as_the_weights_say() {
    let jobs = 60_000;
    let sent = Team::new(by_number(), &[1, 2, 3]).sent(jobs);
    println!("60,000 keys for weights 1, 2, 3: {sent:?}");
    for (sent, share) in sent.iter().zip([10_000, 20_000, 30_000]) {
        assert!(sent.abs_diff(share) < share / 25, "{sent} instead of {share}");
    }
}

#[test]
fn a_member_that_leaves_moves_its_own_keys_alone_and_gets_them_back() {
    let mut team = Team::new(by_number(), &[1; 10]);
    let keys = 0..10_000;
    let before: Vec<_> = keys.clone().map(|key| team.owner(key)).collect();
    team.members[3] = None;
    let without: Vec<_> = keys.clone().map(|key| team.owner(key)).collect();
    let moved = before.iter().zip(&without).filter(|(before, now)| before != now).count();
    let own = before.iter().filter(|owner| **owner == 3).count();
    println!("one of 10 leaves: {moved} of 10,000 keys move, {own} were its own");
    assert_eq!(moved, own);
    assert!((850..1150).contains(&moved));
    let heirs = (0..10).map(|heir| {
        before.iter().zip(&without).filter(|(before, now)| **before == 3 && **now == heir).count()
    });
    let heirs: Vec<_> = heirs.collect();
    assert!(heirs.iter().enumerate().all(|(heir, keys)| heir == 3 || *keys > 70), "{heirs:?}");
    team.members[3] = Some(team.dispatch.join(team.slots[3].recipient()));
    let after: Vec<_> = keys.map(|key| team.owner(key)).collect();
    assert_eq!(after, before);
}

/// Computed apart, by another implementation of SipHash-1-3: another process, or the next version,
/// has to agree.
#[test]
fn the_owner_of_a_key_is_the_same_in_every_process() {
    let team = Team::new(by_number(), &[1, 1, 2, 1]);
    let owners: Vec<_> = (0..12).map(|key| team.owner(key)).collect();
    assert_eq!(owners, [2, 2, 2, 2, 1, 2, 2, 0, 2, 0, 1, 1]);
    assert_eq!(key_of("alice"), 0x11af_1c34_7e79_d641);
}

const ALL: [fn(&[u32]) -> Team; 3] = [
    |weights| Team::new(RoundRobin::default(), weights),
    |weights| Team::new(LeastMailbox::default(), weights),
    |weights| Team::new(by_number(), weights),
];

proptest! {
    #[test]
    fn nobody_who_is_closed_or_was_tried_is_chosen(
        members in prop::collection::vec((1..=20u32, 0..4u8), 0..12),
        jobs in prop::collection::vec(any::<u64>(), 1..20),
    ) {
        let weights: Vec<u32> = members.iter().map(|(weight, _)| *weight).collect();
        for team in ALL.map(|team| team(&weights)) {
            let table = team.dispatch.inner.roster.list();
            let mut tried = HashSet::new();
            for ((_, fate), (index, slots)) in members.iter().zip(team.slots.iter().enumerate()) {
                match fate {
                    1 => slots.park(true),
                    2 => _ = tried.insert(table.seats()[index].ticket.turn()),
                    3 => slots.end(),
                    _ => {}
                }
            }
            let anybody = members.iter().any(|(_, fate)| *fate == 0);
            for job in &jobs {
                let among = Candidates::new(&table, &tried);
                let chosen = team.dispatch.inner.choose.choose(&Job(*job), &among);
                prop_assert_eq!(chosen.is_some(), anybody);
                prop_assert!(chosen.is_none_or(|index| members[index].1 == 0));
            }
        }
    }

    /// Whatever the algorithm: one refuses for each that has no room, and then somebody takes it.
    #[test]
    fn a_message_is_taken_if_anybody_has_room(
        room in prop::collection::vec(any::<bool>(), 1..40),
        job in any::<u64>(),
    ) {
        for team in ALL.map(|team| team(&[])) {
            let slots: Vec<_> =
                room.iter().map(|room| Slots::new("slots", usize::from(*room))).collect();
            let members: Vec<_> =
                slots.iter().map(|slots| team.dispatch.join(slots.recipient())).collect();
            match team.dispatch.send(Job(job)) {
                Ok(()) => prop_assert!(room.contains(&true)),
                Err(refused) => {
                    prop_assert!(!room.contains(&true));
                    prop_assert_eq!(refused.message, Job(job));
                    let error = refused.error;
                    prop_assert_eq!(error.tried.len() + error.more, room.len());
                    let full = error.tried.iter().all(|tried| tried.error == AskError::Full);
                    prop_assert!(full && error.why == Why::Refused && !error.may_have_acted);
                }
            }
            drop(members);
        }
    }
}
