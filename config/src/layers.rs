//! File, environment and flags laid over one another.

use std::fmt;

use config::{Config, ConfigError, Map, Value, ValueKind};

use crate::document::{Content, Entry, Node};
use crate::mistake::{Origin, Place};
use crate::path::{Path, Step};
use crate::schema::{Field, ROOT, Shape};
use crate::source::Source;

/// The key under which the `config` crate merges. It reads a top-level key as a path expression, so
/// `"server.drain"` in quotes would become `drain` in `server`; below the top, keys are just keys.
const TOP: &str = "settings";

/// A setting that the program lays over file and environment, usually because a flag said so.
#[derive(Debug, Clone, PartialEq)]
pub struct Override {
    origin: Origin,
    path: Path,
    value: Given,
}

/// What an override brings: texts, to which the schema gives their types.
#[derive(Clone, PartialEq)]
enum Given {
    One(String),
    List(Vec<String>),
    /// Tables with the keys `name` and `value`.
    Fields(Vec<(String, String)>),
}

/// Without the texts: one may be a secret.
impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::One(_) => "One(…)",
            Self::List(_) => "List(…)",
            Self::Fields(_) => "Fields(…)",
        })
    }
}

impl Override {
    /// Sets the key at `path`, such as `server.workers`. `flag` is what mistakes will name.
    pub fn new(flag: impl Into<String>, path: &str, value: impl Into<String>) -> Self {
        let value = Given::One(value.into());
        Self { origin: Origin::Flag(flag.into()), path: Path::dotted(path), value }
    }

    /// Sets a list, such as `pool.proxy.backends`, each item of which has a short form as text.
    pub fn list(
        flag: impl Into<String>,
        path: &str,
        values: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        let value = Given::List(values.into_iter().map(Into::into).collect());
        Self { origin: Origin::Flag(flag.into()), path: Path::dotted(path), value }
    }

    pub(crate) fn of_variable(variable: String, path: Path, value: String) -> Self {
        Self { origin: Origin::Variable(variable), path, value: Given::One(value) }
    }

    pub(crate) fn of_fields(variable: String, path: Path, fields: Vec<(String, String)>) -> Self {
        Self { origin: Origin::Variable(variable), path, value: Given::Fields(fields) }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    fn value(&self) -> Value {
        let kind = match &self.value {
            Given::One(text) => match shape_at(&self.path) {
                Some(Shape::Scalar(kind, _)) => kind.value(text),
                // In a table that a protocol reads, the protocol's type decides.
                Some(
                    Shape::Table(_)
                    | Shape::OptionalTable(..)
                    | Shape::Named(_)
                    | Shape::List(..)
                    | Shape::Values(..)
                    | Shape::Free(_),
                )
                | None => text.as_str().into(),
            },
            Given::List(texts) => texts.clone().into(),
            Given::Fields(fields) => ValueKind::Array(fields.iter().map(field_table).collect()),
        };
        Value::new(None, kind)
    }
}

fn field_table((name, value): &(String, String)) -> Value {
    let keys = [("name", name), ("value", value)];
    Map::from(keys.map(|(key, text)| (key.to_owned(), text.as_str()))).into()
}

/// The shape that the schema has for a path, if it has one.
fn shape_at(path: &Path) -> Option<&'static Shape> {
    let mut fields = ROOT;
    let mut steps = path.steps().iter();
    loop {
        let shape = &field(fields, steps.next()?)?.shape;
        match shape {
            Shape::Table(inner) | Shape::OptionalTable(inner, _) => fields = inner,
            Shape::Named(inner) => {
                steps.next()?;
                fields = inner;
            }
            Shape::Scalar(..) | Shape::List(..) | Shape::Values(..) | Shape::Free(_) => {
                return steps.next().is_none().then_some(shape);
            }
        }
    }
}

fn field(fields: &'static [Field], step: &Step) -> Option<&'static Field> {
    match step {
        Step::Key(key) => fields.iter().find(|field| field.name == key),
        Step::Index(_) => None,
    }
}

/// The file and what is laid over it, which also knows where each value came from.
pub(crate) struct Layers<'s> {
    source: &'s Source,
    root: &'s Node,
    overrides: Vec<Override>,
}

impl<'s> Layers<'s> {
    /// `overrides` in the order in which they are applied: the last one wins.
    pub(crate) fn new(source: &'s Source, root: &'s Node, mut overrides: Vec<Override>) -> Self {
        // An override below what should be a table and is not would hide that mistake of the file.
        overrides.retain(|laid| !is_blocked(root, laid.path()));
        Self { source, root, overrides }
    }

    /// Lays what nothing here sets below all of it.
    pub(crate) fn below(&mut self, laid: Vec<Override>) {
        let free = laid.into_iter().filter(|laid| !is_blocked(self.root, laid.path()));
        self.overrides.splice(..0, free);
    }

    /// The file's values with the overrides in their places.
    ///
    /// # Errors
    /// None that a source in memory could cause.
    pub(crate) fn merged(&self) -> Result<Value, ConfigError> {
        let file = Layer { path: Path::default(), value: value(self.root) };
        let overrides = self.overrides.iter();
        overrides
            .map(|laid| Layer { path: laid.path.clone(), value: laid.value() })
            .fold(Config::builder().add_source(file), |builder, layer| builder.add_source(layer))
            .build()?
            .get(TOP)
    }

    /// Where the value at a path came from. Of one that is missing, where the nearest table above it
    /// came from.
    pub(crate) fn origin(&self, path: &Path) -> Origin {
        self.find(path, |entry| match entry.node.content {
            // Of a table its name is shown; and an empty value has no place of its own.
            Content::Table(_) | Content::Null => entry.key,
            Content::Boolean(_)
            | Content::Integer(_)
            | Content::Float(_)
            | Content::Text(_)
            | Content::List(_) => entry.node.place,
        })
    }

    /// Where the key at a path came from.
    pub(crate) fn key_origin(&self, path: &Path) -> Origin {
        self.find(path, |entry| entry.key)
    }

    /// The origin of all of the file.
    pub(crate) fn whole(&self) -> Origin {
        self.source.origin(None)
    }

    /// Whether the file or an override sets the value at a path, or one below it.
    pub(crate) fn sets(&self, path: &Path) -> bool {
        let below = |laid: &Override| laid.path.steps().starts_with(path.steps());
        self.root.at(path).is_some() || self.overrides.iter().any(below)
    }

    fn find(&self, path: &Path, place: impl Fn(&Entry) -> Place) -> Origin {
        let steps = path.steps();
        let above = |laid: &&Override| steps.starts_with(laid.path.steps());
        if let Some(laid) = self.overrides.iter().rev().find(above) {
            return laid.origin.clone();
        }
        let mut content = &self.root.content;
        let mut depth = 0;
        let mut found = None;
        for step in steps {
            match (step, content) {
                (Step::Key(key), Content::Table(table)) => {
                    let Some(entry) = table.get(key) else { break };
                    found = Some(if depth + 1 == steps.len() { place(entry) } else { entry.key });
                    content = &entry.node.content;
                }
                (Step::Index(index), Content::List(items)) => {
                    let Some(item) = items.get(*index) else { break };
                    found = Some(item.place);
                    content = &item.content;
                }
                (Step::Key(_) | Step::Index(_), _) => break,
            }
            depth += 1;
        }
        // A table that is there only for an override came from where the override did.
        let shared = |laid: &Override| {
            let pairs = laid.path.steps().iter().zip(steps);
            pairs.take_while(|(left, right)| left == right).count()
        };
        let deeper = self.overrides.iter().filter(|laid| shared(laid) > depth);
        match deeper.max_by_key(|laid| shared(laid)) {
            Some(laid) => laid.origin.clone(),
            None => self.source.origin(found),
        }
    }
}

/// Whether a step of the path, but for the last, leads through something that is no table.
pub(crate) fn is_blocked(root: &Node, path: &Path) -> bool {
    let mut node = root;
    for step in path.steps() {
        match (&node.content, step) {
            (Content::Table(table), Step::Key(key)) => match table.get(key) {
                Some(entry) => node = &entry.node,
                None => return false,
            },
            (Content::Null, _) => return false,
            (_, Step::Key(_) | Step::Index(_)) => return true,
        }
    }
    false
}

/// One layer, for the `config` crate: a value and the path at which it goes in.
#[derive(Clone)]
struct Layer {
    path: Path,
    value: Value,
}

/// Without the value: the trait asks for it, and a value may be a secret.
impl fmt::Debug for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Layer({})", self.path)
    }
}

impl config::Source for Layer {
    fn clone_into_box(&self) -> Box<dyn config::Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, ConfigError> {
        let mut value = self.value.clone();
        for step in self.path.steps().iter().rev() {
            value = match step {
                Step::Key(key) => Map::from([(key.clone(), value)]).into(),
                Step::Index(_) => Value::new(None, ValueKind::Array(vec![value])),
            };
        }
        Ok(Map::from([(TOP.to_owned(), value)]))
    }
}

fn value(node: &Node) -> Value {
    let kind = match &node.content {
        Content::Null => ValueKind::Nil,
        Content::Boolean(boolean) => ValueKind::Boolean(*boolean),
        Content::Integer(number) => {
            i64::try_from(*number).map_or(ValueKind::I128(*number), ValueKind::I64)
        }
        Content::Float(number) => ValueKind::Float(*number),
        Content::Text(text) => ValueKind::String(text.clone()),
        Content::List(items) => ValueKind::Array(items.iter().map(value).collect()),
        Content::Table(table) => ValueKind::Table(
            table.iter().map(|(key, entry)| (key.clone(), value(&entry.node))).collect(),
        ),
    };
    Value::new(None, kind)
}
