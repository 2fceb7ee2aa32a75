//! The texts and numbers of a pool, one by one.

use proptest::prelude::*;
use trunkline_config::{Format, Hash, Override, Source, Statuses, parse};

use super::{lines, load, pool, said, with_pool};

#[test]
fn each_hash_is_read_in_its_one_form() {
    for (text, hash) in [
        ("address", Hash::Address),
        ("path", Hash::Path),
        ("query:User", Hash::Query("User".to_owned())),
        ("header:X-User", Hash::Header("x-user".to_owned())),
        ("cookie:Session", Hash::Cookie("Session".to_owned())),
    ] {
        assert_eq!(pool(&format!("balance = 'ring_hash'\nhash = '{text}'")).hash, hash);
    }
}

#[test]
fn what_cannot_be_hashed_is_answered_with_what_can() {
    let all = "write one of address, path, query:NAME, header:NAME, cookie:NAME";
    for (text, answer) in [
        ("adress", format!("\"adress\" is nothing that can be hashed: {all}; did you mean \"address\"?")),
        (
            "heder:x",
            format!("\"heder:x\" is nothing that can be hashed: {all}; did you mean \"header:\"?"),
        ),
        (
            "header",
            "\"header\" does not say which one: write its name after a colon, as in \"header:NAME\""
                .to_owned(),
        ),
        (
            "header:",
            "\"\" is not the name of a header field: write letters, digits and hyphens, as in \"x-beta\""
                .to_owned(),
        ),
        (
            "query:a&b",
            "\"a&b\" is not the name of a parameter: write the name as it stands in a query, as in \
             \"query:user\""
                .to_owned(),
        ),
        (
            "cookie:a=b",
            "\"a=b\" is not the name of a cookie: write letters, digits, hyphens and underscores, \
             as in \"backend\"; did you mean \"a\"?"
                .to_owned(),
        ),
    ] {
        let keys = format!("balance = 'maglev'\nhash = '{text}'");
        assert_eq!(said(&keys), [format!("6:8: hash: {answer}")]);
    }
}

#[test]
fn numbers_stay_in_their_ranges() {
    for (keys, answer) in [
        (
            "balance = 'maglev'\nbounded_load = 1",
            "6:16: bounded_load: 1 is too small: write a number from 1.05 to 10, or \"off\"",
        ),
        (
            "balance = 'maglev'\nbounded_load = 10.5",
            "6:16: bounded_load: 10.5 is too large: write a number from 1.05 to 10, or \"off\"",
        ),
        (
            "balance = 'maglev'\nbounded_load = '1.5'",
            "6:16: bounded_load: \"1.5\" is a text: write 1.5 without quotes",
        ),
        (
            "balance = 'maglev'\nbounded_load = nan",
            "6:16: bounded_load: NaN is not a number: write a number from 1.05 to 10, or \"off\"",
        ),
        ("panic = 101", "5:9: panic: 101 is too large: write a whole number from 0 to 100"),
        (
            "panic = 'off'",
            "5:9: panic: \"off\" is not a whole number: write a whole number from 0 to 100",
        ),
        (
            "eject.success_rate = 0.4",
            "5:22: eject.success_rate: 0.4 is too small: write a number from 0.5 to 10, or \"off\"",
        ),
        (
            "eject.share = 0",
            "5:15: eject.share: 0 is too small: write a whole number from 1 to 100",
        ),
        (
            "limits.in_flight = 0",
            "5:20: limits.in_flight: 0 is too small: write a whole number of at least 1, or \"off\"",
        ),
        (
            "limits.in_flight = 'of'",
            "5:20: limits.in_flight: \"of\" is not a whole number: write a whole number of at least 1, \
             or \"off\"",
        ),
        (
            "retry.statuses = [503, 302]",
            "5:24: retry.statuses[1]: 302 is too small: write a whole number from 400 to 599",
        ),
        (
            "retry.hedge = 100",
            "5:15: retry.hedge: 100 is too large: write a number from 50 to 99.9, or \"off\"",
        ),
        (
            "retry.buffer = '17MiB'",
            "5:16: retry.buffer: \"17MiB\" is too large: write a size from \"0B\" to \"16MiB\"",
        ),
        (
            "retry.budget = 101",
            "5:16: retry.budget: 101 is too large: write a whole number from 0 to 100",
        ),
        (
            "slow_strat = '1m'",
            "5:1: slow_strat: is not a key that is known here: write one of balance, hash, \
             bounded_load, slow_start, panic, backends, file, connect_timeout, attempts, fall, \
             retry_after, resolve, reuse, idle_connections, idle_timeout, sticky, probe, eject, \
             limits, retry; did you mean \"slow_start\"?",
        ),
    ] {
        assert_eq!(said(keys), [answer]);
    }
}

#[test]
fn the_texts_of_a_probe_are_what_can_be_sent() {
    for (keys, answer) in [
        (
            "http = 'healthz'",
            "http: \"healthz\" does not begin with \"/\": write the path of a request, such as \
             \"/v1/\"; did you mean \"/healthz\"?",
        ),
        ("http = '/a b'", "http: \"/a b\" has \" \", which no path has: write \"%20\" for it"),
        (
            "http = '/'\nmethod = 'PUT'",
            "method: \"PUT\" is not the method of a probe: write one of GET, HEAD, OPTIONS, POST",
        ),
        (
            "http = '/'\nmethod = 'get'",
            "method: \"get\" is not the method of a probe: write one of GET, HEAD, OPTIONS, POST; \
             did you mean \"GET\"?",
        ),
        (
            "http = '/'\nhost = 'http://a/'",
            "host: \"http://a/\" has a scheme: write the host alone; did you mean \"a\"?",
        ),
        (
            "http = '/'\nhost = '::1'",
            "host: \"::1\" is an IPv6 address without brackets: write \"[::1]\"",
        ),
        (
            "http = '/'\nhost = '300.0.0.1'",
            "host: \"300.0.0.1\" is not a host: write a host name or an IP address, as in \
             \"www.example.com\" or \"www.example.com:8080\"",
        ),
        (
            "http = '/'\nheaders = [{ name = 'Host', value = 'a' }]",
            "headers[0].name: \"Host\" is written by the probe itself: write the key host",
        ),
        (
            "http = '/'\nstatus = 200",
            "status: 200 is not a text of statuses: \
             write statuses from 200 to 599 in quotes, such as \"200-399\" or \"200,204\"",
        ),
        (
            "http = '/'\nstatus = '200,100'",
            "status: \"100\" is neither a status from 200 to 599 nor a range of them: \
             write one or more of N and N-M with commas between them, as in \"200-399\" or \
             \"200,204\"",
        ),
        (
            "http = '/'\nstatus = '399-200'",
            "status: \"399-200\" ends before it begins: write \"200-399\"",
        ),
        (
            "http = '/'\nbody = ''",
            "body: is empty, and every body contains that: \
             write a text that the body contains, or remove the key",
        ),
    ] {
        let found = said(&format!("[pool.p.probe]\n{keys}"));
        let found: Vec<_> = found.iter().filter_map(|line| line.split_once("probe.")).collect();
        let found: Vec<_> = found.iter().map(|(_, what)| *what).collect();
        assert_eq!(found, [answer]);
    }
    for host in ["a", "10.0.0.1", "10.0.0.1:80", "[::1]", "[::1]:80"] {
        pool(&format!("probe = {{ http = '/', host = '{host}' }}"));
    }
}

#[test]
fn a_zone_is_a_name() {
    let rule = "write 1 to 63 of a-z, 0-9, \"_\" and \"-\", beginning with a letter or a digit";
    let keys = "[[pool.q.backends]]\naddress = 'b:1'\nzone = 'Zone A'";
    let answer = format!("7:8: pool.q.backends[0].zone: \"Zone A\" is not a name: {rule}");
    assert_eq!(said(keys), [answer]);
    let text = with_pool("[server]\nzone = ''");
    let answer = format!("6:8: server.zone: \"\" is not a name: {rule}");
    assert_eq!(lines(&load(Format::Toml, &text).expect_err("no name")), [answer]);
}

#[test]
fn a_key_is_never_shown() {
    let key = "S3CR3T-".repeat(5);
    let text = with_pool(&format!("sticky = {{ cookie = 'c', key = '{key}' }}"));
    let source = Source::new("f", Format::Toml, text);
    let settings = parse(&source, [], []).expect("valid");
    let flag = Override::new("--key", "pool.p.sticky.key", key);
    for shown in [format!("{settings:?}"), format!("{source:?}"), format!("{flag:?}")] {
        assert!(!shown.contains("S3CR3T"), "{shown}");
    }
    assert_eq!(
        said("sticky = { cookie = 'c', key = 'S3CR3T' }"),
        ["5:32: sticky.key: has only 6 characters: \
          write a text of at least 32 characters in quotes, the same for all replicas"]
    );
    assert_eq!(
        said("sticky = { cookie = 'c', key = 12345678 }"),
        ["5:32: sticky.key: is not a text: \
          write a text of at least 32 characters in quotes, the same for all replicas"]
    );
    assert_eq!(
        said("sticky = { ttl = '1m' }"),
        ["5:1: sticky.cookie: is missing: write the name of a cookie, such as \"backend\""]
    );
}

proptest! {
    #[test]
    fn statuses_are_those_of_their_ranges_and_are_printed_as_they_are_read(
        ranges in prop::collection::vec((200..600_u16, 200..600_u16), 1..5), status in 0..1_000_u16,
    ) {
        let ranges: Vec<_> = ranges.iter().map(|(a, b)| (*a.min(b), *a.max(b))).collect();
        let texts: Vec<_> = ranges.iter().map(|(first, last)| format!("{first}-{last}")).collect();
        let statuses: Statuses = texts.join(", ").parse().expect("statuses");
        let within = ranges.iter().any(|(first, last)| (first..=last).contains(&&status));
        prop_assert_eq!(statuses.contains(status), within);
        prop_assert_eq!(statuses.ranges().len(), ranges.len());
        prop_assert_eq!(statuses.to_string().parse(), Ok(statuses));
    }

    #[test]
    fn whatever_is_hashed_is_printed_as_it_is_read(text in "(address|path|(query|header|cookie):.{0,6})") {
        if let Ok(hash) = text.parse::<Hash>() {
            prop_assert_eq!(hash.to_string().parse(), Ok(hash));
        }
    }

    #[test]
    fn no_text_of_a_pool_makes_reading_panic(
        key in prop::sample::select(vec![
            "hash", "file", "probe.http", "probe.host", "probe.status", "probe.body",
            "sticky.cookie", "sticky.key", "retry.hedge", "limits.in_flight",
        ]),
        text in any::<String>(),
    ) {
        let flag = Override::new("--flag", &format!("pool.p.{key}"), text);
        let _ = parse(&Source::new("f", Format::Toml, with_pool("balance = 'maglev'")), [], [flag]);
    }
}
