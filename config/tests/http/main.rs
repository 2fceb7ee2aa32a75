//! Listeners of the protocol http.

#![expect(clippy::expect_used, clippy::panic, reason = "the helpers of tests are tests")]

mod listeners;
mod paths;
mod reach;
mod routes;
mod texts;

use std::time::Duration;

use trunkline_config::{
    Format, HeaderMatch, HostPattern, Http, Mistakes, PathPattern, Protocol, Reuse, Route,
    Settings, Source, Target, parse,
};

fn load(format: Format, text: &str) -> Result<Settings, Mistakes> {
    parse(&Source::new("f", format, text), [], [])
}

/// The lines of the answer, without the one with the count.
#[track_caller]
fn mistakes(format: Format, text: &str) -> Vec<String> {
    let mistakes = load(format, text).expect_err("the file has mistakes");
    mistakes.iter().map(ToString::to_string).collect()
}

/// A listener in TOML with these routes, the first of which is in line 6.
fn with_routes(routes: &str) -> String {
    format!(
        "pool.web.backends = ['b:1']\n[listener.a]\nbind = '[::1]:0'\nprotocol = 'http'\n\
         routes = [\n{routes}\n]"
    )
}

/// What is said of these routes, without "f:" and "listener.a.routes".
#[track_caller]
fn of_routes(routes: &str) -> Vec<String> {
    let lines = mistakes(Format::Toml, &with_routes(routes));
    lines
        .iter()
        .map(|line| line.replacen("f:", "", 1).replacen("listener.a.routes", "", 1))
        .collect()
}

fn http(settings: &Settings) -> &Http {
    let protocol = &settings.listeners["a"].protocol;
    assert_eq!(protocol.name(), "http");
    match protocol {
        Protocol::Http(http) => http,
        Protocol::Forward { .. } | Protocol::Echo | Protocol::Registered { .. } => {
            panic!("{protocol:?}")
        }
    }
}

#[track_caller]
fn routes(text: &str) -> Vec<Route> {
    let settings =
        load(Format::Toml, &with_routes(text)).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    http(&settings).routes.clone()
}

#[test]
fn the_same_routes_come_from_each_format() {
    let toml = r#"
[listener.a]
bind = "[::1]:0"
protocol = "http"
trusted = ["10.0.0.0/8", "::1"]
routes = [
  { host = "API.example.com.", path = "/v1/", methods = ["GET", "PURGE"], headers = [{ name = "X-Beta", value = "1" }, { name = "x-b" }], repeatable = true, pool = "api", rewrite = "/", name = "api" },
  { host = "*.Example.com", path = "/old", redirect = { to = "https://{host}{target}" } },
  { path = "/a%2Fb/", exact = true, answer = { status = 204 } },
  { path = "/health", answer = { body = "ok\n", type = "text/html" } },
]
[listener.a.http]
head = "1s"
body = "2s"
keep_alive = "3s"
first_byte = "4s"
request = "off"
requests = 5
head_size = "6KiB"
fields = 7
body_size = "8MiB"
[pool.api]
backends = ["b:1"]
reuse = "never"
idle_connections = 0
idle_timeout = "9s"
"#;
    let yaml = r#"
listener:
  a:
    bind: "[::1]:0"
    protocol: http
    trusted: [10.0.0.0/8, "::1"]
    routes:
      - host: API.example.com.
        path: /v1/
        methods: [GET, PURGE]
        headers:
          - {name: X-Beta, value: "1"}
          - name: x-b
        repeatable: true
        pool: api
        rewrite: /
        name: api
      - host: "*.Example.com"
        path: /old
        redirect: {to: "https://{host}{target}"}
      - path: /a%2Fb/
        exact: true
        answer: {status: 204}
      - path: /health
        answer: {body: "ok\n", type: text/html}
    http: {head: 1s, body: 2s, keep_alive: 3s, first_byte: 4s, request: off, requests: 5,
           head_size: 6KiB, fields: 7, body_size: 8MiB}
pool:
  api: {backends: ["b:1"], reuse: never, idle_connections: 0, idle_timeout: 9s}
"#;
    let json = r#"{"listener": {"a": {"bind": "[::1]:0", "protocol": "http",
 "trusted": ["10.0.0.0/8", "::1"], "routes": [
  {"host": "API.example.com.", "path": "/v1/", "methods": ["GET", "PURGE"],
   "headers": [{"name": "X-Beta", "value": "1"}, {"name": "x-b"}], "repeatable": true, "pool": "api", "rewrite": "/",
   "name": "api"},
  {"host": "*.Example.com", "path": "/old", "redirect": {"to": "https://{host}{target}"}},
  {"path": "/a%2Fb/", "exact": true, "answer": {"status": 204}},
  {"path": "/health", "answer": {"body": "ok\n", "type": "text/html"}}],
 "http": {"head": "1s", "body": "2s", "keep_alive": "3s", "first_byte": "4s", "request": "off",
  "requests": 5, "head_size": "6KiB", "fields": 7, "body_size": "8MiB"}}},
 "pool": {"api": {"backends": ["b:1"], "reuse": "never", "idle_connections": 0,
  "idle_timeout": "9s"}}}"#;
    let all = [(Format::Toml, toml), (Format::Yaml, yaml), (Format::Json, json)]
        .map(|(format, text)| load(format, text).unwrap_or_else(|mistakes| panic!("{mistakes}")));
    assert_eq!(all[0], all[1]);
    assert_eq!(all[0], all[2]);

    let settings = &all[0];
    let Http { routes, trusted, limits } = http(settings);
    let trusted: Vec<_> = trusted.iter().map(ToString::to_string).collect();
    assert_eq!(trusted, ["10.0.0.0/8", "::1"]);
    let header = |name: &str, value: Option<&str>| HeaderMatch {
        name: name.to_owned(),
        value: value.map(str::to_owned),
    };
    let plain = |host, path, target| Route {
        name: None,
        host,
        path,
        methods: Vec::new(),
        headers: Vec::new(),
        repeatable: false,
        target,
    };
    let below = HostPattern::Below("example.com".to_owned());
    let exact = |path: &str| Some(PathPattern::Exact(path.to_owned()));
    let answer = |status, body: &str, content_type: &str| Target::Answer {
        status,
        body: body.to_owned(),
        content_type: content_type.to_owned(),
    };
    assert_eq!(
        *routes,
        [
            Route {
                name: Some("api".to_owned()),
                host: Some(HostPattern::Exact("api.example.com".to_owned())),
                path: Some(PathPattern::Prefix("/v1/".to_owned())),
                methods: ["GET", "PURGE"].map(str::to_owned).into(),
                headers: vec![header("x-beta", Some("1")), header("x-b", None)],
                repeatable: true,
                target: Target::Pool { pool: "api".to_owned(), rewrite: Some("/".to_owned()) },
            },
            plain(
                Some(below),
                exact("/old"),
                Target::Redirect { to: "https://{host}{target}".to_owned(), status: 308 },
            ),
            plain(None, exact("/a%2Fb/"), answer(204, "", "text/plain; charset=utf-8")),
            plain(None, exact("/health"), answer(200, "ok\n", "text/html")),
        ]
    );
    let seconds = [limits.head, limits.body, limits.keep_alive, limits.first_byte];
    assert_eq!(seconds, [1, 2, 3, 4].map(Duration::from_secs));
    assert_eq!((limits.request, limits.requests.get()), (None, 5));
    assert_eq!((limits.head_size, limits.fields, limits.body_size), (6_144, 7, Some(8 << 20)));
    let pool = &settings.pools["api"];
    assert_eq!((pool.reuse, pool.idle_connections), (Reuse::Never, 0));
    assert_eq!(pool.idle_timeout, Duration::from_secs(9));
}

#[test]
fn what_is_not_written_has_its_default() {
    let settings = load(Format::Toml, &with_routes("{ pool = 'web' }")).expect("valid");
    let Http { routes, trusted, limits } = http(&settings);
    assert_eq!(routes.len(), 1);
    assert!(trusted.is_empty());
    assert_eq!(limits.head, Duration::from_secs(10));
    assert_eq!(limits.body, Duration::from_secs(30));
    assert_eq!(
        (limits.keep_alive, limits.first_byte),
        (Duration::from_secs(60), Duration::from_secs(60))
    );
    assert_eq!((limits.request, limits.requests.get()), (Some(Duration::from_secs(3_600)), 10_000));
    assert_eq!((limits.head_size, limits.fields, limits.body_size), (32_768, 100, None));
}
