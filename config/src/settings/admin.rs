//! Who may use the admin API.

use std::path::PathBuf;

use serde::Deserialize;

use crate::secret::Secret;

/// Who may use the admin API. Where it listens is [`Server::admin`](super::Server::admin).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Admin {
    /// Where the token is ([`crate::load_token`]); never beside `token`. Relative paths begin in the
    /// directory of the process: that of the file of settings is already in them.
    pub token_file: Option<PathBuf>,
    /// What requests bring as `Authorization: Bearer TOKEN`: at least 16 characters of visible ASCII.
    pub token: Option<Secret>,
    /// What requests may name as their host, beside loopback and the address of the API: names in
    /// lower case without a dot at the end, and addresses, those of IPv6 without brackets. No ports.
    #[serde(default)]
    pub hosts: Vec<String>,
}
