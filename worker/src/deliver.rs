//! Delivering a computed shard over Arrow Flight, and waiting for its commit.

use arrow_flight::encode::FlightDataEncoderBuilder;
use arrow_flight::flight_service_client::FlightServiceClient;
use arrow_flight::{FlightData, FlightDescriptor};
use futures::{StreamExt, TryStreamExt, stream};
use market::sample::SampledRow;
use prost::Message;
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
    rows: Vec<SampledRow>,
    inputs: usize,
}

impl Delivery {
    /// Of an attempt's records, and its sampled rows with so many inputs each.
    pub(crate) fn new(
        attempt: AttemptId,
        records: &[TickerRecord],
        rows: Vec<SampledRow>,
        inputs: usize,
    ) -> Self {
        Self {
            attempt,
            commit: serde_json::to_vec(records).expect("our own types have a JSON form"),
            rows,
            inputs,
        }
    }

    /// Sends everything, and waits until the shard is committed.
    pub(crate) async fn send(&self, client: &mut FlightServiceClient<Channel>) -> Delivered {
        match self.put(client).await {
            Ok(()) => Delivered::Committed,
            Err(status)
                if matches!(
                    status.code(),
                    Code::FailedPrecondition | Code::Aborted | Code::NotFound
                ) =>
            {
                Delivered::Unwanted
            }
            Err(status) => Delivered::Failed(status),
        }
    }

    async fn put(&self, client: &mut FlightServiceClient<Channel>) -> Result<(), Status> {
        let header = DeliveryHeader {
            attempt: Some((&self.attempt).into()),
        };
        let inputs = self.inputs;
        let batches: Vec<_> = self
            .rows
            .chunks(ROWS_IN_BATCH)
            .map(<[SampledRow]>::to_vec)
            .collect();
        let batches = stream::iter(batches).map(move |rows| Ok(to_batch(&rows, inputs)));
        let rows = FlightDataEncoderBuilder::new()
            .with_schema(schema(inputs))
            .with_max_flight_data_size(FLIGHT_MESSAGE)
            .with_flight_descriptor(Some(FlightDescriptor::new_cmd(header.encode_to_vec())))
            .build(batches);
        let commit: Vec<Part> = self
            .commit
            .chunks(FLIGHT_MESSAGE)
            .map(|part| Part::Commit(part.to_vec()))
            .collect();
        let end = Part::End(DeliveryEnd {
            commit_blake3: blake3::hash(&self.commit).to_hex().to_string(),
            rows: self.rows.len() as u64,
        });
        let parts = stream::iter(commit.into_iter().chain([end])).map(|part| {
            let part = DeliveryPart { part: Some(part) };
            FlightData::new().with_app_metadata(part.encode_to_vec())
        });
        // The encoder fails on batches of another schema alone, which there are none of.
        let rows = rows.map(|data| data.expect("batches have the schema of the stream"));
        let answers = client.do_put(rows.chain(parts)).await?.into_inner();
        let receipts: Vec<_> = answers.try_collect().await?;
        if receipts.is_empty() {
            return Err(Status::unavailable("the delivery was not answered"));
        }
        Ok(())
    }
}
