use std::time::{Duration, SystemTime};

use trunkline::Closed;
use trunkline::testing::TestConnection;

use super::*;
use crate::expirer::{Expirer, PERIOD};

fn redis() -> Redis {
    Redis::new(Server::new(Instant::now(), SystemTime::UNIX_EPOCH))
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    TestConnection::new(redis()).run(async |peer| {
        peer.send("SET a 1\r\nINCR a\r\n*2\r\n$3\r\nGET\r\n$1\r\na\r\nNONE\r\nGE").await;
        peer.expect("+OK\r\n:2\r\n$1\r\n2\r\n-ERR unknown command 'NONE', ").await;
        peer.expect("with args beginning with: \r\n").await;
        peer.send("T a\r\nQUIT\r\nGET a\r\n").await;
        peer.expect("$1\r\n2\r\n+OK\r\n").await;
        peer.expect_end().await;
    });
}

#[test]
fn a_panic_is_answered_in_its_place_and_the_connection_lives() {
    TestConnection::new(redis()).run(async |peer| {
        peer.send("SET a 1\r\nDEBUG PANIC\r\nGET a\r\nDEBUG PANIC\r\nPING\r\n").await;
        let crashed = "-ERR internal error\r\n";
        peer.expect(format!("+OK\r\n{crashed}$1\r\n1\r\n{crashed}+PONG\r\n")).await;
        assert_eq!(peer.restarts(), 2);
    });
}

#[test]
fn what_is_no_request_is_answered_and_ends_the_connection() {
    TestConnection::new(redis()).run(async |peer| {
        peer.send("PING\r\n*1\r\n:1\r\nPING\r\n").await;
        peer.expect("+PONG\r\n-ERR Protocol error: expected '$', got ':'\r\n").await;
        peer.expect_end().await;
    });
}

#[test]
fn a_request_that_is_announced_too_long_is_refused_before_it_comes() {
    TestConnection::new(redis()).run(async |peer| {
        peer.send("*1\r\n$1048577\r\n").await;
        peer.expect("-ERR Protocol error: invalid bulk length\r\n").await;
        peer.expect_end().await;
    });
}

#[test]
fn a_subscriber_hears_its_channels_and_is_gone_from_them_at_its_end() {
    let redis = redis();
    let hub = redis.hub.clone();
    let publish = move |channel: &'static str| {
        hub.publish(Published { channel: channel.into(), payload: "hi".into() })
    };
    let hub = redis.hub.clone();
    TestConnection::new(redis).run(async move |peer| {
        peer.send("SUBSCRIBE a b\r\n").await;
        peer.expect("*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n").await;
        peer.expect("*3\r\n$9\r\nsubscribe\r\n$1\r\nb\r\n:2\r\n").await;
        assert_eq!((publish("a"), publish("c")), (1, 0));
        peer.expect("*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$2\r\nhi\r\n").await;
        peer.send("UNSUBSCRIBE a\r\n").await;
        peer.expect("*3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:1\r\n").await;
        assert_eq!((publish("a"), publish("b"), hub.channels()), (0, 1, 1));
        peer.expect("*3\r\n$7\r\nmessage\r\n$1\r\nb\r\n$2\r\nhi\r\n").await;
        peer.end().await;
        assert_eq!(peer.expect_end().await, Closed::PeerDone);
        assert_eq!((publish("b"), hub.channels()), (0, 0));
    });
}

#[test]
fn a_subscriber_that_does_not_read_is_disconnected() {
    let redis = redis();
    let hub = redis.hub.clone();
    TestConnection::new(redis).window(64).run(async move |peer| {
        peer.send("SUBSCRIBE a\r\n").await;
        peer.expect("*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n").await;
        let message = || Published { channel: "a".into(), payload: vec![b'x'; 100_000].into() };
        let mut taken = 0;
        while hub.publish(message()) == 1 {
            taken += 1;
            assert!(taken < 1000, "nothing bounds what waits");
            peer.settle().await;
        }
        peer.closed().await;
        assert_eq!(hub.channels(), 0);
    });
}

#[test]
fn a_subscriber_whose_handler_crashes_has_to_come_again() {
    let redis = redis();
    let hub = redis.hub.clone();
    TestConnection::new(redis).run(async move |peer| {
        peer.send("SUBSCRIBE a\r\n").await;
        peer.expect("*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n").await;
        peer.crash_on(1);
        peer.send("PING\r\n").await;
        peer.expect_end().await;
        assert_eq!(hub.channels(), 0);
    });
}

#[test]
fn whoever_was_a_subscriber_is_forgiven_a_crash() {
    TestConnection::new(redis()).run(async |peer| {
        peer.send("SUBSCRIBE a\r\nUNSUBSCRIBE a\r\nDEBUG PANIC\r\nPING\r\n").await;
        peer.expect("*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n").await;
        peer.expect("*3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:0\r\n").await;
        peer.expect("-ERR internal error\r\n+PONG\r\n").await;
    });
}

#[test]
fn the_keys_of_a_listener_are_bounded_by_its_setting() {
    let redis = Redis::new(redis().server.limited(1));
    TestConnection::new(redis).run(async |peer| {
        peer.send("SET a 1\r\nSET b 1\r\nSET a 2\r\n").await;
        peer.expect("+OK\r\n-OOM command not allowed: there are as many keys as 'maxkeys' ").await;
        peer.expect("allows; delete some\r\n+OK\r\n").await;
    });
}

#[test]
fn keys_end_though_nobody_asks_for_them() {
    let redis = redis();
    let store = redis.server.store().clone();
    let expirer = Expirer::spec(store.clone());
    TestConnection::new(redis).child(expirer).run(async move |peer| {
        peer.send("SET a 1 PX 1000\r\nSET b 1\r\n").await;
        peer.expect("+OK\r\n+OK\r\n").await;
        peer.advance(Duration::from_millis(900)).await;
        assert_eq!(store.len(), 2);
        peer.advance(Duration::from_millis(100) + PERIOD).await;
        assert_eq!(store.len(), 1);
    });
}

#[test]
fn a_request_that_comes_in_pieces_around_a_crash_is_answered() {
    TestConnection::new(redis()).run(async |peer| {
        peer.send("DEBUG PANIC\r\n*2\r\n$4\r\nECHO\r\n$5\r\nhe").await;
        peer.expect("-ERR internal error\r\n").await;
        peer.expect_nothing().await;
        peer.send("llo\r\n").await;
        peer.expect("$5\r\nhello\r\n").await;
    });
}

#[test]
fn a_crash_costs_a_client_its_name_but_no_key() {
    TestConnection::new(redis()).run(async |peer| {
        peer.send("CLIENT SETNAME me\r\nSET a 1\r\nCLIENT GETNAME\r\n").await;
        peer.expect("+OK\r\n+OK\r\n$2\r\nme\r\n").await;
        peer.send("DEBUG PANIC\r\nCLIENT GETNAME\r\nGET a\r\n").await;
        peer.expect("-ERR internal error\r\n$-1\r\n$1\r\n1\r\n").await;
    });
}

#[test]
fn what_crashes_again_and_again_is_answered_all_the_same() {
    TestConnection::new(redis()).run(async |peer| {
        for _ in 0..100 {
            peer.send("DEBUG PANIC\r\nPING\r\n").await;
            peer.expect("-ERR internal error\r\n+PONG\r\n").await;
        }
        // It came to be refused before it reached a handler.
        assert!(peer.restarts() < 10, "{}", peer.restarts());
    });
}

#[test]
fn what_is_no_request_is_answered_after_a_crash_too() {
    TestConnection::new(redis()).run(async |peer| {
        peer.send("DEBUG PANIC\r\n*x\r\nPING\r\n").await;
        peer.expect("-ERR internal error\r\n").await;
        peer.expect("-ERR Protocol error: invalid multibulk length\r\n").await;
        peer.expect_end().await;
    });
}

#[test]
fn a_request_whose_parts_are_too_long_together_is_told_the_limit() {
    TestConnection::new(redis()).run(async |peer| {
        peer.send("*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1048576\r\n").await;
        peer.expect("-ERR Protocol error: request exceeds 1048576 bytes; send less at once\r\n")
            .await;
        peer.expect_end().await;
    });
}

#[test]
fn a_subscriber_hears_a_publisher_before_and_after_its_crash() {
    TestConnection::new(redis()).run(async |subscriber| {
        subscriber.send("SUBSCRIBE a\r\n").await;
        subscriber.expect("*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n").await;
        let mut publisher = subscriber.another().await;
        publisher.send("PUBLISH a 1\r\nDEBUG PANIC\r\nPUBLISH a 2\r\n").await;
        publisher.expect(":1\r\n-ERR internal error\r\n:1\r\n").await;
        subscriber.expect("*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\n1\r\n").await;
        subscriber.expect("*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\n2\r\n").await;
        assert_eq!((subscriber.restarts(), publisher.restarts()), (0, 1));
    });
}

#[test]
fn a_subscriber_that_does_not_read_costs_the_others_no_message() {
    TestConnection::new(redis()).window(64).run(async |slow| {
        slow.send("SUBSCRIBE a\r\n").await;
        slow.expect("*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n").await;
        let mut other = slow.another().await;
        other.send("SUBSCRIBE a\r\n").await;
        other.expect("*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n").await;
        let mut publisher = slow.another().await;
        let payload = "x".repeat(10_000);
        for published in 0.. {
            assert!(published < 1000, "nothing bounds what waits");
            publisher.send(format!("PUBLISH a {payload}\r\n")).await;
            other
                .expect(format!("*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$10000\r\n{payload}\r\n"))
                .await;
            if publisher.receive(4).await == b":1\r\n" {
                break;
            }
        }
        slow.closed().await;
    });
}

#[test]
fn a_subscriber_is_let_go_when_the_listener_stops() {
    let redis = redis();
    let hub = redis.hub.clone();
    TestConnection::new(redis).run(async move |peer| {
        peer.send("SUBSCRIBE a\r\n").await;
        peer.expect("*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n").await;
        peer.stop();
        peer.expect_end().await;
        assert_eq!(hub.channels(), 0);
    });
}
