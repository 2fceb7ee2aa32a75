//! What the proxies are given to do.

use std::fmt;

use clap::ValueEnum;
use trunkline_tests::proxied::Layer;

/// Connections of clients that carry requests at once.
pub(crate) const CLIENTS: u16 = 64;
/// Connections that are being made at once.
pub(crate) const AT_ONCE: u16 = 32;
/// Bytes of a request at L4 and of its answer.
pub(crate) const SMALL: u32 = 64;
/// Bytes of the body of an HTTP answer.
pub(crate) const BODY: u32 = 128;

/// One kind of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, ValueEnum)]
pub(crate) enum Workload {
    /// 64-byte echoes on 64 connections that stay.
    L4Keepalive,
    /// Connections with one 64-byte echo each, 32 at once.
    L4Connections,
    /// GETs of 128 bytes on 64 connections that stay.
    HttpKeepalive,
    /// Connections with one GET each, 32 at once; those to the backend stay.
    HttpConnections,
    /// Connections that have echoed once and do nothing more.
    L4Idle,
    /// Connections that have made one request and do nothing more.
    HttpIdle,
    /// One download at L4.
    #[value(name = "l4-bulk-1")]
    L4Bulk1,
    /// Eight downloads at once at L4.
    #[value(name = "l4-bulk-8")]
    L4Bulk8,
    /// One download over HTTP.
    #[value(name = "http-bulk-1")]
    HttpBulk1,
    /// Eight downloads at once over HTTP.
    #[value(name = "http-bulk-8")]
    HttpBulk8,
}

/// How clients behave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Requests on connections that stay.
    Keepalive,
    /// One request for each connection.
    Connections,
    /// Connections that do nothing.
    Idle,
    /// So many downloads at once.
    Bulk(u16),
}

impl Workload {
    /// What the proxy understands of it.
    pub(crate) fn layer(self) -> Layer {
        match self {
            Self::L4Keepalive
            | Self::L4Connections
            | Self::L4Idle
            | Self::L4Bulk1
            | Self::L4Bulk8 => Layer::L4,
            Self::HttpKeepalive
            | Self::HttpConnections
            | Self::HttpIdle
            | Self::HttpBulk1
            | Self::HttpBulk8 => Layer::Http,
        }
    }

    /// How its clients behave.
    pub(crate) fn kind(self) -> Kind {
        match self {
            Self::L4Keepalive | Self::HttpKeepalive => Kind::Keepalive,
            Self::L4Connections | Self::HttpConnections => Kind::Connections,
            Self::L4Idle | Self::HttpIdle => Kind::Idle,
            Self::L4Bulk1 | Self::HttpBulk1 => Kind::Bulk(1),
            Self::L4Bulk8 | Self::HttpBulk8 => Kind::Bulk(8),
        }
    }

    /// What the cost of it is counted in.
    pub(crate) fn unit(self) -> &'static str {
        match self.kind() {
            Kind::Keepalive => "CPU us per request",
            Kind::Connections => "CPU us per connection",
            Kind::Idle => "PSS bytes per connection",
            Kind::Bulk(_) => "CPU s per GB",
        }
    }

    /// How much of it is one round: requests, connections or bytes. About two seconds; fewer
    /// connections than the kernel has ports for one server.
    pub(crate) fn amount(self, quick: bool) -> u64 {
        let whole = match self.kind() {
            Kind::Keepalive => 100_000,
            Kind::Connections => 15_000,
            Kind::Idle => 5_000,
            Kind::Bulk(_) => 1_000_000_000,
        };
        if quick { whole / 10 } else { whole }
    }
}

impl fmt::Display for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // None of them is hidden from the command line.
        self.to_possible_value().map_or(Ok(()), |value| f.write_str(value.get_name()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_workload_begins_with_its_layer() {
        for workload in Workload::value_variants() {
            assert!(workload.to_string().starts_with(&format!("{}-", workload.layer())));
        }
    }
}
