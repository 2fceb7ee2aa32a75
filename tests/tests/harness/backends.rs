//! The modes of `peer backend`.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use anyhow::Result;
use trunkline_tests::backend::{Backend, BackendPlan, Mode};
use trunkline_tests::load::{Fate, Load, LoadPlan};

use super::{ANY, SOON, peer};

#[test]
fn a_banner_is_the_backends_name() -> Result<()> {
    let plan = BackendPlan { name: "b1".to_owned(), ..BackendPlan::new(ANY, Mode::Banner) };
    let backend = Backend::start(peer(), &plan)?;
    let load = LoadPlan { banner: true, ..LoadPlan::new(backend.address(), 50, 1) };
    let summary = Load::start(peer(), &load)?.finish()?;
    assert_eq!(summary.backends, [("b1".to_owned(), 50)].into());
    assert_eq!(summary.failed(), 0);
    Ok(())
}

#[test]
fn pipelined_http_requests_are_each_answered() -> Result<()> {
    let plan = BackendPlan { name: "web".to_owned(), ..BackendPlan::new(ANY, Mode::Http) };
    let backend = Backend::start(peer(), &plan)?;
    let mut stream = TcpStream::connect(backend.address())?;
    stream.set_read_timeout(Some(SOON))?;
    stream.write_all("GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(2).as_bytes())?;
    let mut answers = vec![0; 2 * "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nweb\n".len()];
    stream.read_exact(&mut answers)?;
    let lines: Vec<_> = BufReader::new(answers.as_slice()).lines().collect::<Result<_, _>>()?;
    assert_eq!(lines.iter().filter(|line| *line == "HTTP/1.1 200 OK").count(), 2);
    assert_eq!(lines.iter().filter(|line| *line == "web").count(), 2);
    Ok(())
}

#[test]
fn a_sink_answers_nothing_and_the_client_calls_it_a_timeout() -> Result<()> {
    let backend = Backend::start(peer(), &BackendPlan::new(ANY, Mode::Sink))?;
    let plan = LoadPlan { timeout_millis: 200, ..LoadPlan::new(backend.address(), 20, 1) };
    let summary = Load::start(peer(), &plan)?.finish()?;
    assert_eq!(summary.count(Fate::Timeout), 20);
    Ok(())
}
