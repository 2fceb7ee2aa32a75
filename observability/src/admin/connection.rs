//! One connection of the admin API, from its first byte to its last.

use std::cell::Cell;
use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, sleep_until};
use tracing::debug;

use super::guard::Door;
use super::socket::Stream;

/// How long the head of a request may take, and a connection may rest between two requests.
const HEAD: Duration = Duration::from_secs(10);

/// How long no byte may move.
const IDLE: Duration = Duration::from_secs(60);

/// The most of a head that is read.
const HEAD_SIZE: usize = 64 * 1024;

/// What is to be done once the answer has left: it may end the one who answers.
#[derive(Clone, Default)]
pub(super) struct Afterwards(Arc<Mutex<Option<Act>>>);

type Act = Box<dyn FnOnce() + Send>;

impl Afterwards {
    /// The newest wish counts; the answer is to close the connection.
    pub(super) fn set(&self, act: impl FnOnce() + Send + 'static) {
        *self.0.lock() = Some(Box::new(act));
    }

    fn act(&self) {
        let act = self.0.lock().take();
        if let Some(act) = act {
            act();
        }
    }
}

/// Serves a connection until it ends. Dropping the future closes it.
pub(super) async fn serve(stream: Box<dyn Stream>, door: Door, router: Router) {
    let moved = Rc::new(Cell::new(Instant::now()));
    let io = TokioIo::new(Watched { stream, moved: Rc::clone(&moved) });
    let afterwards = Afterwards::default();
    let routes = TowerToHyperService::new(router);
    let service = service_fn(|mut request: Request<Incoming>| {
        request.extensions_mut().insert(door);
        request.extensions_mut().insert(afterwards.clone());
        let answer = hyper::service::Service::call(&routes, request);
        async move { Ok::<_, Infallible>(answer.await.unwrap_or_else(|never| match never {})) }
    });
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD)
            .max_buf_size(HEAD_SIZE)
            .serve_connection(io, service)
    );
    loop {
        tokio::select! {
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    debug!(%error, "a connection of the admin API ended early");
                }
                break;
            }
            () = sleep_until(moved.get() + IDLE) => {
                if moved.get().elapsed() >= IDLE {
                    debug!("a connection of the admin API was closed: no byte has moved");
                    break;
                }
            }
        }
    }
    afterwards.act();
}

/// Notes when bytes have moved.
struct Watched {
    stream: Box<dyn Stream>,
    moved: Rc<Cell<Instant>>,
}

impl Watched {
    fn note<T>(&self, polled: Poll<T>) -> Poll<T> {
        if polled.is_ready() {
            self.moved.set(Instant::now());
        }
        polled
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_read(cx, buffer);
        self.note(polled)
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.note(polled)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[std::io::IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(cx, bytes);
        self.note(polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
