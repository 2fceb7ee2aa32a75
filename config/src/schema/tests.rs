use super::*;
use crate::document::{Content, Node, parse};
use crate::source::{Format, Source};

/// All keys below a table with what the file gives them.
fn walk<'n>(
    fields: &'static [Field],
    node: &'n Node,
    above: &str,
    visit: &mut dyn FnMut(&str, &'static Field, Vec<&'n Node>),
) {
    let Content::Table(table) = &node.content else { panic!("{above} is a table") };
    for field in fields {
        let path = format!("{above}{}", field.name);
        let given = table.get(field.name).map(|entry| &entry.node);
        visit(&path, field, given.into_iter().collect());
        match (&field.shape, given) {
            (Shape::Table(inner), Some(node)) => walk(inner, node, &format!("{path}."), visit),
            (Shape::Named(inner), Some(Node { content: Content::Table(named), .. })) => {
                for (name, entry) in named {
                    walk(inner, &entry.node, &format!("{path}.{name}."), visit);
                }
            }
            (Shape::List(items), Some(Node { content: Content::List(list), .. })) => {
                for item in list.iter().filter(|item| matches!(item.content, Content::Table(_))) {
                    walk(items.fields, item, &format!("{path}[]."), visit);
                }
            }
            (Shape::Scalar(..) | Shape::Free(_), _) | (_, None) => {}
            (_, Some(_)) => panic!("{path} has another shape"),
        }
    }
}

fn written(node: &Node) -> String {
    match &node.content {
        Content::Boolean(boolean) => boolean.to_string(),
        Content::Integer(number) => number.to_string(),
        Content::Text(text) => text.clone(),
        Content::Null | Content::Float(_) | Content::List(_) | Content::Table(_) => {
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
    walk(ROOT, &root, "", &mut |path, field, given| {
        let commented = text.lines().any(|line| line.starts_with(&format!("# {} = ", field.name)));
        match (&field.shape, given.as_slice()) {
            (Shape::Scalar(_, Presence::Default(default)), [node]) => {
                assert_eq!(written(node), *default, "{path}");
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
                Shape::Table(inner) | Shape::Named(inner) => check(inner),
                Shape::List(items) => {
                    check(items.fields);
                    assert!(items.fields.iter().any(|field| field.name == items.short));
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
