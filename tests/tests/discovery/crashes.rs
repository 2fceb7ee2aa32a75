//! The pool's actor and the resolver, crashed.

use std::sync::Arc;

use trunkline_tests::dns::{NameServer, Says};

use super::town::{host, literal, live};

#[test]
fn crashes_of_the_actor_and_the_resolver_are_healed_and_touch_no_cell() {
    let server = NameServer::start().unwrap();
    server.say("web.test", Says::now(&["10.0.0.1"])).unwrap();
    let sources = vec![host("web.test"), literal("10.0.9.9:80")];
    live(vec![server.address()], sources, None, |town| async move {
        town.comes_to(&["10.0.0.1:80 1 0", "10.0.9.9:80 1 0"]).await;
        let before = town.cells();
        for n in 0..6_u8 {
            let path = ["root/traffic/pools/web/pool", "root/resolver"][usize::from(n % 2)];
            let node = town.runtime.registry().find(path).expect("it is in the tree");
            let generation = node.generation();
            node.inject_panic();
            town.until("another incarnation", || node.generation() > generation).await;
            let next = format!("10.0.0.{}", n + 2);
            server.say("web.test", Says::now(&["10.0.0.1", &next])).unwrap();
            town.comes_to(&["10.0.0.1:80 1 0", &format!("{next}:80 1 0"), "10.0.9.9:80 1 0"]).await;
        }
        let after = town.cells();
        for (address, cell) in &before {
            assert!(Arc::ptr_eq(cell, &after[address]), "{address} is another cell");
        }
    });
}

#[test]
fn questions_that_were_lost_with_the_actor_are_put_again() {
    let server = NameServer::start().unwrap();
    server.say("web.test", Says::Silence).unwrap();
    live(vec![server.address()], vec![host("web.test")], None, |town| async move {
        town.asks_again(&server, 1).await;
        let pool =
            town.runtime.registry().find("root/traffic/pools/web/pool").expect("it is there");
        pool.inject_panic();
        server.say("web.test", Says::now(&["10.0.0.1"])).unwrap();
        town.comes_to(&["10.0.0.1:80 1 0"]).await;
    });
}
