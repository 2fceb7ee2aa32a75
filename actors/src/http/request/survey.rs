//! What the fields of a request say to a proxy, in one pass over them.

use httparse::Header;

use super::marks::Marks;
use super::scan::is_token;
use crate::http::fields::{self, Options, Version, list};
use crate::http::refusal::Refusal;

/// The most options of `Connection` in one head. Each that is not known is looked for among all
/// fields; without a bound a head of 32 KiB could ask for millions of comparisons.
const MOST_OPTIONS: usize = 32;

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Survey<'b> {
    pub(super) host: Option<&'b [u8]>,
    pub(super) length: Option<u64>,
    pub(super) chunked: bool,
    pub(super) options: Options,
    pub(super) expects_continue: bool,
    /// What is offered that may be passed on, if `Connection` names `Upgrade` at all.
    pub(super) upgrade: Option<&'b [u8]>,
    /// Fields that are never passed on as they are.
    pub(super) dropped: Marks,
    /// `X-Forwarded-For` and `Forwarded`: dropped, and written anew with what they say.
    pub(super) chain: Marks,
    /// All other `X-Forwarded-*`: passed on if the client is trusted.
    pub(super) told: Marks,
    /// `traceparent`, `tracestate` and `baggage`.
    pub(super) traced: Marks,
    coding: bool,
    option_count: usize,
    expectation: Option<usize>,
}

impl<'b> Survey<'b> {
    /// Looks at them all.
    pub(super) fn of(fields: &[Header<'b>], version: Version) -> Result<Self, Refusal> {
        let mut survey = Self::default();
        for (place, field) in fields.iter().enumerate() {
            survey.look_at(place, field, version)?;
        }
        if survey.coding && survey.length.is_some() {
            return Err(Refusal::LengthAndCoding);
        }
        if survey.coding && version == Version::Http10 {
            return Err(Refusal::CodingInOldVersion);
        }
        if survey.coding && !survey.chunked {
            return Err(Refusal::UnknownCoding);
        }
        if survey.options.others {
            survey.drop_named(fields);
        }
        // Without a body there is nothing to wait with; and what does not go on is not answered.
        survey.expects_continue = (survey.chunked || survey.length.is_some_and(|size| size > 0))
            && survey.expectation.is_some_and(|place| !survey.dropped.contains(place));
        if !survey.options.upgrade || version == Version::Http10 {
            survey.upgrade = None;
        }
        Ok(survey)
    }

    fn look_at(
        &mut self,
        place: usize,
        field: &Header<'b>,
        version: Version,
    ) -> Result<(), Refusal> {
        let is = |known: &str| field.name.eq_ignore_ascii_case(known);
        // Most fields are told from those that matter by the length of the name alone.
        match field.name.len() {
            2 if is("te") => self.dropped.add(place),
            4 if is("host") && self.host.replace(field.value).is_some() => {
                return Err(Refusal::SecondHost);
            }
            6 if is("expect") => self.expect(place, field.value, version)?,
            7 if is("baggage") => self.traced.add(place),
            7 if is("upgrade") => {
                self.upgrade = self.upgrade.or_else(|| offer(field.value));
                self.dropped.add(place);
            }
            9 if is("forwarded") => {
                self.chain.add(place);
                self.dropped.add(place);
            }
            10 if is("connection") => {
                for option in list(field.value) {
                    self.options.add(option);
                    self.option_count += 1;
                }
                if self.option_count > MOST_OPTIONS {
                    return Err(Refusal::TooManyOptions);
                }
                self.dropped.add(place);
            }
            10 if is("keep-alive") => self.dropped.add(place),
            10 if is("tracestate") => self.traced.add(place),
            11 if is("traceparent") => self.traced.add(place),
            14 if is("content-length") => {
                let length = fields::digits(field.value).ok_or(Refusal::BadLength)?;
                if self.length.replace(length).is_some() {
                    return Err(Refusal::BadLength);
                }
                self.dropped.add(place);
            }
            14 if is("http2-settings") => self.dropped.add(place),
            15 if is("x-forwarded-for") => {
                self.chain.add(place);
                self.dropped.add(place);
            }
            16 if is("x-forwarded-host") => self.told.add(place),
            16 if is("proxy-connection") => self.dropped.add(place),
            17 if is("x-forwarded-proto") => self.told.add(place),
            17 if is("transfer-encoding") => {
                self.chunked = !self.coding && field.value.eq_ignore_ascii_case(b"chunked");
                self.coding = true;
                self.dropped.add(place);
            }
            14..=17 if is_in_disguise(field.name) => self.dropped.add(place),
            13.. => match claim(field.name) {
                Claim::None => {}
                Claim::Plain => self.told.add(place),
                Claim::Disguised => self.dropped.add(place),
            },
            _ => {}
        }
        Ok(())
    }

    fn expect(&mut self, place: usize, value: &[u8], version: Version) -> Result<(), Refusal> {
        let is_second = self.expectation.replace(place).is_some();
        if is_second || !value.eq_ignore_ascii_case(b"100-continue") {
            return Err(Refusal::UnknownExpectation);
        }
        // From HTTP/1.0 it is ignored (RFC 9110 §10.1.1), so the backend, which is asked in
        // HTTP/1.1, must not see it.
        if version == Version::Http10 {
            self.dropped.add(place);
        }
        Ok(())
    }

    /// Drops what `Connection` names, as if it had not come.
    fn drop_named(&mut self, fields: &[Header<'_>]) {
        let mut named = Marks::default();
        for option in fields::items(fields, "connection") {
            for (place, field) in fields.iter().enumerate() {
                if option.eq_ignore_ascii_case(field.name.as_bytes())
                    && !fields::is_never_an_option(field.name)
                {
                    named.add(place);
                }
            }
        }
        self.dropped = self.dropped.with(named);
        self.chain.remove(named);
        self.told.remove(named);
        self.traced.remove(named);
    }
}

/// Whether a field says whom its sender stands for.
enum Claim {
    None,
    /// It begins with `X-Forwarded-`.
    Plain,
    /// It does so for a backend that reads `_` as `-`.
    Disguised,
}

fn claim(name: &str) -> Claim {
    const FAMILY: &[u8] = b"x-forwarded-";
    let start = name.as_bytes().get(..FAMILY.len()).unwrap_or_default();
    if start.eq_ignore_ascii_case(FAMILY) {
        Claim::Plain
    } else if !start.is_empty()
        && start.iter().zip(FAMILY).all(|(byte, known)| reads_as(*byte, *known))
    {
        Claim::Disguised
    } else {
        Claim::None
    }
}

fn reads_as(byte: u8, known: u8) -> bool {
    byte.eq_ignore_ascii_case(&known) || (byte == b'_' && known == b'-')
}

/// Whether `name` becomes an `X-Forwarded-*`, or one that frames the body, in a backend that reads
/// `_` as `-`, as those do that hand fields on as variables (CGI, WSGI, PHP). No proxy writes them
/// so, not a trusted one either.
fn is_in_disguise(name: &str) -> bool {
    let same =
        |known: &str| name.bytes().zip(known.bytes()).all(|(byte, known)| reads_as(byte, known));
    match name.len() {
        14 => same("content-length"),
        15 => same("x-forwarded-for"),
        16 => same("x-forwarded-host"),
        17 => same("x-forwarded-proto") || same("transfer-encoding"),
        _ => false,
    }
}

/// What of an `Upgrade` field may be passed on: all of it, or the first protocol that may, since a
/// list is in the order of preference (RFC 9110 §7.8) and need not be offered whole.
fn offer(value: &[u8]) -> Option<&[u8]> {
    if list(value).all(may_be_offered) && list(value).next().is_some() {
        return Some(value);
    }
    list(value).find(|protocol| may_be_offered(protocol))
}

/// Whether a protocol may be switched to: behind a switch to HTTP/2 a client could ask for anything
/// that no route allows. What is no `protocol-name ["/" protocol-version]` may not either: a careless
/// backend could find an `h2c` in it.
fn may_be_offered(protocol: &[u8]) -> bool {
    let mut parts = protocol.split(|byte| *byte == b'/');
    let name = parts.next().unwrap_or_default();
    let is_http =
        [&b"h2c"[..], b"h2", b"http"].iter().any(|known| name.eq_ignore_ascii_case(known));
    let is_token = |part: &[u8]| !part.is_empty() && part.iter().all(|byte| is_token(*byte));
    !is_http && is_token(name) && parts.next().is_none_or(is_token) && parts.next().is_none()
}
