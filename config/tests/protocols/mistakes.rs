//! What mistaken settings and unknown protocols are answered with.

use trunkline_config::{Format, Source};

use crate::{chat, load, mistakes};

#[test]
fn an_unknown_protocol_is_answered_with_every_name_and_the_nearest() {
    assert_eq!(
        mistakes(
            Format::Toml,
            "listener.a = { bind = '[::1]:0', protocol = 'caht', settings = { x = 1 } }",
            &[]
        ),
        ["f:1:45: listener.a.protocol: \"caht\" is not a protocol: \
          write one of forward, http, echo, chat, vault; did you mean \"chat\"?"]
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
        mistakes
            .to_string()
            .contains("\"chat\" is not a protocol: write one of forward, http, echo")
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
