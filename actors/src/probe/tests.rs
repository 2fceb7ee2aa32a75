use super::*;
use crate::http::refusal::BadAnswer;

mod properties;

fn probe(plan: HttpProbePlan) -> HttpProbe {
    HttpProbe::new(HttpProbePlan { path: "/up".into(), ..plan }).unwrap()
}

fn wants(text: &str) -> HttpProbe {
    probe(HttpProbePlan { body: Some(text.into()), ..HttpProbePlan::default() })
}

fn address() -> SocketAddr {
    "10.0.0.1:8080".parse().unwrap()
}

fn asked(plan: HttpProbePlan) -> String {
    String::from_utf8(probe(plan).request(address(), None)).unwrap()
}

fn refused(plan: HttpProbePlan) -> BadProbe {
    HttpProbe::new(plan).unwrap_err()
}

/// The verdict on a stream that ends after `bytes`.
fn whole(probe: &HttpProbe, bytes: &[u8]) -> Verdict {
    let mut answer = probe.answer();
    let _ = answer.feed(bytes);
    answer.end()
}

const MISSING: Verdict = Verdict::Fail(ProbeFailure::TextMissing);

fn bad(bad: BadAnswer) -> Verdict {
    Verdict::Fail(ProbeFailure::Answer(bad))
}

#[test]
fn a_request_names_itself_and_ends_its_connection() {
    assert_eq!(
        asked(HttpProbePlan::default()),
        "GET /up HTTP/1.1\r\nHost: 10.0.0.1:8080\r\nUser-Agent: trunkline-probe\r\n\
         Connection: close\r\n\r\n"
    );
    let plan = HttpProbePlan {
        method: Method::Post,
        host: Some("web.local".into()),
        headers: vec![("x-probe".into(), "1".into()), ("user-agent".into(), "mine".into())],
        ..HttpProbePlan::default()
    };
    assert_eq!(
        asked(plan),
        "POST /up HTTP/1.1\r\nHost: web.local\r\nx-probe: 1\r\nuser-agent: mine\r\n\
         Content-Length: 0\r\nConnection: close\r\n\r\n"
    );
}

#[test]
fn the_host_is_the_name_that_led_to_the_backend_and_else_its_address() {
    let probe = probe(HttpProbePlan::default());
    let host = |address: &str, name| {
        let request = probe.request(address.parse().unwrap(), name);
        String::from_utf8(request).unwrap().lines().nth(1).unwrap().to_owned()
    };
    assert_eq!(host("10.0.0.1:81", Some("web.local")), "Host: web.local:81");
    assert_eq!(host("[fe80::1%7]:81", None), "Host: [fe80::1]:81");
}

#[test]
fn nothing_in_a_probe_can_become_another_line() {
    let plan = || HttpProbePlan { path: "/".into(), ..HttpProbePlan::default() };
    for path in ["", "up", "*", "/a b", "/a\r\nX: y", "/ü", "/a#b", "/\0"] {
        assert_eq!(
            refused(HttpProbePlan { path: path.into(), ..plan() }),
            BadProbe::Path,
            "{path:?}"
        );
    }
    for host in ["", "a b", "a\r\nX: y", "a/b", "ü"] {
        let plan = HttpProbePlan { host: Some(host.into()), ..plan() };
        assert_eq!(refused(plan), BadProbe::Host, "{host:?}");
    }
    for (name, value) in [("", "1"), ("a b", "1"), ("a:", "1"), ("a", "1\r\nb: 2"), ("a", "\n")] {
        let plan = HttpProbePlan { headers: vec![(name.into(), value.into())], ..plan() };
        assert_eq!(refused(plan), BadProbe::Header(name.into()), "{name:?}: {value:?}");
    }
    for name in ["Host", "connection", "Content-Length", "Transfer-Encoding", "Expect"] {
        let plan = HttpProbePlan { headers: vec![(name.into(), "1".into())], ..plan() };
        assert_eq!(refused(plan), BadProbe::OwnHeader(name.into()));
    }
}

#[test]
fn without_a_text_the_head_decides() {
    let probe = probe(HttpProbePlan::default());
    let mut answer = probe.answer();
    assert_eq!(answer.feed(b"HTTP/1.1 204 No Content\r\n"), Verdict::More);
    assert_eq!(answer.feed(b"\r\n"), Verdict::Pass);
    assert_eq!(answer.feed(b"whatever follows"), Verdict::Pass);
    assert_eq!(answer.end(), Verdict::Pass);
}

#[test]
fn a_status_that_does_not_pass_fails_before_the_body_comes() {
    let statuses = (&[200..=200][..]).into();
    let probe = HttpProbe::new(HttpProbePlan { statuses, ..wants("ok").0 }).unwrap();
    let mut answer = probe.answer();
    let verdict = answer.feed(b"HTTP/1.1 302 Found\r\nContent-Length: 2\r\n\r\n");
    assert_eq!(verdict, Verdict::Fail(ProbeFailure::Status(302)));
    assert_eq!(answer.feed(b"ok"), verdict);
}

#[test]
fn interim_answers_are_read_over_but_not_for_ever() {
    let probe = wants("ok");
    let last = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    let after = |interim: usize| "HTTP/1.1 103 Early Hints\r\n\r\n".repeat(interim) + last;
    assert_eq!(whole(&probe, after(64).as_bytes()), Verdict::Pass);
    assert_eq!(whole(&probe, after(65).as_bytes()), bad(BadAnswer::TooManyInterim));
    let switched = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n";
    assert_eq!(whole(&probe, switched), bad(BadAnswer::UnaskedUpgrade));
}

#[test]
fn a_text_is_found_across_chunks_and_not_in_their_framing() {
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let answer = |rest: &str| whole(&wants("alive"), format!("{head}{rest}").as_bytes());
    assert_eq!(answer("3\r\nali\r\n3\r\n ve\r\n0\r\n\r\n"), MISSING);
    assert_eq!(answer("4\r\n ali\r\n2\r\nve\r\n0\r\n\r\n"), Verdict::Pass);
    assert_eq!(answer("4;alive=alive\r\n ali\r\n0\r\nx: alive\r\n\r\n"), MISSING);
    assert_eq!(answer("4\r\n ali\r\n2\r\nv"), bad(BadAnswer::Truncated));
    assert_eq!(answer("4\r\n aliXX"), bad(BadAnswer::BadChunk));
    // What comes after the text changes nothing, in whichever piece it comes.
    assert_eq!(answer("5\r\naliveXX"), Verdict::Pass);
}

#[test]
fn a_text_that_cannot_come_any_more_is_missing_at_once() {
    let fed = |probe: &HttpProbe, bytes: &str| probe.answer().feed(bytes.as_bytes());
    let probe = wants("alive");
    assert_eq!(fed(&probe, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), MISSING);
    assert_eq!(fed(&probe, "HTTP/1.1 204 No\r\n\r\n"), MISSING);
    assert_eq!(fed(&probe, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\naliv"), MISSING);
    assert_eq!(fed(&probe, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nalive"), MISSING);
    let head = HttpProbe::new(HttpProbePlan { method: Method::Head, ..probe.0 }).unwrap();
    assert_eq!(fed(&head, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"), MISSING);
}

#[test]
fn the_first_64_kib_of_a_body_are_searched_to_the_last_byte_and_no_further() {
    let answer = |before: usize| {
        let head = b"HTTP/1.0 200 OK\r\n\r\n".to_vec();
        let bytes = [head, vec![b'.'; before], b"alive".to_vec(), vec![b'.'; 9]].concat();
        wants("alive").answer().feed(&bytes)
    };
    assert_eq!(answer(SEARCHED - 5), Verdict::Pass);
    assert_eq!(answer(SEARCHED - 4), MISSING);
    assert_eq!(answer(SEARCHED), MISSING);
}

#[test]
fn a_stream_that_ends_early_is_no_answer() {
    let probe = wants("alive");
    assert_eq!(whole(&probe, b""), bad(BadAnswer::Missing));
    assert_eq!(whole(&probe, b"HTTP/1.1 200 O"), bad(BadAnswer::Missing));
    let cut = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nali";
    assert_eq!(whole(&probe, cut), bad(BadAnswer::Truncated));
    assert_eq!(whole(&probe, b"HTTP/1.1 200 OK\r\n\r\nali"), MISSING);
    assert_eq!(whole(&probe, b"SSH-2.0-OpenSSH\r\n"), bad(BadAnswer::BadHead));
}

#[test]
fn a_head_without_end_is_cut_off() {
    let probe = wants("alive");
    let mut answer = probe.answer();
    let mut fed = 0;
    assert_eq!(answer.feed(b"HTTP/1.1 200 OK\r\nx: "), Verdict::More);
    let verdict = loop {
        fed += 1024;
        match answer.feed(&[b'x'; 1024]) {
            Verdict::More => assert!(fed <= 33 * 1024, "it is bounded"),
            verdict @ (Verdict::Pass | Verdict::Fail(_)) => break verdict,
        }
    };
    assert_eq!(verdict, bad(BadAnswer::HeadTooLong));
}
