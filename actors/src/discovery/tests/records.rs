use super::*;

fn target(name: &str, priority: u16, weight: u16, ips: &[&str]) -> Target {
    Target { name: name.into(), port: 8080, priority, weight, addresses: addresses(ips) }
}

fn srv(priority: u8, targets: Vec<Target>) -> Vec<Wanted> {
    let now = Instant::now();
    let plan = SourcePlan {
        priority,
        zone: Some("b".into()),
        ..SourcePlan::new(Origin::Srv { name: "_http._tcp.web".into() })
    };
    let (mut sources, ids) = asked(vec![plan], now);
    let found = Found { answer: Answer::Srv(targets), valid_for: SECOND };
    sources.take(ids[0], Ok(found), now, 0.5);
    sources.wanted()
}

fn ranked(wanted: &[Wanted]) -> Vec<(String, u8, u32)> {
    let each = |w: &Wanted| (w.address.to_string(), w.priority, w.weight.get());
    wanted.iter().map(each).collect()
}

#[test]
fn priorities_count_by_rank_behind_that_of_the_entry() {
    let wanted = srv(
        2,
        vec![
            target("c", 500, 1, &["10.0.0.3"]),
            target("a", 10, 1, &["10.0.0.1", "fd00::1"]),
            target("b", 10, 2, &["10.0.0.2"]),
        ],
    );
    let expected = [
        ("10.0.0.1:8080", 2, 1),
        ("[fd00::1]:8080", 2, 1),
        ("10.0.0.2:8080", 2, 2),
        ("10.0.0.3:8080", 3, 1),
    ];
    assert_eq!(ranked(&wanted), expected.map(|(at, rank, w)| (at.to_owned(), rank, w)));
    assert!(wanted.iter().all(|wanted| wanted.zone.as_deref() == Some("b")));
    assert_eq!(wanted[0].host.as_deref(), Some("a"));
}

#[test]
fn no_rank_is_beyond_the_last_priority() {
    let each = |n: u16| target(&format!("t{n:02}"), n, 1, &[&format!("10.0.0.{n}")]);
    let wanted = srv(12, (1..=6).map(each).collect());
    let ranks: Vec<_> = wanted.iter().map(|wanted| wanted.priority).collect();
    assert_eq!(ranks, [12, 13, 14, 15, 15, 15]);
}

#[test]
fn weights_are_scaled_down_where_one_is_too_large_and_zero_is_one() {
    let wanted = srv(
        0,
        vec![
            target("a", 1, 60_000, &["10.0.0.1"]),
            target("b", 1, 30_000, &["10.0.0.2"]),
            target("c", 1, 1, &["10.0.0.3"]),
            target("d", 2, 40, &["10.0.0.4"]),
            target("e", 2, 0, &["10.0.0.5"]),
        ],
    );
    let weights: Vec<_> = wanted.iter().map(|wanted| wanted.weight.get()).collect();
    assert_eq!(weights, [256, 128, 1, 40, 1]);
}

#[test]
fn a_target_whose_address_was_not_answered_keeps_it() {
    let now = Instant::now();
    let plan = SourcePlan::new(Origin::Srv { name: "_http._tcp.web".into() });
    let (mut sources, ids) = asked(vec![plan], now);
    let targets = vec![target("a", 1, 1, &["10.0.0.1"]), target("b", 1, 1, &["10.0.0.2"])];
    let mut take = |targets| {
        let found = Found { answer: Answer::Srv(targets), valid_for: SECOND };
        sources.take(ids[0], Ok(found), now, 0.5);
        at(&sources.wanted())
    };
    assert_eq!(take(targets), ["10.0.0.1:8080", "10.0.0.2:8080"]);
    let unanswered = Target { addresses: Addresses::default(), ..target("b", 1, 1, &[]) };
    let targets = vec![target("a", 1, 1, &["10.0.0.7"]), unanswered];
    assert_eq!(take(targets), ["10.0.0.7:8080", "10.0.0.2:8080"]);
    // A service that is not available any more is an empty answer.
    assert_eq!(take(Vec::new()), ["10.0.0.7:8080", "10.0.0.2:8080"]);
}
