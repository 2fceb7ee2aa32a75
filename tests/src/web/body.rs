//! How long a body is, how it is framed, and how fast it comes.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, Error, Result, bail};

/// A body, but for its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Body {
    /// Its length.
    pub bytes: u64,
    /// In how many pieces it is sent; the head goes with the first.
    pub pieces: u64,
    /// How long before each of them.
    pub pause: Duration,
    /// Whether it is chunked; else its head tells its length.
    pub chunked: bool,
}

impl Body {
    /// One of `bytes` bytes, as fast as it is taken.
    pub fn of(bytes: u64, chunked: bool) -> Self {
        Self { bytes, pieces: 1, pause: Duration::ZERO, chunked }
    }

    /// The field that frames it, for its head.
    pub(super) fn field(&self) -> String {
        if self.chunked {
            "Transfer-Encoding: chunked".to_owned()
        } else {
            format!("Content-Length: {}", self.bytes)
        }
    }

    /// How many of its bytes are sent with its first `pieces` pieces.
    pub(super) fn up_to(&self, pieces: u64) -> u64 {
        self.bytes / self.pieces.max(1) * pieces
            + self.bytes % self.pieces.max(1) * pieces / self.pieces.max(1)
    }
}

/// What a request asks its origin for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// The request's own number, from which all bodies are made; no other request has it.
    pub seed: u64,
    /// What is to be answered.
    pub answer: Body,
}

/// As in a request line: `/SEED/BYTES/PIECES/PAUSE/FRAMING`, the pause in milliseconds.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Body { bytes, pieces, pause, chunked } = self.answer;
        let framing = if chunked { "chunked" } else { "length" };
        write!(f, "/{}/{bytes}/{pieces}/{}/{framing}", self.seed, pause.as_millis())
    }
}

impl FromStr for Target {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let mut steps = text.split('/').skip(1);
        let mut number = || -> Result<u64> { Ok(steps.next().context("too short")?.parse()?) };
        let (seed, bytes, pieces) = (number()?, number()?, number()?);
        let pause = Duration::from_millis(number()?);
        let chunked = match steps.next() {
            Some("chunked") => true,
            Some("length") => false,
            other => bail!("{other:?} is no framing"),
        };
        Ok(Self { seed, answer: Body { bytes, pieces, pause, chunked } })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_read_as_it_was_written() -> Result<()> {
        let pause = Duration::from_millis(5);
        let answer = Body { bytes: 10, pieces: 3, pause, chunked: true };
        let target = Target { seed: 7, answer };
        assert_eq!(target.to_string(), "/7/10/3/5/chunked");
        assert_eq!(target.to_string().parse::<Target>()?, target);
        assert!("/7/10/3/5".parse::<Target>().is_err());
        Ok(())
    }

    #[test]
    fn the_pieces_of_a_body_are_all_of_it() {
        let body = Body { pieces: 3, ..Body::of(10, false) };
        let ends: Vec<_> = (0..=3).map(|pieces| body.up_to(pieces)).collect();
        assert_eq!(ends, [0, 3, 6, 10]);
    }
}
