//! The connection itself: `PING`, `HELLO`, `CLIENT` and their kin.

#[cfg(test)]
mod tests;

use bytes::Bytes;

use super::{Call, Outcome, Refusal};
use crate::resp::{Answer, number};
use crate::server::COMPATIBLE_WITH;

/// The one version of the protocol that is spoken.
const PROTOCOL: i64 = 2;

pub(super) fn ping(call: &mut Call<'_>) -> Outcome {
    if call.request.len() > 2 {
        return Err(Refusal::Arity("ping".to_owned()));
    }
    let echo = call.request.share(1);
    Ok(match (call.session.is_subscribed(), call.request.len()) {
        // A subscriber expects arrays alone.
        (true, _) => Answer::list([Bytes::from_static(b"pong"), echo]),
        (false, 2) => Answer::Bulk(echo),
        (false, _) => Answer::Status("PONG"),
    })
}

pub(super) fn echo(call: &mut Call<'_>) -> Outcome {
    Ok(Answer::Bulk(call.request.share(1)))
}

pub(super) fn quit(call: &mut Call<'_>) -> Outcome {
    call.session.closing = true;
    Ok(Answer::OK)
}

pub(super) fn select(call: &mut Call<'_>) -> Outcome {
    match call.integer(1)? {
        0 => Ok(Answer::OK),
        _ => Err(Refusal::Database),
    }
}

pub(super) fn hello(call: &mut Call<'_>) -> Outcome {
    if let Some(version) = call.request.get(1) {
        match number::integer(version) {
            Some(PROTOCOL) => {}
            Some(_) => return Err(Refusal::ProtocolVersion),
            None => return Err(Refusal::ProtocolVersionNumber),
        }
    }
    match call.request.get(2) {
        None => {}
        Some(option) if option.eq_ignore_ascii_case(b"setname") && call.request.len() == 4 => {
            call.session.name = client_name(call.argument(3))?;
        }
        Some(option) => return Err(Refusal::HelloOption(super::quoted(option, super::QUOTED))),
    }
    let text = |text: &'static str| Answer::Bulk(Bytes::from_static(text.as_bytes()));
    let id = Answer::Integer(i64::try_from(call.session.id).unwrap_or(i64::MAX));
    Ok(Answer::Array(vec![
        text("server"),
        text("redis-lite"),
        text("version"),
        text(COMPATIBLE_WITH),
        text("proto"),
        Answer::Integer(PROTOCOL),
        text("id"),
        id,
        text("mode"),
        text("standalone"),
        text("role"),
        text("master"),
        text("modules"),
        Answer::Array(Vec::new()),
    ]))
}

pub(super) fn client(call: &mut Call<'_>) -> Outcome {
    let length = call.request.len();
    match call.subcommand().as_str() {
        "id" => {
            call.subcommand_takes("client|id", length == 2)?;
            Ok(Answer::Integer(i64::try_from(call.session.id).unwrap_or(i64::MAX)))
        }
        "getname" => {
            call.subcommand_takes("client|getname", length == 2)?;
            let name = call.session.name.clone();
            Ok(if name.is_empty() { Answer::Nil } else { Answer::Bulk(name) })
        }
        "setname" => {
            call.subcommand_takes("client|setname", length == 3)?;
            call.session.name = client_name(call.argument(2))?;
            Ok(Answer::OK)
        }
        // What library the client is built with is told, and of no use here.
        "setinfo" => {
            call.subcommand_takes("client|setinfo", length == 4)?;
            Ok(Answer::OK)
        }
        _ => Err(call.unknown_subcommand("CLIENT")),
    }
}

/// A name is shown in lists, so it has no spaces or control characters.
fn client_name(name: &[u8]) -> Result<Bytes, Refusal> {
    match name.iter().all(|byte| (b'!'..=b'~').contains(byte)) {
        true => Ok(Bytes::copy_from_slice(name)),
        false => Err(Refusal::ClientName),
    }
}
