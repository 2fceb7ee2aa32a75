//! Recipients: actors and other mailboxes behind one type.

use std::sync::Arc;

use parking_lot::Mutex;
use trunkline_runtime::{
    Accepts, Ask, AskError, Flags, Node, Recipient, Refused, Reply, Restart, SendError, Shutdown,
    Strategy,
};

use crate::harness::good::{Answer, Order, Orders};
use crate::harness::{Universe, run, seconds};

const PLAIN: Flags = Flags::new(Strategy::OneForOne);

/// A mailbox of its own kind: holds one message, and the test takes it out.
struct Slot {
    node: Arc<Node>,
    held: Mutex<Option<(Order, Reply<Answer>)>>,
}

impl Accepts<Order> for Slot {
    fn deliver(&self, message: Order, reply: Reply<Answer>) -> Result<(), Refused<Order>> {
        let mut held = self.held.lock();
        if held.is_some() {
            return Err(Refused::Full(message, reply));
        }
        *held = Some((message, reply));
        Ok(())
    }

    fn node(&self) -> &Arc<Node> {
        &self.node
    }

    fn is_open(&self) -> bool {
        true
    }

    fn waiting(&self) -> u32 {
        u32::from(self.held.lock().is_some())
    }

    fn close(&self) -> bool {
        self.held.lock().take().is_some_and(|(_, reply)| {
            reply.fail(AskError::Stopped);
            true
        })
    }
}

fn slot(u: &Universe) -> (Arc<Slot>, Recipient<Order>) {
    let (_, address) = u.good("slot").build();
    let slot = Arc::new(Slot { node: Arc::clone(address.node()), held: Mutex::new(None) });
    (Arc::clone(&slot), Recipient::new(slot))
}

#[test]
fn an_actor_is_asked_and_told_without_its_type() {
    run(|u: Universe| async move {
        let (child, address) = u.good("child").build();
        let recipient = Recipient::<Order>::from(address.clone());
        u.start(u.tree(PLAIN).child(child)).await;
        assert_eq!(recipient.send(Order::Report), Ok(()));
        let answer = recipient.ask(Order::Report, seconds(1)).await;
        assert_eq!(answer.map(|answer| answer.nth), Ok(2));
        assert_eq!(recipient.ask(Order::Panic, seconds(1)).await, Err(AskError::Crashed));
        assert!(Arc::ptr_eq(recipient.node(), address.node()));
        assert!(!recipient.close(), "an actor is ended by its supervisor alone");
    });
}

#[test]
fn a_recipient_counts_who_waits_and_refuses_beyond_its_room() {
    run(|u: Universe| async move {
        let (child, address) = u.good("child").mailbox(2).build();
        let recipient = Recipient::<Order>::from(address);
        for waiting in 0..2 {
            assert_eq!(recipient.waiting(), waiting);
            assert_eq!(recipient.send(Order::Report), Ok(()));
        }
        assert_eq!(recipient.send(Order::Keep), Err(SendError::Full(Order::Keep)));
        assert_eq!(recipient.ask(Order::Report, seconds(1)).await, Err(AskError::Full));
        assert_eq!(recipient.waiting(), 2, "a refusal takes no place");
        u.start(u.tree(PLAIN).child(child)).await;
        u.settle().await;
        assert_eq!(recipient.waiting(), 0);
    });
}

#[test]
fn a_refused_question_comes_back_and_can_be_put_to_another() {
    run(|u: Universe| async move {
        let (first, address) = u.good("first").restart(Restart::Temporary).build();
        let first_one = Recipient::<Order>::from(address);
        let (second, address) = u.good("second").build();
        let second_one = Recipient::<Order>::from(address);
        u.start(u.tree(PLAIN).child(first).child(second)).await;
        let kept = first_one.ask(Order::Keep, seconds(1));
        assert_eq!(first_one.send(Order::Finish), Ok(()));
        assert_eq!(kept.await, Err(AskError::Stopped));
        u.exited("tree/first").await;
        u.settle().await;
        let Err(SendError::Stopped(order)) = Ask::deliver(&first_one, Order::Report, seconds(1))
        else {
            panic!("an actor that has ended takes nothing");
        };
        let answer = Ask::deliver(&second_one, order, seconds(1)).expect("it is well").await;
        assert_eq!(answer.map(|answer| answer.nth), Ok(1));
    });
}

#[test]
fn what_is_forgotten_is_gone_and_what_rests_is_not() {
    run(|u: Universe| async move {
        let (child, address) = u.good("child").shutdown(Shutdown::Kill).build();
        let recipient = Recipient::<Order>::from(address.clone());
        let tree = u.start(u.tree(PLAIN).child(child)).await;
        address.tell(Order::Panic);
        u.restarting("tree/child").await;
        assert!(recipient.is_open() && !recipient.is_gone());
        u.started("tree/child").await;
        tree.remove_child(&"child".into());
        u.exited("tree/child").await;
        u.settle().await;
        assert!(!recipient.is_open() && recipient.is_gone());
    });
}

#[test]
fn a_mailbox_of_another_kind_answers_refuses_and_closes_like_an_actor() {
    run(|u: Universe| async move {
        let (slot, recipient) = slot(&u);
        let asked = recipient.ask(Order::Keep, seconds(1));
        assert_eq!(recipient.waiting(), 1);
        assert_eq!(recipient.ask(Order::Report, seconds(1)).await, Err(AskError::Full));
        let (order, reply) = slot.held.lock().take().expect("the first is held");
        assert_eq!(order, Order::Keep);
        reply.send(Answer { generation: 1, nth: 7 });
        assert_eq!(asked.await.map(|answer| answer.nth), Ok(7));

        let asked = recipient.ask(Order::Keep, seconds(1));
        assert!(recipient.close());
        assert_eq!(asked.await, Err(AskError::Stopped));
    });
}
