//! `/metrics`: for Prometheus and whoever reads the same text.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{ACCEPT, CONTENT_TYPE, HeaderMap, VARY};
use axum::response::IntoResponse;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::super::refusal::Refusal;
use super::Api;
use crate::metrics::Form;

/// OpenMetrics for those who ask for it, the plain text for everybody else.
pub(super) async fn show(
    State(api): State<Api>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Refusal> {
    // A field may come in several lines, which are as good as one (RFC 9110, section 5.3).
    let accept: Vec<_> =
        headers.get_all(ACCEPT).iter().filter_map(|line| line.to_str().ok()).collect();
    let form = Form::accepted(&accept.join(","));
    let operations = Arc::clone(&api.operations);
    let all = written(&api.scrapes, move || operations.metrics(form)).await?;
    Ok(([(CONTENT_TYPE, form.content_type()), (VARY, "accept")], all))
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
