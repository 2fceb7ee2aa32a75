//! A type made of everything, and what becomes of its settings when they are damaged.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::{Kind, given};

/// One of each thing that a type can be made of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Rich {
    whole: u64,
    signed: i16,
    float: f64,
    truth: bool,
    text: String,
    letter: char,
    perhaps: Option<i64>,
    list: Vec<u8>,
    pair: (u8, String),
    names: BTreeMap<String, Inner>,
    ports: BTreeMap<u16, bool>,
    kind: Kind,
    wrapped: Wrapped,
    nothing: (),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Inner {
    deep: Vec<Kind>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Wrapped(i32);

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![
        Just(Kind::Plain),
        any::<u8>().prop_map(Kind::One),
        any::<(u8, bool)>().prop_map(|(one, two)| Kind::Two(one, two)),
        any::<String>().prop_map(|key| Kind::Table { key }),
    ]
}

fn rich() -> impl Strategy<Value = Rich> {
    let inner = prop::collection::vec(kind(), 0..3).prop_map(|deep| Inner { deep });
    (
        (any::<u64>(), any::<i16>(), -1e9..1e9, any::<bool>(), any::<String>(), any::<char>()),
        (any::<Option<i64>>(), any::<Vec<u8>>(), any::<(u8, String)>()),
        prop::collection::btree_map(any::<String>(), inner, 0..3),
        (any::<BTreeMap<u16, bool>>(), kind(), any::<i32>()),
    )
        .prop_map(|(scalars, (perhaps, list, pair), names, (ports, kind, number))| {
            let (whole, signed, float, truth, text, letter) = scalars;
            let wrapped = Wrapped(number);
            Rich {
                whole,
                signed,
                float,
                truth,
                text,
                letter,
                perhaps,
                list,
                pair,
                names,
                ports,
                kind,
                wrapped,
                nothing: (),
            }
        })
}

fn anything() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        "[a-z]{0,4}|[0-9]{1,3}|Plain|One|Two|Table".prop_map(Json::from),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            prop::collection::btree_map("[a-z]{0,3}|Plain|One|Two|Table|key|deep", inner, 0..4)
                .prop_map(|map| Json::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn what_a_type_writes_it_reads_back(rich in rich()) {
        let json = serde_json::to_value(&rich).expect("JSON");
        prop_assert_eq!(given(&json).read::<Rich>(), Ok(rich));
    }

    #[test]
    fn any_damage_is_answered_with_each_mistake_once(
        rich in rich(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), anything()), 1..5),
    ) {
        let mut json = serde_json::to_value(&rich).expect("JSON");
        let table = json.as_object_mut().expect("an object");
        let keys: Vec<_> = table.keys().cloned().chain(["other".to_owned()]).collect();
        for (at, value) in damage {
            table.insert(at.get(&keys).clone(), value);
        }
        if let Err(error) = given(&json).read::<Rich>() {
            let faults = error.into_faults();
            prop_assert!(!faults.is_empty());
            let places: BTreeSet<_> = faults.iter().map(|fault| fault.path.to_string()).collect();
            prop_assert_eq!(places.len(), faults.len(), "{:?}", faults);
        }
    }
}
