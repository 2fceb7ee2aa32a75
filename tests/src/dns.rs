//! A name server, over UDP and TCP, whose answers a test changes as it goes.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use hickory_resolver::proto::op::{Message, ResponseCode};
use hickory_resolver::proto::rr::rdata::SRV;
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use parking_lot::Mutex;

/// What fits into an answer over UDP here: more is truncated, and asked for again over TCP.
const UDP_ROOM: usize = 512;

/// How long a client over TCP may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is answered to the questions for a name.
#[derive(Debug, Clone)]
pub enum Says {
    /// Its addresses, each family to its question, with this time to live in seconds.
    Addresses(Vec<IpAddr>, u32),
    /// SRV records: priority, weight, port and target.
    Targets(Vec<(u16, u16, u16, String)>, u32),
    /// NXDOMAIN.
    NoSuchName,
    /// SERVFAIL.
    Failure,
    /// Nothing at all.
    Silence,
}

impl Says {
    /// These addresses, which hold for no time: they are asked for again as soon as may be.
    #[must_use]
    pub fn now(addresses: &[&str]) -> Self {
        let parse = |address: &&str| address.parse().ok();
        Self::Addresses(addresses.iter().filter_map(parse).collect(), 0)
    }
}

/// Answers on a port of 127.0.0.1 until it is dropped. Whatever it was not told of does not exist.
#[derive(Debug)]
pub struct NameServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    says: Mutex<HashMap<Name, Says>>,
    asked: AtomicUsize,
    over_tcp: AtomicUsize,
    ended: AtomicBool,
}

impl NameServer {
    /// Starts one.
    ///
    /// # Errors
    /// There is no port that is free for both transports.
    pub fn start() -> Result<Self> {
        let (udp, tcp) = bind()?;
        let address = udp.local_addr()?;
        let shared = Arc::<Shared>::default();
        let (ours, theirs) = (Arc::clone(&shared), Arc::clone(&shared));
        let threads = vec![
            Builder::new().name("dns-udp".into()).spawn(move || ours.serve_udp(&udp))?,
            Builder::new().name("dns-tcp".into()).spawn(move || theirs.serve_tcp(&tcp))?,
        ];
        Ok(Self { address, shared, threads })
    }

    /// Where it is asked.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it says of `name` from now on.
    ///
    /// # Errors
    /// It is not a name.
    pub fn say(&self, name: &str, says: Says) -> Result<()> {
        let mut name = Name::from_str(name)?;
        name.set_fqdn(true);
        self.shared.says.lock().insert(name, says);
        Ok(())
    }

    /// How many questions came so far.
    #[must_use]
    pub fn asked(&self) -> usize {
        self.shared.asked.load(Ordering::SeqCst)
    }

    /// How many of them over TCP.
    #[must_use]
    pub fn asked_over_tcp(&self) -> usize {
        self.shared.over_tcp.load(Ordering::SeqCst)
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::SeqCst);
        // Each thread waits for somebody to come.
        if let Ok(waker) = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)) {
            let _ = waker.send_to(&[], self.address);
        }
        let _ = TcpStream::connect(self.address);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

/// The same port for both: whoever has one may find the other taken.
fn bind() -> Result<(UdpSocket, TcpListener)> {
    for _ in 0..100 {
        let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        match TcpListener::bind(udp.local_addr()?) {
            Ok(tcp) => return Ok((udp, tcp)),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
            Err(error) => return Err(error).context("the name server's port"),
        }
    }
    bail!("no port is free for UDP and TCP")
}

impl Shared {
    fn serve_udp(&self, socket: &UdpSocket) {
        let mut room = [0; 4096];
        while let Ok((length, from)) = socket.recv_from(&mut room) {
            if self.ended.load(Ordering::SeqCst) {
                return;
            }
            let Some(answer) = self.answer(&room[..length]) else { continue };
            let Ok(whole) = answer.to_vec() else { continue };
            let fitting =
                if whole.len() > UDP_ROOM { answer.truncate().to_vec() } else { Ok(whole) };
            if let Ok(bytes) = fitting {
                let _ = socket.send_to(&bytes, from);
            }
        }
    }

    fn serve_tcp(&self, listener: &TcpListener) {
        while let Ok((mut stream, _)) = listener.accept() {
            if self.ended.load(Ordering::SeqCst) {
                return;
            }
            // One at a time is enough, and one that breaks is the client's to try again.
            let _ = self.converse(&mut stream);
        }
    }

    fn converse(&self, stream: &mut TcpStream) -> io::Result<()> {
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut length = [0; 2];
        stream.read_exact(&mut length)?;
        let mut question = vec![0; usize::from(u16::from_be_bytes(length))];
        stream.read_exact(&mut question)?;
        self.over_tcp.fetch_add(1, Ordering::SeqCst);
        let Some(answer) = self.answer(&question) else { return Ok(()) };
        let bytes = answer.to_vec().map_err(io::Error::other)?;
        let length = u16::try_from(bytes.len()).map_err(io::Error::other)?;
        stream.write_all(&length.to_be_bytes())?;
        stream.write_all(&bytes)
    }

    /// None where nothing is to be said.
    fn answer(&self, question: &[u8]) -> Option<Message> {
        let question = Message::from_vec(question).ok()?;
        let query = question.queries.first()?;
        self.asked.fetch_add(1, Ordering::SeqCst);
        let name = query.name().to_lowercase();
        let says = self.says.lock().get(&name).cloned().unwrap_or(Says::NoSuchName);
        let mut answer = Message::response(question.id, question.op_code);
        answer.add_query(query.clone());
        answer.metadata.recursion_available = true;
        let mut add = |ttl, data| {
            answer.add_answer(Record::from_rdata(name.clone(), ttl, data));
        };
        match (says, query.query_type()) {
            (Says::Silence, _) => return None,
            (Says::NoSuchName, _) => answer.metadata.response_code = ResponseCode::NXDomain,
            (Says::Failure, _) => answer.metadata.response_code = ResponseCode::ServFail,
            (Says::Addresses(addresses, ttl), kind) => {
                for address in addresses {
                    let data = RData::from(address);
                    if data.record_type() == kind {
                        add(ttl, data);
                    }
                }
            }
            (Says::Targets(targets, ttl), RecordType::SRV) => {
                for (priority, weight, port, target) in targets {
                    let target = Name::from_str(&target).ok()?;
                    add(ttl, RData::SRV(SRV::new(priority, weight, port, target)));
                }
            }
            (Says::Targets(..), _) => {}
        }
        Some(answer)
    }
}
