//! Hashes: `HSET`, `HGETALL` and their kin.

#[cfg(test)]
mod tests;

use bytes::Bytes;

use super::{Call, Outcome, Refusal};
use crate::resp::{Answer, number};
use crate::store::Hash;

/// Sets fields to values; how many of them are new.
fn set(call: &mut Call<'_>, name: &str) -> Result<usize, Refusal> {
    if !call.request.len().is_multiple_of(2) {
        return Err(Refusal::Arity(name.to_owned()));
    }
    let fields = call.request.from(2).step_by(2);
    let values = call.request.from(3).step_by(2).map(Bytes::copy_from_slice);
    let mut shard = call.shard();
    let hash = shard.obtain::<Hash>(call.key(), call.now)?;
    let before = hash.len();
    hash.extend(fields.map(Bytes::copy_from_slice).zip(values));
    Ok(hash.len() - before)
}

pub(super) fn hset(call: &mut Call<'_>) -> Outcome {
    set(call, "hset").map(Answer::count)
}

pub(super) fn hmset(call: &mut Call<'_>) -> Outcome {
    set(call, "hmset").map(|_| Answer::OK)
}

pub(super) fn hget(call: &mut Call<'_>) -> Outcome {
    let mut shard = call.shard();
    let hash = shard.read::<Hash>(call.key(), call.now)?;
    Ok(Answer::maybe(hash.and_then(|hash| hash.get(call.argument(2))).cloned()))
}

pub(super) fn hmget(call: &mut Call<'_>) -> Outcome {
    let mut shard = call.shard();
    let hash = shard.read::<Hash>(call.key(), call.now)?;
    let value = |field| Answer::maybe(hash.and_then(|hash| hash.get(field)).cloned());
    Ok(Answer::Array(call.request.from(2).map(value).collect()))
}

pub(super) fn hdel(call: &mut Call<'_>) -> Outcome {
    let mut shard = call.shard();
    let removed = shard.edit::<Hash, _>(call.key(), call.now, |hash| {
        call.request.from(2).filter(|field| hash.swap_remove(*field).is_some()).count()
    })?;
    Ok(Answer::count(removed.unwrap_or(0)))
}

pub(super) fn hgetall(call: &mut Call<'_>) -> Outcome {
    let mut shard = call.shard();
    let hash = shard.read::<Hash>(call.key(), call.now)?;
    let pairs = hash.into_iter().flatten();
    Ok(Answer::list(pairs.flat_map(|(field, value)| [field.clone(), value.clone()])))
}

pub(super) fn hlen(call: &mut Call<'_>) -> Outcome {
    let mut shard = call.shard();
    Ok(Answer::count(shard.read::<Hash>(call.key(), call.now)?.map_or(0, Hash::len)))
}

pub(super) fn hexists(call: &mut Call<'_>) -> Outcome {
    let mut shard = call.shard();
    let hash = shard.read::<Hash>(call.key(), call.now)?;
    Ok(Answer::Integer(hash.is_some_and(|hash| hash.contains_key(call.argument(2))).into()))
}

pub(super) fn hincrby(call: &mut Call<'_>) -> Outcome {
    let field = call.argument(2);
    let amount = call.integer(3)?;
    let mut shard = call.shard();
    let hash = shard.read::<Hash>(call.key(), call.now)?;
    let old = match hash.and_then(|hash| hash.get(field)) {
        Some(value) => number::integer(value).ok_or(Refusal::HashNotInteger)?,
        None => 0,
    };
    let sum = old.checked_add(amount).ok_or(Refusal::Overflow)?;
    let hash = shard.obtain::<Hash>(call.key(), call.now)?;
    hash.insert(Bytes::copy_from_slice(field), sum.to_string().into());
    Ok(Answer::Integer(sum))
}
