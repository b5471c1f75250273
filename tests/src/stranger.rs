//! Clients that are no good: they speak another version, too much, or nothing that makes sense.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use arrow_flight::flight_service_client::FlightServiceClient;
use arrow_flight::{FlightData, FlightDescriptor, Ticket};
use proto::wire::from_worker::Message;
use proto::wire::runs_client::RunsClient;
use proto::wire::sessions_client::SessionsClient;
use proto::wire::{FromWorker, Hello, SubmitRequest};
use tonic::transport::{Channel, Endpoint};
use tonic::{Status, Streaming};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Why a worker of this hello is not taken in. Panics where it is.
#[track_caller]
pub fn refusal_of_hello(address: &str, hello: Hello) -> Status {
    refusal(async {
        let message = FromWorker {
            message: Some(Message::Hello(hello)),
        };
        let messages = tokio_stream::iter([message]);
        let mut client = SessionsClient::new(connect(address).await);
        first_of(client.open(messages).await?.into_inner()).await
    })
}

/// Why a job that is asked for so is not taken on. Panics where it is.
#[track_caller]
pub fn refusal_of_submission(address: &str, request: SubmitRequest) -> Status {
    refusal(async {
        let mut client = RunsClient::new(connect(address).await);
        client.submit(request).await.map(drop)
    })
}

/// Why a Flight ticket gets nothing. Panics where it gets something.
#[track_caller]
pub fn refusal_of_ticket(address: &str, ticket: impl Into<Vec<u8>>) -> Status {
    let ticket = Ticket::new(ticket.into());
    refusal(async {
        let mut client = FlightServiceClient::new(connect(address).await);
        first_of(client.do_get(ticket).await?.into_inner()).await
    })
}

/// Why a delivery is not taken, of which the descriptor's command and the first message's metadata are these. Panics where
/// it is.
#[track_caller]
pub fn refusal_of_delivery(
    address: &str,
    command: impl Into<Vec<u8>>,
    metadata: impl Into<Vec<u8>>,
) -> Status {
    let data = FlightData::new()
        .with_descriptor(FlightDescriptor::new_cmd(command.into()))
        .with_app_metadata(metadata.into());
    refusal(async {
        let mut client = FlightServiceClient::new(connect(address).await);
        let answers = client.do_put(tokio_stream::iter([data])).await?;
        first_of(answers.into_inner()).await
    })
}

/// Why no panel is sent to who asks by this command of a descriptor. Panics where one is.
#[track_caller]
pub fn refusal_of_exchange(address: &str, command: impl Into<Vec<u8>>) -> Status {
    let data = FlightData::new().with_descriptor(FlightDescriptor::new_cmd(command.into()));
    refusal(async {
        let mut client = FlightServiceClient::new(connect(address).await);
        let answers = client.do_exchange(tokio_stream::iter([data])).await?;
        first_of(answers.into_inner()).await
    })
}

/// Sends bytes and no more, and returns what is answered until the connection is closed.
pub fn send_bytes(address: &str, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(&address["http://".len()..]).expect("somebody listens");
    stream
        .set_read_timeout(Some(PATIENCE))
        .expect("a time above 0");
    // It may be closed before all is sent, and with what was not read in it; then that is the answer.
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(std::net::Shutdown::Write);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    answer
}

async fn connect(address: &str) -> Channel {
    let endpoint = Endpoint::from_shared(address.to_owned()).expect("an address");
    endpoint.connect().await.expect("somebody listens")
}

async fn first_of<T>(mut answers: Streaming<T>) -> Result<(), Status> {
    match answers.message().await? {
        Some(_) => Ok(()),
        None => Err(Status::unknown("the answer is empty")),
    }
}

#[track_caller]
fn refusal(question: impl Future<Output = Result<(), Status>>) -> Status {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("the system has threads");
    let answer = runtime.block_on(async {
        tokio::time::timeout(PATIENCE, question)
            .await
            .expect("an answer comes in time")
    });
    answer.expect_err("it is to be refused")
}
