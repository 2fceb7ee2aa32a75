//! The lines of `tracing` on their way into the sink.

use std::io;

use tracing_subscriber::fmt::MakeWriter;
use trunkline_runtime::trace::TraceContext;

use super::Format;
use super::cut::{cut_json, cut_text};
use super::ids;
use super::lane::LONGEST;
use super::sink::Sink;
use super::visible::visible;

/// Takes each write for one whole line, as the layer of `tracing-subscriber` makes them.
pub(super) struct Lines {
    sink: Sink,
    format: Format,
}

impl Lines {
    pub(super) fn new(sink: Sink, format: Format) -> Self {
        Self { sink, format }
    }
}

impl Format {
    /// What stands after the last member of a line.
    fn end(self) -> &'static [u8] {
        match self {
            Self::Text => b"\n",
            Self::Json => b"}\n",
        }
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = &'a Self;

    fn make_writer(&'a self) -> Self::Writer {
        self
    }
}

impl io::Write for &Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let written = line.len();
        let line = visible(line, self.format);
        // Called on the thread of whoever logs, in their trace.
        let ids = TraceContext::current().map(|context| (context.trace, context.span));
        let most = if ids.is_some() { LONGEST - ids::LENGTH } else { LONGEST };
        self.sink.line(|out| {
            if line.len() <= most {
                out.extend_from_slice(&line);
            } else {
                match self.format {
                    Format::Text => cut_text(&line, most, out),
                    Format::Json => cut_json(&line, most, out),
                }
            }
            let end = self.format.end();
            // It always is: the layer ends its lines so.
            if let Some(ids) = ids
                && out.ends_with(end)
            {
                out.truncate(out.len() - end.len());
                ids::append(out, self.format, ids);
                out.extend_from_slice(end);
            }
        });
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
