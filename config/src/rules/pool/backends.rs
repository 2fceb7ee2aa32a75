//! The backends of a pool, or of a file of backends.

use std::collections::HashMap;

use config::Value;

use super::super::{Rules, is_true, table, text};
use crate::mistake::Problem;
use crate::path::Path;
use crate::quote::quote;
use crate::rules::routes::at;
use crate::walk::Checked;

/// Keys for what is in the answer to a question for SRV records.
const ANSWERED: [(&str, &str); 2] = [("weight", "weights"), ("priority", "priorities")];

impl Rules<'_, '_> {
    /// Each is in one place, no place is there twice, and not all are backups, unless there may be
    /// more elsewhere.
    pub(in crate::rules) fn backends(
        &mut self,
        path: &Path,
        backends: &[Value],
        may_all_be_backups: bool,
    ) {
        let mut taken = HashMap::new();
        for (index, backend) in backends.iter().enumerate() {
            let Some(backend) = table(backend) else { continue };
            let path = at(path, index);
            self.place(&path, backend);
            for key in ["address", "srv"] {
                let Some(given) = text(backend, key) else { continue };
                let first = *taken.entry((key, given)).or_insert(index);
                if first != index {
                    let noun = if key == "address" { "address" } else { "name" };
                    let message =
                        format!("{} is the {noun} of backends[{first}] too", quote(given));
                    let remedy = match key {
                        "address" => "keep one, with a higher weight",
                        _ => "keep one",
                    };
                    self.push(&path.join(key), Problem::new(message).remedy(remedy));
                }
            }
        }
        let is_backup =
            |backend: &Value| table(backend).is_some_and(|backend| is_true(backend, "backup"));
        if !may_all_be_backups && backends.iter().all(is_backup) {
            let problem = Problem::new("every backend is a backup");
            self.push(path, problem.remedy("remove backup = true from at least one"));
        }
    }

    /// A backend has an address or an SRV name, and of the latter the answer says the rest.
    fn place(&mut self, path: &Path, backend: &Checked) {
        match (backend.contains_key("address"), backend.contains_key("srv")) {
            (true, false) => {}
            (false, false) => {
                let remedy = "write an address and a port, such as \"10.0.0.1:80\" or \
                              \"web.local:80\", or a name with SRV records under the key srv";
                self.push(&path.join("address"), Problem::new("is missing").remedy(remedy));
            }
            (true, true) => {
                let problem = Problem::new("has address and srv");
                self.push(path, problem.remedy("keep one of them, for a backend is in one place"));
            }
            (false, true) => {
                for (key, plural) in ANSWERED {
                    let given = path.join(key);
                    if self.layers.sets(&given) {
                        let problem = Problem::new(format!("SRV records bring their own {plural}"));
                        self.push_in_key(&given, problem.remedy("remove the key"));
                    }
                }
            }
        }
    }
}
