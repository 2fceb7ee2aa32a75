//! The library's resolver, and the files of the system that it goes by.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use hickory_resolver::config::{
    ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts,
};
use hickory_resolver::lookup::Lookup as Records;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::{Query, ResponseCode};
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use hickory_resolver::{Hosts, TokioResolver, system_conf};
use tracing::warn;

use super::ResolverSettings;
use crate::discovery::{Addresses, Answer, Found, Lookup, LookupError, Stamp, Target};

const HOSTS: &str = "/etc/hosts";
const RESOLV_CONF: &str = "/etc/resolv.conf";

/// How long an entry of `/etc/hosts` holds: until the file is looked at again, which the longest
/// time of the asker bounds.
const HOSTS_TTL: Duration = Duration::from_secs(24 * 60 * 60);

/// How many targets of one SRV answer are asked for at once.
const TARGETS_AT_ONCE: usize = 8;

/// What it takes to answer a look-up; cheap to clone.
#[derive(Clone)]
pub(super) struct Dns {
    hosts: Arc<Hosts>,
    servers: Result<TokioResolver, LookupError>,
    /// Of the two files, when they were read.
    read: [Option<Stamp>; 2],
}

/// Records of one type, with what is left of their time to live; a name that has none is empty.
#[derive(Default)]
struct Section {
    addresses: Vec<IpAddr>,
    ttl: Option<Duration>,
    /// The name that they belong to: a search list tries several.
    name: Option<Name>,
    no_such_name: bool,
}

impl Dns {
    /// Reads the files of the system and makes a resolver. Where it cannot be made, names in
    /// `/etc/hosts` can be looked up all the same.
    pub(super) fn load(settings: &ResolverSettings) -> Self {
        let read = stamps();
        let hosts = Hosts::from_system().unwrap_or_else(|error| {
            warn!(%error, file = HOSTS, "the file of host names cannot be read");
            Hosts::default()
        });
        let servers = servers(settings).map_err(|error| {
            warn!(%error, "name servers cannot be asked");
            LookupError::Unreachable(error.to_string())
        });
        Self { hosts: Arc::new(hosts), servers, read }
    }

    /// Whether the files are as they were read.
    pub(super) fn is_current(&self) -> bool {
        self.read == stamps()
    }

    pub(super) async fn look_up(&self, lookup: &Lookup) -> Result<Found, LookupError> {
        match lookup {
            Lookup::Host(name) => {
                let (addresses, valid_for) = self.addresses(parse(name)?).await?;
                Ok(Found { answer: Answer::Host(addresses), valid_for })
            }
            Lookup::Srv(name) => self.targets(parse(name)?).await,
        }
    }

    /// A and AAAA at once. The questions are put one by one, since the library's own look-up of
    /// both passes over a family that failed as if it had no addresses.
    async fn addresses(&self, name: Name) -> Result<(Addresses, Duration), LookupError> {
        if let Some(addresses) = in_file(&self.hosts, &name) {
            return Ok((addresses, HOSTS_TTL));
        }
        let v4 = self.section(name.clone(), RecordType::A);
        let v6 = self.section(name, RecordType::AAAA);
        both(futures_util::join!(v4, v6))
    }

    async fn section(&self, name: Name, kind: RecordType) -> Result<Section, LookupError> {
        let Some(records) = self.records(name, kind).await? else {
            return Ok(Section { no_such_name: true, ..Section::default() });
        };
        let ip = |data: &RData| data.ip_addr();
        let addresses = records.answers().iter().filter_map(|record| ip(&record.data)).collect();
        let name = Some(records.query().name().clone());
        Ok(Section { addresses, ttl: ttl(&records), name, no_such_name: false })
    }

    /// None where the name does not exist.
    async fn records(&self, name: Name, kind: RecordType) -> Result<Option<Records>, LookupError> {
        let servers = self.servers.as_ref().map_err(Clone::clone)?;
        match servers.lookup(name.clone(), kind).await {
            Ok(records) => Ok(Some(records)),
            Err(NetError::Dns(DnsError::NoRecordsFound(none))) => {
                let exists = none.response_code != ResponseCode::NXDomain;
                Ok(exists.then(|| Records::new_with_max_ttl(Query::query(name, kind), [])))
            }
            Err(error) => Err(refusal(&error)),
        }
    }

    async fn targets(&self, name: Name) -> Result<Found, LookupError> {
        let Some(records) = self.records(name, RecordType::SRV).await? else {
            return Err(LookupError::NoSuchName);
        };
        let listed = records.answers().iter().filter_map(|record| {
            let RData::SRV(srv) = &record.data else { return None };
            // A root says that the service is not there (RFC 2782).
            (!srv.target.is_root()).then(|| srv.clone())
        });
        let listed: Vec<_> = listed.collect();
        let asked = stream::iter(listed).map(|srv| async move {
            let found = self.addresses(srv.target.clone()).await;
            // A target that does not exist is as one without addresses; one that was not answered
            // keeps those that are known.
            let nowhere = || Addresses::from_iter([]);
            let (addresses, ttl) = match found {
                Ok((addresses, ttl)) => (addresses, Some(ttl)),
                Err(LookupError::NoSuchName | LookupError::Empty) => (nowhere(), None),
                Err(_) => (Addresses::default(), None),
            };
            let name = srv.target.to_ascii();
            let target = Target {
                name: name.trim_end_matches('.').into(),
                port: srv.port,
                priority: srv.priority,
                weight: srv.weight,
                addresses,
            };
            (target, ttl)
        });
        let asked: Vec<_> = asked.buffered(TARGETS_AT_ONCE).collect().await;
        let ttls = asked.iter().filter_map(|(_, ttl)| *ttl).chain(ttl(&records));
        let valid_for = ttls.min().unwrap_or_default();
        let targets = asked.into_iter().map(|(target, _)| target).collect();
        Ok(Found { answer: Answer::Srv(targets), valid_for })
    }
}

/// The answers to both questions as one. One that failed leaves its family open; where nothing is
/// known at all, the look-up has failed.
fn both(
    (v4, v6): (Result<Section, LookupError>, Result<Section, LookupError>),
) -> Result<(Addresses, Duration), LookupError> {
    let (v4, mut v6) = match (v4, v6) {
        (Err(error), Err(_)) => return Err(error),
        (v4, v6) => (v4.ok(), v6.ok()),
    };
    if let (Some(v4), Some(v6)) = (&v4, &mut v6)
        && !v4.addresses.is_empty()
        && v4.name != v6.name
    {
        // The search list has led the two to different names: they are not the same host.
        v6.addresses.clear();
        v6.ttl = None;
    }
    if let (Some(v4), Some(v6)) = (&v4, &v6)
        && v4.addresses.is_empty()
        && v6.addresses.is_empty()
    {
        let gone = v4.no_such_name && v6.no_such_name;
        return Err(if gone { LookupError::NoSuchName } else { LookupError::Empty });
    }
    let ttls = [&v4, &v6].into_iter().flatten().filter_map(|section| section.ttl);
    let valid_for = ttls.min().unwrap_or_default();
    let of = |ip: IpAddr| match ip {
        IpAddr::V4(ip) => (Some(ip), None),
        IpAddr::V6(ip) => (None, Some(ip)),
    };
    let addresses = Addresses {
        v4: v4.map(|v4| v4.addresses.into_iter().filter_map(|ip| of(ip).0).collect()),
        v6: v6.map(|v6| v6.addresses.into_iter().filter_map(|ip| of(ip).1).collect()),
    };
    Ok((addresses, valid_for))
}

/// The shortest time to live of the records of the answer, those that led to them included.
fn ttl(records: &Records) -> Option<Duration> {
    let ttls = records.answers().iter().map(|record| Duration::from_secs(record.ttl.into()));
    ttls.min()
}

/// What the file of host names says. Where it has the name in one family, that is all there is, as
/// for every other program of the system.
fn in_file(hosts: &Hosts, name: &Name) -> Option<Addresses> {
    let family = |kind| hosts.lookup_static_host(&Query::query(name.clone(), kind));
    let (v4, v6) = (family(RecordType::A), family(RecordType::AAAA));
    if v4.is_none() && v6.is_none() {
        return None;
    }
    let records = v4.iter().chain(&v6).flat_map(|records| records.answers());
    Some(records.filter_map(|record| record.data.ip_addr()).collect())
}

fn stamps() -> [Option<Stamp>; 2] {
    [HOSTS, RESOLV_CONF].map(|file| Stamp::of(Path::new(file)).ok())
}

fn parse(name: &str) -> Result<Name, LookupError> {
    Name::from_str(name).map_err(|_| LookupError::NotAName)
}

fn servers(settings: &ResolverSettings) -> Result<TokioResolver, NetError> {
    let (config, options) = if settings.servers.is_empty() {
        system_conf::read_system_conf()?
    } else {
        let servers = settings.servers.iter().copied().map(server).collect();
        (ResolverConfig::from_parts(None, Vec::new(), servers), ResolverOpts::default())
    };
    let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
    *builder.options_mut() = options;
    let options = builder.options_mut();
    options.timeout = settings.timeout;
    // Theirs are the repetitions.
    options.attempts = usize::try_from(settings.attempts.get() - 1).unwrap_or(usize::MAX);
    options.cache_size = 0;
    // Looked at by us: the library asks a server for the family that the file does not have.
    options.use_hosts_file = ResolveHosts::Never;
    builder.build()
}

fn server(address: SocketAddr) -> NameServerConfig {
    let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
        connection.port = address.port();
        connection
    });
    let mut server = NameServerConfig::udp_and_tcp(address.ip());
    server.connections = connections.into();
    server
}

fn refusal(error: &NetError) -> LookupError {
    if let NetError::Timeout = error {
        return LookupError::Silence;
    }
    if let NetError::Dns(DnsError::ResponseCode(code)) = error {
        return LookupError::Refused(code.to_string());
    }
    LookupError::Unreachable(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section(ips: &[&str], name: &str, seconds: u64) -> Section {
        Section {
            addresses: ips.iter().map(|ip| ip.parse().unwrap()).collect(),
            ttl: (!ips.is_empty()).then(|| Duration::from_secs(seconds)),
            name: Some(Name::from_str(name).unwrap()),
            no_such_name: false,
        }
    }

    #[test]
    fn the_file_of_host_names_is_all_there_is_for_a_name_in_it() {
        let mut hosts = Hosts::default();
        hosts.read_hosts_conf("127.0.0.1 localhost web # me\n::1 localhost\n".as_bytes()).unwrap();
        let of = |name: &str| in_file(&hosts, &Name::from_str(name).unwrap());
        let ips = |name| of(name).unwrap().sorted().iter().map(IpAddr::to_string).collect();
        let both: Vec<String> = ips("localhost");
        assert_eq!(both, ["127.0.0.1", "::1"]);
        let one: Vec<String> = ips("WEB");
        assert_eq!(one, ["127.0.0.1"]);
        assert!(of("web").unwrap().is_complete(), "nobody asks a server for the other family");
        assert!(of("other").is_none());
    }

    #[test]
    fn a_family_that_failed_is_open_and_the_shorter_time_counts() {
        let (a, aaaa) = (section(&["10.0.0.1"], "web.", 9), section(&["fd00::1"], "web.", 5));
        let (addresses, valid_for) = both((Ok(a), Ok(aaaa))).unwrap();
        assert_eq!((addresses.sorted().len(), valid_for), (2, Duration::from_secs(5)));
        let a = section(&["10.0.0.1"], "web.", 9);
        let (addresses, valid_for) = both((Ok(a), Err(LookupError::Silence))).unwrap();
        assert_eq!((addresses.v6, valid_for), (None, Duration::from_secs(9)));
        let failed = both((Err(LookupError::Silence), Err(LookupError::Busy)));
        assert_eq!(failed, Err(LookupError::Silence));
    }

    #[test]
    fn a_search_list_that_leads_to_two_names_counts_for_one() {
        let (a, aaaa) =
            (section(&["10.0.0.1"], "web.one.", 9), section(&["fd00::1"], "web.two.", 5));
        let (addresses, valid_for) = both((Ok(a), Ok(aaaa))).unwrap();
        assert_eq!((addresses.v6, valid_for), (Some(Vec::new()), Duration::from_secs(9)));
    }

    #[test]
    fn no_addresses_and_no_such_name_are_told_apart() {
        let none = || section(&[], "web.", 0);
        let gone = || Section { no_such_name: true, ..Section::default() };
        assert_eq!(both((Ok(none()), Ok(none()))).err(), Some(LookupError::Empty));
        assert_eq!(both((Ok(gone()), Ok(gone()))).err(), Some(LookupError::NoSuchName));
        let open = both((Ok(none()), Err(LookupError::Silence))).unwrap().0;
        assert_eq!(open, Addresses { v4: Some(Vec::new()), v6: None });
    }
}
