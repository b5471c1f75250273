//! Taking in what workers deliver: a shard's records, and the rows that models learn from.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_flight::utils::flight_data_to_arrow_batch;
use arrow_flight::{FlightData, PutResult};
use arrow_schema::{Schema, SchemaRef};
use market::rows::ModelRows;
use prost::Message;
use proto::panel_rows;
use proto::record::TickerRecord;
use proto::sampled_rows;
use proto::wire::delivery_part::Part;
use proto::wire::{DeliveryEnd, DeliveryHeader, DeliveryPart, DeliveryReceipt};
use tokio::sync::Semaphore;
use tonic::{Status, Streaming};

use super::attempts::{begin, next_message, unwanted, whose};
use crate::actor::MembersDesk;
use crate::remote::Wanted;

/// Deliveries at a time; who comes then waits, and with it the worker's slot.
const MAX_DELIVERIES: usize = 8;
/// The longest commit of a shard, in bytes. Its quarantined rows are most of it, and limits stop a run with many.
const MAX_COMMIT_BYTES: usize = 64 << 20;
/// No row of a price file is shorter, in bytes: a date, six numbers and what parts them.
const LEAST_ROW_BYTES: u64 = 20;
/// What a stream is called.
const DELIVERY: &str = "the delivery";

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
        let (first, header) = begin::<DeliveryHeader>(&mut stream, DELIVERY).await?;
        let (attempt, worker) = whose(&self.members, header.attempt).await?;
        let wanted = worker.wanted(&attempt).map_err(unwanted)?;
        let turn = self.turns.acquire().await;
        let turn = turn.expect("the semaphore is not closed");
        let (records, rows) = receive(first, stream, wanted).await?;
        let committed = worker.deliver(&attempt, records, rows).map_err(unwanted)?;
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

/// The records and rows of a whole stream, checked against its end.
async fn receive(
    first: FlightData,
    mut stream: Streaming<FlightData>,
    wanted: Wanted,
) -> Result<(Vec<TickerRecord>, ModelRows), Status> {
    let mut taking = Taking::begin(&first, wanted)?;
    let mut commit = Vec::new();
    let mut end = None;
    while let Some(message) = next_message(&mut stream, DELIVERY).await? {
        if message.app_metadata.is_empty() {
            taking.take(&message)?;
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
    let (rows, count) = taking.end()?;
    let whole = DeliveryEnd {
        commit_blake3: blake3::hash(&commit).to_hex().to_string(),
        rows: count,
    };
    if end != whole {
        return Err(Status::data_loss("the delivery is not what was sent"));
    }
    let records = serde_json::from_slice(&commit)
        .map_err(|error| invalid(&format!("the shard's records cannot be read: {error}")))?;
    Ok((records, rows))
}

/// The rows of a delivery as they come: sampled ones, then those of a panel.
struct Taking {
    wanted: Wanted,
    rows: ModelRows,
    count: u64,
    /// How many of them are of the panel.
    panel_count: u64,
    schema: SchemaRef,
    /// Whether the rows of the panel have begun.
    in_panel: bool,
}

impl Taking {
    /// Reads the first message, the schema of sampled rows.
    fn begin(first: &FlightData, wanted: Wanted) -> Result<Self, Status> {
        let taking = Self {
            rows: ModelRows::new(&wanted.rows),
            schema: sampled_rows::schema(sample_inputs(&wanted)),
            count: 0,
            panel_count: 0,
            in_panel: false,
            wanted,
        };
        taking.check_schema(Schema::try_from(first).ok().as_ref())?;
        Ok(taking)
    }

    /// Takes a batch in, or the schema that the panel begins with.
    fn take(&mut self, message: &FlightData) -> Result<(), Status> {
        if let Ok(schema) = Schema::try_from(message) {
            let panel = self.wanted.rows.panel.as_ref().filter(|_| !self.in_panel);
            let panel = panel.ok_or_else(|| invalid("the delivery has rows of no use"))?;
            self.schema = panel_rows::schema(panel.schema.features().len());
            self.in_panel = true;
            return self.check_schema(Some(&schema));
        }
        let batch = flight_data_to_arrow_batch(message, Arc::clone(&self.schema), &HashMap::new());
        let batch = batch.map_err(|error| invalid(&format!("rows cannot be read: {error}")))?;
        self.count += batch.num_rows() as u64;
        if !self.in_panel {
            let rows = sampled_rows::from_batch(&batch, sample_inputs(&self.wanted));
            for row in rows.map_err(|error| invalid(&error.to_string()))? {
                self.rows.sample.offer(row);
            }
            return Ok(());
        }
        self.panel_count += batch.num_rows() as u64;
        if self.panel_count > self.wanted.input_bytes / LEAST_ROW_BYTES {
            return Err(invalid("the delivery has more rows than its price files"));
        }
        let inputs = self.schema.fields().len() - panel_rows::FIXED_COLUMNS;
        let rows = panel_rows::from_batch(&batch, inputs);
        let (symbol, rows) = rows.map_err(|error| invalid(&error.to_string()))?;
        if !self.wanted.symbols.contains(&symbol) {
            return Err(invalid(
                "the delivery has rows of a ticker of another shard",
            ));
        }
        let of_ticker = self.rows.panel.entry(symbol);
        let with_earlier = of_ticker.and_modify(|earlier| earlier.append(&rows));
        with_earlier.or_insert(rows);
        Ok(())
    }

    /// All rows, and how many they are; an error where the panel is missing.
    fn end(self) -> Result<(ModelRows, u64), Status> {
        if self.wanted.rows.panel.is_some() && !self.in_panel {
            return Err(invalid("the delivery lacks the rows of the panel"));
        }
        Ok((self.rows, self.count))
    }

    fn check_schema(&self, found: Option<&Schema>) -> Result<(), Status> {
        if found == Some(&*self.schema) {
            return Ok(());
        }
        Err(invalid("the rows of the delivery have another schema"))
    }
}

fn sample_inputs(wanted: &Wanted) -> usize {
    let sample = wanted.rows.sample.as_ref();
    sample.map_or(0, |request| request.inputs.len())
}

fn invalid(message: &str) -> Status {
    Status::invalid_argument(message)
}
