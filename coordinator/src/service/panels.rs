//! Sending the panel of a tuning to the workers that compute its shards.

use std::sync::Arc;

use arrow_flight::FlightData;
use arrow_flight::encode::FlightDataEncoderBuilder;
use futures::stream::{self, BoxStream, StreamExt};
use model::panel::Panel;
use proto::link::WorkerLink;
use proto::panel_batches::ticker_batch;
use proto::panel_rows;
use proto::session::FLIGHT_MESSAGE;
use proto::wire::FetchPanel;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tonic::{Status, Streaming};

use super::attempts::{begin, unwanted, whose};
use crate::actor::MembersDesk;
use crate::metrics::Metrics;

/// Panels on their way at a time; a worker that comes then waits for its answer. Each has the rows of one ticker, coded as
/// they travel, in memory beside the panel.
const MAX_PANELS: usize = 8;
/// What a stream is called.
const EXCHANGE: &str = "the exchange";

/// Sends panels, a few at a time.
pub(crate) struct Panels {
    members: MembersDesk,
    metrics: Arc<Metrics>,
    turns: Arc<Semaphore>,
}

impl Panels {
    pub(crate) fn new(members: MembersDesk, metrics: Arc<Metrics>) -> Self {
        Self {
            members,
            metrics,
            turns: Arc::new(Semaphore::new(MAX_PANELS)),
        }
    }

    /// The rows of the panel that an attempt is about: their schema, then batches, a ticker after the other. Each is made
    /// once those before it are sent, and none before it is known that somebody waits for the attempt.
    ///
    /// The worker says which attempt; nothing else that it sends is read.
    pub(crate) async fn send(
        &self,
        mut stream: Streaming<FlightData>,
    ) -> Result<BoxStream<'static, Result<FlightData, Status>>, Status> {
        let (_, command) = begin::<FetchPanel>(&mut stream, EXCHANGE).await?;
        let (attempt, worker) = whose(&self.members, command.attempt).await?;
        let turn = Arc::clone(&self.turns).acquire_owned().await;
        let turn = turn.expect("the semaphore is not closed");
        // The attempt may have been given up while others had their turns.
        let panel = worker.panel(&attempt).map_err(unwanted)?;
        tracing::info!(
            "worker {} takes the panel of tuning {}",
            worker.id(),
            attempt.run
        );
        self.metrics.panels_sent.inc();
        Ok(encoded(panel, turn))
    }
}

/// A panel in messages of a limited size. The turn ends with the stream.
fn encoded(
    panel: Arc<Panel>,
    turn: OwnedSemaphorePermit,
) -> BoxStream<'static, Result<FlightData, Status>> {
    let schema = panel_rows::schema(panel.columns().codes.len());
    let tickers = 0..panel.columns().symbols.len();
    let batches = tickers.filter_map(move |ticker| {
        let _until_the_stream_is_dropped = &turn;
        ticker_batch(&panel, ticker)
    });
    FlightDataEncoderBuilder::new()
        .with_schema(schema)
        .with_max_flight_data_size(FLIGHT_MESSAGE)
        .build(stream::iter(batches).map(Ok))
        .map(|message| message.map_err(Status::from))
        .boxed()
}
