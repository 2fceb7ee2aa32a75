//! The settings of a protocol that a program brings with it: a table of any shape, until the
//! protocol's own type reads it.
//!
//! | module | what it does |
//! |---|---|
//! | `free` | the table as it was merged |
//! | `reader` | gives it to serde, and keeps the path of what is being read |
//! | `word` | texts of the environment, which become what the type asks for |
//! | `refusal` | what serde says of a value, in the words of this crate |
//! | `ledger` | every mistake, where serde alone stops at the first |
//! | `error` | the mistakes as one error |
//!
//! `serde_path_to_error` and `serde_ignored` do a part of this around any deserializer. One of our
//! own is needed for the texts of the environment anyway, and knows more: the keys that a type reads,
//! and the path through the variants of an enum.

mod error;
mod free;
mod ledger;
mod reader;
mod refusal;
mod word;

use std::cell::RefCell;
use std::fmt;

use config::Value;
use serde::de::DeserializeOwned;

use crate::layers::Layers;
use crate::path::Path;
pub use error::SettingsError;
use free::Free;
use ledger::Ledger;
use reader::Reader;

/// The table `settings` of a listener, for the protocol's own type to read.
///
/// The default is an empty table.
#[derive(Clone, PartialEq)]
pub struct ProtocolSettings {
    table: Free,
}

impl Default for ProtocolSettings {
    fn default() -> Self {
        Self { table: Free::empty() }
    }
}

impl ProtocolSettings {
    /// A merged table at its path.
    pub(crate) fn new(table: &Value, path: &Path, layers: &Layers<'_>) -> Self {
        Self { table: Free::of(table, &mut path.clone(), layers) }
    }

    /// Reads the table.
    ///
    /// A key that the type does not know is refused, whether or not the type says
    /// `deny_unknown_fields`. Only below `#[serde(flatten)]`, `untagged` and `tag` serde looks at the
    /// values before the type does: there a type has to say it, and a mistake has the place of the
    /// table.
    ///
    /// A text from the environment becomes a number or a boolean where the type asks for one. Below
    /// those three attributes it becomes what it reads as.
    ///
    /// # Errors
    /// All mistakes that can be told from one another: of several keys that are missing in one table
    /// only the first.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, SettingsError> {
        let ledger = RefCell::new(Ledger::default());
        loop {
            let read = T::deserialize(Reader::root(&self.table, &ledger));
            let mut ledger = ledger.borrow_mut();
            match read {
                Ok(value) => return ledger.conclude().map(|()| value),
                Err(refusal) => {
                    if ledger.enter(refusal).is_break() {
                        return Err(ledger.error());
                    }
                }
            }
        }
    }
}

/// Keys only: a value may be a secret.
impl fmt::Debug for ProtocolSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProtocolSettings")?;
        f.debug_set().entries(self.table.keys()).finish()
    }
}

#[cfg(test)]
mod tests;
