//! What a mistaken file is answered with.

#![expect(clippy::expect_used, reason = "the helpers of tests are tests")]

use trunkline_config::{Format, Mistakes, Override, Settings, Source, parse};

fn load(format: Format, text: &str) -> Result<Settings, Mistakes> {
    parse(&Source::new("f", format, text), [], [])
}

/// The lines of the answer, without the one with the count.
fn mistakes(format: Format, text: &str) -> Vec<String> {
    let mistakes = load(format, text).expect_err("the file has mistakes");
    mistakes.iter().map(ToString::to_string).collect()
}

fn in_toml(text: &str) -> Vec<String> {
    mistakes(Format::Toml, text)
}

/// A file in which only the lines under test can be wrong.
fn with_pool(text: &str) -> String {
    format!(
        "listener.a = {{ bind = '127.0.0.1:1', pool = 'p' }}\npool.p.backends = ['b:1']\n{text}"
    )
}

#[test]
fn a_value_of_the_wrong_kind_is_answered_with_the_right_one() {
    for (line, answer) in [
        ("server.workers = '4'", "f:3:18: server.workers: \"4\" is a text: write 4 without quotes"),
        (
            "server.workers = 1025",
            "f:3:18: server.workers: 1025 is too large: write a whole number from 1 to 1024",
        ),
        (
            "server.workers = -99999999999999999999",
            "f:3:18: server.workers: -99999999999999999999 is too small: \
             write a whole number from 1 to 1024",
        ),
        (
            "server.workers = 1.5",
            "f:3:18: server.workers: 1.5 is not a whole number: write a whole number from 1 to 1024",
        ),
        (
            "server.connections = []",
            "f:3:22: server.connections: a list is not a whole number: \
             write a whole number of at least 1",
        ),
        (
            "server.drain = 30",
            "f:3:16: server.drain: 30 has no unit: write \"30s\" if seconds are meant",
        ),
        (
            "server.drain = '30 s'",
            "f:3:16: server.drain: \"30 s\" is not a duration: write a whole number and one of \
             ms, s, m, h, as in \"250ms\" or \"30s\"",
        ),
        (
            "server.drain = 'off'",
            "f:3:16: server.drain: \"off\" is not possible here: \
             write a duration from \"0s\" to \"1000h\"",
        ),
        (
            "pool.p.resolve = '0s'",
            "f:3:18: pool.p.resolve: \"0s\" is too short: write a duration from \"1ms\" to \"1000h\"",
        ),
        (
            "pool.p.probe = { enabled = 'yes' }",
            "f:3:28: pool.p.probe.enabled: \"yes\" is not true or false: write true or false",
        ),
        (
            "log = 'info'",
            "f:3:7: log: \"info\" is not a table: write keys with their values, one a line",
        ),
        (
            "log.level = 1979-05-27",
            "f:3:13: log.level: \"1979-05-27\" is not a level: \
             write one of error, warn, info, debug, trace",
        ),
    ] {
        assert_eq!(in_toml(&with_pool(line)), [answer], "{line}");
    }
}

#[test]
fn a_limit_in_the_kernels_units_stays_within_them() {
    for (line, answer) in [
        (
            "keepalive = '10h'",
            "\"10h\" is too long: write a duration from \"1s\" to \"9h\", or \"off\"",
        ),
        (
            "keepalive = '500ms'",
            "\"500ms\" is too short: write a duration from \"1s\" to \"9h\", or \"off\"",
        ),
        (
            "user_timeout = '1001h'",
            "\"1001h\" is too long: write a duration from \"1ms\" to \"1000h\", or \"off\"",
        ),
    ] {
        let text = format!("[listener.a]\nprotocol = 'echo'\nbind = '[::1]:0'\n{line}");
        let key = line.split(' ').next().expect("a key");
        let column = key.len() + 4;
        assert_eq!(in_toml(&text), [format!("f:4:{column}: listener.a.{key}: {answer}")]);
    }
}

#[test]
fn what_is_missing_is_named_where_it_is_missed() {
    let text = "[listener.a]\n[pool.p]\nbalance = 'random'\n[pool.q]\nbackends = [{ weight = 2 }]";
    assert_eq!(
        in_toml(text),
        [
            "f:1:11: listener.a.bind: is missing: \
             write an IP address and a port, such as \"0.0.0.0:8080\"",
            "f:1:11: listener.a.pool: is missing: write the name of the pool to forward to",
            "f:2:7: pool.p.backends: is missing: write [ … ] with at least one item, such as \
             \"10.0.0.1:80\" or { address = \"10.0.0.1:80\", weight = 2 }, or name a file of backends \
             under the key file",
            "f:5:13: pool.q.backends[0].address: is missing: \
             write an address and a port, such as \"10.0.0.1:80\" or \"web.local:80\", or a name with \
             SRV records under the key srv",
        ]
    );
    let yaml = "listener:\n  a:\n    bind:\n    protocol: echo\n    idle:\npool:\nlog:\n";
    assert_eq!(
        mistakes(Format::Yaml, yaml),
        [
            "f:3:5: listener.a.bind: has no value: \
             write an IP address and a port, such as \"0.0.0.0:8080\"",
            "f:5:5: listener.a.idle: has no value: \
             write a duration from \"1ms\" to \"1000h\", or \"off\", or remove the key",
        ]
    );
}

#[test]
fn a_file_without_a_listener_says_so_in_every_format() {
    let answer = "f: there is no listener, so nothing would be served: \
                  add a table listener.NAME with its keys bind and pool";
    for format in [Format::Toml, Format::Yaml, Format::Json] {
        assert_eq!(mistakes(format, ""), [answer]);
        assert_eq!(mistakes(format, "\u{feff}\n"), [answer]);
    }
    assert_eq!(in_toml("[server]\nworkers = 1"), [answer]);
    assert_eq!(mistakes(Format::Yaml, "# nothing yet"), [answer]);
    assert_eq!(mistakes(Format::Json, "{}"), [answer]);
}

#[test]
fn a_file_that_is_no_table_says_so() {
    let remedy = "is not a table: write keys with their values, one a line";
    assert_eq!(mistakes(Format::Json, "[]"), [format!("f: a list {remedy}")]);
    assert_eq!(mistakes(Format::Yaml, "hello"), [format!("f: \"hello\" {remedy}")]);
}

#[test]
fn a_listener_and_its_pool_must_fit() {
    assert_eq!(
        in_toml(
            "[listener.a]\nbind = '[::]:1'\nprotocol = 'echo'\npool = 'p'\n[pool.p]\nbackends = ['b:1']"
        ),
        ["f:4:8: listener.a.pool: the protocol echo has no use for a pool: \
          remove the key, or write protocol = \"forward\""]
    );
    assert_eq!(
        in_toml("[listener.a]\nbind = '[::]:1'\npool = 'A pool'"),
        ["f:3:8: listener.a.pool: there is no pool \"A pool\": write the name of a pool"]
    );
    // Only the protocol is wrong: what it would want of a pool is not known.
    assert_eq!(
        in_toml("[listener.a]\nbind = '[::]:1'\nprotocol = 'htpp'"),
        ["f:3:12: listener.a.protocol: \"htpp\" is not a protocol: \
          write one of forward, http, echo; did you mean \"http\"?"]
    );
    // The pool is there, if mistaken.
    assert_eq!(
        in_toml("listener.a = { bind = '[::]:1', pool = 'p' }\npool.p = 1"),
        ["f:2:10: pool.p: 1 is not a table: write keys with their values, one a line"]
    );
}

#[test]
fn a_wildcard_address_leaves_no_room_for_another_on_its_port() {
    let two = |first, second| {
        in_toml(&format!(
            "listener.a = {{ bind = '{first}', protocol = 'echo' }}\n\
             listener.b = {{ bind = '{second}', protocol = 'echo' }}"
        ))
    };
    for (first, second) in
        [("[::]:1", "0.0.0.0:1"), ("0.0.0.0:1", "127.0.0.1:1"), ("[::1]:1", "[::]:1")]
    {
        assert_eq!(
            two(first, second),
            [format!(
                "f:2:23: listener.b.bind: {second} overlaps {first}, the address of listener.a: \
                 give each listener an address of its own"
            )]
        );
    }
    let apart = "listener.a = { bind = '0.0.0.0:1', protocol = 'echo' }\n\
                 listener.b = { bind = '[::1]:1', protocol = 'echo' }";
    assert!(load(Format::Toml, apart).is_ok());
}

#[test]
fn two_listeners_cannot_have_one_address_unless_the_port_is_any() {
    let text = "listener.z = { bind = '127.0.0.1:1', protocol = 'echo' }
listener.a = { bind = '127.0.0.1:1', protocol = 'echo' }
listener.b = { bind = '127.0.0.1:0', protocol = 'echo' }
listener.c = { bind = '127.0.0.1:0', protocol = 'echo' }
listener.d = { bind = '[::1]:1', protocol = 'echo' }";
    assert_eq!(
        in_toml(text),
        ["f:2:23: listener.a.bind: 127.0.0.1:1 is already the address of listener.z: \
          give each listener an address of its own"]
    );
}

#[test]
fn the_backends_of_a_pool_must_make_sense_together() {
    for (backends, answer) in [
        (
            "['b:1', { address = 'B:1' }]",
            "f:2:39: pool.p.backends[1].address: \"b:1\" is the address of backends[0] too: \
             keep one, with a higher weight",
        ),
        (
            "[{ address = 'b:1', backup = true }]",
            "f:2:19: pool.p.backends: every backend is a backup: remove backup = true from at least one",
        ),
        (
            "[]",
            "f:2:19: pool.p.backends: is empty: write [ … ] with at least one item, such as \
             \"10.0.0.1:80\" or { address = \"10.0.0.1:80\", weight = 2 }, or remove the key",
        ),
        (
            "'b:1'",
            "f:2:19: pool.p.backends: \"b:1\" is not a list: write [ … ] with at least one item, \
             such as \"10.0.0.1:80\" or { address = \"10.0.0.1:80\", weight = 2 }, or remove the key",
        ),
        (
            "[80]",
            "f:2:20: pool.p.backends[0]: 80 is not a backend: \
             write \"10.0.0.1:80\" or { address = \"10.0.0.1:80\", weight = 2 }",
        ),
        (
            "['b']",
            "f:2:20: pool.p.backends[0].address: \"b\" has no port: \
             write the port after a colon, as in \"b:8080\"",
        ),
    ] {
        let text =
            format!("listener.a = {{ bind = '[::]:1', pool = 'p' }}\npool.p.backends = {backends}");
        assert_eq!(in_toml(&text), [answer]);
    }
}

#[test]
fn a_probe_must_end_before_the_next_one_begins() {
    assert_eq!(
        in_toml(&with_pool("pool.p.probe = { interval = '1s', timeout = '1500ms' }")),
        ["f:3:45: pool.p.probe.timeout: \"1500ms\" is longer than the interval, \"1s\": \
          write at most \"1s\""]
    );
    assert_eq!(
        in_toml(&with_pool("pool.p.probe.interval = '500ms'")),
        ["f:3:25: pool.p.probe.interval: \"500ms\" is shorter than the timeout, \"1s\": \
 set a shorter timeout beside it"]
    );
}

#[test]
fn a_key_that_cannot_be_is_refused_and_quoted_safely() {
    assert_eq!(
        in_toml(&with_pool("\"server.drain\" = '1s'\npool.\"A\\u001b\".backends = ['b:1']")),
        [
            "f:3:1: \"server.drain\": is not a key that is known here: \
             write one of server, admin, log, telemetry, dns, listener, pool",
            "f:4:6: pool.\"A\\u{1b}\": \"A\\u{1b}\" is not a name: write 1 to 63 of a-z, 0-9, \"_\" \
             and \"-\", beginning with a letter or a digit",
        ]
    );
}

#[test]
fn a_key_set_twice_does_not_hide_other_mistakes() {
    assert_eq!(
        in_toml(&with_pool("[log]\nlevel = 'x'\nlevel = 'info'")),
        [
            "f:4:9: log.level: \"x\" is not a level: write one of error, warn, info, debug, trace",
            "f:5:1: \"level\" is set twice: keep one of the two",
        ]
    );
}

#[test]
fn a_mistake_in_a_flag_names_the_flag() {
    let settings = parse(
        &Source::new("f", Format::Toml, ""),
        [],
        [
            Override::new("--listen", "listener.proxy.bind", "localhost:80"),
            Override::list("--to", "pool.proxy.backends", ["b:1", "c"]),
            Override::new("--pool", "listener.proxy.pool", "prxy"),
            Override::new("--workers", "server.workers", "many"),
            Override::new("--wrong", "server.wrong.deeper", "1"),
        ],
    );
    let lines: Vec<_> = settings.expect_err("mistakes").iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            "--listen: listener.proxy.bind: \"localhost\" is a host name, and a listener binds an \
             IP address: write an IP address, such as \"127.0.0.1:80\"",
            "--pool: listener.proxy.pool: there is no pool \"prxy\": write the name of a pool, or \
             add a table pool.prxy; did you mean \"proxy\"?",
            "--to: pool.proxy.backends[1].address: \"c\" has no port: \
             write the port after a colon, as in \"c:8080\"",
            "--workers: server.workers: \"many\" is not a whole number: \
             write a whole number from 1 to 1024",
            "--wrong: server.wrong: is not a key that is known here: \
             write one of workers, drain, lame_duck, connections, zone, admin",
        ]
    );
}
