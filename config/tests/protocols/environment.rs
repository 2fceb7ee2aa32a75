//! Overrides of settings from the environment and from flags.

use std::time::Duration;

use trunkline_config::{Format, Override, Source};

use crate::{Chat, Mode, chat, given, mistakes, protocols, read};

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
