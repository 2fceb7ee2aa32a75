//! `trace ID`: the spans of a trace, one below the other, along its time.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::answers::{Span, Trace};
use super::line::{Line, Style};
use super::time::{moment, short};

/// The most columns that names take.
const NAMES: usize = 28;

/// The most columns that the time of the trace takes.
const BARS: usize = 100;

/// Columns of a time, right-aligned.
const TIME: usize = 7;

/// Attributes that say how a span came out, the first that it has.
const OUTCOMES: [&str; 3] = ["trunkline.outcome", "trunkline.code", "trunkline.exit"];

/// A span where it hangs.
struct Hung<'a> {
    span: &'a Span,
    parent: Option<&'a Span>,
    depth: usize,
    /// Nanoseconds from the beginning of the trace.
    offset: u64,
}

/// Draws a trace in `width` columns: names with times and bars, below each its actor and how it came
/// out, and what it links to.
pub(super) fn lines(trace: &Trace, width: usize) -> Vec<Line> {
    let hung = hang(&trace.spans);
    let whole = hung.iter().map(|hung| hung.offset.saturating_add(hung.span.duration_ns)).max();
    let whole = whole.unwrap_or(0).max(1);
    let mut lines = vec![head(trace, whole).cut(width)];
    let label = |hung: &Hung| {
        let mut line = Line::of(Style::Plain, &" ".repeat(2 * hung.depth));
        let style = if hung.span.error.is_some() { Style::Bad } else { Style::Plain };
        line.push(style, &hung.span.name);
        line
    };
    let names = hung.iter().map(|hung| label(hung).width()).max().unwrap_or(0);
    let names = names.min(NAMES).min(width / 2);
    let bars = width.saturating_sub(names + 2 * TIME + 5).clamp(10, BARS);
    for hung in &hung {
        let mut line = label(hung).cut(names);
        line.pad(names + 1);
        for time in [hung.offset, hung.span.duration_ns] {
            line.push(Style::Plain, &format!("{:>TIME$} ", short(time)));
        }
        line.push(Style::Plain, " ");
        line.append(bar(hung, whole, bars));
        lines.push(line.cut(width));
        let indent = 2 * hung.depth + 2;
        let below = below(hung.span, hung.parent, indent);
        lines.extend(below.into_iter().map(|line| line.cut(width)));
    }
    lines
}

/// The spans as a tree, each behind its parent and in the order of their beginnings. One whose
/// parent is not here hangs at the top.
fn hang(spans: &[Span]) -> Vec<Hung<'_>> {
    let starts: Vec<u64> =
        spans.iter().map(|span| span.start_unix_ns.parse().unwrap_or(0)).collect();
    let first = starts.iter().copied().min().unwrap_or(0);
    let known: HashSet<_> = spans.iter().map(|span| span.span_id.as_str()).collect();
    let mut children: HashMap<&str, Vec<usize>> = HashMap::new();
    let mut roots = Vec::new();
    for (index, span) in spans.iter().enumerate() {
        match span.parent_span_id.as_deref().filter(|parent| known.contains(parent)) {
            Some(parent) => children.entry(parent).or_default().push(index),
            None => roots.push(index),
        }
    }
    let mut hung = Vec::with_capacity(spans.len());
    // The next one last. Each list of children is taken once, so this ends for any input.
    let mut waiting = Vec::new();
    let put = |mut list: Vec<usize>, parent, depth, waiting: &mut Vec<_>| {
        list.sort_by_key(|index| starts[*index]);
        waiting.extend(list.into_iter().rev().map(|index| (index, parent, depth)));
    };
    put(roots, None, 0, &mut waiting);
    while let Some((index, parent, depth)) = waiting.pop() {
        let span = &spans[index];
        hung.push(Hung { span, parent, depth, offset: starts[index] - first });
        if let Some(list) = children.remove(span.span_id.as_str()) {
            put(list, Some(span), depth + 1, &mut waiting);
        }
    }
    hung
}

fn head(trace: &Trace, whole: u64) -> Line {
    let first = trace.spans.iter().filter_map(|span| span.start_unix_ns.parse::<u64>().ok()).min();
    let mut line = Line::of(Style::Bold, &format!("trace {}", trace.trace_id));
    line.push(Style::Plain, &format!("  {}", short(whole)));
    line.push(Style::Dim, &format!("  {}", moment(first.unwrap_or(0) / 1000)));
    line
}

/// Where in the time of the trace a span lies.
fn bar(hung: &Hung<'_>, whole: u64, columns: usize) -> Line {
    let columns_u64 = columns as u64;
    let at = |time: u64| {
        let column = u128::from(time) * u128::from(columns_u64) / u128::from(whole);
        usize::try_from(column).unwrap_or(usize::MAX).min(columns)
    };
    let begin = at(hung.offset).min(columns - 1);
    let end = at(hung.offset.saturating_add(hung.span.duration_ns)).max(begin + 1);
    let failed = hung.span.error.is_some();
    let mut line = Line::of(Style::Plain, &" ".repeat(begin));
    let style = if failed { Style::Bad } else { Style::Good };
    line.push(style, &"━".repeat(end - begin));
    if failed {
        line.push(Style::Bad, " !");
    }
    line
}

/// What is said below a span; its actor only where that is another one than its parent's.
fn below(span: &Span, parent: Option<&Span>, indent: usize) -> Vec<Line> {
    let blanks = " ".repeat(indent);
    let text = |name: &str| attribute(span, name);
    let mut lines = Vec::new();
    let own = actor(span);
    let own = own.filter(|own| parent.and_then(actor).as_ref() != Some(own));
    let status = text("http.response.status_code").map(|status| format!("status {status}"));
    let outcome = OUTCOMES.iter().find_map(|name| text(name));
    let said: Vec<_> = [own, status, outcome].into_iter().flatten().collect();
    if !said.is_empty() {
        lines.push(Line::of(Style::Dim, &format!("{blanks}{}", said.join(", "))));
    }
    if let Some(error) = &span.error {
        let kind = text("error.type").unwrap_or_default();
        let error = [kind.as_str(), error].into_iter().filter(|part| !part.is_empty());
        let error = error.collect::<Vec<_>>().join(": ");
        lines.push(Line::of(Style::Bad, format!("{blanks}! {error}").trim_end()));
    }
    for link in &span.links {
        let link = format!("{blanks}linked to span {} of trace {}", link.span_id, link.trace_id);
        lines.push(Line::of(Style::Plain, &link));
    }
    lines
}

/// Whose work a span shows, and which incarnation it was.
fn actor(span: &Span) -> Option<String> {
    let path = attribute(span, "trunkline.actor.path")?;
    let generation = attribute(span, "trunkline.actor.generation");
    Some(generation.map_or(path.clone(), |generation| format!("{path} #{generation}")))
}

fn attribute(span: &Span, name: &str) -> Option<String> {
    match span.attributes.get(name)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests;
