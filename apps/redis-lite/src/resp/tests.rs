use bytes::{Bytes, BytesMut};
use proptest::collection::vec;
use proptest::prelude::*;
use tokio_util::codec::{Decoder, Encoder};

use super::*;

const LIMIT: usize = 64 * 1024;

/// Everything that `wire` says, fed in pieces of the lengths `cuts`, and the error it ends with.
fn decode_in_pieces(wire: &[u8], cuts: &[usize]) -> (Vec<Request>, Option<String>) {
    let mut codec = Codec::new(LIMIT);
    let mut buffer = BytesMut::new();
    let mut requests = Vec::new();
    let mut rest = wire;
    let mut cuts = cuts.iter().chain(std::iter::repeat(&usize::MAX));
    loop {
        match codec.decode(&mut buffer) {
            Ok(Some(request)) => requests.push(request),
            Ok(None) if rest.is_empty() => return (requests, None),
            Ok(None) => {
                let cut = cuts.next().map_or(rest.len(), |&cut| cut.clamp(1, rest.len()));
                buffer.extend_from_slice(&rest[..cut]);
                rest = &rest[cut..];
            }
            Err(error) => return (requests, Some(error.to_string())),
        }
    }
}

fn decode(wire: &[u8]) -> (Vec<Request>, Option<String>) {
    decode_in_pieces(wire, &[])
}

fn request(arguments: &[&str]) -> Request {
    arguments.iter().collect()
}

fn array(arguments: &[Vec<u8>]) -> Vec<u8> {
    let mut wire = format!("*{}\r\n", arguments.len()).into_bytes();
    for argument in arguments {
        wire.extend_from_slice(format!("${}\r\n", argument.len()).as_bytes());
        wire.extend_from_slice(argument);
        wire.extend_from_slice(b"\r\n");
    }
    wire
}

fn written(answer: Answer) -> String {
    let mut wire = BytesMut::new();
    Codec::new(LIMIT).encode(answer, &mut wire).unwrap();
    String::from_utf8(wire.to_vec()).unwrap()
}

#[test]
fn arrays_and_lines_follow_each_other() {
    let wire = b"*2\r\n$3\r\nGET\r\n$1\r\na\r\nPING\r\n*1\r\n$0\r\n\r\n  set  a 'b c' \n";
    let expected =
        [request(&["GET", "a"]), request(&["PING"]), request(&[""]), request(&["set", "a", "b c"])];
    assert_eq!(decode(wire), (expected.to_vec(), None));
}

#[test]
fn what_asks_for_nothing_is_skipped() {
    assert_eq!(decode(b"\r\n*0\r\n\n*-1\r\n   \r\nPING\r\n"), (vec![request(&["PING"])], None));
}

#[test]
fn lines_take_quotes_and_escapes_as_redis_does() {
    let cases: [(&str, &[&str]); 6] = [
        (r#""a b" c"#, &["a b", "c"]),
        (r#""\x41\n\t\"\q""#, &["A\n\t\"q"]),
        (r"'it\'s \n'", &[r"it's \n"]),
        (r#"'' """#, &["", ""]),
        (r#"pre"fix" x"#, &["prefix", "x"]),
        (r#""\xzz""#, &["xzz"]),
    ];
    for (line, expected) in cases {
        assert_eq!(decode(format!("{line}\r\n").as_bytes()), (vec![request(expected)], None));
    }
}

#[test]
fn mistakes_are_named_as_redis_names_them() {
    let long = "x".repeat(MAX_INLINE + 1);
    let cases = [
        ("*1048577\r\n", "invalid multibulk length"),
        ("*x\r\n", "invalid multibulk length"),
        ("*1\rx", "invalid multibulk length"),
        ("*111111111111111111111111111111111", "too big mbulk count string"),
        ("*1\r\n:1\r\n", "expected '$', got ':'"),
        ("*1\r\n\n", "expected '$', got '\\n'"),
        ("*1\r\n$-1\r\n", "invalid bulk length"),
        ("*1\r\n$x\r\n", "invalid bulk length"),
        ("*1\r\n$65537\r\n", "invalid bulk length"),
        ("*1\r\n$9223372036854775807\r\n", "invalid bulk length"),
        ("*1\r\n$111111111111111111111111111111111", "too big bulk count string"),
        ("*1\r\n$65536\r\n", "request exceeds 65536 bytes; send less at once"),
        ("*1\r\n$1\r\nabc", "expected CRLF after the announced bulk length"),
        ("set a \"b\r\n", "unbalanced quotes in request"),
        ("set a \"b\"c\r\n", "unbalanced quotes in request"),
        (&long, "too big inline request"),
    ];
    for (wire, error) in cases {
        let error = Some(format!("Protocol error: {error}"));
        assert_eq!(decode(wire.as_bytes()), (Vec::new(), error), "{:.40}", wire.escape_debug());
    }
}

#[test]
fn a_request_ends_exactly_at_the_limit() {
    // Four bytes announce the array, eight the argument, two end it.
    let longest = vec![b'x'; LIMIT - 14];
    let (requests, error) = decode(&array(std::slice::from_ref(&longest)));
    assert_eq!((requests.len(), error), (1, None));
    let (_, error) = decode(&array(&[[longest.as_slice(), b"x"].concat()]));
    assert!(error.is_some_and(|error| error.contains("request exceeds")));
}

#[test]
fn many_small_arguments_are_bounded_by_their_bytes() {
    let wire = array(&vec![Vec::new(); LIMIT / 6]);
    assert!(decode(&wire).1.is_some_and(|error| error.contains("request exceeds")));
}

#[test]
fn a_large_array_that_comes_byte_by_byte_is_read_once() {
    // Reading it again for each piece would take 5 * 10^11 steps.
    let arguments = vec![b"x".to_vec(); 200_000];
    let wire = array(&arguments);
    let mut codec = Codec::new(usize::MAX >> 1);
    let mut buffer = BytesMut::with_capacity(wire.len());
    let mut requests = Vec::new();
    for byte in wire {
        buffer.extend_from_slice(&[byte]);
        requests.extend(codec.decode(&mut buffer).unwrap());
    }
    assert_eq!(requests.iter().map(Request::len).collect::<Vec<_>>(), [200_000]);
}

#[test]
fn what_is_announced_takes_no_memory() {
    let mut codec = Codec::new(LIMIT);
    let mut buffer = BytesMut::from(&b"*1048576\r\n$60000\r\n"[..]);
    assert!(codec.decode(&mut buffer).unwrap().is_none());
    assert!(codec.arguments.capacity() <= FIRST_ARGUMENTS);
    assert!(buffer.capacity() < 1024);
}

#[test]
fn answers_are_written_as_redis_writes_them() {
    let nested = Answer::Array(vec![Answer::Integer(-3), Answer::Array(Vec::new()), Answer::Nil]);
    assert_eq!(written(Answer::OK), "+OK\r\n");
    assert_eq!(written(Answer::Error("ERR a\r\nb".into())), "-ERR a  b\r\n");
    assert_eq!(written(Answer::text("a\r\nb")), "$4\r\na\r\nb\r\n");
    assert_eq!(written(Answer::text("")), "$0\r\n\r\n");
    assert_eq!(written(nested), "*3\r\n:-3\r\n*0\r\n$-1\r\n");
    assert_eq!(written(Answer::NilArray), "*-1\r\n");
    assert_eq!(written(Answer::Row(vec![Answer::OK, Answer::Integer(1)])), "+OK\r\n:1\r\n");
}

/// Reads one answer back; what follows it is left.
fn read(wire: &[u8]) -> (Answer, &[u8]) {
    let end = wire.windows(2).position(|pair| pair == b"\r\n").unwrap();
    let (line, rest) = (&wire[1..end], &wire[end + 2..]);
    let number = || number::integer(line).unwrap();
    match wire[0] {
        b'+' => (Answer::OK, rest),
        b'-' => (Answer::Error(String::from_utf8(line.to_vec()).unwrap().into()), rest),
        b':' => (Answer::Integer(number()), rest),
        b'$' if number() < 0 => (Answer::Nil, rest),
        b'$' => {
            let (bytes, rest) = rest.split_at(usize::try_from(number()).unwrap());
            (Answer::text(bytes), rest.strip_prefix(b"\r\n").unwrap())
        }
        b'*' if number() < 0 => (Answer::NilArray, rest),
        b'*' => {
            let mut rest = rest;
            let mut item = || {
                let (item, after) = read(rest);
                rest = after;
                item
            };
            let items = (0..number()).map(|_| item()).collect();
            (Answer::Array(items), rest)
        }
        other => panic!("no answer begins with {other}"),
    }
}

fn answers() -> impl Strategy<Value = Answer> {
    let leaf = prop_oneof![
        Just(Answer::OK),
        "[A-Z]{1,8} [a-z ']{0,20}".prop_map(|text| Answer::Error(text.into())),
        any::<i64>().prop_map(Answer::Integer),
        vec(any::<u8>(), 0..40).prop_map(|bytes| Answer::Bulk(Bytes::from(bytes))),
        Just(Answer::Nil),
        Just(Answer::NilArray),
    ];
    leaf.prop_recursive(4, 64, 8, |item| vec(item, 0..8).prop_map(Answer::Array))
}

/// Bytes that look like a request for a while.
fn plausible() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(b"*2\r\n".to_vec()),
        Just(b"$3\r\nabc\r\n".to_vec()),
        Just(b"\r\n".to_vec()),
        Just(b"$".to_vec()),
        Just(b"set \"a\\x4\" 'b'\n".to_vec()),
        (-2_i64..5).prop_map(|n| n.to_string().into_bytes()),
        vec(any::<u8>(), 0..4),
    ];
    vec(piece, 0..20).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn requests_come_out_as_they_went_in_however_they_are_cut(
        requests in vec(vec(vec(any::<u8>(), 0..30), 1..6), 1..5),
        cuts in vec(1_usize..20, 0..100),
    ) {
        let wire: Vec<u8> = requests.iter().flat_map(|arguments| array(arguments)).collect();
        let expected: Vec<Request> = requests.iter().map(|r| r.iter().collect()).collect();
        prop_assert_eq!(decode_in_pieces(&wire, &cuts), (expected, None));
    }

    #[test]
    fn any_bytes_mean_the_same_however_they_are_cut(
        wire in prop_oneof![plausible(), vec(any::<u8>(), 0..100)],
        cuts in vec(1_usize..8, 0..100),
    ) {
        prop_assert_eq!(decode_in_pieces(&wire, &cuts), decode(&wire));
    }

    #[test]
    fn answers_can_be_read_back(answer in answers()) {
        let mut wire = BytesMut::new();
        answer.write(&mut wire);
        let (again, rest) = read(&wire);
        prop_assert_eq!((again, rest.len()), (answer, 0));
    }
}
