//! Publishing and subscribing.

#[cfg(test)]
mod tests;

use bytes::Bytes;

use super::{Call, Outcome, Refusal};
use crate::channels::Published;
use crate::resp::Answer;

/// The channels that a connection can hear at once.
pub(crate) const MAX_CHANNELS: usize = 1024;

/// What a client is told for each channel: what was done, and how many it hears now.
fn told(what: &'static [u8], channel: Option<Bytes>, heard: usize) -> Answer {
    Answer::Array(vec![
        Answer::Bulk(Bytes::from_static(what)),
        Answer::maybe(channel),
        Answer::count(heard),
    ])
}

pub(super) fn subscribe(call: &mut Call<'_>) -> Outcome {
    let heard = &mut call.session.channels;
    let mut wanted = heard.clone();
    wanted.extend(call.request.from(1).map(Bytes::copy_from_slice));
    if wanted.len() > MAX_CHANNELS {
        return Err(Refusal::TooManyChannels { limit: MAX_CHANNELS });
    }
    let mut row = Vec::with_capacity(call.request.len());
    for channel in call.request.from(1).map(Bytes::copy_from_slice) {
        if heard.insert(channel.clone()) {
            call.channels.join(&channel);
        }
        row.push(told(b"subscribe", Some(channel), heard.len()));
    }
    Ok(Answer::Row(row))
}

pub(super) fn unsubscribe(call: &mut Call<'_>) -> Outcome {
    let heard = &mut call.session.channels;
    let unwanted: Vec<Bytes> = match call.request.len() {
        1 => heard.iter().cloned().collect(),
        _ => call.request.from(1).map(Bytes::copy_from_slice).collect(),
    };
    if unwanted.is_empty() {
        return Ok(told(b"unsubscribe", None, 0));
    }
    let mut row = Vec::with_capacity(unwanted.len());
    for channel in unwanted {
        if heard.shift_remove(&channel) {
            call.channels.leave(&channel);
        }
        row.push(told(b"unsubscribe", Some(channel), heard.len()));
    }
    Ok(Answer::Row(row))
}

pub(super) fn publish(call: &mut Call<'_>) -> Outcome {
    // Copied, as a slow subscriber would else keep the whole request in memory.
    let channel = Bytes::copy_from_slice(call.argument(1));
    let payload = Bytes::copy_from_slice(call.argument(2));
    let receivers = call.channels.publish(Published { channel, payload });
    Ok(Answer::Integer(i64::try_from(receivers).unwrap_or(i64::MAX)))
}
