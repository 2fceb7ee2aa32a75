//! Hosts, methods, header fields, redirects and answers that cannot be.

use trunkline_config::HostPattern;

use crate::{of_routes, routes};

/// What is said of a route with one pool and these conditions; `column` is where their value begins.
#[track_caller]
fn said(condition: &str, column: usize, answer: &str) {
    let lines = of_routes(&format!("{{ pool = 'web', {condition} }}"));
    assert_eq!(lines, [format!("6:{column}: [0].{answer}")], "{condition}");
}

#[test]
fn a_host_is_a_name_without_a_port() {
    for (host, answer) in [
        ("*", "\"*\" stands for every host: remove the key"),
        (
            "https://A.com/",
            "\"https://A.com/\" has a scheme: write the host without \"https://\"; \
             did you mean \"a.com\"?",
        ),
        (
            "*.a.com:80",
            "\"*.a.com:80\" has a port: write the host alone, for the port is the listener's; \
             did you mean \"*.a.com\"?",
        ),
        (
            "a.*.com",
            "\"a.*.com\" has a \"*\" that is no first label: \
             write \"*.\" before a name, as in \"*.example.com\"",
        ),
        (
            "*a.com",
            "\"*a.com\" has a \"*\" that is no first label: \
             write \"*.\" before a name, as in \"*.example.com\"",
        ),
        (
            "bücher.de",
            "\"bücher.de\" has characters beyond ASCII: \
             write the name as DNS has it, with labels that begin with \"xn--\"",
        ),
    ] {
        said(&format!("host = '{host}'"), 24, &format!("host: {answer}"));
    }
    for host in ["", "a..b", "-a", "a b", "a/b", "[::1]", "::1", "*.", "*.10.0.0.1"] {
        let quoted = format!("\"{host}\"");
        let answer = format!(
            "host: {quoted} is not a host name: write letters, digits and hyphens between dots, as \
             in \"api.example.com\" or \"*.example.com\""
        );
        said(&format!("host = '{host}'"), 24, &answer);
    }
    assert_eq!(
        of_routes(&format!("{{ host = '{}', pool = 'web' }}", "a://".repeat(100_000))).len(),
        1
    );
    let [route] = routes("{ host = '10.0.0.1', pool = 'web' }").try_into().expect("one");
    assert_eq!(route.host, Some(HostPattern::Exact("10.0.0.1".to_owned())));
}

#[test]
fn a_method_is_a_token_in_its_case() {
    let one_of = "write one of GET, HEAD, POST, PUT, DELETE, OPTIONS, TRACE, PATCH, or another in the \
                  same form";
    let capitals = "write the method in capitals, for its case is compared";
    for (method, answer) in [
        ("'get'", format!("\"get\" is not a method: {capitals}; did you mean \"GET\"?")),
        ("'Patch'", format!("\"Patch\" is not a method: {capitals}; did you mean \"PATCH\"?")),
        ("'GET '", format!("\"GET \" is not a method: {one_of}; did you mean \"GET\"?")),
        ("'A,B'", format!("\"A,B\" is not a method: {one_of}")),
        ("''", format!("\"\" is not a method: {one_of}")),
        ("5", "5 is not a method: write a method, such as \"GET\"".to_owned()),
        ("'CONNECT'", "\"CONNECT\" is answered with 501 on every route: remove it".to_owned()),
        ("'connect'", "\"connect\" is answered with 501 on every route: remove it".to_owned()),
    ] {
        said(&format!("methods = [{method}]"), 28, &format!("methods[0]: {answer}"));
    }
    said(
        "methods = []",
        27,
        "methods: is empty: write [ … ] with at least one item, each a method, such as \"GET\", or \
         remove the key",
    );
    said(
        "methods = 'GET'",
        27,
        "methods: \"GET\" is not a list: write [ … ] with at least one item, each a method, such as \
         \"GET\", or remove the key",
    );
    let [route] =
        routes("{ methods = ['M-SEARCH', 'purge'], pool = 'web' }").try_into().expect("one");
    assert_eq!(route.methods, ["M-SEARCH", "purge"]);
}

#[test]
fn a_header_field_has_a_name_and_is_for_the_receiver() {
    for (name, answer) in [
        (
            "X-Beta:",
            "\"X-Beta:\" is not the name of a header field: \
             write letters, digits and hyphens, as in \"x-beta\"; did you mean \"X-Beta\"?",
        ),
        (
            "",
            "\"\" is not the name of a header field: \
             write letters, digits and hyphens, as in \"x-beta\"",
        ),
        (
            "Upgrade",
            "\"Upgrade\" is for one connection, not for a request: \
             write a field that the request brings for its receiver",
        ),
    ] {
        let condition = format!("headers = [{{ name = '{name}' }}]");
        said(&condition, 37, &format!("headers[0].name: {answer}"));
    }
    for name in ["Connection", "keep-alive", "Proxy-Connection", "TE", "transfer-encoding"] {
        assert_eq!(
            of_routes(&format!("{{ pool = 'web', headers = [{{ name = '{name}' }}] }}")).len(),
            1
        );
    }
    said(
        "headers = [{ value = '1' }]",
        28,
        "headers[0].name: is missing: write the name of a header field, such as \"x-beta\"",
    );
    said(
        "headers = ['x']",
        28,
        "headers[0]: \"x\" is not a header field: write { name = \"x-beta\", value = \"1\" }",
    );
}

#[test]
fn the_value_of_a_header_field_is_visible() {
    let characters = "has characters that no value should have: \
                      write letters, digits, signs and spaces of ASCII alone";
    for (value, answer) in [
        ("''", "is empty: write a value, or remove the key".to_owned()),
        (
            "' a'",
            "\" a\" has spaces around it: write the value without them, for they are not part of it; \
             did you mean \"a\"?"
                .to_owned(),
        ),
        ("\"a\\r\\nb\"", format!("\"a\\r\\nb\" {characters}")),
        ("\"a\\tb\"", format!("\"a\\tb\" {characters}")),
        ("'ä'", format!("\"ä\" {characters}")),
    ] {
        let condition = format!("headers = [{{ name = 'x', value = {value} }}]");
        said(&condition, 50, &format!("headers[0].value: {answer}"));
    }
}

#[test]
fn a_redirect_leads_to_a_url_with_two_placeholders_at_most() {
    let to = |to: &str, answer: &str| {
        assert_eq!(
            of_routes(&format!("{{ redirect = {{ to = {to} }} }}")),
            [format!("6:21: [0].redirect.to: {answer}")]
        );
    };
    let characters = "has characters that no URL has: \
                      write spaces and what is beyond ASCII percent-encoded, as in \"%20\"";
    let braces = "has a placeholder that is not known: write no braces but in {host}, the host of the \
                  request, and {target}, its path and query";
    let nowhere = "is no place to redirect to: begin it with \"https://\", \"http://\" or \"/\", as in \
                   \"https://{host}{target}\"";
    to("\"/a\\r\\nb: c\"", &format!("\"/a\\r\\nb: c\" {characters}"));
    to("'/a b'", &format!("\"/a b\" {characters}"));
    to("'/ä'", &format!("\"/ä\" {characters}"));
    to("'https://{name}/'", &format!("\"https://{{name}}/\" {braces}"));
    to("'/{target'", &format!("\"/{{target\" {braces}"));
    to("'/{ho{host}st}'", &format!("\"/{{ho{{host}}st}}\" {braces}"));
    to("'{target}'", &format!("\"{{target}}\" {nowhere}"));
    to("'example.com'", &format!("\"example.com\" {nowhere}"));
    to("''", &format!("\"\" {nowhere}"));
    for status in ["300", "304", "200", "-1", "'301'"] {
        let route = format!("{{ redirect = {{ status = {status}, to = '/' }} }}");
        assert_eq!(
            of_routes(&route),
            [format!(
                "6:25: [0].redirect.status: {} is not the status of a redirect: \
                 write one of 301, 302, 303, 307, 308",
                status.replace('\'', "\"")
            )]
        );
    }
}

#[test]
fn an_answer_has_a_status_and_a_type() {
    assert_eq!(
        of_routes(
            "{ path = '/1', answer = { status = 199 } },
{ path = '/2', answer = { status = 600 } },
{ path = '/3', answer = { type = \"a\\nb\" } },
{ path = '/4', answer = { body = 5 } },"
        ),
        [
            "6:36: [0].answer.status: 199 is too small: write a whole number from 200 to 599",
            "7:36: [1].answer.status: 600 is too large: write a whole number from 200 to 599",
            "8:34: [2].answer.type: \"a\\nb\" has characters that no value should have: \
             write letters, digits, signs and spaces of ASCII alone",
            "9:34: [3].answer.body: 5 is not a text: write a text",
        ]
    );
}
