//! Sends lines back, and crashes over some.

use std::num::NonZeroU8;
use std::time::Duration;

use serde::Deserialize;
use trunkline::codec::LinesCodec;
use trunkline::{
    Crash, Cx, Hook, Intensity, Limits, Next, Peer, Protocol, ProtocolSettings, Result,
    SettingsError, duration,
};
use trunkline_actors::protocol::quarantine::Policy;

/// What a line ends with that its handler panics over.
pub const PANIC: &str = " panic";
/// The answer to a line that crashed its handler.
pub const CRASHED: &str = "crashed";
/// The answer to a line that no handler has seen.
pub const REFUSED: &str = "refused";

/// Sends every line back. One that ends with [`PANIC`] crashes the handler before it has answered,
/// and is answered by [`CRASHED`], or by [`REFUSED`] in quarantine.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fragile {
    limits: Limits,
}

/// What a listener may set.
#[derive(Deserialize)]
struct Settings {
    /// How often the handler of one connection may crash in ten seconds.
    crashes: u32,
    /// How often a line may crash handlers before it is refused.
    threshold: NonZeroU8,
    /// For how long.
    #[serde(deserialize_with = "duration::deserialize")]
    period: Duration,
}

impl Protocol for Fragile {
    type Codec = LinesCodec;
    type State = ();

    fn configure(&self, settings: &ProtocolSettings) -> Result<Self, SettingsError> {
        let Settings { crashes, threshold, period } = settings.read()?;
        let crashes = Intensity::new(crashes, Duration::from_secs(10));
        let quarantine = Policy { threshold, period };
        Ok(Self { limits: Limits { crashes, quarantine, ..Limits::default() } })
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
        if line.ends_with(PANIC) {
            panic!("the line asked for it");
        }
        cx.send(line).await.map(|()| Next::Read)
    }

    async fn recovered(&self, cx: &mut Cx<Self>, crash: &Crash) -> Result<Next> {
        let owed = crash.hook() == Hook::Message && crash.sent() == 0;
        if owed {
            cx.send(if crash.is_quarantined() { REFUSED } else { CRASHED }).await?;
        }
        Ok(Next::Read)
    }
}
