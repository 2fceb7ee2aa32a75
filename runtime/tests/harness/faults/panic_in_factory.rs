//! Its state cannot be built.

use trunkline_runtime::{Actor, ChildSpec, Leaf};

pub(crate) struct Unbuilt;

impl Actor for Unbuilt {}

pub(crate) fn panic_in_factory(id: &'static str) -> Leaf<Unbuilt> {
    ChildSpec::leaf(id, || panic!("out of parts"))
}
