//! The oracle for bodies, chunked ones above all.

use trunkline_actors::http::body::{Body, BodyError, Incoming, Outgoing};
use trunkline_actors::http::limits::HeadLimits;

use crate::chunks::{Decoded, decode};
use crate::cuts;
use crate::lenient::{self, DIALECTS, Framing};

const NARROW: HeadLimits = HeadLimits { size: 96, fields: 4 };
const WIDE: HeadLimits = HeadLimits { size: 32 * 1024, fields: 100 };

/// Reads `input` as a body in chunks with whatever follows it, and as data of the other framings.
///
/// # Panics
/// If the strict decoder finds something else in it than [`Body`]; if what is written decodes to
/// something else, also for a careless reader; if the result depends on where the input is cut; if a
/// piece is neither used nor refused.
pub fn check(input: &[u8]) {
    for (limit, trailer) in [(None, WIDE), (None, NARROW), (Some(16), WIDE)] {
        let whole = decode(input, limit, &trailer);
        for outgoing in [Outgoing::AsItIs, Outgoing::Plain] {
            let body = || Body::new(Incoming::Chunked, outgoing, limit, trailer);
            let once = Run::over(body(), input, &[]);
            check_chunks(input, &whole, &once, outgoing, &trailer);
            let same_elsewhere = |run: Run| {
                assert_eq!(run.end, once.end);
                // Of a body that is wrong, pieces before the one at fault have gone on.
                assert!(run.out.starts_with(&once.out));
                if once.end.is_ok() {
                    assert_eq!(run, once);
                }
            };
            let every: Vec<_> = (1..input.len()).collect();
            same_elsewhere(Run::over(body(), input, &every));
            // One by one shows nearly all; each cut by itself costs the square of the length.
            if limit.is_none() && trailer == WIDE && outgoing == Outgoing::AsItIs {
                for cut in cuts(input.len()) {
                    same_elsewhere(Run::over(body(), input, &[cut]));
                }
            }
        }
    }
    check_length(input);
    check_until_close(input);
}

/// What came of a body.
#[derive(Debug, PartialEq, Eq)]
struct Run {
    out: Vec<u8>,
    used: usize,
    data: u64,
    /// Whether it is whole.
    end: Result<bool, BodyError>,
}

impl Run {
    /// Hands `input` over in pieces.
    fn over(mut body: Body, input: &[u8], cuts: &[usize]) -> Self {
        let (mut out, mut used) = (Vec::new(), 0);
        let ends = cuts.iter().copied().chain([input.len()]);
        let mut from = 0;
        for end in ends {
            let piece = &input[from..end];
            from = end;
            let before = out.len();
            match body.take(piece, &mut out) {
                Ok(taken) => {
                    let all = taken.used == piece.len();
                    assert!(all || body.is_done(), "a piece is neither used nor refused");
                    if taken.verbatim {
                        assert_eq!(out.len(), before, "verbatim, and something beside it");
                        out.extend_from_slice(&piece[..taken.used]);
                    }
                    used += taken.used;
                }
                Err(error) => {
                    out.truncate(before);
                    let again = body.take(b"0\r\n\r\n", &mut Vec::new());
                    assert_eq!(again, Err(error), "a broken body is taken up again");
                    assert!(!body.is_done() && body.end(&mut Vec::new()).is_err());
                    return Self { out, used, data: body.data(), end: Err(error) };
                }
            }
            if body.is_done() {
                let after = body.take(b"5\r\nhello\r\n", &mut out);
                assert!(after.is_ok_and(|taken| taken.used == 0), "more is read after the end");
                break;
            }
        }
        Self { out, used, data: body.data(), end: Ok(body.is_done()) }
    }
}

fn check_chunks(
    input: &[u8],
    whole: &Decoded,
    run: &Run,
    outgoing: Outgoing,
    trailer: &HeadLimits,
) {
    match whole {
        Decoded::Bad => assert!(run.end.is_err(), "taken: {run:?}"),
        Decoded::More => assert_eq!(run.end, Ok(false)),
        Decoded::Whole { data, trailers, used } => {
            assert_eq!((run.end, run.used, run.data), (Ok(true), *used, data.len() as u64));
            match outgoing {
                Outgoing::Plain => assert_eq!(&run.out, data),
                Outgoing::AsItIs | Outgoing::Chunked => {
                    check_passed_on(&run.out, data, trailers, trailer);
                }
            }
            for dialect in DIALECTS {
                let other = lenient::body(input, Framing::Chunked, dialect);
                assert_eq!(other.as_ref(), Some(&(data.clone(), *used)), "{dialect:?}");
            }
        }
    }
}

/// The same data in chunks without extensions, and none of the fields that a head must be asked for.
fn check_passed_on(out: &[u8], data: &Vec<u8>, sent: &[Vec<u8>], limits: &HeadLimits) {
    let Decoded::Whole { data: passed_on, trailers, used } = decode(out, None, limits) else {
        unreachable!("what goes on does not decode");
    };
    assert_eq!((&passed_on, used), (data, out.len()));
    for dialect in DIALECTS {
        let other = lenient::body(out, Framing::Chunked, dialect);
        assert_eq!(other, Some((data.clone(), out.len())), "{dialect:?}");
    }
    for line in trailers {
        assert!(sent.contains(&line), "a trailer that nobody sent");
        let name = line.split(|byte| *byte == b':').next().unwrap_or_default().to_ascii_lowercase();
        let banned = [&b"content-length"[..], b"transfer-encoding", b"host", b"connection", b"te"];
        let banned = banned.contains(&&name[..])
            || [&b"cookie"[..], b"set-cookie", b"authorization", b"trailer"].contains(&&name[..])
            || name.starts_with(b"x-forwarded-");
        assert!(!banned, "{} as a trailer", name.escape_ascii());
    }
    assert!(
        !out.contains(&b';') || data.contains(&b';') || !sent.is_empty(),
        "an extension goes on"
    );
}

fn check_length(input: &[u8]) {
    for length in [0, 1, input.len() / 2, input.len(), input.len() + 1] {
        for cut in [0, input.len() / 3] {
            let body = Body::new(Incoming::Length(length as u64), Outgoing::AsItIs, Some(0), WIDE);
            let run = Run::over(body, input, &[cut]);
            let there = length.min(input.len());
            assert_eq!(run.out, &input[..there]);
            assert_eq!((run.used, run.data), (there, there as u64));
            assert_eq!(run.end, Ok(there == length));
        }
    }
}

fn check_until_close(input: &[u8]) {
    for outgoing in [Outgoing::Chunked, Outgoing::Plain] {
        let mut body = Body::new(Incoming::UntilClose, outgoing, None, WIDE);
        let mut out = Vec::new();
        for piece in [&input[..input.len() / 2], &input[input.len() / 2..]] {
            let taken = body.take(piece, &mut out);
            assert!(taken.is_ok_and(|taken| taken.used == piece.len()));
            if taken.is_ok_and(|taken| taken.verbatim) {
                out.extend_from_slice(piece);
            }
            assert!(!body.is_done());
        }
        assert_eq!(body.end(&mut out), Ok(()));
        if outgoing == Outgoing::Plain {
            assert_eq!(out, input);
        } else {
            let used = out.len();
            let whole = Decoded::Whole { data: input.to_vec(), trailers: vec![], used };
            assert_eq!(decode(&out, None, &WIDE), whole);
        }
    }
}
