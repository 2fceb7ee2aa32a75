//! Panics in a future that runs beside its messages.

use std::time::Duration;

use trunkline_runtime::{Actor, ChildSpec, Context, Failure, Leaf};

pub(crate) struct PanicInFuture;

impl Actor for PanicInFuture {
    fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
        let future = async {
            tokio::time::sleep(Duration::from_millis(1)).await;
            panic!("the future is bleak");
        };
        cx.pipe(future, |_, (), _| {});
        Ok(())
    }
}

pub(crate) fn panic_in_future(id: &'static str) -> Leaf<PanicInFuture> {
    ChildSpec::leaf(id, || PanicInFuture)
}
