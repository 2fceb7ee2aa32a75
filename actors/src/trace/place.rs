//! How a span names the actor that it is about.

use std::sync::Arc;

use trunkline_observability::trace::Draft;

use crate::backend::Backend;

/// An actor as a span names it.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// Its path in the tree.
    pub(crate) path: Arc<str>,
    /// Which incarnation it was; 0 where nobody knows.
    pub(crate) generation: u32,
}

impl Place {
    /// A connection. It has one incarnation.
    pub(crate) fn connection(listener: &str, worker: usize, id: u64) -> Self {
        let path = format!("server/traffic/listeners/{listener}/connections/w{worker}/{id}");
        Self { path: path.into(), generation: 1 }
    }

    /// The router of a worker.
    pub(crate) fn router(worker: usize, generation: u32) -> Self {
        Self { path: format!("server/traffic/routers/w{worker}").into(), generation }
    }

    /// A backend's actor.
    pub(crate) fn backend(pool: &str, backend: &Backend, generation: u32) -> Self {
        let path = format!("server/traffic/pools/{pool}/{}/backend", backend.name());
        Self { path: path.into(), generation }
    }
}

/// Adds what names an actor.
pub(crate) fn place(draft: &mut Draft, place: &Place, worker: Option<usize>) {
    draft.name("trunkline.actor.path", &place.path);
    if place.generation > 0 {
        draft.number("trunkline.actor.generation", place.generation);
    }
    if let Some(worker) = worker {
        draft.number("trunkline.worker", worker as u64);
    }
}
