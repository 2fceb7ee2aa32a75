//! Where the programs of a run are.

use std::env;
use std::path::PathBuf;

use anyhow::{Result, ensure};

/// The programs that a run starts.
#[derive(Clone, Debug)]
pub struct Programs {
    /// `peer`: clients and backends.
    pub peer: PathBuf,
    /// `trunkline-under-test`: the server as it is shipped.
    pub server: PathBuf,
    /// `trunkline-faults`: the server that crashes on command.
    pub faults: PathBuf,
    /// `protocols-under-test`: the same with protocols of its own.
    pub protocols: PathBuf,
}

impl Programs {
    /// Those beside the running program.
    ///
    /// # Errors
    /// When one of them has not been built there; the error names it.
    pub fn beside_this() -> Result<Self> {
        let this = env::current_exe()?;
        let beside = |name: &str| {
            let path = this.with_file_name(name);
            let built = path.is_file();
            ensure!(
                built,
                "{} is missing: build all programs of trunkline-tests the same way (--bins)",
                path.display()
            );
            Ok(path)
        };
        Ok(Self {
            peer: beside("peer")?,
            server: beside("trunkline-under-test")?,
            faults: beside("trunkline-faults")?,
            protocols: beside("protocols-under-test")?,
        })
    }
}
