//! The settings of protocols that a program brings: checked by the protocols themselves.

use std::collections::BTreeMap;

use config::{Value, ValueKind};

use super::{named, text};
use crate::layers::Layers;
use crate::mistake::Findings;
use crate::path::Path;
use crate::protocol_settings::ProtocolSettings;
use crate::protocols::Protocols;
use crate::walk::Checked;

/// What the listeners give their protocols to read, by the names of the listeners.
pub(crate) fn settings(
    checked: &Checked,
    layers: &Layers<'_>,
    protocols: &Protocols,
    findings: &mut Findings,
) -> BTreeMap<String, ProtocolSettings> {
    let mut all = BTreeMap::new();
    for (name, listener) in named(checked, "listener").unwrap_or_default() {
        let Some(listener) = listener else { continue };
        let Some(protocol) = text(listener, "protocol") else { continue };
        let path = Path::dotted("listener").join(name).join("settings");
        let given = match listener.get("settings") {
            // Mistaken as a whole.
            Some(Value { kind: ValueKind::Nil, .. }) => continue,
            Some(table) => Some(ProtocolSettings::new(table, &path, layers)),
            None => None,
        };
        if let Err(error) = protocols.check(protocol, given.as_ref()) {
            for fault in error.into_faults() {
                let path = path.below(&fault.path);
                let origin =
                    if fault.in_key { layers.key_origin(&path) } else { layers.origin(&path) };
                findings.push(fault.problem.at(origin, &path));
            }
        }
        all.extend(given.map(|given| (name.to_owned(), given)));
    }
    all
}
