use anyhow::{Context, Result};
use serde_json::Value;
use trunkline_tests::process::Process;

use super::stage::Stage;
use crate::SOON;

const RESPONDER: &str = "server/demo/responders/one/w0";

#[test]
fn where_no_terminal_is_the_tree_has_a_line_for_every_actor() -> Result<()> {
    let stage = Stage::start()?;
    let tree = stage.read(&["tree"])?;
    let drawn = stage.say(&["tree"])?;
    assert!(!drawn.contains('\x1b'), "{drawn}");
    // Probes come and go; who is not numbered stays.
    let lasting = |name: &str| !name.bytes().all(|byte| byte.is_ascii_digit());
    let names = tree["nodes"].as_array().context("nodes")?.iter().filter_map(|node| {
        let path = node["path"].as_str()?;
        Some(path.rsplit_once('/').map_or(path, |(_, name)| name)).filter(|name| lasting(name))
    });
    let name = |row: &str| {
        let row = row.trim_start_matches(['│', '├', '└', '─', ' ']);
        row.split(' ').next().map(ToOwned::to_owned)
    };
    let drawn: Vec<_> = drawn.lines().filter_map(name).filter(|name| lasting(name)).collect();
    assert_eq!(drawn, names.collect::<Vec<_>>());
    assert!(drawn.len() > 60);
    Ok(())
}

#[test]
fn a_restart_is_done_told_and_seen() -> Result<()> {
    let stage = Stage::start()?;
    let told = Process::spawn(stage.command(&["events"]))?;
    let json = Process::spawn(stage.command(&["events", "--json"]))?;
    // Both are there once they tell something: of the probes.
    told.wait_for_line(" started ", SOON)?;
    json.wait_for_line("\"what\":\"started\"", SOON)?;
    let said = stage.say(&["restart", RESPONDER])?;
    assert!(said.starts_with(&format!("{RESPONDER} is being restarted")), "{said}");
    told.wait_for_line(&format!("Z exited      {RESPONDER} #1"), SOON)?;
    told.wait_for_line(&format!("Z started     {RESPONDER} #2"), SOON)?;
    let path = format!("\"path\":\"{RESPONDER}\"");
    let event: Value = serde_json::from_str(&json.wait_for_line(&path, SOON)?)?;
    assert_eq!((&event["what"], &event["generation"]), (&"exited".into(), &1.into()));
    let tree = stage.read(&["tree"])?;
    let mut nodes = tree["nodes"].as_array().context("nodes")?.iter();
    let node = nodes.find(|node| node["path"] == RESPONDER).context("the responder")?;
    assert_eq!((&node["generation"], &node["restarts"]), (&2.into(), &1.into()));
    Ok(())
}

#[test]
fn a_request_is_found_among_the_traces_and_drawn_along_its_time() -> Result<()> {
    let stage = Stage::start()?;
    assert_eq!(stage.get("/crash")?.status, 500);
    // It is kept once its end has reached the thread that makes spans.
    let listed = (0..500)
        .find_map(|_| {
            let listed = stage.say(&["trace"]).ok()?;
            listed.lines().find(|line| line.contains("! GET all")).map(ToOwned::to_owned)
        })
        .context("no trace of the request")?;
    let id = listed.split(' ').next().context("an id")?;
    let drawn = stage.say(&["trace", id])?;
    assert!(drawn.starts_with(&format!("trace {id}  ")), "{drawn}");
    for part in ["\nGET all ", "\n  receive ", "\n  lease ", "\n  try ", "━", " !\n", "status 500"]
    {
        assert!(drawn.contains(part), "{part:?} in {drawn}");
    }
    assert!(drawn.contains("server/traffic/listeners/web/connections/w"), "{drawn}");
    let trace = stage.read(&["trace", id])?;
    assert_eq!(trace["trace_id"], id);
    assert!(stage.read(&["trace"])?["traces"].is_array());
    Ok(())
}

#[test]
fn a_backend_drains_and_serves_again() -> Result<()> {
    let stage = Stage::start()?;
    let pools = stage.read(&["pools"])?;
    let responders = &pools["pools"][1];
    assert_eq!(responders["name"], "responders");
    let address = responders["backends"][0]["address"].as_str().context("an address")?;
    let shown = || -> Result<String> {
        let pools = stage.say(&["pools"])?;
        let row = pools.lines().find(|line| line.trim_start().starts_with(address));
        row.map(ToOwned::to_owned).with_context(|| pools.clone())
    };
    assert!(stage.say(&["pools"])?.contains("responders  round_robin, 3 of 3 serving"));
    assert!(!shown()?.contains("draining"));
    let said = stage.say(&["drain", "responders", address, "--within", "1s"])?;
    assert_eq!(
        said,
        format!(
            "backend {address} of pool responders gets nothing new; what is bound to it ends \
             within 1s\n"
        )
    );
    assert!(shown()?.contains("up, draining"));
    assert!(stage.say(&["pools"])?.contains("2 of 3 serving"));
    let said = stage.say(&["drain", "responders", address, "--undo"])?;
    assert_eq!(said, format!("backend {address} of pool responders gets its share again\n"));
    assert!(!shown()?.contains("draining"));
    Ok(())
}
