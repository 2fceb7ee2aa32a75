//! The active health check.

use super::super::{Rules, text};
use crate::mistake::Problem;
use crate::path::Path;
use crate::walk::Checked;

/// Keys that say more of a request, and of nothing else.
pub(crate) const OF_REQUEST: [&str; 5] = ["method", "host", "headers", "status", "body"];

impl Rules<'_, '_> {
    pub(super) fn probe(&mut self, path: &Path, probe: &Checked) {
        // A probe ends before the next one of the same backend begins.
        self.at_most(path, probe, "timeout", "interval");
        self.at_most(path, probe, "interval_down", "interval");
        if !probe.contains_key("http") {
            for given in OF_REQUEST.map(|key| path.join(key)) {
                if self.layers.sets(&given) {
                    let problem = Problem::new("a probe without the key http asks for nothing");
                    let remedy = "write http = \"/\" beside it, or remove the key";
                    self.push_in_key(&given, problem.remedy(remedy));
                }
            }
        } else if text(probe, "method") == Some("HEAD") && probe.contains_key("body") {
            // RFC 9110, section 9.3.2.
            let problem = Problem::new("an answer to HEAD has no body");
            let remedy = "write method = \"GET\", or remove the key";
            self.push_in_key(&path.join("body"), problem.remedy(remedy));
        }
    }
}
