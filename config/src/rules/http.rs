//! The keys that belong to the protocol http: it has routes, and no other protocol has any of them.

use super::{Named, Rules, list, text};
use crate::mistake::Problem;
use crate::path::Path;
use crate::protocols::Protocols;
use crate::quote::quote;
use crate::schema::is_name;
use crate::settings::Protocol;
use crate::walk::Checked;

/// What a listener of any other protocol must not set.
pub(crate) const KEYS: [&str; 3] = ["routes", "trusted", "http"];

impl Rules<'_, '_> {
    pub(super) fn http(
        &mut self,
        name: &str,
        listener: &Option<&Checked>,
        protocols: &Protocols,
        pools: Option<&Named<'_>>,
    ) {
        let Some(listener) = listener else { return };
        let path = Path::dotted("listener").join(name);
        match text(listener, "protocol") {
            Some("http") => {
                let path = path.join("routes");
                if let Some(routes) = list(listener, "routes") {
                    self.routes(path, routes, pools);
                } else if !listener.contains_key("routes") && !listener.contains_key("pool") {
                    let remedy = "write [{ pool = \"NAME\" }], or several routes, of which the \
                                  first that fits a request serves it";
                    self.push(&path, Problem::new("is missing").remedy(remedy));
                }
            }
            Some(other) if Protocol::NAMES.contains(&other) || protocols.contains(other) => {
                for path in KEYS.map(|key| path.join(key)) {
                    self.only_http(&path, other);
                }
            }
            Some(_) | None => {}
        }
    }

    fn only_http(&mut self, path: &Path, protocol: &str) {
        if self.layers.sets(path) {
            let problem = Problem::new(format!("the protocol {protocol} has no use for this key"));
            let remedy = "remove it, or write protocol = \"http\"";
            self.push_in_key(path, problem.remedy(remedy));
        }
    }
}

/// What to write in place of the key `pool`.
pub(super) fn instead_of_pool(listener: &Checked) -> String {
    if listener.contains_key("routes") {
        return "remove the key, for each route names its own".to_owned();
    }
    let pool = text(listener, "pool").filter(|pool| is_name(pool)).unwrap_or("NAME");
    format!("write routes = [{{ pool = {} }}]", quote(pool))
}
