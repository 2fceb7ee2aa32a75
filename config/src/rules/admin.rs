//! Who may reach the admin API: nobody from elsewhere without a token.

use std::net::SocketAddr;

use super::{Named, Rules, overlap, table, text};
use crate::admin::{self, AdminAddress};
use crate::mistake::Problem;
use crate::path::Path;
use crate::walk::Checked;

impl Rules<'_, '_> {
    pub(super) fn admin(&mut self, checked: &Checked, listeners: &Named<'_>) {
        let keys = checked.get("admin").and_then(table);
        let has = |key: &str| keys.is_some_and(|keys| keys.contains_key(key));
        if has("token") && has("token_file") {
            let path = Path::dotted("admin.token_file");
            let problem = Problem::new("there is a token already, under the key token");
            self.push_in_key(&path, problem.remedy("keep one of the two"));
        }
        let Some(written) =
            checked.get("server").and_then(table).and_then(|server| text(server, "admin"))
        else {
            return;
        };
        let Ok(address) = admin::read(written) else { return };
        let path = Path::dotted("server.admin");
        // A section that is mistaken as a whole may have had one.
        let may_have_token = keys.is_none() || has("token") || has("token_file");
        if address.is_exposed() && !may_have_token {
            let message = format!("{address} is reached from elsewhere, and there is no token");
            let remedy = "write \"127.0.0.1:9900\" or \"unix:/run/trunkline/admin.sock\", or set \
                          admin.token_file or the variable TRUNKLINE__ADMIN__TOKEN";
            self.push(&path, Problem::new(message).remedy(remedy));
        }
        match address {
            AdminAddress::Tcp(address) if address.port() != 0 => {
                self.apart(&path, address, listeners);
            }
            AdminAddress::Tcp(_) | AdminAddress::Unix(_) => {}
        }
    }

    /// No listener has the address.
    fn apart(&mut self, path: &Path, address: SocketAddr, listeners: &Named<'_>) {
        let bind = |listener: &Checked| text(listener, "bind")?.parse::<SocketAddr>().ok();
        let taken = listeners.iter().find_map(|(name, listener)| {
            let other = bind((*listener)?)?;
            overlap(other, address).then_some((name, other))
        });
        let Some((name, other)) = taken else { return };
        let message = if other == address {
            format!("{address} is the address of listener.{name} too")
        } else {
            format!("{address} overlaps {other}, the address of listener.{name}")
        };
        let remedy = "give the admin API an address of its own";
        self.push(path, Problem::new(message).remedy(remedy));
    }
}
