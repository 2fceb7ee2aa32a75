//! The cases of Autobahn, driven by kosoku.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use trunkline_tests::peers::{Program, python};

use super::{Front, listen_to, require_of_python, script};

/// All but those that take minutes: large bodies in tiny frames, and compression at all sizes but
/// one.
const CASES: [&str; 16] = [
    "1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "9.1.*", "9.2.*", "9.5.*", "9.6.*", "9.7.*",
    "9.8.*", "10.*", "12.*.3", "13.*.3",
];
/// At least so many are these.
const COUNT: usize = 290;

/// The verdict on each case: of its messages, and of its end.
type Verdicts = BTreeMap<String, (String, String)>;

/// A server has its own faults, which are not ours: it is judged without the proxy as well.
#[test]
fn no_case_of_autobahn_fails_through_the_proxy_that_does_not_fail_without_it() -> Result<()> {
    let (Some(python), Some(kosoku)) = (require_of_python("python")?, require_of_python("kosoku")?)
    else {
        return Ok(());
    };
    let origin = python::start(&python, &script("echo_websocket.py"), [""; 0])?;
    let front = Front::of(origin.address())?;
    let direct = verdicts(&kosoku, origin.address())?;
    let through = verdicts(&kosoku, front.address())?;
    ensure!(direct.len() >= COUNT && through.len() == direct.len(), "{}", through.len());
    let failed: Vec<_> = through.iter().filter(|(_, verdict)| !passed(verdict)).collect();
    let ours: Vec<_> =
        failed.iter().filter(|(case, _)| direct.get(*case).is_none_or(passed)).collect();
    ensure!(ours.is_empty(), "{ours:?}");
    ensure!(failed.len() < 5, "the server itself fails too often to tell: {failed:?}");
    front.ends_well()
}

fn passed((messages, end): &(String, String)) -> bool {
    [messages, end].iter().all(|it| ["OK", "NON-STRICT", "INFORMATIONAL"].contains(&it.as_str()))
}

fn verdicts(kosoku: &Program, server: SocketAddr) -> Result<Verdicts> {
    let folder = tempfile::tempdir()?;
    let mut command = kosoku.command();
    command.args(["--parallelism", "8", "--outdir"]).arg(folder.path());
    command.args(CASES.iter().flat_map(|case| ["--include", case]));
    command.arg(server.to_string());
    // Its exit code is 1 where a case has failed, which is looked at below.
    let said = listen_to(command)?;
    read(&folder.path().join("index.json"))
        .with_context(|| format!("kosoku: {:?}\n{}\n{}", said.code, said.stdout, said.stderr))
}

/// Reads the report: agents, which are one here unless cases had no answer, and their cases.
fn read(report: &Path) -> Result<Verdicts> {
    let report: BTreeMap<String, BTreeMap<String, Value>> =
        serde_json::from_slice(&std::fs::read(report)?)?;
    let text = |of: &Value| of.as_str().unwrap_or("none").to_owned();
    let cases = report.into_values().flatten();
    Ok(cases
        .map(|(case, it)| (case, (text(&it["behavior"]), text(&it["behaviorClose"]))))
        .collect())
}
