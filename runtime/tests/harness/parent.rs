//! A leaf with children of its own.

use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;

use trunkline_runtime::{
    Actor, ChildSpec, Children, Context, Failure, Flags, Handles, Leaf, Message, Reply, Stopping,
};

/// Supervises what it is given, and ends as its children do.
pub(crate) struct Parent {
    flags: Flags,
    children: Option<Rc<RefCell<Children>>>,
}

impl Actor for Parent {
    fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
        let children = Children::of(cx.node(), self.flags)?;
        let children = Rc::clone(self.children.insert(Rc::new(RefCell::new(children))));
        cx.run(poll_fn(move |task| children.borrow_mut().poll(task)));
        Ok(())
    }

    fn stopping(&mut self, _: &mut Context<'_, Self>) -> Stopping {
        match &self.children {
            Some(children) => children.borrow().stop(),
            None => return Stopping::Done,
        }
        Stopping::Wait
    }
}

type Work<R> = Box<dyn FnOnce(&Children) -> R + Send>;

/// Something to do with the children; the answer is what came of it.
pub(crate) struct With<R>(Work<R>);

/// For `work` that is to be done by the parent.
pub(crate) fn with<R>(work: impl FnOnce(&Children) -> R + Send + 'static) -> With<R> {
    With(Box::new(work))
}

impl<R: Send + 'static> Message for With<R> {
    type Answer = R;
}

impl<R: Send + 'static> Handles<With<R>> for Parent {
    fn handle(&mut self, With(work): With<R>, reply: Reply<R>, _: &mut Context<'_, Self>) {
        if let Some(children) = &self.children {
            reply.send(work(&children.borrow()));
        }
    }
}

pub(crate) fn parent(id: &'static str, flags: Flags) -> Leaf<Parent> {
    ChildSpec::leaf(id, move || Parent { flags, children: None })
}
