use super::*;
use crate::document::{Content, Node, Table, parse};
use crate::source::{Format, Source};

/// All keys below these tables, which are all of one kind, with what the file gives them.
fn walk<'n>(
    fields: &'static [Field],
    nodes: &[&'n Node],
    above: &str,
    visit: &mut dyn FnMut(&str, &'static Field, &[&'n Node]),
) {
    for field in fields {
        let path = format!("{above}{}", field.name);
        let entries = nodes.iter().filter_map(|node| table(node).get(field.name));
        let given: Vec<_> = entries.map(|entry| &entry.node).collect();
        visit(&path, field, &given);
        match &field.shape {
            Shape::Table(inner) | Shape::OptionalTable(inner, _) => {
                walk(inner, &given, &format!("{path}."), visit);
            }
            Shape::Named(inner) => {
                let named: Vec<_> =
                    given.iter().flat_map(|node| table(node).values()).map(|it| &it.node).collect();
                walk(inner, &named, &format!("{path}.*."), visit);
            }
            Shape::List(items, _) => {
                let full = |item: &&Node| matches!(item.content, Content::Table(_));
                let items_given: Vec<_> =
                    given.iter().flat_map(|node| list(node)).filter(full).collect();
                walk(items.fields, &items_given, &format!("{path}[]."), visit);
            }
            Shape::Scalar(..) | Shape::Values(..) | Shape::Free(_) => {}
        }
    }
}

fn table(node: &Node) -> &Table {
    let Content::Table(table) = &node.content else { panic!("{node:?} is no table") };
    table
}

fn list(node: &Node) -> &[Node] {
    let Content::List(list) = &node.content else { panic!("{node:?} is no list") };
    list
}

fn written(node: &Node) -> String {
    match &node.content {
        Content::Boolean(boolean) => boolean.to_string(),
        Content::Integer(number) => number.to_string(),
        Content::Float(number) => number.to_string(),
        Content::Text(text) => text.clone(),
        Content::List(items) if items.is_empty() => "[]".to_owned(),
        Content::Null | Content::List(_) | Content::Table(_) => {
            panic!("{:?} is no value of the schema", node.content)
        }
    }
}

#[test]
fn the_example_of_everything_names_every_key_with_its_default() {
    let text = include_str!("../../examples/everything.toml");
    let source = Source::new("everything.toml", Format::Toml, text);
    let (root, faults) = parse(&source);
    assert!(faults.is_empty(), "{faults:?}");
    let root = root.expect("a document");
    walk(ROOT, &[&root], "", &mut |path, field, given| {
        let commented = text.lines().any(|line| line.starts_with(&format!("# {} = ", field.name)));
        match (&field.shape, given) {
            (
                Shape::Scalar(_, Presence::Default(default))
                | Shape::Values(_, Presence::Default(default)),
                [_, ..],
            ) => {
                let named = given.iter().any(|node| written(node) == *default);
                assert!(named, "{path} is not named with {default:?}");
            }
            (Shape::Scalar(_, Presence::Optional(_)) | Shape::Free(_), []) => {
                assert!(commented, "{path} is not named");
            }
            (_, []) => panic!("{path} is not named"),
            (_, _) => {}
        }
    });
}

#[test]
fn every_default_is_a_value_of_its_kind_and_every_key_is_documented() {
    fn check(fields: &'static [Field]) {
        for Field { name, shape, doc } in fields {
            assert!(doc.ends_with('.') && !doc.contains('\n'), "{name}: {doc:?}");
            match shape {
                Shape::Scalar(kind, Presence::Default(text)) => {
                    kind.check(&kind.value(text))
                        .unwrap_or_else(|problem| panic!("{name}: {problem}"));
                }
                Shape::Scalar(_, Presence::Required | Presence::Optional(_)) | Shape::Free(_) => {}
                Shape::Values(_, presence) => {
                    assert!(!matches!(presence, Presence::Default(text) if *text != "[]"));
                }
                Shape::Table(inner) | Shape::OptionalTable(inner, _) | Shape::Named(inner) => {
                    check(inner);
                }
                Shape::List(items, presence) => {
                    check(items.fields);
                    assert!(!matches!(presence, Presence::Default(text) if *text != "[]"));
                    let known = |short| items.fields.iter().any(|field| field.name == short);
                    assert!(items.short.is_none_or(known));
                }
            }
        }
    }
    check(ROOT);
}

#[test]
fn names_are_short_lower_case_words() {
    for name in ["a", "0", "web-1_b", &"a".repeat(63)] {
        assert!(is_name(name), "{name}");
    }
    for name in ["", "-a", "_a", "A", "a.b", "a b", "ä", &"a".repeat(64)] {
        assert!(!is_name(name), "{name}");
    }
}
