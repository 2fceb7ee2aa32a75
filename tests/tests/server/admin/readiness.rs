use anyhow::Result;
use rustix::process::Signal;
use serde_json::{Value, json};
use trunkline_tests::control::What;

use super::office::{Office, expect_refusal, json};
use crate::SOON;
use crate::site::{Setup, echo};

/// Why the server is not ready; nothing where it is.
fn reasons(office: &Office) -> Result<Vec<String>> {
    let answer = office.get("/readyz")?;
    let said = json(&answer)?;
    if answer.status == 200 {
        assert_eq!(said, json!({ "ready": true }));
        return Ok(Vec::new());
    }
    assert_eq!((answer.status, &said["ready"]), (503, &Value::Bool(false)));
    Ok(serde_json::from_value(said["reasons"].clone())?)
}

#[test]
fn it_is_not_ready_from_the_first_moment_of_the_lame_duck_on() -> Result<()> {
    let backend = echo()?;
    let setup = Setup { server: "workers = 2\nlame_duck = \"10m\"", ..Setup::PLAIN };
    let mut office = Office::open(&setup, &[backend.address()])?;
    assert!(reasons(&office)?.is_empty());
    office.site.process.signal(Signal::TERM)?;
    office.site.process.wait_for_line("accepting for a while", SOON)?;
    assert_eq!(reasons(&office)?, ["the server is stopping"]);
    assert_eq!(office.read("/healthz")?, json!({ "status": "ok" }));
    Ok(())
}

#[test]
fn it_answers_while_connections_drain() -> Result<()> {
    let backend = echo()?;
    let setup = Setup { server: "workers = 2\ndrain = \"10m\"", ..Setup::PLAIN };
    let mut office = Office::open(&setup, &[backend.address()])?;
    let mut client = office.site.connect()?;
    client.echo("hello")?;
    office.site.process.signal(Signal::TERM)?;
    office.site.process.wait_for_line("told to stop", SOON)?;
    assert!(reasons(&office)?.contains(&"the server is stopping".to_owned()));
    let path = office.read("/connections")?["connections"][0]["path"].clone();
    assert_eq!(office.order("/connections/close", &json!({ "path": path }))?.status, 202);
    client.finish()?;
    client.expect_end()?;
    assert_eq!(office.site.process.wait(SOON)?.code(), Some(0));
    Ok(())
}

#[test]
fn it_is_not_ready_while_a_pool_has_nobody_to_serve() -> Result<()> {
    let backend = echo()?;
    let office = Office::open(&Setup::PLAIN, &[backend.address()])?;
    let member = json!({ "pool": "main", "backend": backend.address() });
    assert_eq!(office.order("/pools/drain", &member)?.status, 202);
    assert_eq!(reasons(&office)?, ["pool main has no backend that is up"]);
    assert_eq!(office.order("/pools/undrain", &member)?.status, 202);
    assert!(reasons(&office)?.is_empty());
    expect_refusal(&office.order("/pools/undrain", &member)?, 409)
}

#[test]
fn it_is_not_ready_while_a_listener_is_parked() -> Result<()> {
    let backend = echo()?;
    let (office, control) = Office::open_with_supervision(
        "1,60000,1,600000,1000",
        &Setup::PLAIN,
        &[backend.address()],
    )?;
    let listener = "server/traffic/listeners/main";
    for what in [What::Started, What::Parked] {
        let mark = control.mark();
        control.panic(listener)?;
        control
            .wait_for("answer", mark, SOON, |event| event.path == listener && event.what == what)?;
    }
    assert_eq!(reasons(&office)?, ["listener main is not bound"]);
    Ok(())
}
