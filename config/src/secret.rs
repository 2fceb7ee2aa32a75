//! Texts that are never shown.

use std::fmt;

use config::ValueKind;
use serde::Deserialize;

use crate::mistake::Problem;

/// Characters that a key has at least. Of 32 random ones even hexadecimal digits are 128 bits.
const LEAST: usize = 32;

/// A text that no log and no error shows: a key.
///
/// ```
/// let settings = "listener.web = { bind = '[::1]:8080', pool = 'web' }
/// pool.web = { backends = ['[::1]:80'], sticky = { cookie = 'b', key = '0123456789abcdef0123456789abcdef' } }";
/// let file = trunkline_config::Source::new("demo", trunkline_config::Format::Toml, settings);
/// let settings = trunkline_config::parse(&file, [], []).expect("valid");
/// let key = settings.pools["web"].sticky.as_ref().and_then(|sticky| sticky.key.as_ref());
/// assert_eq!(format!("{key:?}"), "Some(Secret(…))");
/// assert_eq!(key.map(|key| key.expose().len()), Some(32));
/// ```
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct Secret(String);

impl Secret {
    /// The text itself, for what it is the key of.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// Without the text and its length.
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

pub(crate) fn describe() -> String {
    format!("a text of at least {LEAST} characters")
}

/// The text. What is said of a mistaken one does not quote it.
pub(crate) fn check(value: &ValueKind) -> Result<ValueKind, Problem> {
    let write = || format!("write {} in quotes, the same for all replicas", describe());
    let ValueKind::String(text) = value else {
        return Err(Problem::new("is not a text").remedy(write()));
    };
    let length = text.chars().count();
    if length < LEAST {
        return Err(Problem::new(format!("has only {length} characters")).remedy(write()));
    }
    Ok(text.as_str().into())
}
