//! The head of an answer: read strictly, written anew for the client.

use std::mem::MaybeUninit;

use httparse::{Header, ParserConfig, Response, Status};

use super::fields::{self, Coding, Options, Version, is_hop_by_hop};
use super::limits::{HeadLimits, MOST_FIELDS};
use super::refusal::BadAnswer;

/// What must be known of the request to read its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// Its method was HEAD: the answer has no body, whatever its fields say.
    pub head: bool,
    /// It asked for an upgrade, and that was passed on.
    pub upgrade: bool,
}

/// How the backend frames the body (RFC 9112 §6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerBody {
    /// There is none: to HEAD, and with 1xx, 204 and 304.
    None,
    /// So many bytes.
    Length(u64),
    /// Chunks.
    Chunked,
    /// All that comes until the backend closes.
    UntilClose,
}

/// How the client gets the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// As the backend frames it.
    AsItIs,
    /// In chunks of ours, since the backend's body ends with its connection.
    Chunked,
    /// Until we close: the client is of HTTP/1.0 and no length is known.
    UntilClose,
}

/// The framing for a client. [`Framing::UntilClose`] means that its connection has to end after the
/// body, and nothing else does.
#[must_use]
pub fn framing(body: AnswerBody, client: Version) -> Framing {
    match (body, client) {
        (AnswerBody::None | AnswerBody::Length(_), _) | (AnswerBody::Chunked, Version::Http11) => {
            Framing::AsItIs
        }
        (AnswerBody::UntilClose, Version::Http11) => Framing::Chunked,
        (AnswerBody::Chunked | AnswerBody::UntilClose, Version::Http10) => Framing::UntilClose,
    }
}

/// What the client is told of its connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connection {
    /// Nothing: it stays. For clients of HTTP/1.1 only.
    Silent,
    /// It ends after this answer.
    Close,
    /// It stays, to a client of HTTP/1.0 that asked for it.
    KeepAlive,
    /// It is another protocol's from here on: for a 101.
    Upgrade,
}

/// How an answer goes on to the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Onward<'a> {
    /// See [`framing`].
    pub framing: Framing,
    /// What stands in `Connection`.
    pub connection: Connection,
    /// Whole lines of fields of our own.
    pub also: &'a [u8],
}

/// The head of an answer. All of it borrows from the input.
#[derive(Debug)]
pub struct ResponseHead<'h, 'b> {
    /// Its bytes in the input, the empty line included.
    pub length: usize,
    /// 100 to 599.
    pub status: u16,
    /// The reason phrase, as sent; perhaps empty, perhaps not UTF-8.
    pub reason: &'b [u8],
    /// The backend's version.
    pub version: Version,
    /// What follows the head.
    pub body: AnswerBody,
    /// Whether the backend's connection serves another request after the body.
    pub persistent: bool,
    /// All fields, as sent and in their order.
    pub fields: &'h [Header<'b>],
    head: &'b [u8],
    options: Options,
}

impl<'h, 'b> ResponseHead<'h, 'b> {
    /// Reads the head at the start of `bytes`; `Ok(None)` wants more of them. It makes no difference
    /// in how many pieces they come.
    ///
    /// Taken although the grammar wants it otherwise: a status line that ends right after the status.
    /// Nothing can be read into it, and what goes on has the space.
    ///
    /// # Errors
    /// For whatever RFC 9112 does not allow, and what we do not understand.
    pub fn parse(
        bytes: &'b [u8],
        storage: &'h mut [MaybeUninit<Header<'b>>; MOST_FIELDS],
        limits: &HeadLimits,
        asked: &Asked,
    ) -> Result<Option<Self>, BadAnswer> {
        let within = &bytes[..bytes.len().min(limits.size)];
        // The parser would skip empty lines: after an answer, they belong to nothing.
        if within.first().is_some_and(|byte| *byte != b'H') {
            return Err(BadAnswer::BadHead);
        }
        let mut response = Response::new(&mut []);
        let room = &mut storage[..limits.fields.min(MOST_FIELDS)];
        let read = ParserConfig::default()
            .parse_response_with_uninit_headers(&mut response, within, room)
            .map_err(fault)?;
        let length = match read {
            Status::Complete(length) => length,
            Status::Partial if bytes.len() >= limits.size => return Err(BadAnswer::HeadTooLong),
            Status::Partial => return Ok(None),
        };
        let fields: &'h [Header<'b>] = response.headers;
        let head = &within[..length];
        require_crlf(head, fields)?;

        let status = response.code.ok_or(BadAnswer::BadHead)?;
        if !(100..=599).contains(&status) {
            return Err(BadAnswer::BadStatus);
        }
        let version = match response.version {
            Some(1) => Version::Http11,
            Some(0) => Version::Http10,
            Some(_) | None => return Err(BadAnswer::BadVersion),
        };
        if status == 101 {
            require_asked(fields, version, asked)?;
        }
        let body = body(fields, status, version, asked)?;
        let options = Options::of(fields);
        let persistent = match version {
            Version::Http11 => !options.close,
            Version::Http10 => options.keep_alive && !options.close,
        };
        Ok(Some(Self {
            length,
            status,
            reason: head.get(13..first_line(head, fields) - 2).unwrap_or_default(),
            version,
            body,
            persistent: persistent && body != AnswerBody::UntilClose && status != 101,
            fields,
            head,
            options,
        }))
    }

    /// Whether another answer to the same request follows (RFC 9110 §15.2): 1xx but 101. A client of
    /// HTTP/1.0 must not be sent it.
    #[must_use]
    pub fn is_interim(&self) -> bool {
        (100..200).contains(&self.status) && self.status != 101
    }

    /// Appends the head for the client: as HTTP/1.1, with the end-to-end fields as they were sent and
    /// in their order.
    pub fn write(&self, to: &mut Vec<u8>, onward: &Onward<'_>) {
        to.reserve(self.head.len() + 64);
        to.extend_from_slice(b"HTTP/1.1");
        let fields = first_line(self.head, self.fields);
        // What stays is copied in runs of lines: from here to the next line that goes.
        let mut run = b"HTTP/1.1".len();
        if fields == b"HTTP/1.1 200\r\n".len() {
            to.extend_from_slice(&self.head[run..fields - 2]);
            to.push(b' ');
            run = fields - 2;
        }
        for (index, field) in self.fields.iter().enumerate() {
            if self.ends_here(field, onward) {
                to.extend_from_slice(&self.head[run..place(self.head, field)]);
                run = first_line(self.head, &self.fields[index + 1..]);
            }
        }
        to.extend_from_slice(&self.head[run..self.head.len() - 2]);
        if onward.framing == Framing::Chunked && self.body == AnswerBody::UntilClose {
            to.extend_from_slice(b"Transfer-Encoding: chunked\r\n");
        }
        to.extend_from_slice(onward.also);
        to.extend_from_slice(match onward.connection {
            Connection::Silent => b"\r\n",
            Connection::Close => b"Connection: close\r\n\r\n",
            Connection::KeepAlive => b"Connection: keep-alive\r\n\r\n",
            Connection::Upgrade => b"Connection: Upgrade\r\n\r\n",
        });
    }

    fn ends_here(&self, field: &Header<'_>, onward: &Onward<'_>) -> bool {
        let name = field.name;
        if is_hop_by_hop(name) {
            let stays = if name.eq_ignore_ascii_case("transfer-encoding") {
                self.keeps_coding(onward)
            } else {
                name.eq_ignore_ascii_case("upgrade") && onward.connection == Connection::Upgrade
            };
            return !stays;
        }
        if name.eq_ignore_ascii_case("content-length") {
            // RFC 9110 §8.6: neither may have it.
            return self.status < 200 || self.status == 204;
        }
        self.options.names(self.fields, name)
    }

    fn keeps_coding(&self, onward: &Onward<'_>) -> bool {
        onward.framing == Framing::AsItIs
            && match self.body {
                AnswerBody::Chunked => true,
                // To HEAD and with 304 it may be left out (RFC 9112 §6.1), and a client of HTTP/1.0
                // must not see it. `Silent` is what only one of HTTP/1.1 is told.
                AnswerBody::None => onward.connection == Connection::Silent,
                AnswerBody::Length(_) | AnswerBody::UntilClose => false,
            }
    }
}

fn fault(error: httparse::Error) -> BadAnswer {
    use httparse::Error::{
        HeaderName, HeaderValue, NewLine, Status, Token, TooManyHeaders, Version,
    };
    match error {
        HeaderName | HeaderValue | NewLine | Status | Token => BadAnswer::BadHead,
        TooManyHeaders => BadAnswer::TooManyFields,
        Version => BadAnswer::BadVersion,
    }
}

/// Where the line of `field` starts in `head`, which it borrows from.
fn place(head: &[u8], field: &Header<'_>) -> usize {
    field.name.as_ptr().addr() - head.as_ptr().addr()
}

/// Where the first line of `fields`, which are the last ones of `head`, starts; without any, where
/// the empty line does.
fn first_line(head: &[u8], fields: &[Header<'_>]) -> usize {
    fields.first().map_or(head.len() - 2, |field| place(head, field))
}

/// The parser takes a bare LF for the end of a line. It has no other place for one, so the ends of
/// the lines tell.
fn require_crlf(head: &[u8], fields: &[Header<'_>]) -> Result<(), BadAnswer> {
    let all = head.ends_with(b"\r\n\r\n")
        && fields.iter().all(|field| head[..place(head, field)].ends_with(b"\r\n"));
    if all { Ok(()) } else { Err(BadAnswer::BadHead) }
}

/// RFC 9110 §7.8: nobody is switched who did not ask, and an upgrade is named. `h2c` was not passed
/// on, so nobody asked for that.
fn require_asked(fields: &[Header<'_>], version: Version, asked: &Asked) -> Result<(), BadAnswer> {
    let mut protocols = fields::items(fields, "upgrade").peekable();
    if asked.upgrade
        && version == Version::Http11
        && protocols.peek().is_some()
        && protocols.all(|protocol| !protocol.eq_ignore_ascii_case(b"h2c"))
    {
        Ok(())
    } else {
        Err(BadAnswer::UnaskedUpgrade)
    }
}

/// The framing after RFC 9112 §6.3. Fields that frame nothing are read as strictly as others: who
/// comes after us may read them differently.
fn body(
    fields: &[Header<'_>],
    status: u16,
    version: Version,
    asked: &Asked,
) -> Result<AnswerBody, BadAnswer> {
    let length = fields::content_length(fields).map_err(|_| BadAnswer::BadLength)?;
    let framed = match (fields::transfer_coding(fields), length) {
        (Coding::None, Some(length)) => AnswerBody::Length(length),
        (Coding::None, None) => AnswerBody::UntilClose,
        (Coding::Chunked | Coding::Unknown, Some(_)) => return Err(BadAnswer::LengthAndCoding),
        (Coding::Chunked | Coding::Unknown, None)
            if version == Version::Http10 || status < 200 || status == 204 =>
        {
            return Err(BadAnswer::MisplacedCoding);
        }
        (Coding::Unknown, None) => return Err(BadAnswer::UnknownCoding),
        (Coding::Chunked, None) => AnswerBody::Chunked,
    };
    let none = asked.head || status < 200 || status == 204 || status == 304;
    Ok(if none { AnswerBody::None } else { framed })
}

#[cfg(test)]
mod tests;
