//! How full the mailboxes are of those actors that there is a fixed number of.

use std::fmt;
use std::sync::Arc;

use trunkline_observability::metrics::Page;
use trunkline_runtime::Node;

use super::lasting::Lasting;
use crate::backend::BackendId;

/// The mailbox of one actor, or of several together.
pub(super) struct Mailbox {
    /// The place in the tree, as a metric names it.
    pub(super) actor: String,
    waiting: u64,
    refused: u64,
}

impl Mailbox {
    pub(super) fn of(actor: String, node: &Arc<Node>) -> Self {
        Self { actor, waiting: u64::from(node.waiting()), refused: node.refused() }
    }

    /// That of several actors, which come and go.
    pub(super) fn of_members(
        actor: String,
        nodes: &[(BackendId, Arc<Node>)],
        refused: &mut Lasting<u64>,
    ) -> Self {
        let waiting = nodes.iter().map(|(_, node)| u64::from(node.waiting())).sum();
        let each = nodes.iter().map(|(id, node)| (*id, node.refused(), true));
        Self { actor, waiting, refused: refused.update(each).unwrap_or_default() }
    }
}

pub(super) fn measure(page: &mut Page<'_>, mailboxes: &[Mailbox]) -> fmt::Result {
    let help = "Messages that wait for an actor";
    let mut family = page.gauges("trunkline_mailbox_messages", None, help)?;
    for Mailbox { actor, waiting, .. } in mailboxes {
        family.add(&[("actor", actor)], *waiting)?;
    }
    let help = "Messages that found an actor's mailbox full";
    let mut family = page.counts("trunkline_mailbox_refused", help)?;
    for Mailbox { actor, refused, .. } in mailboxes {
        family.add(&[("actor", actor)], *refused)?;
    }
    Ok(())
}
