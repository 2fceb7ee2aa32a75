//! Mistakes of a listener as a whole, and in its limits.

use trunkline_config::{Format, Protocols, Source, parse};

use crate::{load, mistakes, with_routes};

#[test]
fn a_listener_of_http_has_routes_and_no_pool() {
    let listener = |rest: &str| {
        let text = format!(
            "pool.web.backends = ['b:1']\n[listener.a]\nbind = '[::1]:0'\nprotocol = 'http'\n{rest}"
        );
        mistakes(Format::Toml, &text)
    };
    assert_eq!(
        listener(""),
        [
            "f:2:11: listener.a.routes: is missing: write [{ pool = \"NAME\" }], or several routes, of \
          which the first that fits a request serves it"
        ]
    );
    assert_eq!(
        listener("pool = 'web'"),
        ["f:5:8: listener.a.pool: the protocol http has no use for a pool: \
          write routes = [{ pool = \"web\" }]"]
    );
    assert_eq!(
        listener("pool = 'web'\nroutes = [{ pool = 'web' }]"),
        ["f:5:8: listener.a.pool: the protocol http has no use for a pool: \
          remove the key, for each route names its own"]
    );
    assert_eq!(
        listener("settings = { x = 1 }\nroutes = [{ pool = 'web' }]"),
        ["f:5:1: listener.a.settings: the protocol http has no settings: remove the key"]
    );
    let at_least = "write [ … ] with at least one item, such as { path = \"/v1/\", pool = \"web\" }, \
                    or remove the key";
    assert_eq!(
        listener("routes = []"),
        [format!("f:5:10: listener.a.routes: is empty: {at_least}")]
    );
    assert_eq!(
        listener("routes = { pool = 'web' }"),
        [format!("f:5:1: listener.a.routes: a table is not a list: {at_least}")]
    );
    assert_eq!(
        listener("routes = ['web']"),
        ["f:5:11: listener.a.routes[0]: \"web\" is not a route: \
          write { path = \"/v1/\", pool = \"web\" }"]
    );
}

#[test]
fn no_other_protocol_has_the_keys_of_http() {
    let text = "[listener.a]
bind = '[::1]:0'
protocol = 'echo'
routes = [{ pool = 'p' }]
trusted = []
http = {}
[listener.b]
bind = '[::1]:0'
pool = 'p'
[listener.b.http]
head = '1s'
[pool.p]
backends = ['b:1']";
    let said = |protocol: &str| {
        format!(
            "the protocol {protocol} has no use for this key: \
             remove it, or write protocol = \"http\""
        )
    };
    assert_eq!(
        mistakes(Format::Toml, text),
        [
            format!("f:4:1: listener.a.routes: {}", said("echo")),
            format!("f:5:1: listener.a.trusted: {}", said("echo")),
            format!("f:6:1: listener.a.http: {}", said("echo")),
            format!("f:10:13: listener.b.http: {}", said("forward")),
        ]
    );
    let mut protocols = Protocols::default();
    protocols.add("chat", |_| Ok(())).expect("free");
    let text = "listener.a = { bind = '[::1]:0', protocol = 'chat', trusted = ['::1'] }";
    let answer = protocols.parse(&Source::new("f", Format::Toml, text), [], []);
    assert_eq!(
        answer.expect_err("no use").to_string(),
        format!("f:1:53: listener.a.trusted: {}\n1 mistake", said("chat"))
    );
    // Only the protocol is wrong: what it would want is not known.
    let text = "listener.a = { bind = '[::1]:0', protocol = 'htp', routes = [{ pool = 'p' }] }";
    assert_eq!(mistakes(Format::Toml, text).len(), 1);
}

#[test]
fn a_limit_can_be_overridden_where_there_is_http() {
    let file =
        with_routes("{ pool = 'web' }") + "\n[listener.b]\nbind = '[::1]:0'\nprotocol = 'echo'";
    let source = Source::new("f", Format::Toml, file);
    let with = |name: &str, value: &str| {
        let name = format!("TRUNKLINE__LISTENER__{name}");
        parse(&source, [(name.into(), value.into())], []).map_err(|answer| answer.to_string())
    };
    let settings = with("A__HTTP__BODY_SIZE", "1MiB").expect("valid");
    assert_eq!(crate::http(&settings).limits.body_size, Some(1 << 20));
    assert_eq!(
        with("A__HTTP__HEAD_SIZE", "2MiB").expect_err("too large"),
        "TRUNKLINE__LISTENER__A__HTTP__HEAD_SIZE: listener.a.http.head_size: \"2MiB\" is too large: \
         write a size from \"1KiB\" to \"1MiB\"\n1 mistake"
    );
    assert_eq!(
        with("B__HTTP__HEAD", "1s").expect_err("no use"),
        "TRUNKLINE__LISTENER__B__HTTP__HEAD: listener.b.http: the protocol echo has no use for this \
         key: remove it, or write protocol = \"http\"\n1 mistake"
    );
    for in_a_list in ["A__TRUSTED", "A__ROUTES", "A__ROUTES__POOL"] {
        let answer = with(in_a_list, "x").expect_err("a list");
        assert!(answer.contains("is no setting that can be overridden"), "{answer}");
    }
}

#[test]
fn a_limit_of_the_wrong_kind_is_answered_with_the_right_one() {
    for (line, answer) in [
        (
            "head = 10",
            "8: listener.a.http.head: 10 has no unit: write \"10s\" if seconds are meant",
        ),
        (
            "head = 'off'",
            "8: listener.a.http.head: \"off\" is not possible here: \
             write a duration from \"1ms\" to \"1000h\"",
        ),
        (
            "requests = 0",
            "12: listener.a.http.requests: 0 is too small: write a whole number of at least 1",
        ),
        (
            "head_size = 4096",
            "13: listener.a.http.head_size: 4096 has no unit: write \"4096B\" if bytes are meant",
        ),
        (
            "head_size = '4KB'",
            "13: listener.a.http.head_size: \"4KB\" is not a size: \
             write a whole number and one of B, KiB, MiB, GiB, as in \"64KiB\"",
        ),
        (
            "head_size = '1023B'",
            "13: listener.a.http.head_size: \"1023B\" is too small: \
             write a size from \"1KiB\" to \"1MiB\"",
        ),
        (
            "head_size = 'off'",
            "13: listener.a.http.head_size: \"off\" is not possible here: \
             write a size from \"1KiB\" to \"1MiB\"",
        ),
        (
            "body_size = true",
            "13: listener.a.http.body_size: true is not a size: \
             write a size from \"0B\" to \"1048576GiB\", or \"off\"",
        ),
        (
            "body_size = 'of'",
            "13: listener.a.http.body_size: \"of\" is not a size: \
             write a whole number and one of B, KiB, MiB, GiB, as in \"64KiB\", or \"off\"",
        ),
        (
            "fields = 257",
            "10: listener.a.http.fields: 257 is too large: write a whole number from 1 to 256",
        ),
        (
            "haed = '1s'",
            "1: listener.a.http.haed: is not a key that is known here: write one of head, body, \
             keep_alive, first_byte, request, requests, head_size, fields, body_size; \
             did you mean \"head\"?",
        ),
    ] {
        let text = with_routes("{ pool = 'web' }") + "\n[listener.a.http]\n" + line;
        assert_eq!(mistakes(Format::Toml, &text), [format!("f:9:{answer}")], "{line}");
    }
}

#[test]
fn a_trusted_peer_is_an_address_or_a_network() {
    let listener = |trusted: &str| {
        with_routes("{ pool = 'web' }").replacen(
            "[listener.a]",
            &format!("[listener.a]\ntrusted = {trusted}"),
            1,
        )
    };
    assert_eq!(
        mistakes(Format::Toml, &listener("['10.0.0.1/8', 'lb.local', 5]")),
        [
            "f:3:12: listener.a.trusted[0]: \"10.0.0.1/8\" has an address beyond its length: \
             write \"10.0.0.0/8\" for the network, or \"10.0.0.1\" for the address alone",
            "f:3:26: listener.a.trusted[1]: \"lb.local\" is not a network: \
             write an IP address or a network, such as \"10.0.0.0/8\" or \"::1\"",
            "f:3:38: listener.a.trusted[2]: 5 is not a network: \
             write an IP address or a network, such as \"10.0.0.0/8\" or \"::1\"",
        ]
    );
    assert_eq!(
        mistakes(Format::Toml, &listener("'::1'")),
        [
            "f:3:11: listener.a.trusted: \"::1\" is not a list: write [ … ], each an IP address or a \
          network, such as \"10.0.0.0/8\" or \"::1\", or remove the key"
        ]
    );
    assert!(load(Format::Toml, &listener("[]")).is_ok());
}

#[test]
fn how_a_pool_reuses_connections_is_checked_like_all_else() {
    let text = "listener.a = { bind = '[::1]:0', protocol = 'echo' }
[pool.p]
backends = ['b:1']
reuse = 'saef'
idle_connections = 65536
idle_timeout = '0s'";
    assert_eq!(
        mistakes(Format::Toml, text),
        [
            "f:4:9: pool.p.reuse: \"saef\" is not a way to reuse connections: \
             write one of safe, always, never; did you mean \"safe\"?",
            "f:5:20: pool.p.idle_connections: 65536 is too large: write a whole number from 0 to 65535",
            "f:6:16: pool.p.idle_timeout: \"0s\" is too short: \
             write a duration from \"1ms\" to \"1000h\"",
        ]
    );
}
