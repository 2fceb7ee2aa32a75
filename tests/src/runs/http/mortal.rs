//! Origins that are killed and come back where they were.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::backend::Crashed;
use crate::origin::{Origin, OriginLine, OriginPlan};
use crate::port::ReservedPort;
use crate::runs::Programs;

/// An origin with a port and a log of its own, over all its lives.
#[derive(Debug)]
pub(in crate::runs) struct Mortal {
    peer: PathBuf,
    port: ReservedPort,
    folder: TempDir,
    delay_millis: u32,
    running: Option<Origin>,
}

impl Mortal {
    /// Starts `count` of them, whose answers take `delay_millis`.
    pub(in crate::runs) fn several(
        programs: &Programs,
        count: usize,
        delay_millis: u32,
    ) -> Result<Vec<Self>> {
        (0..count).map(|_| Self::start(&programs.peer, delay_millis)).collect()
    }

    fn start(peer: &Path, delay_millis: u32) -> Result<Self> {
        let (port, folder) = (ReservedPort::new()?, tempfile::tempdir()?);
        let mut mortal = Self { peer: peer.to_owned(), port, folder, delay_millis, running: None };
        mortal.revive()?;
        Ok(mortal)
    }

    /// Where it listens, while it lives.
    pub(in crate::runs) fn address(&self) -> SocketAddr {
        self.port.address()
    }

    /// The one that lives.
    pub(in crate::runs) fn origin(&mut self) -> Result<&mut Origin> {
        self.running.as_mut().context("this origin was killed")
    }

    /// As [`Origin::kill`].
    pub(in crate::runs) fn kill(&mut self) -> Result<u64> {
        self.running.take().context("this origin was killed")?.kill()
    }

    /// As [`Origin::crash`].
    pub(in crate::runs) fn crash(&mut self) -> Result<Crashed> {
        self.running.take().context("this origin was killed")?.crash()
    }

    /// Starts it again. Its log goes on.
    pub(in crate::runs) fn revive(&mut self) -> Result<()> {
        let plan = OriginPlan {
            log: Some(self.log()),
            delay_millis: self.delay_millis,
            ..OriginPlan::new(self.address())
        };
        self.running = Some(Origin::start(&self.peer, &plan)?);
        Ok(())
    }

    /// What all its lives have written down.
    pub(in crate::runs) fn lines(&self) -> Result<Vec<OriginLine>> {
        OriginLine::read(&self.log())
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }
}

/// The member `backends` of a pool's table.
pub(in crate::runs) fn backends(origins: &[Mortal]) -> String {
    let all: Vec<_> = origins.iter().map(|origin| format!("\"{}\"", origin.address())).collect();
    format!("backends = [{}]\n", all.join(", "))
}
