//! OTLP over gRPC.

use std::io;

use futures_util::Stream;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use tokio::sync::watch;
use tonic::metadata::KeyAndValueRef;
use tonic::transport::Server;
use tonic::{Request, Response, Status};

use super::wire::Wire;
use super::{Service, Trouble};

/// Serves until it is told to stop.
pub(super) async fn serve(
    connections: impl Stream<Item = io::Result<Wire>>,
    service: Service,
    mut stopped: watch::Receiver<bool>,
) {
    let service = TraceServiceServer::new(service).max_decoding_message_size(64 << 20);
    let serving = Server::builder().add_service(service).serve_with_incoming(connections);
    tokio::select! {
        _ = serving => {}
        _ = stopped.wait_for(|&stopped| stopped) => {}
    }
}

#[tonic::async_trait]
impl TraceService for Service {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let headers = request.metadata().iter().filter_map(|field| match field {
            KeyAndValueRef::Ascii(key, value) => {
                Some((key.to_string(), value.to_str().ok()?.to_owned()))
            }
            KeyAndValueRef::Binary(..) => None,
        });
        let headers = headers.collect();
        match self.clone().take(request.into_inner(), headers).await {
            Ok(()) => Ok(Response::new(ExportTraceServiceResponse::default())),
            Err(Trouble::Unavailable) => Err(Status::unavailable("not now")),
            Err(Trouble::Wrong) => Err(Status::invalid_argument("not this")),
        }
    }
}
