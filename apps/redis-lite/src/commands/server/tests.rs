use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use super::super::testing::Client;
use super::COMMANDS;

#[test]
fn redis_benchmark_is_told_what_it_asks() {
    Client::new().expect(&[
        ("CONFIG GET save", "*2 $4 save $0"),
        ("CONFIG GET appendonly", "*2 $10 appendonly $2 no"),
        ("CONFIG GET maxk* SAVE", "*4 $4 save $0  $7 maxkeys $1 0"),
        ("CONFIG GET none", "*0"),
        ("CONFIG GET", "-ERR wrong number of arguments for 'config|get' command"),
        ("CONFIG SET save x", "-ERR unknown subcommand 'SET'. Try CONFIG HELP."),
    ]);
}

#[test]
fn redis_cli_is_told_what_it_asks() {
    let mut client = Client::new();
    let count = format!(":{}", COMMANDS.len());
    client.expect(&[
        ("COMMAND DOCS", "*0"),
        ("COMMAND", "*0"),
        ("COMMAND COUNT", &count),
        ("COMMAND LIST", "-ERR unknown subcommand 'LIST'. Try COMMAND HELP."),
    ]);
}

#[test]
fn everything_is_flushed() {
    Client::new().expect(&[
        ("MSET a 1 b 2", "+OK"),
        ("DBSIZE", ":2"),
        ("FLUSHDB", "+OK"),
        ("DBSIZE", ":0"),
        ("SET a 1 EX 1", "+OK"),
        ("FLUSHALL ASYNC", "+OK"),
        ("KEYS *", "*0"),
        ("SET a 1", "+OK"),
        ("TTL a", ":-1"),
        ("FLUSHALL now", "-ERR syntax error"),
    ]);
}

#[test]
fn time_goes_with_the_clock_of_the_keys() {
    let mut client = Client::new();
    client.pass(Duration::from_micros(12_000_345));
    client.expect(&[("TIME", "*2 $2 12 $3 345")]);
}

#[test]
fn information_is_given_by_section() {
    let mut client = Client::new();
    client.ask("MSET a 1 b 1");
    client.ask("EXPIRE a 10");
    client.pass(Duration::from_secs(5));
    let all = client.ask("INFO");
    assert!(all.contains("redis_version:7.0.15 ") && all.contains("uptime_in_seconds:5 "), "{all}");
    assert!(all.contains("db0:keys=2,expires=1,"), "{all}");
    let keyspace = client.ask("INFO keyspace");
    assert!(keyspace.contains("db0:") && !keyspace.contains("redis_version"), "{keyspace}");
    assert_eq!(client.ask("INFO none"), "$0");
}

#[test]
fn a_panic_on_demand_leaves_the_server_usable() {
    let mut client = Client::new();
    client.ask("SET a 1");
    assert!(catch_unwind(AssertUnwindSafe(|| client.ask("DEBUG PANIC"))).is_err());
    client.expect(&[
        ("GET a", "$1 1"),
        ("DEBUG SLEEP 1", "-ERR unknown subcommand 'SLEEP'. Try DEBUG HELP."),
    ]);
}
