//! Pools: their backends make sense together, and so do their keys.

mod backends;
mod hash;
mod probe;

pub(crate) use probe::OF_REQUEST;

use super::{Named, Rules, list, table, text};
use crate::duration;
use crate::mistake::Problem;
use crate::path::Path;
use crate::protocols::Protocols;
use crate::walk::Checked;

impl Rules<'_, '_> {
    pub(super) fn pool(
        &mut self,
        name: &str,
        pool: Option<&Checked>,
        listeners: &Named<'_>,
        protocols: &Protocols,
    ) {
        let Some(pool) = pool else { return };
        let path = Path::dotted("pool").join(name);
        let has_file = pool.contains_key("file");
        if let Some(backends) = list(pool, "backends") {
            self.backends(&path.join("backends"), backends, has_file);
        } else if !pool.contains_key("backends") && !has_file {
            let remedy = "write [ … ] with at least one item, such as \"10.0.0.1:80\" or \
                          { address = \"10.0.0.1:80\", weight = 2 }, or name a file of backends \
                          under the key file";
            self.push(&path.join("backends"), Problem::new("is missing").remedy(remedy));
        }
        self.hash(&path, pool);
        self.hashed(&path.join("hash"), name, pool, listeners, protocols);
        if let Some(probe) = pool.get("probe").and_then(table) {
            self.probe(&path.join("probe"), probe);
        }
        if let Some(eject) = pool.get("eject").and_then(table) {
            self.at_most(&path.join("eject"), eject, "time", "longest");
        }
    }

    /// One time is at most the other. Where only the other is set, that one is mistaken.
    fn at_most(&mut self, path: &Path, table: &Checked, key: &str, most: &str) {
        let (Some(time), Some(limit)) = (text(table, key), text(table, most)) else { return };
        if duration::parse(time) <= duration::parse(limit) {
            return;
        }
        let given = path.join(key);
        if self.layers.sets(&given) {
            let message = format!("\"{time}\" is longer than the {most}, \"{limit}\"");
            let problem = Problem::new(message).remedy(format!("write at most \"{limit}\""));
            self.push(&given, problem);
        } else {
            let message = format!("\"{limit}\" is shorter than the {key}, \"{time}\"");
            let problem = Problem::new(message).remedy(format!("set a shorter {key} beside it"));
            self.push(&path.join(most), problem);
        }
    }
}
