//! Delivering a computed shard over Arrow Flight, and waiting for its commit.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_flight::encode::FlightDataEncoderBuilder;
use arrow_flight::flight_service_client::FlightServiceClient;
use arrow_flight::{FlightData, FlightDescriptor};
use arrow_schema::SchemaRef;
use futures::{Stream, StreamExt, TryStreamExt, stream};
use market::panel::PanelRows;
use market::rows::{ModelRows, RowRequest};
use market::sample::SampledRow;
use market::symbol::Symbol;
use prost::Message;
use proto::panel_rows;
use proto::record::TickerRecord;
use proto::sampled_rows::{schema, to_batch};
use proto::session::{AttemptId, FLIGHT_MESSAGE};
use proto::wire::delivery_part::Part;
use proto::wire::{DeliveryEnd, DeliveryHeader, DeliveryPart};
use tonic::transport::Channel;
use tonic::{Code, Status};

/// Sampled rows of one batch.
const ROWS_IN_BATCH: usize = 8192;

/// What becomes of a delivery.
#[derive(Debug)]
pub(crate) enum Delivered {
    /// The shard is committed.
    Committed,
    /// Nobody waits for it any more.
    Unwanted,
    /// It did not arrive; it can be delivered again while the session lasts.
    Failed(Status),
}

/// A computed shard as it is sent.
pub(crate) struct Delivery {
    attempt: AttemptId,
    commit: Vec<u8>,
    sample: Vec<SampledRow>,
    /// The inputs of a sampled row.
    inputs: usize,
    panel: Option<Panel>,
}

/// The rows of a panel as they are sent.
struct Panel {
    /// Those of each ticker; none is without.
    tickers: Arc<Vec<(Symbol, PanelRows)>>,
    /// The inputs of a row.
    inputs: usize,
}

impl Delivery {
    /// Of an attempt's records, and the rows that its ticket asked for.
    pub(crate) fn new(
        attempt: AttemptId,
        records: &[TickerRecord],
        rows: ModelRows,
        asked: &RowRequest,
    ) -> Self {
        let sample_inputs = asked.sample.as_ref().map_or(0, |asked| asked.inputs.len());
        let panel = asked.panel.as_ref().map(|asked| Panel {
            tickers: Arc::new(rows.panel.into_iter().collect()),
            inputs: asked.schema.features().len(),
        });
        Self {
            attempt,
            commit: serde_json::to_vec(records).expect("our own types have a JSON form"),
            sample: rows.sample.into_rows(),
            inputs: sample_inputs,
            panel,
        }
    }

    /// Sends everything, and waits until the shard is committed.
    pub(crate) async fn send(&self, client: &mut FlightServiceClient<Channel>) -> Delivered {
        match self.put(client).await {
            Ok(()) => Delivered::Committed,
            Err(status) if is_unwanted(&status) => Delivered::Unwanted,
            Err(status) => Delivered::Failed(status),
        }
    }

    async fn put(&self, client: &mut FlightServiceClient<Channel>) -> Result<(), Status> {
        let header = DeliveryHeader {
            attempt: Some((&self.attempt).into()),
        };
        let descriptor = FlightDescriptor::new_cmd(header.encode_to_vec());
        let panel = self.panel.as_ref();
        let count = self.sample.len() + panel.map_or(0, Panel::row_count);
        let rows = self
            .sampled_rows(descriptor)
            .chain(stream::iter(panel.map(Panel::rows)).flatten());
        let commit: Vec<Part> = self
            .commit
            .chunks(FLIGHT_MESSAGE)
            .map(|part| Part::Commit(part.to_vec()))
            .collect();
        let end = Part::End(DeliveryEnd {
            commit_blake3: blake3::hash(&self.commit).to_hex().to_string(),
            rows: count as u64,
        });
        let parts = stream::iter(commit.into_iter().chain([end])).map(|part| {
            let part = DeliveryPart { part: Some(part) };
            FlightData::new().with_app_metadata(part.encode_to_vec())
        });
        let answers = client.do_put(rows.chain(parts)).await?.into_inner();
        let receipts: Vec<_> = answers.try_collect().await?;
        if receipts.is_empty() {
            return Err(Status::unavailable("the delivery was not answered"));
        }
        Ok(())
    }

    /// The schema, which comes with the descriptor, and the batches of sampled rows.
    fn sampled_rows(
        &self,
        descriptor: FlightDescriptor,
    ) -> impl Stream<Item = FlightData> + Send + use<> {
        let inputs = self.inputs;
        let batches = self
            .sample
            .chunks(ROWS_IN_BATCH)
            .map(<[SampledRow]>::to_vec);
        let batches: Vec<_> = batches.collect();
        let batches = stream::iter(batches).map(move |rows| to_batch(&rows, inputs));
        encoded(schema(inputs), Some(descriptor), batches)
    }
}

impl Panel {
    fn row_count(&self) -> usize {
        let rows = self.tickers.iter().map(|(_, rows)| rows.date.len());
        rows.sum()
    }

    /// The schema, and the batches of each ticker's rows, which are made as they are sent.
    fn rows(&self) -> impl Stream<Item = FlightData> + Send + use<> {
        let tickers = Arc::clone(&self.tickers);
        let batches = stream::iter(0..tickers.len()).map(move |place| {
            let (symbol, rows) = &tickers[place];
            panel_rows::to_batch(symbol, rows)
        });
        encoded(panel_rows::schema(self.inputs), None, batches)
    }
}

/// Whether the coordinator answers that nobody waits for the attempt any more.
pub(crate) fn is_unwanted(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::FailedPrecondition | Code::Aborted | Code::NotFound
    )
}

/// A schema and its batches, in messages of a limited size.
fn encoded(
    schema: SchemaRef,
    descriptor: Option<FlightDescriptor>,
    batches: impl Stream<Item = RecordBatch> + Send + 'static,
) -> impl Stream<Item = FlightData> + Send {
    let messages = FlightDataEncoderBuilder::new()
        .with_schema(schema)
        .with_max_flight_data_size(FLIGHT_MESSAGE)
        .with_flight_descriptor(descriptor)
        .build(batches.map(Ok));
    // The encoder fails on batches of another schema alone, which there are none of.
    messages.map(|data| data.expect("batches have the schema of the stream"))
}
