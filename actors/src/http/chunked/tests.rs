use super::*;

const TRAILER: HeadLimits = HeadLimits { size: 200, fields: 3 };

/// Feeds all of it, and returns what is left over and what the trailers are.
fn read(bytes: &[u8], limit: Option<u64>) -> Result<(usize, String), BodyError> {
    let mut chunks = Chunked::new(limit, TRAILER);
    let mut rest = bytes;
    while !rest.is_empty() && !chunks.is_done() {
        let (_, used) = chunks.next(rest)?;
        assert!(used > 0, "no progress");
        rest = &rest[used..];
    }
    assert!(chunks.is_done(), "{}", bytes.escape_ascii());
    Ok((rest.len(), String::from_utf8_lossy(chunks.trailers()).into_owned()))
}

fn fault(bytes: &[u8]) -> Option<BodyError> {
    let mut chunks = Chunked::new(None, TRAILER);
    let mut rest = bytes;
    while !rest.is_empty() && !chunks.is_done() {
        match chunks.next(rest) {
            Ok((_, used)) => rest = &rest[used..],
            Err(error) => {
                assert_eq!(chunks.next(b"0\r\n\r\n"), Err(error), "broken for good");
                return Some(error);
            }
        }
    }
    None
}

#[test]
fn each_range_is_named_for_what_it_is() {
    let bytes = b"5 ;a=\"x\"\r\nhello\r\n0\r\nA: b\r\n\r\nnext";
    let mut chunks = Chunked::new(None, TRAILER);
    let (mut rest, mut pieces) = (&bytes[..], Vec::new());
    while !chunks.is_done() {
        let (piece, used) = chunks.next(rest).unwrap();
        pieces.push((piece, rest[..used].escape_ascii().to_string()));
        rest = &rest[used..];
    }
    let pieces: Vec<_> = pieces.iter().map(|(piece, text)| (*piece, text.as_str())).collect();
    assert_eq!(
        pieces,
        [
            (Piece::Framing, "5"),
            (Piece::Extension, " ;a=\\\"x\\\""),
            (Piece::Framing, "\\r\\n"),
            (Piece::Data, "hello"),
            (Piece::Framing, "\\r\\n0\\r\\n"),
            (Piece::Trailer, "A: b\\r\\n\\r\\n"),
        ]
    );
    assert_eq!(chunks.trailers(), b"A: b\r\n\r\n");
    assert_eq!(rest, b"next");
    assert_eq!(chunks.next(rest), Ok((Piece::Framing, 0)));
}

#[test]
fn what_the_grammar_has_is_taken() {
    for bytes in [
        &b"0\r\n\r\n"[..],
        b"0000000000000000\r\n\r\n",
        b"000000000000000A\r\n0123456789\r\n0\r\n\r\n",
        b"a;x\r\n0123456789\r\n0;y=z\r\n\r\n",
        b"1\t ; \tx \t= \ty ;z\r\n.\r\n0\r\n\r\n",
        b"1;x=\"\\\"\\\\;\t\xff\";y\r\n.\r\n0\r\n\r\n",
        b"1;x=\"\"\r\n.\r\n0\r\n\r\n",
    ] {
        assert_eq!(read(bytes, None), Ok((0, String::new())), "{}", bytes.escape_ascii());
    }
}

#[test]
fn what_it_has_not_is_refused() {
    for bytes in [
        &b"\r\n"[..],
        b" 1\r\n",
        b";x\r\n",
        b"g\r\n",
        b"-1\r\n",
        b"+1\r\n",
        b"0x1\r\n",
        b"1 \r\n",
        b"1\t\r\n",
        b"1 1\r\n",
        b"1\n",
        b"1\rx",
        b"1,\r\n",
        b"00000000000000001\r\n",
        b"8000000000000000\r\n",
        b"ffffffffffffffff\r\n",
        b"1;\r\n",
        b"1; \r\n",
        b"1;;x\r\n",
        b"1;x \r\n",
        b"1;x=\r\n",
        b"1;x=y \r\n",
        b"1;x=y=z\r\n",
        b"1;x=\"y\"z\r\n",
        b"1;x=\"y\r\n",
        b"1;x=\"\\\r\n",
        b"1;x=\"y\n",
        b"1;x\n",
        b"1;x=y\n",
        b"1;x=\0\r\n",
        b"1;x=\"\x7f\"\r\n",
        b"1;\xe4\r\n",
        b"1\r\nab",
        b"1\r\na\n",
        b"1\r\na\rb",
        b"1\r\na0\r\n\r\n",
    ] {
        assert_eq!(fault(bytes), Some(BodyError::BadChunk), "{}", bytes.escape_ascii());
    }
    assert_eq!(fault(b"7fffffffffffffff\r\nx"), None);
}

#[test]
fn a_line_of_a_chunk_is_bounded() {
    let line = |length: usize| [b"1;".as_slice(), &vec![b'x'; length - 2], b"\r\n"].concat();
    assert_eq!(fault(&line(256)), None);
    assert_eq!(fault(&line(257)), Some(BodyError::ChunkLineTooLong));
    let two = [&line(200)[..], b".\r\n", &line(200), b".\r\n0\r\n\r\n"].concat();
    assert_eq!(fault(&two), None);
}

#[test]
fn a_chunk_that_would_exceed_the_limit_is_refused_by_its_size() {
    let mut chunks = Chunked::new(Some(8), TRAILER);
    assert_eq!(chunks.next(b"5\r\n"), Ok((Piece::Framing, 3)));
    assert_eq!(chunks.next(b"hello"), Ok((Piece::Data, 5)));
    assert_eq!(chunks.next(b"\r\n4"), Err(BodyError::TooLong));
    assert_eq!(read(b"5\r\nhello\r\n3\r\nabc\r\n0\r\n\r\n", Some(8)), Ok((0, String::new())));
    assert_eq!(read(b"0\r\n\r\n", Some(0)), Ok((0, String::new())));
}

#[test]
fn trailers_that_could_change_the_message_are_dropped() {
    let read = |trailers: &str| read(format!("0\r\n{trailers}\r\n!").as_bytes(), None);
    let kept = |trailers: &str| Ok((1, trailers.to_owned()));
    assert_eq!(
        read("grpc-status: 0\r\nServer-Timing:\tx \r\nEmpty:\r\n"),
        kept("grpc-status: 0\r\nServer-Timing:\tx \r\nEmpty:\r\n\r\n")
    );
    assert_eq!(read("Content-Length: 1\r\nA: b\r\nHOST: x\r\n"), kept("A: b\r\n\r\n"));
    for name in ["transfer-Encoding", "Connection", "Set-Cookie", "If-Match", "X-Forwarded-For"] {
        assert_eq!(read(&format!("{name}: x\r\n")), kept("\r\n"), "{name}");
    }
    assert_eq!(read("If: x\r\nVaryX: y\r\n"), kept("If: x\r\nVaryX: y\r\n\r\n"));
}

#[test]
fn malformed_trailers_are_refused() {
    for trailers in [
        "A\r\n\r\n",
        "A : b\r\n\r\n",
        " A: b\r\n\r\n",
        "A: b\r\n c\r\n\r\n",
        ": b\r\n\r\n",
        "A: b\n",
        "A: b\rc",
        "A: \0",
        "A: \x7f",
        "\n",
        "\rx",
        "A: b\r\n\n",
        "A: b\r\n\rx",
        "\0",
    ] {
        let bytes = format!("0\r\n{trailers}");
        assert_eq!(fault(bytes.as_bytes()), Some(BodyError::BadTrailer), "{trailers:?}");
    }
}

#[test]
fn trailers_are_bounded_like_a_head() {
    let long = |length: usize| format!("0\r\nA: {}\r\n\r\n", "x".repeat(length - 7));
    assert_eq!(fault(long(200).as_bytes()), None);
    assert_eq!(fault(long(201).as_bytes()), Some(BodyError::TrailerTooLong));
    assert_eq!(fault(b"0\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n"), None);
    let four = b"0\r\nA: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\n\r\n";
    assert_eq!(fault(four), Some(BodyError::TrailerTooLong));
}
