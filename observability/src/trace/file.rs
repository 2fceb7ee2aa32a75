//! Traces as lines of a file: OTLP's JSON, a batch a line.
//!
//! This is what the file exporter of OpenTelemetry's collector writes and its `otlpjsonfile`
//! receiver reads (OpenTelemetry Protocol File Exporter, "JSON lines file").

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use opentelemetry_proto::tonic::trace::v1::TracesData;
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use opentelemetry_proto::transform::trace::tonic::group_spans_by_resource_and_scope;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SpanData;
use tracing::{info, warn};

use super::notice::Notice;

/// A file that grows. It is opened by its first batch, and again after each failure.
pub(super) struct TraceFile {
    path: PathBuf,
    resource: ResourceAttributesWithSchema,
    file: Option<File>,
    line: Vec<u8>,
    notice: Notice,
}

impl TraceFile {
    pub(super) fn new(path: &Path, resource: &Resource) -> Self {
        Self {
            path: path.to_owned(),
            resource: resource.into(),
            file: None,
            line: Vec::new(),
            notice: Notice::default(),
        }
    }

    /// Appends `spans` as one line, and says whether it is there. A line that does not fit is taken
    /// back, so that those before and behind it can be read.
    pub(super) fn write(&mut self, spans: Vec<SpanData>, now: Instant) -> bool {
        let number = spans.len();
        match self.append(spans) {
            Ok(()) => {
                if self.notice.recovered() {
                    info!(file = ?self.path, "traces are written to the file again");
                }
                true
            }
            Err(error) => {
                self.file = None;
                if let Some(spans) = self.notice.lost(number, now) {
                    warn!(
                        file = ?self.path, %error, spans,
                        "traces cannot be written: make room, or name another trace_file"
                    );
                }
                false
            }
        }
    }

    fn append(&mut self, spans: Vec<SpanData>) -> io::Result<()> {
        let resource_spans = group_spans_by_resource_and_scope(spans, &self.resource);
        self.line.clear();
        serde_json::to_writer(&mut self.line, &TracesData { resource_spans })?;
        self.line.push(b'\n');
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(OpenOptions::new().append(true).create(true).open(&self.path)?),
        };
        let mut written = 0;
        while let Some(rest) = self.line.get(written..).filter(|rest| !rest.is_empty()) {
            match file.write(rest) {
                Ok(0) => return Err(take_back(file, written, ErrorKind::WriteZero.into())),
                Ok(more) => written += more,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(take_back(file, written, error)),
            }
        }
        Ok(())
    }
}

/// Cuts off the last `written` bytes. Where that cannot be done, as in a pipe, whoever reads has a
/// broken line.
fn take_back(file: &File, written: usize, error: io::Error) -> io::Error {
    if written > 0
        && let Ok(about) = file.metadata()
    {
        let _ = file.set_len(about.len().saturating_sub(written as u64));
    }
    error
}

#[cfg(test)]
mod tests;
