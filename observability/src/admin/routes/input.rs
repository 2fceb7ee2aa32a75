//! What requests bring: a query, or a small JSON object.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;

use super::super::refusal::Refusal;

/// The most of a body that is read.
const SIZE: usize = 64 * 1024;

/// How long a body may take.
const TIME: Duration = Duration::from_secs(10);

/// The query of a request.
pub(super) struct Asked<T>(pub(super) T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        Query::try_from_uri(&parts.uri).map(|Query(asked)| Self(asked)).map_err(|error| {
            Refusal::bad_request(
                format!("the query is mistaken: {}", error.body_text()),
                "see /openapi.json for the keys that there are",
            )
        })
    }
}

/// The body of an order.
pub(super) struct Ordered<T>(pub(super) T);

impl<T: DeserializeOwned, S: Sync> FromRequest<S> for Ordered<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
        if !is_json(request.headers()) {
            return Err(Refusal::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "the body is not said to be JSON",
                "send Content-Type: application/json",
            ));
        }
        let body = read(request.into_body()).await?;
        serde_json::from_slice(&body).map(Self).map_err(|error| {
            Refusal::bad_request(
                format!("the body is mistaken: {error}"),
                "see /openapi.json for the object that is wanted",
            )
        })
    }
}

/// With or without parameters: JSON has none that mean anything (RFC 8259, section 11).
fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default();
    kind.trim().eq_ignore_ascii_case("application/json")
}

async fn read(body: Body) -> Result<axum::body::Bytes, Refusal> {
    match tokio::time::timeout(TIME, to_bytes(body, SIZE)).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(_)) => Err(Refusal::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "the body is longer than 64 KiB, or was cut off",
            "send the object that /openapi.json describes",
        )),
        Err(_) => Err(Refusal::new(
            StatusCode::REQUEST_TIMEOUT,
            "the body took longer than 10 s",
            "send it at once",
        )
        .with(header::CONNECTION, "close")),
    }
}

/// A number of items from 1 to `most`.
pub(super) fn limit(asked: Option<u32>, default: u32, most: u32) -> Result<usize, Refusal> {
    match asked.unwrap_or(default) {
        limit if (1..=most).contains(&limit) => Ok(usize::try_from(limit).unwrap_or(usize::MAX)),
        _ => {
            Err(Refusal::bad_request("the limit is out of bounds", format!("ask for 1 to {most}")))
        }
    }
}
