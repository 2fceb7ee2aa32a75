//! Protocols that a program brings, and the settings that a file gives them.

#![expect(clippy::expect_used, clippy::panic, reason = "the helpers of tests are tests")]

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use trunkline_config::{
    Format, Mistakes, Override, Protocol, ProtocolSettings, Protocols, Settings, Source, duration,
    size,
};

/// What the protocol `chat` reads. It does not refuse unknown keys by itself.
#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
struct Chat {
    history: u32,
    motd: String,
    ratio: f64,
    open: bool,
    #[serde(deserialize_with = "duration::deserialize")]
    pause: Duration,
    #[serde(deserialize_with = "duration::or_off")]
    idle: Option<Duration>,
    #[serde(deserialize_with = "size::deserialize")]
    line: usize,
    rooms: Vec<Room>,
    mode: Mode,
    tags: BTreeMap<String, String>,
    #[serde(rename = "maxUsers")]
    max_users: Option<u8>,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Room {
    name: String,
    seats: Option<u8>,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Mode {
    #[default]
    Open,
    Invited {
        by: String,
    },
}

/// What the protocol `vault` reads, for which settings are required.
#[derive(Debug, PartialEq, Deserialize)]
struct Vault {
    key: String,
}

fn protocols() -> Protocols {
    let mut protocols = Protocols::default();
    let chat = |given: Option<&ProtocolSettings>| match given {
        Some(settings) => settings.read::<Chat>().map(drop),
        None => Ok(()),
    };
    let vault = |given: Option<&ProtocolSettings>| {
        given.unwrap_or(&ProtocolSettings::default()).read::<Vault>().map(drop)
    };
    protocols.add("chat", chat).expect("free");
    protocols.add("vault", vault).expect("free");
    protocols
}

fn load(format: Format, text: &str, env: &[(&str, &str)]) -> Result<Settings, Mistakes> {
    let variables = env.iter().map(|(name, value)| (name.into(), value.into()));
    protocols().parse(&Source::new("f", format, text), variables, [])
}

#[track_caller]
fn mistakes(format: Format, text: &str, env: &[(&str, &str)]) -> Vec<String> {
    let mistakes = load(format, text, env).expect_err("the file has mistakes");
    mistakes.iter().map(ToString::to_string).collect()
}

/// A listener for chat in TOML; the text under test begins in line 4.
fn chat(text: &str) -> String {
    format!("[listener.chat]\nbind = '[::1]:0'\nprotocol = 'chat'\n{text}")
}

fn given(settings: &Settings) -> Option<&ProtocolSettings> {
    let protocol = &settings.listeners["chat"].protocol;
    assert_eq!(protocol.name(), "chat");
    match protocol {
        Protocol::Registered { settings, .. } => settings.as_ref(),
        Protocol::Forward { .. } | Protocol::Echo => panic!("{protocol:?}"),
    }
}

#[track_caller]
fn read(text: &str, env: &[(&str, &str)]) -> Chat {
    let settings =
        load(Format::Toml, &chat(text), env).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    given(&settings).expect("settings").read().expect("they were checked")
}

#[test]
fn the_protocols_own_type_reads_the_same_from_each_format() {
    let toml = chat(
        "settings = { history = 100, motd = 'hi', ratio = 1, open = true, pause = '250ms', \
         idle = 'off', line = '64KiB', rooms = [{ name = 'a' }, { name = 'b', seats = 3 }], \
         mode = { invited = { by = 'c' } }, tags = { 'a.b' = 'x', C = 'y' }, maxUsers = 8 }",
    );
    let yaml = "listener:
  chat:
    bind: '[::1]:0'
    protocol: chat
    settings:
      history: 100
      motd: hi
      ratio: 1
      open: true
      pause: 250ms
      idle: 'off'
      line: 64KiB
      rooms: [{name: a}, {name: b, seats: 3}]
      mode: {invited: {by: c}}
      tags: {a.b: x, C: y}
      maxUsers: 8
";
    let json = r#"{"listener": {"chat": {"bind": "[::1]:0", "protocol": "chat", "settings":
        {"history": 100, "motd": "hi", "ratio": 1, "open": true, "pause": "250ms", "idle": "off",
         "line": "64KiB", "rooms": [{"name": "a"}, {"name": "b", "seats": 3}],
         "mode": {"invited": {"by": "c"}}, "tags": {"a.b": "x", "C": "y"}, "maxUsers": 8}}}}"#;
    let room = |name: &str, seats| Room { name: name.to_owned(), seats };
    let expected = Chat {
        history: 100,
        motd: "hi".to_owned(),
        ratio: 1.0,
        open: true,
        pause: Duration::from_millis(250),
        idle: None,
        line: 65_536,
        rooms: vec![room("a", None), room("b", Some(3))],
        mode: Mode::Invited { by: "c".to_owned() },
        tags: [("a.b", "x"), ("C", "y")].map(|(key, tag)| (key.into(), tag.into())).into(),
        max_users: Some(8),
    };
    let all = [(Format::Toml, toml.as_str()), (Format::Yaml, yaml), (Format::Json, json)]
        .map(|(format, text)| load(format, text, &[]).expect("valid"));
    for settings in &all {
        assert_eq!(given(settings).expect("settings").read::<Chat>().as_ref(), Ok(&expected));
    }
    assert_eq!(all[0], all[1]);
    assert_eq!(all[0], all[2]);
}

#[test]
fn absent_settings_are_none_and_an_empty_table_is_one() {
    let settings = |text: &str| load(Format::Toml, &chat(text), &[]).expect("valid");
    assert_eq!(given(&settings("")), None);
    let empty = settings("settings = {}");
    assert_eq!(given(&empty), Some(&ProtocolSettings::default()));
    let yaml = "listener: {chat: {bind: '[::1]:0', protocol: chat, settings: }}";
    assert_eq!(given(&load(Format::Yaml, yaml, &[]).expect("valid")), None);
}

#[test]
fn an_unknown_protocol_is_answered_with_every_name_and_the_nearest() {
    assert_eq!(
        mistakes(
            Format::Toml,
            "listener.a = { bind = '[::1]:0', protocol = 'caht', settings = { x = 1 } }",
            &[]
        ),
        ["f:1:45: listener.a.protocol: \"caht\" is not a protocol: \
          write one of forward, echo, chat, vault; did you mean \"chat\"?"]
    );
    assert_eq!(
        mistakes(Format::Toml, "listener.a = { bind = '[::1]:0', protocol = 5 }", &[]),
        ["f:1:45: listener.a.protocol: 5 is not a protocol: \
          write the name of a protocol, such as \"forward\" or \"echo\""]
    );
    // Without the program that brings it, it is not there.
    let source = Source::new("f", Format::Toml, chat(""));
    let mistakes = trunkline_config::parse(&source, [], []).expect_err("no such protocol");
    assert!(
        mistakes.to_string().contains("\"chat\" is not a protocol: write one of forward, echo")
    );
}

#[test]
fn every_mistake_in_settings_is_named_among_the_others_with_its_place() {
    let text = chat(
        "backlog = 0
[listener.chat.settings]
histroy = 1
motd = 5
pause = 30
idle = '30 s'
line = '64KB'
ratio = '0.5'
open = 'yes'
mode = 'closed'
rooms = [{ name = 'a', seats = 300 }, { nmae = 'b' }]
tags = { a = { b = 1 } }
",
    );
    let expected = [
        "4:11: listener.chat.backlog: 0 is too small: write a whole number from 1 to 65535",
        "6:1: listener.chat.settings.histroy: is not a key that is known here: write one of \
         history, motd, ratio, open, pause, idle, line, rooms, mode, tags, maxUsers; \
         did you mean \"history\"?",
        "7:8: listener.chat.settings.motd: 5 is not a text: write a text",
        "8:9: listener.chat.settings.pause: 30 has no unit: write \"30s\" if seconds are meant",
        "9:8: listener.chat.settings.idle: \"30 s\" is not a duration: write a whole number and \
         one of ms, s, m, h, as in \"250ms\" or \"30s\", or \"off\"",
        "10:8: listener.chat.settings.line: \"64KB\" is not a size: write a whole number and one \
         of B, KiB, MiB, GiB, as in \"64KiB\"",
        "11:9: listener.chat.settings.ratio: \"0.5\" is not a number: write a number",
        "12:8: listener.chat.settings.open: \"yes\" is not true or false: write true or false",
        "13:8: listener.chat.settings.mode: \"closed\" is not possible here: \
         write one of open, invited",
        "14:32: listener.chat.settings.rooms[0].seats: 300 is not a whole number from 0 to 255: \
         write a whole number from 0 to 255",
        "14:39: listener.chat.settings.rooms[1].name: is missing: add the key",
        "14:41: listener.chat.settings.rooms[1].nmae: is not a key that is known here: \
         write one of name, seats; did you mean \"name\"?",
        "15:10: listener.chat.settings.tags.a: a table is not a text: write a text",
    ];
    assert_eq!(mistakes(Format::Toml, &text, &[]), expected.map(|line| format!("f:{line}")));
}

#[test]
fn a_mistake_in_settings_has_its_place_in_yaml_and_json() {
    let yaml = "listener:
  chat:
    bind: '[::1]:0'
    protocol: chat
    settings:
      history: -1
      rooms:
        - name: a
          seats: x
      motdd: hi
";
    assert_eq!(
        mistakes(Format::Yaml, yaml, &[]),
        [
            "f:6:16: listener.chat.settings.history: -1 is not a whole number from 0 to 4294967295: \
             write a whole number from 0 to 4294967295",
            "f:9:18: listener.chat.settings.rooms[0].seats: \"x\" is not a whole number from 0 to \
             255: write a whole number from 0 to 255",
            "f:10:7: listener.chat.settings.motdd: is not a key that is known here: write one of \
             history, motd, ratio, open, pause, idle, line, rooms, mode, tags, maxUsers; \
             did you mean \"motd\"?",
        ]
    );
    let json = "{\"listener\": {\"chat\": {\"bind\": \"[::1]:0\", \"protocol\": \"chat\",\n\
                \"settings\": {\"history\": \"5\"}}}}";
    assert_eq!(
        mistakes(Format::Json, json, &[]),
        ["f:2:25: listener.chat.settings.history: \"5\" is a text: write 5 without quotes"]
    );
}

#[test]
fn settings_must_be_a_table_and_their_protocol_one_that_reads_them() {
    assert_eq!(
        mistakes(Format::Toml, &chat("settings = 'x'"), &[]),
        ["f:4:12: listener.chat.settings: \"x\" is not a table: \
          write keys with their values, one a line"]
    );
    let text = "[listener.a]\nbind = '[::1]:0'\nprotocol = 'echo'\nsettings = { x = 1 }
[listener.b]\nbind = '[::1]:0'\npool = 'p'\nsettings = {}\n[pool.p]\nbackends = ['b:1']";
    assert_eq!(
        mistakes(Format::Toml, text, &[]),
        [
            "f:4:1: listener.a.settings: the protocol echo has no settings: remove the key",
            "f:8:1: listener.b.settings: the protocol forward has no settings: remove the key",
        ]
    );
    assert_eq!(
        mistakes(Format::Toml, &chat("pool = 'p'"), &[]),
        ["f:4:8: listener.chat.pool: the protocol chat has no use for a pool: \
          remove the key, or move it into settings if the protocol reads it there"]
    );
}

#[test]
fn a_protocol_that_requires_settings_says_which_are_missing() {
    let vault = |rest: &str| format!("[listener.v]\nbind = '[::1]:0'\nprotocol = 'vault'\n{rest}");
    assert_eq!(
        mistakes(Format::Toml, &vault(""), &[]),
        ["f:1:11: listener.v.settings.key: is missing: add the key"]
    );
    assert_eq!(
        mistakes(Format::Toml, &vault("settings = { }"), &[]),
        ["f:4:1: listener.v.settings.key: is missing: add the key"]
    );
    let key = [("TRUNKLINE__LISTENER__V__SETTINGS__KEY", "k")];
    load(Format::Toml, &vault(""), &key).expect("a key");
}

#[test]
fn the_environment_overrides_a_value_of_settings_and_brings_new_ones() {
    let file = "settings = { history = 1, maxUsers = 1, tags = { a-b = 'x' }, mode = 'open' }";
    let chat = read(
        file,
        &[
            ("TRUNKLINE__LISTENER__CHAT__SETTINGS__HISTORY", "5"),
            ("TRUNKLINE__LISTENER__CHAT__SETTINGS__MAXUSERS", "7"),
            ("TRUNKLINE__LISTENER__CHAT__SETTINGS__TAGS__A_B", "5"),
            ("TRUNKLINE__LISTENER__CHAT__SETTINGS__TAGS__NEW", "true"),
            ("TRUNKLINE__LISTENER__CHAT__SETTINGS__MOTD", "12"),
            ("TRUNKLINE__LISTENER__CHAT__SETTINGS__OPEN", "true"),
            ("TRUNKLINE__LISTENER__CHAT__SETTINGS__RATIO", "0.5"),
            ("TRUNKLINE__LISTENER__CHAT__SETTINGS__PAUSE", "2s"),
            ("TRUNKLINE__LISTENER__CHAT__SETTINGS__LINE", "1KiB"),
        ],
    );
    let expected = Chat {
        history: 5,
        max_users: Some(7),
        tags: [("a-b", "5"), ("new", "true")].map(|(key, tag)| (key.into(), tag.into())).into(),
        motd: "12".to_owned(),
        open: true,
        ratio: 0.5,
        pause: Duration::from_secs(2),
        line: 1_024,
        ..Chat::default()
    };
    assert_eq!(chat, expected);
    let nested = read("", &[("TRUNKLINE__LISTENER__CHAT__SETTINGS__MODE__INVITED__BY", "me")]);
    assert_eq!(nested.mode, Mode::Invited { by: "me".to_owned() });
}

#[test]
fn a_mistake_that_the_environment_makes_in_settings_names_the_variable() {
    assert_eq!(
        mistakes(
            Format::Toml,
            &chat("settings = { history = 1 }"),
            &[
                ("TRUNKLINE__LISTENER__CHAT__SETTINGS__HISTORY", "many"),
                ("TRUNKLINE__LISTENER__CHAT__SETTINGS__MOTDD", "secret"),
                ("TRUNKLINE__LISTENER__CHAT__SETTINGS__ROOMS", "a"),
            ]
        ),
        [
            "TRUNKLINE__LISTENER__CHAT__SETTINGS__HISTORY: listener.chat.settings.history: \"many\" \
             is not a whole number from 0 to 4294967295: write a whole number from 0 to 4294967295",
            "TRUNKLINE__LISTENER__CHAT__SETTINGS__MOTDD: listener.chat.settings.motdd: is not a key \
             that is known here: write one of history, motd, ratio, open, pause, idle, line, rooms, \
             mode, tags, maxUsers; did you mean \"motd\"?",
            "TRUNKLINE__LISTENER__CHAT__SETTINGS__ROOMS: listener.chat.settings.rooms: \"a\" is not \
             a list: write a list",
        ]
    );
    assert_eq!(
        mistakes(
            Format::Toml,
            "listener.e = { bind = '[::1]:0', protocol = 'echo' }",
            &[("TRUNKLINE__LISTENER__E__SETTINGS__X", "1")]
        ),
        ["TRUNKLINE__LISTENER__E__SETTINGS__X: listener.e.settings: the protocol echo has no \
          settings: remove the key"]
    );
}

#[test]
fn a_variable_cannot_replace_a_table_or_a_list_or_lead_through_a_value() {
    let file = chat("settings = { history = 1, tags = {}, rooms = [] }");
    let deep = format!("TRUNKLINE__LISTENER__CHAT__SETTINGS{}", "__A".repeat(10_000));
    for variable in [
        "TRUNKLINE__LISTENER__CHAT__SETTINGS",
        "TRUNKLINE__LISTENER__CHAT__SETTINGS__",
        "TRUNKLINE__LISTENER__CHAT__SETTINGS__TAGS",
        "TRUNKLINE__LISTENER__CHAT__SETTINGS__TAGS____X",
        "TRUNKLINE__LISTENER__CHAT__SETTINGS__ROOMS",
        "TRUNKLINE__LISTENER__CHAT__SETTINGS__HISTORY__X",
        "TRUNKLINE__LISTENER__CAHT__SETTINGS__HISTORY",
        &deep,
    ] {
        let lines = mistakes(Format::Toml, &file, &[(variable, "secret")]);
        let start = format!("{variable}: is no setting that can be overridden");
        assert!(lines.len() == 1 && lines[0].starts_with(&start), "{lines:?}");
        assert!(!lines[0].contains("secret"));
    }
    assert_eq!(
        mistakes(
            Format::Toml,
            &chat(""),
            &[
                ("TRUNKLINE__LISTENER__CHAT__SETTINGS__TAGS", "1"),
                ("TRUNKLINE__LISTENER__CHAT__SETTINGS__TAGS__X", "1"),
            ]
        )
        .iter()
        .filter(|line| line.contains("beside"))
        .collect::<Vec<_>>(),
        ["TRUNKLINE__LISTENER__CHAT__SETTINGS__TAGS__X: listener.chat.settings.tags.x: \
          cannot be set beside listener.chat.settings.tags: remove one of the two"]
    );
}

#[test]
fn two_keys_that_one_variable_would_mean_are_a_mistake() {
    let file = chat("settings = { tags = { a-b = 'x', a_b = 'y' } }");
    assert_eq!(
        mistakes(Format::Toml, &file, &[("TRUNKLINE__LISTENER__CHAT__SETTINGS__TAGS__A_B", "z")]),
        ["TRUNKLINE__LISTENER__CHAT__SETTINGS__TAGS__A_B: means both \
          listener.chat.settings.tags.a-b and listener.chat.settings.tags.a_b: \
          rename one of the two, or set the key in the file"]
    );
}

#[test]
fn a_flag_overrides_settings_as_the_environment_does() {
    let parse = |value: &str| {
        let flag = Override::new("--history", "listener.chat.settings.history", value);
        let variable = ("TRUNKLINE__LISTENER__CHAT__SETTINGS__HISTORY".into(), "6".into());
        protocols().parse(&Source::new("f", Format::Toml, chat("")), [variable], [flag])
    };
    let settings = parse("7").expect("valid");
    let read = given(&settings).expect("settings").read::<Chat>().expect("checked");
    assert_eq!(read.history, 7);
    let line = parse("x").expect_err("no number").to_string();
    assert!(line.starts_with("--history: listener.chat.settings.history: \"x\" is not"), "{line}");
}
