use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::settings::Target;

/// What routes look at.
#[derive(Debug, Clone)]
struct Request {
    host: &'static str,
    path: &'static str,
    method: &'static str,
    headers: Vec<(&'static str, &'static str)>,
}

fn fits(route: &Route, request: &Request) -> bool {
    let host = |pattern: &HostPattern| match pattern {
        HostPattern::Exact(name) => name == request.host,
        HostPattern::Below(name) => request.host.ends_with(&format!(".{name}")),
    };
    let path = |pattern: &PathPattern| match pattern {
        PathPattern::Exact(path) => path == request.path,
        PathPattern::Prefix(start) => request.path.starts_with(start),
    };
    let header = |asked: &HeaderMatch| {
        let value = |value: &str| asked.value.as_deref().is_none_or(|asked| asked == value);
        request.headers.iter().any(|(name, given)| *name == asked.name && value(given))
    };
    route.host.as_ref().is_none_or(host)
        && route.path.as_ref().is_none_or(path)
        && (route.methods.is_empty() || route.methods.iter().any(|each| each == request.method))
        && route.headers.iter().all(header)
}

const HOSTS: [&str; 4] = ["a", "b.a", "c.b.a", "ba"];
const PATHS: [&str; 5] = ["/", "/x", "/x/", "/x/y", "/x/y/"];
const METHODS: [&str; 3] = ["GET", "HEAD", "get"];
const NAMES: [&str; 2] = ["n", "m"];
const VALUES: [&str; 2] = ["1", "2"];

fn hosts() -> impl Strategy<Value = Option<HostPattern>> {
    let patterns = (any::<bool>(), select(HOSTS.as_slice())).prop_map(|(below, name)| {
        if below { HostPattern::Below(name.into()) } else { HostPattern::Exact(name.into()) }
    });
    prop::option::of(patterns)
}

fn paths() -> impl Strategy<Value = Option<PathPattern>> {
    let patterns = (any::<bool>(), select(PATHS.as_slice())).prop_map(|(exact, path)| {
        if path.ends_with('/') && !exact {
            PathPattern::Prefix(path.into())
        } else {
            PathPattern::Exact(path.into())
        }
    });
    prop::option::of(patterns)
}

fn routes() -> impl Strategy<Value = Route> {
    let methods = prop::collection::vec(select(METHODS.as_slice()).prop_map(String::from), 0..3);
    let value = prop::option::of(select(VALUES.as_slice()).prop_map(String::from));
    let header = (select(NAMES.as_slice()), value)
        .prop_map(|(name, value)| HeaderMatch { name: name.into(), value });
    let headers = prop::collection::vec(header, 0..3);
    (hosts(), paths(), methods, headers).prop_map(|(host, path, methods, headers)| Route {
        name: None,
        host,
        path,
        methods,
        headers,
        repeatable: false,
        target: Target::Pool { pool: "p".into(), rewrite: None },
    })
}

fn requests() -> impl Strategy<Value = Request> {
    let header = (select(NAMES.as_slice()), select(VALUES.as_slice()));
    (
        select(HOSTS.as_slice()),
        select(PATHS.as_slice()),
        select(METHODS.as_slice()),
        prop::collection::vec(header, 0..3),
    )
        .prop_map(|(host, path, method, headers)| Request { host, path, method, headers })
}

proptest! {
    #[test]
    fn a_route_that_is_covered_never_fits_what_the_earlier_does_not(
        earlier in routes(), later in routes(), requests in prop::collection::vec(requests(), 64),
    ) {
        if covers(&earlier, &later) {
            for request in requests.iter().filter(|request| fits(&later, request)) {
                prop_assert!(fits(&earlier, request), "{request:?}");
            }
        }
    }

    #[test]
    fn a_route_covers_itself_with_any_further_condition(route in routes(), more in routes()) {
        prop_assert!(covers(&route, &route));
        let mut narrower = route.clone();
        narrower.host = narrower.host.or(more.host);
        narrower.path = narrower.path.or(more.path);
        narrower.headers.extend(more.headers);
        if narrower.methods.is_empty() {
            narrower.methods = more.methods;
        }
        prop_assert!(covers(&route, &narrower));
    }
}

#[test]
fn what_is_only_alike_does_not_cover() {
    let below = |name: &str| HostPattern::Below(name.into());
    let exact = |name: &str| HostPattern::Exact(name.into());
    assert!(host_covers(&below("a"), &exact("b.a")));
    assert!(host_covers(&below("a"), &below("b.a")));
    assert!(!host_covers(&below("a"), &exact("a")));
    assert!(!host_covers(&below("a"), &exact("ba")));
    assert!(!host_covers(&exact("b.a"), &below("a")));
    let prefix = |path: &str| PathPattern::Prefix(path.into());
    let exact = |path: &str| PathPattern::Exact(path.into());
    assert!(path_covers(&prefix("/x/"), &exact("/x/y")));
    assert!(!path_covers(&prefix("/x/"), &exact("/x")));
    assert!(!path_covers(&exact("/x/"), &prefix("/x/")));
}
