//! Host names and SRV.

use std::sync::Arc;

use trunkline_actors::discovery::{Origin, SourcePlan};
use trunkline_tests::dns::{NameServer, Says};

use super::town::{host, literal, live};

#[test]
fn members_follow_the_answers_and_what_stays_is_not_touched() {
    let server = NameServer::start().unwrap();
    server.say("web.test", Says::now(&["10.0.0.1", "10.0.0.2", "fd00::1"])).unwrap();
    let sources = vec![host("web.test"), literal("10.0.9.9:80")];
    live(vec![server.address()], sources, None, |town| async move {
        town.comes_to(&[
            "10.0.0.1:80 1 0",
            "10.0.0.2:80 1 0",
            "10.0.9.9:80 1 0",
            "[fd00::1]:80 1 0",
        ])
        .await;
        let before = town.cells();
        server.say("web.test", Says::now(&["10.0.0.3", "10.0.0.2"])).unwrap();
        town.comes_to(&["10.0.0.2:80 1 0", "10.0.0.3:80 1 0", "10.0.9.9:80 1 0"]).await;
        let after = town.cells();
        for address in ["10.0.0.2:80", "10.0.9.9:80"] {
            let address = address.parse().unwrap();
            assert!(Arc::ptr_eq(&before[&address], &after[&address]), "{address} is another cell");
        }
        assert_eq!(after[&"10.0.0.2:80".parse().unwrap()].host(), Some("web.test"));
    });
}

#[test]
fn whatever_fails_the_last_good_answer_stays_and_the_next_good_one_counts() {
    let server = NameServer::start().unwrap();
    server.say("web.test", Says::now(&["10.0.0.1"])).unwrap();
    live(vec![server.address()], vec![host("web.test")], None, |town| async move {
        town.comes_to(&["10.0.0.1:80 1 0"]).await;
        let bad = [Says::Failure, Says::NoSuchName, Says::Silence, Says::now(&[])];
        for (n, says) in bad.into_iter().enumerate() {
            let cell = town.cells();
            let said = format!("{says:?}");
            server.say("web.test", says).unwrap();
            town.asks_again(&server, 4).await;
            assert_eq!(town.cells().keys().count(), 1, "{said}");
            assert!(town.cells().iter().all(|(at, kept)| Arc::ptr_eq(kept, &cell[at])), "{said}");
            let next = format!("10.0.1.{n}");
            server.say("web.test", Says::now(&[&next])).unwrap();
            town.comes_to(&[&format!("{next}:80 1 0")]).await;
        }
    });
}

#[test]
fn a_name_that_nobody_knows_does_not_keep_the_rest_from_serving() {
    let server = NameServer::start().unwrap();
    server.say("dead.test", Says::Silence).unwrap();
    let sources = vec![host("dead.test"), host("gone.test"), literal("10.0.9.9:80")];
    live(vec![server.address()], sources, None, |town| async move {
        town.comes_to(&["10.0.9.9:80 1 0"]).await;
        server.say("gone.test", Says::now(&["10.0.0.1"])).unwrap();
        town.comes_to(&["10.0.0.1:80 1 0", "10.0.9.9:80 1 0"]).await;
        server.say("dead.test", Says::now(&["10.0.0.2"])).unwrap();
        town.comes_to(&["10.0.0.1:80 1 0", "10.0.0.2:80 1 0", "10.0.9.9:80 1 0"]).await;
    });
}

#[test]
fn service_records_bring_ports_weights_and_ranks() {
    let server = NameServer::start().unwrap();
    server.say("a.test", Says::now(&["10.0.0.1"])).unwrap();
    server.say("b.test", Says::now(&["10.0.0.2", "10.0.0.3"])).unwrap();
    let service = "_http._tcp.web.test";
    let first = vec![(10, 5, 8080, "a.test.".into()), (20, 0, 9090, "b.test.".into())];
    server.say(service, Says::Targets(first, 0)).unwrap();
    let source = SourcePlan::new(Origin::Srv { name: service.into() });
    live(vec![server.address()], vec![source], None, move |town| async move {
        let say = |targets: Vec<(u16, u16, u16, String)>| {
            server.say(service, Says::Targets(targets, 0)).unwrap();
        };
        town.comes_to(&["10.0.0.1:8080 5 0", "10.0.0.2:9090 1 1", "10.0.0.3:9090 1 1"]).await;
        say(vec![(20, 7, 9090, "b.test.".into())]);
        town.comes_to(&["10.0.0.2:9090 7 0", "10.0.0.3:9090 7 0"]).await;
        // The service is said to be not available: what was known is kept.
        say(vec![(0, 0, 0, ".".into())]);
        town.asks_again(&server, 3).await;
        town.comes_to(&["10.0.0.2:9090 7 0", "10.0.0.3:9090 7 0"]).await;
        // More than a datagram holds comes over TCP.
        let many = (1..=30).map(|n| {
            let name = format!("a-rather-long-name-of-a-host-{n}.test");
            server.say(&name, Says::now(&[&format!("10.0.2.{n}")])).unwrap();
            (1, 1, 80, format!("{name}."))
        });
        say(many.collect());
        town.until("thirty", || town.cells().len() == 30).await;
        assert!(server.asked_over_tcp() > 0);
    });
}

#[test]
fn localhost_needs_no_name_server() {
    // Nobody answers there.
    let nowhere = "127.0.0.1:9".parse().unwrap();
    live(vec![nowhere], vec![host("localhost")], None, |town| async move {
        let v4 = "127.0.0.1:80".parse().unwrap();
        town.until("127.0.0.1", || town.cells().contains_key(&v4)).await;
    });
}
