//! A relay: each line is asked of a peer, by a client of the program's own.

use std::sync::Arc;
use std::time::Duration;

use trunkline::codec::LinesCodec;
use trunkline::{Cx, Error, Next, Peer, Protocol, Result, SupervisorSpec};
use trunkline_actors::client::{
    self, Arrival, Broken, Client, ClientSettings, RequestError, Requests,
};
use trunkline_actors::protocol::Means;
use trunkline_runtime::Backoff;

/// The variable that says where the peer is. Without it there are no relays.
pub const PEER: &str = "TRUNKLINE_TESTS_PEER";
/// How long an answer may take.
const DEADLINE: Duration = Duration::from_secs(2);
/// Short rests, and a short time until they are forgotten: the peer dies twice a second.
const BACKOFF: Backoff =
    Backoff::new(Duration::from_millis(10), Duration::from_millis(100), Duration::from_millis(200));

/// Sends each line to the peer: what is broken fails, or is repeated.
#[derive(Clone, Copy, Debug)]
pub struct Asking {
    again: bool,
}

/// Answers each line `LINE` by what the peer answers, or by `LINE lost WHY`.
#[derive(Clone, Debug)]
pub struct Relay {
    client: Client<Asking>,
}

/// A client of the peer at `address`, and a protocol that asks it.
pub fn relay(name: &str, address: &str, again: bool) -> (SupervisorSpec, Relay) {
    let settings = ClientSettings { backoff: BACKOFF, ..ClientSettings::default() };
    let means = Arc::new(Means { upstreams: None, blocking: Arc::default() });
    let (spec, client) = client::spec(name, [address], Arc::new(Asking { again }), means, settings);
    (spec, Relay { client })
}

impl Protocol for Asking {
    type Codec = LinesCodec;
    type State = ();

    fn codec(&self) -> LinesCodec {
        LinesCodec::new()
    }

    fn state(&self, _: &Peer) {}

    async fn message(&self, _: &mut Cx<Self>, _: String) -> Result<Next> {
        Err(Error::new("every line of the peer is an answer"))
    }
}

impl Requests for Asking {
    type Request = String;
    type Answer = String;

    async fn request(&self, cx: &mut Cx<Self>, _: u64, line: &String) -> Result<Next> {
        cx.send(line).await.map(|()| Next::Read)
    }

    fn sort(&self, _: &mut Cx<Self>, line: String) -> Result<Arrival<Self>> {
        Ok(Arrival::Next(line))
    }

    fn broken(&self, _: &String) -> Broken {
        if self.again { Broken::Repeat } else { Broken::Fail }
    }
}

impl Protocol for Relay {
    type Codec = LinesCodec;
    type State = ();

    fn codec(&self) -> LinesCodec {
        LinesCodec::new()
    }

    fn state(&self, _: &Peer) {}

    async fn message(&self, cx: &mut Cx<Self>, line: String) -> Result<Next> {
        let answer = match self.client.request(line.clone(), DEADLINE).await {
            Ok(answer) => answer,
            Err(error) => {
                let why = match error {
                    RequestError::Full => "full",
                    RequestError::Stopped => "stopped",
                    RequestError::Deadline => "deadline",
                    RequestError::Unanswered => "unanswered",
                    RequestError::Broken => "broken",
                    RequestError::Crashed => "crashed",
                };
                format!("{line} lost {why}")
            }
        };
        cx.send(answer).await.map(|()| Next::Read)
    }
}
