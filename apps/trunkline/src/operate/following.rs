//! The stream of events of a server.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

use hyper::body::{Body as _, Incoming};
use tokio::time::timeout;
use trunkline_config::AdminAddress;

use super::answers::Happening;
use super::client::Connection;
use super::event_stream::{EventStream, Sent};
use super::trouble::Trouble;

/// How long a server may be silent: it sends a comment every 15 s.
const SILENCE: Duration = Duration::from_secs(45);

/// What the stream tells.
#[derive(Debug)]
pub(super) enum Told {
    /// Something has happened; with the line of JSON that says so.
    Happened(Box<Happening>, String),
    /// So many events were lost: this program read too slowly.
    Lost(u64),
}

/// The stream of what happens.
pub(super) struct Following {
    body: Incoming,
    connection: Connection,
    stream: EventStream,
    ready: VecDeque<Sent>,
    address: AdminAddress,
}

impl Following {
    pub(super) fn new(body: Incoming, connection: Connection, address: AdminAddress) -> Self {
        let (stream, ready) = (EventStream::default(), VecDeque::new());
        Self { body, connection, stream, ready, address }
    }

    /// The next event. Cancel-safe.
    ///
    /// # Errors
    /// Once the stream has ended, is silent for too long, or makes no sense.
    pub(super) async fn next(&mut self) -> Result<Told, Trouble> {
        loop {
            if let Some(sent) = self.ready.pop_front() {
                return self.told(sent);
            }
            let piece = timeout(SILENCE, self.piece())
                .await
                .map_err(|_| Trouble::Late { address: self.address.clone(), limit: SILENCE })??;
            if self.stream.feed(&piece, &mut self.ready).is_err() {
                return Err(self.nonsense("an event of more than 64 KiB"));
            }
        }
    }

    /// The next piece of the body.
    async fn piece(&mut self) -> Result<bytes::Bytes, Trouble> {
        let frame = poll_fn(|cx| {
            // However it ends: what it has brought until then is in the body.
            let _ = self.connection.as_mut().poll(cx);
            Pin::new(&mut self.body).poll_frame(cx)
        });
        match frame.await {
            Some(Ok(frame)) => Ok(frame.into_data().unwrap_or_default()),
            Some(Err(_)) | None => Err(Trouble::Lost(self.address.clone())),
        }
    }

    fn told(&self, Sent { name, data }: Sent) -> Result<Told, Trouble> {
        #[derive(serde::Deserialize)]
        struct Lagged {
            lost: u64,
        }
        let understood = if name == "lagged" {
            serde_json::from_str(&data).map(|Lagged { lost }| Told::Lost(lost))
        } else {
            serde_json::from_str(&data).map(|happening| Told::Happened(happening, data))
        };
        understood.map_err(|error| self.nonsense(&error.to_string()))
    }

    fn nonsense(&self, why: &str) -> Trouble {
        Trouble::Nonsense(self.address.clone(), why.to_owned())
    }
}
