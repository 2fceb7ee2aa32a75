//! The connections of a collector, which break when it is in the mood for that.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::Stream;
use futures_util::stream::unfold;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tonic::transport::server::Connected;

use super::Mood;

/// A connection that is reset at its next move where the collector resets or refuses.
pub(super) struct Wire {
    stream: TcpStream,
    mood: watch::Receiver<Mood>,
}

/// The connections to `address`, at first by `listener`; there are none while the collector refuses
/// them.
pub(super) fn accepted(
    listener: std::net::TcpListener,
    address: SocketAddr,
    mood: watch::Receiver<Mood>,
) -> impl Stream<Item = io::Result<Wire>> {
    let listener = listener.set_nonblocking(true).and_then(|()| TcpListener::from_std(listener));
    unfold((listener.ok(), mood), move |(mut listener, mut mood)| async move {
        loop {
            if *mood.borrow_and_update() == Mood::Refuses {
                listener = None;
                mood.changed().await.ok()?;
                continue;
            }
            let open = match listener.take() {
                Some(open) => open,
                None => match TcpListener::bind(address).await {
                    Ok(open) => open,
                    Err(error) => return Some((Err(error), (None, mood))),
                },
            };
            tokio::select! {
                accepted = open.accept() => {
                    let wire = accepted.map(|(stream, _)| Wire { stream, mood: mood.clone() });
                    return Some((wire, (Some(open), mood)));
                }
                changed = mood.changed() => changed.ok()?,
            }
            listener = Some(open);
        }
    })
}

impl Wire {
    fn check(&self) -> io::Result<()> {
        if matches!(*self.mood.borrow(), Mood::Resets | Mood::Refuses) {
            // Its end is then a reset.
            socket2::SockRef::from(&self.stream).set_linger(Some(Duration::ZERO))?;
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        Ok(())
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        task: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check()?;
        let polled = Pin::new(&mut self.stream).poll_read(task, into);
        if polled.is_ready() {
            self.check()?;
        }
        polled
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        task: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_write(task, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(task)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(task)
    }
}

impl Connected for Wire {
    type ConnectInfo = ();

    fn connect_info(&self) {}
}
