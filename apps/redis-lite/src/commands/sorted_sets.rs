//! Sorted sets: what redis-benchmark asks for, and what a ranking needs.

#[cfg(test)]
mod tests;

use bytes::Bytes;

use super::call::range;
use super::{Call, Outcome, Refusal};
use crate::resp::{Answer, number};
use crate::store::SortedSet;

fn score(text: &[u8]) -> Result<f64, Refusal> {
    number::float(text).ok_or(Refusal::NotFloat)
}

fn score_text(score: f64) -> Bytes {
    number::float_text(score).into()
}

pub(super) fn zadd(call: &mut Call<'_>) -> Outcome {
    if !call.request.len().is_multiple_of(2) {
        return Err(Refusal::Syntax);
    }
    let scores = call.request.from(2).step_by(2).map(score);
    let scores = scores.collect::<Result<Vec<_>, _>>()?;
    let members = call.request.from(3).step_by(2);
    let mut shard = call.shard();
    let set = shard.obtain::<SortedSet>(call.key(), call.now)?;
    let added = members.zip(scores).filter(|(member, score)| set.insert(member, *score));
    Ok(Answer::count(added.count()))
}

pub(super) fn zincrby(call: &mut Call<'_>) -> Outcome {
    let amount = score(call.argument(2))?;
    let member = call.argument(3);
    let mut shard = call.shard();
    let set = shard.read::<SortedSet>(call.key(), call.now)?;
    let sum = set.and_then(|set| set.score(member)).unwrap_or(0.0) + amount;
    if sum.is_nan() {
        return Err(Refusal::NotANumber);
    }
    shard.obtain::<SortedSet>(call.key(), call.now)?.insert(member, sum);
    Ok(Answer::Bulk(score_text(sum)))
}

pub(super) fn zrem(call: &mut Call<'_>) -> Outcome {
    let mut shard = call.shard();
    let removed = shard.edit::<SortedSet, _>(call.key(), call.now, |set| {
        call.request.from(2).filter(|member| set.remove(member)).count()
    })?;
    Ok(Answer::count(removed.unwrap_or(0)))
}

pub(super) fn zcard(call: &mut Call<'_>) -> Outcome {
    let mut shard = call.shard();
    Ok(Answer::count(shard.read::<SortedSet>(call.key(), call.now)?.map_or(0, SortedSet::len)))
}

pub(super) fn zscore(call: &mut Call<'_>) -> Outcome {
    let mut shard = call.shard();
    let set = shard.read::<SortedSet>(call.key(), call.now)?;
    Ok(Answer::maybe(set.and_then(|set| set.score(call.argument(2))).map(score_text)))
}

pub(super) fn zrank(call: &mut Call<'_>) -> Outcome {
    let mut shard = call.shard();
    let set = shard.read::<SortedSet>(call.key(), call.now)?;
    Ok(set.and_then(|set| set.rank(call.argument(2))).map_or(Answer::Nil, Answer::count))
}

/// By position alone; those by score and by name are left to redis.
pub(super) fn zrange(call: &mut Call<'_>) -> Outcome {
    let (start, stop) = (call.integer(2)?, call.integer(3)?);
    let with_scores = match call.request.get(4) {
        None => false,
        Some(option) if option.eq_ignore_ascii_case(b"withscores") => true,
        Some(_) => return Err(Refusal::Syntax),
    };
    if call.request.len() > 5 {
        return Err(Refusal::Syntax);
    }
    let mut shard = call.shard();
    let mut items = Vec::new();
    if let Some(set) = shard.read::<SortedSet>(call.key(), call.now)? {
        let range = range(start, stop, set.len());
        for (member, score) in set.iter().skip(range.start).take(range.len()) {
            items.push(member.clone());
            items.extend(with_scores.then(|| score_text(score)));
        }
    }
    Ok(Answer::list(items))
}

pub(super) fn zpopmin(call: &mut Call<'_>) -> Outcome {
    if call.request.len() > 3 {
        return Err(Refusal::Syntax);
    }
    let count = call.count(2)?.unwrap_or(1);
    let mut shard = call.shard();
    let popped = shard.edit::<SortedSet, _>(call.key(), call.now, |set| {
        let popped = std::iter::from_fn(|| set.pop_first()).take(count);
        Answer::list(popped.flat_map(|(member, score)| [member, score_text(score)]))
    })?;
    Ok(popped.unwrap_or_else(|| Answer::Array(Vec::new())))
}
