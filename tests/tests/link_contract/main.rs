//! What a coordinator may rely on, whoever computes: one suite for a worker in its own process and for one over gRPC.

#![expect(
    clippy::unwrap_used,
    reason = "what is not there fails the test, in its helpers too"
)]

mod bench;
mod shards;
mod trials;

use tokio::task::LocalSet;

use bench::{Bench, in_process, over_grpc};

async fn check_all(bench: &Bench) {
    assert_eq!(bench.link.slots(), 1);
    shards::check_results(bench).await;
    shards::check_giving_up(bench).await;
    shards::check_other_bytes(bench).await;
    shards::check_changed_input(bench).await;
    trials::check_results(bench).await;
    trials::check_another_tuning(bench).await;
    trials::check_giving_up(bench).await;
    trials::check_no_such_fold(bench).await;
}

#[tokio::test]
async fn a_worker_in_this_process_keeps_the_contract() {
    check_all(&in_process()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_over_grpc_keeps_the_contract() {
    let checks = async { check_all(&over_grpc().await).await };
    LocalSet::new().run_until(checks).await;
}
