//! A Flight service of the reading half alone, in the process of a test.

use std::net::SocketAddr;
use std::sync::Arc;

use arrow_flight::flight_service_server::{FlightService, FlightServiceServer};
use arrow_flight::{
    Action, ActionType, Criteria, Empty, FlightClient, FlightData, FlightDescriptor, FlightInfo,
    HandshakeRequest, HandshakeResponse, PollInfo, PutResult, SchemaResult, Ticket,
};
use coordinator::service::flight_read::FlightReads;
use futures::stream::BoxStream;
use market::store::Store;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::{Endpoint, Server};
use tonic::{Request, Response, Status, Streaming};

/// The bytes that a slow client takes before it says that it can take more: the least that HTTP/2 has.
const SMALL_WINDOW: u32 = 65_535;

/// The server, which ends when this is dropped.
pub struct FlightServer {
    /// What it answers from.
    pub reads: Arc<FlightReads>,
    address: SocketAddr,
    serving: JoinHandle<()>,
}

impl FlightServer {
    /// Serves the runs of `out` on a free port of this machine.
    pub async fn start(out: Store) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("there is a free port");
        let address = listener.local_addr().expect("the listener is bound");
        let reads = Arc::new(FlightReads::new(out));
        let service = FlightServiceServer::new(Reading(Arc::clone(&reads)));
        let serving = tokio::spawn(async move {
            let connections = TcpListenerStream::new(listener);
            let served = Server::builder().add_service(service);
            let ended = served.serve_with_incoming(connections).await;
            ended.expect("the server serves until it is stopped");
        });
        Self {
            reads,
            address,
            serving,
        }
    }

    /// Where it listens, for gRPC clients of any kind.
    pub fn url(&self, scheme: &str) -> String {
        format!("{scheme}://{}", self.address)
    }

    /// A client that takes no more than it was asked to, as far as HTTP/2 lets it.
    pub async fn client(&self) -> FlightClient {
        let endpoint = Endpoint::from_shared(self.url("http")).expect("it is a URL");
        let endpoint = endpoint
            .initial_stream_window_size(SMALL_WINDOW)
            .initial_connection_window_size(SMALL_WINDOW);
        FlightClient::new(endpoint.connect().await.expect("the server listens"))
    }
}

impl Drop for FlightServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

struct Reading(Arc<FlightReads>);

type Answers<T> = BoxStream<'static, Result<T, Status>>;

fn not_here<T>() -> Result<T, Status> {
    Err(Status::unimplemented("only reading is served here"))
}

#[tonic::async_trait]
impl FlightService for Reading {
    type HandshakeStream = Answers<HandshakeResponse>;
    type ListFlightsStream = Answers<FlightInfo>;
    type DoGetStream = Answers<FlightData>;
    type DoPutStream = Answers<PutResult>;
    type DoExchangeStream = Answers<FlightData>;
    type DoActionStream = Answers<arrow_flight::Result>;
    type ListActionsStream = Answers<ActionType>;

    async fn list_flights(
        &self,
        request: Request<Criteria>,
    ) -> Result<Response<Self::ListFlightsStream>, Status> {
        let flights = self.0.list_flights(request.into_inner()).await?;
        Ok(Response::new(flights))
    }

    async fn get_flight_info(
        &self,
        request: Request<FlightDescriptor>,
    ) -> Result<Response<FlightInfo>, Status> {
        let info = self.0.get_flight_info(request.into_inner()).await?;
        Ok(Response::new(info))
    }

    async fn get_schema(
        &self,
        request: Request<FlightDescriptor>,
    ) -> Result<Response<SchemaResult>, Status> {
        let schema = self.0.get_schema(request.into_inner()).await?;
        Ok(Response::new(schema))
    }

    async fn do_get(
        &self,
        request: Request<Ticket>,
    ) -> Result<Response<Self::DoGetStream>, Status> {
        let rows = self.0.do_get(request.into_inner()).await?;
        Ok(Response::new(rows))
    }

    async fn handshake(
        &self,
        _: Request<Streaming<HandshakeRequest>>,
    ) -> Result<Response<Self::HandshakeStream>, Status> {
        not_here()
    }

    async fn poll_flight_info(
        &self,
        _: Request<FlightDescriptor>,
    ) -> Result<Response<PollInfo>, Status> {
        not_here()
    }

    async fn do_put(
        &self,
        _: Request<Streaming<FlightData>>,
    ) -> Result<Response<Self::DoPutStream>, Status> {
        not_here()
    }

    async fn do_exchange(
        &self,
        _: Request<Streaming<FlightData>>,
    ) -> Result<Response<Self::DoExchangeStream>, Status> {
        not_here()
    }

    async fn do_action(
        &self,
        _: Request<Action>,
    ) -> Result<Response<Self::DoActionStream>, Status> {
        not_here()
    }

    async fn list_actions(
        &self,
        _: Request<Empty>,
    ) -> Result<Response<Self::ListActionsStream>, Status> {
        not_here()
    }
}
