//! One execution of a command: what it may read and change.

use parking_lot::MutexGuard;
use tokio::time::Instant;

use super::refusal::Refusal;
use crate::channels::Channels;
use crate::resp::{Request, number};
use crate::server::Server;
use crate::session::Session;
use crate::store::Shard;

/// One execution of a command.
pub(crate) struct Call<'a> {
    pub(crate) request: &'a Request,
    pub(crate) server: &'a Server,
    pub(crate) session: &'a mut Session,
    pub(crate) channels: &'a mut dyn Channels,
    pub(crate) now: Instant,
}

impl<'a> Call<'a> {
    /// The argument at `index`, the name being at 0.
    pub(crate) fn argument(&self, index: usize) -> &'a [u8] {
        &self.request[index]
    }

    /// The key of a command that has one.
    pub(crate) fn key(&self) -> &'a [u8] {
        self.argument(1)
    }

    /// The shard of that key, locked.
    pub(crate) fn shard(&self) -> MutexGuard<'a, Shard> {
        self.server.store.lock(self.key())
    }

    /// The argument at `index` as an integer.
    pub(crate) fn integer(&self, index: usize) -> Result<i64, Refusal> {
        number::integer(self.argument(index)).ok_or(Refusal::NotInteger)
    }

    /// The argument at `index` as a count, if it is there.
    pub(crate) fn count(&self, index: usize) -> Result<Option<usize>, Refusal> {
        let count = |text| {
            let count = number::integer(text).ok_or(Refusal::NotPositive)?;
            usize::try_from(count).map_err(|_| Refusal::NotPositive)
        };
        self.request.get(index).map(count).transpose()
    }

    /// The argument at 1 as the name of a subcommand.
    pub(crate) fn subcommand(&self) -> String {
        super::quoted(self.argument(1), super::QUOTED).to_ascii_lowercase()
    }

    /// The subcommand is none of `command`.
    pub(crate) fn unknown_subcommand(&self, command: &'static str) -> Refusal {
        let subcommand = super::quoted(self.argument(1), super::QUOTED);
        Refusal::UnknownSubcommand { command, subcommand }
    }

    /// Checks how many arguments a subcommand has, both names included.
    pub(crate) fn subcommand_takes(&self, name: &str, fits: bool) -> Result<(), Refusal> {
        if fits { Ok(()) } else { Err(Refusal::Arity(name.to_owned())) }
    }
}

/// The range of a sequence of `length` from `start` to `stop`, both included and counted from the
/// end if they are negative; empty if it lies outside.
pub(crate) fn range(start: i64, stop: i64, length: usize) -> std::ops::Range<usize> {
    let length_signed = i64::try_from(length).unwrap_or(i64::MAX);
    let from_end = |index: i64| if index < 0 { index.saturating_add(length_signed) } else { index };
    let start = usize::try_from(from_end(start)).unwrap_or(0);
    let end = usize::try_from(from_end(stop).saturating_add(1)).unwrap_or(0).min(length);
    start.min(end)..end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_cut_to_what_there_is() {
        assert_eq!(range(0, -1, 3), 0..3);
        assert_eq!(range(-2, -1, 3), 1..3);
        assert_eq!(range(1, 1, 3), 1..2);
        assert_eq!(range(-100, 100, 3), 0..3);
        assert!(range(2, 1, 3).is_empty());
        assert!(range(5, 10, 3).is_empty());
        assert!(range(0, -5, 3).is_empty());
        assert!(range(i64::MIN, i64::MIN, 0).is_empty());
        assert_eq!(range(i64::MIN, i64::MAX, 3), 0..3);
    }
}
