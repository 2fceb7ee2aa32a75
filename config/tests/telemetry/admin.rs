//! Where the admin API listens, and who may use it.

use std::fs;
use std::path::{Path, PathBuf};

use trunkline_config::{AdminAddress, load, load_token};

use crate::{mistakes, said, valid};

const TOKEN: &str = "0123456789abcdef";

#[test]
fn the_admin_api_is_off_unless_the_file_has_an_address() {
    let settings = valid("", &[]);
    assert_eq!(settings.server.admin, None);
    assert_eq!((&settings.admin.token_file, &settings.admin.token), (&None, &None));
    assert!(settings.admin.hosts.is_empty());
    let of = |text: &str| valid(&format!("server.admin = '{text}'"), &[]).server.admin;
    assert_eq!(of("off"), None);
    let address = "127.0.0.1:9900".parse().expect("an address");
    assert_eq!(of("127.0.0.1:9900"), Some(AdminAddress::Tcp(address)));
    assert_eq!(of("unix:/run/t.sock"), Some(AdminAddress::Unix(PathBuf::from("/run/t.sock"))));
}

#[test]
fn an_address_that_is_reached_from_elsewhere_needs_a_token() {
    said(
        "server.admin = '0.0.0.0:9900'",
        "f:2:16: server.admin: 0.0.0.0:9900 is reached from elsewhere, and there is no token: \
         write \"127.0.0.1:9900\" or \"unix:/run/trunkline/admin.sock\", or set admin.token_file or \
         the variable TRUNKLINE__ADMIN__TOKEN",
    );
    let exposed = "server.admin = '[::]:9900'\n";
    valid(&format!("{exposed}admin.token = '{TOKEN}'"), &[]);
    valid(&format!("{exposed}admin.token_file = 'token'"), &[]);
    let settings = valid(exposed, &[("TRUNKLINE__ADMIN__TOKEN", TOKEN)]);
    assert_eq!(settings.admin.token.as_ref().map(|token| token.expose()), Some(TOKEN));
    assert!(!format!("{settings:?}").contains(TOKEN));
    // A mistaken token is one mistake, not two.
    assert_eq!(mistakes(&format!("{exposed}admin.token = 'short'"), &[]).len(), 1);
    assert_eq!(mistakes(&format!("{exposed}admin = 1"), &[]).len(), 1);
}

#[test]
fn a_token_is_long_and_fits_into_a_header_field() {
    let write = "write a text of at least 16 letters, digits and signs of ASCII in quotes";
    for (token, what) in [
        ("'0123456789abcde'", "has only 15 characters"),
        ("''", "is empty"),
        ("1234567890123456", "is not a text"),
        ("'0123456789abcde f'", "has spaces, or characters beyond ASCII"),
        ("'0123456789abcdeä'", "has spaces, or characters beyond ASCII"),
    ] {
        said(&format!("admin.token = {token}"), &format!("f:2:15: admin.token: {what}: {write}"));
    }
    said(
        &format!("admin = {{ token = '{TOKEN}', token_file = 'a' }}"),
        "f:2:39: admin.token_file: there is a token already, under the key token: \
         keep one of the two",
    );
}

#[test]
fn an_address_is_refused_with_its_place() {
    said(
        "server.admin = 'unix:admin.sock'",
        "f:2:16: server.admin: \"unix:admin.sock\" is not an absolute path: \
         write a path that begins with \"/\", as in \"unix:/run/trunkline/admin.sock\"",
    );
    said(
        "server.admin = true",
        "f:2:16: server.admin: true is not an address: write \"off\", an IP address and a port, such \
         as \"127.0.0.1:9900\", or the path of a unix socket, such as \
         \"unix:/run/trunkline/admin.sock\"",
    );
    said(
        "server.admin = '127.0.0.1:1'",
        "f:2:16: server.admin: 127.0.0.1:1 is the address of listener.a too: \
         give the admin API an address of its own",
    );
    said(
        "admin.hosts = ['edge:80']",
        "f:2:16: admin.hosts[0]: \"edge:80\" has a port: write the host alone, for any port is right; \
         did you mean \"edge\"?",
    );
    said(
        "server.amdin = 'off'",
        "f:2:8: server.amdin: is not a key that is known here: write one of workers, drain, \
         lame_duck, connections, zone, admin; did you mean \"admin\"?",
    );
}

fn file(name: &str, bytes: &[u8]) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, bytes).expect("the folder is there");
    path
}

#[test]
fn a_token_is_the_first_line_of_its_file() {
    let read = |text: &str| load_token(&file("admin.token", text.as_bytes()));
    for text in [TOKEN.to_owned(), format!(" {TOKEN}\r\n# a comment\n"), format!("{TOKEN}\n")] {
        assert_eq!(read(&text).expect("a token").expose(), TOKEN);
    }
    let short = read("hunter2\n").expect_err("too short").to_string();
    assert!(short.contains("admin.token:1:1: has only 7 characters: write a text of"), "{short}");
    assert!(!short.contains("hunter2"));
    assert!(read(&format!("\n{TOKEN}")).expect_err("empty").to_string().contains("is empty"));
    let bytes = load_token(&file("bytes.token", b"\xff")).expect_err("no text").to_string();
    assert!(bytes.contains("is not UTF-8"), "{bytes}");
    let none = load_token(Path::new("/nowhere/token")).expect_err("no file").to_string();
    assert!(none.starts_with("/nowhere/token: there is no such file"), "{none}");
}

#[test]
fn files_are_relative_to_the_file_that_names_them() {
    let text = "listener.a = { bind = '127.0.0.1:1', protocol = 'echo' }
admin.token_file = 'token'
telemetry.trace_file = '/var/traces.jsonl'";
    let path = file("relative.toml", text.as_bytes());
    let settings = load(&path, [], []).expect("valid");
    let folder = path.parent().expect("a folder");
    assert_eq!(settings.admin.token_file, Some(folder.join("token")));
    assert_eq!(settings.telemetry.trace_file, Some(PathBuf::from("/var/traces.jsonl")));
}
