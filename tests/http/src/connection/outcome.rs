//! What comes of a script.

use trunkline_actors::http::fields::Version;
use trunkline_actors::http::request::{RequestBody, RequestHead};
use trunkline_actors::http::response::Asked;

/// What came of a script.
#[derive(Debug)]
pub struct Outcome {
    /// What each connection to a backend got.
    pub backends: Vec<Vec<u8>>,
    /// What the client sent.
    pub sent: Vec<u8>,
    /// What the client got.
    pub got: Vec<u8>,
    /// Each request with its answer.
    pub talks: Vec<Talk>,
    /// How the client's connection ended.
    pub end: End,
}

/// How the client's connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It has not.
    Open,
    /// In order.
    Closed,
    /// By force: the client cannot take the last answer for whole.
    Aborted,
    /// Another protocol has it.
    Switched,
}

/// One request and its answer.
#[derive(Debug)]
pub struct Talk {
    /// Which connection to a backend got it, if any has.
    pub backend: Option<usize>,
    /// Where in the client's bytes it starts, and its body.
    pub starts: usize,
    /// Where its body starts; none where its head was refused.
    pub body_starts: Option<usize>,
    /// Up to where it was read.
    pub ends: usize,
    /// All of its body was read.
    pub request_is_whole: bool,
    /// The backend got all of it; else the rest was read for nobody.
    pub backend_has_it: bool,
    /// Its version.
    pub version: Version,
    /// Its line for the backend.
    pub line: String,
    /// Its host.
    pub host: String,
    /// How its body is framed.
    pub body: RequestBody,
    /// What its answer depends on.
    pub asked: Asked,
    /// What the backend said to it.
    pub answer: Vec<u8>,
    /// What the client got.
    pub reply: Reply,
    /// The connection went on after it.
    pub stays: bool,
}

/// What a client got for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    /// Nothing yet, or nothing at all.
    None,
    /// One of ours.
    Ours(u16),
    /// The backend's, all of it.
    Whole(u16),
    /// The backend's, not all of it.
    Broken(u16),
}

impl Talk {
    /// A request that begins at `starts` in what the client sent.
    pub(super) fn of(head: &RequestHead<'_, '_>, starts: usize) -> Self {
        Self {
            body_starts: Some(starts + head.length),
            ends: starts + head.length,
            version: head.version,
            line: format!("{} {} HTTP/1.1", head.method, head.path),
            host: head.host.to_owned(),
            body: head.body,
            asked: Asked { head: head.method == "HEAD", upgrade: head.upgrade.is_some() },
            ..Self::refused(starts)
        }
    }

    /// What is no request.
    pub(super) fn refused(starts: usize) -> Self {
        Self {
            backend: None,
            starts,
            body_starts: None,
            ends: starts,
            request_is_whole: false,
            backend_has_it: false,
            version: Version::Http11,
            line: String::new(),
            host: String::new(),
            body: RequestBody::None,
            asked: Asked { head: false, upgrade: false },
            answer: Vec::new(),
            reply: Reply::None,
            stays: false,
        }
    }

    /// The backend got all of it, or not.
    pub(super) fn note_whole(&mut self, is_whole: bool) {
        (self.request_is_whole, self.backend_has_it) = (is_whole, is_whole);
    }

    /// It was told that the connection stays, but did not send the rest of a body that nobody wants.
    pub(super) fn stays_unread(&self) -> bool {
        matches!(self.reply, Reply::Ours(_)) && !self.request_is_whole
    }
}
