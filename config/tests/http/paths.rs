//! Paths: those that a request can have, as they are written.

use proptest::prelude::*;
use trunkline_config::{Format, PathPattern};

use crate::{http, load, of_routes, with_routes};

#[test]
fn a_path_is_one_of_rfc_3986_without_query_and_fragment() {
    for (path, answer) in [
        (
            "",
            "\"\" does not begin with \"/\": write the path of a request, such as \"/v1/\"; did you mean \"/\"?",
        ),
        (
            "https://a/b",
            "\"https://a/b\" does not begin with \"/\": write the path of a request, such as \"/v1/\"",
        ),
        (
            "/a/#b",
            "\"/a/#b\" has a fragment, and only paths are compared: \
             write the part before the \"#\"; did you mean \"/a/\"?",
        ),
        ("/a b", "\"/a b\" has \" \", which no path has: write \"%20\" for it"),
        ("/ä", "\"/ä\" has \"ä\", which no path has: write \"%C3%A4\" for it"),
        ("/a\\b", "\"/a\\\\b\" has \"\\\\\", which no path has: write \"%5C\" for it"),
        (
            "/100%",
            "\"/100%\" has a \"%\" without two hex digits: write \"%25\" for the character itself",
        ),
        (
            "/%2g",
            "\"/%2g\" has a \"%\" without two hex digits: write \"%25\" for the character itself",
        ),
    ] {
        assert_eq!(
            of_routes(&format!("{{ path = '{path}', pool = 'web' }}")),
            [format!("6:10: [0].path: {answer}")]
        );
    }
}

fn read(path: &str) -> Option<PathPattern> {
    let text = quoted(path);
    let settings = load(Format::Toml, &with_routes(&format!("{{ path = {text}, pool = 'web' }}")));
    http(&settings.ok()?).routes[0].path.clone()
}

/// The text as a basic string of TOML.
fn quoted(text: &str) -> String {
    let escaped = text.chars().map(|character| format!("\\U{:08x}", u32::from(character)));
    format!("\"{}\"", escaped.collect::<String>())
}

proptest! {
    #[test]
    fn every_path_of_rfc_3986_is_read_as_it_is_written(
        path in "(/([A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2}){0,8}){1,5}",
    ) {
        let exact = PathPattern::Exact(path.clone());
        let prefix = PathPattern::Prefix(path.clone());
        prop_assert_eq!(read(&path), Some(if path.ends_with('/') { prefix } else { exact }));
    }

    #[test]
    fn nothing_else_is_a_path(text in "\\PC{0,12}|/[ -~]{0,8}") {
        let rest = text.split('%').skip(1);
        let encoded = |part: &str| {
            part.len() >= 2 && part.bytes().take(2).all(|byte| byte.is_ascii_hexdigit())
        };
        let plain = |byte: u8| {
            byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/%".contains(&byte)
        };
        let is_path = text.starts_with('/') && text.bytes().all(plain) && { rest }.all(encoded);
        prop_assert_eq!(read(&text).is_some(), is_path);
    }
}
