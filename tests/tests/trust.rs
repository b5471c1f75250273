//! Who may talk to whom: certificates with roles, tokens, and what happens without them.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use arrow_flight::flight_service_client::FlightServiceClient;
use arrow_flight::{Criteria, FlightData};
use proto::dial::{Authorize, endpoint};
use proto::wire::scaler::external_scaler_client::ExternalScalerClient;
use proto::wire::scaler::{GetMetricsRequest, ScaledObjectRef};
use rustls::pki_types::ServerName;
use rustls::{ClientConnection, StreamOwned};
use tickermill_tests::cluster::Cluster;
use tickermill_tests::credentials::{give, reissued, trust};
use tickermill_tests::daemon::Daemon;
use tickermill_tests::journal::{DEADLINE, Journal};
use tickermill_tests::reference::small;
use tickermill_tests::tickermill::{self, Ended};
use tickermill_tests::workplace::Workplace;
use tonic::Code;
use trust::Trust;

const GOOD_TOKEN: &str = "0123456789abcdef0123456789abcdef";
const BAD_TOKEN: &str = "fedcba9876543210fedcba9876543210";
/// Some day long ago, and one in the distant future, in days since 1970-01-01.
const LONG_AGO: i64 = 15_000;
const DISTANT: i64 = 40_000;

/// The folder of an authority and its certificates, by the command that makes them.
fn certs(workplace: &Workplace) -> PathBuf {
    workplace
        .run("certs certs --name coordinator.example")
        .expect_exit(0);
    workplace.path("certs")
}

fn token_file(workplace: &Workplace, token: &str) -> PathBuf {
    let path = workplace.path(&format!("token-{}", &token[..4]));
    fs::write(&path, token).expect("the folder is ours");
    path
}

/// A cluster that is encrypted, whose coordinator takes the good token too.
fn encrypted() -> (Cluster, PathBuf) {
    let cluster = Cluster::of(small);
    let certs = certs(&cluster.workplace);
    let token = token_file(&cluster.workplace, GOOD_TOKEN);
    let mut cluster = cluster.encrypted(certs.clone()).with_tokens(token);
    cluster.start_coordinator("");
    assert!(cluster.address().starts_with("https://"));
    (cluster, certs)
}

#[test]
fn an_encrypted_cluster_comes_to_the_same() {
    let (mut cluster, _) = encrypted();
    cluster.start_worker("w1", 1, "");
    let run = cluster.submit();
    cluster.expect_same(run);
    cluster.ask("runs").expect_exit(0);
}

/// `runs` with nothing but what `prepare` gives it.
fn runs(cluster: &Cluster, url: &str, prepare: impl FnOnce(&mut Command)) -> Ended {
    let arguments = format!("runs --coordinator {url}");
    let mut command = tickermill::command(cluster.workplace.folder(), &arguments);
    prepare(&mut command);
    tickermill::run(&mut command)
}

#[test]
fn clients_without_the_right_credentials_are_refused_and_change_nothing() {
    let (cluster, certs) = encrypted();
    let place = &cluster.workplace;
    let (good, bad) = (token_file(place, GOOD_TOKEN), token_file(place, BAD_TOKEN));
    let expired = reissued(&certs, place.path("expired"), LONG_AGO);
    let early = reissued(&certs, place.path("early"), DISTANT);
    place.run("certs other").expect_exit(0);
    let other = place.path("other");
    let url = cluster.address().to_owned();
    let runs = |certs: &Path, role: Option<&str>, token: Option<&Path>| {
        runs(&cluster, &url, |command| {
            give(command, certs, role);
            if let Some(token) = token {
                command.env("TICKERMILL__AUTH__TOKENS", token);
            }
        })
    };
    runs(&certs, Some("client"), None).expect_exit(0);
    runs(&certs, None, Some(&good)).expect_exit(0);
    for role in ["worker", "predictor", "coordinator", "scaler"] {
        let refused = runs(&certs, Some(role), None).expect_exit(1);
        let told = format!("a certificate of the role `{role}` may not ask this");
        refused.expect_one_error(&[&told, "role client"]);
        // A token is worth a client's certificate, whatever else is shown.
        runs(&certs, Some(role), Some(&good)).expect_exit(0);
    }
    let nothing = runs(&certs, None, None).expect_exit(1);
    nothing.expect_one_error(&["needs a certificate of the role client", "Bearer"]);
    for role in [None, Some("client")] {
        let wrong = runs(&certs, role, Some(&bad)).expect_exit(1);
        wrong.expect_one_error(&["the token is not one of those"]);
    }
    for unfit in [&expired, &early] {
        let refused = runs(unfit, Some("client"), None).expect_exit(1);
        refused.expect_one_error(&["cannot reach the coordinator"]);
    }
    // The coordinator is not trusted by who knows another authority, nor is a certificate of that by the coordinator.
    runs(&other, Some("client"), None).expect_exit(1);
    fs::copy(certs.join("ca.pem"), other.join("ca.pem")).unwrap();
    runs(&other, Some("client"), None).expect_exit(1);
    let plain = url.replace("https", "http");
    self::runs(&cluster, &plain, |_| {}).expect_exit(1);

    let submission = |certs: &Path, role: &str| {
        let data = small().data.display();
        let arguments = format!("run --coordinator {url} --data {data}");
        let mut command = tickermill::command(place.folder(), &arguments);
        give(&mut command, certs, Some(role));
        tickermill::run(&mut command)
    };
    submission(&certs, "worker").expect_exit(1);
    // It is not waited for, as a coordinator that goes away is.
    let refused = submission(&expired, "client").expect_exit(1);
    refused.expect_one_error(&["cannot reach the coordinator"]);
    assert!(!cluster.out().join("runs").exists(), "nothing was begun");
    let listed = runs(&certs, Some("client"), None).expect_exit(0);
    assert!(
        listed.stderr.contains("there are no runs"),
        "{}",
        listed.stderr
    );
}

#[test]
fn workers_without_the_right_credentials_are_not_taken_in() {
    let (mut cluster, certs) = encrypted();
    let expired = reissued(&certs, cluster.workplace.path("expired"), LONG_AGO);
    let good = token_file(&cluster.workplace, GOOD_TOKEN);
    let worker = |certs: &Path, role: Option<&str>, token: Option<&Path>| {
        let arguments = format!("worker --coordinator {} --slots 1", cluster.address());
        let mut command = tickermill::command(cluster.workplace.folder(), &arguments);
        give(&mut command, certs, role);
        if let Some(token) = token {
            command.env("TICKERMILL__AUTH__TOKENS", token);
        }
        Daemon::start("stranger", &mut command, &Journal::default())
    };
    for role in ["client", "predictor", "coordinator", "scaler"] {
        let refused = worker(&certs, Some(role), None).end().expect_exit(1);
        refused.expect_one_error(&["refused this worker", "role worker"]);
    }
    let token = worker(&certs, None, Some(&good)).end().expect_exit(1);
    token.expect_one_error(&["refused this worker", "role worker"]);
    let without_credentials = worker(&expired, Some("worker"), None);
    without_credentials.wait_for("no session with");
    drop(without_credentials);
    let joined = cluster
        .coordinator()
        .lines()
        .into_iter()
        .filter(|line| line.contains(" joined "));
    assert_eq!(joined.count(), 0);
    cluster.start_worker("w1", 1, "");
    let run = cluster.submit();
    cluster.expect_same(run);
}

/// The statuses that a caller gets who asks for workers' wants, for a list of flights, to deliver, and for a panel.
fn statuses(url: &str, trust: &Trust) -> [Code; 4] {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("the system has threads");
    runtime.block_on(async {
        let channel = endpoint(url, trust)
            .expect("it is an address")
            .connect()
            .await;
        let channel = channel.expect("somebody listens");
        let authorize = Authorize::with(trust);
        let mut scaler = ExternalScalerClient::with_interceptor(channel.clone(), authorize.clone());
        let mut flight = FlightServiceClient::with_interceptor(channel, authorize);
        let wants = GetMetricsRequest {
            scaled_object_ref: Some(ScaledObjectRef::default()),
            metric_name: String::new(),
        };
        let code = |status: Option<tonic::Status>| status.map_or(Code::Ok, |status| status.code());
        let wanted = scaler.get_metrics(wants).await.err();
        let listed = flight.list_flights(Criteria::default()).await.err();
        let nonsense = || tokio_stream::iter([FlightData::new()]);
        let delivered = match flight.do_put(nonsense()).await {
            Ok(answers) => answers.into_inner().message().await.err(),
            Err(status) => Some(status),
        };
        let fetched = match flight.do_exchange(nonsense()).await {
            Ok(answers) => answers.into_inner().message().await.err(),
            Err(status) => Some(status),
        };
        [wanted, listed, delivered, fetched].map(code)
    })
}

#[test]
fn the_role_of_a_certificate_decides_which_calls_are_answered() {
    let (cluster, certs) = encrypted();
    let good = token_file(&cluster.workplace, GOOD_TOKEN);
    let of = |role: Option<&str>, token| statuses(cluster.address(), &trust(&certs, role, token));
    let denied = Code::PermissionDenied;
    let unknown = Code::Unauthenticated;
    // What is delivered and asked for makes no sense, which is found out only where that is allowed.
    let nonsense = Code::InvalidArgument;
    assert_eq!(of(Some("scaler"), None), [Code::Ok, denied, denied, denied]);
    assert_eq!(
        of(Some("client"), None),
        [Code::Ok, Code::Ok, denied, denied]
    );
    assert_eq!(
        of(Some("worker"), None),
        [denied, denied, nonsense, nonsense]
    );
    assert_eq!(of(Some("predictor"), None), [denied; 4]);
    assert_eq!(of(Some("coordinator"), None), [denied; 4]);
    assert_eq!(of(None, None), [unknown; 4]);
    assert_eq!(
        of(None, Some(&good)),
        [Code::Ok, Code::Ok, unknown, unknown]
    );
}

#[test]
fn no_other_role_can_stand_in_for_a_coordinator() {
    let workplace = Workplace::empty();
    let certs = certs(&workplace);
    let mut command = tickermill::command(workplace.folder(), "coordinator --listen 127.0.0.1:0");
    give(&mut command, &certs, Some("predictor"));
    let impostor = Daemon::start("impostor", &mut command, &Journal::default());
    let line = impostor.wait_for("coordinator listens on https://");
    let url = line.split(' ').find(|word| word.starts_with("https://"));
    let arguments = format!("runs --coordinator {}", url.unwrap());
    let mut client = tickermill::command(workplace.folder(), &arguments);
    give(&mut client, &certs, Some("client"));
    let refused = tickermill::run(&mut client).expect_exit(1);
    refused.expect_one_error(&["cannot reach the coordinator", "certificate"]);
}

/// What a coordinator says to who completes the handshake and then sends these bytes and no more, until it ends the
/// connection.
fn heard_after_handshake(address: &str, trust: &Trust, bytes: &[u8]) -> Vec<u8> {
    let credentials = trust.credentials.as_ref().expect("it has some");
    let name = ServerName::try_from("localhost").expect("it is one");
    let session = ClientConnection::new(Arc::new(credentials.client()), name);
    let socket = TcpStream::connect(address).expect("somebody listens");
    socket
        .set_read_timeout(Some(DEADLINE))
        .expect("a time above 0");
    let mut stream = StreamOwned::new(session.expect("its settings are good"), socket);
    stream.write_all(bytes).expect("the handshake is completed");
    stream.flush().expect("the handshake is completed");
    let mut heard = Vec::new();
    match stream.read_to_end(&mut heard) {
        // It may be ended without a goodbye.
        Err(error) if error.kind() == ErrorKind::WouldBlock => panic!("it stays open: {error}"),
        _ => heard,
    }
}

#[test]
fn who_says_nothing_of_sense_after_the_handshake_is_hung_up_on() {
    let (mut cluster, certs) = encrypted();
    let address = cluster.address().strip_prefix("https://").unwrap();
    let client = trust(&certs, Some("client"), None);
    for bytes in [&b""[..], b"GET / HTTP/1.1\r\n\r\n", b"PRI * HTTP/1.1\r\n"] {
        assert_eq!(heard_after_handshake(address, &client, bytes), b"");
    }
    cluster.start_worker("w1", 1, "");
    let run = cluster.submit();
    cluster.expect_same(run);
}

/// The status of a request over HTTPS.
fn status(url: &str, trust: &Trust) -> Result<u16, reqwest::Error> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("the system has threads");
    runtime.block_on(async {
        let tls = trust.credentials.as_ref().expect("it has some").client();
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .no_proxy()
            .build()?;
        let mut request = client.get(url);
        if let Some(tokens) = &trust.tokens {
            request = request.header("authorization", tokens.header());
        }
        Ok(request.send().await?.status().as_u16())
    })
}

#[test]
fn a_predictor_answers_clients_alone_and_lets_everybody_see_that_it_is_well() {
    let workplace = tickermill_tests::market::workplace_with_sample();
    workplace.run("run --data market --json").completed();
    let certs = certs(&workplace);
    let (good, bad) = (
        token_file(&workplace, GOOD_TOKEN),
        token_file(&workplace, BAD_TOKEN),
    );
    let arguments = "predictor --models out --listen 127.0.0.1:0 --metrics 127.0.0.1:0";
    let mut command = tickermill::command(workplace.folder(), arguments);
    give(&mut command, &certs, Some("predictor"));
    command.env("TICKERMILL__AUTH__TOKENS", &good);
    let predictor = Daemon::start("predictor", &mut command, &Journal::default());
    let line = predictor.wait_for("predictor listens on https://");
    let url = line
        .split(' ')
        .find(|word| word.starts_with("https://"))
        .unwrap();
    let predict = format!("{url}/predict?symbol=NULL");
    let ask = |role: Option<&str>, token: Option<&Path>| {
        status(&predict, &trust(&certs, role, token)).unwrap()
    };
    assert_eq!(ask(Some("client"), None), 200);
    assert_eq!(ask(None, Some(&good)), 200);
    assert_eq!(ask(None, None), 401);
    assert_eq!(ask(None, Some(&bad)), 401);
    assert_eq!(ask(Some("client"), Some(&bad)), 401);
    for role in ["worker", "coordinator", "predictor", "scaler"] {
        assert_eq!(ask(Some(role), None), 403, "{role}");
    }
    let nobody = trust(&certs, None, None);
    for path in ["/", "/docs", "/openapi.json", "/metrics", "/v2", "/nothing"] {
        assert_eq!(
            status(&format!("{url}{path}"), &nobody).unwrap(),
            401,
            "{path}"
        );
    }
    for path in [
        "/healthcheck",
        "/livez",
        "/readyz",
        "/v2/health/live",
        "/v2/health/ready",
    ] {
        assert_eq!(
            status(&format!("{url}{path}"), &nobody).unwrap(),
            200,
            "{path}"
        );
    }
    let expired = reissued(&certs, workplace.path("expired"), LONG_AGO);
    let expired = trust(&expired, Some("client"), None);
    assert!(
        status(&predict, &expired).is_err(),
        "an expired certificate is refused"
    );

    // The probe of the binary itself, which trusts what it is told to trust.
    let operators = format!("health https://{}/readyz", predictor.operators_ask());
    let mut command = tickermill::command(workplace.folder(), &operators);
    let unknown = tickermill::run(&mut command).expect_exit(1);
    unknown.expect_one_error(&["does not answer"]);
    give(&mut command, &certs, None);
    tickermill::run(&mut command).expect_exit(0);
}

#[test]
fn nothing_listens_beyond_this_machine_in_the_clear_unless_a_person_insists() {
    let workplace = Workplace::empty();
    fs::create_dir(workplace.path("out")).unwrap();
    let coordinator = "coordinator --listen 0.0.0.0:0";
    let predictor = "predictor --listen 0.0.0.0:0";
    let operators = "coordinator --listen 127.0.0.1:0 --metrics 0.0.0.0:0";
    for command in [coordinator, predictor, operators] {
        let refused = workplace.run(command).expect_exit(2);
        refused.expect_one_error(&["0.0.0.0:0", "tls.certificate", "--insecure"]);
    }
    for arguments in [coordinator, predictor] {
        let mut command =
            tickermill::command(workplace.folder(), &format!("{arguments} --insecure"));
        let daemon = Daemon::start("insecure", &mut command, &Journal::default());
        daemon.wait_for("listening beyond loopback, without encryption");
        daemon.terminate();
    }
}

#[test]
fn credentials_that_make_no_sense_are_told_with_their_files() {
    let workplace = Workplace::empty();
    let certs = certs(&workplace);
    let start = |variables: &[(&str, PathBuf)]| {
        let mut command =
            tickermill::command(workplace.folder(), "coordinator --listen 127.0.0.1:0");
        for (name, value) in variables {
            command.env(format!("TICKERMILL__{name}"), value);
        }
        tickermill::run(&mut command).expect_exit(2)
    };
    let file = |name: &str| certs.join(name);
    let half = start(&[
        ("TLS__CA", file("ca.pem")),
        ("TLS__CERTIFICATE", file("worker.pem")),
    ]);
    half.expect_one_error(&["tls.key", "go together"]);
    let no_ca = start(&[
        ("TLS__CERTIFICATE", file("worker.pem")),
        ("TLS__KEY", file("worker.key")),
    ]);
    no_ca.expect_one_error(&["tls.ca"]);
    let ca_alone = start(&[("TLS__CA", file("ca.pem"))]);
    ca_alone.expect_one_error(&["tls.certificate"]);
    let missing = start(&[("TLS__CA", file("nothing.pem"))]);
    missing.expect_one_error(&["nothing.pem"]);
    let mixed = start(&[
        ("TLS__CA", file("ca.pem")),
        ("TLS__CERTIFICATE", file("worker.pem")),
        ("TLS__KEY", file("client.key")),
    ]);
    mixed.expect_one_error(&["worker.pem", "cannot be used"]);
    fs::write(file("tokens"), "short\n").unwrap();
    let tokens = start(&[("AUTH__TOKENS", file("tokens"))]);
    tokens.expect_one_error(&["tokens, line 1", "openssl rand -hex 32"]);
}
