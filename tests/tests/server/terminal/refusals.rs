use std::fs;
use std::process::Stdio;

use anyhow::Result;
use trunkline_tests::port::ReservedPort;

use super::stage::{Stage, refusal};
use crate::site::trunkline;

const TOKEN: &str = "0123456789abcdef";

#[test]
fn where_no_server_is_each_command_says_so_and_what_to_do() -> Result<()> {
    let port = ReservedPort::new()?;
    let address = port.address().to_string();
    for command in [
        &["tree"][..],
        &["events"],
        &["trace"],
        &["pools"],
        &["drain", "a", "127.0.0.1:1"],
        &["restart", "server"],
    ] {
        let said = refusal(&trunkline().args(command).env("TRUNKLINE_ADMIN", &address).output()?)?;
        assert!(said.contains(&format!("no server answers at {address} (")), "{said}");
        assert!(said.contains("--admin ADDRESS"), "{said}");
    }
    let said = refusal(&trunkline().arg("tree").env("TRUNKLINE_ADMIN", "nowhere").output()?)?;
    assert!(said.contains("TRUNKLINE_ADMIN: "), "{said}");
    Ok(())
}

#[test]
fn a_token_is_brought_from_a_file_or_a_variable() -> Result<()> {
    let stage = Stage::start_with(None, &[("TRUNKLINE__ADMIN__TOKEN", TOKEN)])?;
    let said = refusal(&stage.command(&["pools"]).output()?)?;
    assert!(said.contains("wants its token") && said.contains("--token-file"), "{said}");
    let wrong = stage.command(&["pools"]).env("TRUNKLINE_ADMIN_TOKEN", "another").output()?;
    let said = refusal(&wrong)?;
    assert!(said.contains("does not take this token") && !said.contains("another"), "{said}");
    let right = stage.command(&["pools"]).env("TRUNKLINE_ADMIN_TOKEN", TOKEN).output()?;
    assert!(right.status.success(), "{right:?}");
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("token");
    fs::write(&file, format!("{TOKEN}\n"))?;
    let right = stage.command(&["pools"]).arg("--token-file").arg(&file).output()?;
    assert!(right.status.success(), "{right:?}");
    let missing = folder.path().join("missing");
    let said = refusal(&stage.command(&["pools"]).arg("--token-file").arg(&missing).output()?)?;
    assert!(said.contains("missing"), "{said}");
    Ok(())
}

#[test]
fn what_is_not_there_is_named() -> Result<()> {
    let stage = Stage::start()?;
    for (command, part) in [
        (&["restart", "server/no\x1bwhere"][..], "there is no \"server/no"),
        (&["drain", "nobody", "127.0.0.1:1"], "there is no pool \"nobody\": `pools` shows"),
        (&["drain", "flaky", "127.0.0.1:1"], "has no backend 127.0.0.1:1: `pools` shows"),
        (&["drain", "flaky", "somebody"], "there is no backend of that name: `pools` shows"),
        (&["drain", "flaky", "127.0.0.1:1", "--within", "soon"], "write a number and a unit"),
        (&["trace", "0af7651916cd43dd8448eb211c80319c"], "this trace is not kept: `trace` without"),
        (&["trace", "../config"], "that is no id of a trace: write 32 hexadecimal digits"),
        (&["tree", "--watch"], "--watch needs a terminal"),
    ] {
        let said = refusal(&stage.command(command).output()?)?;
        assert!(said.contains(part) && !said.contains('\x1b'), "{said}");
    }
    Ok(())
}

#[test]
fn a_unix_socket_is_asked_like_a_port() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let admin = format!("unix:{}", folder.path().join("admin.sock").display());
    let stage = Stage::start_with(Some(&admin), &[])?;
    assert!(stage.say(&["pools"])?.contains("responders  round_robin"));
    Ok(())
}

#[test]
fn nobody_who_reads_is_no_failure() -> Result<()> {
    let stage = Stage::start()?;
    for command in [&["tree"][..], &["events"]] {
        let mut command = stage.command(command);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        drop(child.stdout.take());
        let output = child.wait_with_output()?;
        assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    }
    Ok(())
}
