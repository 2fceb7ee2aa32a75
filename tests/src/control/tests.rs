//! The control client against a script that plays the server.

use std::io::{self, BufRead, BufReader, PipeReader, PipeWriter, Write};

use super::*;

const SOON: Duration = Duration::from_secs(10);

/// A client, and the server's two ends.
fn connected() -> Result<(Control, BufReader<PipeReader>, PipeWriter)> {
    let (answers, server_stdout) = io::pipe()?;
    let (server_stdin, commands) = io::pipe()?;
    Ok((Control::new(answers, Some(commands))?, BufReader::new(server_stdin), server_stdout))
}

fn event(path: &str, what: What) -> String {
    let event =
        Event { at_nanos: 1, path: path.to_owned(), generation: 2, what, reason: None, text: None };
    format!("{}\n", serde_json::json!({ "event": event }))
}

#[test]
fn commands_are_lines_with_the_path_and_the_time() -> Result<()> {
    let (control, stdin, _stdout) = connected()?;
    control.panic("server/traffic/pools/web/pool")?;
    control.panic_message("server/control")?;
    control.block("server/control/steward", Duration::from_millis(1500))?;
    control.close();
    let sent: Vec<String> = stdin.lines().collect::<io::Result<_>>()?;
    let expected = [
        "panic server/traffic/pools/web/pool",
        "panic-message server/control",
        "block server/control/steward 1500",
    ];
    assert_eq!(sent, expected);
    Ok(())
}

#[test]
fn an_event_is_waited_for_from_a_mark_on() -> Result<()> {
    let (control, _stdin, mut stdout) = connected()?;
    stdout.write_all(event("server/traffic/pools/web/pool", What::Exited).as_bytes())?;
    let exited = |event: &Event| event.what == What::Exited;
    let (first, mark) = control.wait_for("exit", 0, SOON, exited)?;
    assert_eq!((first.path.as_str(), mark), ("server/traffic/pools/web/pool", 1));
    assert!(control.wait_for("exit", mark, Duration::from_millis(1), exited).is_err());
    stdout.write_all(event("server/control", What::Exited).as_bytes())?;
    let (second, _) = control.wait_for("exit", mark, SOON, exited)?;
    assert_eq!(second.path, "server/control");
    Ok(())
}

#[test]
fn events_are_counted_by_the_kind_of_actor() -> Result<()> {
    let (control, _stdin, mut stdout) = connected()?;
    for worker in 0..3 {
        let path = format!("server/traffic/routers/w{worker}");
        stdout.write_all(event(&path, What::Restarting).as_bytes())?;
    }
    let key = ("router".to_owned(), What::Restarting);
    let counts =
        control.wait_for_counts("3 restarts", SOON, |counts| counts.get(&key) == Some(&3))?;
    assert_eq!(counts.len(), 1);
    Ok(())
}

#[test]
fn the_tree_is_asked_for_and_read() -> Result<()> {
    let (control, mut stdin, mut stdout) = connected()?;
    let node = Node {
        path: "server".to_owned(),
        kind: "supervisor".to_owned(),
        state: "running".to_owned(),
        worker: None,
        generation: 1,
        restarts: 0,
        mailbox: 0,
        detail: None,
    };
    writeln!(stdout, "{}", serde_json::json!({ "tree": [node] }))?;
    assert_eq!(control.tree(SOON)?, [node]);
    let mut asked = String::new();
    stdin.read_line(&mut asked)?;
    assert_eq!(asked, "tree\n");
    Ok(())
}

#[test]
fn the_reason_and_text_of_an_exit_are_read() -> Result<()> {
    let (control, _stdin, mut stdout) = connected()?;
    let what = r#""what":"exited","reason":"panicked","text":"boom""#;
    writeln!(stdout, r#"{{"event":{{"at_nanos":5,"path":"server","generation":1,{what}}}}}"#)?;
    let (event, _) = control.wait_for("exit", 0, SOON, |_| true)?;
    assert_eq!((event.reason.as_deref(), event.text.as_deref()), (Some("panicked"), Some("boom")));
    Ok(())
}

#[test]
fn a_line_outside_the_protocol_fails_every_wait_at_once() -> Result<()> {
    let (control, _stdin, mut stdout) = connected()?;
    stdout.write_all(b"hello\n")?;
    let error = control.wait_for("event", 0, SOON, |_| true).err().map(|error| error.to_string());
    assert!(error.is_some_and(|text| text.contains("hello")));
    Ok(())
}

#[test]
fn the_servers_end_fails_every_wait_at_once() -> Result<()> {
    let (control, _stdin, stdout) = connected()?;
    drop(stdout);
    assert!(control.wait_for("event", 0, SOON, |_| true).is_err());
    assert!(control.tree(SOON).is_err());
    Ok(())
}
