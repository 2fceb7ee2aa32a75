//! Routes, rewriting, redirects, answers of our own, and who the client is said to be.

use anyhow::{Result, ensure};
use trunkline_tests::http::answer::Answer;
use trunkline_tests::http::lenient;
use trunkline_tests::http::origin::{Origin, Reply, Then};

use super::site::{Plan, Site};

/// An origin that answers with the whole head it has got, as seen by its target and record.
fn site(plan: &Plan<'_>) -> Result<(Site, Origin)> {
    let origin = Origin::start(lenient::ALL[0], |seen| {
        let body = format!("{} {}", seen.method, seen.target);
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
        Reply { bytes: (head + &body).into_bytes(), then: Then::Next }
    })?;
    Ok((Site::start(plan, &[origin.address()])?, origin))
}

const ROUTES: &str = r#"
    { host = "api.example", path = "/v1/", methods = ["GET"], pool = "main", rewrite = "/" },
    { host = "*.old.example", redirect = { to = "https://{host}{target}", status = 301 } },
    { path = "/beta/", headers = [{ name = "x-beta", value = "1" }], pool = "main", rewrite = "/b/" },
    { path = "/down/", exact = true, answer = { status = 503, body = "later\n", type = "text/html" } },
    { path = "/empty", answer = { status = 204 } },
    { path = "/static", pool = "main" },
"#;

fn routed() -> Plan<'static> {
    // An inline array may not end in a comma and a line end alone, but TOML takes it.
    Plan { routes: ROUTES, ..Plan::PLAIN }
}

fn ask(site: &Site, method: &str, host: &str, target: &str, fields: &str) -> Result<Answer> {
    let mut client =
        site.asking(format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\n{fields}\r\n"))?;
    client.answer_to(method == "HEAD")
}

#[test]
fn a_request_goes_where_the_first_route_that_fits_leads() -> Result<()> {
    let (site, _origin) = site(&routed())?;
    for (method, host, target, fields, expected) in [
        ("GET", "api.example", "/v1/users?a=b", "", "GET /users?a=b"),
        ("GET", "API.Example:8080", "/v1/", "", "GET /"),
        ("GET", "a", "/beta/x", "X-Beta: 1\r\n", "GET /b/x"),
        ("GET", "a", "/static", "", "GET /static"),
        ("POST", "a", "/static?x", "Content-Length: 0\r\n", "POST /static?x"),
    ] {
        let answer = ask(&site, method, host, target, fields)?;
        ensure!(answer.text() == expected, "{method} {host}{target}: {answer:?}");
    }
    for (method, host, target, fields) in [
        ("POST", "api.example", "/v1/users", "Content-Length: 0\r\n"),
        ("GET", "a", "/beta/x", ""),
        ("GET", "a", "/beta/x", "X-Beta: 2\r\n"),
        ("GET", "a", "/static/x", ""),
        ("GET", "a", "/down/x", ""),
        ("GET", "a", "/", ""),
    ] {
        let answer = ask(&site, method, host, target, fields)?;
        ensure!(answer.status == 404, "{method} {host}{target}: {answer:?}");
    }
    Ok(())
}

#[test]
fn a_redirect_and_answers_of_our_own_need_no_backend() -> Result<()> {
    let (site, origin) = site(&routed())?;
    let answer = ask(&site, "GET", "www.old.example", "/a?b=%20c", "")?;
    let to = answer.field("Location");
    ensure!(answer.status == 301 && to == Some("https://www.old.example/a?b=%20c"), "{answer:?}");
    let answer = ask(&site, "GET", "a", "/down/", "")?;
    let kind = answer.field("Content-Type");
    ensure!(answer.status == 503 && kind == Some("text/html"), "{answer:?}");
    ensure!(answer.text() == "later\n" && !answer.closes(), "{answer:?}");
    let answer = ask(&site, "HEAD", "a", "/down/", "")?;
    ensure!(answer.field("Content-Length") == Some("6"), "{answer:?}");
    let answer = ask(&site, "GET", "a", "/empty", "")?;
    ensure!(answer.status == 204 && answer.field("Content-Length").is_none(), "{answer:?}");
    drop(site);
    let record = origin.into_record()?;
    ensure!(record.is_empty(), "the backend was sent {record:?}");
    Ok(())
}

#[test]
fn a_route_cannot_be_got_around_with_an_encoded_or_dotted_path() -> Result<()> {
    let plan = Plan {
        routes: "{ path = \"/admin/\", answer = { status = 403 } }, { pool = \"main\" }",
        ..Plan::PLAIN
    };
    let (site, origin) = site(&plan)?;
    for target in [
        "/admin/x",
        "/%61dmin/x",
        "/x/../admin/x",
        "/./admin/x",
        "/%2e/admin/x",
        "/x/%2E%2e/admin/x",
        "//admin/x",
        "/x/..%2fadmin/x",
        "/%2fadmin/x",
        "/admin%2fx",
        "/x/..\\admin/x",
        "/admin/x?/../../y",
    ] {
        let answer = ask(&site, "GET", "a", target, "")?;
        ensure!(matches!(answer.status, 403 | 404), "{target}: {answer:?}");
    }
    drop(site);
    let record = origin.into_record()?;
    ensure!(record.is_empty(), "the backend was sent {:?}", String::from_utf8_lossy(&record[0]));
    Ok(())
}

const CLAIM: &str = "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 1.2.3.4\r\n\
    X-Forwarded-Proto: https\r\nX-Forwarded-Host: b\r\nForwarded: for=1.2.3.4\r\n\r\n";

fn claimed(listener: &str) -> Result<String> {
    let (site, origin) = site(&Plan { listener, ..Plan::PLAIN })?;
    site.ask(CLAIM)?;
    drop(site);
    let record = origin.into_record()?.concat();
    Ok(String::from_utf8(record)?)
}

#[test]
fn a_client_is_believed_only_where_it_is_trusted() -> Result<()> {
    let head = claimed("")?;
    let expected = "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 127.0.0.1\r\n\
        X-Forwarded-Proto: http\r\nX-Forwarded-Host: a\r\n\
        Forwarded: for=127.0.0.1;host=a;proto=http\r\n\r\n";
    ensure!(head == expected, "{head}");
    ensure!(claimed("trusted = [\"10.0.0.0/8\", \"::1\"]")? == expected, "another was trusted");
    let head = claimed("trusted = [\"127.0.0.0/8\"]")?;
    ensure!(
        head == "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: b\r\n\
            X-Forwarded-For: 1.2.3.4, 127.0.0.1\r\n\
            Forwarded: for=1.2.3.4, for=127.0.0.1;host=a;proto=http\r\n\r\n",
        "{head}"
    );
    Ok(())
}
