use super::{LIMITS, parse};
use crate::http::refusal::Refusal::{self, *};

/// The refusal of `bytes` at once, and how many of them were needed for it.
fn refusal(bytes: &[u8]) -> (Refusal, usize) {
    let whole = parse(bytes, |head| head.length).expect_err("it is refused");
    let needed = (0..=bytes.len()).find(|end| parse(&bytes[..*end], |_| ()).is_err());
    (whole, needed.unwrap())
}

#[test]
fn a_head_that_breaks_the_grammar_is_refused_at_the_byte_that_breaks_it() {
    // What is after the `|` is not needed to refuse.
    for (expected, head) in [
        (BadRequestLine, " |GET / HTTP/1.1"),
        (BadRequestLine, "\r\n\r|\nGET / HTTP/1.1"),
        (BareLineFeed, "\n|GET / HTTP/1.1"),
        (BareLineFeed, "\r\n\n|GET / HTTP/1.1"),
        (BareCarriageReturn, "\rG|ET / HTTP/1.1"),
        (BadRequestLine, "GET\r|\n"),
        (BadRequestLine, "G(|T / HTTP/1.1"),
        (BadRequestLine, "\x16|\x03\x01\x02"),
        (BadRequestLine, "GET /\r|\n\r\n"),
        (BadRequestLine, "GET /\n|"),
        (BadRequestLine, "GET  |/ HTTP/1.1\r\n"),
        (BadRequestLine, "GET\t|/ HTTP/1.1\r\n"),
        (BadRequestLine, "GET /  |HTTP/1.1\r\n"),
        (BadRequestLine, "GET / HTTP/1.1 |\r\n"),
        (BadRequestLine, "GET / HTTP/1.11|\r\n"),
        (BadRequestLine, "GET / h|ttp/1.1\r\n"),
        (BadRequestLine, "GET / HTTP/1\r|\n"),
        (BadRequestLine, "GET / HTTP/x|"),
        (BadRequestLine, "GET /a b| HTTP/1.1"),
        (UnknownVersion, "GET / HTTP/0|.9\r\n"),
        (UnknownVersion, "GET / HTTP/1.2|\r\n"),
        (UnknownVersion, "PRI * HTTP/2|.0\r\n\r\nSM\r\n\r\n"),
        (BareLineFeed, "GET / HTTP/1.1\n|Host: a\r\n\r\n"),
        (BareCarriageReturn, "GET / HTTP/1.1\rH|ost: a\r\n\r\n"),
        (ObsFold, "GET / HTTP/1.1\r\n |Host: a\r\n\r\n"),
        (ObsFold, "GET / HTTP/1.1\r\nHost: a\r\n\t|b\r\n\r\n"),
        (SpaceBeforeColon, "GET / HTTP/1.1\r\nHost |: a\r\n\r\n"),
        (SpaceBeforeColon, "GET / HTTP/1.1\r\nHost\t|: a\r\n\r\n"),
        (BadFieldName, "GET / HTTP/1.1\r\n:| a\r\n\r\n"),
        (BadFieldName, "GET / HTTP/1.1\r\nHost\r|\n\r\n"),
        (BadFieldName, "GET / HTTP/1.1\r\nH(|: a\r\n\r\n"),
        (BadFieldName, "GET / HTTP/1.1\r\nH\0|: a\r\n\r\n"),
        (BadFieldValue, "GET / HTTP/1.1\r\nHost: \0|a\r\n\r\n"),
        (BadFieldValue, "GET / HTTP/1.1\r\nHost: a\x7f|\r\n\r\n"),
        (BadFieldValue, "GET / HTTP/1.1\r\nHost: a\x0b|\r\n\r\n"),
        (BareLineFeed, "GET / HTTP/1.1\r\nHost: a\n|\r\n"),
        (BareLineFeed, "GET / HTTP/1.1\r\nHost: a \n|\r\n"),
        (BareLineFeed, "GET / HTTP/1.1\r\nHost:\n|\r\n"),
        (BareLineFeed, "GET / HTTP/1.1\r\nHost: a\r\n\n|"),
        (BareCarriageReturn, "GET / HTTP/1.1\r\nHost: a\rb|\r\n\r\n"),
        (BareCarriageReturn, "GET / HTTP/1.1\r\nHost: a\r\r|\n\r\n"),
        (BareCarriageReturn, "GET / HTTP/1.1\r\nHost: a\r\n\rx|"),
        (BadTarget, "GET /#|a HTTP/1.1\r\n\r\n"),
        (BadTarget, "GET /\x01| HTTP/1.1\r\n\r\n"),
        (BadTarget, "GET /\x7f| HTTP/1.1\r\n\r\n"),
        (BadTarget, "GET /\t| HTTP/1.1\r\n\r\n"),
    ] {
        let (needed, rest) = head.split_once('|').unwrap();
        let found = refusal(format!("{needed}{rest}").as_bytes());
        assert_eq!(found, (expected, needed.len()), "{head:?}");
    }
    assert_eq!(refusal("GET /é HTTP/1.1\r\nHost: a\r\n\r\n".as_bytes()), (BadTarget, 6));
    assert_eq!(refusal(b"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n"), (BadTarget, 6));
}

#[test]
fn a_head_that_contradicts_itself_is_refused_at_its_end() {
    for (expected, line, fields) in [
        (Connect, "CONNECT a:80 HTTP/1.1", "Host: a:80"),
        (Connect, "CONNECT / HTTP/1.1", "Host: a"),
        (BadTargetForm, "GET * HTTP/1.1", "Host: a"),
        (BadTargetForm, "GET a:80 HTTP/1.1", "Host: a:80"),
        (BadTargetForm, "GET https://a/ HTTP/1.1", "Host: a"),
        (BadTargetForm, "GET http://me@a/ HTTP/1.1", "Host: a"),
        (BadTargetForm, "GET http://a?b HTTP/1.1", "Host: a"),
        (OtherHost, "GET http://a/ HTTP/1.1", "Host: b"),
        (OtherHost, "GET http://a:81/ HTTP/1.1", "Host: a"),
        (NoHost, "GET / HTTP/1.1", "Accept: */*"),
        (NoHost, "GET http://a/ HTTP/1.1", "Accept: */*"),
        (SecondHost, "GET / HTTP/1.1", "Host: a\r\nhost: a"),
        (SecondHost, "GET / HTTP/1.0", "Host: a\r\nHost: b"),
        (BadHost, "GET / HTTP/1.1", "Host:"),
        (BadHost, "GET / HTTP/1.0", "Host: "),
        (BadHost, "GET / HTTP/1.1", "Host: a, b"),
        (BadHost, "GET / HTTP/1.1", "Host: a b"),
        (BadHost, "GET / HTTP/1.1", "Host: me@a"),
        (BadHost, "GET / HTTP/1.1", "Host: http://a"),
        (BadHost, "GET / HTTP/1.1", "Host: é"),
        (BadLength, "PUT / HTTP/1.1", "Host: a\r\nContent-Length: +1"),
        (BadLength, "PUT / HTTP/1.1", "Host: a\r\nContent-Length:"),
        (BadLength, "PUT / HTTP/1.1", "Host: a\r\nContent-Length: 1, 1"),
        (BadLength, "PUT / HTTP/1.1", "Host: a\r\nContent-Length: 1\r\nContent-Length: 1"),
        (
            LengthAndCoding,
            "PUT / HTTP/1.1",
            "Host: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked",
        ),
        (LengthAndCoding, "PUT / HTTP/1.1", "Host: a\r\ntransfer-encoding: x\r\nContent-Length: 0"),
        (CodingInOldVersion, "PUT / HTTP/1.0", "Transfer-Encoding: chunked"),
        (UnknownCoding, "PUT / HTTP/1.1", "Host: a\r\nTransfer-Encoding: gzip, chunked"),
        (UnknownCoding, "PUT / HTTP/1.1", "Host: a\r\nTransfer-Encoding:"),
        (
            UnknownCoding,
            "PUT / HTTP/1.1",
            "Host: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        ),
        (
            UnknownCoding,
            "PUT / HTTP/1.1",
            "Host: a\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: chunked",
        ),
        (UnknownExpectation, "PUT / HTTP/1.1", "Host: a\r\nExpect: a"),
        (UnknownExpectation, "PUT / HTTP/1.1", "Host: a\r\nExpect:"),
        (
            UnknownExpectation,
            "PUT / HTTP/1.1",
            "Host: a\r\nExpect: 100-continue\r\nExpect: 100-continue",
        ),
        (TooManyOptions, "GET / HTTP/1.1", &format!("Host: a\r\nConnection: {}", "a,".repeat(33))),
    ] {
        let head = format!("{line}\r\n{fields}\r\n\r\n");
        assert_eq!(refusal(head.as_bytes()), (expected, head.len()), "{head:?}");
    }
}

#[test]
fn a_head_up_to_the_limits_is_read_and_one_beyond_is_refused() {
    let of_size = |size: usize| {
        let start = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
        format!("{start}{}\r\n\r\n", "x".repeat(size - start.len() - 4))
    };
    assert_eq!(parse(of_size(LIMITS.size).as_bytes(), |head| head.length), Ok(Some(LIMITS.size)));
    assert_eq!(refusal(of_size(LIMITS.size + 1).as_bytes()), (HeadTooLong, LIMITS.size));
    assert_eq!(refusal("G".repeat(LIMITS.size).as_bytes()), (HeadTooLong, LIMITS.size));

    let of_fields =
        |count: usize| format!("GET / HTTP/1.1\r\nHost: a\r\n{}", "X: y\r\n".repeat(count - 1));
    let head = format!("{}\r\n", of_fields(LIMITS.fields));
    assert_eq!(parse(head.as_bytes(), |head| head.fields.len()), Ok(Some(LIMITS.fields)));
    let head = of_fields(LIMITS.fields + 1);
    assert_eq!(refusal(head.as_bytes()), (TooManyFields, head.len()));
}

#[test]
fn each_refusal_has_its_status() {
    for (refusal, status, name) in [
        (BareLineFeed, 400, "bare_line_feed"),
        (LengthAndCoding, 400, "length_and_coding"),
        (BodyTooLong, 413, "body_too_long"),
        (UnknownExpectation, 417, "unknown_expectation"),
        (HeadTooLong, 431, "head_too_long"),
        (TooManyFields, 431, "too_many_fields"),
        (Connect, 501, "connect"),
        (UnknownCoding, 501, "unknown_coding"),
        (UnknownVersion, 505, "unknown_version"),
    ] {
        assert_eq!((refusal.status(), refusal.name()), (status, name));
    }
}
