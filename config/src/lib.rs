//! Settings of Trunkline: a file in TOML, YAML or JSON, the environment and the program's own flags
//! to typed, validated [`Settings`] - or to every mistake at once, each with its place.
//!
//! ```
//! let file = trunkline_config::Source::new(
//!     "demo.toml",
//!     trunkline_config::Format::Toml,
//!     "listener.web = { bind = '127.0.0.1:8080', pool = 'web' }\npool.web.backends = ['[::1]:80']",
//! );
//! let settings = trunkline_config::parse(&file, std::env::vars_os(), []).expect("a valid file");
//! assert_eq!(settings.listeners["web"].bind.port(), 8080);
//! ```
//!
//! How a file becomes settings, one module a step:
//!
//! 1. [`load()`] reads the file; `document` parses it to nodes that know their places.
//! 2. `environment` turns the variables under `TRUNKLINE__` into overrides, [`Override`] carries
//!    those of the program; `layers` has the `config` crate merge file < environment < flags. That
//!    crate parses no text here: a second parser could disagree with the one that knows the places.
//!    `otel` lays the variables of OpenTelemetry below the file.
//! 3. `walk` checks the merged values against the `schema`, which is data, and fills in the defaults.
//! 4. `rules` checks what concerns more than one value: that a listener's pool exists, and so on.
//!    There, too, the protocols that a program brings ([`Protocols`]) read their own settings
//!    ([`ProtocolSettings`]), so that their mistakes are among the others.
//! 5. Serde makes [`Settings`] of the result, which by then has no mistakes left to find; `masked` keeps
//!    what of it can be shown ([`Settings::to_masked_json`]).
//!
//! The backends of a pool may be in a file of their own, which goes the same way ([`load_backends`]).
//!
//! A new key is one line in `schema`, one field in `settings`, and one line in
//! `examples/everything.toml`; tests fail until all three agree.

mod admin;
mod backends;
mod collector;
mod document;
pub mod duration;
mod endpoint;
mod environment;
mod file;
mod hash;
mod http;
mod keys;
mod layers;
mod load;
mod masked;
mod mistake;
mod nearest;
mod network;
mod otel;
mod path;
mod protocol_settings;
mod protocols;
mod quote;
mod rules;
mod schema;
mod secret;
mod settings;
pub mod size;
mod source;
mod token;
mod walk;

pub use admin::{AdminAddress, AdminAddressError};
pub use backends::{load_backends, parse_backends};
pub use endpoint::BackendAddress;
pub use environment::PREFIX;
pub use hash::{Hash, HashError};
pub use http::statuses::{Statuses, StatusesError};
pub use keys::{Key, keys};
pub use layers::Override;
pub use load::{load, parse};
pub use mistake::{Mistake, Mistakes, Origin, Place};
pub use network::{Network, NetworkError};
pub use protocol_settings::{ProtocolSettings, SettingsError};
pub use protocols::{ProtocolNameError, Protocols};
pub use schema::Presence;
pub use secret::Secret;
pub use settings::{
    Admin, Backend, Balance, Dns, Eject, HeaderMatch, HostPattern, Http, HttpLimits, HttpProbe,
    Limits, Listener, Log, LogFormat, LogLevel, Otlp, OtlpProtocol, PathPattern, Pool, Probe,
    ProbeField, ProbeMethod, Protocol, Retry, Reuse, Route, Server, Settings, Sticky, Target,
    Telemetry,
};
pub use source::{Format, MAX_FILE_BYTES, Source};
pub use token::load_token;
