//! Where a client connects.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::future::join_all;
use thiserror::Error;
use tokio::time::{Instant, timeout};

use crate::socket::{ConnectError, TcpOptions, connect};
use crate::stream::Stream;

/// The way to the peer.
pub(super) enum Dial {
    Tcp {
        /// `IP:PORT` or `HOST:PORT`.
        names: Box<[Box<str>]>,
        options: TcpOptions,
    },
    #[cfg(test)]
    Memory(Box<dyn Fn() -> io::Result<Stream> + Send + Sync>),
}

/// Why there is no connection.
#[derive(Debug, Error)]
pub(super) enum DialError {
    #[error("the client has no address to connect to: give it one")]
    Nowhere,
    #[error("cannot resolve {name:?}: {error}")]
    Unresolved { name: Box<str>, error: io::Error },
    #[error(transparent)]
    Unconnected(#[from] ConnectError),
    #[error("the peer was gone at once: {0}")]
    Gone(#[from] io::Error),
}

impl Dial {
    /// Connects to the first address that answers, within `within`. Dropped before it is ready, it
    /// gives the attempt up.
    pub(super) async fn dial(&self, within: Duration) -> Result<(Stream, SocketAddr), DialError> {
        let stream = match self {
            Self::Tcp { names, options } => {
                let begun = Instant::now();
                // Half of it at the most: an address that is known must not wait for a name in vain.
                let addresses = resolve(names, within / 2).await?;
                connect(&addresses, within.saturating_sub(begun.elapsed()), options).await?
            }
            #[cfg(test)]
            Self::Memory(connect) => connect()?,
        };
        let peer = stream.peer_addr()?;
        Ok((stream, peer))
    }
}

/// All addresses, in the order of their names. Names are asked for side by side, so that none
/// waits for another.
async fn resolve(names: &[Box<str>], within: Duration) -> Result<Vec<SocketAddr>, DialError> {
    let answers = join_all(names.iter().map(|name| resolve_one(name, within))).await;
    let (mut addresses, mut failed) = (Vec::new(), None);
    for (name, answer) in names.iter().zip(answers) {
        match answer {
            Ok(found) => addresses.extend(found),
            Err(error) => failed = Some(DialError::Unresolved { name: name.clone(), error }),
        }
    }
    if addresses.is_empty() { Err(failed.unwrap_or(DialError::Nowhere)) } else { Ok(addresses) }
}

async fn resolve_one(name: &str, within: Duration) -> io::Result<Vec<SocketAddr>> {
    if let Ok(address) = name.parse() {
        return Ok(vec![address]);
    }
    let answer = timeout(within, tokio::net::lookup_host(name)).await?;
    Ok(answer?.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names<const N: usize>(names: [&str; N]) -> Box<[Box<str>]> {
        names.into_iter().map(Into::into).collect()
    }

    #[tokio::test]
    async fn names_that_cannot_be_resolved_leave_the_others() {
        let names = names(["no port", "127.0.0.1:2", "[::1]:3"]);
        let addresses = resolve(&names, Duration::from_secs(5)).await.unwrap();
        assert_eq!(addresses, ["127.0.0.1:2".parse().unwrap(), "[::1]:3".parse().unwrap()]);
    }

    #[tokio::test]
    async fn where_there_is_no_address_the_error_says_so() {
        let within = Duration::from_secs(5);
        let error = resolve(&names(["no port"]), within).await.unwrap_err();
        assert!(error.to_string().starts_with("cannot resolve \"no port\": "), "{error}");
        let error = resolve(&[], within).await.unwrap_err();
        assert!(error.to_string().contains("give it one"), "{error}");
    }
}
