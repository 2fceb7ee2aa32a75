//! How much of many rules is looked at.

use super::{get, rule};
use crate::http::route::{Query, Routes, Rule};

const MANY: usize = 10_000;

/// More lists and rules than a request of a few labels and segments may look at.
const FEW: usize = 16;

fn many(text: impl Fn(usize) -> String) -> Vec<Rule> {
    (0..MANY).map(|index| rule(&text(index))).collect()
}

fn visited(rules: Vec<Rule>, query: &Query<'_>, expected: Option<usize>) -> usize {
    let (position, visited) = Routes::compile(rules).look(query);
    assert_eq!(position, expected);
    visited
}

#[test]
fn of_many_hosts_few_are_looked_at() {
    let hosts = || many(|index| format!("h{index}.example.com -"));
    assert!(visited(hosts(), &get("h9999.example.com", "/"), Some(MANY - 1)) <= FEW);
    assert!(visited(hosts(), &get("h.example.com", "/"), None) <= FEW);
    let wild = many(|index| format!("*.h{index}.example.com -"));
    assert!(visited(wild, &get("a.b.h9999.example.com", "/"), Some(MANY - 1)) <= FEW);
}

#[test]
fn of_many_paths_few_are_looked_at() {
    let prefixes = || many(|index| format!("- /a/p{index}/"));
    assert!(visited(prefixes(), &get("", "/a/p9999/x/y"), Some(MANY - 1)) <= FEW);
    assert!(visited(prefixes(), &get("", "/a/b/c/d/e/f/g/h"), None) <= FEW);
    let exact = many(|index| format!("- /a/p{index}"));
    assert!(visited(exact, &get("", "/a/p9999"), Some(MANY - 1)) <= FEW);
}

#[test]
fn of_many_rules_of_all_kinds_few_are_looked_at() {
    let mixed = || {
        let mut rules = many(|index| match index % 4 {
            0 => format!("h{index}.com /p{index}/"),
            1 => format!("*.h{index}.com -"),
            2 => format!("- /p{index}"),
            _ => format!("- /p{index}/q/"),
        });
        rules.push(rule("- -"));
        rules
    };
    assert!(visited(mixed(), &get("h9996.com", "/p9996/"), Some(9996)) <= FEW);
    assert!(visited(mixed(), &get("a.h9997.com", "/p9999/q/r"), Some(9997)) <= FEW);
    assert!(visited(mixed(), &get("a.com", "/p9999/q/r"), Some(9999)) <= FEW);
    assert!(visited(mixed(), &get("a.com", "/nowhere"), Some(MANY)) <= FEW);
    assert!(visited(mixed(), &get("a.com", "/a%2Fb//c"), Some(MANY)) <= 2 * FEW);
    assert!(visited(mixed(), &get("a.com", "/a/../b"), None) <= FEW);
}

#[test]
fn a_long_path_is_followed_only_as_far_as_rules_go() {
    let path = "/a".repeat(16_000);
    let rules = || vec![rule("- /a/a/a/"), rule("- /b/"), rule("- -")];
    assert!(visited(rules(), &get("", &path), Some(0)) <= FEW);
    let host = "a.".repeat(16_000);
    assert!(visited(rules(), &get(&host, "/c"), Some(2)) <= FEW);
}

#[test]
fn rules_behind_one_that_always_holds_are_not_kept() {
    let rules = many(|_| "example.com /a".to_owned());
    assert!(visited(rules, &Query { method: b"PUT", ..get("example.com", "/a") }, Some(0)) <= FEW);
}
