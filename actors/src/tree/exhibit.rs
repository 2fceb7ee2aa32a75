//! Shows something that is no actor in the tree, under its name.

use std::sync::Arc;

use trunkline_runtime::{Actor, ChildSpec, Context, Detail, Failure};

/// A leaf that does nothing but carry a detail.
struct Exhibit(Arc<dyn Detail>);

impl Actor for Exhibit {
    fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
        cx.show(Arc::clone(&self.0));
        Ok(())
    }
}

pub(crate) fn spec(name: &str, detail: Arc<dyn Detail>) -> ChildSpec {
    ChildSpec::leaf(name, move || Exhibit(Arc::clone(&detail))).into()
}
