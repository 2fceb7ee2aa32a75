//! Why a command is not executed, in the words of redis-server.

use thiserror::Error;

use crate::resp::Answer;
use crate::store::{NoSlot, Refused};

/// Why a command is not executed. It has done nothing then.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum Refusal {
    #[error("ERR unknown command '{name}', with args beginning with: {arguments}")]
    UnknownCommand { name: String, arguments: String },
    #[error("ERR unknown subcommand '{subcommand}'. Try {command} HELP.")]
    UnknownSubcommand { command: &'static str, subcommand: String },
    #[error("ERR wrong number of arguments for '{0}' command")]
    Arity(String),
    #[error(
        "ERR Can't execute '{0}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET \
         are allowed in this context"
    )]
    Subscribed(&'static str),
    #[error("ERR a connection can subscribe to {limit} channels; use another one for more")]
    TooManyChannels { limit: usize },
    #[error("WRONGTYPE Operation against a key holding the wrong kind of value")]
    WrongType,
    #[error("OOM command not allowed: there are as many keys as 'maxkeys' allows; delete some")]
    TooManyKeys,
    #[error("ERR syntax error")]
    Syntax,
    #[error("ERR no such key")]
    NoSuchKey,
    #[error("ERR value is not an integer or out of range")]
    NotInteger,
    #[error("ERR value is out of range, must be positive")]
    NotPositive,
    #[error("ERR value is not a valid float")]
    NotFloat,
    #[error("ERR hash value is not an integer")]
    HashNotInteger,
    #[error("ERR resulting score is not a number (NaN)")]
    NotANumber,
    #[error("ERR increment or decrement would overflow")]
    Overflow,
    #[error("ERR decrement would overflow")]
    DecrementOverflow,
    #[error("ERR string exceeds maximum allowed size (proto-max-bulk-len)")]
    TooLong,
    #[error("ERR invalid expire time in '{0}' command")]
    ExpireTime(&'static str),
    #[error("ERR invalid cursor")]
    Cursor,
    #[error("ERR DB index is out of range")]
    Database,
    #[error("ERR Client names cannot contain spaces, newlines or special characters.")]
    ClientName,
    #[error("NOPROTO unsupported protocol version")]
    ProtocolVersion,
    #[error("ERR Protocol version is not an integer or out of range")]
    ProtocolVersionNumber,
    #[error("ERR Syntax error in HELLO option '{0}'")]
    HelloOption(String),
}

impl Refusal {
    /// What the client is told.
    pub(crate) fn answer(self) -> Answer {
        Answer::Error(self.to_string().into())
    }
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::WrongType => Self::WrongType,
            Refused::NoSlot(full) => full.into(),
        }
    }
}

impl From<NoSlot> for Refusal {
    fn from(_: NoSlot) -> Self {
        Self::TooManyKeys
    }
}
