//! Panics over an item of a stream.

use futures_util::stream;
use trunkline_runtime::{Actor, ChildSpec, Context, Failure, Leaf};

pub(crate) struct PanicInStream;

impl Actor for PanicInStream {
    fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
        let items = stream::iter([1, 2, 3]);
        cx.follow(items, |_, item, _| assert_ne!(item, 2, "cannot stand that item"), |_, _| {});
        Ok(())
    }
}

pub(crate) fn panic_in_stream(id: &'static str) -> Leaf<PanicInStream> {
    ChildSpec::leaf(id, || PanicInStream)
}
