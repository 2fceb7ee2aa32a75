//! Connections of clients, a page at a time.

use trunkline_actors::directory::Directory;
use trunkline_observability::admin::{ConnectionShown, Connections, OrderError};
use trunkline_runtime::{Runtime, Visit};

/// Where they are in the tree.
const LISTENERS: &str = "server/traffic/listeners";

/// One connection by its path: its listener, the name of its worker, its number. In the order of
/// the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place<'a> {
    listener: &'a str,
    worker: &'a str,
    id: u64,
}

impl<'a> Place<'a> {
    fn of(path: &'a str) -> Option<Self> {
        let mut steps = path.strip_prefix(LISTENERS)?.strip_prefix('/')?.split('/');
        let listener = steps.next()?;
        if steps.next()? != "connections" {
            return None;
        }
        let worker = steps.next()?;
        let id = steps.next()?.parse().ok()?;
        steps.next().is_none().then_some(Self { listener, worker, id })
    }

    fn worker(&self) -> Option<usize> {
        self.worker.strip_prefix('w')?.parse().ok()
    }
}

/// Those behind the cursor `after`, at most `limit`. The cursor is the path of the last: that one
/// may have ended meanwhile, and none is shown twice.
pub(super) fn page(
    runtime: &Runtime,
    after: Option<&str>,
    limit: usize,
) -> Result<Connections, OrderError> {
    let after = after
        .map(|cursor| {
            Place::of(cursor).ok_or_else(|| {
                OrderError::Mistaken(
                    "the cursor is not one of this server's".into(),
                    "take it from the page before, or leave it out".into(),
                )
            })
        })
        .transpose()?;
    let walk = runtime.registry().walk().under(LISTENERS);
    let mut connections: Vec<_> = walk
        .into_iter()
        .flatten()
        .filter(|visit| {
            Place::of(&visit.path).is_some_and(|place| after.is_none_or(|after| place > after))
        })
        // One more shows whether there is a further page.
        .take(limit + 1)
        .filter_map(shown)
        .collect();
    let more = connections.len() > limit;
    connections.truncate(limit);
    let last = connections.last().filter(|_| more);
    let next = last.map(|connection| connection.path.clone());
    Ok(Connections { connections, next })
}

fn shown(visit: Visit) -> Option<ConnectionShown> {
    let view = visit.view();
    let place = Place::of(&view.path)?;
    Some(ConnectionShown {
        id: place.id,
        listener: place.listener.to_owned(),
        worker: place.worker()?,
        status: view.state,
        since_ms: u64::try_from(view.uptime.as_millis()).unwrap_or(u64::MAX),
        path: view.path,
    })
}

/// Has the connection at that path ended by its supervisor, with its grace.
pub(super) fn close(directory: &Directory, path: &str) -> Result<(), OrderError> {
    let place = Place::of(path).and_then(|place| Some((place, place.worker()?)));
    let ended =
        place.is_some_and(|(place, worker)| directory.end(place.listener, worker, place.id));
    if ended {
        return Ok(());
    }
    Err(OrderError::NotFound(
        "there is no connection of a client at that path".into(),
        "see /connections for those that there are".into(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_path_of_a_connection_is_one() {
        let path = "server/traffic/listeners/web/connections/w10/17";
        let place = Place::of(path).unwrap();
        assert_eq!((place.listener, place.worker(), place.id), ("web", Some(10), 17));
        for path in [
            "",
            "server/traffic/listeners",
            "server/traffic/listeners/web/connections/w0",
            "server/traffic/listeners/web/connections/w0/17/protocol",
            "server/traffic/listeners/web/connections/w0/x",
            "server/traffic/listeners/web/acceptors/w0/17",
            "server/traffic/pools/web/connections/w0/17",
        ] {
            assert_eq!(Place::of(path), None, "{path}");
        }
    }
}
