//! Lists: `LPUSH`, `LRANGE` and their kin.

#[cfg(test)]
mod tests;

use bytes::Bytes;

use super::call::range;
use super::{Call, Outcome};
use crate::resp::Answer;
use crate::store::List;

/// Adds the arguments one after the other at one end.
fn push(call: &mut Call<'_>, add: impl Fn(&mut List, Bytes)) -> Outcome {
    let mut shard = call.shard();
    let list = shard.obtain::<List>(call.key(), call.now)?;
    call.request.from(2).for_each(|item| add(list, Bytes::copy_from_slice(item)));
    Ok(Answer::count(list.len()))
}

pub(super) fn lpush(call: &mut Call<'_>) -> Outcome {
    push(call, List::push_front)
}

pub(super) fn rpush(call: &mut Call<'_>) -> Outcome {
    push(call, List::push_back)
}

/// Takes one from one end, or as many as the second argument says.
fn pop(call: &mut Call<'_>, take: impl Fn(&mut List) -> Option<Bytes>) -> Outcome {
    let count = call.count(2)?;
    let mut shard = call.shard();
    let popped = shard.edit::<List, _>(call.key(), call.now, |list| match count {
        None => Answer::maybe(take(list)),
        Some(count) => {
            let count = count.min(list.len());
            Answer::list(std::iter::from_fn(|| take(list)).take(count))
        }
    })?;
    let nothing = if count.is_some() { Answer::NilArray } else { Answer::Nil };
    Ok(popped.unwrap_or(nothing))
}

pub(super) fn lpop(call: &mut Call<'_>) -> Outcome {
    pop(call, List::pop_front)
}

pub(super) fn rpop(call: &mut Call<'_>) -> Outcome {
    pop(call, List::pop_back)
}

pub(super) fn llen(call: &mut Call<'_>) -> Outcome {
    let mut shard = call.shard();
    Ok(Answer::count(shard.read::<List>(call.key(), call.now)?.map_or(0, List::len)))
}

pub(super) fn lrange(call: &mut Call<'_>) -> Outcome {
    let (start, stop) = (call.integer(2)?, call.integer(3)?);
    let mut shard = call.shard();
    let list = shard.read::<List>(call.key(), call.now)?;
    let items = list.map(|list| list.range(range(start, stop, list.len())).cloned());
    Ok(Answer::list(items.into_iter().flatten()))
}

pub(super) fn lindex(call: &mut Call<'_>) -> Outcome {
    let index = call.integer(2)?;
    let mut shard = call.shard();
    let list = shard.read::<List>(call.key(), call.now)?;
    let item = list.and_then(|list| list.range(range(index, index, list.len())).next());
    Ok(Answer::maybe(item.cloned()))
}
