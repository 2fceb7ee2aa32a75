use super::*;

#[test]
fn an_address_as_it_stands_is_wanted_at_once_and_never_asked_for() {
    let now = Instant::now();
    let (sources, ids) = asked(vec![literal("10.0.0.1:80")], now);
    assert_eq!(at(&sources.wanted()), ["10.0.0.1:80"]);
    assert!(ids.is_empty() && sources.next_due().is_none() && !sources.is_unheard());
}

#[test]
fn a_name_is_asked_again_when_its_time_to_live_is_over_within_limits() {
    for (ttl, next) in [(0, 1), (1, 1), (12, 12), (30, 30), (86_400, 30)] {
        let now = Instant::now();
        let (mut sources, ids) = asked(vec![host("web")], now);
        assert!(sources.is_unheard());
        assert_eq!(sources.next_due(), None, "a question is under way");
        assert_eq!(sources.take(ids[0], found(&["10.0.0.1"], ttl), now, 0.5), None);
        assert_eq!(sources.next_due(), Some(now + SECOND * next), "after {ttl} s");
        assert!(sources.due(now + SECOND * next - SECOND / 2).is_empty());
        assert_eq!(sources.due(now + SECOND * next).len(), 1);
    }
}

#[test]
fn failures_keep_what_is_known_and_are_tried_again_after_growing_pauses() {
    let mut now = Instant::now();
    let (mut sources, ids) = asked(vec![host("web")], now);
    sources.take(ids[0], found(&["10.0.0.1", "10.0.0.2"], 5), now, 0.5);
    let mut pauses = Vec::new();
    for _ in 0..8 {
        now = sources.next_due().unwrap();
        assert_eq!(sources.due(now).len(), 1);
        sources.take(ids[0], Err(LookupError::Silence), now, 1.0);
        pauses.push((sources.next_due().unwrap() - now).as_secs());
        assert_eq!(at(&sources.wanted()), ["10.0.0.1:80", "10.0.0.2:80"]);
    }
    assert_eq!(pauses, [1, 2, 4, 8, 16, 30, 30, 30]);
    now = sources.next_due().unwrap();
    sources.due(now);
    sources.take(ids[0], Err(LookupError::Silence), now, 0.0);
    assert_eq!(sources.next_due().unwrap() - now, Duration::from_secs(15), "half of it is chance");
}

#[test]
fn news_is_told_once_per_change_of_state() {
    let now = Instant::now();
    let (mut sources, ids) = asked(vec![host("web")], now);
    let mut take = |found| sources.take(ids[0], found, now, 0.5).map(|(_, news)| news);
    assert_eq!(take(Err(LookupError::NoSuchName)), Some(News::Failed(LookupError::NoSuchName)));
    assert_eq!(take(Err(LookupError::Silence)), None);
    assert_eq!(take(found(&["10.0.0.1"], 5)), Some(News::Recovered));
    assert_eq!(take(found(&["10.0.0.1"], 5)), None);
    assert_eq!(take(found(&[], 5)), Some(News::Failed(LookupError::Empty)));
    assert_eq!(take(Err(LookupError::Silence)), None);
}

#[test]
fn a_family_that_was_not_answered_keeps_its_addresses() {
    let now = Instant::now();
    let (mut sources, ids) = asked(vec![host("web")], now);
    sources.take(ids[0], found(&["10.0.0.1", "fd00::1"], 20), now, 0.5);
    let half = Addresses { v6: None, ..addresses(&["10.0.0.2"]) };
    let half = Found { answer: Answer::Host(half), valid_for: SECOND * 20 };
    let news = sources.take(ids[0], Ok(half), now, 1.0);
    assert!(matches!(news, Some((_, News::Failed(LookupError::Silence)))));
    assert_eq!(at(&sources.wanted()), ["10.0.0.2:80", "[fd00::1]:80"]);
    assert_eq!(sources.next_due(), Some(now + SECOND), "what is missing is asked for soon");
    // That there are none any more is an answer.
    sources.take(ids[0], found(&["10.0.0.2"], 20), now, 0.5);
    assert_eq!(at(&sources.wanted()), ["10.0.0.2:80"]);
}

#[test]
fn another_order_is_not_another_answer() {
    let now = Instant::now();
    let (mut sources, ids) = asked(vec![host("web")], now);
    sources.take(ids[0], found(&["10.0.0.2", "10.0.0.1"], 5), now, 0.5);
    let before = sources.wanted();
    sources.take(ids[0], found(&["10.0.0.1", "10.0.0.2", "10.0.0.1"], 5), now, 0.5);
    assert_eq!(sources.wanted(), before);
}

#[test]
fn of_an_address_that_comes_twice_the_first_counts() {
    let now = Instant::now();
    let heavy = SourcePlan { weight: weight(7), ..literal("10.0.0.1:80") };
    let (mut sources, ids) = asked(vec![heavy, host("web")], now);
    sources.take(ids[0], found(&["10.0.0.1", "10.0.0.2"], 5), now, 0.5);
    let wanted = sources.wanted();
    assert_eq!(at(&wanted), ["10.0.0.1:80", "10.0.0.2:80"]);
    assert_eq!((wanted[0].weight, wanted[0].host.as_deref()), (weight(7), None));
    assert_eq!(wanted[1].host.as_deref(), Some("web"));
}

#[test]
fn a_new_configuration_keeps_the_answers_of_what_stays() {
    let now = Instant::now();
    let (mut sources, ids) = asked(vec![host("web"), host("old")], now);
    sources.take(ids[0], found(&["10.0.0.1"], 20), now, 0.5);
    let heavy = SourcePlan { weight: weight(3), backup: true, ..host("web") };
    sources.configure(vec![host("new"), heavy], now + SECOND);
    let wanted = sources.wanted();
    assert_eq!(at(&wanted), ["10.0.0.1:80"]);
    assert_eq!((wanted[0].weight, wanted[0].backup), (weight(3), true));
    let due = sources.due(now + SECOND);
    assert_eq!(due.len(), 1, "only what is new is asked for");
    assert_eq!(due[0].1, Lookup::Host("new".into()));
    // The answer to a question of a source that is gone finds nobody.
    assert_eq!(sources.take(ids[1], found(&["10.0.0.9"], 5), now, 0.5), None);
    assert_eq!(at(&sources.wanted()), ["10.0.0.1:80"]);
}

#[test]
fn questions_whose_asker_is_gone_are_put_again() {
    let now = Instant::now();
    let (mut sources, _) = asked(vec![host("web")], now);
    assert_eq!(sources.next_due(), None);
    sources.forget_questions(now + SECOND);
    assert_eq!(sources.due(now + SECOND).len(), 1);
}
