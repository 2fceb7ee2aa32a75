//! Mistakes of a route, whose keys do not go together.

use trunkline_config::{Format, PathPattern, Target};

use crate::{mistakes, of_routes, routes};

#[test]
fn a_route_has_one_target_and_not_two() {
    assert_eq!(
        of_routes(
            "{ path = '/a' },
 { path = '/b', pool = 'web', answer = {} },
 { pool = 'web', redirect = { to = '/' }, answer = {} },"
        ),
        [
            "6:1: [0]: says nothing of what becomes of a request: \
             write one of pool, redirect, answer",
            "7:2: [1]: has pool and answer: keep one of them, for a request has one target",
            "8:2: [2]: has pool and redirect and answer: \
             keep one of them, for a request has one target",
        ]
    );
}

#[test]
fn a_target_that_is_mistaken_is_one_nevertheless() {
    assert_eq!(
        of_routes("{ pool = 5 },\n{ path = '/', redirect = 'https://a' },\n{ answer = { } }"),
        [
            "6:10: [0].pool: 5 is not the name of a pool: write the name of a pool",
            "7:26: [1].redirect: \"https://a\" is not a table: \
             write keys with their values, one a line",
        ]
    );
}

#[test]
fn the_pool_of_a_route_exists() {
    assert_eq!(
        of_routes("{ path = '/a', pool = 'wbe' },\n{ pool = 'A pool' }"),
        [
            "6:23: [0].pool: there is no pool \"wbe\": \
             write the name of a pool, or add a table pool.wbe; did you mean \"web\"?",
            "7:10: [1].pool: there is no pool \"A pool\": write the name of a pool",
        ]
    );
}

#[test]
fn only_the_beginning_of_a_path_to_a_pool_is_rewritten() {
    assert_eq!(
        of_routes(
            "{ path = '/a/', rewrite = '/', redirect = { to = '/' } },
{ path = '/b/', rewrite = '/', answer = {} },
{ path = '/c', rewrite = '/', pool = 'web' },
{ path = '/d/', exact = true, rewrite = '/', pool = 'web' },
{ path = '/e/', rewrite = 'x', pool = 'web' },
{ path = '/f/', rewrite = '/x', pool = 'web' },
{ rewrite = '/', pool = 'web' },"
        ),
        [
            "6:17: [0].rewrite: the redirect of a route has no path to replace: remove the key",
            "7:17: [1].rewrite: the answer of a route has no path to replace: remove the key",
            "8:16: [2].rewrite: the path \"/c\" matches only itself: \
             write path = \"/c/\" for all below it",
            "9:31: [3].rewrite: the path is exact, and matches only itself: \
             remove the key exact, or this one",
            "10:27: [4].rewrite: \"x\" does not begin with \"/\": \
             write the path of a request, such as \"/v1/\"; did you mean \"/x\"?",
            "11:27: [5].rewrite: \"/x\" would grow together with what follows the path: \
             write \"/x/\"",
            "12:3: [6].rewrite: there is no path of which it replaces the beginning: \
             write path = \"/\" beside it, or the beginning that is meant",
        ]
    );
    let [route] = routes("{ path = '/', rewrite = '/x/', pool = 'web' }").try_into().expect("one");
    assert_eq!(route.path, Some(PathPattern::Prefix("/".to_owned())));
    let rewrite = Some("/x/".to_owned());
    assert_eq!(route.target, Target::Pool { pool: "web".to_owned(), rewrite });
}

#[test]
fn exact_is_said_only_of_a_path_with_a_slash_at_its_end() {
    assert_eq!(
        of_routes(
            "{ path = '/a', exact = true, pool = 'web' },
{ path = '/b', exact = false, pool = 'web' },
{ exact = true, pool = 'web' },"
        ),
        [
            "6:16: [0].exact: the path \"/a\" is always exact: remove the key",
            "7:16: [1].exact: the path \"/b\" is always exact: \
             write path = \"/b/\" for all below it",
            "8:3: [2].exact: there is no path that it could say more of: \
             remove the key, or write a path",
        ]
    );
    let read = routes(
        "{ path = '/a/', exact = true, pool = 'web' }, { path = '/a/', exact = false, pool = 'web' }",
    );
    let paths: Vec<_> = read.into_iter().filter_map(|route| route.path).collect();
    let path = || "/a/".to_owned();
    assert_eq!(paths, [PathPattern::Exact(path()), PathPattern::Prefix(path())]);
}

#[test]
fn an_answer_has_a_body_only_where_its_status_has_one() {
    for status in [204, 205, 304] {
        assert_eq!(
            of_routes(&format!("{{ answer = {{ status = {status}, body = 'x' }} }}")),
            [format!(
                "6:28: [0].answer.body: an answer with status {status} has no body: \
                 remove the key, or write another status"
            )]
        );
        routes(&format!("{{ answer = {{ status = {status}, body = '' }} }}"));
    }
}

#[test]
fn two_routes_have_two_names() {
    assert_eq!(
        of_routes(
            "{ name = 'a', path = '/1', pool = 'web' },
{ name = 'b', path = '/2', pool = 'web' },
{ name = 'a', path = '/3', pool = 'web' },
{ name = 'a', path = '/4', pool = 'web' },
{ name = 'A', path = '/5', pool = 'web' },"
        ),
        [
            "8:10: [2].name: is the name of routes[0] too: give each route a name of its own",
            "9:10: [3].name: is the name of routes[0] too: give each route a name of its own",
            "10:10: [4].name: \"A\" is not a name: write 1 to 63 of a-z, 0-9, \"_\" and \"-\", \
             beginning with a letter or a digit",
        ]
    );
}

#[test]
fn a_route_without_a_name_is_called_by_its_place() {
    assert_eq!(
        of_routes(
            "{ name = '1', path = '/1', pool = 'web' },
{ path = '/2', pool = 'web' },
{ name = '1', path = '/3', pool = 'web' },
{ name = '3', path = '/4', pool = 'web' },"
        ),
        [
            "6:10: [0].name: is the name of routes[1] too: give each route a name of its own",
            "8:10: [2].name: is the name of routes[0] too: give each route a name of its own",
        ]
    );
}

#[test]
fn mistakes_inside_of_lists_have_their_places_in_yaml_and_json() {
    let yaml = "listener:
  a:
    bind: '[::1]:0'
    protocol: http
    routes:
      - path: v1
        pool: web
      - path: /x
        headers:
          - name: a b
            valeu: 1
        methods: [GET, get]
        redirect:
      - answer: {status: 600}
pool: {web: {backends: ['b:1']}}
";
    assert_eq!(
        mistakes(Format::Yaml, yaml),
        [
            "f:6:15: listener.a.routes[0].path: \"v1\" does not begin with \"/\": \
             write the path of a request, such as \"/v1/\"; did you mean \"/v1\"?",
            "f:10:19: listener.a.routes[1].headers[0].name: \"a b\" is not the name of a header \
             field: write letters, digits and hyphens, as in \"x-beta\"",
            "f:11:13: listener.a.routes[1].headers[0].valeu: is not a key that is known here: \
             write one of name, value; did you mean \"value\"?",
            "f:12:24: listener.a.routes[1].methods[1]: \"get\" is not a method: \
             write the method in capitals, for its case is compared; did you mean \"GET\"?",
            "f:13:9: listener.a.routes[1].redirect: has no value: \
             write keys with their values, or remove the key",
            "f:14:26: listener.a.routes[2].answer.status: 600 is too large: \
             write a whole number from 200 to 599",
        ]
    );
    let json = r#"{"listener": {"a": {"bind": "[::1]:0", "protocol": "http", "routes": [
{"path": "/a?b", "pool": "web"},
{"pool": "web", "redirect": {"status": 300}},
{"host": "x:80", "pool": "wbe"}]}}, "pool": {"web": {"backends": ["b:1"]}}}"#;
    assert_eq!(
        mistakes(Format::Json, json),
        [
            "f:2:10: listener.a.routes[0].path: \"/a?b\" has a query, and only paths are compared: \
             write the part before the \"?\"; did you mean \"/a\"?",
            "f:3:1: listener.a.routes[1]: has pool and redirect: \
             keep one of them, for a request has one target",
            "f:3:17: listener.a.routes[1].redirect.to: is missing: \
             write a URL or a path, such as \"https://{host}{target}\"",
            "f:3:40: listener.a.routes[1].redirect.status: 300 is not the status of a redirect: \
             write one of 301, 302, 303, 307, 308",
            "f:4:10: listener.a.routes[2].host: \"x:80\" has a port: \
             write the host alone, for the port is the listener's; did you mean \"x\"?",
            "f:4:26: listener.a.routes[2].pool: there is no pool \"wbe\": \
             write the name of a pool, or add a table pool.wbe; did you mean \"web\"?",
        ]
    );
}
