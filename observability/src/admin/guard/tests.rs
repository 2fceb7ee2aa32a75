use std::net::{Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;

use super::*;

const LOCAL: Door = Door::Tcp(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 7)));
const TOKEN: &str = "0123456789abcdef";

fn guard(token: Option<&str>) -> Guard {
    Guard {
        token: token.map(Token::new),
        hosts: vec!["edge.example.com".into(), "10.9.9.9".into()],
    }
}

fn headers(fields: &[(&str, &str)]) -> HeaderMap {
    let field = |(name, value): &(&str, &str)| {
        (HeaderName::try_from(*name).unwrap(), HeaderValue::try_from(*value).unwrap())
    };
    let mut headers = HeaderMap::new();
    for (name, value) in fields.iter().map(field) {
        headers.append(name, value);
    }
    headers
}

/// The status of the refusal, or 0.
fn asked(guard: &Guard, door: Door, method: &str, target: &str, fields: &[(&str, &str)]) -> u16 {
    let method = Method::try_from(method).unwrap();
    let admitted = guard.admit(door, &method, &target.parse().unwrap(), &headers(fields));
    admitted.map_or_else(|refusal| refusal.status().as_u16(), |()| 0)
}

fn get(door: Door, host: &str) -> u16 {
    asked(&guard(None), door, "GET", "/tree", &[("host", host)])
}

#[test]
fn loopback_the_bound_address_and_configured_hosts_may_be_named_with_any_port() {
    for host in [
        "localhost",
        "LocalHost:1",
        "127.0.0.1:9900",
        "127.8.8.8",
        "[::1]:9900",
        "[::ffff:127.0.0.1]",
        "10.0.0.7:9900",
        "10.0.0.7",
        "Edge.example.com:443",
        "10.9.9.9:80",
    ] {
        assert_eq!(get(LOCAL, host), 0, "{host}");
    }
    let six = Door::Tcp(IpAddr::V6(Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, 7)));
    assert_eq!(get(six, "[fd00::7]:1"), 0);
}

#[test]
fn whoever_had_its_name_resolve_to_this_server_is_not_served() {
    for host in [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "edge.example.com.evil.example",
        "10.0.0.8",
        "[::2]",
        "0.0.0.0:9900",
        "2130706433",
    ] {
        assert_eq!(get(LOCAL, host), 421, "{host}");
    }
}

#[test]
fn what_is_no_one_host_is_mistaken() {
    let guard = guard(None);
    for fields in [
        &[][..],
        &[("host", "localhost"), ("host", "localhost")],
        &[("host", "")],
        &[("host", "user@localhost")],
        &[("host", "localhost/x")],
        &[("host", ":80")],
    ] {
        assert_eq!(asked(&guard, LOCAL, "GET", "/tree", fields), 400, "{fields:?}");
    }
    let localhost = [("host", "localhost:1")];
    assert_eq!(asked(&guard, LOCAL, "GET", "http://localhost:1/tree", &localhost), 0);
    assert_eq!(asked(&guard, LOCAL, "GET", "http://evil.example/tree", &localhost), 400);
}

#[test]
fn at_a_unix_socket_any_host_may_be_named() {
    assert_eq!(get(Door::Unix, "trunkline"), 0);
}

#[test]
fn what_changes_something_needs_a_field_that_no_form_can_send() {
    let guard = guard(None);
    for method in ["POST", "PUT", "DELETE", "PATCH"] {
        let fields = [("host", "localhost:1")];
        assert_eq!(asked(&guard, LOCAL, method, "/tree/kill", &fields), 403);
        let fields = [("host", "localhost:1"), ("x-trunkline", "")];
        assert_eq!(asked(&guard, LOCAL, method, "/tree/kill", &fields), 0);
    }
}

#[test]
fn an_order_from_a_page_of_another_origin_is_refused() {
    let guard = guard(None);
    let order = |host, origin| {
        let fields = [("host", host), ("x-trunkline", "1"), ("origin", origin)];
        asked(&guard, Door::Unix, "POST", "/tree/kill", &fields)
    };
    assert_eq!(order("localhost:9900", "http://localhost:9900"), 0);
    assert_eq!(order("localhost", "http://LOCALHOST:80"), 0);
    for origin in [
        "null",
        "",
        "http://evil.example",
        "http://localhost",
        "http://localhost:9901",
        "https://localhost:9900",
        "http://localhost:9900.evil.example",
        "http://localhost:9900/",
        "http://user@localhost:9900",
        "localhost:9900",
    ] {
        assert_eq!(order("localhost:9900", origin), 403, "{origin}");
    }
}

#[test]
fn with_a_token_all_but_health_needs_it() {
    let guard = guard(Some(TOKEN));
    let ask = |target, value: &str| {
        asked(&guard, LOCAL, "GET", target, &[("host", "localhost"), ("authorization", value)])
    };
    let right = format!("Bearer {TOKEN}");
    for value in [right.as_str(), &format!("bearer  {TOKEN} ")] {
        assert_eq!(ask("/tree", value), 0, "{value}");
    }
    for value in [
        "",
        "Bearer",
        "Bearer ",
        "Bearer 0123456789abcdeg",
        "Bearer 0123456789abcde",
        "Bearer 0123456789abcdef0",
        "Basic 0123456789abcdef",
        TOKEN,
    ] {
        assert_eq!(ask("/tree", value), 401, "{value}");
    }
    for target in ["/healthz", "/readyz"] {
        assert_eq!(ask(target, ""), 0);
    }
    for target in ["/healthz/", "/readyz%20", "//healthz", "/nowhere"] {
        assert_eq!(ask(target, ""), 401, "{target}");
    }
    let twice = [("host", "localhost"), ("authorization", &right), ("authorization", &right)];
    assert_eq!(asked(&guard, LOCAL, "GET", "/tree", &twice), 401);
    assert_eq!(format!("{:?}", Token::new(TOKEN)), "Token(…)");
}

proptest! {
    #[test]
    fn no_host_but_a_known_one_gets_through(host in "[a-z0-9.:\\[\\]@%-]{0,24}") {
        let status = get(LOCAL, &host);
        let name = host.rsplit_once(':').map_or(host.as_str(), |(name, port)| {
            if port.bytes().all(|byte| byte.is_ascii_digit()) { name } else { &host }
        });
        let literal = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        let known = name == "localhost"
            || literal.is_ok_and(|ip| ip.to_canonical().is_loopback())
            || ["10.0.0.7", "10.9.9.9", "edge.example.com"].contains(&name);
        prop_assert!(known || status != 0, "{host}");
    }
}
