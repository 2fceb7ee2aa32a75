//! redis-cli: commands, publishing, crashes.

use std::io::Write;
use std::net::SocketAddr;

use anyhow::{Context, Result, ensure};
use trunkline_tests::peers::{Program, require};
use trunkline_tests::process::Process;

use super::RedisLite;
use crate::SOON;

/// Starts redis-cli, which shows the types of answers as it does on a terminal.
fn cli(program: &Program, server: SocketAddr, arguments: &[&str]) -> Result<Process> {
    let mut command = program.command();
    command.args(["-h", "127.0.0.1", "-p", &server.port().to_string(), "--no-raw"]);
    command.args(arguments);
    Process::spawn(command)
}

/// All that one redis-cli says which is given `input`, without the empty lines.
fn says(mut cli: Process, input: &[u8]) -> Result<Vec<String>> {
    let mut stdin = cli.take_stdin().context("its stdin was taken")?;
    stdin.write_all(input)?;
    drop(stdin);
    let status = cli.wait(SOON)?;
    let last = cli.last_lines();
    ensure!(status.success() && cli.stderr().count() == 0, "{status}{last}");
    let mut lines = cli.stdout().last(usize::MAX);
    lines.retain(|line| !line.is_empty());
    Ok(lines)
}

/// Each of `exchange` is a command and the lines of its answer; all go over one connection.
fn answers(exchange: &[(&str, &[&str])]) -> Result<()> {
    let Some(program) = require("redis-cli")? else {
        return Ok(());
    };
    let server = RedisLite::start()?;
    let input: String = exchange.iter().map(|(command, _)| format!("{command}\n")).collect();
    let said = says(cli(&program, server.address(), &[])?, input.as_bytes())?;
    let expected: Vec<_> = exchange.iter().flat_map(|(_, answer)| answer.iter().copied()).collect();
    assert_eq!(said, expected);
    Ok(())
}

#[test]
fn redis_cli_is_answered_as_by_redis() -> Result<()> {
    answers(&[
        ("SET a 1", &["OK"]),
        ("GET a", &["\"1\""]),
        ("GET b", &["(nil)"]),
        ("INCR a", &["(integer) 2"]),
        ("LPUSH list x \"y z\"", &["(integer) 2"]),
        ("LRANGE list 0 -1", &["1) \"y z\"", "2) \"x\""]),
        ("LRANGE list 5 9", &["(empty array)"]),
        ("HSET hash f 1 g 2", &["(integer) 2"]),
        ("HGETALL hash", &["1) \"f\"", "2) \"1\"", "3) \"g\"", "4) \"2\""]),
        ("TTL a", &["(integer) -1"]),
        ("EXPIRE a 0", &["(integer) 1"]),
        ("TTL a", &["(integer) -2"]),
        (
            "INCR list",
            &["(error) WRONGTYPE Operation against a key holding the wrong kind of value"],
        ),
    ])
}

#[test]
fn redis_cli_is_told_how_much_of_a_keys_time_is_left() -> Result<()> {
    let Some(program) = require("redis-cli")? else {
        return Ok(());
    };
    let server = RedisLite::start()?;
    let said = says(cli(&program, server.address(), &[])?, b"SET a 1\nEXPIRE a 1000\nTTL a\n")?;
    let [set, expire, left] = said.as_slice() else {
        panic!("{said:?}");
    };
    assert_eq!((set.as_str(), expire.as_str()), ("OK", "(integer) 1"));
    let left: i64 = left.strip_prefix("(integer) ").context("no number")?.parse()?;
    // The machine may be slow between the two commands.
    assert!((1000 - SOON.as_secs().cast_signed()..=1000).contains(&left), "{left}");
    Ok(())
}

#[test]
fn redis_cli_is_told_that_there_are_no_transactions() -> Result<()> {
    answers(&[
        ("MULTI", &["(error) ERR unknown command 'MULTI', with args beginning with:"]),
        ("SET a 1", &["OK"]),
        ("EXEC", &["(error) ERR unknown command 'EXEC', with args beginning with:"]),
        ("GET a", &["\"1\""]),
    ])
}

#[test]
fn a_crash_is_answered_and_so_is_the_next_command_on_the_same_connection() -> Result<()> {
    let Some(program) = require("redis-cli")? else {
        return Ok(());
    };
    let server = RedisLite::start()?;
    let input = b"CLIENT ID\nSET a 1\nDEBUG PANIC\nGET a\nDEBUG PANIC\nINCR a\nCLIENT ID\n";
    let said = says(cli(&program, server.address(), &[])?, input)?;
    let (first, rest) = said.split_first().context("no answer")?;
    let crash = "(error) ERR internal error";
    assert_eq!(rest, ["OK", crash, "\"1\"", crash, "(integer) 2", first]);
    Ok(())
}

#[test]
fn a_crash_in_a_pipeline_costs_one_answer_in_its_place() -> Result<()> {
    let Some(program) = require("redis-cli")? else {
        return Ok(());
    };
    let server = RedisLite::start()?;
    // It sends all at once, and shows only what is an error, in the order of answers; then it sends
    // an ECHO of its own, and knows its answer as the last.
    let input =
        b"SET a 1\r\nNONE 1\r\nDEBUG PANIC\r\nNONE 2\r\nINCR a\r\nDEBUG PANIC\r\nNONE 3\r\n";
    let mut pipe = cli(&program, server.address(), &["--pipe"])?;
    let mut stdin = pipe.take_stdin().context("its stdin was taken")?;
    stdin.write_all(input)?;
    drop(stdin);
    // With errors among the answers it fails.
    assert_eq!(pipe.wait(SOON)?.code(), Some(1));
    let last = pipe.last_lines();
    let said = [pipe.stdout(), pipe.stderr()].map(|stream| stream.last(usize::MAX)).concat();
    let errors: Vec<_> = said.iter().filter(|line| line.starts_with("ERR ")).collect();
    let none = |number| format!("ERR unknown command 'NONE', with args beginning with: '{number}'");
    let crash = "ERR internal error".to_owned();
    assert_eq!(errors, [&none(1), &crash, &none(2), &crash, &none(3)], "{last}");
    assert!(said.iter().any(|line| line == "errors: 5, replies: 7"), "{last}");
    let said = says(cli(&program, server.address(), &["GET", "a"])?, b"")?;
    assert_eq!(said, ["\"2\""]);
    Ok(())
}

#[test]
fn one_redis_cli_hears_what_another_publishes() -> Result<()> {
    let Some(program) = require("redis-cli")? else {
        return Ok(());
    };
    let server = RedisLite::start()?;
    let publish = |channel: &str, text: &str| {
        says(cli(&program, server.address(), &["PUBLISH", channel, text])?, b"")
    };
    assert_eq!(publish("news", "nobody hears")?, ["(integer) 0"]);
    let subscriber = cli(&program, server.address(), &["SUBSCRIBE", "news", "weather"])?;
    subscriber.wait_for_line("3) (integer) 2", SOON)?;
    assert_eq!(publish("news", "hello")?, ["(integer) 1"]);
    assert_eq!(publish("sports", "nobody hears")?, ["(integer) 0"]);
    assert_eq!(publish("weather", "fair")?, ["(integer) 1"]);
    subscriber.wait_for_line("3) \"fair\"", SOON)?;
    let heard = subscriber.stdout().last(6);
    let message = |channel: &str, text: &str| {
        ["1) \"message\"".to_owned(), format!("2) \"{channel}\""), format!("3) \"{text}\"")]
    };
    assert_eq!(heard, [message("news", "hello"), message("weather", "fair")].concat());
    Ok(())
}
