use std::collections::BTreeSet;

use serde_json::Value;

use super::{openapi, routes};

#[test]
fn every_route_is_in_the_document_and_every_path_of_it_is_a_route() {
    let document = openapi::document();
    let described: BTreeSet<_> =
        document["paths"].as_object().unwrap().keys().map(String::as_str).collect();
    let routed: BTreeSet<_> = routes::table().into_iter().map(|(path, _)| path).collect();
    assert_eq!(described, routed);
}

#[test]
fn whatever_the_document_refers_to_is_in_it() {
    fn look(value: &Value, document: &Value, seen: &mut usize) {
        match value {
            Value::Object(fields) => {
                if let Some(to) = fields.get("$ref").and_then(Value::as_str) {
                    assert!(document.pointer(to.trim_start_matches('#')).is_some(), "{to}");
                    *seen += 1;
                }
                fields.values().for_each(|value| look(value, document, seen));
            }
            Value::Array(items) => items.iter().for_each(|item| look(item, document, seen)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let document = openapi::document();
    let mut seen = 0;
    look(&document, &document, &mut seen);
    assert!(seen > 50, "{seen}");
}

#[test]
fn each_operation_says_what_it_answers_and_how_it_refuses() {
    let document = openapi::document();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let name = format!("{method} {path}");
            assert!(operation["summary"].is_string(), "{name}");
            let responses = operation["responses"].as_object().unwrap();
            assert!(responses.keys().any(|status| status.starts_with('2')), "{name}");
            for status in ["400", "405", "421"] {
                assert!(responses.contains_key(status), "{name}: {status}");
            }
            assert_eq!(responses.contains_key("403"), method == "post", "{name}");
        }
    }
}
