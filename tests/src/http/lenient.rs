//! Readings of requests that servers in the field are known for, where they differ from RFC 9112.
//!
//! Bytes that all of these readings cut into the same requests leave no room for smuggling between
//! a proxy and a server that reads like one of them.

use super::answer::find;

/// What one server makes of what the RFC forbids or leaves open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leniency {
    /// For error messages.
    pub name: &'static str,
    /// What ends a line of the head.
    pub line: Line,
    /// Which framing counts where there are both.
    pub both: Both,
    /// What is taken for a length.
    pub length: Length,
    /// Which values of Transfer-Encoding mean chunks.
    pub coding: Coding,
    /// What is made of a line that begins with white space.
    pub fold: Fold,
    /// Whether a name is taken without white space, NUL and the like, and `_` for `-`.
    pub loose_names: bool,
    /// Whether anything behind a chunk's size is skipped, and the end of its data not checked.
    pub loose_chunks: bool,
}

/// What ends a line of the head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// CRLF alone.
    CrLf,
    /// A line feed, with or without a carriage return.
    Lf,
    /// A line feed or a carriage return, or both.
    Either,
}

/// Which framing counts where there are both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Both {
    /// Chunks.
    Coding,
    /// The length.
    Length,
}

/// What is taken for a length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// The digits that the first one begins with, behind a sign, as `atoi` reads.
    First,
    /// The same of the last one; of a list its last item.
    Last,
    /// Digits alone; what is none is no length.
    Strict,
}

/// Which values of Transfer-Encoding mean chunks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// `chunked` alone.
    Exact,
    /// A list that ends with it, over all fields.
    Last,
    /// Any in which the word stands.
    Within,
}

/// What is made of a line that begins with white space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fold {
    /// It goes on with the field before.
    Joined,
    /// It is a field of its own.
    Field,
    /// It is skipped.
    Skipped,
}

/// The readings: each of the settings above occurs, and those that matter to each other together.
pub const ALL: [Leniency; 8] = [
    STRICT,
    Leniency { name: "length wins", both: Both::Length, length: Length::First, ..LOOSE },
    Leniency { name: "coding wins", both: Both::Coding, length: Length::Last, ..LOOSE },
    Leniency { name: "line feeds", line: Line::Lf, ..LOOSE },
    Leniency { name: "folds", fold: Fold::Joined, coding: Coding::Last, ..LOOSE },
    Leniency { name: "folds skipped", fold: Fold::Skipped, coding: Coding::Exact, ..LOOSE },
    Leniency { name: "strict lengths", length: Length::Strict, both: Both::Length, ..LOOSE },
    Leniency { name: "strict chunks", loose_chunks: false, both: Both::Length, ..LOOSE },
];

const STRICT: Leniency = Leniency {
    name: "strict",
    line: Line::CrLf,
    both: Both::Coding,
    length: Length::Strict,
    coding: Coding::Last,
    fold: Fold::Joined,
    loose_names: false,
    loose_chunks: false,
};

const LOOSE: Leniency = Leniency {
    name: "loose",
    line: Line::Either,
    both: Both::Coding,
    length: Length::First,
    coding: Coding::Within,
    fold: Fold::Field,
    loose_names: true,
    loose_chunks: true,
};

/// A request as one reading sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The first word.
    pub method: String,
    /// The second one.
    pub target: String,
    /// Without framing.
    pub body: Vec<u8>,
    /// All its bytes.
    pub length: usize,
}

impl Leniency {
    /// The request at the start of `bytes`; `None` if it is not whole.
    pub fn first(&self, bytes: &[u8]) -> Option<Seen> {
        let mut at = 0;
        // Any number of empty lines before it.
        let line = loop {
            let (line, length) = self.line(&bytes[at..])?;
            at += length;
            if !line.is_empty() {
                break line;
            }
        };
        let line = String::from_utf8_lossy(line).into_owned();
        let mut words = line.split_ascii_whitespace().map(str::to_owned);
        let method = words.next().unwrap_or_default();
        let target = words.next().unwrap_or_default();
        let mut fields: Vec<(String, String)> = Vec::new();
        loop {
            let (line, length) = self.line(&bytes[at..])?;
            at += length;
            if line.is_empty() {
                break;
            }
            self.add(&mut fields, &String::from_utf8_lossy(line));
        }
        let (body, length) = self.body(&fields, &bytes[at..])?;
        Some(Seen { method, target, body, length: at + length })
    }

    /// All whole requests, and how many bytes they leave.
    pub fn all(&self, mut bytes: &[u8]) -> (Vec<Seen>, usize) {
        let mut all = Vec::new();
        while let Some(seen) = self.first(bytes) {
            bytes = &bytes[seen.length..];
            all.push(seen);
        }
        (all, bytes.len())
    }

    fn line<'b>(&self, bytes: &'b [u8]) -> Option<(&'b [u8], usize)> {
        match self.line {
            Line::CrLf => find(bytes, b"\r\n").map(|end| (&bytes[..end], end + 2)),
            Line::Lf => {
                let end = bytes.iter().position(|byte| *byte == b'\n')?;
                let line = &bytes[..end];
                Some((line.strip_suffix(b"\r").unwrap_or(line), end + 1))
            }
            Line::Either => {
                let end = bytes.iter().position(|byte| matches!(byte, b'\r' | b'\n'))?;
                let both = bytes[end..].starts_with(b"\r\n");
                // A carriage return at the very end may be half of an end.
                let is_whole = both || bytes[end] == b'\n' || end + 1 < bytes.len();
                is_whole.then_some((&bytes[..end], end + if both { 2 } else { 1 }))
            }
        }
    }

    fn add(&self, fields: &mut Vec<(String, String)>, line: &str) {
        if line.starts_with([' ', '\t']) {
            match (self.fold, fields.last_mut()) {
                (Fold::Skipped, _) => return,
                (Fold::Joined, Some((_, value))) => return value.push_str(line),
                (Fold::Joined | Fold::Field, _) => {}
            }
        }
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let mut name = name.to_ascii_lowercase();
        if self.loose_names {
            name.retain(|letter| letter.is_ascii_graphic());
            name = name.replace('_', "-");
        }
        fields.push((name, value.trim().to_owned()));
    }

    fn body(&self, fields: &[(String, String)], rest: &[u8]) -> Option<(Vec<u8>, usize)> {
        let values = |wanted: &'static str| {
            fields.iter().filter(move |(name, _)| name == wanted).map(|(_, value)| value.as_str())
        };
        let length = self.length(values("content-length").collect());
        let codings = values("transfer-encoding").collect::<Vec<_>>().join(",");
        let codings = codings.to_ascii_lowercase();
        let is_chunked = match self.coding {
            Coding::Exact => codings == "chunked",
            Coding::Last => codings.rsplit(',').next().map(str::trim) == Some("chunked"),
            Coding::Within => codings.contains("chunked"),
        };
        match length {
            Some(length) if !is_chunked || self.both == Both::Length => {
                rest.get(..length).map(|body| (body.to_vec(), length))
            }
            _ if is_chunked => self.chunks(rest),
            _ => Some((Vec::new(), 0)),
        }
    }

    fn length(&self, values: Vec<&str>) -> Option<usize> {
        let atoi = |text: &str| {
            let digits = text.trim().trim_start_matches('+');
            let end = digits.find(|digit: char| !digit.is_ascii_digit()).unwrap_or(digits.len());
            digits[..end].parse().unwrap_or(0)
        };
        match self.length {
            Length::First => values.first().copied().map(atoi),
            Length::Last => values.last()?.rsplit(',').next().map(atoi),
            // `parse` alone would let a sign pass.
            Length::Strict => match *values.first()? {
                digits if digits.bytes().all(|digit| digit.is_ascii_digit()) => digits.parse().ok(),
                _ => None,
            },
        }
    }

    fn chunks(&self, bytes: &[u8]) -> Option<(Vec<u8>, usize)> {
        let (mut body, mut at) = (Vec::new(), 0);
        loop {
            let (line, length) = self.line(&bytes[at..])?;
            at += length;
            let line = String::from_utf8_lossy(line);
            let line = if self.loose_chunks {
                let line = line.trim_start().trim_start_matches("0x");
                let end = line.find(|digit: char| !digit.is_ascii_hexdigit());
                line[..end.unwrap_or(line.len())].to_owned()
            } else {
                line.split(';').next().unwrap_or_default().trim().to_owned()
            };
            let size = usize::from_str_radix(&line, 16).unwrap_or(0);
            if size == 0 {
                break;
            }
            body.extend_from_slice(bytes.get(at..at.checked_add(size)?)?);
            at += size;
            let end = bytes.get(at..at + 2)?;
            // A loose one takes what looks like an end, and else goes on at once.
            at += if !self.loose_chunks || end == b"\r\n" { 2 } else { 0 };
        }
        loop {
            let (line, length) = self.line(&bytes[at..])?;
            at += length;
            if line.is_empty() {
                return Some((body, at));
            }
        }
    }
}

#[cfg(test)]
mod tests;
