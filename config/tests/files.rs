//! Files on a disk: those that are examples, and those that are none at all.

#![expect(clippy::expect_used, clippy::panic, reason = "the helpers of tests are tests")]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use proptest::prelude::*;
use trunkline_config::{
    Backend, Balance, Dns, Eject, Format, Hash, Http, Limits, LogFormat, LogLevel, MAX_FILE_BYTES,
    Protocol, Retry, Reuse, Settings, Source, load, load_backends, parse,
};

fn example(name: &str) -> Settings {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name);
    load(&file, [], []).unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

/// A file in the folder that cargo has for it, named after the test.
fn file(name: &str, bytes: &[u8]) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, bytes).expect("the folder is there");
    path
}

/// What the file is answered with, without its folder and the count.
fn answer(path: &Path) -> String {
    let mistakes = load(path, [], []).expect_err("a mistake");
    let line = mistakes.iter().next().expect("one").to_string();
    line.replace(&format!("{}/", env!("CARGO_TARGET_TMPDIR")), "")
}

#[test]
fn every_example_loads() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let names: Vec<_> = fs::read_dir(folder)
        .expect("the examples")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"))
        .collect();
    assert!(names.len() >= 3);
    for name in names {
        example(&name);
    }
}

#[test]
fn a_minimal_file_has_every_default() {
    let settings = example("minimal.toml");
    assert_eq!(settings.server.workers, None);
    assert_eq!(settings.server.drain, Duration::from_secs(30));
    assert_eq!(settings.server.lame_duck, Duration::ZERO);
    assert_eq!(settings.server.connections, None);
    assert_eq!(settings.log.level, LogLevel::Info);
    assert_eq!(settings.log.format, LogFormat::Text);
    let listener = &settings.listeners["web"];
    assert_eq!(listener.bind.to_string(), "0.0.0.0:8080");
    assert_eq!(listener.protocol, Protocol::Forward { pool: "web".to_owned() });
    assert_eq!(listener.connections, None);
    assert_eq!(listener.idle, Some(Duration::from_secs(24 * 3_600)));
    assert_eq!(listener.keepalive, Some(Duration::from_secs(60)));
    assert_eq!(listener.user_timeout, Some(Duration::from_secs(300)));
    assert_eq!(listener.backlog.get(), 4_096);
    let pool = &settings.pools["web"];
    assert_eq!(pool.balance, Balance::RoundRobin);
    assert_eq!(pool.backends.len(), 2);
    assert_eq!(pool.backends[1].address.to_string(), "127.0.0.1:8082");
    assert_eq!(pool.backends[1].weight.get(), 1);
    assert!(!pool.backends[1].backup);
    assert_eq!(pool.connect_timeout, Duration::from_secs(5));
    assert_eq!((pool.attempts.get(), pool.fall.get()), (3, 3));
    assert_eq!(pool.retry_after, Duration::from_secs(1));
    assert_eq!(pool.resolve, Duration::from_secs(30));
    assert_eq!((pool.reuse, pool.idle_connections), (Reuse::Safe, 64));
    assert_eq!(pool.idle_timeout, Duration::from_secs(30));
    assert!(pool.probe.enabled);
    assert_eq!(pool.probe.interval, Duration::from_secs(2));
    assert_eq!(pool.probe.timeout, Duration::from_secs(1));
    assert_eq!((pool.probe.rise.get(), pool.probe.fall.get()), (2, 3));
}

#[test]
fn a_minimal_file_has_every_default_of_balancing_and_failover() {
    let settings = example("minimal.toml");
    assert_eq!(settings.server.zone, None);
    let Dns { servers, timeout, attempts, shortest } = &settings.dns;
    assert_eq!((servers.len(), attempts.get()), (0, 2));
    assert_eq!((*timeout, *shortest), (Duration::from_secs(2), Duration::from_secs(1)));
    let pool = &settings.pools["web"];
    assert_eq!((pool.backends[1].priority, &pool.backends[1].zone), (0, &None));
    assert_eq!((&pool.hash, pool.bounded_load), (&Hash::Address, None));
    assert_eq!((pool.slow_start, pool.panic, &pool.file), (None, 50, &None));
    assert_eq!(pool.sticky, None);
    assert_eq!((pool.probe.interval_down, &pool.probe.http), (Duration::from_secs(1), &None));
    let Eject { failures, success_rate, least_requests, interval, time, longest, share } =
        pool.eject.clone();
    assert_eq!((failures, success_rate, least_requests.get(), share), (5, None, 100, 50));
    assert_eq!([interval, time, longest], [10, 10, 300].map(Duration::from_secs));
    let Limits { in_flight, backend_in_flight, queue, queue_timeout } = pool.limits.clone();
    assert_eq!((in_flight, backend_in_flight, queue), (None, None, 1_000));
    assert_eq!(queue_timeout, Duration::from_secs(5));
    let Retry { statuses, buffer, budget, per_try, hedge } = pool.retry.clone();
    assert!(statuses.is_empty());
    assert_eq!((buffer, budget, per_try, hedge), (65_536, 20, None, None));
}

#[test]
fn the_example_of_everything_is_what_a_file_without_its_defaults_would_be() {
    let mut settings = example("everything.toml");
    let minimal = example("minimal.toml");
    let mut site = settings.listeners.remove("site").expect("a listener of http");
    if let (Some(pool), Some(plain)) = (settings.pools.get_mut("web"), minimal.pools.get("web")) {
        let plain_one =
            |each: &Backend| each.weight.get() == 1 && !each.backup && each.priority == 0;
        assert!(pool.backends.iter().all(plain_one));
        pool.backends.clone_from(&plain.backends);
    }
    let api = settings.pools.remove("api").expect("a pool of http");
    let otlp = settings.telemetry.otlp.take();
    assert_eq!(settings, minimal);

    let plain = "telemetry.otlp.headers = [{ name = 'x-tenant', value = 'edge' }]
listener.site = { bind = '0.0.0.0:8081', protocol = 'http', routes = [{ pool = 'api' }] }
[pool.api]
backends = [{ srv = '_http._tcp.api.internal' }]
sticky = { cookie = 'backend' }
probe = { http = '/healthz', headers = [{ name = 'x-probe', value = '1' }] }";
    let plain = parse(&Source::new("f", Format::Toml, plain), [], []).expect("valid");
    if let (Some(full), Some(plain)) = (http(&mut site.protocol), plain.listeners.get("site")) {
        assert_eq!(full.routes.len(), 4);
        let Protocol::Http(plain) = &plain.protocol else { panic!("{plain:?}") };
        full.routes.clone_from(&plain.routes);
    }
    assert_eq!(otlp, plain.telemetry.otlp);
    assert_eq!(Some(&site), plain.listeners.get("site"));
    assert_eq!(Some(&api), plain.pools.get("api"));
}

fn http(protocol: &mut Protocol) -> Option<&mut Http> {
    match protocol {
        Protocol::Http(http) => Some(http),
        Protocol::Forward { .. } | Protocol::Echo | Protocol::Registered { .. } => None,
    }
}

#[test]
fn the_example_for_postgres_has_what_a_database_needs() {
    let settings = example("postgres.toml");
    assert_eq!(settings.listeners["postgres"].idle, None);
    assert!(settings.pools["db"].backends[1].backup);
}

#[test]
fn the_same_settings_come_from_each_format() {
    let toml = file(
        "same.toml",
        b"log.level = 'warn'\n[listener.a]\nbind = '[::]:1'\nprotocol = 'echo'\nidle = 'off'\nbacklog = 0x10",
    );
    let yaml = file(
        "same.yaml",
        b"log: {level: warn}\nlistener:\n  a:\n    bind: '[::]:1'\n    protocol: echo\n    idle: off\n    backlog: 0x10\n",
    );
    let json = file(
        "same.json",
        b"\xef\xbb\xbf{\"log\": {\"level\": \"warn\"}, \"listener\": {\"a\": {\"bind\": \"[::]:1\", \"protocol\": \"echo\", \"idle\": \"off\", \"backlog\": 16}}}",
    );
    let [toml, yaml, json] = [toml, yaml, json].map(|file| load(&file, [], []).expect("valid"));
    assert_eq!(toml.log.level, LogLevel::Warn);
    assert_eq!(toml.listeners["a"].protocol, Protocol::Echo);
    assert_eq!(toml.listeners["a"].idle, None);
    assert_eq!(toml.listeners["a"].backlog.get(), 16);
    assert_eq!(toml, yaml);
    assert_eq!(toml, json);
}

#[test]
fn what_is_not_a_readable_file_is_answered_with_a_sentence() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    assert_eq!(
        answer(&folder.join("none.toml")),
        "none.toml: there is no such file: check the path"
    );
    fs::create_dir_all(folder.join("folder.toml")).expect("a folder");
    assert_eq!(
        answer(&folder.join("folder.toml")),
        "folder.toml: is a directory: give the path of a file in it"
    );
    assert_eq!(
        answer(Path::new("/dev/null")).split(": ").nth(1),
        Some("has no extension to tell its format by")
    );
    let device = folder.join("device.json");
    let _ = fs::remove_file(&device);
    std::os::unix::fs::symlink("/dev/null", &device).expect("a link");
    assert_eq!(answer(&device), "device.json: is not a regular file: give the path of a file");
    assert_eq!(
        answer(&file("bytes.toml", b"a = 1\n# \xc3\xa4 \xff\n")),
        "bytes.toml:2:5: byte 0xff is not UTF-8: save the file as UTF-8"
    );
    assert_eq!(
        answer(&file("wide.json", b"\xff\xfe{\0}\0")),
        "wide.json:1:1: is UTF-16, not UTF-8: save the file as UTF-8"
    );
    let large = file("large.yaml", b"");
    let opened = fs::OpenOptions::new().write(true).open(&large).expect("just written");
    opened.set_len(MAX_FILE_BYTES + 1).expect("a sparse file");
    assert_eq!(
        answer(&large),
        "large.yaml: is larger than 16 MiB, the most that is read: check that it is a settings file"
    );
}

const VALID: [(&str, &str); 3] = [
    (
        "toml",
        "[listener.a]\nbind = '127.0.0.1:1'\npool = 'p'\n[listener.h]\nbind = '127.0.0.1:2'\nprotocol = 'http'\ntrusted = ['::1']\nroutes = [{ path = '/a/', headers = [{ name = 'x' }], redirect = { to = '/{target}' } }, { pool = 'p' }]\nhttp = { head_size = '4KiB' }\n[pool.p]\nbackends = ['b:1', { address = 'c:1', zone = 'z' }]\nbalance = 'maglev'\nhash = 'header:x'\nbounded_load = 1.25\nfile = 'b.toml'\nsticky = { cookie = 'c' }\nprobe = { http = '/?a', status = '200,300-400' }\n",
    ),
    (
        "yaml",
        "listener:\n  a:\n    bind: 127.0.0.1:1\n    pool: p\n  h:\n    bind: 127.0.0.1:2\n    protocol: http\n    trusted: ['::1']\n    routes: [{path: /a/, methods: [GET], answer: {body: x}}, {pool: p}]\n    http: {body_size: off}\npool:\n  p:\n    backends: ['b:1', {srv: c}]\n    retry: {statuses: [502], hedge: 99.5, buffer: 0B}\n    limits: {in_flight: 7}\n",
    ),
    (
        "json",
        "{\"listener\":{\"a\":{\"bind\":\"127.0.0.1:1\",\"pool\":\"p\"},\"h\":{\"bind\":\"127.0.0.1:2\",\"protocol\":\"http\",\"routes\":[{\"host\":\"*.a\",\"pool\":\"p\",\"path\":\"/\",\"rewrite\":\"/x/\"},{\"pool\":\"p\"}]}},\"pool\":{\"p\":{\"backends\":[\"b:1\",{\"address\":\"c:1\"}],\"eject\":{\"success_rate\":2,\"time\":\"1s\"},\"slow_start\":\"off\"}}}",
    ),
];

#[test]
fn what_is_damaged_below_is_valid() {
    for (extension, text) in VALID {
        let path = file(&format!("valid.any.{extension}"), text.as_bytes());
        load(&path, [], []).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    }
}

proptest! {
    #[test]
    fn no_bytes_make_loading_panic(bytes in any::<Vec<u8>>()) {
        for (extension, _) in VALID {
            let path = file(&format!("bytes.any.{extension}"), &bytes);
            if let Err(mistakes) = load(&path, [], []) {
                prop_assert!(mistakes.to_string().lines().count() >= 2);
            }
            if let Ok(backends) = load_backends(&path) {
                prop_assert!(!backends.is_empty());
            }
        }
    }

    #[test]
    fn no_damage_to_a_valid_file_makes_loading_panic(
        at in any::<prop::sample::Index>(),
        removed in 0..12_usize,
        put in prop::collection::vec(prop::sample::select(b"[]{}:,='\"\n \t-1ae.#\xff".to_vec()), 0..6),
    ) {
        for (extension, text) in VALID {
            let mut bytes = text.as_bytes().to_vec();
            let start = at.index(bytes.len());
            let end = (start + removed).min(bytes.len());
            bytes.splice(start..end, put.iter().copied());
            let path = file(&format!("damaged.any.{extension}"), &bytes);
            if let Err(mistakes) = load(&path, [], []) {
                prop_assert!(mistakes.iter().count() >= 1);
            }
        }
    }
}
