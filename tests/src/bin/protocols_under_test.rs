//! A program of an author's own, with faults on command: the protocols of
//! [`trunkline_tests::protocols`] in the server that `trunkline-faults` is.

use std::process::ExitCode;

use trunkline_tests::protocols::{Fragile, PEER, Room, Torrent, observed, relay, team};
use trunkline_tests::runs::site::WORKERS;

fn main() -> ExitCode {
    let (team, counter, _members) = team(WORKERS);
    let (worker, observed) = observed();
    let mut app = trunkline::app()
        .child(team)
        .child(worker)
        .protocol("observed", observed)
        .protocol("fragile", Fragile::default())
        .protocol("torrent", Torrent::default())
        .protocol("room", Room::default())
        .protocol("counter", counter);
    if let Ok(peer) = std::env::var(PEER) {
        for (name, again) in [("once", false), ("again", true)] {
            let (client, relay) = relay(name, &peer, again);
            app = app.child(client).protocol(name, relay);
        }
    }
    trunkline_tests::faults::run(app)
}
