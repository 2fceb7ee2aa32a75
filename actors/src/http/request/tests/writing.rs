use std::net::{IpAddr, Ipv6Addr};

use super::written;
use crate::http::fields::is_hop_by_hop;

/// What is set for the client of these tests, asking for the host `a`.
const SET: &str = "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: a\r\n\
                   Forwarded: for=192.0.2.1;host=a;proto=http\r\n";

#[test]
fn end_to_end_fields_go_on_as_they_came() {
    let fields = "accept: */*\r\nHost: a\r\nX-Odd:\t y \r\nCookie: a\r\nCookie: b\r\nempty:\r\n";
    assert_eq!(
        written(&format!("\r\nGET /a?b HTTP/1.1\r\n{fields}\r\n"), |_| {}),
        format!("GET /a?b HTTP/1.1\r\n{fields}{SET}\r\n")
    );
}

#[test]
fn what_concerns_only_this_hop_ends_here() {
    let head = "GET / HTTP/1.1\r\nKeep-Alive: 5\r\nA: 1\r\nTE: trailers\r\nX-Secret: 1\r\nHost: a\r\n\
                Connection: x-secret, host, Content-Length, keep-alive\r\nProxy-Connection: x\r\n\
                Content-Length: 0\r\nB: 2\r\nUpgrade: websocket\r\nHTTP2-Settings: x\r\nC: 3\r\n\r\n";
    assert_eq!(
        written(head, |_| {}),
        format!(
            "GET / HTTP/1.1\r\nA: 1\r\nHost: a\r\nB: 2\r\nC: 3\r\n{SET}Content-Length: 0\r\n\r\n"
        )
    );
    for name in ["Connection", "TE", "Upgrade", "Keep-Alive", "Proxy-Connection"] {
        assert!(is_hop_by_hop(name));
        let head = format!("GET / HTTP/1.1\r\nHost: a\r\n{name}: x\r\n\r\n");
        assert_eq!(written(&head, |_| {}), format!("GET / HTTP/1.1\r\nHost: a\r\n{SET}\r\n"));
    }
}

#[test]
fn the_body_is_framed_anew() {
    let head = "PUT / HTTP/1.1\r\nHost: a\r\ncontent-length: 007\r\nExpect: 100-continue\r\n\r\n";
    assert_eq!(
        written(head, |_| {}),
        format!(
            "PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n{SET}Content-Length: 7\r\n\r\n"
        )
    );
    let head = "PUT / HTTP/1.1\r\nHost: a\r\ntransfer-encoding: CHUNKED\r\n\r\n";
    assert_eq!(
        written(head, |_| {}),
        format!("PUT / HTTP/1.1\r\nHost: a\r\n{SET}Transfer-Encoding: chunked\r\n\r\n")
    );
}

#[test]
fn a_rewritten_path_takes_the_place_of_the_target() {
    let head = "GET http://a/v1/b HTTP/1.1\r\nHost: a\r\n\r\n";
    assert_eq!(written(head, |_| {}), format!("GET /v1/b HTTP/1.1\r\nHost: a\r\n{SET}\r\n"));
    assert_eq!(
        written(head, |onward| onward.path = b"/b"),
        format!("GET /b HTTP/1.1\r\nHost: a\r\n{SET}\r\n")
    );
}

#[test]
fn a_client_of_http_1_0_is_asked_for_in_http_1_1() {
    let head = "PUT http://a/ HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n";
    assert_eq!(
        written(head, |_| {}),
        format!("PUT / HTTP/1.1\r\nHost: a\r\n{SET}Content-Length: 1\r\n\r\n")
    );
    assert_eq!(
        written("GET / HTTP/1.0\r\n\r\n", |_| {}),
        "GET / HTTP/1.1\r\nHost: \r\nX-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: http\r\n\
         Forwarded: for=192.0.2.1;proto=http\r\n\r\n"
    );
}

#[test]
fn an_upgrade_is_offered_alone_and_close_is_said_without_one() {
    let head =
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: h2c, websocket\r\n\r\n";
    let offered = format!(
        "GET / HTTP/1.1\r\nHost: a\r\n{SET}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    );
    assert_eq!(written(head, |_| {}), offered);
    assert_eq!(written(head, |onward| onward.close = true), offered);
    assert_eq!(
        written("GET / HTTP/1.1\r\nHost: a\r\n\r\n", |onward| onward.close = true),
        format!("GET / HTTP/1.1\r\nHost: a\r\n{SET}Connection: close\r\n\r\n")
    );
}

const CLAIMS: &str = "GET / HTTP/1.1\r\nx-forwarded-for: 10.0.0.1\r\nForwarded: for=10.0.0.1\r\nHost: a\r\n\
                      X-Forwarded-Proto: https\r\nX-FORWARDED-HOST: b\r\nX-Forwarded-For: 10.0.0.2, 10.0.0.3\r\n\
                      Z: 1\r\nforwarded:\r\nForwarded: for=x;by=y\r\n\r\n";

#[test]
fn a_client_that_is_not_trusted_cannot_say_whom_it_stands_for() {
    assert_eq!(written(CLAIMS, |_| {}), format!("GET / HTTP/1.1\r\nHost: a\r\nZ: 1\r\n{SET}\r\n"));
}

#[test]
fn what_a_trusted_client_says_is_kept_and_itself_added() {
    assert_eq!(
        written(CLAIMS, |onward| onward.trusted = true),
        "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-Proto: https\r\nX-FORWARDED-HOST: b\r\nZ: 1\r\n\
         X-Forwarded-For: 10.0.0.1, 10.0.0.2, 10.0.0.3, 192.0.2.1\r\n\
         Forwarded: for=10.0.0.1, for=x;by=y, for=192.0.2.1;host=a;proto=http\r\n\r\n"
    );
    let head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    assert_eq!(written(head, |onward| onward.trusted = true), written(head, |_| {}));
}

#[test]
fn what_connection_names_is_as_if_it_had_not_come_even_from_a_trusted_client() {
    let head = "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 10.0.0.1\r\nX-Forwarded-Host: b\r\n\
                Connection: x-forwarded-for, X-Forwarded-Host\r\n\r\n";
    assert_eq!(
        written(head, |onward| onward.trusted = true),
        format!("GET / HTTP/1.1\r\nHost: a\r\n{SET}\r\n")
    );
}

#[test]
fn a_claim_or_a_framing_that_is_spelled_with_underscores_is_dropped_whoever_sends_it() {
    let head = "GET / HTTP/1.1\r\nHost: a\r\nX_Forwarded_For: 10.0.0.1\r\nx-forwarded_host: b\r\n\
                X_FORWARDED-PROTO: https\r\nContent_Length: 5\r\n\
                TRANSFER_Encoding: chunked\r\n\r\n";
    for trusted in [false, true] {
        assert_eq!(
            written(head, |onward| onward.trusted = trusted),
            format!("GET / HTTP/1.1\r\nHost: a\r\n{SET}\r\n")
        );
    }
}

#[test]
fn any_other_claim_of_that_family_is_kept_from_a_trusted_client_alone() {
    let claims = "X-Forwarded-Port: 443\r\nx-forwarded-prefix: /a\r\nX-Forwarded-SSL: on\r\n";
    let head = format!(
        "GET / HTTP/1.1\r\nHost: a\r\n{claims}X_Forwarded-Port: 444\r\nX-Forwarde: 1\r\n\r\n"
    );
    assert_eq!(
        written(&head, |_| {}),
        format!("GET / HTTP/1.1\r\nHost: a\r\nX-Forwarde: 1\r\n{SET}\r\n")
    );
    assert_eq!(
        written(&head, |onward| onward.trusted = true),
        format!("GET / HTTP/1.1\r\nHost: a\r\n{claims}X-Forwarde: 1\r\n{SET}\r\n")
    );
}

#[test]
fn addresses_and_hosts_are_quoted_where_they_are_no_tokens() {
    let tail = |host: &str, client: IpAddr| {
        let head = format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n");
        let written = written(&head, |onward| onward.client = client);
        written.split_once("X-Forwarded-For: ").unwrap().1.to_owned()
    };
    assert_eq!(
        tail("[::1]:81", IpAddr::V6(Ipv6Addr::LOCALHOST)),
        "::1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: [::1]:81\r\n\
         Forwarded: for=\"[::1]\";host=\"[::1]:81\";proto=http\r\n\r\n"
    );
    assert_eq!(
        tail("a(b)", "::ffff:192.0.2.7".parse().unwrap()),
        "192.0.2.7\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: a(b)\r\n\
         Forwarded: for=192.0.2.7;host=\"a(b)\";proto=http\r\n\r\n"
    );
}
