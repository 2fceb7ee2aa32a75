//! The texts that say where spans go.

use std::net::SocketAddr;

use crate::http::{authority, header};
use crate::mistake::Problem;
use crate::quote::quote;
use crate::schema::TextRule;

const SCHEME: &str = "http://";

/// Fields that the exporter itself writes.
const WRITTEN: [&str; 4] = ["host", "content-length", "content-type", "content-encoding"];

pub(crate) static ENDPOINT: TextRule = TextRule {
    noun: "a URL",
    describe: "the URL of a collector, such as \"http://127.0.0.1:4317\"",
    check: |text| endpoint(text).map(|()| text.to_owned()),
};

pub(crate) static FIELD: TextRule = TextRule {
    noun: "the name of a header field",
    describe: "the name of a header field, such as \"x-tenant\"",
    check: field,
};

pub(crate) static SERVICE: TextRule = TextRule {
    noun: "the name of a service",
    describe: "1 to 255 characters, such as \"edge\"",
    check: |text| service(text).map(|()| text.to_owned()),
};

/// `http-URI` (RFC 9110, section 4.2.1) without a query.
fn endpoint(text: &str) -> Result<(), Problem> {
    let refused = |why: &str| Problem::new(format!("{} {why}", quote(text)));
    if text.is_empty() {
        return Err(Problem::new("is empty").remedy(format!("write {}", ENDPOINT.describe)));
    }
    let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if host.contains('@') {
        // Not quoted: a password is in it.
        let remedy = "write it without, and what the collector asks for under the key headers";
        return Err(Problem::new("has a user or a password in it").remedy(remedy));
    }
    if scheme.eq_ignore_ascii_case("https") {
        let remedy = "let a collector on this machine, or one behind http://, forward";
        return Err(refused("asks for TLS, and TLS to a collector is not supported").remedy(remedy));
    }
    if scheme.is_empty() {
        let with_scheme = format!("{SCHEME}{text}");
        let nearest = endpoint(&with_scheme).is_ok().then_some(with_scheme);
        let remedy = format!("write {} before it", quote(SCHEME));
        return Err(refused("has no scheme").remedy(remedy).nearest(nearest.as_deref()));
    }
    if scheme != "http" {
        return Err(refused("is not a URL of HTTP").remedy(format!("write {}", ENDPOINT.describe)));
    }
    if !authority::is_authority(&host.to_ascii_lowercase()) || is_nowhere(host) {
        let remedy =
            "write a host name or an IP address and a port, as in \"http://127.0.0.1:4317\"";
        return Err(refused("has no host that can be reached").remedy(remedy));
    }
    let path = rest.get(host.len()..).unwrap_or_default();
    let stands = |byte: u8| byte.is_ascii_graphic() && !b"?#\"<>\\^`{|}".contains(&byte);
    if !path.bytes().all(stands) {
        let remedy = "write the URL up to its path";
        return Err(refused("has a query, or characters that no path has").remedy(remedy));
    }
    Ok(())
}

fn is_nowhere(host: &str) -> bool {
    host.parse::<SocketAddr>().is_ok_and(|address| address.port() == 0) || host.ends_with(":0")
}

fn field(text: &str) -> Result<String, Problem> {
    let name = header::name(text)?;
    if WRITTEN.contains(&name.as_str()) || name.starts_with("grpc-") {
        let problem = Problem::new(format!("{} is written by the exporter itself", quote(text)));
        return Err(problem.remedy("remove it"));
    }
    Ok(name)
}

fn service(text: &str) -> Result<(), Problem> {
    let length = text.chars().count();
    if length == 0 {
        return Err(Problem::new("is empty").remedy("write a name, or remove the key"));
    }
    if length > 255 || text.chars().any(char::is_control) {
        let problem = Problem::new(format!("{} is not the name of a service", quote(text)));
        return Err(problem.remedy(format!("write {}", SERVICE.describe)));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_collector_is_reached_by_http() {
        for good in [
            "http://127.0.0.1:4317",
            "http://[::1]:4318/otlp/",
            "http://collector.internal",
            "http://Collector:4318/v1/traces",
        ] {
            assert_eq!(endpoint(good), Ok(()), "{good}");
        }
        for (wrong, answer) in [
            ("", "is empty: write the URL of a collector, such as \"http://127.0.0.1:4317\""),
            (
                "https://collector:4317",
                "\"https://collector:4317\" asks for TLS, and TLS to a collector is not supported: \
                 let a collector on this machine, or one behind http://, forward",
            ),
            (
                "localhost:4317",
                "\"localhost:4317\" has no scheme: write \"http://\" before it; \
                 did you mean \"http://localhost:4317\"?",
            ),
            (
                "grpc://a:1",
                "\"grpc://a:1\" is not a URL of HTTP: \
                 write the URL of a collector, such as \"http://127.0.0.1:4317\"",
            ),
            (
                "http://a:0",
                "\"http://a:0\" has no host that can be reached: write a host name or an IP address \
                 and a port, as in \"http://127.0.0.1:4317\"",
            ),
            (
                "http://a/?key=1",
                "\"http://a/?key=1\" has a query, or characters that no path has: \
                 write the URL up to its path",
            ),
        ] {
            assert_eq!(endpoint(wrong).expect_err(wrong).to_string(), answer);
        }
    }

    #[test]
    fn a_password_in_a_url_is_refused_and_not_shown() {
        for wrong in ["http://me:hunter2@a:1", "https://me:hunter2@a:1", "me:hunter2@a:1"] {
            let answer = endpoint(wrong).expect_err(wrong).to_string();
            assert!(answer.starts_with("has a user or a password in it"), "{answer}");
        }
    }

    #[test]
    fn a_field_that_the_exporter_writes_is_not_given() {
        assert_eq!(field("X-Tenant").as_deref(), Ok("x-tenant"));
        for wrong in ["Content-Type", "host", "grpc-timeout", "te", "a b"] {
            assert!(field(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_service_has_a_name_of_one_line() {
        assert_eq!(service("Ränder 1"), Ok(()));
        for wrong in ["", "a\nb", &"a".repeat(256)] {
            assert!(service(wrong).is_err(), "{wrong}");
        }
    }
}
