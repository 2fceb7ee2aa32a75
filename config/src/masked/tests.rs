use super::*;
use crate::schema::Items;

const TEXT: &str = "a text";
const SECRET: &str = "hunter2";

/// A value for every key of these tables, and in `paths` the path of each.
fn full(fields: &'static [Field], above: &str, paths: &mut Vec<(String, bool)>) -> Checked {
    let mut checked = Checked::new();
    for Field { name, shape, .. } in fields {
        let path = format!("{above}/{name}");
        let list = |item: Value| Value::from(vec![item]);
        let value = match shape {
            Shape::Scalar(kind, _) => leaf(kind, path, paths),
            Shape::Values(kind, _) => list(leaf(kind, format!("{path}/0"), paths)),
            Shape::Table(inner) | Shape::OptionalTable(inner, _) => {
                full(inner, &path, paths).into()
            }
            Shape::Named(inner) => {
                let one = full(inner, &format!("{path}/one"), paths);
                Checked::from([("one".to_owned(), Value::from(one))]).into()
            }
            Shape::List(Items { fields, .. }, _) => {
                list(full(fields, &format!("{path}/0"), paths).into())
            }
            Shape::Free(_) => {
                paths.push((format!("{path}/password"), true));
                Checked::from([("password".to_owned(), Value::from(SECRET))]).into()
            }
        };
        checked.insert((*name).to_owned(), value);
    }
    checked
}

fn leaf(kind: &Kind, path: String, paths: &mut Vec<(String, bool)>) -> Value {
    let is_secret = matches!(kind, Kind::Secret(_));
    paths.push((path, is_secret));
    if is_secret { SECRET.into() } else { TEXT.into() }
}

#[test]
fn every_key_of_the_schema_is_shown_and_every_secret_is_masked() {
    let mut paths = Vec::new();
    let json = table(ROOT, &full(ROOT, "", &mut paths));
    for (path, is_secret) in &paths {
        let expected = if *is_secret { MASK } else { TEXT };
        assert_eq!(json.pointer(path).and_then(Json::as_str), Some(expected), "{path}");
    }
    assert!(!json.to_string().contains(SECRET));
    assert!(paths.iter().filter(|(_, is_secret)| *is_secret).count() >= 4, "{paths:?}");
}

#[test]
fn a_credential_in_a_header_field_is_masked() {
    let field = |name: &str| {
        let keys = [("name", name), ("value", SECRET)];
        Value::from(Checked::from(keys.map(|(key, text)| (key.to_owned(), Value::from(text)))))
    };
    let credentials = ["authorization", "cookie", "x-api-key", "x-auth-token", "x-client-secret"];
    let headers: Vec<_> = credentials.into_iter().chain(["x-probe"]).map(field).collect();
    let keys = [("http", Value::from("/")), ("headers", headers.into())];
    let probe = Checked::from(keys.map(|(key, value)| (key.to_owned(), value)));
    let pool = Checked::from([("probe".to_owned(), Value::from(probe))]);
    let pools = Checked::from([("web".to_owned(), Value::from(pool))]);
    let json = Masked::new(&Checked::from([("pool".to_owned(), pools.into())])).to_json();
    let shown = &json["pool"]["web"]["probe"]["headers"];
    for (place, name) in credentials.iter().enumerate() {
        assert_eq!(shown[place]["value"], MASK, "{name}");
    }
    assert_eq!(shown[credentials.len()]["value"], SECRET);
}
