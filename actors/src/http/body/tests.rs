use proptest::prelude::*;

use super::*;

const TRAILER: HeadLimits = HeadLimits { size: 300, fields: 8 };

fn body(incoming: Incoming, outgoing: Outgoing) -> Body {
    Body::new(incoming, outgoing, None, TRAILER)
}

/// What came of a body that was fed in pieces.
#[derive(Debug, PartialEq)]
struct Fed {
    out: Vec<u8>,
    used: usize,
    data: u64,
    done: bool,
    error: Option<BodyError>,
}

/// Feeds `bytes`, a piece up to each of `cuts`, and checks what must hold at every call.
fn feed(body: &mut Body, bytes: &[u8], cuts: &[usize]) -> Fed {
    let (mut written, mut used, mut error) = (Vec::new(), 0, None);
    for end in cuts.iter().copied().chain([bytes.len()]) {
        if used >= end || body.is_done() {
            continue;
        }
        let piece = &bytes[used..end];
        let mut out = b"|".to_vec();
        match body.take(piece, &mut out) {
            Ok(taken) => {
                assert!(taken.used == piece.len() || body.is_done(), "bytes were left lying");
                assert!(taken.used > 0, "no progress");
                if taken.verbatim {
                    assert_eq!(out, b"|", "verbatim leaves the output alone");
                    written.extend_from_slice(&piece[..taken.used]);
                } else {
                    assert!(out.starts_with(b"|"), "it is appended");
                    written.extend_from_slice(&out[1..]);
                }
                used += taken.used;
            }
            Err(fault) => {
                error = Some(fault);
                break;
            }
        }
    }
    Fed { out: written, used, data: body.data(), done: body.is_done(), error }
}

fn feed_whole(incoming: Incoming, outgoing: Outgoing, bytes: &[u8]) -> Fed {
    feed(&mut body(incoming, outgoing), bytes, &[])
}

#[test]
fn no_body_is_done_before_it_begins() {
    for incoming in [Incoming::None, Incoming::Length(0)] {
        let mut body = body(incoming, Outgoing::AsItIs);
        assert!(body.is_done());
        assert_eq!(body.take(b"next", &mut Vec::new()), Ok(Taken { used: 0, verbatim: true }));
        assert_eq!(body.end(&mut Vec::new()), Ok(()));
    }
    assert_eq!(body(Incoming::None, Outgoing::AsItIs).remaining(), None);
    assert_eq!(body(Incoming::Length(0), Outgoing::AsItIs).remaining(), Some(0));
}

#[test]
fn a_length_ends_where_it_says_and_not_before() {
    let mut body = body(Incoming::Length(7), Outgoing::AsItIs);
    let mut out = Vec::new();
    assert_eq!(body.take(b"hello", &mut out), Ok(Taken { used: 5, verbatim: true }));
    assert_eq!((body.remaining(), body.data(), body.is_done()), (Some(2), 5, false));
    assert_eq!(body.end(&mut out), Err(Truncated));
    assert_eq!(body.take(b"worlds", &mut out), Ok(Taken { used: 2, verbatim: true }));
    assert_eq!((body.remaining(), body.data(), body.is_done()), (Some(0), 7, true));
    assert_eq!(body.end(&mut out), Ok(()));
    assert!(out.is_empty());
}

#[test]
fn chunks_stay_the_same_chunks_without_their_extensions_and_with_safe_trailers() {
    let bytes = b"5;x=y\r\nhello\r\n0\r\nHost: x\r\nA: b\r\n\r\nnext";
    let fed = feed_whole(Incoming::Chunked, Outgoing::AsItIs, bytes);
    assert_eq!(fed.out, b"5\r\nhello\r\n0\r\nA: b\r\n\r\n");
    assert_eq!((fed.used, fed.data, fed.done), (bytes.len() - 4, 5, true));
    let fed = feed_whole(Incoming::Chunked, Outgoing::Plain, bytes);
    assert_eq!(fed.out, b"hello");
    assert_eq!((fed.used, fed.data, fed.done), (bytes.len() - 4, 5, true));
}

#[test]
fn plain_chunks_are_never_copied_however_they_come() {
    let bytes = b"5\r\nhello\r\n00a\r\n0123456789\r\n0\r\n\r\n";
    for first in 0..=bytes.len() {
        for second in first..=bytes.len() {
            let mut body = body(Incoming::Chunked, Outgoing::AsItIs);
            let mut out = Vec::new();
            for piece in [&bytes[..first], &bytes[first..second], &bytes[second..]] {
                let taken = body.take(piece, &mut out).unwrap();
                assert_eq!(taken, Taken { used: piece.len(), verbatim: true });
            }
            assert!(body.is_done() && out.capacity() == 0);
        }
    }
}

#[test]
fn data_alone_is_not_copied_for_who_gets_it_plain() {
    let mut body = body(Incoming::Chunked, Outgoing::Plain);
    let mut out = Vec::new();
    assert_eq!(body.take(b"ff\r\n", &mut out), Ok(Taken { used: 4, verbatim: false }));
    assert_eq!(body.take(b"hello", &mut out), Ok(Taken { used: 5, verbatim: true }));
    assert!(out.is_empty());
}

#[test]
fn what_comes_until_close_becomes_chunks_of_which_none_is_empty() {
    let mut body = body(Incoming::UntilClose, Outgoing::Chunked);
    let mut out = Vec::new();
    assert_eq!(body.take(b"", &mut out), Ok(Taken { used: 0, verbatim: true }));
    assert_eq!(body.take(b"hello, world!", &mut out), Ok(Taken { used: 13, verbatim: false }));
    assert_eq!(body.take(b"x", &mut out), Ok(Taken { used: 1, verbatim: false }));
    assert!(!body.is_done());
    assert_eq!(body.end(&mut out), Ok(()));
    assert!(body.is_done());
    assert_eq!(body.end(&mut out), Ok(()));
    assert_eq!(out, b"d\r\nhello, world!\r\n1\r\nx\r\n0\r\n\r\n");
    assert_eq!(body.data(), 14);
}

#[test]
fn what_comes_until_close_may_go_until_close() {
    let mut body = body(Incoming::UntilClose, Outgoing::Plain);
    let mut out = Vec::new();
    assert_eq!(body.take(b"hello", &mut out), Ok(Taken { used: 5, verbatim: true }));
    assert_eq!(body.end(&mut out), Ok(()));
    assert!(out.is_empty() && body.is_done());
}

#[test]
fn chunks_without_a_last_one_are_truncated() {
    let bytes = b"5\r\nhello\r\n0\r\nA: b\r\n\r\n";
    for end in 0..bytes.len() {
        let mut body = body(Incoming::Chunked, Outgoing::AsItIs);
        feed(&mut body, &bytes[..end], &[]);
        let mut out = Vec::new();
        assert_eq!(body.end(&mut out), Err(Truncated));
        assert!(out.is_empty());
    }
}

#[test]
fn a_chunk_over_the_limit_is_refused_before_any_of_it_goes_on() {
    let mut body = Body::new(Incoming::Chunked, Outgoing::Plain, Some(6), TRAILER);
    let fed = feed(&mut body, b"5\r\nhello\r\n2\r\nxx\r\n", &[10]);
    assert_eq!((fed.out, fed.error), (b"hello".to_vec(), Some(BodyError::TooLong)));
    assert_eq!(body.end(&mut Vec::new()), Err(Truncated));
}

#[test]
fn a_body_is_small() {
    assert!(size_of::<Body>() <= 112, "{}", size_of::<Body>());
}

/// Reads chunks as plainly as can be: the data and the lines of the trailer section.
fn decode(mut bytes: &[u8]) -> (Vec<u8>, Vec<Vec<u8>>) {
    fn line<'b>(bytes: &mut &'b [u8]) -> &'b [u8] {
        let end = bytes.windows(2).position(|pair| pair == b"\r\n").unwrap();
        let line = &bytes[..end];
        *bytes = &bytes[end + 2..];
        line
    }
    let mut data = Vec::new();
    loop {
        let head = line(&mut bytes);
        let size = head.split(|byte| b" \t;".contains(byte)).next().unwrap();
        let size = usize::from_str_radix(std::str::from_utf8(size).unwrap(), 16).unwrap();
        if size == 0 {
            break;
        }
        data.extend_from_slice(&bytes[..size]);
        assert_eq!(&bytes[size..size + 2], b"\r\n");
        bytes = &bytes[size + 2..];
    }
    let mut trailers = Vec::new();
    loop {
        match line(&mut bytes) {
            b"" => break,
            field => trailers.push(field.to_vec()),
        }
    }
    assert!(bytes.is_empty());
    (data, trailers)
}

/// A well-formed body of chunks.
fn chunked() -> impl Strategy<Value = Vec<u8>> {
    let extension = prop_oneof![
        4 => Just(String::new()),
        1 => "[ \t]{0,2};[ ]?[a-z]{1,4}([ ]?=[ ]?([a-z]{1,4}|\"([a-z; ]|\\\\\"){0,6}\"))?",
    ];
    let data = prop::collection::vec(prop::sample::select(&b"\r\n0a;\xff"[..]), 1..40);
    let chunk = (0usize..4, data, extension.clone(), any::<bool>());
    let trailer = prop_oneof![
        Just("Host: x".to_owned()),
        Just("content-length: 7".to_owned()),
        "[xX]-[a-z]{1,3}:[ \t]?[ -~]{0,10}",
    ];
    (prop::collection::vec(chunk, 0..6), extension, prop::collection::vec(trailer, 0..4)).prop_map(
        |(chunks, last, trailers)| {
            let mut bytes = Vec::new();
            for (zeros, data, extension, upper) in chunks {
                let size = data.len();
                let size = if upper { format!("{size:X}") } else { format!("{size:x}") };
                bytes.extend_from_slice(format!("{}{size}", "0".repeat(zeros)).as_bytes());
                bytes.extend_from_slice(extension.as_bytes());
                bytes.extend_from_slice(b"\r\n");
                bytes.extend_from_slice(&data);
                bytes.extend_from_slice(b"\r\n");
            }
            bytes.extend_from_slice(format!("0{last}\r\n").as_bytes());
            for trailer in trailers {
                bytes.extend_from_slice(format!("{trailer}\r\n").as_bytes());
            }
            bytes.extend_from_slice(b"\r\n");
            bytes
        },
    )
}

fn cuts() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(0usize..300, 0..40).prop_map(|mut cuts| {
        cuts.sort_unstable();
        cuts
    })
}

fn cut_to(cuts: &[usize], bytes: &[u8]) -> Vec<usize> {
    cuts.iter().map(|cut| (*cut).min(bytes.len())).collect()
}

proptest! {
    #[test]
    fn chunks_that_go_on_carry_what_those_that_came_did(bytes in chunked(), cuts in cuts()) {
        let cuts = cut_to(&cuts, &bytes);
        let (data, mut trailers) = decode(&bytes);
        trailers.retain(|line| line.to_ascii_lowercase().starts_with(b"x-"));

        let fed = feed(&mut body(Incoming::Chunked, Outgoing::AsItIs), &bytes, &cuts);
        prop_assert_eq!((fed.error, fed.done, fed.used), (None, true, bytes.len()));
        prop_assert_eq!(fed.data, data.len() as u64);
        let again = feed_whole(Incoming::Chunked, Outgoing::AsItIs, &fed.out);
        prop_assert_eq!(&again.out, &fed.out, "nothing is left to drop");
        prop_assert_eq!(decode(&fed.out), (data.clone(), trailers));

        let fed = feed(&mut body(Incoming::Chunked, Outgoing::Plain), &bytes, &cuts);
        prop_assert_eq!(fed, Fed {
            data: data.len() as u64, out: data, used: bytes.len(), done: true, error: None,
        });
    }

    #[test]
    fn what_goes_on_does_not_depend_on_how_it_came(
        bytes in chunked(),
        change in prop::option::of((
            any::<prop::sample::Index>(),
            prop::sample::select(&b"\r\n \t;\"=0f\0:"[..]),
        )),
        cuts in cuts(),
        limit in prop::option::of(0u64..200),
        plain: bool,
    ) {
        let mut bytes = bytes;
        if let Some((place, byte)) = change {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        bytes.extend_from_slice(b"0\r\n\r\nnext");
        let cuts = cut_to(&cuts, &bytes);
        let outgoing = if plain { Outgoing::Plain } else { Outgoing::AsItIs };
        let make = || Body::new(Incoming::Chunked, outgoing, limit, TRAILER);
        let whole = feed(&mut make(), &bytes, &[]);
        let each: Vec<usize> = (1..bytes.len()).collect();
        let pieces = feed(&mut make(), &bytes, &cuts);
        let single = feed(&mut make(), &bytes, &each);
        prop_assert_eq!(whole.error, single.error);
        prop_assert_eq!(whole.error, pieces.error);
        if whole.error.is_none() {
            prop_assert_eq!(&whole, &single);
            prop_assert_eq!(&whole, &pieces);
        } else {
            // Nothing of the piece with the mistake goes on.
            prop_assert!(single.out.starts_with(&pieces.out));
        }
    }

    #[test]
    fn chunks_of_ours_are_read_back_as_what_came_until_close(
        bytes in prop::collection::vec(any::<u8>(), 0..300), cuts in cuts(),
    ) {
        let cuts = cut_to(&cuts, &bytes);
        let mut body = body(Incoming::UntilClose, Outgoing::Chunked);
        let mut out = feed(&mut body, &bytes, &cuts).out;
        body.end(&mut out).unwrap();
        prop_assert_eq!(decode(&out), (bytes.clone(), Vec::new()));
        prop_assert_eq!(feed_whole(Incoming::Chunked, Outgoing::Plain, &out).out, bytes);
    }

    #[test]
    fn no_bytes_are_too_strange_to_be_taken(
        bytes in prop::collection::vec(
            prop_oneof![any::<u8>(), prop::sample::select(&b"\r\n01fa;=\" :"[..])], 0..200,
        ),
        cuts in cuts(),
    ) {
        let cuts = cut_to(&cuts, &bytes);
        for outgoing in [Outgoing::AsItIs, Outgoing::Chunked, Outgoing::Plain] {
            feed(&mut body(Incoming::Chunked, outgoing), &bytes, &cuts);
        }
    }
}
