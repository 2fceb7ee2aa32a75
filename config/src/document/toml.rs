//! TOML to nodes.

use ::toml::Spanned;
use ::toml::de::{DeArray, DeInteger, DeTable, DeValue};

use super::{Content, Entry, Fault, Lines, Node, Table, invalid, set_twice};
use crate::source::Format;

/// How the parser calls the one fault that leaves a document whole. A test holds it to that.
const DUPLICATE: &str = "duplicate key";

pub(super) fn parse(text: &str) -> (Option<Node>, Vec<Fault>) {
    let lines = Lines::of(text.as_bytes());
    let (root, errors) = DeTable::parse_recoverable(text);
    let whole = errors.iter().all(|error| error.message() == DUPLICATE);
    let faults = errors
        .iter()
        // After another fault, a key may seem to be set twice only for what was lost in between.
        .filter(|error| whole || error.message() != DUPLICATE)
        .map(|error| {
            let span = error.span().unwrap_or(text.len()..text.len());
            let problem = if whole {
                set_twice(text.get(span.clone()).unwrap_or_default(), None)
            } else {
                invalid(Format::Toml, error.message())
            };
            (lines.place(span.start), problem)
        })
        .collect();
    let node = || Node { place: lines.place(0), content: table(root.get_ref(), &lines) };
    (whole.then(node), faults)
}

fn table(table: &DeTable<'_>, lines: &Lines<'_>) -> Content {
    let entry = |(key, value): (&Spanned<_>, _)| Entry {
        key: lines.place(key.span().start),
        node: node(value, lines),
    };
    Content::Table(
        table
            .iter()
            .map(|(key, value)| (key.get_ref().to_string(), entry((key, value))))
            .collect::<Table>(),
    )
}

fn list(list: &DeArray<'_>, lines: &Lines<'_>) -> Content {
    Content::List(list.iter().map(|item| node(item, lines)).collect())
}

fn node(value: &Spanned<DeValue<'_>>, lines: &Lines<'_>) -> Node {
    let content = match value.get_ref() {
        DeValue::String(text) => Content::Text(text.to_string()),
        DeValue::Integer(number) => integer(number),
        DeValue::Float(number) => number
            .as_str()
            .parse()
            .map_or_else(|_| Content::Text(number.to_string()), Content::Float),
        DeValue::Boolean(boolean) => Content::Boolean(*boolean),
        DeValue::Datetime(date) => Content::Text(date.to_string()),
        DeValue::Array(items) => list(items, lines),
        DeValue::Table(inner) => table(inner, lines),
    };
    Node { place: lines.place(value.span().start), content }
}

fn integer(number: &DeInteger<'_>) -> Content {
    i128::from_str_radix(number.as_str(), number.radix())
        .map_or_else(|_| Content::Text(number.to_string()), Content::Integer)
}
