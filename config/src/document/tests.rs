use super::*;
use proptest::prelude::*;

const FORMATS: [Format; 3] = [Format::Toml, Format::Yaml, Format::Json];

fn parsed(format: Format, text: &str) -> (Option<Node>, Vec<Fault>) {
    parse(&Source::new("test", format, text))
}

fn faults(format: Format, text: &str) -> Vec<String> {
    let (root, faults) = parsed(format, text);
    assert!(root.is_some() || !faults.is_empty(), "without a root there is a fault");
    faults
        .into_iter()
        .map(|(Place { line, column }, problem)| format!("{line}:{column}: {problem}"))
        .collect()
}

fn find<'n>(node: &'n Node, path: &[&str]) -> (&'n Entry, &'n Content) {
    let mut entry = None;
    let mut content = &node.content;
    for key in path {
        let Content::Table(table) = content else { panic!("{key} is not in a table") };
        let found = &table[*key];
        content = &found.node.content;
        entry = Some(found);
    }
    (entry.expect("a path"), content)
}

#[test]
fn the_same_document_has_its_places_in_each_format() {
    for (format, text, key, value) in [
        (Format::Toml, "['ä']\n# é\n\"é\" = 'ü'\n", (3, 1), (3, 7)),
        (Format::Yaml, "ä:\n  # é\n  é: 'ü'\n", (3, 3), (3, 6)),
        (Format::Json, "{ \"ä\": {\n\t\"é\": \"ü\" } }\n", (2, 2), (2, 7)),
    ] {
        let (root, faults) = parsed(format, text);
        assert!(faults.is_empty(), "{faults:?}");
        let root = root.expect("a document");
        let (entry, content) = find(&root, &["ä", "é"]);
        assert_eq!((entry.key.line, entry.key.column), key, "{format}");
        assert_eq!((entry.node.place.line, entry.node.place.column), value, "{format}");
        assert_eq!(*content, Content::Text("ü".to_owned()));
    }
}

#[test]
fn values_keep_their_types() {
    let toml = "a = 1\nb = true\nc = 1.5\nd = 2020-01-01\ne = 0x10\nf = 1e999\ng = [1]";
    let (root, _) = parsed(Format::Toml, toml);
    let root = root.expect("a document");
    assert_eq!(*find(&root, &["a"]).1, Content::Integer(1));
    assert_eq!(*find(&root, &["b"]).1, Content::Boolean(true));
    assert_eq!(*find(&root, &["c"]).1, Content::Float(1.5));
    assert_eq!(*find(&root, &["d"]).1, Content::Text("2020-01-01".to_owned()));
    assert_eq!(*find(&root, &["e"]).1, Content::Integer(16));
    let yaml = "a: 1\nb: true\nc: 1.5\nd: off\ne: '1'\nf:\ng: !!str 1\nh: !!int x";
    let (root, _) = parsed(Format::Yaml, yaml);
    let root = root.expect("a document");
    assert_eq!(*find(&root, &["a"]).1, Content::Integer(1));
    assert_eq!(*find(&root, &["b"]).1, Content::Boolean(true));
    assert_eq!(*find(&root, &["c"]).1, Content::Float(1.5));
    assert_eq!(*find(&root, &["d"]).1, Content::Text("off".to_owned()));
    assert_eq!(*find(&root, &["e"]).1, Content::Text("1".to_owned()));
    assert_eq!(*find(&root, &["f"]).1, Content::Null);
    assert_eq!(*find(&root, &["g"]).1, Content::Text("1".to_owned()));
    assert_eq!(*find(&root, &["h"]).1, Content::Text("x".to_owned()));
    let json = r#"{"a": 1, "b": true, "c": 1.5, "d": null, "e": "\ud83d\ude00", "f": false}"#;
    let (root, _) = parsed(Format::Json, json);
    let root = root.expect("a document");
    assert_eq!(*find(&root, &["a"]).1, Content::Integer(1));
    assert_eq!(*find(&root, &["c"]).1, Content::Float(1.5));
    assert_eq!(*find(&root, &["d"]).1, Content::Null);
    assert_eq!(*find(&root, &["e"]).1, Content::Text("😀".to_owned()));
    assert_eq!(*find(&root, &["f"]).1, Content::Boolean(false));
}

#[test]
fn a_syntax_error_has_its_place_in_each_format() {
    assert_eq!(
        faults(Format::Toml, "[a]\nb = x\nc = 1\nc = 2\nd = 'e\n"),
        [
            "2:5: is not valid TOML (string values must be quoted, expected literal string)",
            "5:7: is not valid TOML (invalid literal string, expected `'`)",
        ]
    );
    assert_eq!(
        faults(Format::Yaml, "a: [1, 2\nb: 3"),
        ["2:2: is not valid YAML (illegal placement of ':' indicator)"]
    );
    assert_eq!(
        faults(Format::Json, "{\n  \"ä\": x\n}"),
        ["2:8: is not valid JSON (expected value)"]
    );
    assert_eq!(
        faults(Format::Json, "{\n  \"a\": \"\\ud800\"\n}"),
        ["2:8: is not valid JSON (unexpected end of hex escape)"]
    );
}

#[test]
fn a_key_set_twice_is_a_fault_that_leaves_the_rest_to_be_read() {
    for (format, text, fault) in [
        (Format::Toml, "a = 1\nb = 1\na = 2\n", "3:1: \"a\" is set twice: keep one of the two"),
        (Format::Toml, "[a]\n[b]\n[a]\n", "3:2: \"a\" is set twice: keep one of the two"),
        (
            Format::Yaml,
            "a: 1\nb: 1\na: 2\n",
            "3:1: \"a\" is set twice, first in line 1: keep one of the two",
        ),
        (
            Format::Json,
            "{\"a\": 1,\n\"b\": 1,\n\"\\u0061\": 2}",
            "3:1: \"a\" is set twice, first in line 1: keep one of the two",
        ),
    ] {
        assert_eq!(faults(format, text), [fault], "{format}");
        let (root, _) = parsed(format, text);
        find(&root.expect("the rest"), &["b"]);
    }
}

#[test]
fn what_yaml_can_do_beyond_the_other_formats_is_refused() {
    for (text, fault) in [
        ("a: &x 1\nb: *x\n", "2:4: aliases are not supported: write the value out again"),
        ("a: 1\n---\nb: 2\n", "2:1: a second document begins here: write one document a file"),
        ("? [a]\n: 1\n", "1:3: a list or a table cannot be a key: write a name as the key"),
    ] {
        assert_eq!(faults(Format::Yaml, text), [fault]);
    }
}

#[test]
fn an_empty_text_is_an_empty_table() {
    for format in FORMATS {
        for text in ["", " \r\n", "\u{feff}"] {
            let (root, faults) = parsed(format, text);
            assert!(faults.is_empty());
            assert_eq!(root.expect("a table").content, Content::Table(Table::new()));
        }
    }
    let (root, faults) = parsed(Format::Yaml, "# nothing\n");
    assert!(root.is_some() && faults.is_empty());
}

#[test]
fn deep_nesting_is_refused_without_a_deep_stack() {
    const N: usize = 20_000;
    for (format, text) in [
        (Format::Toml, format!("a = {}", "[".repeat(N))),
        (Format::Toml, format!("a = {}", "{a=".repeat(N))),
        (Format::Toml, format!("{} = 1", vec!["a"; N].join("."))),
        (Format::Toml, format!("[{}]", vec!["a"; N].join("."))),
        (Format::Toml, "[a]\n".to_owned() + &"a.".repeat(N) + "b = 1"),
        (Format::Yaml, "[".repeat(N)),
        (Format::Yaml, "- ".repeat(N)),
        (Format::Yaml, "{a: ".repeat(N)),
        (Format::Json, "[".repeat(N) + &"]".repeat(N)),
        (Format::Json, "{\"a\":".repeat(N) + "1" + &"}".repeat(N)),
    ] {
        let (root, faults) = parsed(format, &text);
        assert!(root.is_none() && !faults.is_empty(), "{format}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_a_parser_panic(text in any::<String>(), more in "[\\[\\]{}:,='\"\\n\\t a1.#&*!|>?-]{0,60}") {
        for format in FORMATS {
            faults(format, &text);
            faults(format, &more);
        }
    }
}
