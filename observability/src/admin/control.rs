//! Stands in for the runtime's own orders until it has them.

use trunkline_runtime::Runtime;

/// Why a child was left as it is.
#[derive(Debug, thiserror::Error)]
pub(super) enum ControlError {
    #[error("there is no {path:?} in the tree")]
    Unknown { path: String },
    #[error("{path} cannot be ordered")]
    NotSupported { path: String },
}

impl ControlError {
    pub(super) fn remedy(&self) -> &'static str {
        match self {
            Self::Unknown { .. } => "take the path from the tree",
            Self::NotSupported { .. } => "name another",
        }
    }
}

pub(super) fn restart(runtime: &Runtime, path: &str) -> Result<(), ControlError> {
    refuse(runtime, path)
}

pub(super) fn kill(runtime: &Runtime, path: &str) -> Result<(), ControlError> {
    refuse(runtime, path)
}

pub(super) fn suspend(runtime: &Runtime, path: &str) -> Result<(), ControlError> {
    refuse(runtime, path)
}

pub(super) fn resume(runtime: &Runtime, path: &str) -> Result<(), ControlError> {
    refuse(runtime, path)
}

fn refuse(runtime: &Runtime, path: &str) -> Result<(), ControlError> {
    let path = path.to_owned();
    Err(match runtime.registry().find(&path) {
        None => ControlError::Unknown { path },
        Some(_) => ControlError::NotSupported { path },
    })
}
