//! The server as a whole: `INFO`, `CONFIG`, `FLUSHALL` and their kin.

#[cfg(test)]
mod tests;

use super::table::COMMANDS;
use super::{Call, Outcome, Refusal};
use crate::resp::Answer;
use crate::server::COMPATIBLE_WITH;
use crate::store::glob;

pub(super) fn dbsize(call: &mut Call<'_>) -> Outcome {
    Ok(Answer::count(call.server.store.len()))
}

/// `FLUSHALL` and `FLUSHDB`: there is one database.
pub(super) fn flush(call: &mut Call<'_>) -> Outcome {
    let mode = call.request.get(1).map(<[u8]>::to_ascii_lowercase);
    // Both are the same here: the lock is released before the memory is.
    if call.request.len() > 2 || !matches!(mode.as_deref(), None | Some(b"sync" | b"async")) {
        return Err(Refusal::Syntax);
    }
    call.server.store.clear();
    Ok(Answer::OK)
}

pub(super) fn time(call: &mut Call<'_>) -> Outcome {
    let time = call.server.unix_time(call.now);
    let parts = [time.as_secs().to_string(), time.subsec_micros().to_string()];
    Ok(Answer::list(parts.map(Into::into)))
}

pub(super) fn config(call: &mut Call<'_>) -> Outcome {
    match call.subcommand().as_str() {
        "get" => {
            call.subcommand_takes("config|get", call.request.len() > 2)?;
            let max_keys =
                call.server.store.max_keys().map_or("0".to_owned(), |max| max.to_string());
            // As redis names them; `save` and `appendonly` are what redis-benchmark asks for.
            let settings = [
                ("save", ""),
                ("appendonly", "no"),
                ("databases", "1"),
                ("maxmemory", "0"),
                ("maxkeys", max_keys.as_str()),
            ];
            let patterns = call.request.from(2).map(<[u8]>::to_ascii_lowercase);
            let patterns: Vec<_> = patterns.collect();
            let asked = |name: &str| patterns.iter().any(|p| glob::fits(p, name.as_bytes()));
            let pairs = settings.into_iter().filter(|(name, _)| asked(name));
            Ok(Answer::Array(pairs.flat_map(|(k, v)| [Answer::text(k), Answer::text(v)]).collect()))
        }
        _ => Err(call.unknown_subcommand("CONFIG")),
    }
}

pub(super) fn command(call: &mut Call<'_>) -> Outcome {
    if call.request.len() == 1 {
        return Ok(Answer::Array(Vec::new()));
    }
    match call.subcommand().as_str() {
        "count" => {
            call.subcommand_takes("command|count", call.request.len() == 2)?;
            Ok(Answer::count(COMMANDS.len()))
        }
        // redis-cli helps with what it is told here, and does without.
        "docs" => Ok(Answer::Array(Vec::new())),
        _ => Err(call.unknown_subcommand("COMMAND")),
    }
}

pub(super) fn info(call: &mut Call<'_>) -> Outcome {
    let all = || {
        let names = ["default", "all", "everything"];
        call.request.len() == 1 || call.request.from(1).any(|name| is_one_of(name, &names))
    };
    let asked =
        |section: &str| all() || call.request.from(1).any(|name| is_one_of(name, &[section]));
    let mut sections = Vec::new();
    if asked("server") {
        let uptime = call.server.uptime(call.now).as_secs();
        sections.push(format!(
            "# Server\r\nredis_version:{COMPATIBLE_WITH}\r\nredis_mode:standalone\r\n\
             server_name:redis-lite\r\nserver_version:{}\r\nuptime_in_seconds:{uptime}\r\n",
            env!("CARGO_PKG_VERSION"),
        ));
    }
    if asked("keyspace") {
        let store = &call.server.store;
        let mut section = "# Keyspace\r\n".to_owned();
        if !store.is_empty() {
            let (keys, expires) = (store.len(), store.expiring());
            section += &format!("db0:keys={keys},expires={expires},avg_ttl=0\r\n");
        }
        sections.push(section);
    }
    Ok(Answer::text(sections.join("\r\n")))
}

fn is_one_of(name: &[u8], names: &[&str]) -> bool {
    names.iter().any(|one| name.eq_ignore_ascii_case(one.as_bytes()))
}

pub(super) fn debug(call: &mut Call<'_>) -> Outcome {
    match call.subcommand().as_str() {
        #[expect(clippy::panic, reason = "what a crash of a handler costs is to be tried out")]
        "panic" => panic!("asked for by DEBUG PANIC"),
        _ => Err(call.unknown_subcommand("DEBUG")),
    }
}
