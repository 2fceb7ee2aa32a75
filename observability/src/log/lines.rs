//! The lines of `tracing` on their way into the sink.

use std::io;

use tracing_subscriber::fmt::MakeWriter;

use super::Format;
use super::cut::{cut_json, cut_text};
use super::lane::LONGEST;
use super::sink::Sink;

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

impl<'a> MakeWriter<'a> for Lines {
    type Writer = &'a Self;

    fn make_writer(&'a self) -> Self::Writer {
        self
    }
}

impl io::Write for &Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.sink.line(|out| {
            if line.len() <= LONGEST {
                out.extend_from_slice(line);
            } else {
                match self.format {
                    Format::Text => cut_text(line, LONGEST, out),
                    Format::Json => cut_json(line, LONGEST, out),
                }
            }
        });
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
