//! The settings as the admin API shows them.

use std::path::Path;

use serde_json::{Value, json};
use trunkline_config::{Format, Protocols, Settings, Source, load, parse};

use crate::valid;

fn parsed(json: &Value) -> Settings {
    let source = Source::new("shown", Format::Json, json.to_string());
    parse(&source, [], []).unwrap_or_else(|mistakes| panic!("{mistakes}\n{json:#}"))
}

#[test]
fn what_is_shown_is_a_file_with_the_same_settings() {
    for name in ["minimal.toml", "http.toml", "postgres.toml", "everything.toml"] {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name);
        let settings = load(&file, [], []).expect(name);
        let mut again = parsed(&settings.to_masked_json());
        // Of all that the examples set, this alone is secret.
        if let (Some(shown), Some(own)) = (&mut again.telemetry.otlp, &settings.telemetry.otlp) {
            assert_eq!(shown.headers[0].1.expose(), "***");
            shown.headers.clone_from(&own.headers);
        }
        assert_eq!(again, settings, "{name}");
        assert_eq!(again.to_masked_json(), settings.to_masked_json());
    }
}

#[test]
fn values_are_shown_as_a_file_writes_them() {
    let text = "telemetry = { sample_ratio = 1, otlp = { timeout = '1500ms' } }
server = { admin = 'unix:/a', drain = '90s' }
listener.s = { bind = '[::1]:2', protocol = 'http', routes = [{ pool = 'p' }] }
pool.p = { backends = ['B:1'], retry.buffer = '2KiB' }";
    let shown = valid(text, &[("TRUNKLINE__SERVER__WORKERS", "3")]).to_masked_json();
    assert_eq!(
        shown["server"],
        json!({ "workers": 3, "drain": "90s", "lame_duck": "0s", "admin": "unix:/a" })
    );
    assert_eq!(shown["telemetry"]["sample_ratio"], 1.0);
    assert_eq!(shown["telemetry"]["otlp"]["timeout"], "1500ms");
    assert_eq!(shown["listener"]["s"]["http"]["body_size"], "off");
    assert_eq!(shown["pool"]["p"]["retry"]["buffer"], "2KiB");
    assert_eq!(shown["pool"]["p"]["backends"][0]["address"], "b:1");
}

#[test]
fn no_secret_is_shown() {
    let secret = "hunter2-hunter2-hunter2-hunter2-hunter2";
    let text = format!(
        "admin.token = '{secret}'
telemetry.otlp.headers = [{{ name = 'x', value = '{secret}' }}]
[listener.chat]
bind = '[::1]:2'
protocol = 'chat'
settings = {{ history = 5, open = true, users = [{{ password = '{secret}' }}] }}
[pool.p]
backends = ['b:1']
sticky = {{ cookie = 'c', key = '{secret}' }}
probe = {{ http = '/', headers = [{{ name = 'Authorization', value = '{secret}' }}] }}"
    );
    let mut protocols = Protocols::default();
    protocols.add("chat", |_| Ok(())).expect("a name that is free");
    let variables = [("OTEL_RESOURCE_ATTRIBUTES".into(), "a=b".into())];
    let source = Source::new("f", Format::Toml, text);
    let settings = protocols.parse(&source, variables, []).expect("valid");
    let shown = settings.to_masked_json();
    assert!(!shown.to_string().contains("hunter2"), "{shown:#}");
    assert_eq!(shown["admin"]["token"], "***");
    assert_eq!(shown["pool"]["p"]["sticky"]["key"], "***");
    assert_eq!(shown["telemetry"]["otlp"]["headers"], json!([{ "name": "x", "value": "***" }]));
    assert_eq!(
        shown["listener"]["chat"]["settings"],
        json!({ "history": 5, "open": true, "users": [{ "password": "***" }] })
    );
}
