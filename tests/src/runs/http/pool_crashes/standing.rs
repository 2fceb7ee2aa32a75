//! What the tree says of a pool and its backends.

use std::collections::BTreeSet;

use anyhow::{Context, Result};

use crate::control::Control;
use crate::runs::http::mortal::Mortal;
use crate::runs::site::{ROOT, TREE};

/// What must not be changed by a panic. A member that is not shown is not compared. How many serve is
/// left out: one that is down counts whenever it may be tried.
const KNOWN: [&str; 8] =
    ["balance", "members", "health", "ejected", "weight", "draining", "priority", "backup"];
/// What is as before once all requests are done.
const USED: [&str; 2] = ["in_flight", "waiting"];

/// All facts, as text: `PATH MEMBER = VALUE`.
pub(super) fn standing(control: &Control, origins: &[Mortal]) -> Result<BTreeSet<String>> {
    let pool = format!("{ROOT}/traffic/pools/main");
    let backends = origins.iter().map(|origin| format!("{}/backend", origin.address()));
    let tree = control.tree(TREE)?;
    let mut facts = BTreeSet::new();
    for name in backends.chain(["pool".to_owned()]) {
        let path = format!("{pool}/{name}");
        let node = tree.iter().find(|node| node.path == path);
        let node = node.with_context(|| format!("the tree has no {path}"))?;
        // Between a panic and the next incarnation an actor may show nothing.
        let Some(detail) = &node.detail else { continue };
        for member in KNOWN.iter().chain(&USED) {
            if let Some(value) = detail.get(member) {
                facts.insert(format!("{name} {member} = {value}"));
            }
        }
    }
    Ok(facts)
}

/// Those that hold while there are requests under way as well. What is tried is still down.
pub(super) fn known(facts: &BTreeSet<String>) -> BTreeSet<String> {
    let is_used = |fact: &&String| USED.iter().any(|member| fact.contains(&format!(" {member} ")));
    let known = facts.iter().filter(|fact| !is_used(fact));
    known.map(|fact| fact.replace("\"on_trial\"", "\"down\"")).collect()
}
