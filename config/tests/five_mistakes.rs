//! All mistakes of a file at once, each with its place, in each of the formats.

#![expect(clippy::expect_used, reason = "the helpers of tests are tests")]

use trunkline_config::{Format, Mistakes, Settings, Source, parse};

fn load(format: Format, text: &str) -> Result<Settings, Mistakes> {
    parse(&Source::new("f", format, text), [], [])
}

const FIVE: [&str; 5] = [
    "server.drian: is not a key that is known here: \
     write one of workers, drain, lame_duck, connections, zone, admin; did you mean \"drain\"?",
    "listener.web.bind: port \"99999\" is above 65535: write a number from 0 to 65535",
    "listener.web.pool: there is no pool \"wbe\": \
     write the name of a pool, or add a table pool.wbe; did you mean \"web\"?",
    "pool.web.balance: \"roundrobin\" is not an algorithm: \
     write one of round_robin, least_request, random, two_choices, peak_ewma, ring_hash, maglev, \
     source_hash; did you mean \"round_robin\"?",
    "pool.web.backends[1].weight: 0 is too small: write a whole number from 1 to 256",
];

#[track_caller]
fn assert_five(format: Format, text: &str, places: [&str; 5]) {
    let mistakes = load(format, text).expect_err("five mistakes");
    let expected: Vec<_> =
        places.iter().zip(FIVE).map(|(place, what)| format!("f:{place}: {what}\n")).collect();
    assert_eq!(mistakes.to_string(), expected.concat() + "5 mistakes");
}

#[test]
fn five_mistakes_in_toml_are_named_at_once_with_their_places() {
    let text = r#"
[server]
drian = "30s"

[listener.web]
bind = "127.0.0.1:99999"
pool = "wbe"

[pool.web]
balance = "roundrobin"
backends = [
    "10.0.0.1:80",
    { address = "10.0.0.2:80", weight = 0 },
]
"#;
    assert_five(Format::Toml, text, ["3:1", "6:8", "7:8", "10:11", "13:41"]);
}

#[test]
fn five_mistakes_in_yaml_are_named_at_once_with_their_places() {
    let text = r#"
server:
  drian: 30s
listener:
  web:
    bind: 127.0.0.1:99999
    pool: wbe
pool:
  web:
    balance: roundrobin
    backends:
      - 10.0.0.1:80
      - address: 10.0.0.2:80
        weight: 0
"#;
    assert_five(Format::Yaml, text, ["3:3", "6:11", "7:11", "10:14", "14:17"]);
}

#[test]
fn five_mistakes_in_json_are_named_at_once_with_their_places() {
    let text = r#"{
  "server": { "drian": "30s" },
  "listener": {
    "web": { "bind": "127.0.0.1:99999", "pool": "wbe" }
  },
  "pool": {
    "web": {
      "balance": "roundrobin",
      "backends": [
        "10.0.0.1:80", { "address": "10.0.0.2:80", "weight": 0 }
      ]
    }
  }
}"#;
    assert_five(Format::Json, text, ["2:15", "4:22", "4:49", "8:18", "10:62"]);
}

#[test]
fn each_mistake_can_be_taken_apart() {
    let mistakes = load(
        Format::Toml,
        "listener.a = { bind = '[::]:1', protocol = 'echo' }\nlog.level = 'inof'",
    )
    .expect_err("a mistake");
    assert_eq!(mistakes.count(), 1);
    let mistake = mistakes.iter().next().expect("one");
    assert_eq!(mistake.place().map(|place| (place.line, place.column)), Some((2, 13)));
    assert_eq!(mistake.path(), "log.level");
    assert_eq!(mistake.message(), "\"inof\" is not a level");
    assert_eq!(mistake.remedy(), Some("write one of error, warn, info, debug, trace"));
    assert_eq!(mistake.nearest(), Some("info"));
}

#[test]
fn of_very_many_mistakes_a_thousand_are_kept_and_all_are_counted() {
    let text: String = (0..1_500).map(|key| format!("k{key} = 1\n")).collect();
    let mistakes = load(
        Format::Toml,
        &format!("listener.a = {{ bind = '[::]:1', protocol = 'echo' }}\n[server]\n{text}"),
    )
    .expect_err("many");
    assert_eq!(mistakes.iter().count(), 1_000);
    assert_eq!(mistakes.count(), 1_500);
    assert!(mistakes.to_string().ends_with("\n1500 mistakes, of which 500 are not shown"));
}
