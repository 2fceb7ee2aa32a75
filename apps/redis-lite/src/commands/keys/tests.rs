use std::collections::BTreeSet;
use std::time::Duration;

use super::super::testing::Client;
use crate::resp::Answer;

#[test]
fn keys_are_counted_and_deleted_whatever_they_hold() {
    Client::new().expect(&[
        ("MSET a 1 b 2", "+OK"),
        ("SADD s x", ":1"),
        ("EXISTS a a s none", ":3"),
        ("TYPE a", "+string"),
        ("TYPE s", "+set"),
        ("TYPE none", "+none"),
        ("DEL a s none a", ":2"),
        ("EXISTS a b s", ":1"),
    ]);
}

#[test]
fn a_key_has_an_end_until_it_is_taken_away() {
    let mut client = Client::new();
    client.expect(&[
        ("TTL a", ":-2"),
        ("EXPIRE a 10", ":0"),
        ("RPUSH a x", ":1"),
        ("TTL a", ":-1"),
        ("PERSIST a", ":0"),
        ("EXPIRE a 10", ":1"),
        ("TTL a", ":10"),
        ("PTTL a", ":10000"),
        ("PEXPIRE a 1500", ":1"),
        ("TTL a", ":2"),
        ("PERSIST a", ":1"),
        ("PTTL a", ":-1"),
        ("EXPIRE a 1", ":1"),
        ("EXPIRE a x", "-ERR value is not an integer or out of range"),
        ("EXPIRE a 9223372036854775807", "-ERR invalid expire time in 'expire' command"),
    ]);
    client.pass(Duration::from_micros(999_900));
    client.expect(&[("PTTL a", ":1"), ("EXISTS a", ":1")]);
    client.pass(Duration::from_micros(100));
    client.expect(&[("PTTL a", ":-2"), ("EXISTS a", ":0"), ("KEYS *", "*0"), ("DEL a", ":0")]);
}

#[test]
fn an_end_that_is_past_removes_at_once() {
    Client::new().expect(&[
        ("MSET a 1 b 1", "+OK"),
        ("EXPIRE a -1", ":1"),
        ("PEXPIRE b 0", ":1"),
        ("DBSIZE", ":0"),
    ]);
}

#[test]
fn a_new_key_does_not_inherit_the_end_of_the_last() {
    let mut client = Client::new();
    client.expect(&[("RPUSH a x", ":1"), ("EXPIRE a 1", ":1"), ("LPOP a", "$1 x")]);
    client.expect(&[("RPUSH a y", ":1"), ("TTL a", ":-1")]);
    client.pass(Duration::from_secs(2));
    client.expect(&[("LLEN a", ":1")]);
}

#[test]
fn renaming_takes_value_and_end_along() {
    Client::new().expect(&[
        ("RENAME a b", "-ERR no such key"),
        ("SET a 1 EX 10", "+OK"),
        ("SET b 2", "+OK"),
        ("RENAME a b", "+OK"),
        ("GET b", "$1 1"),
        ("TTL b", ":10"),
        ("EXISTS a", ":0"),
        ("RENAME b b", "+OK"),
        ("GET b", "$1 1"),
        ("SET c 3", "+OK"),
        ("RENAME c b", "+OK"),
        ("TTL b", ":-1"),
        ("DBSIZE", ":1"),
    ]);
}

#[test]
fn keys_are_found_by_pattern() {
    let mut client = Client::new();
    client.ask("MSET one 1 two 2 three 3");
    client.expect(&[("KEYS o*", "*1 $3 one"), ("KEYS t??", "*1 $3 two"), ("KEYS x*", "*0")]);
}

/// One step of a walk: where to go on, and the keys.
fn step(client: &mut Client, line: &str) -> (String, Vec<String>) {
    let arguments: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
    let Answer::Array(parts) = client.send(&arguments) else { panic!("{line}: no array") };
    let text = |answer: &Answer| {
        let Answer::Bulk(bytes) = answer else { panic!("{answer:?} is no text") };
        String::from_utf8(bytes.to_vec()).unwrap()
    };
    let Answer::Array(keys) = &parts[1] else { panic!("{line}: no keys") };
    (text(&parts[0]), keys.iter().map(text).collect())
}

#[test]
fn a_walk_sees_every_key_that_stays_while_others_come_and_go() {
    let mut client = Client::new();
    for n in 0..2000 {
        client.ask(&format!("SET key:{n} x"));
    }
    let mut seen = BTreeSet::new();
    let mut cursor = "0".to_owned();
    for round in 0.. {
        let (next, keys) = step(&mut client, &format!("SCAN {cursor} COUNT 7"));
        seen.extend(keys);
        if next == "0" {
            break;
        }
        cursor = next;
        // Odd ones go, and new ones come, between any two steps.
        for n in (0..7).map(|n| (round * 7 + n) * 2 + 1) {
            client.ask(&format!("DEL key:{}", n % 2000));
            client.ask(&format!("SET new:{n} x"));
        }
        assert!(round < 10_000, "the walk does not end");
    }
    for n in (0..2000).step_by(2) {
        assert!(seen.contains(&format!("key:{n}")), "key:{n} was passed over");
    }
}

#[test]
fn a_walk_can_be_narrowed() {
    let mut client = Client::new();
    client.ask("MSET a 1 b 2");
    client.ask("SADD s x");
    let all = "COUNT 1000";
    assert_eq!(step(&mut client, &format!("SCAN 0 MATCH a* {all}")).1, ["a"]);
    assert_eq!(step(&mut client, &format!("SCAN 0 TYPE set {all}")).1, ["s"]);
    assert_eq!(step(&mut client, &format!("SCAN 0 {all}")).1.len(), 3);
    client.expect(&[
        ("SCAN x", "-ERR invalid cursor"),
        ("SCAN 0 COUNT 0", "-ERR syntax error"),
        ("SCAN 0 COUNT", "-ERR syntax error"),
        ("SCAN 0 WITH x", "-ERR syntax error"),
    ]);
    // A cursor that was never given out ends somewhere as well.
    assert_eq!(step(&mut client, "SCAN 18446744073709551615 COUNT 1000").0, "0");
}
