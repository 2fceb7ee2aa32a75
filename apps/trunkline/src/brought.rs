//! The protocols that a program brings with it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use trunkline_actors::handler::Handler;
use trunkline_actors::protocol::{Hosted, Means, Protocol};
use trunkline_config::{ProtocolNameError, ProtocolSettings, Protocols, Settings, SettingsError};

use crate::server::ServeError;

/// Protocols by name: what a file may name, and what serves it then.
#[derive(Clone, Default)]
pub(crate) struct Brought {
    pub(crate) known: Protocols,
    hosts: BTreeMap<String, Arc<dyn Host>>,
}

/// The protocols of listeners, by the listeners' names, each with its own settings.
pub(crate) type Configured = BTreeMap<String, Arc<dyn Host>>;

/// One protocol, whatever its type.
pub(crate) trait Host: Send + Sync {
    /// With these settings.
    fn configure(&self, settings: &ProtocolSettings) -> Result<Arc<dyn Host>, SettingsError>;

    /// What serves a listener.
    fn handler(&self, name: &str, idle: Option<Duration>, means: Arc<Means>) -> Arc<dyn Handler>;
}

struct Hosting<P>(Arc<P>);

impl<P: Protocol> Host for Hosting<P> {
    fn configure(&self, settings: &ProtocolSettings) -> Result<Arc<dyn Host>, SettingsError> {
        Ok(Arc::new(Hosting(Arc::new(self.0.configure(settings)?))))
    }

    fn handler(&self, name: &str, idle: Option<Duration>, means: Arc<Means>) -> Arc<dyn Handler> {
        Arc::new(Hosted::new(name, Arc::clone(&self.0), idle, means))
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

    /// The protocols of the listeners in `settings`, which another program may have read, or at a
    /// time when a protocol found them good.
    pub(crate) fn configure(&self, settings: &Settings) -> Result<Configured, ServeError> {
        let mut configured = Configured::new();
        for (name, listener) in &settings.listeners {
            let trunkline_config::Protocol::Registered { name: protocol, settings } =
                &listener.protocol
            else {
                continue;
            };
            let (listener, protocol) = (name.clone(), protocol.clone());
            let Some(host) = self.hosts.get(&protocol) else {
                return Err(ServeError::Protocol { listener, protocol });
            };
            let host = match settings {
                Some(settings) => host
                    .configure(settings)
                    .map_err(|error| ServeError::Settings { listener: name.clone(), error })?,
                None => Arc::clone(host),
            };
            configured.insert(listener, host);
        }
        Ok(configured)
    }
}
