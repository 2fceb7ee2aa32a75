//! What starts without a file: four responders inside the process, and a listener that balances
//! over three of them.

mod responder;
mod responding;

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::sync::Semaphore;
use trunkline_actors::socket::{ListenOptions, Sockets, TcpOptions};
use trunkline_actors::tree::Supervision;
use trunkline_actors::tree::listener::{self, ListenerPlan};
use trunkline_config::{Format, Mistakes, Override, Settings, Source, parse};
use trunkline_runtime::{ChildSpec, Flags, Placement, Strategy, SupervisorSpec};

use crate::server::{Places, Plan};
use crate::unfiled::{Refusal, first_free, first_free_admin};
use responder::Responder;
use responding::Responding;

/// The embedded settings; the addresses of the responders are added.
const SETTINGS: &str = r#"
[server]
admin = "127.0.0.1:9900"

# Of a demo, everything is worth seeing.
[telemetry]
sample_ratio = 1.0

[listener.web]
bind = "127.0.0.1:8080"
protocol = "http"
routes = [
    { name = "hello", path = "/hello", answer = { body = "hello from the route itself\n" } },
    { name = "flaky", path = "/flaky", pool = "flaky" },
    { name = "all", pool = "responders" },
]

[pool.responders]
balance = "round_robin"

[pool.flaky]
"#;

/// The responders, as their answers name them; the last is the one that fails half the time.
const NAMES: [&str; 4] = ["one", "two", "three", FLAKY];
const FLAKY: &str = "flaky";

/// The demo, under what the command line says.
pub(crate) fn plan(flags: &[Override]) -> Result<Plan, Refusal> {
    // Settings of the environment apply here too, so the number of workers is known only then.
    let any = "127.0.0.1:1".to_owned();
    let workers = Plan::workers(&settings(&[any.clone(), any], flags)?);
    let options = ListenOptions { backlog: 1024, tcp: TcpOptions::default() };
    let mut responders = Vec::with_capacity(NAMES.len());
    for _ in NAMES {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        responders.push(Arc::new(Sockets::bind(any, workers, options)?));
    }
    let addresses: Vec<_> = responders.iter().map(|to| to.local_addr().to_string()).collect();
    let settings = settings(&addresses, flags)?;
    let sockets = first_free(&settings.listeners["web"], workers)?;
    let admin = first_free_admin(&settings);
    let at = admin.as_ref().map(|admin| admin.bound().to_string());
    let banner = banner(settings.listeners["web"].bind, sockets.local_addr(), at.as_deref());
    let mut plan = Plan::new(settings, None);
    plan.admin = admin;
    plan.bound.insert("web".to_owned(), Arc::new(sockets));
    plan.beside = Some(Box::new(move |places| subtree(places, responders)));
    plan.listeners_beside = NAMES.len();
    plan.banner = Some(banner);
    Ok(plan)
}

fn settings(backends: &[String], flags: &[Override]) -> Result<Settings, Mistakes> {
    let source = Source::new("the demo's settings", Format::Toml, SETTINGS);
    let (flaky, proper) = backends
        .split_last()
        .map_or((&[][..], backends), |(last, rest)| (std::slice::from_ref(last), rest));
    let list = |key, backends: &[String]| Override::list("demo", key, backends.iter().cloned());
    let responders = list("pool.responders.backends", proper);
    let laid = [responders, list("pool.flaky.backends", flaky)];
    parse(&source, std::env::vars_os(), laid.into_iter().chain(flags.iter().cloned()))
}

fn banner(wanted: SocketAddr, got: SocketAddr, admin: Option<&str>) -> String {
    let taken = if wanted == got || wanted.port() == 0 {
        String::new()
    } else {
        format!("Port {} is in use, so this is port {}.\n", wanted.port(), got.port())
    };
    format!(
        "Trunkline {version}: http://{got} is balanced over three responders in this process.\n\
         {taken}\n  \
         curl {got}          several times: they answer in turn\n  \
         curl {got}/crash    the one that answers panics, and its supervisor restarts it\n  \
         curl {got}/flaky    a backend that fails half the time\n  \
         curl {got}/hello    an answer of the route's own\n{admin}\n\
         Ctrl-C stops it. `trunkline run -c FILE` serves a file, `trunkline --help` shows the rest.\n",
        version = env!("CARGO_PKG_VERSION"),
        admin =
            admin.map(|at| format!("  curl {at}/tree     what runs in it\n")).unwrap_or_default(),
    )
}

/// `demo`: the responders, one actor per worker each, and their listeners.
fn subtree(places: &Places, sockets: Vec<Arc<Sockets>>) -> SupervisorSpec {
    let supervision = Supervision::default();
    // Places of their own: a connection in front must never wait for one that itself takes.
    let own_places = Arc::new(Semaphore::new(Semaphore::MAX_PERMITS));
    let flags = Flags::new(Strategy::OneForOne);
    let mut responders = SupervisorSpec::new("responders", supervision.groups).stops_together();
    let mut listeners = SupervisorSpec::new("listeners", supervision.groups).stops_together();
    for (name, sockets) in NAMES.into_iter().zip(sockets) {
        let mut group = SupervisorSpec::new(name, supervision.pool);
        let mut addresses = Vec::with_capacity(places.workers);
        for placement in (0..places.workers).map(Placement::Worker) {
            let leaf = ChildSpec::leaf(placement.id(), move || Responder::new(name, name == FLAKY));
            let (spec, address) = leaf.on(placement).build();
            addresses.push(address);
            group = group.child(spec);
        }
        responders = responders.child(group);
        let plan = ListenerPlan {
            name: name.into(),
            sockets,
            handler: Arc::new(Responding { responders: addresses }),
            limit: None,
            process_places: Arc::clone(&own_places),
            drain: places.drain,
            // The line of the listener in front says it all.
            log: false,
        };
        listeners = listeners.child(listener::spec(plan, &supervision, places.workers));
    }
    SupervisorSpec::new("demo", flags).child(responders).child(listeners)
}
