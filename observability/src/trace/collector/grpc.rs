//! OTLP over gRPC.

use hyper::body::Bytes;
use hyper::header::HeaderMap;
use hyper::http::uri::PathAndQuery;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message;
use prost::bytes::{Buf, BufMut};
use tonic::client::Grpc as Client;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::metadata::MetadataMap;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};

use super::{Collector, CollectorError, Failure};

/// The method that takes spans.
const EXPORT: PathAndQuery =
    PathAndQuery::from_static("/opentelemetry.proto.collector.trace.v1.TraceService/Export");

/// Sends what is encoded already.
#[derive(Debug, Clone)]
pub(super) struct Grpc {
    client: Client<Channel>,
    headers: MetadataMap,
}

impl Grpc {
    /// Connects when it is first needed, and again when it was cut off.
    pub(super) fn new(collector: &Collector, headers: HeaderMap) -> Result<Self, CollectorError> {
        let no_url = |_| CollectorError::NoUrl(collector.endpoint.clone());
        let endpoint = Endpoint::from_shared(collector.endpoint.clone()).map_err(no_url)?;
        let channel = endpoint.timeout(collector.timeout).connect_lazy();
        Ok(Self { client: Client::new(channel), headers: MetadataMap::from_headers(headers) })
    }

    pub(super) async fn send(&self, spans: Bytes) -> Result<ExportTraceServiceResponse, Failure> {
        let mut client = self.client.clone();
        client.ready().await.map_err(|error| Failure::again(&error))?;
        let mut request = Request::new(spans);
        request.metadata_mut().clone_from(&self.headers);
        let answer =
            client.unary(request, EXPORT, Written).await.map_err(|status| refused(&status))?;
        Ok(answer.into_inner())
    }
}

/// Which of them are worth another try: OTLP specification, "Failures".
fn refused(status: &Status) -> Failure {
    let again = match status.code() {
        Code::Cancelled
        | Code::DeadlineExceeded
        | Code::Aborted
        | Code::OutOfRange
        | Code::Unavailable
        | Code::DataLoss => true,
        // Only with a word on when it will be better, which is longer than a batch can wait.
        Code::ResourceExhausted
        | Code::Ok
        | Code::Unknown
        | Code::InvalidArgument
        | Code::NotFound
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::FailedPrecondition
        | Code::Unimplemented
        | Code::Internal
        | Code::Unauthenticated => false,
    };
    let text = format!("{}: {}", status.code(), status.message());
    Failure { text, again }
}

/// Bytes that are written already.
#[derive(Debug, Clone, Copy)]
struct Written;

impl Codec for Written {
    type Encode = Bytes;
    type Decode = ExportTraceServiceResponse;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Written {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, written: Bytes, to: &mut EncodeBuf<'_>) -> Result<(), Status> {
        to.put(written);
        Ok(())
    }
}

impl Decoder for Written {
    type Item = ExportTraceServiceResponse;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Self::Item>, Status> {
        let read = ExportTraceServiceResponse::decode(from.copy_to_bytes(from.remaining()));
        read.map(Some).map_err(|error| Status::internal(error.to_string()))
    }
}
