//! Errors: what is wrong, and what to do instead.

use std::borrow::Cow;

use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::operations::OrderError;

/// An answer that is none: `{"error": …, "do": …}` with its status.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    error: Cow<'static, str>,
    remedy: Cow<'static, str>,
    field: Option<(HeaderName, &'static str)>,
}

impl Refusal {
    pub(super) fn new(
        status: StatusCode,
        error: impl Into<Cow<'static, str>>,
        remedy: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { status, error: error.into(), remedy: remedy.into(), field: None }
    }

    pub(super) fn bad_request(
        error: impl Into<Cow<'static, str>>,
        remedy: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error, remedy)
    }

    pub(super) fn not_found(
        error: impl Into<Cow<'static, str>>,
        remedy: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::new(StatusCode::NOT_FOUND, error, remedy)
    }

    /// With a field that goes with the status.
    pub(super) fn with(mut self, name: HeaderName, value: &'static str) -> Self {
        self.field = Some((name, value));
        self
    }

    #[cfg(test)]
    pub(super) fn status(&self) -> StatusCode {
        self.status
    }
}

impl From<OrderError> for Refusal {
    fn from(error: OrderError) -> Self {
        let (status, error, remedy) = match error {
            OrderError::NotFound(error, remedy) => (StatusCode::NOT_FOUND, error, remedy),
            OrderError::Mistaken(error, remedy) => (StatusCode::BAD_REQUEST, error, remedy),
            OrderError::Conflict(error, remedy) => (StatusCode::CONFLICT, error, remedy),
            OrderError::Unavailable(error, remedy) => {
                (StatusCode::SERVICE_UNAVAILABLE, error, remedy)
            }
        };
        Self::new(status, error, remedy)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self { status, error, remedy, field } = self;
        let mut response = (status, Json(json!({ "error": error, "do": remedy }))).into_response();
        let field = field.map(|(name, value)| (name, HeaderValue::from_static(value)));
        response.headers_mut().extend(field);
        response
    }
}
