//! How full the mailboxes are of those actors that there is a fixed number of.

use std::fmt;
use std::sync::Arc;

use trunkline_observability::metrics::Page;
use trunkline_runtime::Node;

/// The mailbox of one actor, or of several together.
pub(super) struct Mailbox {
    /// The place in the tree, as a metric names it.
    pub(super) actor: String,
    waiting: u64,
    refused: u64,
}

impl Mailbox {
    pub(super) fn of<'a>(actor: String, nodes: impl IntoIterator<Item = &'a Arc<Node>>) -> Self {
        nodes.into_iter().fold(Self { actor, waiting: 0, refused: 0 }, |all, node| Self {
            waiting: all.waiting + u64::from(node.waiting()),
            refused: all.refused + node.refused(),
            ..all
        })
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
