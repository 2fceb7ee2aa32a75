//! What the collector was told of a program, trace by trace.

use std::collections::{BTreeMap, HashMap, HashSet};

use anyhow::{Context, Result, ensure};
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use trunkline_tests::collector::Received;

/// All spans, by trace.
pub(crate) struct Told {
    traces: BTreeMap<Vec<u8>, Trace>,
}

/// The spans of one trace.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    pub(crate) spans: Vec<Span>,
}

impl Told {
    pub(crate) fn new(received: impl IntoIterator<Item = Received>) -> Self {
        let mut traces = BTreeMap::<_, Trace>::new();
        for Received { span, .. } in received {
            traces.entry(span.trace_id.clone()).or_default().spans.push(span);
        }
        Self { traces }
    }

    /// How many spans there are.
    pub(crate) fn count(&self) -> usize {
        self.traces.values().map(|trace| trace.spans.len()).sum()
    }

    pub(crate) fn traces(&self) -> impl Iterator<Item = &Trace> {
        self.traces.values()
    }

    /// The trace with this id, in hexadecimal digits.
    pub(crate) fn trace(&self, id: &str) -> Result<&Trace> {
        let found = self.traces.values().find(|trace| trace.id() == id);
        found.with_context(|| format!("no trace {id} in {:#?}", self.shapes()))
    }

    /// The only trace with a root of this name.
    pub(crate) fn named(&self, root: &str) -> Result<&Trace> {
        self.only(root, |trace| trace.root().is_ok_and(|span| span.name == root))
    }

    /// The only trace whose root has this path.
    pub(crate) fn of_path(&self, path: &str) -> Result<&Trace> {
        self.only(path, |trace| {
            trace.root().is_ok_and(|span| text(span, "url.path").as_deref() == Some(path))
        })
    }

    fn only(&self, what: &str, is_it: impl Fn(&Trace) -> bool) -> Result<&Trace> {
        let mut found = self.traces.values().filter(|trace| is_it(trace));
        let first = found.next();
        let only = first.filter(|_| found.next().is_none());
        only.with_context(|| format!("not one trace of {what} in {:#?}", self.shapes()))
    }

    /// All that there is, for an error.
    pub(crate) fn shapes(&self) -> Vec<Vec<String>> {
        self.traces.values().map(Trace::shape).collect()
    }

    /// There is nothing beside as many traces.
    pub(crate) fn expect_traces(&self, count: usize) -> Result<()> {
        ensure!(self.traces.len() == count, "not {count} traces: {:#?}", self.shapes());
        self.traces().try_for_each(Trace::holds_together)
    }
}

impl Trace {
    /// Its id, in hexadecimal digits.
    pub(crate) fn id(&self) -> String {
        self.spans.first().map(|span| hex(&span.trace_id)).unwrap_or_default()
    }

    /// The span that is nobody's part, of those that are here.
    pub(crate) fn root(&self) -> Result<&Span> {
        let ids: HashSet<_> = self.spans.iter().map(|span| &span.span_id).collect();
        let mut roots = self.spans.iter().filter(|span| !ids.contains(&span.parent_span_id));
        let root = roots.next().context("no root")?;
        ensure!(roots.next().is_none(), "two roots: {:#?}", self.shape());
        Ok(root)
    }

    /// The only span of this name.
    pub(crate) fn span(&self, name: &str) -> Result<&Span> {
        let all = self.all(name);
        ensure!(all.len() == 1, "not one {name} in {:#?}", self.shape());
        Ok(all[0])
    }

    /// All spans of this name, by their start.
    pub(crate) fn all(&self, name: &str) -> Vec<&Span> {
        let mut all: Vec<_> = self.spans.iter().filter(|span| span.name == name).collect();
        all.sort_by_key(|span| span.start_time_unix_nano);
        all
    }

    /// Its spans, each as `NAME < PARENT [kind] !error`, in order.
    pub(crate) fn shape(&self) -> Vec<String> {
        let names: HashMap<_, _> =
            self.spans.iter().map(|span| (&span.span_id, &*span.name)).collect();
        let mut shape: Vec<_> = self
            .spans
            .iter()
            .map(|span| {
                let mut line = span.name.clone();
                if !span.parent_span_id.is_empty() {
                    line += " < ";
                    line += names.get(&span.parent_span_id).copied().unwrap_or("outside");
                }
                match span.kind() {
                    SpanKind::Server => line += " [server]",
                    SpanKind::Client => line += " [client]",
                    SpanKind::Consumer => line += " [consumer]",
                    SpanKind::Internal => {}
                    SpanKind::Unspecified | SpanKind::Producer => line += " [other]",
                }
                let kind = text(span, "error.type");
                match (error(span), kind) {
                    (None, None) => {}
                    (Some(_), Some(kind)) => line += &format!(" !{kind}"),
                    half => line += &format!(" half an error: {half:?}"),
                }
                line
            })
            .collect();
        shape.sort_unstable();
        shape
    }

    /// It has exactly the spans of these lines.
    pub(crate) fn expect(&self, lines: &[&str]) -> Result<()> {
        let mut lines = lines.to_vec();
        lines.sort_unstable();
        ensure!(self.shape() == lines, "{:#?} instead of {lines:#?}", self.shape());
        Ok(())
    }

    /// No span is there twice, ends before it starts, or has a parent that is missing or begins
    /// later; but for what was queued before its own work began.
    pub(crate) fn holds_together(&self) -> Result<()> {
        let by_id: HashMap<_, _> = self.spans.iter().map(|span| (&span.span_id, span)).collect();
        ensure!(by_id.len() == self.spans.len(), "one is there twice: {:#?}", self.shape());
        self.root()?;
        for span in &self.spans {
            ensure!(span.start_time_unix_nano <= span.end_time_unix_nano, "{span:?}");
            let Some(parent) = by_id.get(&span.parent_span_id) else { continue };
            let after = parent.start_time_unix_nano <= span.start_time_unix_nano;
            ensure!(after || span.name == "queue", "{span:?} before {parent:?}");
        }
        Ok(())
    }
}

/// Digits of an id.
pub(crate) fn hex(id: &[u8]) -> String {
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The status of a span that has failed: its text.
pub(crate) fn error(span: &Span) -> Option<String> {
    let status = span.status.as_ref()?;
    (status.code() == StatusCode::Error).then(|| status.message.clone())
}

/// The value of an attribute, as text.
pub(crate) fn text(span: &Span, key: &str) -> Option<String> {
    let attribute = span.attributes.iter().find(|attribute| attribute.key == key)?;
    Some(value(attribute))
}

/// The value of an attribute, as text.
pub(crate) fn value(attribute: &KeyValue) -> String {
    match attribute.value.as_ref().and_then(|value| value.value.as_ref()) {
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::IntValue(number)) => number.to_string(),
        Some(Value::BoolValue(flag)) => flag.to_string(),
        other => format!("{other:?}"),
    }
}

/// The attributes have these values.
pub(crate) fn expect_attributes(span: &Span, wanted: &[(&str, &str)]) -> Result<()> {
    for (key, value) in wanted {
        ensure!(text(span, key).as_deref() == Some(*value), "not {key} = {value}: {span:#?}");
    }
    Ok(())
}

/// The span has one link, to the other one.
pub(crate) fn expect_link(span: &Span, to: &Span) -> Result<()> {
    let links: Vec<_> = span.links.iter().map(|link| (&link.trace_id, &link.span_id)).collect();
    ensure!(links == [(&to.trace_id, &to.span_id)], "not a link to {to:#?}: {span:#?}");
    Ok(())
}
