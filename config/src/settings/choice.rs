//! Settings that are one of a few names.

use std::fmt;

use serde::Deserialize;

/// An enum whose variants have a name in the file: one declaration for the type, the names that the
/// schema offers, and the way back to the name.
macro_rules! choice {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $text)] $variant,)+
        }

        impl $name {
            /// The names a file can give, in the order of the documentation.
            pub const NAMES: &'static [&'static str] = &[$($text),+];

            /// The name as a file gives it.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.name())
            }
        }
    };
}

choice! {
    /// How a backend is chosen for a connection or a request.
    Balance {
        /// In turn, by weight.
        RoundRobin = "round_robin",
        /// The one with the fewest connections for its weight.
        LeastRequest = "least_request",
        /// By chance, by weight.
        Random = "random",
        /// Of two by chance, the one with fewer connections for its weight.
        TwoChoices = "two_choices",
        /// Of two by chance, the one whose latency, peaks above all, and connections promise more.
        PeakEwma = "peak_ewma",
        /// By a hash, on a ring: a change of backends moves few keys.
        RingHash = "ring_hash",
        /// By a hash, in a table: as ring_hash, but more even and cheaper to look up.
        Maglev = "maglev",
        /// By a hash, in the order of the backends.
        SourceHash = "source_hash",
    }
}

impl Balance {
    /// Whether it hashes, so that what is equal in [`Hash`](crate::Hash) goes to the same backend.
    pub fn hashes(self) -> bool {
        match self {
            Self::RingHash | Self::Maglev | Self::SourceHash => true,
            Self::RoundRobin
            | Self::LeastRequest
            | Self::Random
            | Self::TwoChoices
            | Self::PeakEwma => false,
        }
    }
}

choice! {
    /// The method of a probe.
    ProbeMethod {
        /// The whole answer.
        Get = "GET",
        /// Only its head.
        Head = "HEAD",
        /// What the backend can do.
        Options = "OPTIONS",
        /// Without a body.
        Post = "POST",
    }
}

choice! {
    /// Which requests go onto a connection to a backend that was used before, which the backend may
    /// be closing meanwhile.
    Reuse {
        /// Those that may be repeated.
        Safe = "safe",
        /// All.
        Always = "always",
        /// None.
        Never = "never",
    }
}

choice! {
    /// How spans are sent to a collector.
    OtlpProtocol {
        /// OTLP over gRPC.
        Grpc = "grpc",
        /// OTLP as protobuf over HTTP/1.1.
        Http = "http",
    }
}

choice! {
    /// The severity of a log line.
    LogLevel {
        /// What failed.
        Error = "error",
        /// What may fail.
        Warn = "warn",
        /// What happened.
        Info = "info",
        /// Why it happened.
        Debug = "debug",
        /// Every step of it.
        Trace = "trace",
    }
}

choice! {
    /// How a log line is written.
    LogFormat {
        /// For people.
        Text = "text",
        /// One JSON object a line.
        Json = "json",
    }
}
