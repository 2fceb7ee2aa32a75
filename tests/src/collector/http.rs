//! OTLP over HTTP/1.1, by hand.

use std::io;
use std::pin::pin;

use anyhow::{Context, Result, ensure};
use futures_util::stream::FuturesUnordered;
use futures_util::{Stream, StreamExt};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::watch;

use super::wire::Wire;
use super::{Service, Trouble};

/// Serves until it is told to stop.
pub(super) async fn serve(
    connections: impl Stream<Item = io::Result<Wire>>,
    service: Service,
    mut stopped: watch::Receiver<bool>,
) {
    let mut connections = pin!(connections);
    let mut open = FuturesUnordered::new();
    loop {
        tokio::select! {
            _ = stopped.wait_for(|&stopped| stopped) => return,
            Some(wire) = connections.next() => {
                if let Ok(wire) = wire {
                    open.push(converse(wire, service.clone()));
                }
            }
            // A connection that fails has failed at the client as well, who says so.
            Some(_) = open.next(), if !open.is_empty() => {}
        }
    }
}

/// Answers the requests of one connection.
async fn converse(mut wire: Wire, mut service: Service) -> Result<()> {
    let mut unread = Vec::new();
    loop {
        let (headers, body) = loop {
            if let Some(request) = request(&mut unread)? {
                break request;
            }
            ensure!(wire.read_buf(&mut unread).await? > 0, "the client has ended");
        };
        let body = ExportTraceServiceRequest::decode(&*body)?;
        let status = match service.take(body, headers).await {
            Ok(()) => "200 OK",
            Err(Trouble::Unavailable) => "503 Service Unavailable",
            Err(Trouble::Wrong) => "400 Bad Request",
        };
        let answer = format!(
            "HTTP/1.1 {status}\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\n\r\n"
        );
        wire.write_all(answer.as_bytes()).await?;
    }
}

type Head = Vec<(String, String)>;

/// Takes one whole request off the front of `unread`, if there is one.
fn request(unread: &mut Vec<u8>) -> Result<Option<(Head, Vec<u8>)>> {
    let mut fields = [httparse::EMPTY_HEADER; 64];
    let mut head = httparse::Request::new(&mut fields);
    let httparse::Status::Complete(length) = head.parse(unread)? else { return Ok(None) };
    ensure!(head.method == Some("POST") && head.path == Some("/v1/traces"), "not for traces");
    let fields: Head = head
        .headers
        .iter()
        .map(|field| {
            let value = String::from_utf8_lossy(field.value).into_owned();
            (field.name.to_ascii_lowercase(), value)
        })
        .collect();
    let body = fields.iter().find(|(name, _)| name == "content-length");
    let body: usize = body.context("no length")?.1.parse()?;
    if unread.len() < length + body {
        return Ok(None);
    }
    let rest = unread.split_off(length + body);
    let body = std::mem::replace(unread, rest).split_off(length);
    Ok(Some((fields, body)))
}
