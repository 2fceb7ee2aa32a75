use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::json;

use super::office::{Office, expect_refusal, order};
use crate::SOON;
use crate::site::{Setup, Site, echo};

#[test]
fn a_name_that_was_made_to_resolve_to_this_server_is_not_served() -> Result<()> {
    let backend = echo()?;
    let office = Office::open(&Setup::PLAIN, &[backend.address()])?;
    for host in ["evil.example", "evil.example:9900", "127.0.0.1.evil.example"] {
        let answer = office.ask(format!("GET /tree HTTP/1.1\r\nHost: {host}\r\n\r\n"))?;
        expect_refusal(&answer, 421)?;
    }
    for host in ["localhost:1", "127.0.0.1", "[::1]:80"] {
        let answer = office.ask(format!("GET /healthz HTTP/1.1\r\nHost: {host}\r\n\r\n"))?;
        assert_eq!(answer.status, 200, "{host}");
    }
    expect_refusal(&office.ask("GET /tree HTTP/1.0\r\n\r\n")?, 400)?;
    Ok(())
}

#[test]
fn a_foreign_page_can_order_nothing_and_read_nothing() -> Result<()> {
    let backend = echo()?;
    let office = Office::open(&Setup::PLAIN, &[backend.address()])?;
    let to = office.address();
    let body = json!({ "pool": "main", "backend": backend.address() }).to_string();
    let drain = |fields: &str| office.ask(order(to, "/pools/drain", fields, &body));
    // What a form can send.
    expect_refusal(&drain("")?, 403)?;
    expect_refusal(&drain("Origin: http://evil.example\r\n")?, 403)?;
    // What a script could send if it were allowed to.
    expect_refusal(&drain("X-Trunkline: 1\r\nOrigin: http://evil.example\r\n")?, 403)?;
    expect_refusal(&drain("X-Trunkline: 1\r\nOrigin: null\r\n")?, 403)?;
    // And what it asks for permission with.
    let preflight = office.ask(format!(
        "OPTIONS /pools/drain HTTP/1.1\r\nHost: {to}\r\nOrigin: http://evil.example\r\n\
         Access-Control-Request-Method: POST\r\n\r\n"
    ))?;
    expect_refusal(&preflight, 403)?;
    assert_eq!(preflight.field("access-control-allow-origin"), None);
    let read = office.get_with("/tree", "Origin: http://evil.example\r\n")?;
    assert_eq!(read.field("access-control-allow-origin"), None);
    assert_eq!(office.read("/pools")?["pools"][0]["backends"][0]["draining"], false);
    // Its own page, and a program, may.
    let own = drain(&format!("X-Trunkline: 1\r\nOrigin: http://{to}\r\n"))?;
    assert_eq!(own.status, 202);
    assert_eq!(office.read("/pools")?["pools"][0]["backends"][0]["draining"], true);
    Ok(())
}

#[test]
fn with_a_token_all_but_health_needs_it() -> Result<()> {
    let backend = echo()?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("token");
    let token = "a-token-of-enough-characters";
    fs::write(&file, format!("{token}\nwhat stands below is of no concern\n"))?;
    let log = format!("format = \"json\"\n[admin]\ntoken_file = {file:?}");
    let office = Office::open(&Setup { log: &log, ..Setup::PLAIN }, &[backend.address()])?;
    assert_eq!(office.get("/healthz")?.status, 200);
    assert_eq!(office.get("/readyz")?.status, 200);
    for target in ["/tree", "/metrics", "/openapi.json", "/nowhere", "/config"] {
        let answer = office.get(target)?;
        expect_refusal(&answer, 401)?;
        assert_eq!(answer.field("www-authenticate"), Some("Bearer realm=\"trunkline\""));
        let wrong =
            office.get_with(target, "Authorization: Bearer a-token-of-enough-character\r\n")?;
        expect_refusal(&wrong, 401)?;
    }
    let right = format!("Authorization: Bearer {token}\r\n");
    assert_eq!(office.get_with("/tree", &right)?.status, 200);
    let config = office.get_with("/config", &right)?;
    assert!(!config.text().contains(token));
    Ok(())
}

/// One question at a Unix socket, whatever its host.
fn ask(path: &Path, target: &str) -> Result<String> {
    let mut stream = UnixStream::connect(path)?;
    stream.set_read_timeout(Some(SOON))?;
    write!(stream, "GET {target} HTTP/1.1\r\nHost: trunkline\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

#[test]
fn a_unix_socket_is_for_its_own_user_and_goes_with_the_server() -> Result<()> {
    let backend = echo()?;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("admin.sock");
    let server = format!("workers = 2\nadmin = \"unix:{}\"", path.display());
    let setup = Setup { server: &server, ..Setup::PLAIN };
    for end in ["killed", "in order"] {
        // The second finds what the first has left.
        let mut site = Site::start(&setup, &[backend.address()])?;
        let file = fs::symlink_metadata(&path).context("the socket's file")?;
        assert_eq!(file.permissions().mode() & 0o777, 0o600);
        assert_eq!(file.uid(), rustix::process::geteuid().as_raw());
        assert!(ask(&path, "/readyz")?.starts_with("HTTP/1.1 200"), "{end}");
        let other = Site::start(&setup, &[backend.address()]);
        let said = format!("{:#}", other.err().context("a second server at the same file")?);
        assert!(said.contains("another server listens at"), "{said}");
        if end == "killed" {
            site.process.kill()?;
            assert!(path.exists());
        } else {
            site.process.signal(rustix::process::Signal::TERM)?;
            assert_eq!(site.process.wait(SOON)?.code(), Some(0));
            assert!(!path.exists());
        }
    }
    assert_eq!(fs::read_dir(folder.path())?.count(), 0);
    Ok(())
}
