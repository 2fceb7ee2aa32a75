//! Routes that no request would reach.

use crate::{of_routes, routes};

#[test]
fn what_follows_a_route_without_conditions_is_never_reached() {
    assert_eq!(
        of_routes(
            "{ path = '/a', pool = 'web' },
{ pool = 'web' },
{ path = '/b', pool = 'web' },
{ host = 'c', pool = 'web' },"
        ),
        ["8:1: [2]: is never reached, since routes[1] takes every request: \
          move routes[1] to the end, or give it conditions"]
    );
}

#[test]
fn a_route_within_an_earlier_one_is_never_reached() {
    let taken = |first: &str, second: &str| {
        assert_eq!(
            of_routes(&format!("{{ {first}, pool = 'web' }},\n{{ {second}, answer = {{}} }}")),
            ["7:1: [1]: is never reached, since routes[0] takes all that it would: \
              move it before routes[0], or remove one of the two"],
            "{first} before {second}"
        );
    };
    taken("host = '*.a.com'", "host = 'b.A.com', path = '/'");
    taken("host = '*.a.com'", "host = '*.c.b.a.com'");
    taken("host = 'a.com'", "host = 'a.com', methods = ['GET']");
    taken("path = '/a/'", "path = '/a/b'");
    taken("path = '/a/'", "path = '/a/', exact = true");
    taken("path = '/a'", "path = '/a', headers = [{ name = 'x' }]");
    taken("methods = ['GET', 'PUT']", "methods = ['PUT']");
    taken("headers = [{ name = 'X' }]", "headers = [{ name = 'y' }, { name = 'x', value = '1' }]");
    taken("path = '/'", "path = '/health'");
}

#[test]
fn a_route_that_takes_something_of_its_own_may_follow() {
    let apart = |first: &str, second: &str| {
        routes(&format!("{{ {first}, pool = 'web' }}, {{ {second}, answer = {{}} }}"));
    };
    apart("host = '*.a.com'", "host = 'a.com'");
    apart("host = '*.a.com'", "host = 'ba.com'");
    apart("host = 'b.a.com'", "host = '*.a.com'");
    apart("path = '/a/'", "path = '/a'");
    apart("path = '/a/', exact = true", "path = '/a/'");
    apart("methods = ['GET']", "methods = ['GET', 'HEAD']");
    apart("headers = [{ name = 'x', value = '1' }]", "headers = [{ name = 'x' }]");
    // The target of OPTIONS may be "*", which has no path.
    apart("path = '/'", "methods = ['OPTIONS']");
}

#[test]
fn a_route_whose_conditions_are_mistaken_is_compared_with_none() {
    assert_eq!(of_routes("{ pth = '/a', pool = 'web' },\n{ path = '/b', pool = 'web' },").len(), 1);
    assert_eq!(of_routes("{ methods = ['get'], pool = 'web' }, { pool = 'web' }").len(), 1);
    assert_eq!(of_routes("{ host = 'a b', pool = 'web' }, { pool = 'web' }").len(), 1);
}
