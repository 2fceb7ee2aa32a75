//! Panics over its nth message.

use trunkline_runtime::{Actor, ChildSpec, Context, Handles, Leaf, Message, Reply};

pub(crate) struct CrashOnNth {
    left: u32,
}

impl Actor for CrashOnNth {}

/// One of the messages; the answer says how many are left.
#[derive(Debug)]
pub(crate) struct Step;

impl Message for Step {
    type Answer = u32;
}

impl Handles<Step> for CrashOnNth {
    fn handle(&mut self, _: Step, reply: Reply<u32>, _: &mut Context<'_, Self>) {
        self.left -= 1;
        assert_ne!(self.left, 0, "the last straw");
        reply.send(self.left);
    }
}

pub(crate) fn crash_on_nth(id: &'static str, nth: u32) -> Leaf<CrashOnNth> {
    ChildSpec::leaf(id, move || CrashOnNth { left: nth })
}
