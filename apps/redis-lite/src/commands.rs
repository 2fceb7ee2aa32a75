//! What each command does: a file for each family, and one table of all.
//!
//! A command is executed under the locks of its keys, and does not wait for anything else. It
//! checks all of its arguments before it changes anything: one that is refused has done nothing.

mod call;
mod connection;
mod hashes;
mod keys;
mod lists;
mod pubsub;
mod refusal;
mod server;
mod sets;
mod sorted_sets;
mod strings;
mod table;
#[cfg(test)]
mod testing;

use std::fmt::Write;

use tokio::time::Instant;

use call::Call;
use refusal::Refusal;
use table::Command;

use crate::channels::Channels;
use crate::resp::{Answer, Request};
use crate::server::Server;
use crate::session::Session;

/// What a command comes to.
type Outcome = Result<Answer, Refusal>;

/// The bytes of what a client sent that an error quotes.
const QUOTED: usize = 128;

/// Executes one command; see [`Server::execute`].
pub(crate) fn execute(
    server: &Server,
    request: &Request,
    session: &mut Session,
    channels: &mut dyn Channels,
    now: Instant,
) -> Answer {
    let outcome = admit(request, session)
        .and_then(|command| (command.run)(&mut Call { request, server, session, channels, now }));
    outcome.unwrap_or_else(Refusal::answer)
}

/// The command that is asked for, if it may be executed.
fn admit(request: &Request, session: &Session) -> Result<&'static Command, Refusal> {
    let command = table::find(&request[0]).ok_or_else(|| unknown(request))?;
    if !command.takes(request.len()) {
        return Err(Refusal::Arity(command.name.to_owned()));
    }
    // What a subscriber is sent has no order with answers, so only these can be told apart.
    if session.is_subscribed() && !command.while_subscribed {
        return Err(Refusal::Subscribed(command.name));
    }
    Ok(command)
}

fn unknown(request: &Request) -> Refusal {
    let mut arguments = String::new();
    for argument in request.from(1) {
        let room = QUOTED.saturating_sub(arguments.len());
        if room == 0 {
            break;
        }
        // Writing into a string cannot fail.
        let _ = write!(arguments, "'{}' ", quoted(argument, room));
    }
    Refusal::UnknownCommand { name: quoted(&request[0], QUOTED), arguments }
}

/// The first bytes of what a client sent, as text.
fn quoted(bytes: &[u8], room: usize) -> String {
    String::from_utf8_lossy(&bytes[..bytes.len().min(room)]).into_owned()
}
