//! Paths, and what clients do to them to walk past a rule.

use super::{get, name, routes};
use crate::http::route::path::Reading;

#[test]
fn a_prefix_is_for_itself_and_all_below_but_not_without_its_slash() {
    let routes = routes(&["- /v1/"]);
    for path in ["/v1/", "/v1/a", "/v1/a/b?c", "/v1/?/.."] {
        assert_eq!(name(&routes, &get("", path)), "- /v1/", "{path}");
    }
    for path in ["/v1", "/v1?/", "/v11/", "/V1/a", "/", "/a/v1/"] {
        assert_eq!(name(&routes, &get("", path)), "", "{path}");
    }
}

#[test]
fn an_exact_path_is_for_itself_whatever_the_query() {
    let routes = routes(&["- /a/=", "- /a", "- /="]);
    assert_eq!(name(&routes, &get("", "/a/")), "- /a/=");
    assert_eq!(name(&routes, &get("", "/a?b=/c/../d")), "- /a");
    assert_eq!(name(&routes, &get("", "/?")), "- /=");
    assert_eq!(name(&routes, &get("", "")), "- /=");
    assert_eq!(name(&routes, &get("", "?a")), "- /=");
    assert_eq!(name(&routes, &get("", "/a/b")), "");
}

#[test]
fn what_differs_only_in_encoding_is_the_same_path() {
    let routes = routes(&["- /admin/", "- /caf%C3%A9/", "- /%7euser/", "- /@scope/", "- /100%/"]);
    for path in ["/%61dmin/", "/adm%69n/x", "/%61%64%6D%69%6e/"] {
        assert_eq!(name(&routes, &get("", path)), "- /admin/", "{path}");
    }
    for path in ["/caf%c3%a9/", "/caf%C3%a9/x", "/café/"] {
        assert_eq!(name(&routes, &get("", path)), "- /caf%C3%A9/", "{path}");
    }
    assert_eq!(name(&routes, &get("", "/~user/")), "- /%7euser/");
    assert_eq!(name(&routes, &get("", "/%40scope/")), "- /@scope/");
    assert_eq!(name(&routes, &get("", "/100%/%")), "- /100%/");
    assert_eq!(name(&routes, &get("", "/%2561dmin/")), "", "encoded twice is another path");
}

#[test]
fn dot_segments_walk_past_no_prefix() {
    let routes = routes(&["- /admin/", "- /public/", "- -"]);
    for path in [
        "/public/../admin/",
        "/public/%2e%2e/admin/",
        "/public/%2E./admin/",
        "/public/..%2fadmin/",
        "/public/..%2Fadmin%2F",
        "/public/..\\admin/",
        "/public/..%5cadmin/",
        "/public/..;/admin/",
        "/public/..;a=b/admin/",
        "/public/%2e%2e%3b/admin/",
        "/public/./../admin/",
        "/public//../admin/",
        "/public/a/../../admin/",
        "/public/a/..//..%2f/admin/",
        "/../admin/",
        "/./admin/",
        "/.;/admin/",
        "/x/../admin/",
        "/x/%2e%2e/%61dmin/",
        "/admin/../public/",
        "/admin/..",
    ] {
        assert_eq!(name(&routes, &get("", path)), "", "{path}");
    }
}

#[test]
fn slashes_in_disguise_walk_past_no_prefix() {
    let routes = routes(&["- /admin/", "- /public/", "- -"]);
    for path in [
        "//admin/",
        "/%2Fadmin/",
        "/%2fadmin/",
        "/\\admin/",
        "/%5Cadmin/",
        "/admin%2F",
        "/admin%2fx",
        "/admin\\x",
        "//admin%5cx",
    ] {
        assert_eq!(name(&routes, &get("", path)), "", "{path}");
    }
}

#[test]
fn an_odd_path_is_served_where_all_readings_agree() {
    let routes = routes(&["- /api/", "- /static/", "- -"]);
    assert_eq!(name(&routes, &get("", "/api/projects/a%2Fb")), "- /api/");
    assert_eq!(name(&routes, &get("", "/api//x")), "- /api/");
    assert_eq!(name(&routes, &get("", "/@scope%2fname")), "- -");
    assert_eq!(name(&routes, &get("", "//x")), "- -");
    assert_eq!(name(&routes, &get("", "/.well-known/acme")), "- -");
    assert_eq!(name(&routes, &get("", "/static/a/../b")), "- /static/");
    assert_eq!(name(&routes, &get("", "/static/a/./b/..;/c")), "- /static/");
    assert_eq!(name(&routes, &get("", "/x/y/./z")), "- -");
    assert_eq!(name(&routes, &get("", "/x/...")), "- -");
}

#[test]
fn a_rule_before_all_rules_with_a_path_serves_odd_paths_too() {
    let routes = routes(&["a.com -", "a.com /admin/", "- /x/"]);
    for path in ["/public/../admin/", "/..", "//admin", "/admin%2fx"] {
        assert_eq!(name(&routes, &get("a.com", path)), "a.com -", "{path}");
        assert_eq!(name(&routes, &get("b.com", path)), "", "{path}");
    }
}

#[test]
fn a_path_that_would_leave_its_prefix_is_not_below_it() {
    let routes = routes(&["- /v1/"]);
    assert_eq!(name(&routes, &get("", "/v1/../v1/x")), "", "a rewrite would let it out");
    assert_eq!(name(&routes, &get("", "/v1/a/../../v1/x")), "");
    assert_eq!(name(&routes, &get("", "/v1/..")), "");
    assert_eq!(name(&routes, &get("", "/v1/a/..")), "", "some read it as /v1");
    assert_eq!(name(&routes, &get("", "/v1/a/../")), "- /v1/");
}

#[test]
fn a_rule_that_asks_for_odd_slashes_gets_them() {
    let all = routes(&["- /a%2fb", "- /c//", "- -"]);
    assert_eq!(name(&all, &get("", "/a%2Fb")), "- /a%2fb");
    assert_eq!(name(&all, &get("", "/a/b")), "- -");
    assert_eq!(name(&all, &get("", "/c//x")), "- /c//");
    assert_eq!(name(&all, &get("", "/c/x")), "- -");
    let hidden = routes(&["- /a/b", "- /a%2fb"]);
    assert_eq!(name(&hidden, &get("", "/a%2Fb")), "", "it might be the first");
}

#[test]
fn what_does_not_begin_with_a_slash_is_no_path() {
    let routes = routes(&["- /", "- -"]);
    for path in ["a", "%2Fa", "**", "http://a/", "\\a"] {
        assert_eq!(name(&routes, &get("", path)), "", "{path}");
    }
}

#[test]
fn a_plain_path_is_read_where_it_is() {
    for path in ["/", "/a/b.c/~d;e=f/@g", "/a/b/?c=%2e/../d"] {
        let Reading::One(read) = Reading::of(path.as_bytes()) else { panic!("{path}") };
        assert!(matches!(read, std::borrow::Cow::Borrowed(_)), "{path}");
    }
}
