//! Keys, whatever they hold: `DEL`, `EXPIRE`, `SCAN` and their kin.

#[cfg(test)]
mod tests;

use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use super::{Call, Outcome, Refusal};
use crate::resp::Answer;
use crate::store::{Value, glob};

/// Keys that a step of a walk passes if the client does not say.
const STEP: usize = 10;

pub(super) fn del(call: &mut Call<'_>) -> Outcome {
    let keys = call.request.from(1);
    let mut shards = call.server.store.lock_each(keys.clone());
    let removed: Vec<_> = keys.filter_map(|key| shards.of(key).remove(key, call.now)).collect();
    // They may be large: others need not wait for their end.
    drop(shards);
    Ok(Answer::count(removed.len()))
}

pub(super) fn exists(call: &mut Call<'_>) -> Outcome {
    let keys = call.request.from(1);
    let mut shards = call.server.store.lock_each(keys.clone());
    // One that is named twice counts twice.
    Ok(Answer::count(keys.filter(|key| shards.of(key).contains(key, call.now)).count()))
}

pub(super) fn kind(call: &mut Call<'_>) -> Outcome {
    let mut shard = call.shard();
    let entry = shard.entry(call.key(), call.now);
    Ok(Answer::Status(entry.map_or("none", |entry| entry.value.name())))
}

/// Sets a key's end to `unit` milliseconds times the second argument from now; what is over at
/// once is removed.
fn expire_in(call: &mut Call<'_>, unit: i64, name: &'static str) -> Outcome {
    let millis = call.integer(2)?.checked_mul(unit).ok_or(Refusal::ExpireTime(name))?;
    let mut shard = call.shard();
    let known = match u64::try_from(millis) {
        Ok(millis @ 1..) => {
            let end = call.now.checked_add(Duration::from_millis(millis));
            let end = end.ok_or(Refusal::ExpireTime(name))?;
            shard.set_expiry(call.key(), Some(end), call.now)
        }
        Ok(0) | Err(_) => shard.remove(call.key(), call.now).is_some(),
    };
    Ok(Answer::Integer(known.into()))
}

pub(super) fn expire(call: &mut Call<'_>) -> Outcome {
    expire_in(call, 1000, "expire")
}

pub(super) fn pexpire(call: &mut Call<'_>) -> Outcome {
    expire_in(call, 1, "pexpire")
}

/// What is left of a key's time, in milliseconds; -1 for one without an end, -2 for none.
fn left(call: &mut Call<'_>) -> i64 {
    match call.shard().entry(call.key(), call.now).map(|entry| entry.expires) {
        None => -2,
        Some(None) => -1,
        Some(Some(end)) => millis_until(end, call.now),
    }
}

/// Rounded up: as long as there is the key, it has time left.
fn millis_until(end: Instant, now: Instant) -> i64 {
    let nanos = end.saturating_duration_since(now).as_nanos();
    i64::try_from(nanos.div_ceil(1_000_000)).unwrap_or(i64::MAX)
}

pub(super) fn ttl(call: &mut Call<'_>) -> Outcome {
    let left = left(call);
    // Rounded to the nearest, as redis does.
    Ok(Answer::Integer(if left < 0 { left } else { left.saturating_add(500) / 1000 }))
}

pub(super) fn pttl(call: &mut Call<'_>) -> Outcome {
    Ok(Answer::Integer(left(call)))
}

pub(super) fn persist(call: &mut Call<'_>) -> Outcome {
    let mut shard = call.shard();
    let had = shard.entry(call.key(), call.now).is_some_and(|entry| entry.expires.is_some());
    if had {
        shard.set_expiry(call.key(), None, call.now);
    }
    Ok(Answer::Integer(had.into()))
}

pub(super) fn rename(call: &mut Call<'_>) -> Outcome {
    let (from, to) = (call.key(), call.argument(2));
    let mut shards = call.server.store.lock_each([from, to].into_iter());
    // The key takes its place in the count of keys along, so that nobody can take it meanwhile.
    let mut removed = shards.of(from).remove(from, call.now).ok_or(Refusal::NoSuchKey)?;
    let replaced = shards.of(to).put_into(&mut removed.slot, to, removed.entry, call.now)?;
    drop(shards);
    drop(replaced);
    Ok(Answer::OK)
}

pub(super) fn keys(call: &mut Call<'_>) -> Outcome {
    let pattern = call.argument(1);
    let mut keys = Vec::new();
    for shard in call.server.store.lock_all() {
        shard.each(call.now, |key, _| {
            if glob::fits(pattern, key) {
                keys.push(key.clone());
            }
        });
    }
    Ok(Answer::list(keys))
}

/// What the options of `SCAN` say.
struct Filter<'a> {
    pattern: &'a [u8],
    count: usize,
    kind: Option<String>,
}

impl<'a> Filter<'a> {
    fn parse(call: &Call<'a>) -> Result<Self, Refusal> {
        let mut filter = Self { pattern: b"*", count: STEP, kind: None };
        for index in (2..call.request.len()).step_by(2) {
            let Some(value) = call.request.get(index + 1) else {
                return Err(Refusal::Syntax);
            };
            match call.argument(index).to_ascii_lowercase().as_slice() {
                b"match" => filter.pattern = value,
                b"count" => {
                    let count = usize::try_from(call.integer(index + 1)?);
                    filter.count = count.ok().filter(|&n| n > 0).ok_or(Refusal::Syntax)?;
                }
                b"type" => filter.kind = Some(String::from_utf8_lossy(value).to_ascii_lowercase()),
                _ => return Err(Refusal::Syntax),
            }
        }
        Ok(filter)
    }

    fn takes(&self, key: &[u8], value: &Value) -> bool {
        self.kind.as_deref().is_none_or(|kind| kind == value.name())
            && (self.pattern == b"*" || glob::fits(self.pattern, key))
    }
}

pub(super) fn scan(call: &mut Call<'_>) -> Outcome {
    let cursor = std::str::from_utf8(call.argument(1)).ok().and_then(|text| text.parse().ok());
    let cursor = cursor.ok_or(Refusal::Cursor)?;
    let filter = Filter::parse(call)?;
    let mut keys: Vec<Bytes> = Vec::new();
    let next = call.server.store.scan(cursor, filter.count, call.now, |key, value| {
        if filter.takes(key, value) {
            keys.push(key.clone());
        }
    });
    Ok(Answer::Array(vec![Answer::text(next.to_string()), Answer::list(keys)]))
}
