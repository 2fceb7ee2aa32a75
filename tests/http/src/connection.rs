//! The oracle for whole connections: what a client and its backends say, and when.
//!
//! | module | what |
//! |---|---|
//! | [`script`] | an input as events |
//! | [`driver`] | the events through heads and `Exchange`, as the handler of HTTP does it |
//! | [`outcome`] | what came of them |
//! | [`judge`] | what both sides got, against what they were sent |

pub mod driver;
pub mod judge;
pub mod outcome;
pub mod script;

use driver::drive;
use outcome::{Outcome, Reply};

/// Plays `input` as a script, at once and in small pieces.
///
/// # Panics
/// If a backend did not get exactly the requests that the client sent, or the client exactly their
/// answers; if a careless reader would find others; if a connection goes on though a body on it was
/// not read to its end; if any of it depends on where the bytes are cut.
pub fn check(input: &[u8]) {
    let events = script::read(input);
    let once = drive(&events, usize::MAX);
    judge::check(&once);
    // One by one costs the square of the length.
    let sizes: &[usize] = if input.len() <= 512 { &[1, 3, 17] } else { &[13] };
    for size in sizes {
        let cut = drive(&events, *size);
        judge::check(&cut);
        compare(&once, &cut);
    }
}

fn compare(once: &Outcome, cut: &Outcome) {
    // Of what is wrong somewhere, pieces before the one at fault have gone on.
    for (one, other) in once.backends.iter().zip(&cut.backends) {
        let agree = other.starts_with(one) || once.end != cut.end && one.starts_with(other);
        assert!(agree, "a backend got something else");
    }
    for (one, other) in once.talks.iter().zip(&cut.talks) {
        if one.reply == Reply::Ours(502) && matches!(other.reply, Reply::Broken(_)) {
            // Its head had not gone on when the body proved wrong, and here it had.
            return;
        }
        assert_eq!(one.reply, other.reply);
        assert_eq!((one.starts, one.body_starts), (other.starts, other.body_starts));
        assert_eq!(one.request_is_whole, other.request_is_whole);
        assert_eq!(one.stays, other.stays);
        if one.request_is_whole {
            assert_eq!((one.backend, one.ends), (other.backend, other.ends));
        }
    }
    assert_eq!(once.talks.len(), cut.talks.len());
    assert_eq!(once.end, cut.end);
}
