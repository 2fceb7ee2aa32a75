//! Why a command did not do what it was asked: one line, with what to do instead.

use std::io;
use std::time::Duration;

use hyper::StatusCode;
use serde::Deserialize;
use trunkline_config::{AdminAddress, Mistakes};

/// Why not. Each text says what is wrong and, behind a colon, what to do.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    #[error(
        "no server answers at {address} ({error}): start one with its admin API there, or say with \
         --admin ADDRESS where it is"
    )]
    NoServer { address: AdminAddress, error: io::Error },
    #[error("the server wants its token: bring it with --token-file FILE or TRUNKLINE_ADMIN_TOKEN")]
    NoToken,
    #[error(
        "the server does not take this token: bring that of its admin.token_file or admin.token"
    )]
    WrongToken,
    /// What the API says of it, with its remedy.
    #[error("{error}: {remedy}")]
    Refused { status: StatusCode, error: String, remedy: String },
    #[error("the server at {0} has ended the answer: see whether it still runs")]
    Lost(AdminAddress),
    #[error("the server at {address} has not answered within {limit:?}: see whether it is stuck")]
    Late { address: AdminAddress, limit: Duration },
    #[error("the answer is longer than {0} MiB: nothing that this program would ask for is")]
    TooLong(usize),
    #[error(
        "what answers at {0} is no admin API of this version ({1}): check --admin, and that both \
         programs are of the same version"
    )]
    Nonsense(AdminAddress, String),
    #[error("{0}")]
    TokenFile(#[from] Mistakes),
    /// Of the arguments or the environment.
    #[error("{0}")]
    Mistaken(String),
    /// Whoever read the output has left. Nobody is there to be told.
    #[error("nobody reads the output")]
    ReaderGone,
    #[error("{what} failed ({error}): try again without --watch")]
    Terminal { what: &'static str, error: io::Error },
    #[error("the output cannot be written: {0}")]
    Output(io::Error),
    #[error("this machine does not let the program begin: {0}")]
    Machine(io::Error),
}

impl Trouble {
    /// Whether the same may work in a moment: the server is away, or comes back.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::NoServer { .. } | Self::Lost(_) | Self::Late { .. } => true,
            Self::Refused { status, .. } => status.is_server_error(),
            Self::NoToken
            | Self::WrongToken
            | Self::TooLong(_)
            | Self::Nonsense(..)
            | Self::TokenFile(_)
            | Self::Mistaken(_)
            | Self::ReaderGone
            | Self::Terminal { .. }
            | Self::Output(_)
            | Self::Machine(_) => false,
        }
    }

    /// The same with another remedy where what was named is not there: the API's speaks of its own
    /// paths, not of commands.
    pub(super) fn or_missing(mut self, instead: &str) -> Self {
        if let Self::Refused { status: StatusCode::NOT_FOUND, remedy, .. } = &mut self {
            instead.clone_into(remedy);
        }
        self
    }

    /// What an answer that is none says.
    pub(super) fn refused(
        address: &AdminAddress,
        status: StatusCode,
        brought_token: bool,
        body: &[u8],
    ) -> Self {
        #[derive(Deserialize)]
        struct Said {
            error: String,
            #[serde(rename = "do")]
            remedy: String,
        }
        if status == StatusCode::UNAUTHORIZED {
            return if brought_token { Self::WrongToken } else { Self::NoToken };
        }
        match serde_json::from_slice(body) {
            Ok(Said { error, remedy }) => Self::Refused { status, error, remedy },
            Err(_) => Self::Nonsense(address.clone(), format!("it answers {status}")),
        }
    }
}

impl From<io::Error> for Trouble {
    /// Of writing to standard output.
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::ReaderGone;
        }
        Self::Output(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: StatusCode, brought_token: bool, body: &str) -> String {
        let address = "127.0.0.1:9900".parse().unwrap();
        Trouble::refused(&address, status, brought_token, body.as_bytes()).to_string()
    }

    #[test]
    fn what_the_api_says_is_said_with_its_remedy() {
        let said = refused(StatusCode::CONFLICT, false, r#"{"error":"it is down","do":"wait"}"#);
        assert_eq!(said, "it is down: wait");
        assert!(refused(StatusCode::NOT_FOUND, false, "<html>").contains("is no admin API"));
    }

    #[test]
    fn a_token_that_is_missing_is_told_from_one_that_is_wrong() {
        assert!(refused(StatusCode::UNAUTHORIZED, false, "{}").contains("--token-file"));
        assert!(refused(StatusCode::UNAUTHORIZED, true, "{}").contains("not take this token"));
    }

    #[test]
    fn only_what_is_not_there_gets_another_remedy() {
        let missing = |status| {
            let (error, remedy) = ("no".to_owned(), "old".to_owned());
            Trouble::Refused { status, error, remedy }.or_missing("new").to_string()
        };
        assert_eq!(missing(StatusCode::NOT_FOUND), "no: new");
        assert_eq!(missing(StatusCode::CONFLICT), "no: old");
    }
}
