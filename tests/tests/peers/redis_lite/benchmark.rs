//! redis-benchmark's whole suite.

use anyhow::{Result, ensure};
use trunkline_tests::peers::require;
use trunkline_tests::process::Process;

use super::RedisLite;
use crate::SOON;

/// The suite of redis 7.0, by the names in its report.
const SUITE: [&str; 20] = [
    "PING_INLINE",
    "PING_MBULK",
    "SET",
    "GET",
    "INCR",
    "LPUSH",
    "RPUSH",
    "LPOP",
    "RPOP",
    "SADD",
    "HSET",
    "SPOP",
    "ZADD",
    "ZPOPMIN",
    "LPUSH (needed to benchmark LRANGE)",
    "LRANGE_100 (first 100 elements)",
    "LRANGE_300 (first 300 elements)",
    "LRANGE_500 (first 500 elements)",
    "LRANGE_600 (first 600 elements)",
    "MSET (10 keys)",
];

/// Runs the suite over 50 connections, with `pipeline` requests on their way on each.
fn runs_without_an_error(pipeline: &str) -> Result<()> {
    let Some(benchmark) = require("redis-benchmark")? else {
        return Ok(());
    };
    let server = RedisLite::start()?;
    let mut command = benchmark.command();
    command.args(["-h", "127.0.0.1", "-p", &server.address().port().to_string()]);
    command.args(["-n", "3000", "-c", "50", "-P", pipeline, "--csv"]);
    let mut benchmark = Process::spawn(command)?;
    let status = benchmark.wait(SOON)?;
    // Waits until both streams have been read to their end.
    let last = benchmark.last_lines();
    ensure!(status.success(), "{status}{last}");
    ensure!(benchmark.stderr().count() == 0, "it complains{last}");
    let said = benchmark.stdout().last(usize::MAX);
    for test in SUITE {
        let start = format!("\"{test}\",");
        ensure!(said.iter().any(|line| line.starts_with(&start)), "no {test}: {said:#?}");
    }
    // It ends at the first error. A line for each test, below one that names the columns: an error would be a further one.
    ensure!(said.len() == SUITE.len() + 1, "{said:#?}");
    Ok(())
}

#[test]
fn redis_benchmark_sees_no_error_one_request_at_a_time() -> Result<()> {
    runs_without_an_error("1")
}

#[test]
fn redis_benchmark_sees_no_error_with_requests_in_pipelines() -> Result<()> {
    runs_without_an_error("16")
}
