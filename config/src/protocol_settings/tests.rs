mod damage;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::*;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Kind {
    Plain,
    One(u8),
    Two(u8, bool),
    Table { key: String },
}

fn free(json: &Json) -> Free {
    match json {
        Json::Null => Free::Null,
        Json::Bool(boolean) => Free::Boolean(*boolean),
        Json::Number(number) => match number.as_i128() {
            Some(number) => Free::Integer(number),
            None => Free::Float(number.as_f64().expect("a number of JSON")),
        },
        Json::String(text) => Free::Text(text.clone()),
        Json::Array(items) => Free::List(items.iter().map(free).collect()),
        Json::Object(entries) => {
            Free::Table(entries.iter().map(|(key, value)| (key.clone(), free(value))).collect())
        }
    }
}

fn given(json: &Json) -> ProtocolSettings {
    ProtocolSettings { table: free(json) }
}

#[track_caller]
fn refused<T: DeserializeOwned + fmt::Debug>(json: &Json) -> String {
    given(json).read::<T>().expect_err("a mistake").to_string()
}

#[derive(Debug, Deserialize)]
struct Chat {
    #[expect(dead_code, reason = "only read")]
    history: u32,
    #[expect(dead_code, reason = "only read")]
    #[serde(default)]
    limits: Vec<Limit>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Limit {
    #[expect(dead_code, reason = "only read")]
    rooms: u8,
}

#[test]
fn an_error_reads_well_without_a_file() {
    assert_eq!(
        refused::<Chat>(&json!({ "history": "many", "motd": "hi" })),
        "settings.history: \"many\" is not a whole number from 0 to 4294967295: write a whole \
         number from 0 to 4294967295; settings.motd: is not a key that is known here: write one of \
         history, limits"
    );
}

#[test]
fn a_mistake_does_not_hide_those_beside_and_below_it() {
    let limits = json!([{ "rooms": 1, "romms": 2, "x": 1 }, { "rooms": 300 }, {}, 7]);
    let lines = refused::<Chat>(&json!({ "limits": limits }));
    let lines: Vec<_> = lines.split("; settings").collect();
    assert_eq!(
        lines,
        [
            "settings.limits[0].romms: is not a key that is known here: write one of rooms; \
             did you mean \"rooms\"?",
            ".limits[0].x: is not a key that is known here: write one of rooms",
            ".limits[1].rooms: 300 is not a whole number from 0 to 255: \
             write a whole number from 0 to 255",
            ".limits[2].rooms: is missing: add the key",
            ".limits[3]: 7 is not a table: write a table",
            ".history: is missing: add the key",
        ]
    );
}

#[test]
fn what_was_refused_already_is_not_missing_as_well() {
    let answer = refused::<Limit>(&json!({ "rooms": true }));
    assert_eq!(
        answer,
        "settings.rooms: true is not a whole number from 0 to 255: \
         write a whole number from 0 to 255"
    );
}

#[test]
fn a_choice_says_what_there_is_to_choose_from() {
    type Kinds = BTreeMap<String, Kind>;
    let kinds = "Plain, One, Two, Table";
    for (json, answer) in [
        (json!("plain"), format!("\"plain\" is not possible here: write one of {kinds}")),
        (json!({}), format!("is not a table with exactly one key: write one of {kinds}")),
        (json!([]), format!("is not the name of a choice: write one of {kinds}")),
    ] {
        let answered = refused::<Kinds>(&json!({ "k": json }));
        assert!(answered.starts_with(&format!("settings.k: {answer}")), "{answered}");
    }
    assert!(
        refused::<Kinds>(&json!({ "k": { "Tabel": 1 } }))
            .starts_with("settings.k.Tabel: \"Tabel\" is not possible here: write one of Plain")
    );
    assert_eq!(
        refused::<Kinds>(&json!({ "k": { "Table": { "key": "a", "kye": 1 } } })),
        "settings.k.Table.kye: is not a key that is known here: write one of key; \
         did you mean \"key\"?"
    );
}

#[test]
fn a_type_without_keys_knows_none() {
    #[derive(Debug, Deserialize)]
    struct Nothing;
    assert!(given(&json!({})).read::<Nothing>().is_ok());
    assert!(ProtocolSettings::default().read::<()>().is_ok());
    assert_eq!(
        refused::<Nothing>(&json!({ "a": 1, "b": { "c": 2 } })),
        "settings.a: is not a key that is known here: remove the key; \
         settings.b: is not a key that is known here: remove the key"
    );
}

#[test]
fn the_words_of_a_type_are_escaped_and_cut() {
    #[derive(Debug)]
    struct Stubborn;
    impl<'de> Deserialize<'de> for Stubborn {
        fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
            let text = String::deserialize(from)?;
            Err(serde::de::Error::custom(format!("no {text}")))
        }
    }
    let text = format!("\u{1b}[2J{}", "x".repeat(1_000));
    let answer = refused::<BTreeMap<String, Stubborn>>(&json!({ "a": text }));
    assert!(answer.starts_with("settings.a: no \\u{1b}[2Jxxx"), "{answer}");
    assert!(answer.len() < 400);
}

#[test]
fn a_value_is_not_shown_for_debugging() {
    let shown = format!("{:?}", given(&json!({ "password": "secret" })));
    assert_eq!(shown, "ProtocolSettings{\"password\"}");
}

#[test]
fn a_word_becomes_what_the_type_asks_for_and_below_flatten_what_it_reads_as() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Words {
        text: String,
        number: u8,
        float: f32,
        truth: Option<bool>,
        kind: Kind,
        #[serde(flatten)]
        rest: BTreeMap<String, Json>,
    }
    let words = [
        ("text", "5"),
        ("number", "5"),
        ("float", "5"),
        ("truth", "true"),
        ("kind", "Plain"),
        ("a", "5"),
        ("b", "0.5"),
        ("c", "false"),
        ("d", "nan"),
    ];
    let words = words.map(|(key, word)| (key.to_owned(), Free::Word(word.to_owned())));
    let read = ProtocolSettings { table: Free::Table(words.into()) }.read::<Words>();
    let rest = [("a", json!(5)), ("b", json!(0.5)), ("c", json!(false)), ("d", json!("nan"))];
    let expected = Words {
        text: "5".to_owned(),
        number: 5,
        float: 5.0,
        truth: Some(true),
        kind: Kind::Plain,
        rest: rest.map(|(key, value)| (key.to_owned(), value)).into(),
    };
    assert_eq!(read, Ok(expected));
}

#[test]
fn a_table_of_very_many_unknown_keys_is_answered_in_reasonable_time() {
    let mut table: serde_json::Map<_, _> =
        (0..50_000).map(|each| (format!("k{each}"), json!(each))).collect();
    table.insert("history".to_owned(), json!("many"));
    let faults = given(&Json::Object(table)).read::<Chat>().expect_err("mistakes").into_faults();
    assert_eq!(faults.len(), 50_001);
}
