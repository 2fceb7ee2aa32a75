//! Overrides from the environment and from flags.

#![expect(clippy::expect_used, clippy::panic, reason = "the helpers of tests are tests")]

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::time::Duration;

use trunkline_config::{
    Balance, Format, Mistakes, Override, PREFIX, Presence, Protocol, Settings, Source, keys, parse,
};

const FILE: &str = "
[server]
drain = '10s'
[telemetry.otlp]
endpoint = 'http://10.0.0.9:4317'
[listener.web-1]
bind = '127.0.0.1:1'
pool = 'web'
[listener.echo]
bind = '127.0.0.1:2'
protocol = 'echo'
[listener.site]
bind = '127.0.0.1:3'
protocol = 'http'
routes = [{ pool = 'web' }]
[pool.web]
balance = 'ring_hash'
backends = ['10.0.0.1:80']
sticky = { cookie = 'c' }
probe = { http = '/' }
eject = { time = '1s' }
[pool.other]
backends = ['10.0.0.2:80']
";

fn with(variables: &[(&str, &str)], flags: &[Override]) -> Result<Settings, Mistakes> {
    let variables = variables.iter().map(|(name, value)| (name.into(), value.into()));
    parse(&Source::new("f", Format::Toml, FILE), variables, flags.iter().cloned())
}

#[track_caller]
fn mistakes(variables: &[(&str, &str)]) -> Vec<String> {
    let mistakes = with(variables, &[]).expect_err("a mistake");
    mistakes.iter().map(ToString::to_string).collect()
}

/// A value for a key that differs from its default, by what the schema says the key accepts.
fn another_value(kind: &str, presence: Presence) -> String {
    let default = match presence {
        Presence::Default(text) => text,
        Presence::Required | Presence::Optional(_) => "",
    };
    if kind.contains("query:NAME") {
        "query:user".to_owned()
    } else if let Some(names) = kind.strip_prefix("one of ") {
        names.split(", ").find(|name| *name != default).expect("a second name").to_owned()
    } else if kind.starts_with("a whole number") {
        "7".to_owned()
    } else if kind.starts_with("a number from 0 ") {
        "0.5".to_owned()
    } else if kind.starts_with("a number from 50") {
        "99.5".to_owned()
    } else if kind.starts_with("a number") {
        "2.5".to_owned()
    } else if kind.starts_with("a text of at least") {
        "k".repeat(32)
    } else if kind.starts_with("a size") {
        "2KiB".to_owned()
    } else if kind.starts_with("a duration") {
        // Between the default time-out of a probe and its default interval.
        "1500ms".to_owned()
    } else if kind.starts_with("an IP address") {
        "127.0.0.9:9".to_owned()
    } else {
        match kind {
            "true or false" => (default != "true").to_string(),
            "the name of a pool" => "other".to_owned(),
            other => another_text(other),
        }
    }
}

/// The same for texts with a form of their own, by the example that the schema gives.
fn another_text(kind: &str) -> String {
    if kind.starts_with("1 to 63 of") {
        return "b".to_owned();
    }
    if kind.starts_with("\"off\"") {
        return "127.0.0.1:9900".to_owned();
    }
    if kind.starts_with("statuses") {
        return "200,204".to_owned();
    }
    let example = kind.split('"').nth(1).unwrap_or_else(|| panic!("no value is known for {kind}"));
    example.to_owned()
}

#[test]
fn every_scalar_key_of_the_schema_can_be_overridden() {
    let plain = with(&[], &[]).expect("a valid file");
    let mut tried = 0;
    for key in keys().into_iter().filter(|key| key.overridable) {
        let path = match key.path.as_str() {
            // The other listener would need a pool as well, which has a test of its own.
            "listener.*.protocol" => continue,
            path => path
                .replace("listener.*.http", "listener.site.http")
                .replace("listener.*", "listener.web_1")
                .replace("pool.*", "pool.web"),
        };
        let variable = PREFIX.to_owned() + &path.to_uppercase().replace('.', "__");
        let value = another_value(&key.kind, key.presence);
        let changed = with(&[(&variable, &value)], &[])
            .unwrap_or_else(|mistakes| panic!("{variable}={value}: {mistakes}"));
        assert_ne!(changed, plain, "{variable}={value} changes nothing");
        let wrong = with(&[(&variable, "\u{1b}?")], &[]).expect_err("no kind accepts this");
        let line = wrong.to_string();
        assert!(line.starts_with(&format!("{variable}: {}", path.replace("_1", "-1"))), "{line}");
        assert!(!line.contains('\u{1b}'), "{line:?}");
        tried += 1;
    }
    assert!(tried > 20, "the schema has more keys than {tried}");
}

#[test]
fn a_protocol_and_its_pool_can_be_overridden_together() {
    let settings = with(
        &[
            ("TRUNKLINE__LISTENER__ECHO__PROTOCOL", "forward"),
            ("TRUNKLINE__LISTENER__ECHO__POOL", "other"),
        ],
        &[],
    )
    .expect("valid");
    let forward = Protocol::Forward { pool: "other".to_owned() };
    assert_eq!(settings.listeners["echo"].protocol, forward);
}

#[test]
fn a_variable_overrides_the_file_and_a_flag_overrides_both() {
    let drain = |settings: Result<Settings, Mistakes>| settings.expect("valid").server.drain;
    let variable = [("TRUNKLINE__SERVER__DRAIN", "20s")];
    let flags = [
        Override::new("--drain", "server.drain", "30s"),
        Override::new("--drain", "server.drain", "40s"),
    ];
    assert_eq!(drain(with(&[], &[])), Duration::from_secs(10));
    assert_eq!(drain(with(&variable, &[])), Duration::from_secs(20));
    assert_eq!(drain(with(&variable, &flags)), Duration::from_secs(40));
    assert_eq!(drain(with(&[], &flags[..1])), Duration::from_secs(30));
}

#[test]
fn case_and_hyphens_do_not_matter_in_a_variable() {
    let settings = with(&[("trunkline__Listener__web_1__Backlog", "9")], &[]).expect("valid");
    assert_eq!(settings.listeners["web-1"].backlog.get(), 9);
    let settings = with(&[("TRUNKLINE_LOG", "x"), ("PATH", "y")], &[]).expect("not ours");
    assert_eq!(settings.pools["web"].balance, Balance::RingHash);
}

#[test]
fn an_unknown_variable_names_the_nearest_and_keeps_its_value_to_itself() {
    let rule = "is no setting that can be overridden: write a key that is not in a list, \
                of a listener or a pool that is there, with __ for each dot";
    assert_eq!(
        mistakes(&[
            ("TRUNKLINE__POOL__WBE__BALANCE", "secret"),
            ("TRUNKLINE__", "secret"),
            ("TRUNKLINE__POOL__WEB__BACKENDS", "secret"),
            ("TRUNKLINE__SOMETHING__ELSE__ALTOGETHER\n", "secret"),
        ]),
        [
            format!("TRUNKLINE__: {rule}"),
            format!(
                "TRUNKLINE__POOL__WBE__BALANCE: {rule}; did you mean \"TRUNKLINE__POOL__WEB__BALANCE\"?"
            ),
            format!(
                "TRUNKLINE__POOL__WEB__BACKENDS: {rule}; did you mean \"TRUNKLINE__POOL__WEB__BALANCE\"?"
            ),
            format!("TRUNKLINE__SOMETHING__ELSE__ALTOGETHER\\n: {rule}"),
        ]
    );
}

#[test]
fn a_mistake_in_a_variable_names_the_variable() {
    assert_eq!(
        mistakes(&[
            ("TRUNKLINE__LISTENER__WEB_1__POOL", "wbe"),
            ("TRUNKLINE__POOL__WEB__PROBE__TIMEOUT", "5s"),
            ("TRUNKLINE__SERVER__WORKERS", ""),
        ]),
        [
            "TRUNKLINE__LISTENER__WEB_1__POOL: listener.web-1.pool: there is no pool \"wbe\": write \
             the name of a pool, or add a table pool.wbe; did you mean \"web\"?",
            "TRUNKLINE__POOL__WEB__PROBE__TIMEOUT: pool.web.probe.timeout: \"5s\" is longer than \
             the interval, \"2s\": write at most \"2s\"",
            "TRUNKLINE__SERVER__WORKERS: server.workers: \"\" is not a whole number: \
             write a whole number from 1 to 1024",
        ]
    );
}

#[test]
fn the_same_setting_twice_in_the_environment_is_a_mistake() {
    assert_eq!(
        mistakes(&[("TRUNKLINE__LOG__LEVEL", "info"), ("TRUNKLINE__LOG__level", "warn")]),
        ["TRUNKLINE__LOG__level: log.level: sets what \"TRUNKLINE__LOG__LEVEL\" sets too: \
          remove one of the two"]
    );
}

#[test]
fn a_variable_that_could_mean_two_pools_is_a_mistake() {
    let file = "listener.a = { bind = '[::]:1', pool = 'a-b' }
pool.a-b.backends = ['b:1']
pool.a_b.backends = ['b:1']";
    let variable = ("TRUNKLINE__POOL__A_B__FALL".into(), "1".into());
    let mistakes = parse(&Source::new("f", Format::Toml, file), [variable], []);
    assert_eq!(
        mistakes.expect_err("ambiguous").to_string(),
        "TRUNKLINE__POOL__A_B__FALL: means both pool.a-b.fall and pool.a_b.fall: \
         rename one of the two, or set the key in the file\n1 mistake"
    );
}

#[test]
fn a_variable_that_is_not_utf_8_is_a_mistake() {
    let variables = [
        ("TRUNKLINE__LOG__LEVEL".into(), OsString::from_vec(b"\xff".into())),
        (OsString::from_vec(b"TRUNKLINE__\xff".into()), "1".into()),
    ];
    let mistakes = parse(&Source::new("f", Format::Toml, FILE), variables, []);
    let lines = mistakes.expect_err("not UTF-8").to_string();
    assert!(lines.contains("TRUNKLINE__LOG__LEVEL: log.level: is not UTF-8"), "{lines}");
    assert!(lines.contains("TRUNKLINE__\u{fffd}: is no setting"), "{lines}");
}

#[test]
fn an_override_does_not_hide_that_its_table_is_none() {
    let file = "listener.a = { bind = '[::]:1', pool = 'p' }
pool.p = { backends = ['b:1'], probe = 'off' }";
    let variable = ("TRUNKLINE__POOL__P__PROBE__ENABLED".into(), "false".into());
    let mistakes = parse(&Source::new("f", Format::Toml, file), [variable], []);
    assert!(
        mistakes.expect_err("mistaken").to_string().starts_with("f:2:40: pool.p.probe: \"off\"")
    );
}

#[test]
fn flags_alone_make_a_proxy_and_the_environment_reaches_it() {
    let flags = [
        Override::new("--listen", "listener.proxy.bind", "127.0.0.1:8080"),
        Override::new("--to", "listener.proxy.pool", "proxy"),
        Override::list("--to", "pool.proxy.backends", ["b:1", "[::1]:2"]),
    ];
    let variable = ("TRUNKLINE__POOL__PROXY__BALANCE".into(), "random".into());
    let nothing = Source::new("command line", Format::Toml, "");
    let settings = parse(&nothing, [variable], flags.clone()).expect("valid");
    assert_eq!(settings.listeners["proxy"].bind.port(), 8080);
    let pool = &settings.pools["proxy"];
    assert_eq!(pool.balance, Balance::Random);
    let addresses: Vec<_> = pool.backends.iter().map(|each| each.address.to_string()).collect();
    assert_eq!(addresses, ["b:1", "[::1]:2"]);

    let mistakes = parse(&nothing, [], flags[1..].to_vec()).expect_err("no address");
    assert_eq!(
        mistakes.to_string(),
        "--to: listener.proxy.bind: is missing: \
         write an IP address and a port, such as \"0.0.0.0:8080\"\n1 mistake"
    );
}
