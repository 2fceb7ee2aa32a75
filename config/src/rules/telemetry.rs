//! Where spans go: over gRPC, there is no path.

use super::{Rules, table, text};
use crate::mistake::Problem;
use crate::path::Path;
use crate::quote::quote;
use crate::walk::Checked;

impl Rules<'_, '_> {
    pub(super) fn telemetry(&mut self, checked: &Checked) {
        let telemetry = checked.get("telemetry").and_then(table);
        let Some(otlp) = telemetry.and_then(|keys| keys.get("otlp")).and_then(table) else {
            return;
        };
        let (Some(endpoint), Some("grpc")) = (text(otlp, "endpoint"), text(otlp, "protocol"))
        else {
            return;
        };
        let rest = endpoint.split_once("://").map_or(endpoint, |(_, rest)| rest);
        let path = rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/");
        if path != "/" {
            let problem = Problem::new(format!("gRPC has no use for the path {}", quote(path)));
            let remedy = "write the URL without it, or protocol = \"http\"";
            self.push(&Path::dotted("telemetry.otlp.endpoint"), problem.remedy(remedy));
        }
    }
}
