//! Against rules tried one after the other, and against backends that read paths in many ways.

use std::sync::Arc;

use proptest::prelude::*;
use proptest::sample::select;

use crate::http::route::path::Reading;
use crate::http::route::{
    HeaderMatch, HostPattern, PathPattern, Query, Route, Routes, Rule, Target,
};
use crate::metrics::RequestMetrics;

fn rules(clean: bool) -> impl Strategy<Value = Vec<Rule>> {
    let host = prop::option::of((
        any::<bool>(),
        select(vec!["com", "a.com", "b.a.com", "A.com", "b.com", "::1"]),
    ));
    let clean = if clean { 6 } else { 10 };
    let segments =
        select(["a", "b", "c", "%61", "~", "%7e", "a%2Fb", "", "%5c", ".."][..clean].to_vec());
    let path = prop::option::of((any::<bool>(), prop::collection::vec(segments, 0..4)));
    let methods =
        prop_oneof![3 => Just(vec![]), 1 => Just(vec!["GET"]), 1 => Just(vec!["PUT", "GET"])];
    let headers = prop_oneof![
        3 => Just(vec![]),
        1 => Just(vec![("x", None)]),
        1 => Just(vec![("X", Some("1"))]),
    ];
    let rule = (host, path, methods, headers).prop_map(|(host, path, methods, headers)| {
        let host = host.map(|(below, name)| match below {
            true => HostPattern::Below(name.into()),
            false => HostPattern::Exact(name.into()),
        });
        let path = path.map(|(below, segments)| match below {
            true => {
                let inside: Vec<_> = segments.iter().map(|it| format!("{it}/")).collect();
                PathPattern::Prefix(format!("/{}", inside.concat()))
            }
            false => PathPattern::Exact(format!("/{}", segments.join("/"))),
        });
        let header = |(name, value): (&str, Option<&str>)| HeaderMatch {
            name: name.into(),
            value: value.map(Into::into),
        };
        (host, path, methods, headers.into_iter().map(header).collect::<Vec<_>>())
    });
    prop::collection::vec(rule, 0..24).prop_map(|rules| {
        let rule = |(index, (host, path, methods, headers)): (usize, (_, _, Vec<&str>, _))| {
            let target = Target::Pool { pool: "web".into(), rewrite: None };
            let route = Arc::new(Route {
                name: index.to_string().into(),
                target,
                repeatable: false,
                metrics: RequestMetrics::default(),
            });
            Rule {
                host,
                path,
                methods: methods.into_iter().map(Into::into).collect(),
                headers,
                route,
            }
        };
        rules.into_iter().enumerate().map(rule).collect()
    })
}

#[derive(Debug, Clone)]
struct Request {
    host: &'static str,
    path: String,
    method: &'static str,
    field: Option<(&'static str, &'static str)>,
}

impl Request {
    fn ask<T>(&self, path: &[u8], ask: impl FnOnce(&Query<'_>) -> T) -> T {
        let header =
            self.field.map(|(name, value)| httparse::Header { name, value: value.as_bytes() });
        let (host, method) = (self.host.as_bytes(), self.method.as_bytes());
        ask(&Query { host, path, method, fields: header.as_slice() })
    }
}

fn requests() -> impl Strategy<Value = Request> {
    let host = select(vec![
        "com",
        "a.com",
        "A.COM:80",
        "b.a.com",
        "c.b.a.com.",
        "b.com",
        "[::1]:8",
        "",
        "a..com",
        "x.org",
    ]);
    let plain = select(vec!["a", "b", "c", "d"]);
    let odd = select(vec![
        "", "%61", "%7E", "..", ".", "%2e%2e", "..;x", ".;", "a%2fb", "..%2F", "a%5C..", "%2f",
        "a\\b", "~",
    ]);
    let segment = prop_oneof![4 => plain, 1 => odd];
    let path = prop_oneof![
        20 => prop::collection::vec(segment, 0..6).prop_map(|it| format!("/{}", it.join("/"))),
        1 => Just("*".to_owned()),
    ];
    let path = (path, select(vec!["", "?", "?/../a"])).prop_map(|(path, query)| path + query);
    let field = select(vec![None, Some(("X", "1")), Some(("x", "2")), Some(("y", "1"))]);
    (host, path, select(vec!["GET", "PUT", "POST"]), field)
        .prop_map(|(host, path, method, field)| Request { host, path, method, field })
}

fn fits_host(rule: &Rule, host: &str) -> bool {
    let Some(pattern) = &rule.host else { return true };
    let host = host.to_ascii_lowercase();
    let host = match host.strip_prefix('[') {
        Some(address) => address.split(']').next().unwrap(),
        None => host.split(':').next().unwrap(),
    };
    let host = host.strip_suffix('.').unwrap_or(host);
    let well_formed = host.split('.').all(|label| !label.is_empty());
    well_formed
        && match pattern {
            HostPattern::Exact(name) => host == name.to_ascii_lowercase(),
            HostPattern::Below(name) => {
                host.strip_suffix(&name.to_ascii_lowercase()).is_some_and(|it| it.ends_with('.'))
            }
        }
}

/// The path of a rule, as text with a slash at its end if it is for all below.
fn text(rule: &Rule, form: impl Fn(&[u8]) -> Vec<u8>) -> Option<(bool, Vec<u8>)> {
    rule.path.as_ref().map(|pattern| match pattern {
        PathPattern::Exact(path) => (false, form(path.as_bytes())),
        PathPattern::Prefix(path) => (true, form(path.as_bytes())),
    })
}

fn fits_path(rule: &Rule, path: &[u8], form: impl Fn(&[u8]) -> Vec<u8>) -> bool {
    match text(rule, form) {
        None => true,
        Some((true, prefix)) => path.starts_with(&prefix),
        Some((false, exact)) => path == exact,
    }
}

fn canonical(path: &[u8]) -> Vec<u8> {
    crate::http::route::path::canonical(path)
}

fn merged(path: &[u8]) -> Vec<u8> {
    crate::http::route::path::merged(&canonical(path))
}

/// The same by trying one rule after the other.
fn linear(rules: &[Rule], request: &Request) -> Option<usize> {
    let first = |fits: &dyn Fn(&Rule) -> bool| {
        request.ask(b"", |query| {
            rules.iter().position(|it| fits_host(it, request.host) && it.holds(query) && fits(it))
        })
    };
    match Reading::of(request.path.as_bytes()) {
        Reading::Nothing => None,
        Reading::Asterisk => first(&|rule| rule.path.is_none()),
        Reading::One(path) => first(&|rule| fits_path(rule, &path, canonical)),
        Reading::Two { sent, merged: other } => {
            let one = first(&|rule| fits_path(rule, &sent, canonical));
            one.filter(|_| one == first(&|rule| fits_path(rule, &other, merged)))
        }
        Reading::Stem(stem) => {
            let stem = [stem, b"/".to_vec()].concat();
            let surely = |rule: &Rule| match text(rule, canonical) {
                None => true,
                Some((below, path)) => below && stem.starts_with(&path),
            };
            let maybe = |rule: &Rule| match text(rule, canonical) {
                None => false,
                Some((_, path)) => [path, b"/".to_vec()].concat().starts_with(&stem),
            };
            let possible =
                |rule: &Rule| fits_host(rule, request.host) && maybe(rule) && !surely(rule);
            let hidden = rules.iter().position(possible);
            first(&surely).filter(|found| hidden.is_none_or(|hidden| *found < hidden))
        }
    }
}

/// What backends make of a path, each in its own way.
fn readings(path: &str) -> Vec<String> {
    let path = path.split('?').next().unwrap();
    let path = String::from_utf8(canonical(path.as_bytes())).unwrap();
    let mut all = vec![path];
    let double = |all: &mut Vec<String>, change: &dyn Fn(&str) -> String| {
        let changed: Vec<_> = all.iter().map(|path| change(path)).collect();
        all.extend(changed);
    };
    let merge = |path: &str| {
        let mut path = path.to_owned();
        while path.contains("//") {
            path = path.replace("//", "/");
        }
        path
    };
    double(&mut all, &|path| path.replace("%2F", "/"));
    double(&mut all, &|path| path.replace("%5C", "/"));
    double(&mut all, &merge);
    let resolved: Vec<_> =
        all.iter().flat_map(|path| [resolve(path, false), resolve(path, true)]).collect();
    all.extend(resolved);
    double(&mut all, &merge);
    all
}

/// RFC 3986 §5.2.4; with `parameters`, after they were cut from dot segments.
fn resolve(path: &str, parameters: bool) -> String {
    let mut stack = Vec::new();
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let bare = if parameters { segment.split(';').next().unwrap() } else { segment };
        let last = segments.peek().is_none();
        match bare {
            "." => {}
            ".." => drop(stack.pop()),
            _ => stack.push(segment),
        }
        if last && matches!(bare, "." | "..") {
            stack.push("");
        }
    }
    format!("/{}", stack.join("/"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn the_index_finds_what_trying_one_after_the_other_finds(
        rules in rules(false), requests in prop::collection::vec(requests(), 1..8),
    ) {
        let routes = Routes::compile(rules.clone());
        for request in requests {
            let found = request.ask(request.path.as_bytes(), |query| routes.look(query).0);
            prop_assert_eq!(found, linear(&rules, &request), "{:?}", request);
        }
    }

    #[test]
    fn no_backend_reads_a_path_as_one_that_has_another_route(
        rules in rules(true), requests in prop::collection::vec(requests(), 1..8),
    ) {
        let routes = Routes::compile(rules.clone());
        for request in requests.iter().filter(|it| it.path.starts_with('/')) {
            let found = request.ask(request.path.as_bytes(), |query| routes.look(query).0);
            let Some(found) = found else { continue };
            for reading in readings(&request.path) {
                let first = request.ask(b"", |query| rules.iter().position(|rule| {
                    let path = fits_path(rule, reading.as_bytes(), canonical);
                    path && fits_host(rule, request.host) && rule.holds(query)
                }));
                prop_assert_eq!(Some(found), first, "{:?} read as {}", request, reading);
            }
        }
    }
}
