use std::time::Duration;

use super::super::testing::Client;
use super::LONGEST;

const WRONG_TYPE: &str = "-WRONGTYPE Operation against a key holding the wrong kind of value";

#[test]
fn what_is_set_is_got() {
    Client::new().expect(&[
        ("GET a", "$-1"),
        ("SET a 1", "+OK"),
        ("get a", "$1 1"),
        ("STRLEN a", ":1"),
        ("STRLEN none", ":0"),
        ("SETNX a 2", ":0"),
        ("SETNX b 2", ":1"),
        ("GETSET b 3", "$1 2"),
        ("GETDEL b", "$1 3"),
        ("GETDEL b", "$-1"),
    ]);
}

#[test]
fn set_has_conditions() {
    Client::new().expect(&[
        ("SET a 1 XX", "$-1"),
        ("SET a 1 NX", "+OK"),
        ("SET a 2 NX", "$-1"),
        ("SET a 2 nx get", "$1 1"),
        ("SET a 2 XX GET", "$1 1"),
        ("SET b 1 GET", "$-1"),
        ("SET a 1 NX XX", "-ERR syntax error"),
        ("SET a 1 EX", "-ERR syntax error"),
        ("SET a 1 EX 1 PX 1", "-ERR syntax error"),
        ("SET a 1 EX x EX", "-ERR syntax error"),
        ("SET a 2 EX x EX 5", "+OK"),
        ("SET a 1 EX 1 KEEPTTL", "-ERR syntax error"),
        ("SET a 1 PX x", "-ERR value is not an integer or out of range"),
        ("SET a 1 EX 0", "-ERR invalid expire time in 'set' command"),
        ("SET a 1 PX -1", "-ERR invalid expire time in 'set' command"),
        ("SET a 1 EX 9223372036854775807", "-ERR invalid expire time in 'set' command"),
        ("GET a", "$1 2"),
        ("TTL a", ":5"),
    ]);
}

#[test]
fn a_string_ends_when_its_time_is_over() {
    let mut client = Client::new();
    client.expect(&[
        ("SET a 1 EX 2", "+OK"),
        ("SET b 1 PX 1500", "+OK"),
        ("SETEX c 2 1", "+OK"),
        ("PSETEX d 2000 1", "+OK"),
        ("SETEX c -1 1", "-ERR invalid expire time in 'setex' command"),
        ("DBSIZE", ":4"),
    ]);
    client.pass(Duration::from_millis(1500));
    client.expect(&[("GET a", "$1 1"), ("GET b", "$-1"), ("PTTL a", ":500"), ("GET c", "$1 1")]);
    client.pass(Duration::from_millis(500));
    client.expect(&[("GET a", "$-1"), ("GET c", "$-1"), ("GET d", "$-1"), ("DBSIZE", ":0")]);
}

#[test]
fn setting_takes_the_end_away_unless_it_is_to_stay() {
    Client::new().expect(&[
        ("SET a 1 EX 10", "+OK"),
        ("SET a 2 KEEPTTL", "+OK"),
        ("TTL a", ":10"),
        ("INCR a", ":3"),
        ("APPEND a 4", ":2"),
        ("TTL a", ":10"),
        ("SET a 5", "+OK"),
        ("TTL a", ":-1"),
    ]);
}

#[test]
fn several_are_set_and_got_at_once() {
    let mut client = Client::new();
    client.expect(&[
        ("MSET a 1 b 2 a 3", "+OK"),
        ("LPUSH l x", ":1"),
        ("MGET a none b l", "*4 $1 3 $-1 $1 2 $-1"),
        ("MSET a 1 b", "-ERR wrong number of arguments for 'mset' command"),
    ]);
    assert_eq!(client.ask("DBSIZE"), ":3");
}

#[test]
fn numbers_are_counted_up_and_down() {
    Client::new().expect(&[
        ("INCR n", ":1"),
        ("INCRBY n 10", ":11"),
        ("DECR n", ":10"),
        ("DECRBY n 20", ":-10"),
        ("INCRBY n x", "-ERR value is not an integer or out of range"),
        ("DECRBY n -9223372036854775808", "-ERR decrement would overflow"),
        ("SET n 9223372036854775807", "+OK"),
        ("INCR n", "-ERR increment or decrement would overflow"),
        ("SET n 1.5", "+OK"),
        ("INCR n", "-ERR value is not an integer or out of range"),
        ("GET n", "$3 1.5"),
    ]);
}

#[test]
fn appending_grows_a_string_and_leaves_sent_answers_alone() {
    let mut client = Client::new();
    client.expect(&[("APPEND a ab", ":2"), ("APPEND a cd", ":4")]);
    let sent = client.send(&[b"GET", b"a"]);
    client.expect(&[("APPEND a ef", ":6"), ("GET a", "$6 abcdef")]);
    assert_eq!(sent, crate::resp::Answer::text("abcd"));
    let whole = vec![b'x'; LONGEST];
    let too_long = client.send(&[b"APPEND", b"a", &whole]);
    assert_eq!(too_long, super::Refusal::TooLong.answer());
}

#[test]
fn other_types_are_refused_and_kept() {
    let mut client = Client::new();
    client.ask("RPUSH l x");
    for line in
        ["GET l", "GETSET l 1", "GETDEL l", "APPEND l 1", "STRLEN l", "INCR l", "SET l 1 GET"]
    {
        assert_eq!(client.ask(line), WRONG_TYPE, "{line}");
    }
    client.expect(&[("TYPE l", "+list"), ("SET l 1", "+OK"), ("TYPE l", "+string")]);
}

#[test]
fn a_full_store_takes_no_new_key() {
    const FULL: &str =
        "-OOM command not allowed: there are as many keys as 'maxkeys' allows; delete some";
    Client::with_max_keys(3).expect(&[
        ("SET a 1", "+OK"),
        ("SET b 1", "+OK"),
        ("MSET a 2 c 1 d 1", FULL),
        ("GET a", "$1 1"),
        ("MSET c 1 c 2 a 3", "+OK"),
        ("SET d 1", FULL),
        ("INCR d", FULL),
        ("LPUSH d 1", FULL),
        ("HSET d f 1", FULL),
        ("SET a 4", "+OK"),
        ("RENAME a d", "+OK"),
        ("DBSIZE", ":3"),
        ("SET a 1", FULL),
        ("DEL d", ":1"),
        ("SET a 1", "+OK"),
        ("RENAME a b", "+OK"),
        ("DBSIZE", ":2"),
        ("FLUSHALL", "+OK"),
        ("MSET a 1 b 1 c 1", "+OK"),
    ]);
}
