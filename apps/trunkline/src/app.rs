//! A program of an author's own: its protocols and its actors, around the server.

use std::path::Path;

use trunkline_actors::protocol::Protocol;
use trunkline_config::{Mistakes, Settings, Source};
use trunkline_runtime::{ChildSpec, Ended, Flags, Strategy, SupervisorSpec};

use crate::brought::Brought;
#[cfg(feature = "cli")]
use crate::server::SettingsFile;
use crate::server::{self, Hooks, Plan, ServeError};

/// A program in the making: [`app`] begins one.
pub struct App {
    pub(crate) brought: Brought,
    children: Option<SupervisorSpec>,
    /// The first mistake in the program itself.
    refusal: Option<String>,
    hooks: Hooks,
    pub(crate) version: Option<&'static str>,
}

/// Begins a program: a server with protocols and actors of its own.
///
/// ```no_run
/// # use trunkline::{Cx, Next, Peer, Protocol, Result, codec::LinesCodec};
/// # struct Echo;
/// # impl Protocol for Echo {
/// #     type Codec = LinesCodec;
/// #     type State = ();
/// #     fn codec(&self) -> LinesCodec { LinesCodec::new() }
/// #     fn state(&self, _: &Peer) {}
/// #     async fn message(&self, cx: &mut Cx<Self>, line: String) -> Result<Next> {
/// #         cx.send(line).await?;
/// #         Ok(Next::Read)
/// #     }
/// # }
/// fn main() -> std::process::ExitCode {
///     trunkline::app().protocol("lines", Echo).run()
/// }
/// ```
#[must_use]
pub fn app() -> App {
    App {
        brought: Brought::default(),
        children: None,
        refusal: None,
        hooks: Hooks::default(),
        version: None,
    }
}

impl App {
    /// Adds a protocol under the name by which listeners choose it. Without a file each protocol
    /// gets a listener on 127.0.0.1, from port 7000.
    #[must_use]
    pub fn protocol<P: Protocol>(mut self, name: &str, protocol: P) -> Self {
        if let Err(error) = self.brought.add(name, protocol) {
            self.refusal.get_or_insert(error.to_string());
        }
        self
    }

    /// Adds an actor or a supervisor of the program's own, below `app` in the tree. They start in
    /// this order before the listeners, and stop after them. One that needs more than ten restarts
    /// in ten seconds has all of them started anew, and, if that does not help, the process ended;
    /// a supervisor of one's own around it can decide otherwise.
    #[must_use]
    pub fn child(mut self, child: impl Into<ChildSpec>) -> Self {
        let flags = Flags::new(Strategy::OneForOne);
        let children = self.children.take().unwrap_or_else(|| SupervisorSpec::new("app", flags));
        self.children = Some(children.child(child));
        self
    }

    /// What `--version` says: usually `env!("CARGO_PKG_VERSION")`. Without it there is no such flag.
    #[must_use]
    pub fn version(mut self, version: &'static str) -> Self {
        self.version = Some(version);
        self
    }

    /// With what tests may put in the place of the defaults.
    #[doc(hidden)]
    #[must_use]
    pub fn hooks(mut self, hooks: Hooks) -> Self {
        self.hooks = hooks;
        self
    }

    /// The settings in a file, its protocols included. The environment's are laid over them.
    ///
    /// # Errors
    /// All mistakes in the file and the environment.
    pub fn load(&self, file: &Path) -> Result<Settings, Mistakes> {
        self.brought.known.load(file, std::env::vars_os(), [])
    }

    /// The same under what the command line says.
    #[cfg(feature = "cli")]
    pub(crate) fn load_file(&self, file: &SettingsFile) -> Result<Settings, Mistakes> {
        self.brought.known.load(&file.path, std::env::vars_os(), file.flags.clone())
    }

    /// The settings in a text, as [`Self::load`] reads a file.
    ///
    /// # Errors
    /// All mistakes in the text and the environment.
    pub fn parse(&self, source: &Source) -> Result<Settings, Mistakes> {
        self.brought.known.parse(source, std::env::vars_os(), [])
    }

    /// Serves with these settings until it is told to stop, by SIGTERM or SIGINT, on the calling
    /// thread: what [`Self::run`] does behind its command line.
    ///
    /// # Errors
    /// A mistake in the program itself, an address in use, and whatever else keeps the server from
    /// starting; nothing has started then.
    pub fn serve(self, settings: Settings) -> Result<Ended, ServeError> {
        self.start(Plan::new(settings, None))
    }

    pub(crate) fn start(self, mut plan: Plan) -> Result<Ended, ServeError> {
        if let Some(refusal) = self.refusal {
            return Err(ServeError::Program(refusal));
        }
        plan.brought = self.brought;
        plan.app = self.children;
        server::serve(plan, self.hooks)
    }

    /// The whole program, command line included: `run`, `check` and the rest. Without a command it
    /// serves its protocols on 127.0.0.1; `trunkline` itself starts its demo.
    #[cfg(feature = "cli")]
    #[must_use]
    pub fn run(self) -> std::process::ExitCode {
        crate::cli::run(self)
    }

    /// Whether nothing was added: it is the program `trunkline` itself.
    #[cfg(feature = "cli")]
    pub(crate) fn is_bare(&self) -> bool {
        self.brought.is_empty() && self.children.is_none()
    }

    #[cfg(feature = "cli")]
    pub(crate) fn refusal(&self) -> Option<&str> {
        self.refusal.as_deref()
    }
}
