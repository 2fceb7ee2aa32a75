//! A program of an author's own, with faults on command: the protocols of
//! [`trunkline_tests::protocols`] in the server that `trunkline-faults` is.

use std::process::ExitCode;

use trunkline_tests::protocols::{Fragile, Room, Torrent, team};
use trunkline_tests::runs::site::WORKERS;

fn main() -> ExitCode {
    let (team, counter, _members) = team(WORKERS);
    let app = trunkline::app()
        .child(team)
        .protocol("fragile", Fragile::default())
        .protocol("torrent", Torrent::default())
        .protocol("room", Room::default())
        .protocol("counter", counter);
    trunkline_tests::faults::run(app)
}
