//! Rules that concern more than one value. A value that is itself mistaken is left out of them, so
//! that one slip is not reported twice.

mod admin;
mod http;
mod pool;
mod reach;
mod routes;
mod settings;
mod telemetry;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use config::{Value, ValueKind};

use crate::layers::Layers;
use crate::mistake::{Findings, Problem};
use crate::nearest::nearest;
use crate::path::Path;
use crate::protocols::Protocols;
use crate::quote::quote;
use crate::schema::is_name;
use crate::settings::Protocol;
use crate::walk::Checked;
pub(crate) use http::KEYS as OF_HTTP;
pub(crate) use pool::OF_REQUEST;
pub(crate) use settings::settings;

/// Checks the rules.
pub(crate) fn check(
    checked: &Checked,
    layers: &Layers<'_>,
    protocols: &Protocols,
    findings: &mut Findings,
) {
    let mut rules = Rules { layers, findings };
    let listeners = named(checked, "listener");
    let pools = named(checked, "pool");
    if listeners.as_ref().is_some_and(BTreeMap::is_empty) {
        rules.findings.push(
            Problem::new("there is no listener, so nothing would be served")
                .remedy("add a table listener.NAME with its keys bind and pool")
                .at(layers.whole(), &Path::default()),
        );
    }
    let listeners = listeners.unwrap_or_default();
    for (name, listener) in &listeners {
        rules.protocol(name, listener, protocols);
        rules.pool_of(name, listener, protocols, pools.as_ref());
        rules.http(name, listener, protocols, pools.as_ref());
    }
    rules.binds(&listeners);
    rules.admin(checked, &listeners);
    rules.telemetry(checked);
    for (name, pool) in pools.unwrap_or_default() {
        rules.pool(name, pool, &listeners, protocols);
    }
}

/// Checks the rules of a file of backends.
pub(crate) fn check_backends(checked: &Checked, layers: &Layers<'_>, findings: &mut Findings) {
    if let Some(backends) = list(checked, "backends") {
        let may_all_be_backups = false;
        let mut rules = Rules { layers, findings };
        rules.backends(&Path::dotted("backends"), backends, may_all_be_backups);
    }
}

struct Rules<'a, 's> {
    layers: &'a Layers<'s>,
    findings: &'a mut Findings,
}

/// Tables by their names. A table that is mistaken as a whole is still there by its name.
type Named<'v> = BTreeMap<&'v str, Option<&'v Checked>>;

impl Rules<'_, '_> {
    /// The protocol exists; one that every program knows has no settings.
    fn protocol(&mut self, name: &str, listener: &Option<&Checked>, protocols: &Protocols) {
        let Some(listener) = listener else { return };
        let Some(protocol) = text(listener, "protocol") else { return };
        let path = Path::dotted("listener").join(name);
        if Protocol::NAMES.contains(&protocol) {
            if listener.get("settings").is_some_and(|value| value.kind != ValueKind::Nil) {
                let path = path.join("settings");
                let problem = Problem::new(format!("the protocol {protocol} has no settings"));
                self.push_in_key(&path, problem.remedy("remove the key"));
            }
        } else if !protocols.contains(protocol) {
            let names = || Protocol::NAMES.iter().copied().chain(protocols.names());
            let problem = Problem::new(format!("{} is not a protocol", quote(protocol)));
            let remedy = format!("write one of {}", names().collect::<Vec<_>>().join(", "));
            let nearest = nearest(protocol, names());
            self.push(&path.join("protocol"), problem.remedy(remedy).nearest(nearest));
        }
    }

    /// A protocol that forwards has a pool, which exists; no other has one.
    fn pool_of(
        &mut self,
        name: &str,
        listener: &Option<&Checked>,
        protocols: &Protocols,
        pools: Option<&Named<'_>>,
    ) {
        let Some(listener) = listener else { return };
        let path = Path::dotted("listener").join(name).join("pool");
        match (text(listener, "protocol"), listener.get("pool")) {
            (Some("forward"), None) => self.push(
                &path,
                Problem::new("is missing").remedy("write the name of the pool to forward to"),
            ),
            (Some("forward"), Some(_)) => self.known_pool(&path, text(listener, "pool"), pools),
            (Some("http"), Some(_)) => {
                let problem = Problem::new("the protocol http has no use for a pool");
                self.push(&path, problem.remedy(http::instead_of_pool(listener)));
            }
            (Some("echo"), Some(_)) => {
                let problem = Problem::new("the protocol echo has no use for a pool");
                self.push(&path, problem.remedy("remove the key, or write protocol = \"forward\""));
            }
            (Some(other), Some(_)) if protocols.contains(other) => {
                let problem = Problem::new(format!("the protocol {other} has no use for a pool"));
                let remedy =
                    "remove the key, or move it into settings if the protocol reads it there";
                self.push(&path, problem.remedy(remedy));
            }
            (Some(_) | None, _) => {}
        }
    }

    /// The pool of that name is there.
    fn known_pool(&mut self, path: &Path, pool: Option<&str>, pools: Option<&Named<'_>>) {
        let (Some(pool), Some(pools)) = (pool, pools) else { return };
        if pools.contains_key(pool) {
            return;
        }
        let remedy = if is_name(pool) {
            format!("write the name of a pool, or add a table pool.{pool}")
        } else {
            "write the name of a pool".to_owned()
        };
        let problem = Problem::new(format!("there is no pool {}", quote(pool)));
        let nearest = nearest(pool, pools.keys().copied());
        self.push(path, problem.remedy(remedy).nearest(nearest));
    }

    /// No two listeners have one address; port 0 is another one each time.
    fn binds(&mut self, listeners: &Named<'_>) {
        let mut binds: Vec<_> = listeners
            .iter()
            .filter_map(|(name, listener)| {
                let address = text((*listener)?, "bind")?.parse::<SocketAddr>().ok()?;
                let path = Path::dotted("listener").join(name).join("bind");
                Some((self.layers.origin(&path), path, *name, address))
            })
            .filter(|(.., address)| address.port() != 0)
            .collect();
        binds.sort_by(|(left, ..), (right, ..)| left.cmp(right));
        let mut taken: Vec<(SocketAddr, &str)> = Vec::new();
        for (_, path, name, address) in &binds {
            let Some((other, first)) = taken.iter().find(|(other, _)| overlap(*other, *address))
            else {
                taken.push((*address, name));
                continue;
            };
            let message = if other == address {
                format!("{address} is already the address of listener.{first}")
            } else {
                format!("{address} overlaps {other}, the address of listener.{first}")
            };
            let problem = Problem::new(message);
            self.push(path, problem.remedy("give each listener an address of its own"));
        }
    }

    fn push_in_key(&mut self, path: &Path, problem: Problem) {
        self.findings.push(problem.at(self.layers.key_origin(path), path));
    }

    fn push(&mut self, path: &Path, problem: Problem) {
        self.findings.push(problem.at(self.layers.origin(path), path));
    }
}

/// The tables of a section by name; `None` if the section is mistaken as a whole.
fn named<'v>(checked: &'v Checked, section: &str) -> Option<Named<'v>> {
    let tables = table(checked.get(section)?)?.iter();
    Some(tables.map(|(name, value)| (name.as_str(), table(value))).collect())
}

/// The items of a list; `None` if there is none, or it is mistaken as a whole.
fn list<'v>(table: &'v Checked, key: &str) -> Option<&'v [Value]> {
    if let ValueKind::Array(items) = &table.get(key)?.kind { Some(items) } else { None }
}

fn table(value: &Value) -> Option<&Checked> {
    if let ValueKind::Table(table) = &value.kind { Some(table) } else { None }
}

fn is_true(table: &Checked, key: &str) -> bool {
    table.get(key).is_some_and(|value| value.kind == ValueKind::Boolean(true))
}

fn text<'v>(table: &'v Checked, key: &str) -> Option<&'v str> {
    if let ValueKind::String(text) = &table.get(key)?.kind { Some(text) } else { None }
}

/// Whether one socket cannot listen on `left` while another listens on `right`. `[::]` takes IPv4
/// along.
fn overlap(left: SocketAddr, right: SocketAddr) -> bool {
    let (a, b) = (left.ip(), right.ip());
    let covers =
        |all: IpAddr, one: IpAddr| all.is_unspecified() && (all.is_ipv6() || one.is_ipv4());
    left.port() == right.port() && (a == b || covers(a, b) || covers(b, a))
}
