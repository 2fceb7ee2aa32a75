//! The same bytes to us and to hyper: what we take for a message hyper takes for the same one, and
//! where hyper takes one and we do not, the rule that makes the difference is written down here.

#[cfg(test)]
mod answers;
#[cfg(test)]
mod generated;
#[cfg(test)]
mod requests;

use std::collections::BTreeMap;

/// Fields by name, in lower case, with their values in order.
type Fields = BTreeMap<String, Vec<Vec<u8>>>;

#[cfg(test)]
fn ours(fields: &[httparse::Header<'_>]) -> Fields {
    let mut all = Fields::new();
    for field in fields {
        all.entry(field.name.to_ascii_lowercase()).or_default().push(field.value.to_vec());
    }
    all
}

#[cfg(test)]
fn theirs(fields: &hyper::HeaderMap) -> Fields {
    let mut all = Fields::new();
    for (name, value) in fields {
        all.entry(name.as_str().to_owned()).or_default().push(value.as_bytes().to_vec());
    }
    all
}

/// Runs what has no clock and no thread of its own.
#[cfg(test)]
fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().build().unwrap()
}
