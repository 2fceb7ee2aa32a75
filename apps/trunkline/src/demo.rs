//! What starts without a file: three responders inside the process, and a listener that balances
//! over them.

mod responder;
mod responding;

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::sync::Arc;

use tokio::sync::Semaphore;
use trunkline_actors::socket::{BindError, ListenOptions, Sockets, TcpOptions};
use trunkline_actors::tree::Supervision;
use trunkline_actors::tree::listener::{self, ListenerPlan};
use trunkline_config::{Format, Mistakes, Override, Settings, Source, parse};
use trunkline_runtime::{ChildSpec, Flags, Placement, Strategy, SupervisorSpec};

use crate::cli::refuse;
use crate::console::complain;
use crate::exit;
use crate::server::plans::listen_options;
use crate::server::{self, Hooks, Places, Plan};
use responder::Responder;
use responding::Responding;

/// The embedded settings; the addresses of the responders are added.
const SETTINGS: &str = r#"
[listener.web]
bind = "127.0.0.1:8080"
pool = "responders"

[pool.responders]
balance = "round_robin"
"#;

/// The responders, as their answers name them.
const NAMES: [&str; 3] = ["one", "two", "three"];

/// How many ports after the first are tried where ports are taken.
const OTHER_PORTS: u16 = 100;

/// Runs the demo until it is told to stop.
#[must_use]
pub fn run(hooks: Hooks) -> ExitCode {
    match plan() {
        Ok(plan) => server::run(plan, hooks),
        Err(Refusal::Settings(mistakes)) => refuse(&mistakes),
        Err(Refusal::Bind(error)) => {
            complain(&format!("trunkline: {error}"));
            ExitCode::from(exit::START)
        }
    }
}

/// Why there is no demo.
enum Refusal {
    Settings(Mistakes),
    Bind(BindError),
}

impl From<Mistakes> for Refusal {
    fn from(mistakes: Mistakes) -> Self {
        Self::Settings(mistakes)
    }
}

impl From<BindError> for Refusal {
    fn from(error: BindError) -> Self {
        Self::Bind(error)
    }
}

fn plan() -> Result<Plan, Refusal> {
    // Settings of the environment apply here too, so the number of workers is known only then.
    let workers = Plan::workers(&settings(&["127.0.0.1:1".to_owned()])?);
    let options = ListenOptions { backlog: 1024, tcp: TcpOptions::default() };
    let mut responders = Vec::with_capacity(NAMES.len());
    for _ in NAMES {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        responders.push(Arc::new(Sockets::bind(any, workers, options)?));
    }
    let addresses: Vec<_> = responders.iter().map(|to| to.local_addr().to_string()).collect();
    let settings = settings(&addresses)?;
    let sockets = first_free(&settings, workers)?;
    let banner = banner(settings.listeners["web"].bind, sockets.local_addr());
    let mut plan = Plan::new(settings, None);
    plan.bound.insert("web".to_owned(), Arc::new(sockets));
    plan.beside = Some(Box::new(move |places| subtree(places, responders)));
    plan.listeners_beside = NAMES.len();
    plan.banner = Some(banner);
    Ok(plan)
}

fn settings(backends: &[String]) -> Result<Settings, Mistakes> {
    let source = Source::new("the demo's settings", Format::Toml, SETTINGS);
    let backends = Override::list("demo", "pool.responders.backends", backends.iter().cloned());
    parse(&source, std::env::vars_os(), [backends])
}

/// The port of the settings, or the next free one: the demo is to work at once. `run` never does
/// this.
fn first_free(settings: &Settings, workers: NonZeroUsize) -> Result<Sockets, BindError> {
    let listener = &settings.listeners["web"];
    let mut address = listener.bind;
    let first = address.port();
    loop {
        match Sockets::bind(address, workers, listen_options(listener)) {
            Err(BindError::InUse { .. })
                if address.port() < u16::MAX && address.port() - first < OTHER_PORTS =>
            {
                address.set_port(address.port() + 1);
            }
            result => return result,
        }
    }
}

fn banner(wanted: SocketAddr, got: SocketAddr) -> String {
    let taken = if wanted == got || wanted.port() == 0 {
        String::new()
    } else {
        format!("Port {} is in use, so this is port {}.\n", wanted.port(), got.port())
    };
    format!(
        "Trunkline {version}: http://{got} is balanced over three responders in this process.\n\
         {taken}\n  \
         curl {got}          several times: they answer in turn\n  \
         curl {got}/crash    the one that answers panics, and its supervisor restarts it\n\n\
         Ctrl-C stops it. `trunkline run -c FILE` serves a file, `trunkline --help` shows the rest.\n",
        version = env!("CARGO_PKG_VERSION"),
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
            let leaf = ChildSpec::leaf(placement.id(), move || Responder::new(name));
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
