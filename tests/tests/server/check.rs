//! `trunkline check`, `--version`, and `trunkline run` with a file that is no good.

use std::fs;
use std::net::TcpListener;
use std::process::{Command, Output};

use anyhow::{Context, Result};

use super::ANY;
use super::site::{Setup, trunkline};

/// What is wrong, in the order of the places below.
const FIVE: [&str; 5] = [
    "server.drian: is not a key that is known here: \
     write one of workers, drain, lame_duck, connections, zone, admin; did you mean \"drain\"?",
    "listener.web.bind: port \"99999\" is above 65535: write a number from 0 to 65535",
    "listener.web.pool: there is no pool \"wbe\": \
     write the name of a pool, or add a table pool.wbe; did you mean \"web\"?",
    "pool.web.balance: \"roundrobin\" is not an algorithm: \
     write one of round_robin, least_request, random, two_choices, peak_ewma, ring_hash, maglev, \
     source_hash; did you mean \"round_robin\"?",
    "pool.web.backends[1].weight: 0 is too small: write a whole number from 1 to 256",
];

const TOML: &str = r#"[server]
drian = "30s"
[listener.web]
bind = "127.0.0.1:99999"
pool = "wbe"
[pool.web]
balance = "roundrobin"
backends = ["10.0.0.1:80", { address = "10.0.0.2:80", weight = 0 }]
"#;

const YAML: &str = "server:
  drian: 30s
listener:
  web:
    bind: 127.0.0.1:99999
    pool: wbe
pool:
  web:
    balance: roundrobin
    backends:
      - 10.0.0.1:80
      - address: 10.0.0.2:80
        weight: 0
";

const JSON: &str = r#"{
  "server": { "drian": "30s" },
  "listener": { "web": { "bind": "127.0.0.1:99999", "pool": "wbe" } },
  "pool": {
    "web": {
      "balance": "roundrobin",
      "backends": ["10.0.0.1:80", { "address": "10.0.0.2:80", "weight": 0 }]
    }
  }
}"#;

fn output(mut command: Command) -> Result<Output> {
    command.output().context("starting the program")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn five_mistakes_are_named_at_once_with_their_places_in_each_format() -> Result<()> {
    let formats = [
        ("a.toml", TOML, ["2:1", "4:8", "5:8", "7:11", "8:64"]),
        ("a.yaml", YAML, ["2:3", "5:11", "6:11", "9:14", "13:17"]),
        ("a.json", JSON, ["2:15", "3:34", "3:61", "6:18", "7:73"]),
    ];
    let folder = tempfile::tempdir()?;
    for (name, wrong, places) in formats {
        let file = folder.path().join(name);
        fs::write(&file, wrong)?;
        let mut command = trunkline();
        command.arg("check").arg(&file);
        let checked = output(command)?;
        assert_eq!(checked.status.code(), Some(2), "{name}");
        assert_eq!(text(&checked.stdout), "", "{name}");
        let file = file.display();
        let named = places.iter().zip(FIVE);
        let named: String =
            named.map(|(place, what)| format!("{file}:{place}: {what}\n")).collect();
        assert_eq!(text(&checked.stderr), named + "5 mistakes\n", "{name}");
    }
    Ok(())
}

#[test]
fn a_good_file_is_called_good_and_nothing_is_bound() -> Result<()> {
    // Taken: who would bind it, would fail.
    let taken = TcpListener::bind(ANY)?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("good.toml");
    fs::write(&file, Setup::PLAIN.file(taken.local_addr()?.port(), &["10.0.0.1:80"]))?;
    let mut command = trunkline();
    command.arg("check").arg(&file);
    let checked = output(command)?;
    assert_eq!(checked.status.code(), Some(0), "{checked:?}");
    assert!(text(&checked.stdout).contains("good: 1 listener"), "{checked:?}");
    assert_eq!(text(&checked.stderr), "");
    Ok(())
}

#[test]
fn a_file_that_is_not_there_is_named() -> Result<()> {
    for command in ["check", "run"] {
        let mut asked = trunkline();
        asked.arg(command);
        if command == "run" {
            asked.arg("-c");
        }
        asked.arg("/nowhere/at-all.toml");
        let refused = output(asked)?;
        assert_eq!(refused.status.code(), Some(2), "{refused:?}");
        let said = text(&refused.stderr);
        assert!(
            said.contains("/nowhere/at-all.toml") && said.contains("there is no such file"),
            "{said}"
        );
    }
    Ok(())
}

#[test]
fn run_names_all_mistakes_before_it_binds_anything() -> Result<()> {
    // Taken: had it been bound, that would have been what is complained about.
    let taken = TcpListener::bind(ANY)?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("bad.toml");
    let good = Setup::PLAIN.file(taken.local_addr()?.port(), &["10.0.0.1:80"]);
    fs::write(&file, format!("{good}colour = \"red\"\nattempts = 0\n"))?;
    let mut command = trunkline();
    command.arg("run").arg("-c").arg(&file);
    let refused = output(command)?;
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
    let said = text(&refused.stderr);
    assert!(said.contains("colour") && said.contains("attempts"), "{said}");
    assert!(said.ends_with("2 mistakes\n") && !said.contains("in use"), "{said}");
    Ok(())
}

#[test]
fn the_version_is_that_of_the_package() -> Result<()> {
    let mut command = trunkline();
    command.arg("--version");
    let version = output(command)?;
    assert_eq!(version.status.code(), Some(0));
    let expected = concat!("trunkline-under-test ", env!("CARGO_PKG_VERSION"), "\n");
    assert_eq!(text(&version.stdout), expected);
    Ok(())
}

#[test]
fn a_command_line_that_is_not_understood_is_refused_with_the_usage() -> Result<()> {
    for arguments in [&["serve"][..], &["run"], &["check"], &["proxy", "--listen", "[::]:1"]] {
        let mut command = trunkline();
        command.args(arguments);
        let refused = output(command)?;
        assert_eq!(refused.status.code(), Some(2), "{arguments:?}");
        assert!(text(&refused.stderr).contains("Usage: "), "{refused:?}");
    }
    Ok(())
}
