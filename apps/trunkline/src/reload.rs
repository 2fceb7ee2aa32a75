//! What a file that has changed means for a server that runs: what is applied, and what waits for a
//! restart.

use trunkline_config::{Pool, Settings};

/// What differs, by the names of the file, and is applied only by a restart. In the order of the
/// file's sections; empty where nothing but backends differs.
pub(crate) fn needs_restart(running: &Settings, wanted: &Settings) -> Vec<String> {
    let mut names = Vec::new();
    let mut differs = |name: &str, differs: bool| {
        if differs {
            names.push(name.to_owned());
        }
    };
    differs("[server]", running.server != wanted.server);
    differs("[admin]", running.admin != wanted.admin);
    differs("[log]", running.log != wanted.log);
    differs("[telemetry]", running.telemetry != wanted.telemetry);
    differs("[dns]", running.dns != wanted.dns);
    let mut listeners: Vec<_> = running.listeners.keys().chain(wanted.listeners.keys()).collect();
    listeners.sort_unstable();
    listeners.dedup();
    for name in listeners {
        let is_other = running.listeners.get(name) != wanted.listeners.get(name);
        differs(&format!("[listener.{name}]"), is_other);
    }
    let mut pools: Vec<_> = running.pools.keys().chain(wanted.pools.keys()).collect();
    pools.sort_unstable();
    pools.dedup();
    for name in pools {
        match (running.pools.get(name), wanted.pools.get(name)) {
            (Some(running), Some(wanted)) => {
                let backends = wanted.backends.clone();
                let same_backends = Pool { backends, ..running.clone() };
                let name = format!("[pool.{name}] beside its backends");
                differs(&name, same_backends != *wanted);
            }
            (None, _) => differs(&format!("[pool.{name}], which is new"), true),
            (_, None) => differs(&format!("[pool.{name}], which is gone"), true),
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(text: &str) -> Settings {
        let file = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let loaded = trunkline_config::Protocols::default().load(file.path(), [], []);
        loaded.unwrap_or_else(|mistakes| panic!("{}", mistakes.iter().next().unwrap()))
    }

    const BEFORE: &str = r#"
        [listener.web]
        bind = "127.0.0.1:1"
        pool = "web"
        [pool.web]
        backends = [{ address = "127.0.0.1:2" }]
    "#;

    #[test]
    fn other_backends_need_no_restart() {
        let after = BEFORE.replace("127.0.0.1:2", "127.0.0.1:3");
        assert!(needs_restart(&settings(BEFORE), &settings(&after)).is_empty());
    }

    #[test]
    fn whatever_else_differs_is_named() {
        let after = BEFORE.replace("127.0.0.1:1", "127.0.0.1:9").replace(
            "[pool.web]",
            "[pool.new]\nbackends = [\"127.0.0.1:4\"]\n[pool.web]\nattempts = 2",
        ) + "[server]\ndrain = \"7s\"\n[dns]\ntimeout = \"1s\"\n\
             [admin]\nhosts = [\"edge\"]\n[telemetry]\nkeep = 1\n";
        let named = needs_restart(&settings(BEFORE), &settings(&after));
        let expected = [
            "[server]",
            "[admin]",
            "[telemetry]",
            "[dns]",
            "[listener.web]",
            "[pool.new], which is new",
            "[pool.web] beside its backends",
        ];
        assert_eq!(named, expected);
    }
}
