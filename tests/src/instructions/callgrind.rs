//! A server under callgrind, which is counted while it is at work and not while it starts.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;

use crate::peers::{Program, find};

/// Valgrind, with the program that speaks to it while it runs another.
#[derive(Debug)]
pub struct Callgrind {
    valgrind: Program,
    vgdb: Program,
    folder: TempDir,
}

impl Callgrind {
    /// Those of this machine; none where it is not installed.
    ///
    /// # Errors
    /// When there is no folder for what it writes.
    pub fn find() -> Result<Option<Self>> {
        let Some((valgrind, vgdb)) = find("valgrind").zip(find("vgdb")) else { return Ok(None) };
        Ok(Some(Self { valgrind, vgdb, folder: tempfile::tempdir()? }))
    }

    /// A command that runs `program` under it, uncounted at first.
    pub fn command(&self, program: &Path) -> Command {
        let mut command = self.valgrind.command();
        let mut out = self.prefix("--vgdb-prefix=");
        command.arg(out);
        out = self.prefix("--callgrind-out-file=");
        command.arg(out);
        // Fair, so that the thread of spans is not left behind by the workers.
        command
            .args(["--tool=callgrind", "--instr-atstart=no", "--fair-sched=yes", "--vgdb-poll=0"])
            .arg(program);
        command
    }

    /// Counts what process `id` does from here on.
    ///
    /// # Errors
    /// When it does not listen.
    pub fn begin(&self, id: u32) -> Result<()> {
        self.tell(id, &["instrumentation", "on"])?;
        self.tell(id, &["zero"])
    }

    /// The instructions of all threads of process `id` in user space, since [`Callgrind::begin`], and
    /// no longer counts them.
    ///
    /// # Errors
    /// When it does not listen, or writes nothing.
    pub fn end(&self, id: u32) -> Result<u64> {
        self.tell(id, &["dump"])?;
        self.tell(id, &["instrumentation", "off"])?;
        let mut found = None;
        for file in fs::read_dir(self.folder.path())? {
            let file = file?.path();
            if file.to_string_lossy().contains("callgrind.out.") {
                let text = fs::read_to_string(&file)?;
                let total = text.lines().rev().find_map(|line| line.strip_prefix("totals:"));
                found = found.or(total.map(|total| total.trim().parse()));
                fs::remove_file(&file)?;
            }
        }
        Ok(found.context("callgrind has written no figure")??)
    }

    fn prefix(&self, option: &str) -> String {
        let name = if option.contains("vgdb") { "vgdb" } else { "callgrind.out" };
        format!("{option}{}/{name}", self.folder.path().display())
    }

    fn tell(&self, id: u32, words: &[&str]) -> Result<()> {
        let mut command = self.vgdb.command();
        command.arg(self.prefix("--vgdb-prefix=")).arg(format!("--pid={id}")).args(words);
        let output = command.output().context("vgdb")?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "vgdb {words:?}: {}:\n{said}", output.status);
        Ok(())
    }
}
