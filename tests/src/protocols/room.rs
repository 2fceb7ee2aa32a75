//! A room: whoever joins hears all lines.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use trunkline::codec::LinesCodec;
use trunkline::{
    Cx, Error, Limits, Message, Next, Peer, Protocol, ProtocolSettings, Receive, Result,
    SettingsError, TrySendError, duration,
};
use trunkline_actors::group::{Group, Membership, Slow};

/// The line by which a connection becomes a member.
pub const JOIN: &str = "join";
/// The answer to it.
pub const JOINED: &str = "joined";
/// As [`JOIN`], for a peer that reads nothing: first it is sent as much as may wait for it.
pub const PEER_TAKES_NOTHING: &str = "join and never read";

/// What is sent ahead to a peer that reads nothing.
const FILLER: [u8; 1024] = [b'-'; 1024];

/// Sends each line to all members.
#[derive(Clone, Debug)]
pub struct Room {
    group: Group<Line>,
    policy: Policy,
    within: Duration,
    limits: Limits,
}

/// What becomes of a member that does not keep up.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Policy {
    Drop,
    Disconnect,
    Wait,
}

#[derive(Deserialize)]
struct Settings {
    policy: Policy,
    /// How long a broadcast waits for slow members.
    #[serde(deserialize_with = "duration::deserialize")]
    within: Duration,
    /// How many lines may wait for a member.
    inbox: u32,
}

/// A line for all.
#[derive(Clone, Debug)]
pub struct Line(Arc<str>);

impl Message for Line {
    type Answer = ();
}

impl Default for Room {
    fn default() -> Self {
        let (policy, within) = (Policy::Drop, Duration::ZERO);
        Self { group: Group::new("room"), policy, within, limits: Limits::default() }
    }
}

impl Protocol for Room {
    type Codec = LinesCodec;
    type State = Option<Membership>;

    fn configure(&self, settings: &ProtocolSettings) -> Result<Self, SettingsError> {
        let Settings { policy, within, inbox } = settings.read()?;
        let limits = Limits { inbox, ..Limits::default() };
        Ok(Self { group: Group::new("room"), policy, within, limits })
    }

    fn codec(&self) -> LinesCodec {
        LinesCodec::new()
    }

    fn state(&self, _: &Peer) -> Option<Membership> {
        None
    }

    fn limits(&self) -> Limits {
        self.limits
    }

    async fn message(&self, cx: &mut Cx<Self>, line: String) -> Result<Next> {
        match line.as_str() {
            JOIN => {
                cx.state = Some(self.group.join(cx.connection())?);
                cx.send(JOINED).await?;
            }
            PEER_TAKES_NOTHING => {
                fill(cx)?;
                cx.state = Some(self.group.join(cx.connection())?);
            }
            _ => self.tell(Line(line.into())).await,
        }
        Ok(Next::Read)
    }
}

impl Room {
    async fn tell(&self, line: Line) {
        match self.policy {
            Policy::Drop => drop(self.group.broadcast(line, Slow::Drop)),
            Policy::Disconnect => drop(self.group.broadcast(line, Slow::Disconnect)),
            Policy::Wait => drop(self.group.broadcast_wait(line, self.within).await),
        }
    }
}

/// Sends until neither the kernel nor the connection takes more.
fn fill(cx: &mut Cx<Room>) -> Result<()> {
    let filler = String::from_utf8_lossy(&FILLER);
    loop {
        match cx.try_send(&*filler) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => return Ok(()),
            Err(TrySendError::Failed(error)) => return Err(error),
        }
    }
}

impl Receive<Line> for Room {
    async fn receive(&self, cx: &mut Cx<Self>, line: Line) -> Result<Next, Error> {
        cx.send(&*line.0).await.map(|()| Next::Read)
    }
}
