//! The lines on stderr.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context, Result};
use rustix::process::Signal;
use serde_json::Value;
use trunkline_tests::port::ReservedPort;
use trunkline_tests::process::Process;

use super::SOON;
use super::site::{Setup, Site, echo, trunkline};

/// Ends the program in order and returns all it has said.
fn all_lines(site: &mut Site) -> Result<Vec<String>> {
    site.process.signal(Signal::TERM)?;
    said(&mut site.process)
}

/// All that the process has said once it has ended.
fn said(process: &mut Process) -> Result<Vec<String>> {
    process.wait(SOON)?;
    // Waits until stderr has been read to its end.
    let _shown = process.last_lines();
    Ok(process.stderr().last(usize::MAX))
}

fn is_plain(line: &str) -> bool {
    !line.contains(|character: char| character.is_control())
}

#[test]
fn in_json_every_line_parses_and_every_connection_has_one_with_all_fields() -> Result<()> {
    let backend = echo()?;
    let mut site = Site::start(&Setup::PLAIN, &[backend.address()])?;
    let mut clients = BTreeSet::new();
    for _ in 0..5 {
        let mut client = site.connect()?;
        client.echo("hello")?;
        client.finish()?;
        client.expect_end()?;
        clients.insert(client.local_addr()?.to_string());
    }
    let mut logged = BTreeSet::new();
    for line in all_lines(&mut site)? {
        let line: Value = serde_json::from_str(&line).with_context(|| format!("{line:?}"))?;
        if line["message"] != "connection closed" {
            continue;
        }
        let fields: BTreeSet<_> = line.as_object().context("an object")?.keys().collect();
        let known = "timestamp level message target id client listener pool backend tries phase \
                     code bytes_in bytes_out wait_us total_us";
        assert_eq!(
            fields.iter().map(|field| field.as_str()).collect::<BTreeSet<_>>(),
            known.split_whitespace().collect()
        );
        let texts = ["listener", "pool", "backend", "phase", "code"].map(|key| &line[key]);
        let address = backend.address().to_string();
        assert_eq!(texts, ["main", "main", &address, "stream", "done"]);
        let numbers = ["tries", "bytes_in", "bytes_out"].map(|key| &line[key]);
        assert_eq!(numbers, [1, 5, 5]);
        assert!(line["wait_us"].as_u64() <= line["total_us"].as_u64(), "{line}");
        let client = line["client"].as_str().context("a client")?.to_owned();
        assert!(logged.insert(client), "two lines of one connection: {line}");
    }
    assert_eq!(logged, clients);
    Ok(())
}

#[test]
fn text_has_one_line_for_a_connection_too() -> Result<()> {
    let backend = echo()?;
    let setup = Setup { log: "", ..Setup::PLAIN };
    let mut site = Site::start(&setup, &[backend.address()])?;
    let mut client = site.connect()?;
    client.echo("hello")?;
    client.finish()?;
    client.expect_end()?;
    let lines = all_lines(&mut site)?;
    assert!(lines.iter().all(|line| is_plain(line)), "{lines:#?}");
    let name = format!("client={}", client.local_addr()?);
    let of_client: Vec<_> = lines.iter().filter(|line| line.contains(&name)).collect();
    let [line] = of_client[..] else {
        panic!("{lines:#?}");
    };
    assert!(line.contains("connection closed") && line.contains("code=\"done\""), "{line}");
    Ok(())
}

#[test]
fn the_level_can_be_set_by_the_environment() -> Result<()> {
    let (port, backend) = (ReservedPort::new()?, echo()?);
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("trunkline.toml");
    let text = Setup::PLAIN.file(port.address().port(), &[backend.address()]);
    fs::write(&file, text)?;
    let mut command = trunkline();
    command.arg("run").arg("-c").arg(&file);
    command.env("TRUNKLINE__LOG__LEVEL", "error");
    let mut process = Process::spawn(command)?;
    process.wait_until_listening(port.address(), SOON)?;
    let mut client = super::end::End::connect(port.address())?;
    client.echo("hello")?;
    drop(client);
    process.signal(Signal::TERM)?;
    assert_eq!(process.wait(SOON)?.code(), Some(0));
    assert_eq!(process.last_lines(), "");
    Ok(())
}

#[test]
fn a_panic_is_one_line_and_nothing_of_the_default_hook() -> Result<()> {
    let backend = echo()?;
    let (mut site, control) = Site::start_with_faults(&Setup::PLAIN, &[backend.address()])?;
    let paths = ["server/traffic/routers/w0", "server/traffic/pools/main/pool"];
    for path in paths {
        control.panic(path)?;
        control
            .wait_for("restart", 0, SOON, |event| event.path == path && event.generation == 2)?;
    }
    let lines = all_lines(&mut site)?;
    let json: Vec<Value> = lines
        .iter()
        // What this build says of its own supervision.
        .filter(|line| !line.starts_with("trunkline-faults: "))
        .map(|line| serde_json::from_str(line).with_context(|| format!("{line:?}")))
        .collect::<Result<_>>()?;
    let panics: Vec<_> = json.iter().filter(|line| line.to_string().contains("panic")).collect();
    assert_eq!(panics.len(), paths.len(), "{panics:#?}");
    // They were on two threads, whose lines may change places within milliseconds.
    for path in paths {
        let line = panics.iter().find(|line| line["path"] == path).context("no line of it")?;
        assert_eq!(line["level"], "ERROR");
        let text = line["panic"].as_str().context("a text")?;
        assert!(text.contains(trunkline_runtime::INJECTED), "{line}");
        assert!(line["place"].as_str().is_some_and(|place| place.contains(".rs:")), "{line}");
    }
    Ok(())
}

#[test]
fn control_characters_of_a_files_name_and_keys_do_not_reach_the_log_raw() -> Result<()> {
    let (port, backend) = (ReservedPort::new()?, echo()?);
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("two\nlines \u{1b}[31mred.toml");
    let setup = Setup { log: "", ..Setup::PLAIN };
    let text = setup.file(port.address().port(), &[backend.address()]);
    fs::write(&file, &text)?;
    let mut command = trunkline();
    command.arg("run").arg("-c").arg(&file);
    let mut process = Process::spawn(command)?;
    process.wait_for_line("listening", SOON)?;
    process.signal(Signal::HUP)?;
    process.wait_for_line("the backends of the file are in use", SOON)?;
    fs::write(&file, format!("\"\\u001b[31m\\nkey\" = 1\n{text}"))?;
    process.signal(Signal::HUP)?;
    process.wait_for_line("the file has a mistake", SOON)?;
    process.signal(Signal::TERM)?;
    let lines = said(&mut process)?;
    assert!(lines.iter().all(|line| is_plain(line)), "{lines:#?}");
    // A line that began inside a name would begin with something else than a time.
    assert!(lines.iter().all(|line| line.starts_with("20")), "{lines:#?}");
    Ok(())
}
