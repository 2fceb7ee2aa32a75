//! Files of backends.

use std::fs;
use std::path::{Path, PathBuf};

use trunkline_config::{Backend, Format, Mistakes, Source, load, load_backends, parse_backends};

fn backends(format: Format, text: &str) -> Result<Vec<Backend>, Mistakes> {
    parse_backends(&Source::new("f", format, text))
}

#[track_caller]
fn answer(format: Format, text: &str) -> String {
    let mistakes = backends(format, text).expect_err(text);
    mistakes.iter().next().expect("one").to_string()
}

fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&folder).expect("a folder");
    folder
}

#[test]
fn the_same_backends_come_from_both_formats() {
    let toml = "backends = ['10.0.0.1:80', { srv = 'c', zone = 'z' }]";
    let json = "{\"backends\": [\"10.0.0.1:80\", {\"srv\": \"c\", \"zone\": \"z\"}]}";
    let toml = backends(Format::Toml, toml).expect("valid");
    assert_eq!(toml, backends(Format::Json, json).expect("valid"));
    assert_eq!((toml.len(), toml[0].weight.get()), (2, 1));
    let tables = "[[backends]]\naddress = '10.0.0.1:80'\n[[backends]]\nsrv = 'c'\nzone = 'z'";
    assert_eq!(toml, backends(Format::Toml, tables).expect("valid"));
}

#[test]
fn a_file_without_backends_empties_no_pool() {
    let write = "write [ … ] with at least one item, such as \"10.0.0.1:80\" or \
                 { address = \"10.0.0.1:80\", weight = 2 }";
    for (format, text, said) in [
        (Format::Toml, "", "f: backends: is missing: "),
        (Format::Json, "\n", "f: backends: is missing: "),
        (Format::Json, "{}", "f: backends: is missing: "),
        (Format::Toml, "# none", "f: backends: is missing: "),
        (Format::Toml, "backends = []", "f:1:12: backends: is empty: "),
        (Format::Json, "{\"backends\": null}", "f:1:2: backends: nothing is not a list: "),
    ] {
        assert_eq!(answer(format, text), format!("{said}{write}"));
    }
}

#[test]
fn no_beginning_of_a_file_has_fewer_backends() {
    for (format, text) in [
        (Format::Toml, "backends = ['10.0.0.1:80', { srv = 'c', zone = 'z' }]"),
        (Format::Json, "{\"backends\": [\"10.0.0.1:80\", {\"srv\": \"c\", \"zone\": \"z\"}]}"),
    ] {
        for end in 0..text.len() {
            assert!(backends(format, &text[..end]).is_err(), "{}", &text[..end]);
        }
    }
}

#[test]
fn the_rules_of_pools_hold_in_files_too() {
    for (text, said) in [
        (
            "backends = ['b:1', 'B:1']",
            "f:1:20: backends[1].address: \"b:1\" is the address of backends[0] too: \
             keep one, with a higher weight",
        ),
        (
            "backends = [{ address = 'b:1', backup = true }]",
            "f:1:12: backends: every backend is a backup: remove backup = true from at least one",
        ),
        (
            "backends = [{ adress = 'b:1' }]",
            "f:1:13: backends[0].address: is missing: write an address and a port, such as \
             \"10.0.0.1:80\" or \"web.local:80\", or a name with SRV records under the key srv",
        ),
        (
            "backend = ['b:1']\nbackends = ['b:1']",
            "f:1:1: backend: is not a key that is known here: write one of backends; \
             did you mean \"backends\"?",
        ),
    ] {
        assert_eq!(answer(Format::Toml, text), said);
    }
}

#[test]
fn only_toml_and_json_are_read() {
    let yaml = folder("extensions").join("web.yaml");
    fs::write(&yaml, "backends: ['b:1']").expect("the folder is there");
    let said = load_backends(&yaml).expect_err("no YAML").to_string();
    assert!(
        said.ends_with("is no file of backends: name the file .toml or .json\n1 mistake"),
        "{said}"
    );
    let none = load_backends(&folder("extensions").join("none.json")).expect_err("no file");
    assert!(none.to_string().contains("there is no such file"), "{none}");
}

#[test]
fn a_file_of_backends_is_beside_the_file_of_settings() {
    let folder = folder("beside");
    let settings = folder.join("settings.toml");
    let absolute = folder.join("absolute.json");
    let text = format!(
        "listener.t = {{ bind = '[::1]:1', pool = 'p' }}\npool.p.file = 'sub/web.toml'\n\
         pool.q.file = '{}'",
        absolute.display()
    );
    fs::write(&settings, text).expect("the folder is there");
    let settings = load(&settings, [], []).expect("valid");
    assert_eq!(settings.pools["p"].file, Some(folder.join("sub/web.toml")));
    assert_eq!(settings.pools["q"].file, Some(absolute.clone()));
    fs::write(&absolute, "{\"backends\": [\"b:1\"]}").expect("the folder is there");
    assert_eq!(load_backends(&absolute).expect("valid").len(), 1);
}
