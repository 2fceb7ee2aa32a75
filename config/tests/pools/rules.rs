//! What must go together in a pool.

use trunkline_config::Format;

use super::{lines, load, pool, said};

#[test]
fn only_an_algorithm_that_hashes_has_something_to_hash() {
    let answer = |key: &str, algorithm: &str| {
        format!(
            "{key}: the algorithm {algorithm} does not hash: write balance = \"ring_hash\", \
             \"maglev\" or \"source_hash\", or remove the key"
        )
    };
    assert_eq!(said("hash = 'path'"), ["5:1: ".to_owned() + &answer("hash", "round_robin")]);
    assert_eq!(
        said("balance = 'random'\nbounded_load = 1.5"),
        ["6:1: ".to_owned() + &answer("bounded_load", "random")]
    );
    // What changes nothing may stay.
    pool("hash = 'address'\nbounded_load = 'off'");
    // The algorithm alone is mistaken.
    assert_eq!(said("balance = 'x'\nhash = 'path'").len(), 1);
}

#[test]
fn bytes_that_are_forwarded_have_an_address_and_nothing_else_to_hash() {
    let file = |protocol: &str| {
        format!(
            "listener.t = {{ bind = '[::1]:1', pool = 'p' }}\n\
             listener.u = {{ bind = '[::1]:2', {protocol} }}\n\
             [pool.p]\nbackends = ['b:1']\nbalance = 'ring_hash'\nhash = 'header:x'\n\
             [pool.q]\nbackends = ['b:1']"
        )
    };
    let forwards = file("pool = 'p'");
    assert_eq!(
        lines(&load(Format::Toml, &forwards).expect_err("no header")),
        ["6:8: hash: listener.t forwards bytes to this pool, which have no \"header:x\": \
          write hash = \"address\", or write protocol = \"http\" there"]
    );
    let elsewhere = file("protocol = 'http', routes = [{ pool = 'q' }]");
    assert!(load(Format::Toml, &elsewhere).is_err());
    let here = file("protocol = 'http', routes = [{ path = '/', pool = 'p' }, { pool = 'q' }]");
    assert!(load(Format::Toml, &here).is_ok());
    let address = forwards.replace("header:x", "address");
    assert!(load(Format::Toml, &address).is_ok());
    // What is mistaken may have been meant so: one slip, one mistake.
    let slip = file("protocol = 'htpp', routes = [{ pool = 'p' }]");
    assert_eq!(load(Format::Toml, &slip).expect_err("a slip").count(), 1);
}

#[test]
fn a_backend_is_in_one_place() {
    let with = |backends: &str| {
        let text = format!(
            "listener.t = {{ bind = '[::1]:1', pool = 'p' }}\npool.p.backends = [{backends}]"
        );
        load(Format::Toml, &text).map_err(|mistakes| lines(&mistakes))
    };
    for (backends, answer) in [
        (
            "{ address = 'b:1', srv = 'c' }",
            "2:20: backends[0]: has address and srv: \
             keep one of them, for a backend is in one place",
        ),
        (
            "{ srv = 'c', weight = 2 }",
            "2:33: backends[0].weight: SRV records bring their own weights: remove the key",
        ),
        (
            "{ srv = 'c', priority = 0 }",
            "2:33: backends[0].priority: SRV records bring their own priorities: remove the key",
        ),
        (
            "{ srv = 'c' }, { srv = 'C.' }",
            "2:43: backends[1].srv: \"c\" is the name of backends[0] too: keep one",
        ),
        (
            "{ address = 'b:1', priority = 16 }",
            "2:50: backends[0].priority: 16 is too large: write a whole number from 0 to 15",
        ),
    ] {
        assert_eq!(with(backends), Err(vec![answer.to_owned()]));
    }
    assert!(with("{ srv = 'c', zone = 'a' }, { address = 'c:1', backup = true }").is_ok());
}

#[test]
fn backends_may_all_be_in_a_file() {
    let with = |keys: &str| {
        let text = format!("listener.t = {{ bind = '[::1]:1', pool = 'p' }}\npool.p = {keys}");
        load(Format::Toml, &text).map_err(|mistakes| lines(&mistakes))
    };
    let settings = with("{ file = 'web.toml' }").expect("valid");
    let pool = &settings.pools["p"];
    assert!(pool.backends.is_empty());
    assert_eq!(pool.file.as_deref().and_then(|file| file.to_str()), Some("web.toml"));
    // Those that are not backups may be in the file.
    assert!(with("{ file = 'web.toml', backends = [{ address = 'b:1', backup = true }] }").is_ok());
    assert_eq!(
        with("{ file = 'web.tml' }"),
        Err(vec![
            "2:19: file: \"web.tml\" is no file of backends: \
             name the file .toml or .json; did you mean \"toml\"?"
                .to_owned()
        ])
    );
    assert_eq!(with("{}").expect_err("no backends").len(), 1);
}

#[test]
fn what_only_a_request_has_is_not_asked_of_a_connection() {
    let rest = "a probe without the key http asks for nothing: \
                write http = \"/\" beside it, or remove the key";
    let keys =
        "[pool.p.probe]\nmethod = 'GET'\nhost = 'a'\nheaders = []\nstatus = '200'\nbody = 'x'";
    assert_eq!(
        said(keys),
        [(6, "method"), (7, "host"), (8, "headers"), (9, "status"), (10, "body")]
            .map(|(line, key)| format!("{line}:1: probe.{key}: {rest}"))
    );
    assert_eq!(
        said("probe = { http = '/', method = 'HEAD', body = 'x' }"),
        [
            "5:40: probe.body: an answer to HEAD has no body: write method = \"GET\", or remove the key"
        ]
    );
}

#[test]
fn one_time_is_at_most_the_other() {
    assert_eq!(
        said("probe = { interval_down = '3s' }"),
        [
            "5:27: probe.interval_down: \"3s\" is longer than the interval, \"2s\": write at most \"2s\""
        ]
    );
    assert_eq!(
        said("eject = { time = '6m' }"),
        ["5:18: eject.time: \"6m\" is longer than the longest, \"5m\": write at most \"5m\""]
    );
    assert_eq!(
        said("eject = { longest = '5s' }"),
        [
            "5:21: eject.longest: \"5s\" is shorter than the time, \"10s\": set a shorter time beside it"
        ]
    );
}

#[test]
fn only_what_goes_to_a_backend_is_repeatable() {
    let text = "[listener.h]
bind = '[::1]:1'
protocol = 'http'
routes = [{ path = '/', answer = {}, repeatable = true }, { pool = 'p', repeatable = true }]
[pool.p]
backends = ['b:1']";
    assert_eq!(
        lines(&load(Format::Toml, text).expect_err("an answer")),
        ["4:38: listener.h.routes[0].repeatable: the answer of a route goes to no backend: \
          remove the key"]
    );
}
