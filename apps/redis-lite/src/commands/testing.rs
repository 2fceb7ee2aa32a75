//! A server without a socket, for tests: commands as they are typed, answers as they are sent.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use bytes::{Bytes, BytesMut};
use fastrand::Rng;
use tokio::time::Instant;

use crate::channels::{Channels, Published};
use crate::resp::{Answer, Request};
use crate::server::Server;
use crate::session::Session;

/// Channels that one client hears, and what was published.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    pub(crate) joined: BTreeSet<Bytes>,
    pub(crate) published: Vec<Published>,
}

impl Channels for Heard {
    fn join(&mut self, channel: &Bytes) {
        assert!(self.joined.insert(channel.clone()), "joined twice");
    }

    fn leave(&mut self, channel: &Bytes) {
        assert!(self.joined.remove(channel), "left, but not joined");
    }

    fn publish(&mut self, message: Published) -> u64 {
        let receivers = u64::from(self.joined.contains(&message.channel));
        self.published.push(message);
        receivers
    }
}

/// One client of a server, at a time of the test's choice.
pub(crate) struct Client {
    pub(crate) server: Server,
    pub(crate) session: Session,
    pub(crate) channels: Heard,
    pub(crate) now: Instant,
}

impl Client {
    pub(crate) fn new() -> Self {
        let now = Instant::now();
        Self {
            server: Server::new(now, SystemTime::UNIX_EPOCH),
            session: Session::new(7, Rng::with_seed(1)),
            channels: Heard::default(),
            now,
        }
    }

    pub(crate) fn with_max_keys(max_keys: usize) -> Self {
        let client = Self::new();
        Self { server: client.server.limited(max_keys), ..client }
    }

    /// Lets time pass.
    pub(crate) fn pass(&mut self, time: Duration) {
        self.now += time;
    }

    pub(crate) fn send(&mut self, arguments: &[&[u8]]) -> Answer {
        let request: Request = arguments.iter().collect();
        self.server.execute(&request, &mut self.session, &mut self.channels, self.now)
    }

    /// Executes a command whose arguments have no spaces in them, and writes the answer with
    /// spaces for line breaks.
    pub(crate) fn ask(&mut self, line: &str) -> String {
        let arguments: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
        let mut wire = BytesMut::new();
        self.send(&arguments).write(&mut wire);
        String::from_utf8_lossy(&wire).trim_end().replace("\r\n", " ")
    }

    /// Executes commands one after the other, and compares each answer.
    pub(crate) fn expect(&mut self, dialogue: &[(&str, &str)]) {
        for (line, answer) in dialogue {
            assert_eq!(self.ask(line), *answer, "{line}");
        }
    }
}
