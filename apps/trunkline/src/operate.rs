//! The commands for a running server: what it does, and orders to it, by its admin API.
//!
//! | file | holds |
//! |---|---|
//! | `client`, `following`, `event_stream` | who asks the API, and the stream of events |
//! | `whom`, `answers` | where the API is, and what it answers |
//! | `trouble` | why a command did not do what it was asked |
//! | `terminal`, `screen`, `line` | where the output goes, and lines that are safe to show |
//! | `forest`, `folding`, `drawing` | the tree, what of it fits, and how it is drawn |
//! | `pools`, `traces`, `waterfall`, `events`, `table`, `time` | the other outputs, and their parts |
//! | `watch`, `marks` | the tree as it changes |
//!
//! What is drawn is a pure function of an answer and a size; only `terminal` and `screen` write.

mod answers;
mod client;
mod drawing;
mod event_stream;
mod events;
mod folding;
mod following;
mod forest;
mod line;
mod marks;
mod pools;
mod screen;
mod table;
mod terminal;
mod time;
mod traces;
mod trouble;
mod watch;
mod waterfall;
mod whom;

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::json;

use crate::console::complain;
use crate::exit;
use answers::{Pools, Trace, Traces, Tree};
use drawing::draw;
use forest::Forest;
use line::{Line, Style};
use terminal::Terminal;
use trouble::Trouble;
use whom::Whom;

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Operate {
    /// Draw the tree of a running server: what runs, what was restarted, what is down.
    #[command(after_help = "\
On a terminal what is alike and well is folded until it fits. What does not run, or was restarted in
the last ten minutes, is always shown. Piped elsewhere it has a line for every actor.

Examples:
  trunkline tree
  trunkline tree --watch
  trunkline tree --json | jq '.nodes[] | select(.restarts > 0) | .path'")]
    Tree {
        /// Draw it anew as it changes, and mark what has.
        #[arg(long, conflicts_with = "json")]
        watch: bool,
        #[command(flatten)]
        json: Json,
        #[command(flatten)]
        whom: Whom,
    },
    /// Tell what happens in a running server, a line each: starts, crashes, restarts.
    #[command(after_help = "\
Examples:
  trunkline events
  trunkline events | grep -v /connections/
  trunkline events --json | jq 'select(.reason == \"panicked\")'")]
    Events {
        #[command(flatten)]
        json: Json,
        #[command(flatten)]
        whom: Whom,
    },
    /// List the newest traces that a running server keeps, or show one as a waterfall.
    #[command(after_help = "\
The log has the id of a trace as trace_id.

Examples:
  trunkline trace
  trunkline trace 0af7651916cd43dd8448eb211c80319c")]
    Trace {
        /// The trace to show: 32 hexadecimal digits.
        id: Option<String>,
        #[command(flatten)]
        json: Json,
        #[command(flatten)]
        whom: Whom,
    },
    /// Show the pools of a running server, and how their backends are.
    #[command(after_help = "\
Examples:
  trunkline pools
  trunkline pools --admin unix:/run/trunkline/admin.sock")]
    Pools {
        #[command(flatten)]
        json: Json,
        #[command(flatten)]
        whom: Whom,
    },
    /// Give a backend of a running server nothing new, until it is told otherwise.
    #[command(after_help = "\
What is under way goes on; with --within, connections that are bound to the backend are ended, spread
over that time. `pools` shows how many are left.

Examples:
  trunkline drain api 10.0.1.1:8080
  trunkline drain api 10.0.1.1:8080 --within 30s
  trunkline drain api 10.0.1.1:8080 --undo")]
    Drain {
        /// The pool, by its name in the configuration.
        pool: String,
        /// The backend, as `pools` shows it.
        backend: String,
        /// End what is bound to it, spread over this time, such as 30s.
        #[arg(long, value_name = "TIME")]
        within: Option<String>,
        /// Let it have its share again.
        #[arg(long, conflicts_with = "within")]
        undo: bool,
        #[command(flatten)]
        whom: Whom,
    },
    /// Restart an actor of a running server, and all that is below it.
    #[command(after_help = "\
It is stopped in order and started anew, without waiting for any back-off. `tree` shows the paths.

Examples:
  trunkline restart server/traffic/pools/api
  trunkline restart server/control/resolver")]
    Restart {
        /// Its place in the tree: the names from the root on, with / between them.
        path: String,
        #[command(flatten)]
        whom: Whom,
    },
}

/// In which form.
#[derive(Debug, Args)]
pub(crate) struct Json {
    /// As JSON, as the admin API has it.
    #[arg(long)]
    json: bool,
}

/// Does what the command says, for the program of that name.
pub(crate) fn run(command: Operate, program: &str) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let done = match runtime {
        Ok(runtime) => runtime.block_on(command.run(Terminal::new())),
        Err(error) => Err(Trouble::Machine(error)),
    };
    match done {
        Ok(()) | Err(Trouble::ReaderGone) => ExitCode::SUCCESS,
        Err(trouble) => {
            // What a server says is shown to a terminal, too.
            complain(&line::text(
                &[Line::of(Style::Plain, &format!("{program}: {trouble}"))],
                false,
            ));
            ExitCode::from(exit::REFUSED)
        }
    }
}

impl Operate {
    async fn run(self, terminal: Terminal) -> Result<(), Trouble> {
        match self {
            Self::Tree { watch: true, whom, .. } => {
                if !terminal.is_terminal() {
                    let error = "--watch needs a terminal: leave it out, or use `events`";
                    return Err(Trouble::Mistaken(error.to_owned()));
                }
                watch::run(&whom.client()?, terminal).await
            }
            Self::Tree { watch: false, json, whom } => {
                let client = whom.client()?;
                let answer = client.get("/tree").await?;
                if json.json {
                    return terminal.json(&answer);
                }
                let tree: Tree = client.understand(&answer)?;
                terminal.lines(&draw(&Forest::of(tree.nodes), terminal.frame(), |_| false))
            }
            Self::Events { json, whom } => events::run(&whom.client()?, terminal, json.json).await,
            Self::Trace { id: None, json, whom } => {
                let client = whom.client()?;
                let answer = client.get("/traces").await?;
                if json.json {
                    return terminal.json(&answer);
                }
                let traces: Traces = client.understand(&answer)?;
                terminal.lines(&traces::lines(&traces.traces, terminal.width()))
            }
            Self::Trace { id: Some(id), json, whom } => {
                let client = whom.client()?;
                let id = trace_id(&id)?;
                let answer = client.get(&format!("/traces/{id}")).await.map_err(|trouble| {
                    trouble.or_missing("`trace` without an id lists those that are")
                })?;
                if json.json {
                    return terminal.json(&answer);
                }
                let trace: Trace = client.understand(&answer)?;
                terminal.lines(&waterfall::lines(&trace, terminal.width()))
            }
            Self::Pools { json, whom } => {
                let client = whom.client()?;
                let answer = client.get("/pools").await?;
                if json.json {
                    return terminal.json(&answer);
                }
                let pools: Pools = client.understand(&answer)?;
                terminal.lines(&pools::lines(&pools.pools, terminal.width()))
            }
            Self::Drain { pool, backend, within, undo, whom } => {
                let (target, order, done) = if undo {
                    let order = json!({ "pool": pool, "backend": backend });
                    ("/pools/undrain", order, "gets its share again")
                } else {
                    let order = json!({ "pool": pool, "backend": backend, "within": within });
                    ("/pools/drain", order, "gets nothing new")
                };
                let ordered = whom.client()?.order(target, &order).await;
                ordered
                    .map_err(|trouble| trouble.or_missing("`pools` shows those that there are"))?;
                let bound = within.map(|time| format!("; what is bound to it ends within {time}"));
                let bound = bound.unwrap_or_default();
                said(terminal, &format!("backend {backend} of pool {pool} {done}{bound}"))
            }
            Self::Restart { path, whom } => {
                whom.client()?.order("/tree/restart", &json!({ "path": path })).await?;
                said(terminal, &format!("{path} is being restarted: `tree` shows how it goes"))
            }
        }
    }
}

fn said(terminal: Terminal, text: &str) -> Result<(), Trouble> {
    terminal.lines(&[Line::of(Style::Plain, text)])
}

/// An id that may stand in a path.
fn trace_id(id: &str) -> Result<&str, Trouble> {
    let valid = id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    valid.then_some(id).ok_or_else(|| {
        Trouble::Mistaken(
            "that is no id of a trace: write 32 hexadecimal digits, as `trace` lists them".into(),
        )
    })
}
