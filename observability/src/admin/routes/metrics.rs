//! `/metrics`: for Prometheus and whoever reads the same text.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::super::refusal::Refusal;
use super::{Api, text};

/// Of the text (OpenMetrics 1.0, section "Overall Structure").
const KIND: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

pub(super) async fn show(State(api): State<Api>) -> Result<impl IntoResponse, Refusal> {
    let operations = Arc::clone(&api.operations);
    written(&api.scrapes, move || operations.metrics()).await.map(|all| text(KIND, all))
}

/// What `write` writes, on a thread that nobody waits for: the control thread has probes and signals
/// to look after. One after the other, so that it is one thread whoever asks.
async fn written(
    scrapes: &Arc<Semaphore>,
    write: impl FnOnce() -> String + Send + 'static,
) -> Result<String, Refusal> {
    let lost = || {
        Refusal::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "the metrics could not be written",
            "see the log, and try again",
        )
    };
    let place = Arc::clone(scrapes).acquire_owned().await.map_err(|_| lost())?;
    let writing = spawn_blocking(move || {
        // Held to the end, also for somebody who has left.
        let _place = place;
        write()
    });
    writing.await.map_err(|_| lost())
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread;

    use super::*;

    #[tokio::test]
    async fn a_scrape_does_not_keep_the_thread_and_the_next_waits_for_it() {
        let scrapes = Arc::new(Semaphore::new(1));
        let (go, gone) = mpsc::channel();
        let first = written(&scrapes, move || {
            gone.recv().unwrap();
            format!("{:?}", thread::current().id())
        });
        let second = written(&scrapes, || "second".to_owned());
        let here = format!("{:?}", thread::current().id());
        let (first, second, ()) = tokio::join!(first, second, async {
            // It is under way: this thread goes on, and the other has no place.
            while scrapes.available_permits() > 0 {
                tokio::task::yield_now().await;
            }
            go.send(()).unwrap();
        });
        assert_ne!(first.unwrap(), here);
        assert_eq!(second.unwrap(), "second");
    }

    #[tokio::test]
    async fn a_scrape_that_panics_is_refused_and_the_next_is_not() {
        let scrapes = Arc::new(Semaphore::new(1));
        let refused = written(&scrapes, || panic!("a source")).await.unwrap_err();
        assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(written(&scrapes, || "next".to_owned()).await.unwrap(), "next");
    }
}
