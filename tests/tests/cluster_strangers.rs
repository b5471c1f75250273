//! What does not belong to the cluster is refused with a clear status, and its run goes on unharmed.

use prost::Message;
use proto::wire::{Attempt, DeliveryHeader, FetchPanel, Hello, SubmitRequest};
use tickermill_tests::cluster::Cluster;
use tickermill_tests::daemon::Daemon;
use tickermill_tests::reference::small;
use tickermill_tests::stranger::{
    refusal_of_delivery, refusal_of_exchange, refusal_of_hello, refusal_of_submission,
    refusal_of_ticket, send_bytes,
};
use tonic::Code;

/// Far above every limit.
const TOO_LARGE: usize = 48 << 20;

/// A run that is held amid its features until the gate named `gate` is opened.
fn run_under_way() -> (Cluster, Daemon) {
    let mut cluster = Cluster::of(small);
    let gate = cluster.gate("gate");
    cluster.start_coordinator("");
    cluster.start_worker("w1", 1, &format!("mid-shard#5={}", gate.hold()));
    let run = cluster.submit();
    cluster.worker("w1").wait_for("fault at mid-shard");
    (cluster, run)
}

fn go_on(cluster: &Cluster, run: Daemon) {
    cluster.gate("gate").open();
    cluster.expect_same(run);
}

fn hello() -> Hello {
    Hello {
        protocol: proto::version::PROTOCOL_VERSION,
        build: "another".to_owned(),
        name: "stranger".to_owned(),
        slots: 1,
    }
}

#[test]
fn a_worker_of_another_build_or_protocol_is_refused() {
    let (cluster, run) = run_under_way();
    let other_build = refusal_of_hello(cluster.address(), hello());
    assert_eq!(
        other_build.code(),
        Code::FailedPrecondition,
        "{other_build}"
    );
    assert!(other_build.message().contains("another"), "{other_build}");
    let other_protocol = Hello {
        protocol: u32::MAX,
        ..hello()
    };
    let other_protocol = refusal_of_hello(cluster.address(), other_protocol);
    assert_eq!(
        other_protocol.code(),
        Code::FailedPrecondition,
        "{other_protocol}"
    );
    assert!(other_protocol.message().contains(&u32::MAX.to_string()));
    let submission = SubmitRequest {
        protocol: u32::MAX,
        ..SubmitRequest::default()
    };
    let submission = refusal_of_submission(cluster.address(), submission);
    assert_eq!(submission.code(), Code::FailedPrecondition, "{submission}");
    go_on(&cluster, run);
}

#[test]
fn messages_beyond_every_limit_are_refused() {
    let (cluster, run) = run_under_way();
    let limits = [
        Code::OutOfRange,
        Code::ResourceExhausted,
        Code::InvalidArgument,
    ];
    let large = "x".repeat(TOO_LARGE);
    let address = cluster.address();
    let named = Hello {
        name: large.clone(),
        ..hello()
    };
    let asked = SubmitRequest {
        request: large.clone(),
        ..SubmitRequest::default()
    };
    for refused in [
        refusal_of_hello(address, named),
        refusal_of_submission(address, asked),
        refusal_of_ticket(address, large.clone()),
        refusal_of_delivery(address, "", large.clone()),
    ] {
        assert!(limits.contains(&refused.code()), "{refused}");
    }
    go_on(&cluster, run);
}

#[test]
fn tickets_deliveries_and_exchanges_that_were_made_up_are_refused() {
    let (cluster, run) = run_under_way();
    let address = cluster.address();
    for ticket in [
        &b""[..],
        b"made up",
        b"\xff\xfe\x00",
        b"{\"run\":\"../..\"}",
    ] {
        let refused = refusal_of_ticket(address, ticket);
        let clear = [Code::InvalidArgument, Code::NotFound];
        assert!(clear.contains(&refused.code()), "{ticket:?}: {refused}");
    }
    let attempt = Some(Attempt {
        epoch: 1,
        incarnation: 1_000_000,
        run: cluster.workplace.runs().concat(),
        shard: 0,
        attempt: 1,
    });
    let of_nobody = DeliveryHeader {
        attempt: attempt.clone(),
    };
    let refused = refusal_of_delivery(address, of_nobody.encode_to_vec(), "");
    assert_eq!(refused.code(), Code::FailedPrecondition, "{refused}");
    let of_nobody = FetchPanel { attempt };
    let refused = refusal_of_exchange(address, of_nobody.encode_to_vec());
    assert_eq!(refused.code(), Code::FailedPrecondition, "{refused}");
    let empty = DeliveryHeader::default().encode_to_vec();
    for command in [&b"made up"[..], &empty] {
        let refused = refusal_of_delivery(address, command, "");
        let clear = [Code::InvalidArgument, Code::FailedPrecondition];
        assert!(clear.contains(&refused.code()), "{command:?}: {refused}");
        let refused = refusal_of_exchange(address, command);
        assert_eq!(refused.code(), Code::InvalidArgument, "{refused}");
    }
    go_on(&cluster, run);
}

#[test]
fn a_stranger_cannot_deliver_in_anothers_name_twice_or_early() {
    let (cluster, run) = run_under_way();
    let attempt = Attempt {
        epoch: 1,
        incarnation: 1,
        run: cluster.workplace.runs().concat(),
        shard: 0,
        attempt: 1,
    };
    // The attempt may be one that is waited for, but what comes for it has no end and no rows.
    let header = DeliveryHeader {
        attempt: Some(attempt.clone()),
    };
    refusal_of_delivery(cluster.address(), header.encode_to_vec(), "");
    // It is of a run, and so has no panel.
    let command = FetchPanel {
        attempt: Some(attempt),
    };
    let refused = refusal_of_exchange(cluster.address(), command.encode_to_vec());
    assert_eq!(refused.code(), Code::Aborted, "{refused}");
    go_on(&cluster, run);
}

#[test]
fn bytes_that_make_no_sense_harm_nobody() {
    let (cluster, run) = run_under_way();
    for bytes in [
        &b""[..],
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nthen nothing that makes sense",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        &vec![0; 70_000],
    ] {
        send_bytes(cluster.address(), bytes);
    }
    go_on(&cluster, run);
}
