use super::*;

#[test]
fn a_weight_holds_until_another_is_configured() {
    let now = Instant::now();
    let address: SocketAddr = "10.0.0.1:80".parse().unwrap();
    let (mut sources, _) = asked(vec![literal("10.0.0.1:80")], now);
    sources.set_weight(address, weight(9)).unwrap();
    assert_eq!(sources.wanted()[0].weight, weight(9));
    sources.configure(vec![literal("10.0.0.1:80"), literal("10.0.0.2:80")], now);
    sources.prune_orders();
    assert_eq!(sources.wanted()[0].weight, weight(9), "its own has not changed");
    let other = SourcePlan { weight: weight(2), ..literal("10.0.0.1:80") };
    sources.configure(vec![other], now);
    assert_eq!(sources.wanted()[0].weight, weight(2));
    sources.prune_orders();
    sources.configure(vec![literal("10.0.0.1:80")], now);
    assert_eq!(sources.wanted()[0].weight, weight(1), "the order does not come back");
}

#[test]
fn orders_name_members_and_end_with_them() {
    let now = Instant::now();
    let (here, elsewhere) = ("10.0.0.1:80".parse().unwrap(), "10.0.0.9:80".parse().unwrap());
    let (mut sources, _) = asked(vec![literal("10.0.0.1:80")], now);
    assert_eq!(sources.drain(elsewhere), Err(OrderError::NoMember(elsewhere)));
    assert_eq!(sources.undrain(here), Err(OrderError::NotDraining(here)));
    sources.drain(here).unwrap();
    assert!(sources.wanted()[0].draining);
    sources.undrain(here).unwrap();
    assert!(!sources.wanted()[0].draining);
    sources.drain(here).unwrap();
    sources.configure(Vec::new(), now);
    sources.prune_orders();
    sources.configure(vec![literal("10.0.0.1:80")], now);
    assert!(!sources.wanted()[0].draining);
}

#[test]
fn connections_are_told_evenly_and_each_once() {
    let now = Instant::now();
    let mut rng = fastrand::Rng::with_seed(7);
    let mut spread = Spread::new(SECOND * 10, now);
    spread.meet(&[1, 2, 3, 4, 5], now, &mut rng);
    let mut told = Vec::new();
    let mut moments = Vec::new();
    while let Some(at) = spread.next_due() {
        assert!(spread.due(at - SECOND / 10).is_empty());
        told.extend(spread.due(at));
        moments.push((at - now).as_secs());
        // They take their time: they are still there at the next look.
        spread.meet(&[1, 2, 3, 4, 5], at, &mut rng);
    }
    assert_eq!(moments, [2, 4, 6, 8, 10]);
    assert_ne!(told, [5, 4, 3, 2, 1]);
    told.sort_unstable();
    assert_eq!(told, [1, 2, 3, 4, 5]);
}

#[test]
fn who_comes_after_the_time_is_told_at_once_and_who_has_left_is_not_told() {
    let now = Instant::now();
    let mut rng = fastrand::Rng::with_seed(7);
    let mut spread = Spread::new(SECOND, now);
    spread.meet(&[1, 2], now, &mut rng);
    spread.meet(&[2], now, &mut rng);
    assert_eq!(spread.due(now + SECOND), [2]);
    assert!(spread.is_over(now + SECOND));
    spread.meet(&[2, 3, 4], now + SECOND, &mut rng);
    let mut late = spread.due(now + SECOND);
    late.sort_unstable();
    assert_eq!(late, [3, 4]);
}
