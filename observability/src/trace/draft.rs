//! Spans as they are written down at their end.

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};
use std::time::{Instant, SystemTime};

use opentelemetry::trace::{Link, SpanContext, SpanId, SpanKind, Status};
use opentelemetry::{InstrumentationScope, Key, KeyValue, StringValue};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};
use trunkline_runtime::trace::TraceContext;

static SCOPE: LazyLock<InstrumentationScope> = LazyLock::new(|| {
    InstrumentationScope::builder("trunkline").with_version(env!("CARGO_PKG_VERSION")).build()
});

/// The most bytes of a text: peers choose some, and authors' panics may repeat what peers have said.
const MOST: usize = 1024;

/// A moment on both clocks: what was measured on the one is told on the other.
#[derive(Debug, Clone, Copy)]
pub struct Clocks {
    at: Instant,
    wall: SystemTime,
}

impl Clocks {
    /// Now.
    #[must_use]
    pub fn now() -> Self {
        Self { at: Instant::now(), wall: SystemTime::now() }
    }

    /// That moment on the clock for people.
    #[must_use]
    pub fn wall(&self, then: Instant) -> SystemTime {
        match then.checked_duration_since(self.at) {
            Some(after) => self.wall + after,
            None => self.wall - self.at.saturating_duration_since(then),
        }
    }

    /// Two moments on the clock for people.
    #[must_use]
    pub fn between(&self, from: Instant, to: Instant) -> (SystemTime, SystemTime) {
        (self.wall(from), self.wall(to))
    }
}

/// A span with a name and two ends, to which the rest is added.
#[derive(Debug)]
pub struct Draft(SpanData);

impl Draft {
    /// The span of `context`, a part of `parent` if there is one.
    #[must_use]
    pub fn new(
        context: &TraceContext,
        parent: Option<SpanId>,
        name: impl Into<Cow<'static, str>>,
        (start, end): (SystemTime, SystemTime),
        attributes: usize,
    ) -> Self {
        Self(SpanData {
            // What is exported counts as sampled, also where only its failure has made it so.
            span_context: TraceContext { sampled: true, ..*context }.span_context(),
            parent_span_id: parent.unwrap_or(SpanId::INVALID),
            parent_span_is_remote: false,
            span_kind: SpanKind::Internal,
            name: name.into(),
            start_time: start,
            end_time: end.max(start),
            attributes: Vec::with_capacity(attributes),
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: Status::Unset,
            instrumentation_scope: SCOPE.clone(),
        })
    }

    /// Its parent is in another process.
    #[must_use]
    pub fn remote_parent(mut self) -> Self {
        self.0.parent_span_is_remote = true;
        self
    }

    /// What kind it is of.
    #[must_use]
    pub fn kind(mut self, kind: SpanKind) -> Self {
        self.0.span_kind = kind;
        self
    }

    /// Adds a word of the program's own.
    pub fn word(&mut self, key: &'static str, word: &'static str) {
        self.add(key, StringValue::from(word));
    }

    /// Adds a name that is shared.
    pub fn name(&mut self, key: &'static str, name: &Arc<str>) {
        self.add(key, StringValue::from(Arc::clone(name)));
    }

    /// Adds a text; one of more than 1 KiB is cut, and ends in `…` then.
    pub fn text(&mut self, key: &'static str, text: impl Into<String>) {
        self.add(key, StringValue::from(cut(text.into())));
    }

    /// Adds what a peer has chosen, as text.
    pub fn bytes(&mut self, key: &'static str, bytes: &[u8]) {
        self.text(key, String::from_utf8_lossy(bytes));
    }

    /// Adds a number; one beyond 63 bits is cut down to that.
    pub fn number(&mut self, key: &'static str, number: impl TryInto<i64>) {
        self.add(key, number.try_into().unwrap_or(i64::MAX));
    }

    /// Adds yes or no.
    pub fn flag(&mut self, key: &'static str, flag: bool) {
        self.add(key, flag);
    }

    fn add(&mut self, key: &'static str, value: impl Into<opentelemetry::Value>) {
        self.0.attributes.push(KeyValue::new(Key::from_static_str(key), value));
    }

    /// It has failed, and how; a text of more than 1 KiB is cut, and ends in `…` then.
    pub fn error(&mut self, text: impl Into<Cow<'static, str>>) {
        let description = match text.into() {
            Cow::Owned(text) => Cow::Owned(cut(text)),
            word @ Cow::Borrowed(_) => word,
        };
        self.0.status = Status::Error { description };
    }

    /// It has to do with another span.
    pub fn link(&mut self, to: &TraceContext) {
        let context: SpanContext = to.span_context();
        self.0.links.links.push(Link::with_context(context));
    }

    /// What is to be exported.
    #[must_use]
    pub fn done(self) -> SpanData {
        self.0
    }
}

/// What of a text may be told.
fn cut(mut text: String) -> String {
    const MARK: &str = "…";
    if text.len() > MOST {
        let end = (0..=MOST - MARK.len()).rev().find(|&end| text.is_char_boundary(end));
        text.truncate(end.unwrap_or(0));
        text.push_str(MARK);
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_text_is_whole_or_cut_to_a_kilobyte_and_marked(text in "\\PC{0,600}") {
            let told = cut(text.clone());
            prop_assert!(told.len() <= MOST);
            if text.len() <= MOST {
                prop_assert_eq!(told, text);
            } else {
                let kept = told.strip_suffix('…').unwrap();
                prop_assert!(text.starts_with(kept) && kept.len() > MOST - 8);
            }
        }
    }
}
