//! The answer to a probe, read in pieces of any size.

use std::mem::MaybeUninit;

use memchr::memmem::Finder;

use super::{HttpProbePlan, Method, ProbeFailure, StatusRanges};
use crate::http::chunked::{Chunked, Piece};
use crate::http::limits::{HeadLimits, MOST_FIELDS};
use crate::http::refusal::BadAnswer;
use crate::http::response::{AnswerBody, Asked, ResponseHead};

/// How much of a body is searched, in bytes: a health page is short, and what streams for ever must
/// not keep a probe busy.
pub const SEARCHED: usize = 64 * 1024;

/// Interim answers that are read over: more are no progress but a backend gone mad.
const MOST_INTERIM: u32 = 64;

/// What is known of an answer so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing yet: more of it is needed.
    More,
    /// It will do.
    Pass,
    /// It will not.
    Fail(ProbeFailure),
}

/// Reads one answer. The verdict depends on the bytes alone, not on how they were cut, and comes
/// with the first byte that decides it; once it is another than [`Verdict::More`], it stays.
#[derive(Debug)]
pub struct Answer<'p> {
    asked: Asked,
    statuses: &'p StatusRanges,
    text: Option<Text<'p>>,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    /// What there is of the head, bounded by its limit, and the interim answers before it.
    Head {
        held: Vec<u8>,
        interim: u32,
    },
    Body(Framed),
    Over(Verdict),
}

/// How the data of the body is told from its frame.
#[derive(Debug)]
enum Framed {
    Length(u64),
    Chunked(Box<Chunked>),
    UntilClose,
}

impl<'p> Answer<'p> {
    pub(super) fn new(plan: &'p HttpProbePlan) -> Self {
        let text = plan.body.as_deref().filter(|text| !text.is_empty());
        Self {
            asked: Asked { head: plan.method == Method::Head, upgrade: false },
            statuses: &plan.statuses,
            text: text.map(Text::new),
            stage: Stage::Head { held: Vec::new(), interim: 0 },
        }
    }

    /// Takes what came next.
    pub fn feed(&mut self, bytes: &[u8]) -> Verdict {
        let verdict = match &mut self.stage {
            Stage::Head { .. } => self.head(bytes),
            Stage::Body(_) => self.body(bytes),
            Stage::Over(verdict) => Ok(*verdict),
        };
        self.settle(verdict)
    }

    /// The backend ended its stream.
    pub fn end(&mut self) -> Verdict {
        let verdict = match &self.stage {
            Stage::Head { .. } => Err(BadAnswer::Missing),
            Stage::Body(Framed::UntilClose) => Ok(Verdict::Fail(ProbeFailure::TextMissing)),
            Stage::Body(Framed::Length(_) | Framed::Chunked(_)) => Err(BadAnswer::Truncated),
            Stage::Over(verdict) => Ok(*verdict),
        };
        self.settle(verdict)
    }

    fn settle(&mut self, verdict: Result<Verdict, BadAnswer>) -> Verdict {
        let verdict = verdict.unwrap_or_else(|bad| Verdict::Fail(ProbeFailure::Answer(bad)));
        if verdict != Verdict::More {
            self.stage = Stage::Over(verdict);
        }
        verdict
    }

    fn head(&mut self, bytes: &[u8]) -> Result<Verdict, BadAnswer> {
        let Stage::Head { held, interim } = &mut self.stage else {
            return Ok(Verdict::More);
        };
        held.extend_from_slice(bytes);
        let mut used = 0;
        loop {
            let mut storage = [const { MaybeUninit::uninit() }; MOST_FIELDS];
            let limits = HeadLimits::default();
            let rest = &held[used..];
            let Some(head) = ResponseHead::parse(rest, &mut storage, &limits, &self.asked)? else {
                held.drain(..used);
                return Ok(Verdict::More);
            };
            used += head.length;
            if head.is_interim() {
                *interim += 1;
                if *interim > MOST_INTERIM {
                    return Err(BadAnswer::TooManyInterim);
                }
                continue;
            }
            if !self.statuses.contains(head.status) {
                return Ok(Verdict::Fail(ProbeFailure::Status(head.status)));
            }
            if self.text.is_none() {
                return Ok(Verdict::Pass);
            }
            let framed = match head.body {
                AnswerBody::None | AnswerBody::Length(0) => {
                    return Ok(Verdict::Fail(ProbeFailure::TextMissing));
                }
                AnswerBody::Length(length) => Framed::Length(length),
                AnswerBody::Chunked => Framed::Chunked(Box::new(Chunked::new(None, limits))),
                AnswerBody::UntilClose => Framed::UntilClose,
            };
            let rest = held.split_off(used);
            self.stage = Stage::Body(framed);
            return self.body(&rest);
        }
    }

    fn body(&mut self, mut bytes: &[u8]) -> Result<Verdict, BadAnswer> {
        let (Stage::Body(framed), Some(text)) = (&mut self.stage, &mut self.text) else {
            return Ok(Verdict::More);
        };
        while !bytes.is_empty() {
            let (used, data, over) = match framed {
                Framed::Length(left) => {
                    // Not more than the length of `bytes`.
                    let there = (*left).min(bytes.len() as u64) as usize;
                    *left -= there as u64;
                    (bytes.len(), &bytes[..there], *left == 0)
                }
                Framed::Chunked(chunks) => {
                    let (piece, length) = chunks.next(bytes)?;
                    let data = if piece == Piece::Data { &bytes[..length] } else { &[] };
                    (length, data, chunks.is_done())
                }
                Framed::UntilClose => (bytes.len(), bytes, false),
            };
            let verdict = text.search(data);
            if verdict != Verdict::More {
                return Ok(verdict);
            }
            if over {
                return Ok(Verdict::Fail(ProbeFailure::TextMissing));
            }
            bytes = &bytes[used..];
        }
        Ok(Verdict::More)
    }
}

/// A text that is looked for in what comes.
#[derive(Debug)]
struct Text<'p> {
    finder: Finder<'p>,
    /// The end of what was searched: as much of it as the text may begin in.
    tail: Vec<u8>,
    searched: usize,
}

impl<'p> Text<'p> {
    fn new(text: &'p str) -> Self {
        Self { finder: Finder::new(text), tail: Vec::new(), searched: 0 }
    }

    fn search(&mut self, data: &[u8]) -> Verdict {
        let data = &data[..data.len().min(SEARCHED - self.searched)];
        self.searched += data.len();
        self.tail.extend_from_slice(data);
        if self.finder.find(&self.tail).is_some() {
            return Verdict::Pass;
        }
        if self.searched == SEARCHED {
            return Verdict::Fail(ProbeFailure::TextMissing);
        }
        let kept = self.finder.needle().len() - 1;
        self.tail.drain(..self.tail.len().saturating_sub(kept));
        Verdict::More
    }
}
