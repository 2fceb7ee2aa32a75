//! A child in its supervisor's table.

use std::sync::Arc;

use crate::launch::Launch;
use crate::registry::Node;

use super::cell::SupervisorCell;

/// What a supervisor keeps of a child.
pub(crate) struct Child {
    pub(crate) node: Arc<Node>,
    /// None where its task was created with it.
    origin: Option<Box<Origin>>,
}

/// What is needed of a child that is started by its supervisor.
struct Origin {
    /// How to create its task; used up by the first start.
    launch: Option<Box<dyn Launch + Send>>,
    /// Where it is a supervisor: its own table.
    inner: Option<Arc<SupervisorCell>>,
}

impl Child {
    /// A child whose task is still to be created; `inner` is its own table if it is a supervisor.
    pub(crate) fn to_launch(
        node: Arc<Node>,
        launch: Box<dyn Launch + Send>,
        inner: Option<Arc<SupervisorCell>>,
    ) -> Self {
        Self { node, origin: Some(Box::new(Origin { launch: Some(launch), inner })) }
    }

    /// A leaf whose task whoever adds it creates.
    pub(crate) fn launched(node: Arc<Node>) -> Self {
        Self { node, origin: None }
    }

    pub(super) fn inner(&self) -> Option<&Arc<SupervisorCell>> {
        self.origin.as_ref()?.inner.as_ref()
    }

    pub(super) fn take_launch(&mut self) -> Option<Box<dyn Launch + Send>> {
        self.origin.as_mut()?.launch.take()
    }

    /// It is given up from above: where it is a supervisor, its children get little time.
    pub(super) fn hurry(&self) {
        if let Some(inner) = self.inner() {
            inner.hurry();
        }
    }

    /// It is down with no restart near, and with it all that is below.
    pub(super) fn refuse_mail(&self) {
        self.node.refuse_mail();
        if let Some(inner) = self.inner() {
            for (_, entry) in &inner.table.lock().core.entries {
                entry.payload.refuse_mail();
            }
        }
    }
}
