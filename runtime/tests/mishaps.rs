//! What goes wrong is counted, whether anybody listens to it or not.

use trunkline_runtime::{Backoff, Flags, Mishap, OnSpent, Strategy, SupervisorSpec};

use crate::harness::good::{Order, Orders};
use crate::harness::{Universe, millis, run, seconds};

const PARKING: Flags = Flags::new(Strategy::OneForOne)
    .intensity(1, seconds(10))
    .backoff(Backoff::new(millis(1), seconds(60), seconds(10)))
    .on_spent(OnSpent::Park);

/// How often this has gone wrong with children of this kind.
fn times(u: &Universe, kind: &str, mishap: Mishap) -> u64 {
    let counted = u.runtime.events().mishaps();
    let of =
        |counted: &&trunkline_runtime::Counted| &*counted.kind == kind && counted.mishap == mishap;
    counted.iter().find(of).map_or(0, |counted| counted.times)
}

#[test]
fn a_crash_its_restart_and_the_parking_after_too_many_are_counted() {
    run(|u: Universe| async move {
        let (child, address) = u.good("7").build();
        u.start(u.tree(PARKING).child(SupervisorSpec::new("inner", PARKING).child(child))).await;
        assert_eq!(u.runtime.events().mishaps(), []);
        address.tell(Order::Panic);
        u.restarting("tree/inner/7").await;
        assert_eq!(times(&u, "tree/inner/ID", Mishap::Exit("panicked")), 1);
        assert_eq!(times(&u, "tree/inner/ID", Mishap::Restart("panicked")), 1);
        address.tell(Order::Panic);
        u.saw("tree/inner", "parked").await;
        assert_eq!(times(&u, "tree/inner/ID", Mishap::Exit("panicked")), 2);
        assert_eq!(times(&u, "tree/inner", Mishap::Park), 1);
        assert_eq!(u.runtime.events().parked(), 1);
        u.started("tree/inner").await;
        assert_eq!(u.runtime.events().parked(), 0, "it is on trial");
    });
}

#[test]
fn a_message_that_finds_the_mailbox_full_is_counted_by_its_actor() {
    run(|u: Universe| async move {
        let (child, address) = u.good("child").mailbox(2).build();
        for _ in 0..5 {
            let _ = address.send(Order::Report);
        }
        assert_eq!((address.node().waiting(), address.node().refused()), (2, 3));
        u.start(u.tree(PARKING).child(child)).await;
        assert!(address.order(Order::Report).await.is_ok());
        assert_eq!(address.node().refused(), 3);
    });
}
