//! How many workers are wanted, as KEDA asks: it follows the shards of the run that goes on.

use std::sync::Arc;
use std::time::Duration;

use proto::wire::scaler::external_scaler_server::ExternalScaler;
use proto::wire::scaler::{
    GetMetricSpecResponse, GetMetricsRequest, GetMetricsResponse, IsActiveResponse, MetricSpec,
    MetricValue, ScaledObjectRef,
};
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use crate::metrics::Metrics;

/// The number that replicas follow.
const METRIC: &str = "tickermill_shards";
/// The key of a trigger's metadata that says how many shards are for one worker.
const SHARDS_PER_WORKER: &str = "shardsPerWorker";
/// Where it is not said: one in hand and one to follow.
const DEFAULT_SHARDS_PER_WORKER: i64 = 2;
/// How often who follows is told of a change, at most.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Changes that may wait for who follows.
const CHANGES: usize = 4;

/// Answers KEDA.
pub(super) struct ScalerService {
    pub(super) metrics: Arc<Metrics>,
}

impl ScalerService {
    /// Shards that are not committed; at least one for each run that goes on or waits, whose shards may not be known yet.
    fn shards(metrics: &Metrics) -> u64 {
        let demand = metrics.demand();
        (demand.pending + demand.running).max(demand.runs)
    }
}

#[tonic::async_trait]
impl ExternalScaler for ScalerService {
    type StreamIsActiveStream = ReceiverStream<Result<IsActiveResponse, Status>>;

    async fn is_active(
        &self,
        _: Request<ScaledObjectRef>,
    ) -> Result<Response<IsActiveResponse>, Status> {
        let result = Self::shards(&self.metrics) > 0;
        Ok(Response::new(IsActiveResponse { result }))
    }

    async fn stream_is_active(
        &self,
        _: Request<ScaledObjectRef>,
    ) -> Result<Response<Self::StreamIsActiveStream>, Status> {
        let (changes, told) = mpsc::channel(CHANGES);
        let metrics = Arc::clone(&self.metrics);
        tokio::spawn(async move {
            let mut looks = interval(LOOK_EVERY);
            looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            let mut before = None;
            loop {
                tokio::select! {
                    _ = looks.tick() => {}
                    () = changes.closed() => return,
                }
                let result = Self::shards(&metrics) > 0;
                if before == Some(result) {
                    continue;
                }
                if changes.send(Ok(IsActiveResponse { result })).await.is_err() {
                    return;
                }
                before = Some(result);
            }
        });
        Ok(Response::new(ReceiverStream::new(told)))
    }

    async fn get_metric_spec(
        &self,
        request: Request<ScaledObjectRef>,
    ) -> Result<Response<GetMetricSpecResponse>, Status> {
        let metadata = request.into_inner().scaler_metadata;
        let target_size = shards_per_worker(metadata.get(SHARDS_PER_WORKER).map(String::as_str))?;
        let spec = MetricSpec {
            metric_name: METRIC.to_owned(),
            target_size,
            target_size_float: target_size as f64,
        };
        Ok(Response::new(GetMetricSpecResponse {
            metric_specs: vec![spec],
        }))
    }

    async fn get_metrics(
        &self,
        request: Request<GetMetricsRequest>,
    ) -> Result<Response<GetMetricsResponse>, Status> {
        let name = request.into_inner().metric_name;
        // KEDA puts the place of the trigger before the name in some calls.
        if !name.is_empty() && !name.ends_with(METRIC) {
            let message = format!("there is no number `{name}`: there is `{METRIC}`");
            return Err(Status::invalid_argument(message));
        }
        let shards = Self::shards(&self.metrics);
        let value = MetricValue {
            metric_name: METRIC.to_owned(),
            metric_value: shards as i64,
            metric_value_float: shards as f64,
        };
        Ok(Response::new(GetMetricsResponse {
            metric_values: vec![value],
        }))
    }
}

fn shards_per_worker(text: Option<&str>) -> Result<i64, Status> {
    let Some(text) = text else {
        return Ok(DEFAULT_SHARDS_PER_WORKER);
    };
    let number = text
        .parse()
        .ok()
        .filter(|number| (1..=1_000_000).contains(number));
    number.ok_or_else(|| {
        Status::invalid_argument(format!(
            "`{SHARDS_PER_WORKER}` is a whole number from 1 to 1000000, not `{text}`"
        ))
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::Arc;

    use proto::event::RunEvent;
    use proto::id::{RunId, ShardId, WorkerId};
    use proto::wire::scaler::external_scaler_server::ExternalScaler;
    use proto::wire::scaler::{GetMetricsRequest, ScaledObjectRef};
    use tokio_stream::StreamExt;
    use tonic::{Code, Request};

    use super::ScalerService;
    use crate::metrics::Metrics;

    fn scaler() -> (ScalerService, Arc<Metrics>) {
        let metrics = Arc::new(Metrics::new());
        let scaler = ScalerService {
            metrics: Arc::clone(&metrics),
        };
        (scaler, metrics)
    }

    fn object(metadata: &[(&str, &str)]) -> Request<ScaledObjectRef> {
        let metadata = metadata
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        Request::new(ScaledObjectRef {
            name: "worker".to_owned(),
            namespace: "tickermill".to_owned(),
            scaler_metadata: metadata.collect::<HashMap<_, _>>(),
        })
    }

    async fn shards(scaler: &ScalerService) -> i64 {
        let request = Request::new(GetMetricsRequest {
            scaled_object_ref: None,
            metric_name: "s0-tickermill_shards".to_owned(),
        });
        let answer = scaler.get_metrics(request).await.unwrap().into_inner();
        answer.metric_values[0].metric_value
    }

    #[tokio::test]
    async fn workers_are_wanted_for_what_is_not_committed_and_for_runs_that_are_not_planned_yet() {
        let (scaler, metrics) = scaler();
        assert_eq!(shards(&scaler).await, 0);
        metrics.set_runs(1, 1);
        assert_eq!(shards(&scaler).await, 2);
        metrics.told(&RunEvent::Planned {
            run: RunId::parse(&format!("{}-1", "0".repeat(16))).unwrap(),
            to_compute: 9,
            to_carry: 0,
            done_before: 0,
            shards: 5,
        });
        assert_eq!(shards(&scaler).await, 5);
        let (shard, worker) = (ShardId(0), WorkerId("w/1".to_owned()));
        metrics.told(&RunEvent::ShardGiven {
            shard,
            attempt: 1,
            worker: worker.clone(),
            copy: false,
        });
        assert_eq!(shards(&scaler).await, 5);
        metrics.told(&RunEvent::ShardCommitted {
            shard,
            attempt: 1,
            worker,
        });
        assert_eq!(shards(&scaler).await, 4);
        let active = scaler.is_active(object(&[])).await.unwrap().into_inner();
        assert!(active.result);
        metrics.set_runs(0, 0);
        assert_eq!(
            shards(&scaler).await,
            0,
            "a run that failed leaves nothing to do"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn who_follows_is_told_at_once_and_of_each_change() {
        let (scaler, metrics) = scaler();
        let stream = scaler.stream_is_active(object(&[])).await.unwrap();
        let mut stream = stream.into_inner();
        assert!(!stream.next().await.unwrap().unwrap().result);
        metrics.set_runs(1, 0);
        assert!(stream.next().await.unwrap().unwrap().result);
        metrics.set_runs(0, 0);
        assert!(!stream.next().await.unwrap().unwrap().result);
    }

    #[tokio::test]
    async fn the_trigger_says_how_many_shards_are_for_one_worker() {
        let (scaler, _) = scaler();
        for (metadata, expected) in [(&[][..], 2), (&[("shardsPerWorker", "7")][..], 7)] {
            let spec = scaler.get_metric_spec(object(metadata)).await.unwrap();
            let spec = &spec.into_inner().metric_specs[0];
            assert_eq!(spec.metric_name, "tickermill_shards");
            assert_eq!(spec.target_size, expected);
        }
        for bad in ["0", "-1", "many", ""] {
            let refused = scaler
                .get_metric_spec(object(&[("shardsPerWorker", bad)]))
                .await;
            assert_eq!(refused.unwrap_err().code(), Code::InvalidArgument, "{bad}");
        }
    }
}
