//! Texts that are never shown.

use std::fmt;

use config::ValueKind;
use serde::Deserialize;

use crate::mistake::Problem;

/// A text that no log and no error shows: a key, a token.
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

/// What a secret text is like. What is said of a mistaken one does not quote it.
#[derive(Debug)]
pub(crate) struct SecretRule {
    /// What is accepted, as a noun.
    pub(crate) describe: &'static str,
    /// The same after "write", with what else there is to know.
    write: &'static str,
    /// Characters that it has at least.
    least: usize,
    fits: fn(&str) -> bool,
    /// What is wrong with one that does not fit.
    misfit: &'static str,
}

/// What cookies are signed with. Of 32 random characters even hexadecimal digits are 128 bits.
pub(crate) static KEY: SecretRule = SecretRule {
    describe: "a text of at least 32 characters",
    write: "a text of at least 32 characters in quotes, the same for all replicas",
    least: 32,
    fits: |_| true,
    misfit: "",
};

/// What a header field can carry beside a word (RFC 6750, section 2.1, asks for less). It is guessed
/// over a network, not in a file that was taken home, so half of a key is enough.
pub(crate) static TOKEN: SecretRule = SecretRule {
    describe: "a text of at least 16 letters, digits and signs of ASCII",
    write: "a text of at least 16 letters, digits and signs of ASCII in quotes",
    least: 16,
    fits: |text| text.bytes().all(|byte| byte.is_ascii_graphic()),
    misfit: "has spaces, or characters beyond ASCII",
};

/// The value of a header field: what stands around it would not be part of it (RFC 9110, section 5.5).
pub(crate) static FIELD: SecretRule = SecretRule {
    describe: "the value of a header field, in visible ASCII",
    write: "the value of a header field in quotes, in visible ASCII without spaces around it",
    least: 1,
    fits: |text| text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) && text.trim() == text,
    misfit: "has spaces around it, or characters beyond visible ASCII",
};

impl SecretRule {
    /// The text.
    ///
    /// # Errors
    /// If the value is no such text.
    pub(crate) fn check(&self, value: &ValueKind) -> Result<ValueKind, Problem> {
        let ValueKind::String(text) = value else {
            return Err(self.refuse("is not a text"));
        };
        self.read(text).map(|Secret(text)| text.into())
    }

    /// The secret that a text is.
    ///
    /// # Errors
    /// If it is too short, or has characters that it cannot have.
    pub(crate) fn read(&self, text: &str) -> Result<Secret, Problem> {
        let length = text.chars().count();
        if length == 0 {
            return Err(self.refuse("is empty"));
        }
        if length < self.least {
            return Err(self.refuse(format!("has only {length} characters")));
        }
        if !(self.fits)(text) {
            return Err(self.refuse(self.misfit));
        }
        Ok(Secret(text.to_owned()))
    }

    fn refuse(&self, message: impl Into<String>) -> Problem {
        Problem::new(message).remedy(format!("write {}", self.write))
    }
}
