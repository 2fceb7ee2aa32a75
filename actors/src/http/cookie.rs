//! Cookies of requests (RFC 6265 §4.2).

use httparse::Header;

/// The value of the first cookie of that name.
#[must_use]
pub fn find<'b>(fields: &[Header<'b>], name: &str) -> Option<&'b [u8]> {
    let cookies = fields.iter().filter(|field| field.name.eq_ignore_ascii_case("cookie"));
    cookies.flat_map(|field| field.value.split(|byte| *byte == b';')).find_map(|pair| {
        let pair = pair.trim_ascii();
        let (found, value) = pair.split_at(pair.iter().position(|byte| *byte == b'=')?);
        (found == name.as_bytes()).then(|| unquoted(&value[1..]))
    })
}

/// A value may stand in quotes, which are not part of it for most who read it.
fn unquoted(value: &[u8]) -> &[u8] {
    match value {
        [b'"', inner @ .., b'"'] => inner,
        _ => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(cookies: &[&str], name: &str) -> Option<String> {
        let field = |value: &'static str| Header { name: "Cookie", value: value.as_bytes() };
        let leaked = cookies.iter().map(|text| field(Box::leak(text.to_string().into_boxed_str())));
        let fields: Vec<_> = leaked.collect();
        find(&fields, name).map(|value| String::from_utf8_lossy(value).into_owned())
    }

    #[test]
    fn the_first_of_a_name_is_found_in_any_field() {
        assert_eq!(found(&["a=1; b=2", "b=3"], "b").as_deref(), Some("2"));
        assert_eq!(found(&["a=1", "c=x=y"], "c").as_deref(), Some("x=y"));
        assert_eq!(found(&["a=\"1\"; B=2"], "a").as_deref(), Some("1"));
        assert_eq!(found(&["ab=1; a"], "a"), None);
        assert_eq!(found(&["A=1"], "a"), None);
        assert_eq!(found(&["a="], "a").as_deref(), Some(""));
    }
}
