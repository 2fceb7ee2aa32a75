use anyhow::{Context, Result};
use serde_json::json;
use trunkline_tests::control::What;
use trunkline_tests::load::{Load, LoadPlan};

use super::office::Office;
use crate::site::{Setup, echo, greeter};
use crate::{ANY, SOON, peer};

const OWN: &str = "server/control/observability/admin";

#[test]
fn a_backend_that_drains_is_chosen_no_more_until_it_is_told_otherwise() -> Result<()> {
    let (one, two) = (greeter("one", ANY)?, greeter("two", ANY)?);
    let office = Office::open(&Setup::PLAIN, &[one.address(), two.address()])?;
    let greeted = |count: usize| -> Result<Vec<String>> {
        (0..count).map(|_| office.site.connect()?.line()).collect()
    };
    let member = json!({ "pool": "main", "backend": one.address() });
    assert_eq!(office.order("/pools/drain", &member)?.status, 202);
    assert_eq!(greeted(4)?, ["two"; 4]);
    assert_eq!(office.order("/pools/undrain", &member)?.status, 202);
    let weighed = json!({ "pool": "main", "backend": one.address(), "weight": 3 });
    assert_eq!(office.order("/pools/weigh", &weighed)?.status, 202);
    assert_eq!(office.read("/pools")?["pools"][0]["backends"][0]["weight"], 3);
    let ones = greeted(8)?.iter().filter(|name| *name == "one").count();
    assert_eq!(ones, 6);
    Ok(())
}

#[test]
fn a_connection_can_be_ended_by_its_path() -> Result<()> {
    let backend = echo()?;
    let setup = Setup { server: "workers = 2\ndrain = \"0s\"", ..Setup::PLAIN };
    let office = Office::open(&setup, &[backend.address()])?;
    let mut client = office.site.connect()?;
    client.echo("hello")?;
    let path = office.read("/connections")?["connections"][0]["path"].clone();
    assert_eq!(office.order("/connections/close", &json!({ "path": path }))?.status, 202);
    client.expect_over()
}

#[test]
fn a_crash_of_the_api_under_load_costs_its_own_connections_and_nothing_else() -> Result<()> {
    let backend = echo()?;
    let (office, control) = Office::open_with_faults(&Setup::PLAIN, &[backend.address()])?;
    let load = Load::start(peer(), &LoadPlan::new(office.site.address(), 200, 2))?;
    for _ in 0..5 {
        let mut kept = office.connect()?;
        kept.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")?;
        assert_eq!(kept.answer()?.status, 200);
        let mark = control.mark();
        control.panic(OWN)?;
        let (_, mark) = control.wait_for("crash", mark, SOON, |event| {
            event.path == OWN && event.what == What::Exited
        })?;
        // The socket was never closed: who comes now waits for the next incarnation.
        assert_eq!(office.get("/healthz")?.status, 200);
        control.wait_for("restart", mark, SOON, |event| {
            event.path == OWN && event.what == What::Started
        })?;
        let _ = kept.rest();
    }
    let summary = load.finish()?;
    assert_eq!(summary.failed(), 0, "{summary:?}");
    let tree = office.read(&format!("/tree?under={OWN}"))?;
    assert_eq!(tree["nodes"][0]["restarts"], 5);
    Ok(())
}

#[test]
fn an_order_that_ends_the_api_is_answered_before_it_is_carried_out() -> Result<()> {
    let backend = echo()?;
    let office = Office::open(&Setup::PLAIN, &[backend.address()])?;
    for (order, path) in [
        ("restart", OWN),
        ("kill", OWN),
        ("restart", "server/control/observability"),
        ("restart", "server/control"),
    ] {
        let before = generation(&office, OWN)?;
        let answer = office.order(&format!("/tree/{order}"), &json!({ "path": path }))?;
        assert_eq!(answer.status, 202, "{order} {path}");
        assert!(answer.closes());
        // The next is served once it has been carried out, or by the incarnation that is to end.
        let later = (0..1000)
            .find_map(|_| generation(&office, OWN).ok().filter(|generation| *generation > before));
        later.with_context(|| format!("{order} {path}"))?;
    }
    Ok(())
}

fn generation(office: &Office, path: &str) -> Result<u64> {
    let tree = office.read(&format!("/tree?under={path}"))?;
    tree["nodes"][0]["generation"].as_u64().context("a generation")
}
