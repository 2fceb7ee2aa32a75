use proptest::prelude::*;

use super::*;

fn placed() -> impl Strategy<Value = Vec<Placed>> {
    let one = (0_u8..12, 1_u32..4, any::<bool>(), 0_u8..3, any::<bool>(), any::<bool>());
    proptest::collection::vec(one, 0..12).prop_map(|all| {
        let mut seen = std::collections::HashSet::new();
        all.into_iter()
            .filter(|one| seen.insert(one.0))
            .map(|(host, heavy, backup, priority, foreign, draining)| Placed {
                address: SocketAddr::new([10, 0, 0, host].into(), 80),
                weight: weight(heavy),
                backup,
                priority,
                foreign,
                draining,
            })
            .collect()
    })
}

#[derive(Debug, Clone)]
enum Event {
    Answer(Vec<u8>, u64),
    Half(Vec<u8>),
    Fail,
    Wait(u64),
    Crash,
}

fn event() -> impl Strategy<Value = Event> {
    let hosts = || proptest::collection::vec(1_u8..20, 0..5);
    prop_oneof![
        (hosts(), 0_u64..100).prop_map(|(hosts, ttl)| Event::Answer(hosts, ttl)),
        hosts().prop_map(Event::Half),
        Just(Event::Fail),
        (1_u64..40).prop_map(Event::Wait),
        Just(Event::Crash),
    ]
}

fn some(hosts: &[u8]) -> Addresses {
    hosts.iter().map(|host| IpAddr::from([10, 0, 0, *host])).collect()
}

proptest! {
    /// Applied to what was, the changes give what is wanted, and nothing that stays is touched.
    #[test]
    fn changes_lead_from_one_to_the_other(current in placed(), wanted in placed()) {
        let changes = changes(&current, &wanted);
        let mut after = current.clone();
        after.retain(|placed| !changes.removed.contains(&placed.address));
        for change in &changes.changed {
            let at = after.iter().position(|placed| placed.address == change.address);
            let at = at.expect("what changes was there and stays");
            prop_assert_ne!(after[at], *change);
            after[at] = *change;
        }
        for add in &changes.added {
            prop_assert!(current.iter().all(|placed| placed.address != add.address));
            after.push(*add);
        }
        after.sort_by_key(|placed| placed.address);
        let mut wanted = wanted;
        wanted.sort_by_key(|placed| placed.address);
        prop_assert_eq!(after, wanted);
    }

    /// Whatever a name answers: once it has led somewhere it always does, it is never asked twice
    /// at once, and the next question is neither too soon nor too late.
    #[test]
    fn a_name_never_loses_its_last_answer(events in proptest::collection::vec(event(), 1..60)) {
        let mut now = Instant::now();
        let mut sources = Sources::new(PACE);
        sources.configure(vec![host("web")], now);
        let mut under_way: Option<SourceId> = None;
        let mut expected: Vec<u8> = Vec::new();
        let mut rng = fastrand::Rng::with_seed(1);
        for event in events {
            let due = sources.due(now);
            prop_assert!(due.len() <= usize::from(under_way.is_none()));
            under_way = under_way.or_else(|| due.first().map(|(id, _)| *id));
            let found = match event {
                Event::Wait(seconds) => {
                    now += SECOND * u32::try_from(seconds).unwrap();
                    continue;
                }
                Event::Crash => {
                    sources.forget_questions(now);
                    under_way = None;
                    continue;
                }
                Event::Fail => Err(LookupError::Silence),
                Event::Answer(hosts, ttl) => {
                    if under_way.is_some() && !hosts.is_empty() {
                        expected.clone_from(&hosts);
                    }
                    let answer = Answer::Host(some(&hosts));
                    Ok(Found { answer, valid_for: Duration::from_secs(ttl) })
                }
                Event::Half(hosts) => {
                    if under_way.is_some() && !hosts.is_empty() {
                        expected.clone_from(&hosts);
                    }
                    let half = Addresses { v6: None, ..some(&hosts) };
                    Ok(Found { answer: Answer::Host(half), valid_for: SECOND })
                }
            };
            let Some(id) = under_way.take() else { continue };
            sources.take(id, found, now, rng.f64());
            let pause = sources.next_due().expect("it is asked again") - now;
            prop_assert!(pause >= SECOND / 2 && pause <= PACE.longest, "{pause:?}");
            expected.sort_unstable();
            expected.dedup();
            let all: Vec<_> = expected.iter().map(|host| format!("10.0.0.{host}:80")).collect();
            let mut wanted = at(&sources.wanted());
            wanted.sort_by_key(|address| address.parse::<SocketAddr>().unwrap());
            prop_assert_eq!(wanted, all);
        }
    }

    /// Everybody is told, once, and not after the end, however long the looks are apart.
    #[test]
    fn a_drain_tells_everybody_in_time(count in 0_usize..200, over in 0_u64..100, looks in 1_u64..20) {
        let now = Instant::now();
        let mut rng = fastrand::Rng::with_seed(3);
        let mut spread = Spread::new(Duration::from_secs(over), now);
        let all: Vec<_> = (0..count).collect();
        let mut told = Vec::new();
        for second in (0..=over).step_by(usize::try_from(looks).unwrap()).chain([over]) {
            let now = now + Duration::from_secs(second);
            spread.meet(&all, now, &mut rng);
            told.extend(spread.due(now));
            let fair = count * usize::try_from(second).unwrap() / usize::try_from(over.max(1)).unwrap();
            prop_assert!(told.len() <= fair + 1 || second == over, "{} of {count}", told.len());
        }
        told.sort_unstable();
        prop_assert_eq!(told, all);
    }
}
