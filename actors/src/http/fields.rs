//! Header fields, as far as a proxy must understand them.

use httparse::Header;

/// A version of HTTP/1 (RFC 9110 §2.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// HTTP/1.0.
    Http10,
    /// HTTP/1.1.
    Http11,
}

/// A field that concerns only the next hop (RFC 9110 §7.6.1), by its name. Those that `Connection`
/// names come on top: see [`Options::names`].
#[must_use]
pub fn is_hop_by_hop(name: &str) -> bool {
    const NAMES: [&str; 6] =
        ["connection", "te", "upgrade", "keep-alive", "proxy-connection", "transfer-encoding"];
    NAMES.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// A field that stays even where `Connection` names it: without it the message would be another.
#[must_use]
pub fn is_never_an_option(name: &str) -> bool {
    ["host", "content-length", "transfer-encoding"]
        .iter()
        .any(|known| known.eq_ignore_ascii_case(name))
}

/// The items of all lists under `name`, without white space around them and without empty ones
/// (RFC 9110 §5.6.1).
pub fn items<'h, 'b>(
    fields: &'h [Header<'b>],
    name: &'h str,
) -> impl Iterator<Item = &'b [u8]> + 'h {
    fields
        .iter()
        .filter(move |field| field.name.eq_ignore_ascii_case(name))
        .flat_map(|field| list(field.value))
}

/// The items of the list that one field's value is.
pub fn list(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii).filter(|item| !item.is_empty())
}

/// What the `Connection` fields of a head say (RFC 9110 §7.6.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// `close`.
    pub close: bool,
    /// `keep-alive`.
    pub keep_alive: bool,
    /// `upgrade`.
    pub upgrade: bool,
    /// Whether fields are named that are not hop-by-hop of themselves.
    pub others: bool,
}

impl Options {
    /// Reads them.
    #[must_use]
    pub fn of(fields: &[Header<'_>]) -> Self {
        let mut options = Self::default();
        for field in fields.iter().filter(|field| field.name.eq_ignore_ascii_case("connection")) {
            // Nearly always there is just one, and it is not worth taking a list apart.
            if field.value.contains(&b',') {
                list(field.value).for_each(|option| options.add(option));
            } else if !field.value.is_empty() {
                options.add(field.value);
            }
        }
        options
    }

    /// Adds one item of a `Connection` field.
    pub fn add(&mut self, option: &[u8]) {
        if option.eq_ignore_ascii_case(b"close") {
            self.close = true;
        } else if option.eq_ignore_ascii_case(b"keep-alive") {
            self.keep_alive = true;
        } else if option.eq_ignore_ascii_case(b"upgrade") {
            self.upgrade = true;
        } else {
            self.others |= std::str::from_utf8(option)
                .is_ok_and(|name| !is_hop_by_hop(name) && !is_never_an_option(name));
        }
    }

    /// Whether `name` is named, and so ends here.
    #[must_use]
    pub fn names(self, fields: &[Header<'_>], name: &str) -> bool {
        self.others
            && !is_never_an_option(name)
            && items(fields, "connection").any(|item| item.eq_ignore_ascii_case(name.as_bytes()))
    }
}

/// A `Content-Length` that is no length (RFC 9110 §8.6): not digits alone, more than fits, or more
/// than one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadLength;

/// The length that the fields state, if they state any. A second one is refused even if it is the
/// same: whoever sends it hopes that somebody reads the other.
///
/// # Errors
/// When it is none.
pub fn content_length(fields: &[Header<'_>]) -> Result<Option<u64>, BadLength> {
    let mut lengths =
        fields.iter().filter(|field| field.name.eq_ignore_ascii_case("content-length"));
    let Some(length) = lengths.next() else {
        return Ok(None);
    };
    if lengths.next().is_some() {
        return Err(BadLength);
    }
    digits(length.value).ok_or(BadLength).map(Some)
}

/// The number that `value` is, if it is digits alone.
#[must_use]
pub fn digits(value: &[u8]) -> Option<u64> {
    // 19 digits fit into 64 bits, whatever they are.
    if value.is_empty() || value.len() > 19 {
        return None;
    }
    value.iter().try_fold(0u64, |number, byte| {
        byte.is_ascii_digit().then(|| number * 10 + u64::from(byte - b'0'))
    })
}

/// What `Transfer-Encoding` says (RFC 9112 §6.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// There is no such field.
    None,
    /// `chunked`, once and alone.
    Chunked,
    /// Something else.
    Unknown,
}

/// The transfer-coding of a message.
#[must_use]
pub fn transfer_coding(fields: &[Header<'_>]) -> Coding {
    let mut found =
        fields.iter().filter(|field| field.name.eq_ignore_ascii_case("transfer-encoding"));
    match (found.next(), found.next()) {
        (None, _) => Coding::None,
        (Some(field), None) if field.value.eq_ignore_ascii_case(b"chunked") => Coding::Chunked,
        (Some(_), _) => Coding::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field<'b>(name: &'b str, value: &'b str) -> Header<'b> {
        Header { name, value: value.as_bytes() }
    }

    #[test]
    fn the_connection_field_ends_what_it_names_but_never_what_frames_the_message() {
        let fields = [
            field("Connection", "close, X-Secret ,"),
            field("connection", "Content-Length, Upgrade"),
            field("X-Secret", "1"),
        ];
        let options = Options::of(&fields);
        assert_eq!(
            options,
            Options { close: true, upgrade: true, others: true, keep_alive: false }
        );
        assert!(options.names(&fields, "x-secret"));
        assert!(!options.names(&fields, "content-length"));
        assert!(!options.names(&fields, "accept"));
        assert!(!Options::of(&[field("Connection", "keep-alive, Host, TE")]).others);
    }

    #[test]
    fn only_one_plain_number_is_a_length() {
        let length = |values: &[&str]| {
            let fields: Vec<_> =
                values.iter().map(|value| field("Content-Length", value)).collect();
            content_length(&fields)
        };
        assert_eq!(length(&[]), Ok(None));
        assert_eq!(length(&["0"]), Ok(Some(0)));
        assert_eq!(length(&["9999999999999999999"]), Ok(Some(9_999_999_999_999_999_999)));
        for bad in ["", "+1", "-1", " 1", "1 ", "1,1", "0x1", "1.0", "10000000000000000000"] {
            assert_eq!(length(&[bad]), Err(BadLength), "{bad:?}");
        }
        assert_eq!(length(&["5", "5"]), Err(BadLength));
    }

    #[test]
    fn only_chunked_alone_is_a_coding_that_is_known() {
        let coding = |values: &[&str]| {
            let fields: Vec<_> =
                values.iter().map(|value| field("Transfer-Encoding", value)).collect();
            transfer_coding(&fields)
        };
        assert_eq!(coding(&[]), Coding::None);
        assert_eq!(coding(&["Chunked"]), Coding::Chunked);
        for unknown in ["", "gzip", "gzip, chunked", "chunked, chunked", "identity", "xchunked"] {
            assert_eq!(coding(&[unknown]), Coding::Unknown, "{unknown:?}");
        }
        assert_eq!(coding(&["chunked", "chunked"]), Coding::Unknown);
    }
}
