//! The walk over the merged values along the schema: every mistake is collected, every default
//! filled in.

use config::{Map, Value, ValueKind};

use crate::layers::Layers;
use crate::mistake::{Findings, Origin, Problem};
use crate::nearest::nearest;
use crate::path::Path;
use crate::quote::quote;
use crate::schema::{Field, Items, Kind, NAME_RULE, Presence, Shape, is_name, shown};

/// A table of checked values. A key whose value is mistaken holds `Nil`, which no checked value is,
/// and so does one that is not known; a key that is absent was not set and has no default.
pub(crate) type Checked = Map<String, Value>;

/// Checks all of the merged values, whose keys are these.
pub(crate) fn walk(
    fields: &'static [Field],
    merged: &Value,
    layers: &Layers<'_>,
    findings: &mut Findings,
) -> Checked {
    let mut walk = Walk { layers, findings, path: Path::default() };
    walk.table(fields, Some(merged)).unwrap_or_default()
}

struct Walk<'a, 's> {
    layers: &'a Layers<'s>,
    findings: &'a mut Findings,
    /// Where the walk is.
    path: Path,
}

impl Walk<'_, '_> {
    /// `None` for what is no table, as for each of the shapes below.
    fn table(&mut self, fields: &'static [Field], value: Option<&Value>) -> Option<Checked> {
        let none = Map::new();
        let given = self.entries(value, &none)?;
        let mut checked = Checked::new();
        for key in sorted(given) {
            if fields.iter().all(|field| field.name != key) {
                self.at(key, |walk| walk.unknown(key, fields));
                checked.insert(key.to_owned(), or_nil(None::<Value>));
            }
        }
        for field in fields {
            let value = given.get(field.name);
            let value = self.at(field.name, |walk| match &field.shape {
                Shape::Scalar(kind, presence) => walk.scalar(*kind, *presence, value),
                Shape::Table(fields) => Some(or_nil(walk.table(fields, value))),
                Shape::OptionalTable(fields, _) => walk.optional(fields, value),
                Shape::Named(fields) => Some(or_nil(walk.named(fields, value))),
                Shape::List(items, presence) => {
                    let remedy = || format!("such as {}", items.example);
                    walk.list(*presence, value, remedy, |walk, item| or_nil(walk.item(items, item)))
                }
                Shape::Values(kind, presence) => {
                    let remedy = || format!("each {}", kind.describe());
                    walk.list(*presence, value, remedy, |walk, item| {
                        or_nil(walk.scalar(*kind, Presence::Required, Some(item)))
                    })
                }
                Shape::Free(_) => walk.free(value),
            });
            checked.extend(value.map(|value| (field.name.to_owned(), value)));
        }
        Some(checked)
    }

    fn named(&mut self, fields: &'static [Field], value: Option<&Value>) -> Option<Checked> {
        let none = Map::new();
        let given = self.entries(value, &none)?;
        let mut checked = Checked::new();
        for name in sorted(given) {
            let table = self.at(name, |walk| {
                if !is_name(name) {
                    let problem = Problem::new(format!("{} is not a name", quote(name)));
                    walk.mistake_in_key(problem.remedy(NAME_RULE));
                }
                walk.table(fields, given.get(name))
            });
            checked.insert(name.to_owned(), or_nil(table));
        }
        Some(checked)
    }

    /// `None` for what is absent.
    fn optional(&mut self, fields: &'static [Field], value: Option<&Value>) -> Option<Value> {
        let value = value?;
        if value.kind != ValueKind::Nil {
            return Some(or_nil(self.table(fields, Some(value))));
        }
        let remedy = "write keys with their values, or remove the key";
        self.mistake(Problem::new("has no value").remedy(remedy));
        Some(or_nil(None::<Value>))
    }

    /// `None` for what is absent and need not be there. `items` says what the items are.
    fn list(
        &mut self,
        presence: Presence,
        value: Option<&Value>,
        items: impl Fn() -> String,
        check: impl Fn(&mut Self, &Value) -> Value,
    ) -> Option<Value> {
        let may_be_empty = matches!(presence, Presence::Default(_));
        let problem = match (value.map(|value| &value.kind), presence) {
            (Some(ValueKind::Array(given)), _) if may_be_empty || !given.is_empty() => {
                let mut checked = Vec::with_capacity(given.len());
                for (index, item) in given.iter().enumerate() {
                    self.path.push_index(index);
                    checked.push(check(self, item));
                    self.path.pop();
                }
                return Some(checked.into());
            }
            (Some(ValueKind::Array(_)), _) => Problem::new("is empty"),
            (Some(other), _) => Problem::new(format!("{} is not a list", shown(other))),
            (None, Presence::Required) => Problem::new("is missing"),
            (None, Presence::Default(_) | Presence::Optional(_)) => return None,
        };
        let least = if may_be_empty { "" } else { " with at least one item" };
        let remove = if presence == Presence::Required { "" } else { ", or remove the key" };
        self.mistake(problem.remedy(format!("write [ … ]{least}, {}{remove}", items())));
        Some(or_nil(None::<Value>))
    }

    fn item(&mut self, items: &'static Items, item: &Value) -> Option<Checked> {
        if let ValueKind::Table(_) = item.kind {
            return self.table(items.fields, Some(item));
        }
        if let (ValueKind::String(text), Some(short)) = (&item.kind, items.short) {
            let full = Map::from([(short.to_owned(), text.as_str())]);
            return self.table(items.fields, Some(&full.into()));
        }
        let message = format!("{} is not {}", shown(&item.kind), items.noun);
        self.mistake(Problem::new(message).remedy(format!("write {}", items.example)));
        None
    }

    /// `None` for what is absent.
    fn free(&mut self, value: Option<&Value>) -> Option<Value> {
        let value = value.filter(|value| value.kind != ValueKind::Nil)?;
        let none = Map::new();
        Some(or_nil(self.entries(Some(value), &none).map(|_| value.clone())))
    }

    /// `None` for what is absent and has no default.
    fn scalar(&mut self, kind: Kind, presence: Presence, value: Option<&Value>) -> Option<Value> {
        let write = || format!("write {}", kind.describe());
        let problem = match (value.map(|value| &value.kind), presence) {
            (None, Presence::Default(text)) => return Some(Value::new(None, kind.value(text))),
            (None, Presence::Optional(_)) => return None,
            (None, Presence::Required) => Problem::new("is missing").remedy(write()),
            (Some(ValueKind::Nil), Presence::Required) => {
                Problem::new("has no value").remedy(write())
            }
            (Some(ValueKind::Nil), Presence::Default(_) | Presence::Optional(_)) => {
                Problem::new("has no value").remedy(write() + ", or remove the key")
            }
            (Some(given), _) => match kind.check(given) {
                Ok(checked) => return Some(Value::new(None, checked)),
                Err(problem) => problem,
            },
        };
        self.mistake(problem);
        Some(or_nil(None::<Value>))
    }

    /// The entries of a table; absent, or left empty as YAML allows, it has none.
    fn entries<'v>(
        &mut self,
        value: Option<&'v Value>,
        none: &'v Map<String, Value>,
    ) -> Option<&'v Map<String, Value>> {
        match value.map(|value| &value.kind) {
            None | Some(ValueKind::Nil) => Some(none),
            Some(ValueKind::Table(given)) => Some(given),
            Some(other) => {
                let message = format!("{} is not a table", shown(other));
                let remedy = "write keys with their values, one a line";
                self.mistake(Problem::new(message).remedy(remedy));
                None
            }
        }
    }

    fn unknown(&mut self, key: &str, fields: &'static [Field]) {
        let names = || fields.iter().map(|field| field.name);
        let problem = Problem::new("is not a key that is known here")
            .remedy(format!("write one of {}", names().collect::<Vec<_>>().join(", ")))
            .nearest(nearest(key, names()));
        self.mistake_in_key(problem);
    }

    fn at<T>(&mut self, key: &str, step: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(key);
        let result = step(self);
        self.path.pop();
        result
    }

    fn mistake(&mut self, problem: Problem) {
        self.push(problem, self.layers.origin(&self.path));
    }

    fn mistake_in_key(&mut self, problem: Problem) {
        self.push(problem, self.layers.key_origin(&self.path));
    }

    fn push(&mut self, problem: Problem, origin: Origin) {
        self.findings.push(problem.at(origin, &self.path));
    }
}

fn or_nil(checked: Option<impl Into<Value>>) -> Value {
    checked.map_or_else(|| Value::new(None, ValueKind::Nil), Into::into)
}

/// The keys in an order of their own: the map has none, and of too many mistakes always the same
/// ones should be kept.
fn sorted(given: &Map<String, Value>) -> Vec<&str> {
    let mut keys: Vec<_> = given.keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}
