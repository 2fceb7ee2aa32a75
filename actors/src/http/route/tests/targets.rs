//! Rewrites and redirects.

use proptest::prelude::*;

use crate::http::route::redirect::BadRedirect;
use crate::http::route::{Redirect, Rewrite};

fn rewritten(prefix: &str, to: &str, path: &str) -> String {
    let mut written = Vec::new();
    Rewrite::new(prefix, to).write(path.as_bytes(), &mut written);
    String::from_utf8(written).unwrap()
}

fn location(to: &str, host: &str, target: &str) -> String {
    let mut written = Vec::new();
    Redirect::new(to, 308).unwrap().location(host.as_bytes(), target.as_bytes(), &mut written);
    String::from_utf8(written).unwrap()
}

#[test]
fn a_rewrite_replaces_the_prefix_and_keeps_the_rest_as_sent() {
    assert_eq!(rewritten("/v1/", "/", "/v1/a%2Fb/?c=/d"), "/a%2Fb/?c=/d");
    assert_eq!(rewritten("/v1/", "/", "/v1/"), "/");
    assert_eq!(rewritten("/v1/x/", "/api/v2/", "/v1/x/a"), "/api/v2/a");
    assert_eq!(rewritten("/", "/api/", "/a?b"), "/api/a?b");
    assert_eq!(rewritten("/v1/", "/", "/%76%31/a"), "/a");
    assert_eq!(rewritten("/a//", "/", "/a//b"), "/b");
}

#[test]
fn a_rewrite_is_of_whole_segments() {
    assert_eq!(rewritten("/v1", "/api", "/v1/a"), "/api/a");
    assert_eq!(rewritten("/v1/", "", "/v1/a"), "/a");
    assert_eq!(rewritten("/v1/", "api", "/v1/a"), "/api/a");
}

#[test]
fn what_may_not_stand_in_a_path_is_encoded_by_a_rewrite() {
    assert_eq!(rewritten("/v1/", "/a b\r\n?é%41/", "/v1/x"), "/a%20b%0D%0A%3F%C3%A9%41/x");
}

#[test]
fn a_path_that_the_rule_does_not_fit_is_written_as_it_is() {
    for path in ["", "*", "/v1", "/v1?/a", "v1"] {
        assert_eq!(rewritten("/v1/", "/api/", path), path);
    }
}

#[test]
fn a_location_is_made_of_what_was_sent() {
    let everywhere = "https://{host}{target}";
    assert_eq!(location(everywhere, "a.com:8080", "/b?c=%20"), "https://a.com:8080/b?c=%20");
    assert_eq!(location(everywhere, "[::1]:80", "/"), "https://[::1]:80/");
    assert_eq!(location("https://new.org{target}#top", "a.com", "/b"), "https://new.org/b#top");
    assert_eq!(location("/elsewhere", "a.com", "/b"), "/elsewhere");
    assert_eq!(
        location("https://b/?from={host}&to={target}", "a", "/c"),
        "https://b/?from=a&to=/c"
    );
    assert_eq!(location(everywhere, "a.com", "*"), "https://a.com/");
}

#[test]
fn a_target_at_the_beginning_names_no_other_host() {
    assert_eq!(location("{target}", "a.com", "//evil.com/x"), "/evil.com/x");
    assert_eq!(location("{target}", "a.com", "///evil.com"), "/evil.com");
    assert_eq!(location("{target}", "a.com", "/\\evil.com"), "/%5Cevil.com");
    assert_eq!(location("https://b{target}", "a.com", "//c"), "https://b//c");
    assert_eq!(location("https://{host}/", "a@evil.com/x", "/"), "https://a%40evil.com%2Fx/");
}

#[test]
fn a_redirect_that_cannot_be_is_refused() {
    for to in ["https://{hots}", "{", "}", "a}b", "{host", "{{host}}", "{}"] {
        assert_eq!(Redirect::new(to, 308), Err(BadRedirect::Placeholder), "{to}");
    }
    for to in ["https://a\r\nSet-Cookie: b", "a b", "\u{1b}", "é", "a\\b", "\"", "<{host}>"] {
        assert_eq!(Redirect::new(to, 308), Err(BadRedirect::Character), "{to:?}");
    }
}

proptest! {
    #[test]
    fn a_location_is_one_value_whatever_comes_in(
        to in "[a-z/:]{0,4}(\\{host\\}|\\{target\\}|[\r\n a-z?#]){0,4}",
        host in prop::collection::vec(any::<u8>(), 0..20),
        target in prop::collection::vec(any::<u8>(), 0..20),
    ) {
        let Ok(redirect) = Redirect::new(&to, 302) else { return Ok(()) };
        let mut written = Vec::new();
        redirect.location(&host, &target, &mut written);
        prop_assert!(written.iter().all(u8::is_ascii_graphic), "{}", written.escape_ascii());
    }

    #[test]
    fn a_rewritten_path_stays_below_what_it_was_rewritten_to(
        prefix in "/([a-c]/){0,3}", to in "/([x-z]/){0,3}", rest in "[a-c/.]{0,6}(\\?[a-c/?]{0,4})?",
    ) {
        let written = rewritten(&prefix, &to, &format!("{prefix}{rest}"));
        prop_assert_eq!(written, format!("{to}{rest}"));
    }
}
