//! Features over Arrow Flight, to any client: what there is, and its rows.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow_flight::encode::FlightDataEncoderBuilder;
use arrow_flight::error::FlightError;
use arrow_flight::flight_descriptor::DescriptorType;
use arrow_flight::{
    Criteria, FlightData, FlightDescriptor, FlightEndpoint, FlightInfo, SchemaResult, Ticket,
};
use arrow_schema::ArrowError;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use market::store::Store;
use proto::query::{FeatureQuery, QueryError, RunChoice};
use tokio::sync::Semaphore;
use tonic::Status;

use output::document::DocumentError;
use output::reading::{CompletedRun, CompletedRuns, ReadError, Selection, batches};

/// About the longest message, in bytes.
const MAX_MESSAGE_BYTES: usize = 1 << 20;

/// Streams of rows at a time. Each has a file, its decoded columns and a message in memory, however slowly it is taken.
const MAX_READERS: usize = 16;

/// The longest text of a status, in bytes: it travels in a header, and clients take no long ones.
const MAX_STATUS_BYTES: usize = 1_000;

/// The reading half of the coordinator's Flight service.
///
/// A descriptor is the path `[RUN]` or `[RUN, SYMBOL]`, or as a command the JSON of a [`FeatureQuery`]; a ticket is that
/// JSON, and clients may write their own. `RUN` is the id of a completed run, or `latest`.
#[derive(Debug)]
pub struct FlightReads {
    runs: Arc<CompletedRuns>,
    readers: Arc<Semaphore>,
    rows_decoded: Arc<AtomicU64>,
}

impl FlightReads {
    /// Reads the completed runs of `out`. Nothing is read yet.
    pub fn new(out: Store) -> Self {
        Self {
            runs: Arc::new(CompletedRuns::new(out)),
            readers: Arc::new(Semaphore::new(MAX_READERS)),
            rows_decoded: Arc::default(),
        }
    }

    /// Rows decoded for readers so far, whether or not they were taken.
    pub fn rows_decoded(&self) -> u64 {
        self.rows_decoded.load(Ordering::Relaxed)
    }

    /// Without criteria a flight for each completed run, the newest first; with a run as criteria one for each of its
    /// symbols, in their order.
    ///
    /// Runs are read while the list is taken. One that is dropped meanwhile is left out.
    pub async fn list_flights(
        &self,
        criteria: Criteria,
    ) -> Result<BoxStream<'static, Result<FlightInfo, Status>>, Status> {
        if criteria.expression.is_empty() {
            let found = self.runs.newest_first().await;
            let ids = found.map_err(|error| status_of(&error))?;
            let runs = Arc::clone(&self.runs);
            let flights = stream::iter(ids).filter_map(move |run| {
                let runs = Arc::clone(&runs);
                async move {
                    match runs.read(&run).await {
                        Ok(run) => Some(flight_of_run(run)),
                        Err(ReadError::NoSuchRun { .. }) => None,
                        Err(error) => Some(Err(status_of(&error))),
                    }
                }
            });
            return Ok(flights.boxed());
        }
        let expected = "criteria are the id of a run, or `latest`; without any, runs are listed";
        let choice = std::str::from_utf8(&criteria.expression).map_err(|_| invalid(expected))?;
        let choice = RunChoice::parse(choice);
        let choice = choice.map_err(|error| invalid(format!("{error}: {expected}")))?;
        let found = self.runs.get(&choice).await;
        let run = found.map_err(|error| status_of(&error))?;
        let places = 0..run.files.len();
        let flights = places.map(move |place| flight_of_symbol(&run, place));
        Ok(stream::iter(flights).boxed())
    }

    /// The schema, the ticket and, where they are known without reading, the rows and bytes of what is described. The
    /// ticket names the run by its id.
    pub async fn get_flight_info(
        &self,
        descriptor: FlightDescriptor,
    ) -> Result<FlightInfo, Status> {
        let selection = self.select(query_of(&descriptor)?).await?;
        flight_of(&selection, descriptor)
    }

    /// The schema of what is described.
    pub async fn get_schema(&self, descriptor: FlightDescriptor) -> Result<SchemaResult, Status> {
        let selection = self.select(query_of(&descriptor)?).await?;
        // A flight has its schema in the same form.
        let schema = flight_of(&selection, descriptor)?.schema;
        Ok(SchemaResult { schema })
    }

    /// The rows that a ticket asks for, by symbol and date. Nothing is read before the client takes what was read
    /// before it. At most sixteen such streams are served at a time.
    pub async fn do_get(
        &self,
        ticket: Ticket,
    ) -> Result<BoxStream<'static, Result<FlightData, Status>>, Status> {
        let query = FeatureQuery::from_json(&ticket.ticket).map_err(|error| bad_query(&error))?;
        let selection = self.select(query).await?;
        let Ok(reader) = Arc::clone(&self.readers).try_acquire_owned() else {
            return Err(Status::resource_exhausted(format!(
                "{MAX_READERS} readers are served already: try again when one is done"
            )));
        };
        let schema = Arc::clone(selection.schema());
        let rows = batches(
            self.runs.store().clone(),
            selection,
            Arc::clone(&self.rows_decoded),
        );
        let rows = rows.map(move |batch| {
            let _until_the_stream_is_dropped = &reader;
            batch.map_err(|error| FlightError::from(status_of(&error)))
        });
        let messages = FlightDataEncoderBuilder::new()
            .with_schema(schema)
            .with_max_flight_data_size(MAX_MESSAGE_BYTES)
            .build(rows);
        Ok(messages
            .map(|message| message.map_err(Status::from))
            .boxed())
    }

    async fn select(&self, query: FeatureQuery) -> Result<Selection, Status> {
        let found = self.runs.get(&query.run).await;
        let selection = found.and_then(|run| Selection::of(run, query));
        selection.map_err(|error| status_of(&error))
    }
}

fn query_of(descriptor: &FlightDescriptor) -> Result<FeatureQuery, Status> {
    let query = match DescriptorType::try_from(descriptor.r#type) {
        Ok(DescriptorType::Path) => FeatureQuery::from_path(&descriptor.path),
        Ok(DescriptorType::Cmd) => FeatureQuery::from_json(&descriptor.cmd),
        _ => {
            return Err(invalid(
                "a descriptor is a path, [RUN] or [RUN, SYMBOL], or a command, the JSON of a query",
            ));
        }
    };
    query.map_err(|error| bad_query(&error))
}

fn flight_of_run(run: CompletedRun) -> Result<FlightInfo, Status> {
    let descriptor = FlightDescriptor::new_path(vec![run.run.to_string()]);
    let query = FeatureQuery::of_run(RunChoice::Run(run.run.clone()));
    let selection = Selection::of(Arc::new(run), query).map_err(|error| status_of(&error))?;
    flight_of(&selection, descriptor)
}

fn flight_of_symbol(run: &Arc<CompletedRun>, place: usize) -> Result<FlightInfo, Status> {
    let symbol = run.files[place].symbol.clone();
    let path = vec![run.run.to_string(), symbol.to_string()];
    let mut query = FeatureQuery::of_run(RunChoice::Run(run.run.clone()));
    query.symbols.push(symbol);
    let selection = Selection::of(Arc::clone(run), query).map_err(|error| status_of(&error))?;
    flight_of(&selection, FlightDescriptor::new_path(path))
}

/// A flight of one endpoint without a location: its ticket is for the service that was asked.
fn flight_of(selection: &Selection, descriptor: FlightDescriptor) -> Result<FlightInfo, Status> {
    let ticket = Ticket::new(selection.query().to_json());
    let known = |total: Option<u64>| total.map_or(-1, |total| total as i64);
    Ok(FlightInfo::new()
        .try_with_schema(selection.schema())
        .map_err(unencodable)?
        .with_descriptor(descriptor)
        .with_endpoint(FlightEndpoint::new().with_ticket(ticket))
        .with_ordered(true)
        .with_total_records(known(selection.total_rows()))
        .with_total_bytes(known(selection.total_bytes())))
}

fn bad_query(error: &QueryError) -> Status {
    invalid(error.to_string())
}

fn invalid(message: impl Into<String>) -> Status {
    Status::invalid_argument(shortened(message.into()))
}

#[expect(clippy::needless_pass_by_value, reason = "the form of map_err")]
fn unencodable(error: ArrowError) -> Status {
    Status::internal(shortened(format!("the schema cannot be sent: {error}")))
}

/// What a reader is told of an error.
fn status_of(error: &ReadError) -> Status {
    let message = shortened(error.to_string());
    match error {
        ReadError::ColumnTwice { .. } | ReadError::DatesReversed { .. } => {
            Status::invalid_argument(message)
        }
        ReadError::NoCompletedRun { .. }
        | ReadError::NoSuchRun { .. }
        | ReadError::NoSuchSymbol { .. }
        | ReadError::NoSuchColumn { .. } => Status::not_found(message),
        ReadError::NotCompleted { .. } => Status::failed_precondition(message),
        ReadError::Run(DocumentError::Store(_)) => Status::unavailable(message),
        ReadError::Run(_)
        | ReadError::Incomplete { .. }
        | ReadError::MissingFile { .. }
        | ReadError::OtherDigest { .. }
        | ReadError::Undecodable { .. } => {
            tracing::error!("{error}");
            Status::data_loss(message)
        }
        ReadError::Broken { .. } => {
            tracing::error!("{error}");
            Status::internal(message)
        }
    }
}

/// The text, cut where it would be too long for a header: it may hold what the client sent.
fn shortened(mut text: String) -> String {
    if text.len() > MAX_STATUS_BYTES {
        text.truncate(text.floor_char_boundary(MAX_STATUS_BYTES));
        text.push('…');
    }
    text
}
