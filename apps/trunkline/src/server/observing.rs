//! `control/observability`: what shows the server to others. First of `control` to start, so that
//! it ends last and shows how the rest ends.

use std::sync::Arc;

use trunkline_config::{Admin, AdminAddress, Mistakes, Settings, load_token};
use trunkline_observability::admin::{self, AdminPlan, AdminSocket, Bind, BindError, Token};
use trunkline_runtime::{ChildSpec, Flags, OnSpent, Strategy, SupervisorSpec};

use super::operations::Operator;

/// Who may use the admin API, and where.
pub(super) struct Door {
    /// Bound before anything starts.
    pub(super) socket: Arc<AdminSocket>,
    /// What requests have to bring, if anything.
    pub(super) token: Option<Token>,
    /// Further hosts that they may name.
    pub(super) hosts: Vec<String>,
}

impl Door {
    /// `admin`, which answers there with what `operator` knows.
    pub(super) fn admin(self, operator: Operator) -> ChildSpec {
        let Self { socket, token, hosts } = self;
        admin::spec(AdminPlan { socket, token, hosts, operations: Arc::new(operator) })
    }
}

/// Why the admin API cannot be offered.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// Its place cannot be had.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// Its token cannot be read.
    #[error("{0}")]
    Token(#[from] Mistakes),
}

/// Where the settings want the admin API.
pub(crate) fn bind(settings: &Settings) -> Option<Bind> {
    Some(match settings.server.admin.as_ref()? {
        AdminAddress::Tcp(address) => Bind::Tcp(*address),
        AdminAddress::Unix(path) => Bind::Unix(path.clone()),
    })
}

/// Listens for the admin API where it is wanted, unless it is `bound` already.
///
/// # Errors
/// When the place or the token cannot be had.
pub(super) fn door(
    settings: &Settings,
    bound: Option<AdminSocket>,
) -> Result<Option<Door>, AdminError> {
    let Some(bind) = bind(settings) else { return Ok(None) };
    let Admin { token_file, token, hosts } = &settings.admin;
    let token = match (token, token_file) {
        (Some(token), _) => Some(token.clone()),
        (None, Some(file)) => Some(load_token(file)?),
        (None, None) => None,
    };
    let socket = bound.map_or_else(|| AdminSocket::bind(&bind), Ok)?;
    Ok(Some(Door {
        socket: Arc::new(socket),
        token: token.map(|token| Token::new(token.expose())),
        hosts: hosts.clone(),
    }))
}

/// The supervisor of these; none where there are none.
pub(super) fn spec(children: impl IntoIterator<Item = ChildSpec>) -> Option<SupervisorSpec> {
    let mut children = children.into_iter().peekable();
    children.peek()?;
    let flags = Flags::new(Strategy::OneForOne).on_spent(OnSpent::ParkChild);
    Some(children.fold(SupervisorSpec::new("observability", flags), SupervisorSpec::child))
}
