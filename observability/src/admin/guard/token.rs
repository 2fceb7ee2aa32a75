//! The rule of the token.

use std::fmt;

use axum::http::{HeaderMap, StatusCode, header};
use ctutils::CtEq;

use super::super::refusal::Refusal;

/// What whoever uses the API has to know (RFC 6750, section 2.1). Never shown.
#[derive(Clone)]
pub struct Token(Box<[u8]>);

impl Token {
    /// The token of this text, which the configuration has found long enough.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.as_bytes().into())
    }

    /// Whether a request brings it. How long this takes says nothing but the length of what was
    /// brought.
    ///
    /// # Errors
    /// Where it does not.
    pub(super) fn check(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let mut fields = headers.get_all(header::AUTHORIZATION).iter();
        let brought = match (fields.next(), fields.next()) {
            (Some(field), None) => bearer(field.as_bytes()),
            (_, _) => None,
        };
        if brought.is_some_and(|brought| brought.ct_eq(&*self.0).to_bool()) {
            return Ok(());
        }
        let refusal = Refusal::new(
            StatusCode::UNAUTHORIZED,
            "the request does not bring the token",
            "send Authorization: Bearer TOKEN, with the token of admin.token_file or admin.token",
        );
        Err(refusal.with(header::WWW_AUTHENTICATE, "Bearer realm=\"trunkline\""))
    }
}

fn bearer(field: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = field.split_at_checked(b"bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"bearer ").then(|| token.trim_ascii())
}

/// Without the text and its length.
impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}
