//! Pools: balancing, health and failover.

#![expect(clippy::expect_used, clippy::panic, reason = "the helpers of tests are tests")]

mod file;
mod rules;
mod texts;

use std::time::Duration;

use trunkline_config::{
    Backend, BackendAddress, Balance, Format, Hash, HttpProbe, Mistakes, Pool, ProbeField,
    ProbeMethod, Settings, Source, parse,
};

fn load(format: Format, text: &str) -> Result<Settings, Mistakes> {
    parse(&Source::new("f", format, text), [], [])
}

/// A file in TOML with these keys of a pool that both protocols use; the first is in line 5.
fn with_pool(keys: &str) -> String {
    format!(
        "listener.t = {{ bind = '[::1]:1', pool = 'p' }}\n\
         listener.h = {{ bind = '[::1]:2', protocol = 'http', routes = [{{ pool = 'p' }}] }}\n\
         [pool.p]\nbackends = ['b:1']\n{keys}"
    )
}

#[track_caller]
fn pool(keys: &str) -> Pool {
    let settings =
        load(Format::Toml, &with_pool(keys)).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    settings.pools["p"].clone()
}

/// What is said of these keys, without "f:" and "pool.p.".
#[track_caller]
fn said(keys: &str) -> Vec<String> {
    let mistakes = load(Format::Toml, &with_pool(keys)).expect_err(keys);
    lines(&mistakes)
}

fn lines(mistakes: &Mistakes) -> Vec<String> {
    let lines = mistakes.iter().map(ToString::to_string);
    lines.map(|line| line.replacen("f:", "", 1).replacen("pool.p.", "", 1)).collect()
}

#[test]
fn the_same_pool_comes_from_each_format() {
    let toml = r#"
listener.a = { bind = "[::1]:1", protocol = "http", routes = [{ pool = "p" }] }
server.zone = "a"
[dns]
servers = ["10.0.0.53:53", "[::1]:53"]
timeout = "3s"
attempts = 4
shortest = "5s"
[pool.p]
balance = "maglev"
hash = "header:X-User"
bounded_load = 2
slow_start = "30s"
panic = 0
backends = [
  { address = "10.0.0.1:80", weight = 2, priority = 15, zone = "b" },
  { srv = "_http._tcp.Web.local.", backup = true },
]
file = "/etc/web.json"
sticky = { cookie = "backend", ttl = "2h", key = "0123456789abcdef0123456789abcdef" }
[pool.p.probe]
interval_down = "500ms"
http = "/healthz?deep=1"
method = "POST"
host = "WWW.example.com:8080"
headers = [{ name = "X-Probe", value = "1" }]
status = "200 - 299, 404"
body = "ready"
[pool.p.eject]
failures = 0
success_rate = 1.9
least_requests = 7
interval = "1s"
time = "2s"
longest = "2s"
share = 100
[pool.p.limits]
in_flight = 10
backend_in_flight = 5
queue = 0
queue_timeout = "1s"
[pool.p.retry]
statuses = [502, 503]
buffer = "0B"
budget = 0
per_try = "1s"
hedge = 99.5
"#;
    let yaml = r#"
listener: {a: {bind: "[::1]:1", protocol: http, routes: [{pool: p}]}}
server: {zone: a}
dns: {servers: ["10.0.0.53:53", "[::1]:53"], timeout: 3s, attempts: 4, shortest: 5s}
pool:
  p:
    balance: maglev
    hash: header:X-User
    bounded_load: 2.0
    slow_start: 30s
    panic: 0
    backends:
      - {address: "10.0.0.1:80", weight: 2, priority: 15, zone: b}
      - {srv: _http._tcp.Web.local., backup: true}
    file: /etc/web.json
    sticky: {cookie: backend, ttl: 2h, key: 0123456789abcdef0123456789abcdef}
    probe: {interval_down: 500ms, http: /healthz?deep=1, method: POST, host: "WWW.example.com:8080",
            headers: [{name: X-Probe, value: "1"}], status: "200-299,404", body: ready}
    eject: {failures: 0, success_rate: 1.9, least_requests: 7, interval: 1s, time: 2s, longest: 2s,
            share: 100}
    limits: {in_flight: 10, backend_in_flight: 5, queue: 0, queue_timeout: 1s}
    retry: {statuses: [502, 503], buffer: 0B, budget: 0, per_try: 1s, hedge: 99.5}
"#;
    let json = r#"{"listener": {"a": {"bind": "[::1]:1", "protocol": "http",
  "routes": [{"pool": "p"}]}}, "server": {"zone": "a"},
 "dns": {"servers": ["10.0.0.53:53", "[::1]:53"], "timeout": "3s", "attempts": 4, "shortest": "5s"},
 "pool": {"p": {"balance": "maglev", "hash": "header:x-user", "bounded_load": 2.0,
  "slow_start": "30s", "panic": 0, "backends": [
   {"address": "10.0.0.1:80", "weight": 2, "priority": 15, "zone": "b"},
   {"srv": "_http._tcp.web.local", "backup": true}],
  "file": "/etc/web.json",
  "sticky": {"cookie": "backend", "ttl": "2h", "key": "0123456789abcdef0123456789abcdef"},
  "probe": {"interval_down": "500ms", "http": "/healthz?deep=1", "method": "POST",
   "host": "www.example.com:8080", "headers": [{"name": "x-probe", "value": "1"}],
   "status": "200-299,404", "body": "ready"},
  "eject": {"failures": 0, "success_rate": 1.9, "least_requests": 7, "interval": "1s",
   "time": "2s", "longest": "2s", "share": 100},
  "limits": {"in_flight": 10, "backend_in_flight": 5, "queue": 0, "queue_timeout": "1s"},
  "retry": {"statuses": [502, 503], "buffer": "0B", "budget": 0, "per_try": "1s", "hedge": 99.5}}}}"#;
    let all = [(Format::Toml, toml), (Format::Yaml, yaml), (Format::Json, json)]
        .map(|(format, text)| load(format, text).unwrap_or_else(|mistakes| panic!("{mistakes}")));
    assert_eq!(all[0], all[1]);
    assert_eq!(all[0], all[2]);

    let settings = &all[0];
    assert_eq!(settings.server.zone.as_deref(), Some("a"));
    let servers: Vec<_> = settings.dns.servers.iter().map(ToString::to_string).collect();
    assert_eq!(servers, ["10.0.0.53:53", "[::1]:53"]);
    assert_eq!((settings.dns.timeout, settings.dns.attempts.get()), (Duration::from_secs(3), 4));
    assert_eq!(settings.dns.shortest, Duration::from_secs(5));
    let pool = &settings.pools["p"];
    assert_eq!((pool.balance, pool.bounded_load), (Balance::Maglev, Some(2.0)));
    assert_eq!(pool.hash, Hash::Header("x-user".to_owned()));
    assert_eq!((pool.slow_start, pool.panic), (Some(Duration::from_secs(30)), 0));
    let [first, second] = pool.backends.as_slice() else { panic!("{:?}", pool.backends) };
    assert_eq!(first.address.to_string(), "10.0.0.1:80");
    let Backend { weight, backup, priority, zone, .. } = first;
    assert_eq!((weight.get(), backup, priority, zone.as_deref()), (2, &false, &15, Some("b")));
    assert_eq!(second.address, BackendAddress::Srv("_http._tcp.web.local".to_owned()));
    assert!(second.backup);
    let sticky = pool.sticky.as_ref().expect("a cookie");
    assert_eq!((sticky.cookie.as_str(), sticky.ttl), ("backend", Duration::from_secs(7_200)));
    let key = sticky.key.as_ref().expect("a key");
    assert_eq!(key.expose(), "0123456789abcdef0123456789abcdef");
    assert_eq!(pool.probe.interval_down, Duration::from_millis(500));
    let Some(HttpProbe { path, method, host, headers, status, body }) = &pool.probe.http else {
        panic!("{:?}", pool.probe)
    };
    assert_eq!((path.as_str(), *method), ("/healthz?deep=1", ProbeMethod::Post));
    assert_eq!(host.as_deref(), Some("www.example.com:8080"));
    assert_eq!(*headers, [ProbeField { name: "x-probe".to_owned(), value: "1".to_owned() }]);
    assert_eq!(status.to_string(), "200-299,404");
    assert_eq!(body.as_deref(), Some("ready"));
    assert_eq!((pool.eject.success_rate, pool.eject.share), (Some(1.9), 100));
    let limits = [pool.limits.in_flight, pool.limits.backend_in_flight];
    assert_eq!(limits.map(|limit| limit.map(u32::from)), [Some(10), Some(5)]);
    assert_eq!((&pool.retry.statuses, pool.retry.buffer), (&vec![502, 503], 0));
    assert_eq!((pool.retry.budget, pool.retry.hedge), (0, Some(99.5)));
}

#[test]
fn every_algorithm_has_its_name() {
    let hashes: Vec<_> = Balance::NAMES
        .iter()
        .map(|name| pool(&format!("balance = '{name}'")).balance)
        .filter(|balance| balance.hashes())
        .collect();
    assert_eq!(Balance::NAMES.len(), 8);
    assert_eq!(hashes, [Balance::RingHash, Balance::Maglev, Balance::SourceHash]);
}

#[test]
fn a_probe_of_a_backend_that_is_out_comes_at_least_as_often() {
    let down = |keys: &str| pool(keys).probe.interval_down;
    assert_eq!(down("probe = { interval = '5s' }"), Duration::from_secs(1));
    let short = "probe = { interval = '500ms', timeout = '100ms' }";
    assert_eq!(down(short), Duration::from_millis(500));
    assert_eq!(down("probe = { interval_down = '2s' }"), Duration::from_secs(2));
}
