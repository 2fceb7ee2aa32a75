//! Which rule of several, by host and by the other conditions.

mod cost;
mod paths;
mod properties;
mod targets;

use super::*;
use crate::metrics::RequestMetrics;

/// A rule whose route is named as itself: `host path`, either of them `-` for none. `*.` in front
/// of a host and `/` at the end of a path mean all below, `=` at the end of a path only itself.
fn rule(text: &str) -> Rule {
    let (host, path) = text.split_once(' ').unwrap();
    let host = (host != "-").then(|| match host.strip_prefix("*.") {
        Some(name) => HostPattern::Below(name.into()),
        None => HostPattern::Exact(host.into()),
    });
    let path = (path != "-").then(|| match path.strip_suffix('=') {
        Some(path) => PathPattern::Exact(path.into()),
        None if path.ends_with('/') => PathPattern::Prefix(path.into()),
        None => PathPattern::Exact(path.into()),
    });
    let target = Target::Pool { pool: "web".into(), rewrite: None };
    let route = Arc::new(Route {
        name: text.into(),
        target,
        repeatable: false,
        metrics: RequestMetrics::default(),
    });
    Rule { host, path, methods: Vec::new(), headers: Vec::new(), route }
}

fn routes(rules: &[&str]) -> Routes {
    Routes::compile(rules.iter().map(|text| rule(text)).collect())
}

fn get<'q>(host: &'q str, path: &'q str) -> Query<'q> {
    Query { host: host.as_bytes(), path: path.as_bytes(), method: b"GET", fields: &[] }
}

/// The name of the route, or nothing.
fn name<'r>(routes: &'r Routes, query: &Query<'_>) -> &'r str {
    routes.find(query).map_or("", |route| &route.name)
}

#[test]
fn the_first_rule_in_the_file_wins_however_general_it_is() {
    let general = routes(&["- /a/", "example.com /a/b", "*.com -"]);
    assert_eq!(name(&general, &get("example.com", "/a/b")), "- /a/");
    assert_eq!(name(&general, &get("example.com", "/b")), "*.com -");
    let particular = routes(&["*.com -", "example.com /a/b", "- /a/"]);
    assert_eq!(name(&particular, &get("example.com", "/a/b")), "*.com -");
    assert_eq!(name(&particular, &get("example.org", "/a/b")), "- /a/");
}

#[test]
fn without_a_rule_that_fits_there_is_no_route() {
    assert_eq!(name(&routes(&[]), &get("example.com", "/")), "");
    assert_eq!(name(&routes(&["a.com /a"]), &get("a.com", "/b")), "");
    assert_eq!(name(&routes(&["a.com /a"]), &get("b.com", "/a")), "");
}

#[test]
fn hosts_are_compared_without_port_capitals_brackets_and_trailing_dot() {
    let routes = routes(&["example.com -", "[::1] -", "FE80::1 -", "Upper.Org. -"]);
    for host in
        ["example.com", "example.com:80", "EXAMPLE.com", "example.com.", "Example.Com.:8080"]
    {
        assert_eq!(name(&routes, &get(host, "/")), "example.com -", "{host}");
    }
    for host in ["[::1]", "[::1]:80"] {
        assert_eq!(name(&routes, &get(host, "/")), "[::1] -", "{host}");
    }
    assert_eq!(name(&routes, &get("[fe80::1]:80", "/")), "FE80::1 -");
    assert_eq!(name(&routes, &get("upper.org", "/")), "Upper.Org. -");
    for host in ["", ".", "com", "a.example.com", "example.com..", "xexample.com", "::1"] {
        assert_eq!(name(&routes, &get(host, "/")), "", "{host}");
    }
}

#[test]
fn a_wildcard_needs_one_label_or_more_in_front() {
    let routes = routes(&["*.example.com -"]);
    for host in ["a.example.com", "a.b.example.com", "A.Example.com:80"] {
        assert_eq!(name(&routes, &get(host, "/")), "*.example.com -", "{host}");
    }
    for host in ["example.com", ".example.com", "a..example.com", "aexample.com", "com"] {
        assert_eq!(name(&routes, &get(host, "/")), "", "{host}");
    }
}

#[test]
fn a_host_that_is_no_name_fits_only_rules_without_host() {
    let routes = routes(&["*.example.com -", "- -"]);
    let long = format!("{}.example.com", "a".repeat(250));
    for host in [&long, "", "..", "[", "a..example.com"] {
        assert_eq!(name(&routes, &get(host, "/")), "- -", "{host}");
    }
}

#[test]
fn a_rule_for_a_method_leaves_the_others_to_the_rules_after_it() {
    let mut reading = rule("- /a");
    reading.methods = vec!["GET".into(), "HEAD".into()];
    let routes = Routes::compile(vec![reading, rule("- -")]);
    let with = |method| Query { method, ..get("", "/a") };
    assert_eq!(name(&routes, &with(b"GET")), "- /a");
    assert_eq!(name(&routes, &with(b"HEAD")), "- /a");
    assert_eq!(name(&routes, &with(b"POST")), "- -");
    assert_eq!(name(&routes, &with(b"get")), "- -", "methods have their case");
}

#[test]
fn all_fields_of_a_rule_have_to_be_there() {
    let field = |name: &str, value: Option<&str>| HeaderMatch {
        name: name.into(),
        value: value.map(Into::into),
    };
    let mut beta = rule("- /beta");
    beta.path = None;
    beta.headers = vec![field("x-beta", Some("1")), field("x-any", None)];
    let routes = Routes::compile(vec![beta, rule("- -")]);
    let with = |fields: &[(&'static str, &'static str)]| {
        let header = |(name, value): &(&'static str, &'static str)| httparse::Header {
            name,
            value: value.as_bytes(),
        };
        let fields: Vec<_> = fields.iter().map(header).collect();
        name(&routes, &Query { fields: &fields, ..get("", "/") }).to_owned()
    };
    assert_eq!(with(&[("X-Beta", "1"), ("X-ANY", "")]), "- /beta");
    assert_eq!(with(&[("X-Beta", "0"), ("x-beta", "1"), ("x-any", "z")]), "- /beta");
    assert_eq!(with(&[("X-Beta", "1")]), "- -");
    assert_eq!(with(&[("X-Beta", "1, 2"), ("x-any", "z")]), "- -", "a list is one value");
    assert_eq!(with(&[("X-Beta", "10"), ("x-any", "z")]), "- -");
}

#[test]
fn a_rule_for_any_path_serves_the_server_as_a_whole() {
    let routes = routes(&["- /", "- /*", "a.com -"]);
    let options = |host| Query { method: b"OPTIONS", ..get(host, "*") };
    assert_eq!(name(&routes, &options("a.com")), "a.com -");
    assert_eq!(name(&routes, &options("b.com")), "");
}
