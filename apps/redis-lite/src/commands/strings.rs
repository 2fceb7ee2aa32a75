//! Strings: `SET`, `GET`, `INCR` and their kin.

#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::time::Instant;

use super::{Call, Outcome, Refusal};
use crate::resp::{Answer, Request, number};
use crate::store::{Entry, Shard, Text, Value};

/// The longest string, in bytes: that of redis.
const LONGEST: usize = 512 * 1024 * 1024;

fn owned(text: &[u8]) -> Value {
    Value::Text(Bytes::copy_from_slice(text))
}

fn text(shard: &mut Shard, key: &[u8], now: Instant) -> Result<Answer, Refusal> {
    Ok(Answer::maybe(shard.read::<Text>(key, now)?.cloned()))
}

pub(super) fn get(call: &mut Call<'_>) -> Outcome {
    text(&mut call.shard(), call.key(), call.now)
}

/// What the options of `SET` say.
#[derive(Default)]
struct Options {
    /// The unit of the key's time in milliseconds, and the argument that has the amount.
    time: Option<(i64, usize)>,
    keep: bool,
    only_new: bool,
    only_old: bool,
    get: bool,
}

impl Options {
    fn parse(request: &Request) -> Result<Self, Refusal> {
        let mut options = Self::default();
        let mut index = 3;
        while let Some(option) = request.get(index) {
            index += 1;
            match option.to_ascii_lowercase().as_slice() {
                b"nx" if !options.only_old => options.only_new = true,
                b"xx" if !options.only_new => options.only_old = true,
                b"get" => options.get = true,
                b"keepttl" if options.time.is_none() => options.keep = true,
                b"ex" => index = options.time_at(1000, index, request)?,
                b"px" => index = options.time_at(1, index, request)?,
                _ => return Err(Refusal::Syntax),
            }
        }
        Ok(options)
    }

    /// The amount is at `index`; the next option behind it. One in the same unit may come again.
    fn time_at(&mut self, unit: i64, index: usize, request: &Request) -> Result<usize, Refusal> {
        let other = self.time.is_some_and(|(before, _)| before != unit);
        if self.keep || other || request.len() <= index {
            return Err(Refusal::Syntax);
        }
        self.time = Some((unit, index));
        Ok(index + 1)
    }
}

/// The end that the argument at `index` gives a key, in units of `unit` milliseconds from now.
fn end(call: &Call<'_>, index: usize, unit: i64, name: &'static str) -> Result<Instant, Refusal> {
    let amount = call.integer(index)?;
    let millis = amount.checked_mul(unit).and_then(|millis| u64::try_from(millis).ok());
    let after = millis.filter(|&millis| millis > 0).map(Duration::from_millis);
    after.and_then(|after| call.now.checked_add(after)).ok_or(Refusal::ExpireTime(name))
}

pub(super) fn set(call: &mut Call<'_>) -> Outcome {
    let (key, now) = (call.key(), call.now);
    let Options { time, keep, only_new, only_old, get } = Options::parse(call.request)?;
    let mut expires = time.map(|(unit, index)| end(call, index, unit, "set")).transpose()?;
    let value = owned(call.argument(2));
    let mut shard = call.shard();
    let old = if get { Some(text(&mut shard, key, now)?) } else { None };
    let entry = shard.entry(key, now);
    if (only_new && entry.is_some()) || (only_old && entry.is_none()) {
        return Ok(old.unwrap_or(Answer::Nil));
    }
    if keep {
        expires = entry.and_then(|entry| entry.expires);
    }
    let replaced = shard.put(key, value, expires, now)?;
    // What was there may be large: others need not wait for its end.
    drop(shard);
    drop(replaced);
    Ok(old.unwrap_or(Answer::OK))
}

pub(super) fn setnx(call: &mut Call<'_>) -> Outcome {
    let mut shard = call.shard();
    if shard.contains(call.key(), call.now) {
        return Ok(Answer::Integer(0));
    }
    shard.put(call.key(), owned(call.argument(2)), None, call.now)?;
    Ok(Answer::Integer(1))
}

fn set_until(call: &mut Call<'_>, unit: i64, name: &'static str) -> Outcome {
    let expires = end(call, 2, unit, name)?;
    let value = owned(call.argument(3));
    let replaced = call.shard().put(call.key(), value, Some(expires), call.now)?;
    drop(replaced);
    Ok(Answer::OK)
}

pub(super) fn setex(call: &mut Call<'_>) -> Outcome {
    set_until(call, 1000, "setex")
}

pub(super) fn psetex(call: &mut Call<'_>) -> Outcome {
    set_until(call, 1, "psetex")
}

pub(super) fn getset(call: &mut Call<'_>) -> Outcome {
    let mut shard = call.shard();
    let old = text(&mut shard, call.key(), call.now)?;
    shard.put(call.key(), owned(call.argument(2)), None, call.now)?;
    Ok(old)
}

pub(super) fn getdel(call: &mut Call<'_>) -> Outcome {
    let mut shard = call.shard();
    let old = text(&mut shard, call.key(), call.now)?;
    shard.remove(call.key(), call.now);
    Ok(old)
}

pub(super) fn mset(call: &mut Call<'_>) -> Outcome {
    if call.request.len().is_multiple_of(2) {
        return Err(Refusal::Arity("mset".to_owned()));
    }
    let keys = call.request.from(1).step_by(2);
    let values = call.request.from(2).step_by(2);
    let mut shards = call.server.store.lock_each(keys.clone());
    let new = keys.clone().filter(|key| !shards.of(key).contains(key, call.now));
    // All or nothing: the room for the new keys is taken before the first is set.
    let mut slots = call.server.store.reserve(new.collect::<HashSet<_>>().len())?;
    let mut replaced = Vec::new();
    for (key, value) in keys.zip(values) {
        let entry = Entry { value: owned(value), expires: None };
        replaced.extend(shards.of(key).put_into(&mut slots, key, entry, call.now)?);
    }
    drop(shards);
    drop(replaced);
    Ok(Answer::OK)
}

pub(super) fn mget(call: &mut Call<'_>) -> Outcome {
    let keys = call.request.from(1);
    let mut shards = call.server.store.lock_each(keys.clone());
    // A key of another type is none to `MGET`, by its definition.
    let text = |key| match shards.of(key).read::<Text>(key, call.now) {
        Ok(text) => Answer::maybe(text.cloned()),
        Err(_) => Answer::Nil,
    };
    Ok(Answer::Array(keys.map(text).collect()))
}

pub(super) fn append(call: &mut Call<'_>) -> Outcome {
    let mut shard = call.shard();
    let more = call.argument(2);
    let length = shard.read::<Text>(call.key(), call.now)?.map_or(0, Bytes::len);
    if length + more.len() > LONGEST {
        return Err(Refusal::TooLong);
    }
    let held = shard.obtain::<Text>(call.key(), call.now)?;
    // Copied only while an answer that carries it is still on its way.
    let mut whole = std::mem::take(held)
        .try_into_mut()
        .unwrap_or_else(|shared| BytesMut::from(shared.as_ref()));
    whole.extend_from_slice(more);
    *held = whole.freeze();
    Ok(Answer::count(held.len()))
}

pub(super) fn strlen(call: &mut Call<'_>) -> Outcome {
    let mut shard = call.shard();
    Ok(Answer::count(shard.read::<Text>(call.key(), call.now)?.map_or(0, Bytes::len)))
}

/// Adds to the integer that a key holds; without a key, to zero. Its end stays.
fn add(call: &mut Call<'_>, amount: i64) -> Outcome {
    let mut shard = call.shard();
    let old = match shard.read::<Text>(call.key(), call.now)? {
        Some(text) => number::integer(text).ok_or(Refusal::NotInteger)?,
        None => 0,
    };
    let sum = old.checked_add(amount).ok_or(Refusal::Overflow)?;
    *shard.obtain::<Text>(call.key(), call.now)? = sum.to_string().into();
    Ok(Answer::Integer(sum))
}

pub(super) fn incr(call: &mut Call<'_>) -> Outcome {
    add(call, 1)
}

pub(super) fn decr(call: &mut Call<'_>) -> Outcome {
    add(call, -1)
}

pub(super) fn incrby(call: &mut Call<'_>) -> Outcome {
    let amount = call.integer(2)?;
    add(call, amount)
}

pub(super) fn decrby(call: &mut Call<'_>) -> Outcome {
    let amount = call.integer(2)?.checked_neg().ok_or(Refusal::DecrementOverflow)?;
    add(call, amount)
}
