//! Whatever comes, and however it is cut.

use proptest::prelude::*;
use proptest::sample::Index;

use super::*;

/// Feeds `bytes` up to each of `cuts`; the verdict, and what end of stream makes of it.
fn verdict(probe: &HttpProbe, bytes: &[u8], cuts: &[usize]) -> (Verdict, Verdict) {
    let mut answer = probe.answer();
    let (mut from, mut verdict) = (0, Verdict::More);
    for end in cuts.iter().copied().chain([bytes.len()]) {
        let before = verdict;
        verdict = answer.feed(&bytes[from..end]);
        assert!(before == Verdict::More || before == verdict, "a verdict stays");
        from = end;
    }
    let ended = answer.end();
    assert_ne!(ended, Verdict::More, "an end decides");
    (verdict, ended)
}

/// An answer, good or nearly so.
fn answers() -> impl Strategy<Value = Vec<u8>> {
    let interim = prop::collection::vec(Just("HTTP/1.1 100 Continue\r\nx: alive\r\n\r\n"), 0..3);
    let status = prop_oneof![Just("200 OK"), Just("200"), Just("204 No"), Just("500 Oh")];
    let pieces = prop::collection::vec("[aliveALIVE]{0,9}|[ -~]{0,20}", 0..6);
    let body = (pieces, 0..3u8).prop_map(|(pieces, framing)| match framing {
        0 => {
            let data = pieces.concat();
            format!("Content-Length: {}\r\n\r\n{data}", data.len())
        }
        1 => format!("\r\n{}", pieces.concat()),
        _ => {
            let chunk = |piece: &String| format!("{:x};e\r\n{piece}\r\n", piece.len());
            let full = pieces.iter().filter(|piece| !piece.is_empty());
            let chunks: String = full.map(chunk).collect();
            format!("Transfer-Encoding: chunked\r\n\r\n{chunks}0\r\nx: alive\r\n\r\n")
        }
    });
    let change = prop::option::of((any::<Index>(), prop::sample::select(&b"\r\n \0x0;f:\xff"[..])));
    (interim, status, body, change).prop_map(|(interim, status, body, change)| {
        let mut bytes = format!("{}HTTP/1.1 {status}\r\n{body}", interim.concat()).into_bytes();
        if let Some((place, byte)) = change {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        bytes
    })
}

fn probes() -> impl Strategy<Value = HttpProbe> {
    let text = prop_oneof![Just(None), Just(Some("alive")), Just(Some("a")), Just(Some("lili"))];
    let method = prop_oneof![4 => Just(Method::Get), 1 => Just(Method::Head)];
    (text, method).prop_map(|(text, method)| {
        probe(HttpProbePlan { method, body: text.map(str::to_owned), ..HttpProbePlan::default() })
    })
}

proptest! {
    #[test]
    fn the_verdict_is_the_same_at_every_cut(
        probe in probes(), bytes in answers(), cuts in prop::collection::vec(any::<Index>(), 0..8),
    ) {
        let whole = verdict(&probe, &bytes, &[]);
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        cuts.sort_unstable();
        prop_assert_eq!(verdict(&probe, &bytes, &cuts), whole);
        let every: Vec<_> = (0..bytes.len()).collect();
        prop_assert_eq!(verdict(&probe, &bytes, &every), whole);
    }

    #[test]
    fn a_text_is_found_exactly_where_the_first_64_kib_have_it(
        filler in 0..3 * SEARCHED / 2, text in "[ab]{1,4}", tail in "[abc]{0,9}", piece in 1..9_999usize,
    ) {
        let body = ".".repeat(filler) + &tail;
        let probe = wants(&text);
        let mut bytes = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
        bytes.extend_from_slice(body.as_bytes());
        let cuts: Vec<_> = (0..bytes.len()).step_by(piece).collect();
        let there = body[..body.len().min(SEARCHED)].contains(&text);
        let expected = if there { Verdict::Pass } else { MISSING };
        prop_assert_eq!(verdict(&probe, &bytes, &cuts).1, expected);
    }

    #[test]
    fn random_bytes_end_in_a_verdict(
        probe in probes(), head: bool, bytes in prop::collection::vec(any::<u8>(), 0..600),
    ) {
        let first = if head { &b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"[..] } else { b"" };
        let bytes = [first, &bytes].concat();
        let _ = verdict(&probe, &bytes, &[first.len()]);
    }
}
