//! The backends of a pool.

use std::num::NonZeroU32;

use serde::Deserialize;

use crate::endpoint::BackendAddress;

/// A place that serves what its pool serves.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Written")]
pub struct Backend {
    /// Where it is.
    pub address: BackendAddress,
    /// Its share of connections, relative to the others: 1 to 256. Those of an SRV name are in the
    /// answer.
    pub weight: NonZeroU32,
    /// Whether it serves only when no other backend can.
    pub backup: bool,
    /// Its tier, 0 (the best) to 15. Those of an SRV name are in the answer.
    pub priority: u8,
    /// Where it is; `None` is near every server.
    pub zone: Option<String>,
}

/// The keys of a backend.
#[derive(Deserialize)]
struct Written {
    address: Option<BackendAddress>,
    srv: Option<String>,
    weight: NonZeroU32,
    backup: bool,
    priority: u8,
    zone: Option<String>,
}

impl TryFrom<Written> for Backend {
    type Error = &'static str;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        let Written { address, srv, weight, backup, priority, zone } = written;
        let address = match (address, srv) {
            (Some(address), None) => address,
            (None, Some(name)) => BackendAddress::Srv(name),
            (_, _) => return Err("a backend has an address or an SRV name"),
        };
        Ok(Self { address, weight, backup, priority, zone })
    }
}
