//! Which connections of this worker are bound to which backend: a cell of the thread.
//!
//! Only what is tied to its backend for as long as it lives is here, as forwarding and an upgraded
//! connection are. An exchange over HTTP ends by itself. One entry costs a connection a slot of a
//! slab at its beginning and its end, and nothing in between; it is read only while a backend
//! drains.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use slab::Slab;

use crate::backend::BackendId;
use crate::record::Record;

thread_local! {
    static TENANTS: RefCell<Slab<(BackendId, Rc<Record>)>> = const { RefCell::new(Slab::new()) };
}

/// A connection, as whoever wants to end it names it: its listener and its number there.
pub(crate) type Tenant = (Arc<str>, u64);

/// The slot of a connection that is bound to no backend.
pub(crate) const NOBODY: u32 = u32::MAX;

/// Binds a connection to a backend, until [`leave`]. Its slot is in the record, which has room for
/// it: what streams bytes has none.
pub(crate) fn enter(record: &Rc<Record>, backend: BackendId) {
    leave(record);
    let entry = (backend, Rc::clone(record));
    let slot = TENANTS.with_borrow_mut(|tenants| tenants.insert(entry));
    record.set_tenancy(u32::try_from(slot).unwrap_or(NOBODY));
}

/// Ends what [`enter`] began, if it did.
pub(crate) fn leave(record: &Record) {
    let slot = record.set_tenancy(NOBODY);
    if slot != NOBODY {
        // The thread may be at its end, and the cell with it. The entry is dropped once the cell is
        // free: the record may be the last of its kind, and writes a line of the log then.
        let entry = TENANTS.try_with(|tenants| tenants.borrow_mut().try_remove(slot as usize));
        drop(entry);
    }
}

/// A connection is bound to a backend until this is dropped.
#[must_use]
pub(crate) struct Tenancy(Rc<Record>);

impl Tenancy {
    pub(crate) fn begin(record: &Rc<Record>, backend: BackendId) -> Self {
        enter(record, backend);
        Self(Rc::clone(record))
    }
}

impl Drop for Tenancy {
    fn drop(&mut self) {
        leave(&self.0);
    }
}

/// Those of this thread that are bound to `backend`.
pub(crate) fn of(backend: BackendId) -> Vec<Tenant> {
    TENANTS.with_borrow(|tenants| {
        let bound = tenants.iter().filter(|(_, (to, _))| *to == backend);
        bound.map(|(_, (_, record))| (Arc::clone(record.listener()), record.id())).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::Backend;
    use crate::backend::health::HealthPolicy;

    #[test]
    fn a_connection_is_bound_to_its_backend_until_it_ends() {
        let policy = HealthPolicy {
            fall: 1,
            probe_fall: 1,
            rise: 1,
            retry_after: std::time::Duration::from_secs(1),
        };
        let address = "127.0.0.1:1".parse().unwrap();
        let (one, other) =
            (Backend::new(address, None, policy).id(), Backend::new(address, None, policy).id());
        let record = |id| Rc::new(Record::new(id, address, "web".into(), false));
        let first = Tenancy::begin(&record(1), one);
        let second = Tenancy::begin(&record(2), other);
        let third = Tenancy::begin(&record(3), one);
        assert_eq!(of(one), [("web".into(), 1), ("web".into(), 3)]);
        drop(first);
        assert_eq!(of(one), [("web".into(), 3)]);
        drop((second, third));
        assert!(of(one).is_empty() && of(other).is_empty());
    }
}
