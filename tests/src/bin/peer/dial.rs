//! Connecting, and telling apart why a connection failed.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use trunkline_tests::load::Fate;

/// The longest name a backend may greet with.
const BANNER: usize = 128;

/// Connects; small writes go out at once.
pub(crate) async fn dial(to: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(to).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Reads the name that a backend greets with, without its line feed and without a byte more.
pub(crate) async fn banner(stream: &mut TcpStream) -> io::Result<String> {
    let mut name = Vec::new();
    loop {
        // Byte by byte: greetings are short, and what follows is not ours.
        match stream.read_u8().await? {
            b'\n' => return Ok(String::from_utf8_lossy(&name).into_owned()),
            _ if name.len() == BANNER => return Err(io::Error::from(ErrorKind::InvalidData)),
            byte => name.push(byte),
        }
    }
}

/// What an error says about the connection.
pub(crate) fn fate_of(error: &io::Error) -> Fate {
    let kind = error.kind();
    let is = |kinds: &[ErrorKind]| kinds.contains(&kind);
    if is(&[ErrorKind::ConnectionRefused]) {
        Fate::Refused
    } else if is(&[ErrorKind::ConnectionReset, ErrorKind::BrokenPipe, ErrorKind::ConnectionAborted])
    {
        Fate::Reset
    } else if is(&[ErrorKind::UnexpectedEof]) {
        Fate::EofEarly
    } else if is(&[ErrorKind::TimedOut]) {
        Fate::Timeout
    } else if is(&[ErrorKind::InvalidData]) {
        Fate::WrongAnswer
    } else {
        Fate::Local
    }
}
