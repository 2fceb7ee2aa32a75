//! The protocols that a program brings with it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use trunkline_actors::handler::Handler;
use trunkline_actors::protocol::{Hosted, Means, Protocol};
use trunkline_config::{
    Listener, ProtocolNameError, ProtocolSettings, Protocols, Settings, SettingsError,
};

/// Protocols by name: what a file may name, and what serves it then.
#[derive(Clone, Default)]
pub(crate) struct Brought {
    pub(crate) known: Protocols,
    hosts: BTreeMap<String, Arc<dyn Host>>,
}

/// Makes handlers of one protocol.
trait Host: Send + Sync {
    fn handler(&self, ask: Ask<'_>) -> Result<Arc<dyn Handler>, SettingsError>;
}

/// What a handler is made of.
pub(crate) struct Ask<'a> {
    pub(crate) name: &'a str,
    pub(crate) settings: Option<&'a ProtocolSettings>,
    pub(crate) idle: Option<Duration>,
    pub(crate) means: Arc<Means>,
}

struct Hosting<P>(Arc<P>);

impl<P: Protocol> Host for Hosting<P> {
    fn handler(&self, ask: Ask<'_>) -> Result<Arc<dyn Handler>, SettingsError> {
        let protocol = match ask.settings {
            Some(settings) => Arc::new(self.0.configure(settings)?),
            None => Arc::clone(&self.0),
        };
        Ok(Arc::new(Hosted::new(ask.name, protocol, ask.idle, ask.means)))
    }
}

impl Brought {
    pub(crate) fn add<P: Protocol>(
        &mut self,
        name: &str,
        protocol: P,
    ) -> Result<(), ProtocolNameError> {
        let protocol = Arc::new(protocol);
        let checked = Arc::clone(&protocol);
        self.known.add(name, move |settings| match settings {
            Some(settings) => checked.configure(settings).map(drop),
            None => Ok(()),
        })?;
        self.hosts.insert(name.to_owned(), Arc::new(Hosting(protocol)));
        Ok(())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.hosts.is_empty()
    }

    /// What serves a listener of the protocol that `ask` names; none where it is not brought.
    pub(crate) fn handler(&self, ask: Ask<'_>) -> Option<Result<Arc<dyn Handler>, SettingsError>> {
        self.hosts.get(ask.name).map(|host| host.handler(ask))
    }

    /// The first listener whose protocol is not brought: its settings were read for another
    /// program.
    pub(crate) fn missing<'s>(&self, settings: &'s Settings) -> Option<(&'s str, &'s str)> {
        settings.listeners.iter().find_map(|(listener, Listener { protocol, .. })| match protocol {
            trunkline_config::Protocol::Registered { name, .. }
                if !self.hosts.contains_key(name) =>
            {
                Some((listener.as_str(), name.as_str()))
            }
            trunkline_config::Protocol::Registered { .. }
            | trunkline_config::Protocol::Forward { .. }
            | trunkline_config::Protocol::Echo => None,
        })
    }
}
