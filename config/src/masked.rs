//! The settings as they can be shown to whoever runs the server.

use std::fmt;
use std::sync::Arc;

use config::{Value, ValueKind};
use serde_json::{Map, Number, Value as Json};

use crate::rules::{OF_HTTP, OF_REQUEST};
use crate::schema::{Field, Kind, ROOT, Shape};
use crate::walk::Checked;

/// What stands for a secret.
const MASK: &str = "***";

/// What names of header fields have in them that are credentials, such as `authorization`, `cookie`,
/// `x-api-key` and `x-auth-token`: better one too many than one too few.
const CREDENTIALS: [&str; 10] = [
    "auth",
    "cookie",
    "credential",
    "key",
    "pass",
    "secret",
    "session",
    "signature",
    "token",
    "jwt",
];

/// Keys that many routes must not set, not even to their default.
const OF_SOME_ROUTES: [&str; 2] = ["exact", "repeatable"];

/// Keys of a backend that SRV records bring.
const OF_ADDRESS: [&str; 2] = ["weight", "priority"];

/// All settings in the form of a file, without secrets. It follows the schema, so that no key can be
/// forgotten.
#[derive(Clone, Default)]
pub(crate) struct Masked(Arc<Json>);

/// What it shows is in the settings beside it, and compared there.
impl PartialEq for Masked {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl fmt::Debug for Masked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Masked(…)")
    }
}

impl Masked {
    /// Without the defaults of keys that have no use where they are, and which a file must not set
    /// there.
    pub(crate) fn new(checked: &Checked) -> Self {
        let mut settings = table(ROOT, checked);
        for listener in tables(&mut settings, "listener") {
            if listener.get("protocol").and_then(Json::as_str) != Some("http") {
                listener.retain(|key, _| !OF_HTTP.contains(&key.as_str()));
            }
            for route in items(listener, "routes") {
                route.retain(|key, value| {
                    !OF_SOME_ROUTES.contains(&key.as_str()) || *value != Json::Bool(false)
                });
            }
        }
        for pool in tables(&mut settings, "pool") {
            for backend in items(pool, "backends").filter(|backend| backend.contains_key("srv")) {
                backend.retain(|key, _| !OF_ADDRESS.contains(&key.as_str()));
            }
            let probe = pool.get_mut("probe").and_then(Json::as_object_mut);
            if let Some(probe) = probe.filter(|probe| !probe.contains_key("http")) {
                probe.retain(|key, _| !OF_REQUEST.contains(&key.as_str()));
            }
        }
        Self(Arc::new(settings))
    }

    pub(crate) fn to_json(&self) -> Json {
        (*self.0).clone()
    }
}

/// The tables of a section, whatever their names.
fn tables<'s>(
    settings: &'s mut Json,
    section: &str,
) -> impl Iterator<Item = &'s mut Map<String, Json>> {
    let named = settings.get_mut(section).and_then(Json::as_object_mut);
    named.into_iter().flat_map(Map::values_mut).filter_map(Json::as_object_mut)
}

/// The tables of a list.
fn items<'t>(
    table: &'t mut Map<String, Json>,
    key: &str,
) -> impl Iterator<Item = &'t mut Map<String, Json>> {
    let list = table.get_mut(key).and_then(Json::as_array_mut);
    list.into_iter().flatten().filter_map(Json::as_object_mut)
}

/// The keys of a table that have a value.
fn table(fields: &[Field], checked: &Checked) -> Json {
    let shown = fields.iter().filter_map(|field| {
        let value = checked.get(field.name)?;
        Some((field.name.to_owned(), shown(&field.shape, value)))
    });
    let mut table: Map<_, _> = shown.collect();
    let is_credential = |name: &str| CREDENTIALS.iter().any(|part| name.contains(part));
    if table.get("name").and_then(Json::as_str).is_some_and(is_credential)
        && let Some(value) = table.get_mut("value")
    {
        *value = MASK.into();
    }
    Json::Object(table)
}

/// What the schema would not have let through is nothing.
fn shown(shape: &Shape, value: &Value) -> Json {
    let keys = |fields: &[Field], value: &Value| {
        let ValueKind::Table(given) = &value.kind else { return Json::Null };
        table(fields, given)
    };
    match (shape, &value.kind) {
        (Shape::Scalar(Kind::Secret(_), _) | Shape::Values(Kind::Secret(_), _), _) => MASK.into(),
        (Shape::Scalar(..), _) => scalar(value),
        (Shape::Table(fields) | Shape::OptionalTable(fields, _), _) => keys(fields, value),
        (Shape::Named(fields), ValueKind::Table(given)) => {
            let named = given.iter().map(|(name, value)| (name.clone(), keys(fields, value)));
            Json::Object(named.collect())
        }
        (Shape::List(items, _), ValueKind::Array(given)) => {
            Json::Array(given.iter().map(|item| keys(items.fields, item)).collect())
        }
        (Shape::Values(..), ValueKind::Array(given)) => {
            Json::Array(given.iter().map(scalar).collect())
        }
        (Shape::Free(_), _) => free(value),
        (Shape::Named(_) | Shape::List(..) | Shape::Values(..), _) => Json::Null,
    }
}

fn scalar(value: &Value) -> Json {
    match &value.kind {
        ValueKind::Boolean(boolean) => (*boolean).into(),
        ValueKind::I64(number) => (*number).into(),
        ValueKind::U64(number) => (*number).into(),
        ValueKind::I128(number) => i64::try_from(*number).ok().into(),
        ValueKind::U128(number) => u64::try_from(*number).ok().into(),
        ValueKind::Float(number) => Number::from_f64(*number).map_or(Json::Null, Json::Number),
        ValueKind::String(text) => text.as_str().into(),
        ValueKind::Nil | ValueKind::Table(_) | ValueKind::Array(_) => Json::Null,
    }
}

/// What a protocol reads for itself: which of its texts are secret, only the protocol knows.
fn free(value: &Value) -> Json {
    match &value.kind {
        ValueKind::String(_) => MASK.into(),
        ValueKind::Table(given) => {
            Json::Object(given.iter().map(|(key, value)| (key.clone(), free(value))).collect())
        }
        ValueKind::Array(given) => Json::Array(given.iter().map(free).collect()),
        ValueKind::Nil
        | ValueKind::Boolean(_)
        | ValueKind::I64(_)
        | ValueKind::I128(_)
        | ValueKind::U64(_)
        | ValueKind::U128(_)
        | ValueKind::Float(_) => scalar(value),
    }
}

#[cfg(test)]
mod tests;
