//! The protocols that a program brings with it.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use crate::mistake::Problem;
use crate::protocol_settings::{ProtocolSettings, SettingsError};
use crate::quote::quote;
use crate::schema::{NAME_RULE, is_name};
use crate::settings::Protocol;

/// Names that are kept for protocols to come, which every program will know.
const RESERVED: [&str; 1] = ["websocket"];

/// Checks what a listener gives its protocol; `None` if it gives nothing.
type Check = dyn Fn(Option<&ProtocolSettings>) -> Result<(), SettingsError> + Send + Sync;

/// The protocols that a file may name beside those that every program knows. Cheap to clone.
///
/// ```
/// # use trunkline_config::{Format, Protocol, Protocols, ProtocolSettings, Source};
/// #[derive(serde::Deserialize)]
/// struct Chat {
///     history: u32,
/// }
///
/// let mut protocols = Protocols::default();
/// let check = |given: Option<&ProtocolSettings>| match given {
///     Some(settings) => settings.read::<Chat>().map(|_| ()),
///     None => Ok(()),
/// };
/// protocols.add("chat", check).expect("a name that is free");
///
/// let text = "[listener.chat]\nbind = '[::1]:0'\nprotocol = 'chat'\nsettings = { history = 100 }";
/// let source = Source::new("chat.toml", Format::Toml, text);
/// let settings = protocols.parse(&source, [], []).expect("a valid file");
/// let Protocol::Registered { settings: Some(given), .. } = &settings.listeners["chat"].protocol
/// else {
///     panic!("chat is registered");
/// };
/// assert_eq!(given.read::<Chat>().expect("checked").history, 100);
/// ```
#[derive(Clone, Default)]
pub struct Protocols {
    checks: BTreeMap<String, Arc<Check>>,
}

impl Protocols {
    /// Adds a protocol. `check` is called for each listener that names it, whenever a file is loaded;
    /// it usually [reads](ProtocolSettings::read) the protocol's own type and drops it.
    ///
    /// # Errors
    /// If the name is not one that a listener could have, if every program knows a protocol of that
    /// name or will know one, or if it was added before.
    pub fn add(
        &mut self,
        name: &str,
        check: impl Fn(Option<&ProtocolSettings>) -> Result<(), SettingsError> + Send + Sync + 'static,
    ) -> Result<(), ProtocolNameError> {
        let problem = |why: &str| Problem::new(format!("the protocol name {} {why}", quote(name)));
        let refused = if !is_name(name) {
            problem("is not a name").remedy(NAME_RULE)
        } else if Protocol::NAMES.contains(&name) {
            problem("is that of a built-in protocol").remedy("choose another name")
        } else if RESERVED.contains(&name) {
            problem("is reserved for a built-in protocol to come").remedy("choose another name")
        } else if self.checks.contains_key(name) {
            problem("is registered already").remedy("register each protocol once, by its own name")
        } else {
            self.checks.insert(name.to_owned(), Arc::new(check));
            return Ok(());
        };
        Err(ProtocolNameError(refused.to_string()))
    }

    /// The names that were added, in alphabetical order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.checks.keys().map(String::as_str)
    }

    /// Whether a protocol of this name was added.
    pub fn contains(&self, name: &str) -> bool {
        self.checks.contains_key(name)
    }

    /// What the protocol of that name says of its settings; nothing if there is no such protocol.
    pub(crate) fn check(
        &self,
        name: &str,
        given: Option<&ProtocolSettings>,
    ) -> Result<(), SettingsError> {
        self.checks.get(name).map_or(Ok(()), |check| check(given))
    }
}

impl fmt::Debug for Protocols {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

/// A name that a protocol cannot have; says why and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProtocolNameError(String);

impl fmt::Display for ProtocolNameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for ProtocolNameError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_protocol_has_a_free_name_of_its_own() {
        let mut protocols = Protocols::default();
        let mut add = |name: &str| protocols.add(name, |_| Ok(())).map_err(|why| why.to_string());
        assert_eq!(add("chat"), Ok(()));
        for (name, why) in [
            ("echo", "is that of a built-in protocol: choose another name"),
            ("forward", "is that of a built-in protocol: choose another name"),
            ("http", "is that of a built-in protocol: choose another name"),
            ("websocket", "is reserved for a built-in protocol to come: choose another name"),
            ("chat", "is registered already: register each protocol once, by its own name"),
            (
                "My Chat",
                "is not a name: write 1 to 63 of a-z, 0-9, \"_\" and \"-\", beginning with a \
                 letter or a digit",
            ),
        ] {
            assert_eq!(add(name), Err(format!("the protocol name \"{name}\" {why}")));
        }
        assert_eq!(protocols.names().collect::<Vec<_>>(), ["chat"]);
    }
}
