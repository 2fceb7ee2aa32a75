//! Where the admin API is, and with which token it is asked.

use std::env;
use std::path::PathBuf;

use clap::Args;
use trunkline_config::{AdminAddress, load_token};

use super::client::Client;
use super::trouble::Trouble;

/// Where the admin API is if nothing else is said: where the demo has it.
const USUAL: &str = "127.0.0.1:9900";

/// Says where the admin API is.
const ADDRESS: &str = "TRUNKLINE_ADMIN";

/// Holds the token.
const TOKEN: &str = "TRUNKLINE_ADMIN_TOKEN";

/// Whom to ask.
#[derive(Debug, Args)]
pub(crate) struct Whom {
    /// Where its admin API listens: IP:PORT or unix:/PATH. Else the variable TRUNKLINE_ADMIN, else
    /// 127.0.0.1:9900.
    #[arg(long, value_name = "ADDRESS")]
    admin: Option<AdminAddress>,
    /// The file whose first line is the token. Else the variable TRUNKLINE_ADMIN_TOKEN.
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
}

impl Whom {
    /// Who asks there.
    ///
    /// # Errors
    /// A token that cannot be read, or a variable that makes no sense.
    pub(super) fn client(&self) -> Result<Client, Trouble> {
        let token = match &self.token_file {
            Some(file) => Some(load_token(file)?.expose().to_owned()),
            None => variable(TOKEN)?,
        };
        Client::new(self.address()?, token.as_deref())
    }

    /// Where that is.
    fn address(&self) -> Result<AdminAddress, Trouble> {
        let named = match &self.admin {
            Some(address) => return Ok(address.clone()),
            None => variable(ADDRESS)?.unwrap_or_else(|| USUAL.to_owned()),
        };
        named.parse().map_err(|error| Trouble::Mistaken(format!("{ADDRESS}: {error}")))
    }
}

/// A variable of the environment; none where it is empty.
fn variable(name: &str) -> Result<Option<String>, Trouble> {
    match env::var(name) {
        Ok(value) => Ok(Some(value).filter(|value| !value.is_empty())),
        Err(env::VarError::NotPresent) => Ok(None),
        Err(env::VarError::NotUnicode(_)) => {
            Err(Trouble::Mistaken(format!("{name} is not UTF-8: set it anew, or unset it")))
        }
    }
}
