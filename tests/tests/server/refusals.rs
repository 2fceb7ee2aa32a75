//! Starts that the machine does not allow: a sentence, and exit code 1.

use std::ffi::OsStr;
use std::fs;
use std::net::TcpListener;
use std::process::Command;

use anyhow::Result;

use super::ANY;
use super::site::{Setup, trunkline};

/// The sentence with which `run` refuses a listener on `host`:`port`.
fn refusal(host: &str, port: u16, start: impl FnOnce(Command) -> Command) -> Result<String> {
    let setup = Setup { host, ..Setup::PLAIN };
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("trunkline.toml");
    fs::write(&file, setup.file(port, &["127.0.0.1:1"]))?;
    let mut command = trunkline();
    command.arg("run").arg("-c").arg(&file);
    let refused = start(command).output()?;
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    assert!(refused.stdout.is_empty(), "{refused:?}");
    let said = String::from_utf8(refused.stderr)?;
    assert_eq!(said.lines().count(), 1, "{said}");
    Ok(said)
}

#[test]
fn a_port_in_use_is_refused_with_who_to_ask_for() -> Result<()> {
    let taken = TcpListener::bind(ANY)?;
    let port = taken.local_addr()?.port();
    let said = refusal("127.0.0.1", port, |command| command)?;
    let place = format!("listener main: cannot listen on 127.0.0.1:{port}: the port is in use");
    assert!(said.contains(&place) && said.contains("ss -ltnp"), "{said}");
    Ok(())
}

#[test]
fn an_address_of_another_machine_is_refused() -> Result<()> {
    // Reserved for documentation, so it is nobody's.
    let said = refusal("192.0.2.1", 0, |command| command)?;
    assert!(said.contains("this machine has no address 192.0.2.1"), "{said}");
    assert!(said.contains("0.0.0.0"), "{said}");
    Ok(())
}

#[test]
fn a_privileged_port_is_refused_with_the_ways_to_have_it() -> Result<()> {
    let limit = fs::read_to_string("/proc/sys/net/ipv4/ip_unprivileged_port_start");
    let open = limit.is_ok_and(|limit| limit.trim() == "0");
    if rustix::process::geteuid().is_root() || open {
        eprintln!("SKIPPED: this user may listen on every port");
        return Ok(());
    }
    let said = refusal("127.0.0.1", 81, |command| command)?;
    assert!(said.contains("port 81 needs a privilege"), "{said}");
    assert!(said.contains("cap_net_bind_service"), "{said}");
    Ok(())
}

#[test]
fn too_few_descriptors_are_refused_with_the_way_to_have_more() -> Result<()> {
    let said = refusal("127.0.0.1", 0, |command| {
        let mut shell = Command::new("sh");
        shell.args(["-c", "ulimit -n 70 && exec \"$0\" \"$@\""]);
        shell.arg(command.get_program()).args(command.get_args());
        // Which variables were removed is not copied with the arguments.
        for (key, _) in command.get_envs() {
            shell.env_remove::<&OsStr>(key);
        }
        shell
    })?;
    assert!(said.contains("70 open files are too few"), "{said}");
    assert!(said.contains("LimitNOFILE="), "{said}");
    Ok(())
}
