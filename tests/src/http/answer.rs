//! An answer, read strictly.

use std::fmt::{self, Debug, Formatter};

use anyhow::{Context, Result, ensure};

/// A whole answer.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its head, with the empty line. What is not UTF-8 is replaced.
    pub head: String,
    /// Its body, without framing.
    pub body: Vec<u8>,
}

impl Debug for Answer {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", format!("{}{}", self.head, self.text()))
    }
}

impl Answer {
    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The value of the first field called `name`.
    pub fn field(&self, name: &str) -> Option<&str> {
        field(&self.head, name)
    }

    /// Whether the server says that the connection ends with this answer.
    pub fn closes(&self) -> bool {
        self.field("Connection") == Some("close")
    }

    /// Reads the answer at the start of `bytes`, and says how long it is; `None` if it is not
    /// whole. `to_head`: it answers HEAD. `ended`: nothing follows, which may be the end of a body.
    ///
    /// # Errors
    /// When it is none.
    pub fn read(bytes: &[u8], to_head: bool, ended: bool) -> Result<Option<(Self, usize)>> {
        let Some(end) = find(bytes, b"\r\n\r\n") else {
            return Ok(None);
        };
        let head = String::from_utf8_lossy(&bytes[..end + 4]).into_owned();
        let status = head.get(..12).and_then(|line| line.strip_prefix("HTTP/1."));
        let status = status.and_then(|line| line.get(2..)?.parse().ok());
        let status: u16 = status.with_context(|| format!("{head:?} is no answer"))?;
        let rest = &bytes[end + 4..];
        let bodiless = to_head || status < 200 || status == 204 || status == 304;
        let body = if bodiless {
            Some((Vec::new(), 0))
        } else if field(&head, "Transfer-Encoding").is_some() {
            chunks(rest)?
        } else if let Some(length) = field(&head, "Content-Length") {
            let length = length.parse()?;
            rest.get(..length).map(|body| (body.to_vec(), length))
        } else {
            ended.then(|| (rest.to_vec(), rest.len()))
        };
        Ok(body.map(|(body, length)| (Self { status, head, body }, end + 4 + length)))
    }
}

/// The value of the first field called `name` in a head.
pub fn field<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    head.split("\r\n").skip(1).find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then_some(value.trim())
    })
}

/// Where `needle` begins in `bytes`.
pub fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes.windows(needle.len()).position(|window| window == needle)
}

/// A chunked body, read strictly, and how long it was; `None` if it is not whole.
fn chunks(bytes: &[u8]) -> Result<Option<(Vec<u8>, usize)>> {
    let (mut body, mut at) = (Vec::new(), 0);
    loop {
        let Some(line) = find(&bytes[at..], b"\r\n") else {
            return Ok(None);
        };
        let size = std::str::from_utf8(&bytes[at..at + line])?;
        let size = usize::from_str_radix(size, 16).with_context(|| format!("size {size:?}"))?;
        at += line + 2;
        if size == 0 {
            // A trailer section ends as a head does: with an empty line.
            let end = find(&bytes[at - 2..], b"\r\n\r\n");
            return Ok(end.map(|end| (body, at + end + 2)));
        }
        let Some(data) = bytes.get(at..at + size + 2) else {
            return Ok(None);
        };
        ensure!(data.ends_with(b"\r\n"), "a chunk of {size} bytes does not end there");
        body.extend_from_slice(&data[..size]);
        at += size + 2;
    }
}
