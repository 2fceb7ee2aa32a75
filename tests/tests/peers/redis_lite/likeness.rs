//! The same requests have the same answers as of redis-server, byte for byte.

use std::net::SocketAddr;

use anyhow::{Context, Result, ensure};
use trunkline_tests::peers::{OutsideServer, redis, require};

use super::RedisLite;
use super::answers::{Answer, Client};
use super::random_commands::{Command, Likeness, RandomCommands};
use crate::SOON;

/// How many commands are sent at once.
const PIPELINE: usize = 32;
/// How many commands are sent with one seed.
const COMMANDS: usize = 6400;

/// redis-server and redis-lite, unless the former is not installed.
fn both() -> Result<Option<(OutsideServer, RedisLite)>> {
    let Some(program) = require("redis-server")? else {
        return Ok(None);
    };
    Ok(Some((redis::start(&program)?, RedisLite::start()?)))
}

fn alike(likeness: Likeness, one: Answer, other: Answer) -> bool {
    match likeness {
        Likeness::Bytes => one == other,
        Likeness::Unordered { together } => one.sorted(together) == other.sorted(together),
        // The two are not asked in the same moment.
        Likeness::Time { per_second } => match (one.number(), other.number()) {
            (Some(one @ 0..), Some(other @ 0..)) => {
                one.abs_diff(other) <= SOON.as_secs() * per_second
            }
            _ => one == other,
        },
    }
}

fn has_the_answers_of_redis(seed: u64) -> Result<()> {
    let Some((redis, lite)) = both()? else {
        return Ok(());
    };
    let (mut redis, mut lite) =
        (Client::connect(redis.address())?, Client::connect(lite.address())?);
    let mut random = RandomCommands::new(seed);
    let mut done = 0;
    while done < COMMANDS {
        let commands: Vec<_> = (0..PIPELINE).map(|_| random.next_command()).collect();
        let requests: Vec<u8> = commands.iter().flat_map(Command::request).collect();
        redis.send(&requests)?;
        lite.send(&requests)?;
        for command in &commands {
            let place = || format!("seed {seed}, command {done}, {command}");
            let expected = redis.read().with_context(place)?;
            let answer = lite.read().with_context(place)?;
            ensure!(
                alike(command.likeness, expected.clone(), answer.clone()),
                "{}\n  redis-server: {expected}\n  redis-lite:   {answer}",
                place()
            );
            done += 1;
        }
    }
    Ok(())
}

#[test]
fn random_commands_have_the_answers_of_redis_server() -> Result<()> {
    (1..=5).try_for_each(has_the_answers_of_redis)
}

/// What the server says over a connection of its own to requests that make it close it.
fn all_answers(server: SocketAddr, requests: &[u8]) -> Result<String> {
    let mut client = Client::connect(server)?;
    client.send(requests)?;
    let answers = client.read_to_end().with_context(|| requests.escape_ascii().to_string())?;
    Ok(answers.escape_ascii().to_string())
}

#[test]
fn whole_conversations_go_as_with_redis_server() -> Result<()> {
    let Some((redis, lite)) = both()? else {
        return Ok(());
    };
    let conversations: [&[u8]; 15] = [
        b"HELLO 1\r\nHELLO 4\r\nHELLO x\r\nQUIT\r\n",
        b"SET a \"x \\x41\\n\"\r\nGET 'a'\r\n\r\n   \r\nget a\nQUIT\r\nGET a\r\n",
        b"GET \"a\r\n",
        b"PING\r\nGET 'a'b\r\n",
        b"*0\r\n*-1\r\nPING\r\nQUIT\r\n",
        b"*x\r\n",
        b"*3000000000\r\n",
        b"*1\r\n:1\r\n",
        b"*1\r\n$x\r\n",
        b"*1\r\n$-1\r\n",
        b"PING\r\n*2\r\n$4\r\nECHO\r\n$1\r\nx\r\n*1\r\nPING\r\n",
        b"*3\r\n$5\r\nab\r\nc\r\n$3\r\nx\ny\r\n$0\r\n\r\n*1\r\n$0\r\n\r\nQUIT\r\n",
        b"PING a b\r\nECHO\r\nQUIT now\r\nPING\r\nQUIT\r\n",
        b"SUBSCRIBE a b a\r\nGET x\r\nPING\r\nPING hey\r\nUNSUBSCRIBE a\r\nUNSUBSCRIBE c\r\n\
          UNSUBSCRIBE\r\nUNSUBSCRIBE\r\nSET x 1\r\nPING\r\nQUIT\r\n",
        b"SUBSCRIBE a\r\nSELECT 0\r\nNONE\r\nSUBSCRIBE\r\nQUIT\r\n",
    ];
    for conversation in conversations {
        let expected = all_answers(redis.address(), conversation)?;
        let answers = all_answers(lite.address(), conversation)?;
        assert_eq!(answers, expected, "to {}", conversation.escape_ascii());
    }
    Ok(())
}
