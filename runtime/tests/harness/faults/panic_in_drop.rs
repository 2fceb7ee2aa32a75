//! Panics when its state is dropped, or when a future of its is.

use trunkline_runtime::{Actor, ChildSpec, Context, Failure, Leaf};

/// Panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("dropped a bomb");
    }
}

pub(crate) struct PanicInDrop {
    _bomb: Option<Bomb>,
    in_future: bool,
}

impl Actor for PanicInDrop {
    fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
        if self.in_future {
            let bomb = Bomb;
            let never = async move {
                std::future::pending::<()>().await;
                drop(bomb);
            };
            cx.pipe(never, |_, (), _| {});
        }
        Ok(())
    }
}

/// The state panics.
pub(crate) fn panic_in_drop(id: &'static str) -> Leaf<PanicInDrop> {
    ChildSpec::leaf(id, || PanicInDrop { _bomb: Some(Bomb), in_future: false })
}

/// A future that runs beside the messages panics.
pub(crate) fn panic_in_drop_of_future(id: &'static str) -> Leaf<PanicInDrop> {
    ChildSpec::leaf(id, || PanicInDrop { _bomb: None, in_future: true })
}
