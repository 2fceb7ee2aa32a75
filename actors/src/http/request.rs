//! The head of a request: read strictly, written anew for the backend (RFC 9110, RFC 9112).
//!
//! `httparse` finds the parts. What it lets through is refused here: line feeds alone, several
//! empty lines in front, bytes in the target that are not ASCII; and what only all fields together
//! show: a host that is missing or doubled, a body that is framed twice.

mod marks;
mod scan;
mod survey;
#[cfg(test)]
mod tests;
mod write;

use std::mem::MaybeUninit;

use httparse::{Header, Status};
use trunkline_observability::trace::w3c;
use trunkline_runtime::trace::TraceContext;

use self::survey::Survey;
use super::fields::Version;
use super::limits::{HeadLimits, MOST_FIELDS};
use super::refusal::Refusal;
use super::target::{Authority, Target};

pub(super) use self::marks::Marks;
pub(super) use self::scan::is_token;
pub use self::write::{Onward, OnwardTrace};

/// Room for the fields of a head: `[const { MaybeUninit::uninit() }; MOST_FIELDS]`. It is filled
/// as far as there are fields, so that 8 KiB need not be cleared for each request.
pub type Storage<'b> = [MaybeUninit<Header<'b>>; MOST_FIELDS];

const TRACEPARENT: &str = "traceparent";

/// How the body of a request is framed (RFC 9112 §6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestBody {
    /// Not at all: there is none.
    None,
    /// So many bytes. A length of 0 was stated and is passed on: a server may want one with POST.
    Length(u64),
    /// In chunks.
    Chunked,
}

/// The head of a request that may be served.
#[derive(Debug)]
pub struct RequestHead<'h, 'b> {
    /// Bytes of it in the input, with the empty line before it and the one that ends it.
    pub length: usize,
    /// The method, as sent: methods are case-sensitive.
    pub method: &'b str,
    /// The target, as sent.
    pub target: &'b str,
    /// Path and query. `/` where a URI has none; `*` of OPTIONS.
    pub path: &'b str,
    /// The host, and the port if one is named, as `Host` has it; without a `Host` in HTTP/1.0 that
    /// of the target, or `""`.
    pub host: &'b str,
    /// The client's version.
    pub version: Version,
    /// How the body is framed.
    pub body: RequestBody,
    /// Whether the client wants to keep the connection (RFC 9112 §9.3).
    pub persistent: bool,
    /// Whether the client waits for a 100 before it sends the body. Never without a body, nor in
    /// HTTP/1.0.
    pub expects_continue: bool,
    /// What the client offers to switch to (RFC 9110 §7.8). Never HTTP/2.
    pub upgrade: Option<&'b [u8]>,
    /// All fields, those included that are not passed on.
    pub fields: &'h [Header<'b>],
    /// The head's bytes from the request line on.
    bytes: &'b [u8],
    has_host: bool,
    dropped: Marks,
    chain: Marks,
    told: Marks,
    traced: Marks,
}

impl<'h, 'b> RequestHead<'h, 'b> {
    /// Reads the head at the start of `bytes`. `None`: it is not whole yet, and nothing is wrong so
    /// far.
    ///
    /// Reads from the start at each call. After a `None` one should call again only when
    /// [`has_end`] says so, or when `limits.size` bytes are there: then a client that sends byte by
    /// byte costs no more than any other. The result is the same however the bytes are cut.
    ///
    /// # Errors
    /// What is wrong with it: the first violation of the grammar, even before the end is there;
    /// then what the request line and the fields as a whole do wrong.
    pub fn parse(
        bytes: &'b [u8],
        storage: &'h mut Storage<'b>,
        limits: &HeadLimits,
    ) -> Result<Option<Self>, Refusal> {
        // What is beyond the limit is not looked at: else an end found there would be an answer to
        // whoever sends all at once, and a refusal to whoever sends slowly.
        let (bytes, is_full) = match bytes.get(..limits.size) {
            Some(bytes) => (bytes, true),
            None => (bytes, false),
        };
        let wanted = || if is_full { Err(Refusal::HeadTooLong) } else { Ok(None) };
        let Some(start) = scan::skip_empty_line(bytes)? else {
            return wanted();
        };
        let line = bytes.get(start..).unwrap_or_default();
        let most = limits.fields.min(MOST_FIELDS);
        let violation = || scan::first_violation(line, most);

        let mut request = httparse::Request::new(&mut []);
        let room = storage.get_mut(..most).unwrap_or_default();
        let length = match request.parse_with_uninit_headers(line, room) {
            Ok(Status::Complete(length)) => length,
            Ok(Status::Partial) => return violation().map_or_else(wanted, Err),
            Err(_) => return Err(violation().unwrap_or(Refusal::BadHead)),
        };
        let fields: &'h [Header<'b>] = request.headers;
        let (Some(head), Some(method), Some(target)) =
            (line.get(..length), request.method, request.path)
        else {
            return Err(Refusal::BadHead);
        };
        if !lines_end_in_crlf(head, fields) || !target.bytes().all(scan::is_target) {
            return Err(violation().unwrap_or(Refusal::BadHead));
        }
        let version = if request.version == Some(0) { Version::Http10 } else { Version::Http11 };
        let form = Target::read(method, target)?;
        let survey = Survey::of(fields, version)?;
        let (host, path) = host_and_path(&form, target, survey.host, version)?;
        Ok(Some(Self {
            length: start + length,
            method,
            target,
            path,
            host,
            version,
            body: match (survey.chunked, survey.length) {
                (true, _) => RequestBody::Chunked,
                (false, Some(length)) => RequestBody::Length(length),
                (false, None) => RequestBody::None,
            },
            persistent: match version {
                Version::Http10 => survey.options.keep_alive && !survey.options.close,
                Version::Http11 => !survey.options.close,
            },
            expects_continue: survey.expects_continue,
            upgrade: survey.upgrade,
            fields,
            bytes: head,
            has_host: survey.host.is_some(),
            dropped: survey.dropped,
            chain: survey.chain,
            told: survey.told,
            traced: survey.traced,
        }))
    }

    /// Whether the request may be sent a second time without the client's doing: its method is
    /// idempotent (RFC 9110 §9.2.2).
    #[must_use]
    pub fn may_be_repeated(&self) -> bool {
        matches!(self.method, "GET" | "HEAD" | "PUT" | "DELETE" | "OPTIONS" | "TRACE")
    }

    /// The values of some fields, by their places.
    pub(super) fn values(&self, places: Marks) -> impl Iterator<Item = &Header<'b>> {
        places.iter().filter_map(|place| self.fields.get(place))
    }

    /// The trace that the request says it belongs to; none where it names two.
    #[must_use]
    pub fn trace(&self) -> Option<TraceContext> {
        let is_parent = |field: &&Header<'b>| field.name.eq_ignore_ascii_case(TRACEPARENT);
        let mut parents = self.values(self.traced).filter(is_parent);
        let parent = parents.next()?;
        parents.next().is_none().then(|| w3c::parse(parent.value))?
    }

    /// `X-Forwarded-For` and `Forwarded`, as they came.
    pub(super) fn chain(&self) -> Marks {
        self.chain
    }

    /// All other `X-Forwarded-*`, as they came.
    pub(super) fn told(&self) -> Marks {
        self.told
    }
}

/// Whether a whole head may be there, or one that is certainly bad: then it is worth to parse. A
/// caller that has been here with fewer bytes passes as `from` how many they were; so each byte is
/// looked at once.
#[must_use]
pub fn has_end(bytes: &[u8], from: usize) -> bool {
    let fresh = bytes.get(from..).unwrap_or_default();
    memchr::memchr2_iter(b'\n', 0, fresh).any(|found| {
        let before = bytes.get(..=from + found).unwrap_or_default();
        // Else it is the end of a line, as there will be many.
        !before.ends_with(b"\r\n") || before.ends_with(b"\r\n\r\n")
    })
}

/// Whether each line of a whole head ends in CRLF, of which `httparse` wants only the LF.
fn lines_end_in_crlf(head: &[u8], fields: &[Header<'_>]) -> bool {
    let ends_before = |start: usize| {
        start.checked_sub(2).and_then(|at| head.get(at)).is_some_and(|byte| *byte == b'\r')
    };
    head.ends_with(b"\r\n")
        && ends_before(head.len() - 2)
        && fields.iter().all(|field| ends_before(offset(head, field.name)))
}

/// Where `part` of `head` begins in it.
fn offset(head: &[u8], part: &str) -> usize {
    part.as_ptr().addr().wrapping_sub(head.as_ptr().addr())
}

fn host_and_path<'b>(
    form: &Target<'b>,
    target: &'b str,
    host: Option<&'b [u8]>,
    version: Version,
) -> Result<(&'b str, &'b str), Refusal> {
    let host = match host {
        Some(value) => Some(Authority::read(value).ok_or(Refusal::BadHost)?),
        None if version == Version::Http11 => return Err(Refusal::NoHost),
        None => None,
    };
    match (form, host) {
        (Target::Absolute { authority, .. }, Some(host)) if !authority.is_same(&host) => {
            Err(Refusal::OtherHost)
        }
        (Target::Absolute { authority, path }, host) => {
            Ok((host.map_or(authority.text, |host| host.text), path))
        }
        (Target::Origin | Target::Asterisk, host) => {
            Ok((host.map_or("", |host| host.text), target))
        }
    }
}
