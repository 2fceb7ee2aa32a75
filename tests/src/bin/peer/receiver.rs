//! A collector of traces that throws them away.

use anyhow::{Result, bail};
use tokio::sync::mpsc;
use trunkline_tests::collector::{Collector, Mood, Speaks};
use trunkline_tests::receiver::{Received, Receiving};

/// Takes spans on a thread of its own until its stdin ends.
pub(crate) async fn run(mut commands: mpsc::Receiver<String>) -> Result<()> {
    let collector = Collector::start(Speaks::Grpc)?;
    collector.become_of(Mood::Counts);
    crate::answer(&Receiving { endpoint: collector.endpoint() })?;
    while let Some(command) = commands.recv().await {
        if command != "count" {
            bail!("{command:?} is no command: count");
        }
        crate::answer(&Received {
            spans: collector.counted() as u64,
            requests: collector.requests() as u64,
        })?;
    }
    Ok(())
}
