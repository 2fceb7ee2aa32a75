//! Sets: `SADD`, `SPOP` and their kin.

#[cfg(test)]
mod tests;

use bytes::Bytes;

use super::{Call, Outcome, Refusal};
use crate::resp::Answer;
use crate::store::Set;

pub(super) fn sadd(call: &mut Call<'_>) -> Outcome {
    let mut shard = call.shard();
    let set = shard.obtain::<Set>(call.key(), call.now)?;
    let before = set.len();
    for member in call.request.from(2) {
        // Looked up first, so that one that is there is not copied.
        if !set.contains(member) {
            set.insert(Bytes::copy_from_slice(member));
        }
    }
    Ok(Answer::count(set.len() - before))
}

pub(super) fn srem(call: &mut Call<'_>) -> Outcome {
    let mut shard = call.shard();
    let removed = shard.edit::<Set, _>(call.key(), call.now, |set| {
        call.request.from(2).filter(|member| set.swap_remove(*member)).count()
    })?;
    Ok(Answer::count(removed.unwrap_or(0)))
}

pub(super) fn smembers(call: &mut Call<'_>) -> Outcome {
    let mut shard = call.shard();
    let set = shard.read::<Set>(call.key(), call.now)?;
    Ok(Answer::list(set.into_iter().flatten().cloned()))
}

pub(super) fn sismember(call: &mut Call<'_>) -> Outcome {
    let mut shard = call.shard();
    let set = shard.read::<Set>(call.key(), call.now)?;
    Ok(Answer::Integer(set.is_some_and(|set| set.contains(call.argument(2))).into()))
}

pub(super) fn scard(call: &mut Call<'_>) -> Outcome {
    let mut shard = call.shard();
    Ok(Answer::count(shard.read::<Set>(call.key(), call.now)?.map_or(0, Set::len)))
}

pub(super) fn spop(call: &mut Call<'_>) -> Outcome {
    if call.request.len() > 3 {
        return Err(Refusal::Syntax);
    }
    let count = call.count(2)?;
    let mut shard = call.shard();
    let rng = &mut call.session.rng;
    let popped = shard.edit::<Set, _>(&call.request[1], call.now, |set| {
        let taken = count.unwrap_or(1).min(set.len());
        let mut members = (0..taken).filter_map(|_| set.swap_remove_index(rng.usize(..set.len())));
        match count {
            None => Answer::maybe(members.next()),
            Some(_) => Answer::list(members),
        }
    })?;
    let nothing = if count.is_some() { Answer::Array(Vec::new()) } else { Answer::Nil };
    Ok(popped.unwrap_or(nothing))
}
