//! A watched file, new sources, weights and draining.

use std::net::SocketAddr;
use std::time::Duration;

use trunkline_actors::discovery::{OrderError, SourcePlan};
use trunkline_actors::pool::Weight;
use trunkline_actors::tree::pool::{Drain, Reconfigure, SetWeight, Undrain};

use super::town::{lines, literal, live};

const SOON: Duration = Duration::from_secs(5);

fn at(address: &str) -> SocketAddr {
    address.parse().unwrap()
}

#[test]
fn a_file_of_backends_is_followed_and_a_mistake_in_it_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("backends");
    std::fs::write(&path, "10.0.0.1:80\n10.0.0.2:80\n").unwrap();
    let file = lines(path.clone());
    live(Vec::new(), vec![literal("10.0.9.9:80")], Some(file), |town| async move {
        town.comes_to(&["10.0.0.1:80 1 0", "10.0.0.2:80 1 0", "10.0.9.9:80 1 0"]).await;
        std::fs::write(&path, "10.0.0.2:80\n10.0.0.33:80\n").unwrap();
        town.comes_to(&["10.0.0.2:80 1 0", "10.0.0.33:80 1 0", "10.0.9.9:80 1 0"]).await;
        std::fs::write(&path, "not an address\n").unwrap();
        // What the configuration says meanwhile is applied.
        let plans = vec![literal("10.0.9.8:80")];
        town.actor().ask(Reconfigure(plans), SOON).await.unwrap();
        town.comes_to(&["10.0.0.2:80 1 0", "10.0.0.33:80 1 0", "10.0.9.8:80 1 0"]).await;
        std::fs::remove_file(&path).unwrap();
        std::fs::write(dir.path().join("next"), "10.0.0.4:80\n").unwrap();
        std::fs::rename(dir.path().join("next"), &path).unwrap();
        town.comes_to(&["10.0.0.4:80 1 0", "10.0.9.8:80 1 0"]).await;
    });
}

#[test]
fn weights_and_draining_are_ordered_and_taken_back() {
    let sources = vec![literal("10.0.0.1:80"), literal("10.0.0.2:80")];
    live(Vec::new(), sources, None, |town| async move {
        let (pool, weight) = (town.actor(), Weight::try_from(9).unwrap());
        let nobody = at("10.0.0.7:80");
        let refused = pool.ask(SetWeight { address: nobody, weight }, SOON).await.unwrap();
        assert_eq!(refused, Err(OrderError::NoMember(nobody)));
        let address = at("10.0.0.1:80");
        pool.ask(SetWeight { address, weight }, SOON).await.unwrap().unwrap();
        let drain = Drain { address: at("10.0.0.2:80"), over: Duration::from_secs(60) };
        pool.ask(drain, SOON).await.unwrap().unwrap();
        town.comes_to(&["10.0.0.1:80 9 0", "10.0.0.2:80 1 0 draining"]).await;
        // Its weight in the configuration has not changed, so the order holds.
        let plans = || vec![literal("10.0.0.1:80"), literal("10.0.0.2:80"), literal("10.0.0.3:80")];
        let changes = pool.ask(Reconfigure(plans()), SOON).await.unwrap();
        assert_eq!((changes.added.len(), changes.removed.len(), changes.changed.len()), (1, 0, 0));
        town.comes_to(&["10.0.0.1:80 9 0", "10.0.0.2:80 1 0 draining", "10.0.0.3:80 1 0"]).await;
        let mut plans = plans();
        plans[0] = SourcePlan { weight: Weight::try_from(4).unwrap(), ..literal("10.0.0.1:80") };
        pool.ask(Reconfigure(plans), SOON).await.unwrap();
        pool.ask(Undrain { address: at("10.0.0.2:80") }, SOON).await.unwrap().unwrap();
        town.comes_to(&["10.0.0.1:80 4 0", "10.0.0.2:80 1 0", "10.0.0.3:80 1 0"]).await;
    });
}

#[test]
fn a_backend_that_comes_back_while_its_children_stop_is_started_again() {
    let one = || vec![literal("10.0.0.1:80")];
    live(Vec::new(), one(), None, move |town| async move {
        let pool = town.actor();
        for _ in 0..20 {
            // Both are in the mailbox before the first is taken.
            let gone = pool.ask(Reconfigure(Vec::new()), SOON);
            let back = pool.ask(Reconfigure(one()), SOON);
            gone.await.unwrap();
            back.await.unwrap();
            town.comes_to(&["10.0.0.1:80 1 0"]).await;
        }
    });
}
