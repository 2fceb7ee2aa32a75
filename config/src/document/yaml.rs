//! YAML to nodes.
//!
//! Anchors may stand, aliases are refused: a few lines of them can unfold to gigabytes, and a file
//! that is validated key by key gains little from them.

use std::borrow::Cow;

use saphyr::Scalar;
use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Tag};

use super::{Content, DEPTH, Entry, Fault, Node, Table, insert, invalid, too_deep};
use crate::mistake::{Place, Problem};
use crate::source::Format;

pub(super) fn parse(text: &str) -> (Option<Node>, Vec<Fault>) {
    let mut builder = Builder::default();
    for event in Parser::new_from_str(text) {
        let handled = match event {
            Ok((event, span)) => builder.handle(event, place(&span.start)),
            Err(error) => {
                let problem = invalid(Format::Yaml, error.info());
                Err((place(error.marker()), problem))
            }
        };
        if let Err(fault) = handled {
            builder.faults.push(fault);
            return (None, builder.faults);
        }
    }
    (Some(builder.root.unwrap_or_else(empty)), builder.faults)
}

/// A document of comments only.
fn empty() -> Node {
    Node { place: Place { line: 1, column: 1 }, content: Content::Table(Table::new()) }
}

fn place(marker: &Marker) -> Place {
    Place { line: marker.line(), column: marker.col() + 1 }
}

/// A list or a table whose end has not come yet.
enum Open {
    List(Place, Vec<Node>),
    /// With the key whose value comes next.
    Table(Place, Table, Option<(String, Place)>),
}

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    root: Option<Node>,
    faults: Vec<Fault>,
}

impl Builder {
    /// # Errors
    /// A fault after which reading on makes no sense.
    fn handle(&mut self, event: Event<'_>, place: Place) -> Result<(), Fault> {
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
            Event::DocumentStart(_) if self.root.is_some() => Err((
                place,
                Problem::new("a second document begins here").remedy("write one document a file"),
            )),
            Event::DocumentStart(_) => Ok(()),
            Event::Alias(_) => Err((
                place,
                Problem::new("aliases are not supported").remedy("write the value out again"),
            )),
            Event::Scalar(text, style, _, tag) => self.scalar(text, style, tag.as_ref(), place),
            Event::SequenceStart(..) => self.begin(Open::List(place, Vec::new()), place),
            Event::MappingStart(..) => self.begin(Open::Table(place, Table::new(), None), place),
            Event::SequenceEnd | Event::MappingEnd => self.end(),
        }
    }

    fn scalar(
        &mut self,
        text: Cow<'_, str>,
        style: ScalarStyle,
        tag: Option<&Cow<'_, Tag>>,
        place: Place,
    ) -> Result<(), Fault> {
        if let Some(Open::Table(_, _, key @ None)) = self.open.last_mut() {
            *key = Some((text.into_owned(), place));
            return Ok(());
        }
        let written = text.clone();
        let tag = tag.map(|tag| Cow::Owned(Tag::clone(tag)));
        let content = match Scalar::parse_from_cow_and_metadata(text, style, tag.as_ref()) {
            Some(Scalar::Null) => Content::Null,
            Some(Scalar::Boolean(boolean)) => Content::Boolean(boolean),
            Some(Scalar::Integer(number)) => Content::Integer(number.into()),
            Some(Scalar::FloatingPoint(number)) => Content::Float(number.into_inner()),
            Some(Scalar::String(text)) => Content::Text(text.into_owned()),
            // A tag that does not fit its text: the text, which the schema then judges.
            None => Content::Text(written.into_owned()),
        };
        self.place(Node { place, content });
        Ok(())
    }

    fn begin(&mut self, open: Open, place: Place) -> Result<(), Fault> {
        if let Some(Open::Table(_, _, None)) = self.open.last() {
            return Err((
                place,
                Problem::new("a list or a table cannot be a key").remedy("write a name as the key"),
            ));
        }
        if self.open.len() > DEPTH {
            return Err((place, too_deep()));
        }
        self.open.push(open);
        Ok(())
    }

    fn end(&mut self) -> Result<(), Fault> {
        match self.open.pop() {
            Some(Open::List(place, items)) => {
                self.place(Node { place, content: Content::List(items) });
            }
            Some(Open::Table(place, table, _)) => {
                self.place(Node { place, content: Content::Table(table) });
            }
            None => {}
        }
        Ok(())
    }

    /// Puts a finished value where it belongs.
    fn place(&mut self, node: Node) {
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open::List(_, items)) => items.push(node),
            Some(Open::Table(_, table, next)) => {
                // The parser sends a key, if an empty one, before every value.
                if let Some((name, key)) = next.take() {
                    insert(table, name, Entry { key, node }, &mut self.faults);
                }
            }
        }
    }
}
