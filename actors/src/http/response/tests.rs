use super::*;

mod properties;

const GET: Asked = Asked { head: false, upgrade: false };
const HEAD: Asked = Asked { head: true, upgrade: false };
const UPGRADE: Asked = Asked { head: false, upgrade: true };
const STAY: Onward<'static> =
    Onward { framing: Framing::AsItIs, connection: Connection::Silent, also: &[] };

fn read<R>(
    bytes: &[u8],
    limits: &HeadLimits,
    asked: &Asked,
    then: impl FnOnce(Result<Option<ResponseHead<'_, '_>>, BadAnswer>) -> R,
) -> R {
    let mut storage = [const { MaybeUninit::uninit() }; MOST_FIELDS];
    then(ResponseHead::parse(bytes, &mut storage, limits, asked))
}

fn fault_of(bytes: &[u8], asked: &Asked) -> Option<BadAnswer> {
    read(bytes, &HeadLimits::default(), asked, |head| head.err())
}

fn body_of(bytes: &[u8], asked: &Asked) -> AnswerBody {
    read(bytes, &HeadLimits::default(), asked, |head| head.unwrap().unwrap().body)
}

fn onward(bytes: &str, asked: &Asked, onward: Onward) -> String {
    read(bytes.as_bytes(), &HeadLimits::default(), asked, |head| {
        let mut to = b"before|".to_vec();
        head.unwrap().unwrap().write(&mut to, &onward);
        String::from_utf8(to).unwrap().strip_prefix("before|").unwrap().to_owned()
    })
}

/// All that a caller can see of a head.
fn seen(bytes: &[u8], limits: &HeadLimits, asked: &Asked) -> Result<Option<String>, BadAnswer> {
    read(bytes, limits, asked, |head| Ok(head?.map(|head| format!("{head:?}"))))
}

#[test]
fn a_head_is_read_up_to_its_empty_line_and_tells_what_follows() {
    let bytes = b"HTTP/1.1 404 Not  here\r\nServer:x\r\nContent-Length: \t7 \r\nX:\r\n\r\nbody";
    read(bytes, &HeadLimits::default(), &GET, |head| {
        let head = head.unwrap().unwrap();
        assert_eq!(head.length, bytes.len() - 4);
        assert_eq!((head.status, head.reason), (404, &b"Not  here"[..]));
        assert_eq!((head.version, head.body), (Version::Http11, AnswerBody::Length(7)));
        assert!(head.persistent && !head.is_interim());
        assert_eq!(head.fields.len(), 3);
        assert_eq!((head.fields[2].name, head.fields[2].value), ("X", &b""[..]));
    });
}

#[test]
fn a_reason_may_be_empty_missing_or_of_other_bytes_than_ascii() {
    for (line, reason) in [
        (&b"HTTP/1.1 200 \r\n\r\n"[..], &b""[..]),
        (b"HTTP/1.1 200\r\n\r\n", b""),
        (b"HTTP/1.0 200\r\nA: b\r\n\r\n", b""),
        (b"HTTP/1.1 200 \xe4\xff!\r\n\r\n", b"\xe4\xff!"),
        (b"HTTP/1.1 200 a\tb\r\n\r\n", b"a\tb"),
    ] {
        read(line, &HeadLimits::default(), &GET, |head| {
            let head = head.unwrap().unwrap();
            assert_eq!(head.reason, reason);
            let mut to = Vec::new();
            head.write(&mut to, &STAY);
            let first = to.split(|byte| *byte == b'\r').next().unwrap();
            assert_eq!(first, [b"HTTP/1.1 200 ", reason].concat());
        });
    }
}

#[test]
fn what_is_not_http_is_refused_by_name() {
    for (bytes, fault) in [
        (&b"\r\nHTTP/1.1 200 OK\r\n\r\n"[..], BadAnswer::BadHead),
        (b"\nHTTP/1.1 200 OK\r\n\r\n", BadAnswer::BadHead),
        (b" HTTP/1.1 200 OK\r\n\r\n", BadAnswer::BadHead),
        (b"HTTP/1.1 200 OK\n\r\n", BadAnswer::BadHead),
        (b"HTTP/1.1 200\n\r\n", BadAnswer::BadHead),
        (b"HTTP/1.1 200 OK\r\n\n", BadAnswer::BadHead),
        (b"HTTP/1.1 200 OK\r\nA: b\n\r\n", BadAnswer::BadHead),
        (b"HTTP/1.1 200 OK\r\nA: b\nC: d\r\n\r\n", BadAnswer::BadHead),
        (b"HTTP/1.1 200 OK\r\nA:\nC: d\r\n\r\n", BadAnswer::BadHead),
        (b"HTTP/1.1 200 OK\r\nA: \n\r\n", BadAnswer::BadHead),
        (b"HTTP/1.1 200 OK\r\nA: b\r\n\n", BadAnswer::BadHead),
        (b"HTTP/1.1 200 OK\nA: b\n\n", BadAnswer::BadHead),
        (b"HTTP/1.1 200 O\rK\r\n\r\n", BadAnswer::BadHead),
        (b"HTTP/1.1 200 O\0K\r\n\r\n", BadAnswer::BadHead),
        (b"HTTP/1.1 200 O\x7fK\r\n\r\n", BadAnswer::BadHead),
        (b"HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n", BadAnswer::BadHead),
        (b"HTTP/1.1 200 OK\r\nA: b\0c\r\n\r\n", BadAnswer::BadHead),
        (b"HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", BadAnswer::BadHead),
        (b"HTTP/1.1 200 OK\r\nA: b\r\n\tc\r\n\r\n", BadAnswer::BadHead),
        (b"HTTP/1.1 200 OK\r\n A: b\r\n\r\n", BadAnswer::BadHead),
        (b"HTTP/1.1 200 OK\r\nA : b\r\n\r\n", BadAnswer::BadHead),
        (b"HTTP/1.1 200 OK\r\n: b\r\n\r\n", BadAnswer::BadHead),
        (b"HTTP/1.1 200 OK\r\nA\r\n\r\n", BadAnswer::BadHead),
        (b"HTTP/1.1 200 OK\r\n\xc3\xa4: b\r\n\r\n", BadAnswer::BadHead),
        (b"HTTP/1.1  200 OK\r\n\r\n", BadAnswer::BadHead),
        (b"HTTP/1.1\t200 OK\r\n\r\n", BadAnswer::BadVersion),
        (b"HTTP/1.1 20 OK\r\n\r\n", BadAnswer::BadHead),
        (b"HTTP/1.1 2000 OK\r\n\r\n", BadAnswer::BadHead),
        (b"HTTP/1.1 +20 OK\r\n\r\n", BadAnswer::BadHead),
        (b"HTTP/2.0 200 OK\r\n\r\n", BadAnswer::BadVersion),
        (b"HTTP/1.2 200 OK\r\n\r\n", BadAnswer::BadVersion),
        (b"Http/1.1 200 OK\r\n\r\n", BadAnswer::BadVersion),
        (b"SSH-2.0-x\r\n", BadAnswer::BadHead),
        (b"HTTP/1.1 099 Low\r\n\r\n", BadAnswer::BadStatus),
        (b"HTTP/1.1 600 High\r\n\r\n", BadAnswer::BadStatus),
    ] {
        assert_eq!(fault_of(bytes, &GET), Some(fault), "{}", bytes.escape_ascii());
    }
}

#[test]
fn no_control_is_taken_in_a_value_wherever_it_stands() {
    for control in (0u8..32).chain([127]).filter(|byte| *byte != b'\t') {
        for place in 0..70 {
            let mut bytes = b"HTTP/1.1 200 OK\r\nA: ".to_vec();
            bytes.extend_from_slice(&vec![b'x'; place]);
            bytes.push(control);
            bytes.extend_from_slice(b"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n\r\n");
            assert_eq!(fault_of(&bytes, &GET), Some(BadAnswer::BadHead), "{control} at {place}");
        }
    }
}

#[test]
fn framing_that_can_be_read_in_two_ways_is_refused() {
    let fault = |head: &str| fault_of(format!("{head}\r\n\r\n").as_bytes(), &GET);
    for (head, wanted) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: +5", BadAnswer::BadLength),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5, 5", BadAnswer::BadLength),
        ("HTTP/1.1 200 OK\r\nContent-Length:", BadAnswer::BadLength),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5", BadAnswer::BadLength),
        ("HTTP/1.1 304 OK\r\nContent-Length: x", BadAnswer::BadLength),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked",
            BadAnswer::LengthAndCoding,
        ),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked", BadAnswer::UnknownCoding),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: identity", BadAnswer::UnknownCoding),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
            BadAnswer::UnknownCoding,
        ),
        ("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked", BadAnswer::MisplacedCoding),
        ("HTTP/1.1 100 Go\r\nTransfer-Encoding: chunked", BadAnswer::MisplacedCoding),
        ("HTTP/1.1 204 None\r\nTransfer-Encoding: chunked", BadAnswer::MisplacedCoding),
    ] {
        assert_eq!(fault(head), Some(wanted), "{head:?}");
    }
}

#[test]
fn the_body_is_what_the_request_the_status_and_the_fields_make_it() {
    let length = "Content-Length: 5\r\n";
    let coding = "Transfer-Encoding: Chunked\r\n";
    for (status, fields, asked, body) in [
        (200, length, GET, AnswerBody::Length(5)),
        (200, "Content-Length: 0\r\n", GET, AnswerBody::Length(0)),
        (200, coding, GET, AnswerBody::Chunked),
        (200, "", GET, AnswerBody::UntilClose),
        (205, length, GET, AnswerBody::Length(5)),
        (200, length, HEAD, AnswerBody::None),
        (200, coding, HEAD, AnswerBody::None),
        (200, "", HEAD, AnswerBody::None),
        (304, coding, GET, AnswerBody::None),
        (304, length, GET, AnswerBody::None),
        (204, length, GET, AnswerBody::None),
        (103, length, GET, AnswerBody::None),
    ] {
        let head = format!("HTTP/1.1 {status} X\r\n{fields}\r\n");
        assert_eq!(body_of(head.as_bytes(), &asked), body, "{head:?} {asked:?}");
    }
}

#[test]
fn a_connection_stays_where_the_backend_says_so_and_the_body_has_an_end() {
    let persistent = |head: &str| {
        let bytes = format!("{head}\r\n\r\n");
        read(bytes.as_bytes(), &HeadLimits::default(), &UPGRADE, |head| {
            head.unwrap().unwrap().persistent
        })
    };
    assert!(persistent("HTTP/1.1 200 OK\r\nContent-Length: 0"));
    assert!(persistent("HTTP/1.1 304 OK"));
    assert!(persistent("HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: Keep-Alive"));
    assert!(!persistent("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: x, Close"));
    assert!(!persistent("HTTP/1.0 200 OK\r\nContent-Length: 0"));
    assert!(!persistent(
        "HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\nConnection: close"
    ));
    assert!(!persistent("HTTP/1.1 200 OK\r\nConnection: keep-alive"));
    assert!(!persistent("HTTP/1.1 101 Up\r\nUpgrade: x"));
}

#[test]
fn only_who_asked_is_switched_to_another_protocol_and_never_to_h2c() {
    let up = b"HTTP/1.1 101 Up\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n";
    assert_eq!(fault_of(up, &UPGRADE), None);
    for (bytes, asked) in [
        (&up[..], GET),
        (b"HTTP/1.1 101 Up\r\n\r\n", UPGRADE),
        (b"HTTP/1.1 101 Up\r\nUpgrade: ,\r\n\r\n", UPGRADE),
        (b"HTTP/1.1 101 Up\r\nUpgrade: H2C\r\n\r\n", UPGRADE),
        (b"HTTP/1.0 101 Up\r\nUpgrade: websocket\r\n\r\n", UPGRADE),
    ] {
        assert_eq!(fault_of(bytes, &asked), Some(BadAnswer::UnaskedUpgrade));
    }
    let interim = |bytes: &[u8]| {
        read(bytes, &HeadLimits::default(), &UPGRADE, |head| head.unwrap().unwrap().is_interim())
    };
    assert!(!interim(up));
    assert!(interim(b"HTTP/1.1 100 Continue\r\n\r\n"));
    assert!(!interim(b"HTTP/1.1 200 OK\r\n\r\n"));
}

#[test]
fn a_head_may_be_as_long_as_its_limit_and_have_as_many_fields() {
    let bytes = b"HTTP/1.1 200 OK\r\nA: 1\r\nB: 2\r\n\r\n";
    let fault = |size, fields, bytes: &[u8]| {
        read(bytes, &HeadLimits { size, fields }, &GET, |head| head.err())
    };
    assert_eq!(fault(bytes.len(), 2, bytes), None);
    assert_eq!(fault(bytes.len() - 1, 2, bytes), Some(BadAnswer::HeadTooLong));
    assert_eq!(fault(20, 2, &bytes[..20]), Some(BadAnswer::HeadTooLong));
    assert_eq!(fault(21, 2, &bytes[..20]), None);
    assert_eq!(fault(100, 1, bytes), Some(BadAnswer::TooManyFields));
    assert_eq!(fault(0, 0, b""), Some(BadAnswer::HeadTooLong));
    assert_eq!(fault(100, 1000, bytes), None);
}

#[test]
fn end_to_end_fields_go_on_as_sent_and_hop_by_hop_ones_do_not() {
    let head = "HTTP/1.0 200 Fine\r\nConnection: X-Hop, keep-alive\r\nserver:x\r\nX-HOP: 1\r\n\
                Keep-Alive: timeout=5\r\nSet-Cookie: a\r\nset-cookie:  b \r\nTE: x\r\n\
                Upgrade: h2\r\nProxy-Connection: x\r\nContent-Length: 3\r\n\r\n";
    assert_eq!(
        onward(head, &GET, STAY),
        "HTTP/1.1 200 Fine\r\nserver:x\r\nSet-Cookie: a\r\nset-cookie:  b \r\n\
         Content-Length: 3\r\n\r\n"
    );
    // What frames the message stays, whatever `Connection` says.
    let head = "HTTP/1.1 200 OK\r\nConnection: content-length, x\r\nContent-Length: 3\r\n\r\n";
    assert_eq!(onward(head, &GET, STAY), "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n");
    let head = "HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 3\r\n\r\n";
    assert_eq!(onward(head, &GET, STAY), head);
}

#[test]
fn the_client_is_told_of_its_own_connection() {
    let head = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\n";
    for (connection, line) in [
        (Connection::Silent, ""),
        (Connection::Close, "Connection: close\r\n"),
        (Connection::KeepAlive, "Connection: keep-alive\r\n"),
    ] {
        assert_eq!(
            onward(head, &GET, Onward { connection, ..STAY }),
            format!("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n{line}\r\n")
        );
    }
    let head = "HTTP/1.1 101 Up\r\nUpgrade: websocket\r\nConnection: upgrade, x, upgrade\r\n\
                Content-Length: 0\r\nSec-WebSocket-Accept: y\r\n\r\n";
    assert_eq!(
        onward(head, &UPGRADE, Onward { connection: Connection::Upgrade, ..STAY }),
        "HTTP/1.1 101 Up\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: y\r\n\
         Connection: Upgrade\r\n\r\n"
    );
}

#[test]
fn the_framing_is_one_that_the_client_understands() {
    use {AnswerBody as B, Framing as F, Version::Http10, Version::Http11};
    for (body, for_11, for_10) in [
        (B::None, F::AsItIs, F::AsItIs),
        (B::Length(1), F::AsItIs, F::AsItIs),
        (B::Chunked, F::AsItIs, F::UntilClose),
        (B::UntilClose, F::Chunked, F::UntilClose),
    ] {
        assert_eq!((framing(body, Http11), framing(body, Http10)), (for_11, for_10));
    }
    let close = |framing| Onward { framing, connection: Connection::Close, also: &[] };
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding:chunked\r\nA: b\r\n\r\n";
    assert_eq!(onward(chunked, &GET, STAY), chunked);
    assert_eq!(
        onward(chunked, &GET, close(F::UntilClose)),
        "HTTP/1.1 200 OK\r\nA: b\r\nConnection: close\r\n\r\n"
    );
    let until_close = "HTTP/1.1 200 OK\r\nA: b\r\n\r\n";
    assert_eq!(
        onward(until_close, &GET, Onward { framing: F::Chunked, ..STAY }),
        "HTTP/1.1 200 OK\r\nA: b\r\nTransfer-Encoding: chunked\r\n\r\n"
    );
    assert_eq!(
        onward(until_close, &GET, close(F::UntilClose)),
        "HTTP/1.1 200 OK\r\nA: b\r\nConnection: close\r\n\r\n"
    );
}

#[test]
fn an_answer_without_body_keeps_the_framing_that_a_body_would_have_had() {
    let length = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n";
    assert_eq!(onward(length, &HEAD, STAY), length);
    let length = "HTTP/1.1 304 Same\r\nContent-Length: 7\r\n\r\n";
    assert_eq!(onward(length, &GET, STAY), length);
    let coding = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    assert_eq!(onward(coding, &HEAD, STAY), coding);
    for connection in [Connection::Close, Connection::KeepAlive] {
        let written = onward(coding, &HEAD, Onward { connection, ..STAY });
        assert!(!written.contains("Transfer-Encoding"), "{written:?}");
    }
    for status in [100, 204] {
        let head = format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\nA: b\r\n\r\n");
        assert_eq!(onward(&head, &GET, STAY), format!("HTTP/1.1 {status} X\r\nA: b\r\n\r\n"));
    }
}
