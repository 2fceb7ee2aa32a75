//! Who hears which channel: a group of connections for each, made when the first subscribes and
//! gone with the last.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use trunkline::Recipient;
use trunkline::group::{Group, Membership, Slow};

use crate::channels::{Channels, Published};

/// The channels of the server. Cheap to clone: all clones are the same channels.
#[derive(Debug, Clone, Default)]
pub struct Hub {
    groups: Arc<Mutex<HashMap<Bytes, Group<Published>>>>,
}

/// One connection hears one channel for as long as this is there: to its end, or until its handler
/// crashes.
struct Hearing {
    hub: Hub,
    channel: Bytes,
    membership: Option<Membership>,
}

impl Hub {
    fn join(&self, channel: &Bytes, who: Recipient<Published>) -> Hearing {
        let mut groups = self.groups.lock();
        let name = || channel.escape_ascii().to_string();
        let group = groups.entry(channel.clone()).or_insert_with(|| Group::new(name()));
        // Without a limit of its own a group is never full.
        let membership = group.join(who).ok();
        Hearing { hub: self.clone(), channel: channel.clone(), membership }
    }

    /// Sends a message to all who hear its channel; how many took it. One whose inbox is full is
    /// disconnected, as redis does: what it missed it would never learn of.
    pub fn publish(&self, message: Published) -> u64 {
        let group = self.groups.lock().get(&message.channel).cloned();
        group.map_or(0, |group| group.broadcast(message, Slow::Disconnect).delivered)
    }

    /// How many channels somebody hears.
    #[must_use]
    pub fn channels(&self) -> usize {
        self.groups.lock().len()
    }
}

impl Drop for Hearing {
    fn drop(&mut self) {
        drop(self.membership.take());
        // Found empty and removed under one lock, as whoever joins does so under it. What is removed
        // is dropped after it: all channels share the lock.
        let _unheard = {
            let mut groups = self.hub.groups.lock();
            let unheard = groups.get(&self.channel).is_some_and(|group| group.members() == 0);
            unheard.then(|| groups.remove_entry(&self.channel)).flatten()
        };
    }
}

/// The channels that one connection hears.
#[derive(Default)]
pub(crate) struct Heard {
    hearing: HashMap<Bytes, Hearing>,
}

/// The channels as one connection sees them while it executes a command.
pub(crate) struct Ear<'a> {
    pub(crate) hub: &'a Hub,
    pub(crate) heard: &'a mut Heard,
    /// The connection.
    pub(crate) who: &'a dyn Fn() -> Recipient<Published>,
}

impl Channels for Ear<'_> {
    fn join(&mut self, channel: &Bytes) {
        let hearing = self.hub.join(channel, (self.who)());
        self.heard.hearing.insert(channel.clone(), hearing);
    }

    fn leave(&mut self, channel: &Bytes) {
        self.heard.hearing.remove(channel);
    }

    fn publish(&mut self, message: Published) -> u64 {
        self.hub.publish(message)
    }
}
