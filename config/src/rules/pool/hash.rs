//! What only algorithms that hash can use, and what there is to hash.

use config::{Value, ValueKind};

use super::super::{Named, Rules, list, table, text};
use crate::duration::OFF;
use crate::mistake::Problem;
use crate::path::Path;
use crate::protocols::Protocols;
use crate::quote::quote;
use crate::settings::{Balance, Protocol};
use crate::walk::Checked;

/// Keys for algorithms that hash, with what changes nothing for any other.
const KEYS: [(&str, &str); 2] = [("hash", ADDRESS), ("bounded_load", OFF)];

const ADDRESS: &str = "address";

impl Rules<'_, '_> {
    /// An algorithm that does not hash has none of the keys, unless they change nothing.
    pub(super) fn hash(&mut self, path: &Path, pool: &Checked) {
        let Some(algorithm) = algorithm(pool).filter(|algorithm| !algorithm.hashes()) else {
            return;
        };
        for (key, plain) in KEYS {
            let is_plain = text(pool, key).is_none_or(|text| text == plain);
            if is_plain && !pool.get(key).is_some_and(is_number) {
                continue;
            }
            let problem = Problem::new(format!("the algorithm {algorithm} does not hash"));
            let remedy = "write balance = \"ring_hash\", \"maglev\" or \"source_hash\", or \
                          remove the key";
            self.push_in_key(&path.join(key), problem.remedy(remedy));
        }
    }

    /// Somebody brings what is hashed.
    pub(super) fn hashed(
        &mut self,
        path: &Path,
        name: &str,
        pool: &Checked,
        listeners: &Named<'_>,
        protocols: &Protocols,
    ) {
        if !algorithm(pool).is_some_and(Balance::hashes) {
            return;
        }
        let Some(hash) = text(pool, "hash").filter(|hash| *hash != ADDRESS) else { return };
        let mut all = listeners.values();
        if all.any(|listener| may_pass_requests(*listener, name, protocols)) {
            return;
        }
        let forwards = |listener: &Checked| {
            text(listener, "protocol") == Some("forward") && text(listener, "pool") == Some(name)
        };
        let first = listeners.iter().find(|(_, listener)| listener.is_some_and(forwards));
        if let Some((listener, _)) = first {
            let message = format!(
                "listener.{listener} forwards bytes to this pool, which have no {}",
                quote(hash)
            );
            let remedy = "write hash = \"address\", or write protocol = \"http\" there";
            self.push(path, Problem::new(message).remedy(remedy));
        }
    }
}

fn algorithm(pool: &Checked) -> Option<Balance> {
    pool.get("balance")?.clone().try_deserialize().ok()
}

fn is_number(value: &Value) -> bool {
    matches!(value.kind, ValueKind::Float(_))
}

/// Whether requests may come from the listener to the pool. What is mistaken may have been meant so.
fn may_pass_requests(listener: Option<&Checked>, pool: &str, protocols: &Protocols) -> bool {
    let Some(listener) = listener else { return true };
    let Some(protocol) = text(listener, "protocol") else { return true };
    if protocol != "http" {
        return !Protocol::NAMES.contains(&protocol) && !protocols.contains(protocol);
    }
    let may_lead_here = |route: &Checked| {
        route.contains_key("pool") && text(route, "pool").is_none_or(|named| named == pool)
    };
    list(listener, "routes")
        .is_none_or(|routes| routes.iter().any(|route| table(route).is_none_or(may_lead_here)))
}
