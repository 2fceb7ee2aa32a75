//! An actor that behaves, does what it is told, and writes down what it goes through.

use std::time::Duration;

use trunkline_runtime::{
    Actor, Address, Ask, Context, ExitReason, Failure, Handles, Message, Reply, SendError, Stopping,
};

use super::journal::Journal;

/// The well-behaved one. Its state counts the messages of the incarnation.
pub(crate) struct Good {
    id: &'static str,
    journal: Journal,
    handled: u32,
    kept: Vec<Reply<Answer>>,
}

impl Good {
    pub(crate) fn new(id: &'static str, journal: Journal) -> Self {
        Self { id, journal, handled: 0, kept: Vec::new() }
    }

    fn write(&self, what: &str) {
        self.journal.write(format!("{} {what}", self.id));
    }
}

impl Actor for Good {
    fn started(&mut self, _: &mut Context<'_, Self>) -> Result<(), Failure> {
        self.write("started");
        Ok(())
    }

    fn stopping(&mut self, _: &mut Context<'_, Self>) -> Stopping {
        self.write("stopping");
        Stopping::Done
    }

    fn stopped(&mut self, reason: &ExitReason) {
        self.write(&format!("stopped {reason}"));
    }
}

/// What [`Good`] can be told to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// Say who you are.
    Report,
    /// Keep the right to answer.
    Keep,
    /// Answer all that were kept.
    AnswerKept,
    /// Drop the right to answer.
    Ignore,
    /// Keep the right to answer in a future beside the messages, for this long.
    AnswerAfter(Duration),
    Panic,
    Fail,
    Finish,
}

/// What it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Answer {
    /// The incarnation that answers.
    pub(crate) generation: u32,
    /// Which message of this incarnation it was, from 1.
    pub(crate) nth: u32,
}

impl Message for Order {
    type Answer = Answer;
}

impl Handles<Order> for Good {
    fn handle(&mut self, order: Order, reply: Reply<Answer>, cx: &mut Context<'_, Self>) {
        self.handled += 1;
        let answer = Answer { generation: cx.generation(), nth: self.handled };
        match order {
            Order::Report => reply.send(answer),
            Order::Keep => self.kept.push(reply),
            Order::AnswerKept => {
                self.kept.drain(..).chain([reply]).for_each(|kept| kept.send(answer));
            }
            Order::Ignore => drop(reply),
            Order::AnswerAfter(time) => {
                let later = async move {
                    tokio::time::sleep(time).await;
                    reply.send(answer);
                };
                cx.pipe(later, |_, (), _| {});
            }
            Order::Panic => panic!("{} was told to panic", self.id),
            Order::Fail => cx.fail(Failure::new("was told to fail")),
            Order::Finish => cx.stop(),
        }
    }
}

/// How a test talks to [`Good`].
pub(crate) trait Orders {
    /// Asks with a long deadline.
    fn order(&self, order: Order) -> Ask<Answer>;
    /// Tells, and wants no answer.
    fn tell(&self, order: Order);
}

impl Orders for Address<Good> {
    fn order(&self, order: Order) -> Ask<Answer> {
        self.ask(order, Duration::from_secs(60))
    }

    fn tell(&self, order: Order) {
        match self.send(order) {
            Ok(()) => {}
            Err(SendError::Full(order) | SendError::Stopped(order)) => {
                panic!("{order:?} was not taken")
            }
        }
    }
}
