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

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::sync::atomic::{AtomicBool, Ordering};

    use axum::Extension;
    use axum::body::{Body, Bytes};
    use axum::http::header;
    use axum::routing::get;
    use futures_util::stream;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

    use super::*;

    /// A client, and the connection that serves it with `router`.
    fn connect(router: Router) -> (DuplexStream, impl Future<Output = ()>) {
        let (client, server) = duplex(4096);
        (client, serve(Box::new(server), Door::Unix, router))
    }

    /// After how many seconds it ends, whatever the client does, which never ends itself.
    async fn lasts(served: impl Future<Output = ()>, client: impl Future<Output = Never>) -> u64 {
        let begun = Instant::now();
        tokio::select! {
            () = served => begun.elapsed().as_secs(),
            never = client => match never {},
        }
    }

    type Never = Infallible;

    #[tokio::test(start_paused = true)]
    async fn who_says_nothing_or_only_half_a_head_has_ten_seconds() {
        for said in ["", "GET / HTTP/1.1\r\nHost: a\r\n"] {
            let (mut client, served) = connect(Router::new());
            let took = lasts(served, async {
                client.write_all(said.as_bytes()).await.unwrap();
                pending().await
            });
            assert_eq!(took.await, 10, "{said:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_does_not_read_its_answer_has_sixty_seconds() {
        let endless = || async {
            let portion =
                stream::repeat_with(|| Ok::<_, Infallible>(Bytes::from(vec![b'x'; 1024])));
            Body::from_stream(portion)
        };
        let (mut client, served) = connect(Router::new().route("/", get(endless)));
        let took = lasts(served, async {
            client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
            // As long as something moves, it goes on.
            for _ in 0..3 {
                tokio::time::sleep(IDLE - Duration::from_secs(1)).await;
                client.read_exact(&mut [0; 4096]).await.unwrap();
            }
            pending().await
        });
        assert_eq!(took.await, 3 * 59 + 60);
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_put_off_is_done_once_the_answer_has_left() {
        let done = Arc::new(AtomicBool::new(false));
        let (told, seen) = (Arc::clone(&done), Arc::clone(&done));
        let order = |Extension(afterwards): Extension<Afterwards>| async move {
            afterwards.set(move || told.store(true, Ordering::Relaxed));
            ([(header::CONNECTION, "close")], "soon")
        };
        let (mut client, served) = connect(Router::new().route("/", get(order)));
        lasts(served, async {
            client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
            let mut head = [0; 12];
            client.read_exact(&mut head).await.unwrap();
            assert_eq!((&head, seen.load(Ordering::Relaxed)), (b"HTTP/1.1 200", false));
            pending().await
        })
        .await;
        assert!(done.load(Ordering::Relaxed));
    }
}
