//! An actor that crashes while it carries a request out.

use trunkline_runtime::{
    Actor, Address, AskError, ChildSpec, Context, Ended, Failure, Flags, Handles, Message, Reply,
    Runtime, StartError, Strategy,
};

use super::*;

type Answers = Idempotency<u32, &'static str>;

/// Answers each request once; what it has begun is in its state.
struct Cashier {
    done: Answers,
    begun: Vec<Ticket<u32, &'static str>>,
}

enum Pay {
    Now,
    /// Keeps the ticket for later.
    Later,
    /// Crashes with all that was begun.
    Never,
}

impl Message for Pay {
    type Answer = &'static str;
}

impl Actor for Cashier {}

impl Handles<Pay> for Cashier {
    fn handle(&mut self, pay: Pay, reply: Reply<&'static str>, _: &mut Context<'_, Self>) {
        match (pay, self.done.claim(1, Instant::now())) {
            (Pay::Never, _) => panic!("on purpose"),
            (_, Claim::Repeated(answer)) => reply.send(answer),
            (Pay::Now, Claim::First(ticket)) => {
                ticket.complete("paid", Instant::now());
                reply.send("paid");
            }
            (Pay::Later, Claim::First(ticket)) => {
                self.begun.push(ticket);
                reply.send("begun");
            }
            (_, Claim::Interrupted) => reply.send("interrupted"),
            (_, Claim::Running | Claim::Full) => reply.send("busy"),
        }
    }
}

/// Pays again and again, and ends the runtime.
struct Client(Address<Cashier>, Answers);

impl Actor for Client {
    fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
        let (cashier, done, runtime) = (self.0.clone(), self.1.clone(), cx.runtime().cloned());
        cx.run(async move {
            let ask = async |pay| cashier.ask(pay, Duration::from_secs(5)).await;
            assert_eq!(ask(Pay::Later).await, Ok("begun"));
            assert_eq!(ask(Pay::Now).await, Ok("busy"));
            assert_eq!(ask(Pay::Never).await, Err(AskError::Crashed));
            assert_eq!(ask(Pay::Now).await, Ok("interrupted"));
            assert!(done.forget(&1));
            assert_eq!(ask(Pay::Now).await, Ok("paid"));
            assert_eq!(ask(Pay::Never).await, Err(AskError::Crashed));
            assert_eq!(ask(Pay::Later).await, Ok("paid"));
            if let Some(runtime) = runtime {
                runtime.stop();
            }
            Ok(())
        });
        Ok(())
    }
}

#[test]
fn answers_outlive_the_actor_and_what_it_had_begun_is_interrupted() {
    let flags = Flags::new(Strategy::OneForOne);
    let ended = Runtime::builder().workers(1).run("bank", flags, |_, root| {
        let done = store(10);
        let settings = done.clone();
        let open = move || Cashier { done: settings.clone(), begun: Vec::new() };
        let (cashier, address) = ChildSpec::leaf("cashier", open).build();
        let client = ChildSpec::leaf("client", move || Client(address.clone(), done.clone()));
        Ok::<_, StartError>(root.child(cashier).child(client))
    });
    assert_eq!(ended.unwrap(), Ended::Shutdown);
}
