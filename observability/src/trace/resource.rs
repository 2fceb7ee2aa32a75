//! Who the spans are from.

use opentelemetry::KeyValue;
use opentelemetry_sdk::Resource;

/// The resource of this process: what the semantic conventions call `service.name`,
/// `service.version`, `service.instance.id` (a UUID, a new one on each call), `host.name` and
/// `process.pid`, and `attributes`, which win over these.
///
/// Variables of the environment are not looked at: the settings have them already.
#[must_use]
pub fn resource(service_name: &str, attributes: &[(String, String)]) -> Resource {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let own = [
        KeyValue::new("service.name", service_name.to_owned()),
        KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
        KeyValue::new("service.instance.id", uuid(fastrand::u128(..))),
        KeyValue::new("host.name", host),
        KeyValue::new("process.pid", i64::from(std::process::id())),
    ];
    let others = attributes.iter().map(|(key, value)| KeyValue::new(key.clone(), value.clone()));
    Resource::builder_empty().with_attributes(own).with_attributes(others).build()
}

/// A UUID of version 4 (RFC 9562, section 5.4).
fn uuid(random: u128) -> String {
    let bits = random & !(0xf << 76) & !(0x3 << 62) | (0x4 << 76) | (0x2 << 62);
    let hex = format!("{bits:032x}");
    let part = |range| hex.get::<std::ops::Range<usize>>(range).unwrap_or_default();
    [part(0..8), part(8..12), part(12..16), part(16..20), part(20..32)].join("-")
}

#[cfg(test)]
mod tests {
    use opentelemetry::Key;

    use super::*;

    #[test]
    fn a_resource_says_which_process_of_which_service_it_is() {
        let of = resource("edge", &[("deployment.environment.name".into(), "test".into())]);
        let text = |key: &str| of.get(&Key::new(key.to_owned())).map(|value| value.to_string());
        assert_eq!(text("service.name").as_deref(), Some("edge"));
        assert_eq!(text("deployment.environment.name").as_deref(), Some("test"));
        assert_eq!(text("process.pid"), Some(std::process::id().to_string()));
        assert!(text("host.name").is_some() && text("service.version").is_some());
    }

    #[test]
    fn what_is_configured_wins_over_what_is_found() {
        let of = resource("edge", &[("host.name".into(), "rack-7".into())]);
        let host = of.get(&Key::from_static_str("host.name")).map(|value| value.to_string());
        assert_eq!(host.as_deref(), Some("rack-7"));
    }

    #[test]
    fn an_instance_is_a_uuid_of_version_4() {
        assert_eq!(uuid(0), "00000000-0000-4000-8000-000000000000");
        assert_eq!(uuid(u128::MAX), "ffffffff-ffff-4fff-bfff-ffffffffffff");
    }
}
