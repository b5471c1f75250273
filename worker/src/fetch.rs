//! Fetching the panel of a tuning over Arrow Flight.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use arrow_flight::flight_service_client::FlightServiceClient;
use arrow_flight::utils::flight_data_to_arrow_batch;
use arrow_flight::{FlightData, FlightDescriptor};
use arrow_schema::Schema;
use futures::{Stream, StreamExt, stream};
use market::panel::PanelRows;
use market::symbol::Symbol;
use model::panel::Panel;
use prost::Message;
use proto::panel_batches::panel_of;
use proto::panel_rows;
use proto::session::AttemptId;
use proto::wire::FetchPanel;
use rayon::ThreadPool;
use tokio::time::timeout;
use tonic::transport::Channel;
use tonic::{Code, Status};

use crate::deliver::is_unwanted;
use crate::panels::Asked;
use crate::pool::on_pool;

/// How long the stream may be silent once it has begun.
const SILENCE: Duration = Duration::from_secs(30);

/// Why there is no panel.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NoPanel {
    /// Nobody waits for the attempt any more.
    Unwanted,
    /// It did not arrive; it can be fetched again while the session lasts.
    Unavailable(String),
    /// It is not the one that was asked for, or cannot be had.
    Failed(String),
}

impl From<Status> for NoPanel {
    fn from(status: Status) -> Self {
        if is_unwanted(&status) {
            return Self::Unwanted;
        }
        let why = status.message().to_owned();
        match status.code() {
            // What tonic makes of a connection that breaks, or of one that says nothing.
            Code::Unavailable
            | Code::Unknown
            | Code::Internal
            | Code::Cancelled
            | Code::DeadlineExceeded => Self::Unavailable(why),
            _ => Self::Failed(why),
        }
    }
}

/// Fetches the panel that an attempt asks for.
///
/// Dropping the future ends the stream.
pub(crate) async fn fetch_panel(
    mut client: FlightServiceClient<Channel>,
    pool: &ThreadPool,
    attempt: &AttemptId,
    asked: &Asked,
) -> Result<Panel, NoPanel> {
    let command = FetchPanel {
        attempt: Some(attempt.into()),
    };
    let descriptor = FlightDescriptor::new_cmd(command.encode_to_vec());
    let question = FlightData::new().with_descriptor(descriptor);
    // The answer begins when it is this worker's turn, however long that takes: while the session lasts the coordinator
    // lives.
    let answer = client.do_exchange(stream::iter([question])).await?;
    let rows = receive(answer.into_inner(), asked).await?;
    let input_names = asked.inputs.clone();
    // Not here, where it would keep heartbeats waiting.
    match on_pool(pool, move || panel_of(input_names, rows)).await {
        Ok(Ok(panel)) => Ok(panel),
        Ok(Err(error)) => Err(NoPanel::Failed(error.to_string())),
        Err(panic) => Err(NoPanel::Failed(format!("it panicked: {panic}"))),
    }
}

/// The rows of a whole stream, as many as were asked for.
async fn receive(
    mut messages: impl Stream<Item = Result<FlightData, Status>> + Unpin,
    asked: &Asked,
) -> Result<BTreeMap<Symbol, PanelRows>, NoPanel> {
    let inputs = asked.inputs.len();
    let schema = panel_rows::schema(inputs);
    let first = next(&mut messages).await?;
    let first = first.ok_or_else(|| failed("the stream is empty"))?;
    if Schema::try_from(&first).ok().as_ref() != Some(&*schema) {
        return Err(failed("the rows have another schema"));
    }
    let mut tickers: BTreeMap<Symbol, PanelRows> = BTreeMap::new();
    let mut count = 0;
    while let Some(message) = next(&mut messages).await? {
        let batch = flight_data_to_arrow_batch(&message, Arc::clone(&schema), &HashMap::new());
        let batch = batch.map_err(|error| failed(&format!("rows cannot be read: {error}")))?;
        count += batch.num_rows() as u64;
        if count > asked.rows {
            return Err(other_count(asked, count));
        }
        let rows = panel_rows::from_batch(&batch, inputs);
        let (symbol, rows) = rows.map_err(|error| failed(&error.to_string()))?;
        let of_ticker = tickers.entry(symbol);
        let with_earlier = of_ticker.and_modify(|earlier| earlier.append(&rows));
        with_earlier.or_insert(rows);
    }
    if count < asked.rows {
        return Err(other_count(asked, count));
    }
    Ok(tickers)
}

async fn next(
    messages: &mut (impl Stream<Item = Result<FlightData, Status>> + Unpin),
) -> Result<Option<FlightData>, NoPanel> {
    let message = timeout(SILENCE, messages.next()).await;
    let silent = || NoPanel::Unavailable("the coordinator was silent for too long".to_owned());
    let message = message.map_err(|_| silent())?;
    message.transpose().map_err(NoPanel::from)
}

fn other_count(asked: &Asked, count: u64) -> NoPanel {
    failed(&format!(
        "{count} rows came where {} were to come",
        asked.rows
    ))
}

fn failed(why: &str) -> NoPanel {
    NoPanel::Failed(why.to_owned())
}

#[cfg(test)]
mod tests {
    use arrow_flight::FlightData;
    use arrow_flight::encode::FlightDataEncoderBuilder;
    use futures::{TryStreamExt, stream};
    use proto::id::RunId;
    use proto::panel_batches::ticker_batch;
    use proto::panel_rows;
    use tonic::Status;

    use super::{NoPanel, receive};
    use crate::invented::{inputs, panel, rows};
    use crate::panels::Asked;

    fn asked(rows: u64, inputs: Vec<String>) -> Asked {
        Asked {
            tuning: RunId::parse("0123456789abcdef-1").unwrap(),
            rows,
            inputs,
        }
    }

    /// What a coordinator answers, in messages of about this many bytes.
    async fn messages(size: usize) -> Vec<Result<FlightData, Status>> {
        let panel = panel();
        let batches: Vec<_> = (0..2).map(|ticker| ticker_batch(&panel, ticker)).collect();
        let batches = batches.into_iter().flatten().map(Ok);
        let encoded = FlightDataEncoderBuilder::new()
            .with_schema(panel_rows::schema(2))
            .with_max_flight_data_size(size)
            .build(stream::iter(batches));
        let messages: Vec<FlightData> = encoded.try_collect().await.unwrap();
        messages.into_iter().map(Ok).collect()
    }

    #[tokio::test]
    async fn the_rows_of_a_ticker_may_come_in_several_messages() {
        for (size, least) in [(16 << 20, 3), (100_000, 6)] {
            let messages = messages(size).await;
            assert!(messages.len() >= least, "{}", messages.len());
            let received = receive(stream::iter(messages), &asked(40_003, inputs())).await;
            assert_eq!(received, Ok(rows()));
        }
    }

    #[tokio::test]
    async fn another_panel_than_the_one_asked_for_is_refused() {
        let refused = async |asked: Asked| {
            let messages = messages(16 << 20).await;
            match receive(stream::iter(messages), &asked).await {
                Err(NoPanel::Failed(why)) => why,
                other => panic!("{other:?}"),
            }
        };
        let more = refused(asked(40_004, inputs())).await;
        assert_eq!(more, "40003 rows came where 40004 were to come");
        let fewer = refused(asked(3, inputs())).await;
        assert_eq!(fewer, "40003 rows came where 3 were to come");
        let inputs = refused(asked(40_003, vec!["x".to_owned()])).await;
        assert_eq!(inputs, "the rows have another schema");
    }

    #[tokio::test]
    async fn a_stream_that_breaks_off_says_why() {
        let mut broken = messages(16 << 20).await;
        broken.truncate(2);
        broken.push(Err(Status::unknown("gone")));
        let received = receive(stream::iter(broken), &asked(40_003, inputs())).await;
        assert_eq!(received, Err(NoPanel::Unavailable("gone".to_owned())));
        let refused = [Err(Status::aborted("nobody waits"))];
        let received = receive(stream::iter(refused), &asked(40_003, inputs())).await;
        assert_eq!(received, Err(NoPanel::Unwanted));
        let received = receive(stream::iter([]), &asked(0, inputs())).await;
        assert_eq!(
            received,
            Err(NoPanel::Failed("the stream is empty".to_owned()))
        );
    }
}
