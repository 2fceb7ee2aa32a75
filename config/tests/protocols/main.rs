//! Protocols that a program brings, and the settings that a file gives them.

#![expect(clippy::expect_used, clippy::panic, reason = "the helpers of tests are tests")]

mod environment;
mod mistakes;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use trunkline_config::{
    Format, Mistakes, Protocol, ProtocolSettings, Protocols, Settings, Source, duration, size,
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
        Protocol::Forward { .. } | Protocol::Http(_) | Protocol::Echo => {
            panic!("{protocol:?}")
        }
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
