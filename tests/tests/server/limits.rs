//! Connections beyond a limit wait in the kernel's queue.

use anyhow::Result;

use super::SOON;
use super::end::{End, Upstream};
use super::site::{Setup, Site};

#[test]
fn a_connection_over_the_limit_of_the_listener_waits_until_one_ends() -> Result<()> {
    waits(&Setup { listener: "connections = 1", ..Setup::PLAIN }, "\"limit\":\"listener\"")
}

#[test]
fn a_connection_over_the_limit_of_the_process_waits_until_one_ends() -> Result<()> {
    waits(
        &Setup { server: "workers = 2\nconnections = 1", ..Setup::PLAIN },
        "\"limit\":\"process\"",
    )
}

fn waits(setup: &Setup<'_>, limit: &str) -> Result<()> {
    let upstream = Upstream::new()?;
    let site = Site::start(setup, &[upstream.address()?])?;
    let mut first = site.connect()?;
    let mut backend = upstream.accept()?;
    site.process.wait_for_line(limit, SOON)?;

    let mut others = [site.connect()?, site.connect()?, site.connect()?];
    for (number, other) in others.iter_mut().enumerate() {
        other.send(format!("{number}\n"))?;
    }
    for _ in 0..100 {
        first.send("a")?;
        backend.expect("a")?;
    }
    assert!(upstream.is_quiet()?);

    end(&mut first, backend)?;
    // One at a time, in an order that is the kernel's and the workers'.
    for _ in 0..others.len() {
        let mut backend = upstream.accept()?;
        let number: usize = backend.line()?.parse()?;
        assert!(upstream.is_quiet()?);
        end(&mut others[number], backend)?;
    }
    Ok(())
}

fn end(client: &mut End, mut backend: End) -> Result<()> {
    client.finish()?;
    backend.expect_end()?;
    drop(backend);
    client.expect_end()
}
