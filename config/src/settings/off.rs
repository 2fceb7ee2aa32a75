//! Numbers that may be `off`.

use serde::{Deserialize, Deserializer};

/// For serde: a number, or `off` as `None`. The schema has checked that it is one of the two.
///
/// # Errors
/// If the value is neither a number nor a text.
pub(super) fn or_off<'de, D, T>(from: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written<T> {
        Number(T),
        Off(#[expect(dead_code, reason = "it can only be off")] String),
    }
    Ok(match Written::deserialize(from)? {
        Written::Number(number) => Some(number),
        Written::Off(_) => None,
    })
}
