use super::{parse, seen};
use crate::http::fields::Version;
use crate::http::request::{RequestBody, has_end};

#[test]
fn a_plain_request_is_read_to_its_end_and_no_further() {
    let head = "GET /a?b=c HTTP/1.1\r\nHost: a.example:81\r\nAccept: */*\r\n\r\n";
    let input = format!("{head}GET /next");
    seen(&input, |request| {
        assert_eq!(request.length, head.len());
        assert_eq!((request.method, request.target, request.path), ("GET", "/a?b=c", "/a?b=c"));
        assert_eq!((request.host, request.version), ("a.example:81", Version::Http11));
        assert_eq!(request.body, RequestBody::None);
        assert!(request.persistent && request.may_be_repeated() && !request.expects_continue);
        assert_eq!((request.upgrade, request.fields.len()), (None, 2));
    });
}

#[test]
fn one_empty_line_in_front_belongs_to_the_head() {
    let head = "\r\nPOST / HTTP/1.1\r\nHost: a\r\n\r\n";
    seen(head, |request| {
        assert_eq!(request.length, head.len());
        assert!(!request.may_be_repeated());
    });
}

#[test]
fn a_target_that_is_a_uri_gives_path_and_host() {
    let read = |head: &str| seen(head, |head| format!("{} {}", head.host, head.path));
    assert_eq!(
        read("GET http://A.example/b?c HTTP/1.1\r\nHost: a.example:80\r\n\r\n"),
        "a.example:80 /b?c"
    );
    assert_eq!(read("GET http://a HTTP/1.0\r\n\r\n"), "a /");
    assert_eq!(read("OPTIONS http://a HTTP/1.1\r\nHost: a\r\n\r\n"), "a *");
    assert_eq!(read("OPTIONS * HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n"), "[::1]:8080 *");
    assert_eq!(read("GET / HTTP/1.0\r\n\r\n"), " /");
}

#[test]
fn the_body_is_framed_once_or_there_is_none() {
    let body = |fields: &str| {
        seen(&format!("PUT / HTTP/1.1\r\nHost: a\r\n{fields}\r\n"), |head| head.body)
    };
    assert_eq!(body(""), RequestBody::None);
    assert_eq!(body("content-length: 0\r\n"), RequestBody::Length(0));
    assert_eq!(body("Content-Length:\t 17 \t\r\n"), RequestBody::Length(17));
    assert_eq!(body("Transfer-Encoding: Chunked\r\n"), RequestBody::Chunked);
}

#[test]
fn the_connection_is_kept_as_the_version_and_the_options_say() {
    let persistent = |version: &str, options: &str| {
        let head = format!("GET / HTTP/{version}\r\nHost: a\r\nConnection: {options}\r\n\r\n");
        seen(&head, |head| head.persistent)
    };
    assert!(persistent("1.1", ""));
    assert!(persistent("1.1", "keep-alive"));
    assert!(!persistent("1.1", "x, CLOSE"));
    assert!(!persistent("1.1", "close, keep-alive"));
    assert!(!persistent("1.0", ""));
    assert!(persistent("1.0", "Keep-Alive"));
    assert!(!persistent("1.0", "keep-alive, close"));
}

#[test]
fn an_expectation_counts_only_where_there_is_a_body_to_wait_with() {
    let expects = |version: &str, fields: &str| {
        let head =
            format!("PUT / HTTP/{version}\r\nHost: a\r\nExpect: 100-Continue\r\n{fields}\r\n");
        seen(&head, |head| head.expects_continue)
    };
    assert!(expects("1.1", "Content-Length: 1\r\n"));
    assert!(expects("1.1", "Transfer-Encoding: chunked\r\n"));
    assert!(!expects("1.1", ""));
    assert!(!expects("1.1", "Content-Length: 0\r\n"));
    assert!(!expects("1.0", "Content-Length: 1\r\n"));
    assert!(!expects("1.1", "Content-Length: 1\r\nConnection: expect\r\n"));
}

#[test]
fn an_upgrade_is_offered_where_connection_names_it_and_never_to_http_2() {
    let offered = |version: &str, fields: &str| {
        let head = format!("GET / HTTP/{version}\r\nHost: a\r\n{fields}\r\n");
        seen(&head, |head| head.upgrade.map(|offer| String::from_utf8_lossy(offer).into_owned()))
    };
    let named =
        |fields: &str| offered("1.1", &format!("Connection: keep-alive, Upgrade\r\n{fields}"));
    assert_eq!(named("Upgrade: websocket\r\n").as_deref(), Some("websocket"));
    assert_eq!(named("Upgrade: a/1, b\r\n").as_deref(), Some("a/1, b"));
    assert_eq!(named("Upgrade: h2c, websocket\r\n").as_deref(), Some("websocket"));
    assert_eq!(named("Upgrade: H2C\r\nUpgrade: websocket\r\n").as_deref(), Some("websocket"));
    for none in [
        "",
        "Upgrade:\r\n",
        "Upgrade: ,\r\n",
        "Upgrade: H2c\r\n",
        "Upgrade: h2c/1\r\n",
        "Upgrade: HTTP/2.0\r\n",
        "Upgrade: x h2c\r\n",
        "Upgrade: x/\r\n",
        "Upgrade: a/b/c\r\n",
    ] {
        assert_eq!(named(none), None, "{none:?}");
    }
    assert_eq!(offered("1.1", "Upgrade: websocket\r\n"), None);
    assert_eq!(offered("1.0", "Connection: upgrade\r\nUpgrade: websocket\r\n"), None);
}

#[test]
fn the_end_is_found_from_where_the_last_look_stopped() {
    let head = b"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n";
    for length in 0..head.len() {
        assert!(!has_end(&head[..length], 0), "{length}");
        assert!(!has_end(&head[..length], length.saturating_sub(1)), "{length}");
    }
    for from in 0..head.len() {
        assert!(has_end(head, from), "{from}");
    }
    assert!(!has_end(head, head.len()) && !has_end(head, head.len() + 1));
}

#[test]
fn a_head_that_is_certainly_bad_has_an_end() {
    for bad in
        [&b"\n"[..], b"G\0", b"GET / HTTP/1.1\n", b"GET / HTTP/1.1\r\nHost: a\n", b"\r\n\r\n"]
    {
        assert!(has_end(bad, bad.len() - 1), "{bad:?}");
        assert!(parse(bad, |_| ()).is_err(), "{bad:?}");
    }
}
