//! Counts the instructions of a run: figures that a change can be held against, since unlike times
//! they are the same from one run to the next.

mod callgrind;

use std::env;

use anyhow::{Context as _, Result, ensure};

use crate::peers::find;

pub use callgrind::Callgrind;

/// Instructions of a whole run of this program with these arguments, under valgrind's callgrind. Two
/// runs that differ in how often they do something tell what it costs: what starting and stopping
/// costs falls out of their difference.
///
/// # Errors
/// When valgrind is not installed, or the run fails: then with what it said.
pub fn of_this_program(arguments: &[String]) -> Result<u64> {
    let valgrind =
        find("valgrind").context("valgrind is not installed: apt-get install valgrind")?;
    let mut command = valgrind.command();
    command
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(env::current_exe()?)
        .args(arguments);
    let output = command.output().context("valgrind")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{}:\n{said}", output.status);
    let collected = said.lines().find_map(|line| line.split_once("Collected :"));
    let (_, count) = collected.with_context(|| format!("callgrind counted nothing:\n{said}"))?;
    Ok(count.trim().parse()?)
}
