//! Takes lines, and sends without end.

use std::time::Duration;

use serde::Deserialize;
use trunkline::codec::LinesCodec;
use trunkline::{
    Cx, Limits, Next, Peer, Protocol, ProtocolSettings, Result, SettingsError, duration, size,
};

/// The line after which it never stops sending.
pub const POUR: &str = "pour";

/// One line of what it sends: 1 KiB with its line feed.
const DROP: [u8; 1023] = [b'.'; 1023];

/// Sends every line back, until it is told to [`POUR`]. A line that ends with " panic" crashes it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Torrent {
    limits: Limits,
}

#[derive(Deserialize)]
struct Settings {
    #[serde(deserialize_with = "size::deserialize")]
    message: usize,
    #[serde(deserialize_with = "size::deserialize")]
    write: usize,
    #[serde(deserialize_with = "duration::deserialize")]
    send_timeout: Duration,
}

impl Protocol for Torrent {
    type Codec = LinesCodec;
    type State = ();

    fn configure(&self, settings: &ProtocolSettings) -> Result<Self, SettingsError> {
        let Settings { message, write, send_timeout } = settings.read()?;
        Ok(Self { limits: Limits { message, write, send_timeout, ..Limits::default() } })
    }

    fn codec(&self) -> LinesCodec {
        LinesCodec::new()
    }

    fn state(&self, _: &Peer) {}

    fn limits(&self) -> Limits {
        self.limits
    }

    #[expect(clippy::panic, reason = "what it is for")]
    async fn message(&self, cx: &mut Cx<Self>, line: String) -> Result<Next> {
        if line.ends_with(super::PANIC) {
            panic!("the line asked for it");
        }
        if line == POUR {
            let drop = String::from_utf8_lossy(&DROP);
            loop {
                cx.send(&drop).await?;
            }
        }
        cx.send(line).await.map(|()| Next::Read)
    }
}
