use std::collections::BTreeSet;

use super::super::testing::Client;

#[test]
fn a_member_is_there_once() {
    Client::new().expect(&[
        ("SADD s a b a", ":2"),
        ("SADD s b c", ":1"),
        ("SCARD s", ":3"),
        ("SMEMBERS s", "*3 $1 a $1 b $1 c"),
        ("SMEMBERS none", "*0"),
        ("SISMEMBER s a", ":1"),
        ("SISMEMBER s x", ":0"),
        ("SREM s a x", ":1"),
        ("SREM s b c", ":2"),
        ("EXISTS s", ":0"),
        ("SREM s a", ":0"),
        ("SCARD s", ":0"),
    ]);
}

#[test]
fn every_member_is_popped_once() {
    let mut client = Client::new();
    client.expect(&[("SPOP s", "$-1"), ("SPOP s 2", "*0"), ("SADD s a b c d", ":4")]);
    let popped: BTreeSet<_> = (0..4).map(|_| client.ask("SPOP s")).collect();
    assert_eq!(popped.len(), 4);
    client.expect(&[
        ("EXISTS s", ":0"),
        ("SADD s a", ":1"),
        ("SPOP s 0", "*0"),
        ("SPOP s 9", "*1 $1 a"),
        ("SPOP s -1", "-ERR value is out of range, must be positive"),
        ("SPOP s 1 1", "-ERR syntax error"),
        ("DBSIZE", ":0"),
    ]);
}

#[test]
fn other_types_are_refused() {
    let mut client = Client::new();
    client.ask("SET t x");
    for line in ["SADD t a", "SREM t a", "SMEMBERS t", "SISMEMBER t a", "SCARD t", "SPOP t"] {
        assert!(client.ask(line).starts_with("-WRONGTYPE"), "{line}");
    }
}
