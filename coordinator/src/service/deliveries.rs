//! Taking in what workers deliver: a shard's records and its sampled rows.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use arrow_flight::utils::flight_data_to_arrow_batch;
use arrow_flight::{FlightData, PutResult};
use arrow_schema::Schema;
use market::sample::Sample;
use prost::Message;
use proto::record::TickerRecord;
use proto::sampled_rows::{from_batch, schema};
use proto::session::AttemptId;
use proto::wire::delivery_part::Part;
use proto::wire::{DeliveryEnd, DeliveryHeader, DeliveryPart, DeliveryReceipt};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tonic::{Status, Streaming};

use super::listen::unless_gone;
use crate::actor::MembersDesk;
use crate::remote::{Unwanted, Wanted};

/// Deliveries at a time; who comes then waits, and with it the worker's slot.
const MAX_DELIVERIES: usize = 8;
/// The longest commit of a shard, in bytes. Its quarantined rows are most of it, and limits stop a run with many.
const MAX_COMMIT_BYTES: usize = 64 << 20;
/// How long a delivery may be silent.
const SILENCE: Duration = Duration::from_secs(30);

/// Takes deliveries in, a few at a time.
pub(crate) struct Deliveries {
    members: MembersDesk,
    turns: Arc<Semaphore>,
}

impl Deliveries {
    pub(crate) fn new(members: MembersDesk) -> Self {
        Self {
            members,
            turns: Arc::new(Semaphore::new(MAX_DELIVERIES)),
        }
    }

    /// Takes one delivery in. The answer comes when its shard is committed. Nothing is decoded before it is known that
    /// somebody waits for it.
    pub(crate) async fn take(
        &self,
        mut stream: Streaming<FlightData>,
    ) -> Result<PutResult, Status> {
        let first = timeout(SILENCE, stream.message()).await;
        let first = first.map_err(|_| silent())??;
        let first = first.ok_or_else(|| invalid("a delivery begins with its descriptor"))?;
        let attempt = attempt_of(&first)?;
        let found = self.members.find(attempt.clone()).await;
        let worker =
            unless_gone(found)?.map_err(|stale| Status::failed_precondition(stale.to_string()))?;
        let unwanted = |error: Unwanted| Status::aborted(error.to_string());
        let wanted = worker.wanted(&attempt).map_err(unwanted)?;
        let turn = self.turns.acquire().await;
        let turn = turn.expect("the semaphore is not closed");
        let (records, sample) = receive(first, stream, wanted).await?;
        let committed = worker
            .deliver(&attempt, records, sample)
            .map_err(unwanted)?;
        drop(turn);
        let not_committed = |_| {
            Status::aborted(
                "the shard was not committed: its run has ended, or another attempt was first",
            )
        };
        committed.await.map_err(not_committed)?;
        let receipt = DeliveryReceipt {
            attempt: Some((&attempt).into()),
        };
        Ok(PutResult {
            app_metadata: receipt.encode_to_vec().into(),
        })
    }
}

fn attempt_of(first: &FlightData) -> Result<AttemptId, Status> {
    let descriptor = first.flight_descriptor.as_ref();
    let descriptor = descriptor.ok_or_else(|| invalid("a delivery begins with its descriptor"))?;
    let header = DeliveryHeader::decode(descriptor.cmd.clone()).map_err(|error| {
        invalid(&format!(
            "the descriptor is no header of a delivery: {error}"
        ))
    })?;
    AttemptId::try_from(header.attempt).map_err(|error| invalid(&error.to_string()))
}

/// The records and rows of a whole stream, checked against its end.
async fn receive(
    first: FlightData,
    mut stream: Streaming<FlightData>,
    wanted: Wanted,
) -> Result<(Vec<TickerRecord>, Option<Sample>), Status> {
    let (rows_wanted, inputs) = wanted.sample.unwrap_or_default();
    let row_schema = schema(inputs);
    if !Schema::try_from(&first).is_ok_and(|found| found == *row_schema) {
        return Err(invalid("the rows of the delivery have another schema"));
    }
    let no_dictionaries = HashMap::new();
    let mut sample = Sample::new(rows_wanted);
    let mut rows = 0;
    let mut commit = Vec::new();
    let mut end = None;
    while let Some(message) = timeout(SILENCE, stream.message())
        .await
        .map_err(|_| silent())??
    {
        if message.app_metadata.is_empty() {
            let batch =
                flight_data_to_arrow_batch(&message, Arc::clone(&row_schema), &no_dictionaries);
            let batch = batch.map_err(|error| invalid(&format!("rows cannot be read: {error}")))?;
            let batch = from_batch(&batch, inputs).map_err(|error| invalid(&error.to_string()))?;
            rows += batch.len() as u64;
            for row in batch {
                sample.offer(row);
            }
            continue;
        }
        let part = DeliveryPart::decode(message.app_metadata)
            .map_err(|error| invalid(&format!("the metadata is no part of a delivery: {error}")))?;
        match part.part {
            Some(Part::Commit(bytes)) if commit.len() + bytes.len() <= MAX_COMMIT_BYTES => {
                commit.extend_from_slice(&bytes);
            }
            Some(Part::Commit(_)) => {
                return Err(Status::resource_exhausted(format!(
                    "the shard's records are longer than {MAX_COMMIT_BYTES} bytes: look at what its files have quarantined"
                )));
            }
            Some(Part::End(told)) => end = Some(told),
            None => return Err(invalid("a part of a delivery is empty")),
        }
    }
    let end = end.ok_or_else(|| Status::data_loss("the delivery was cut short"))?;
    let whole = DeliveryEnd {
        commit_blake3: blake3::hash(&commit).to_hex().to_string(),
        rows,
    };
    if end != whole {
        return Err(Status::data_loss("the delivery is not what was sent"));
    }
    let records = serde_json::from_slice(&commit)
        .map_err(|error| invalid(&format!("the shard's records cannot be read: {error}")))?;
    Ok((records, wanted.sample.map(|_| sample)))
}

fn silent() -> Status {
    Status::deadline_exceeded("the delivery was silent for too long")
}

fn invalid(message: &str) -> Status {
    Status::invalid_argument(message)
}
