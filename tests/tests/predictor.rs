//! The predictor as a client meets it: what it answers, and what it refuses.

use std::io::Write;
use std::net::TcpStream;
use std::path::Path;

use model::onnx;
use serde_json::{Value, json};
use tickermill_tests::http::{Answer, Http, read_answer};
use tickermill_tests::journal::Journal;
use tickermill_tests::market;
use tickermill_tests::predictor::Predictor;
use tickermill_tests::workplace::Workplace;

/// A ticker of the sample with many rows, and one with too few.
const SYMBOL: &str = "NULL";
const SHORT: &str = "EIX";

/// A run of the sample with its model.
fn published() -> (Workplace, Value) {
    let workplace = market::workplace_with_sample();
    let summary = workplace.run("run --data market --json").completed();
    (workplace, summary)
}

fn prediction_of(summary: &Value, row: [f32; 2]) -> f64 {
    let path = Path::new(summary["model"]["path"].as_str().expect("it is there"));
    let file = onnx::read(&std::fs::read(path).expect("it is there")).expect("it is there");
    file.forest.predict(&row)
}

#[test]
fn a_row_is_answered_by_a_plain_number() {
    let (workplace, summary) = published();
    let predictor = Predictor::start(workplace.folder(), &[]);
    let mut client = predictor.client();
    let answer = client.get("/predict?vol_moving_avg=12345&adj_close_rolling_med=25.5");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let expected = prediction_of(&summary, [12345.0, 25.5]);
    assert_eq!(answer.json().as_f64(), Some(expected));
    assert_eq!(answer.header("x-model-name"), Some("volume-forest"));
    assert_eq!(
        answer.header("x-model-version"),
        summary["model"]["version"].as_str()
    );

    let path = "/predict?adj_close_rolling_med=25.5&vol_moving_avg=12345&explain=true";
    let explained = client.get(path).json();
    assert_eq!(explained["prediction"], expected);
    assert_eq!(explained["features"]["vol_moving_avg"], 12345.0);
    assert_eq!(client.get("/healthcheck").json(), json!({ "status": "ok" }));
}

#[test]
fn a_file_under_the_name_of_a_model_of_the_store_is_served_in_its_place() {
    let (workplace, summary) = published();
    let arguments = format!(
        "--models out --listen 127.0.0.1:0 --onnx volume-forest={0} --onnx other={0}",
        summary["model"]["path"].as_str().expect("it is there")
    );
    let journal = Journal::default();
    let predictor = Predictor::start_with(workplace.folder(), &arguments, &[], &journal);
    let told = "the store's volume-forest is not served";
    predictor.daemon.wait_for(told);
    let answer = predictor
        .client()
        .get("/predict?vol_moving_avg=12345&adj_close_rolling_med=25.5");
    let of_store = summary["model"]["version"].as_str();
    assert_eq!(answer.header("x-model-name"), Some("other"));
    let versions = predictor.client().get("/v2/models/volume-forest").json();
    assert_ne!(versions["versions"][0].as_str(), of_store);
}

#[test]
fn rows_that_wait_together_are_answered_each_with_its_own() {
    let (workplace, summary) = published();
    let predictor = Predictor::start(workplace.folder(), &[("PREDICTOR__BATCHING", "true")]);
    let clients: Vec<_> = (0..8).map(|_| predictor.client()).collect();
    std::thread::scope(|scope| {
        for (number, mut client) in clients.into_iter().enumerate() {
            let summary = &summary;
            scope.spawn(move || {
                for request in 0..50 {
                    let volume = (1_000 * (number + 1) * (request + 1)) as f32;
                    let path = format!("/predict?vol_moving_avg={volume}&adj_close_rolling_med=7");
                    let expected = prediction_of(summary, [volume, 7.0]);
                    assert_eq!(client.get(&path).json().as_f64(), Some(expected));
                }
            });
        }
    });
}

#[test]
fn a_tail_of_daily_rows_is_answered_as_the_ticker_is() {
    let (workplace, summary) = published();
    let predictor = Predictor::start(workplace.folder(), &[]);
    let mut client = predictor.client();
    let of_ticker = client.get(&format!("/predict?symbol={SYMBOL}"));
    assert_eq!(of_ticker.status, 200, "{}", of_ticker.text());
    assert_eq!(of_ticker.header("x-run-id"), summary["run_id"].as_str());

    let rows = daily_rows(&workplace, SYMBOL);
    let last = rows.last().unwrap()["date"].as_str().unwrap();
    assert_eq!(of_ticker.header("x-row-date"), Some(last));
    let body = json!({ "rows": rows }).to_string();
    let of_tail = client.post("/predict?explain=true", &body);
    assert_eq!(of_tail.status, 200, "{}", of_tail.text());
    let explained = of_tail.json();
    assert_eq!(explained["prediction"], of_ticker.json());
    assert_eq!(explained["row"]["rows"], 30);
    let first = rows[rows.len() - 30]["date"].clone();
    assert_eq!(explained["row"]["first_date"], first);

    let earlier = rows[rows.len() - 5]["date"].as_str().unwrap();
    let of_day = client.get(&format!("/predict?symbol={SYMBOL}&date={earlier}"));
    let body = json!({ "rows": rows[..rows.len() - 4] }).to_string();
    assert_eq!(of_day.json(), client.post("/predict", &body).json());
}

/// The rows of a price file of the sample that are whole, in the form of a tail.
fn daily_rows(workplace: &Workplace, symbol: &str) -> Vec<Value> {
    let file = workplace
        .read(&format!("market/stocks/{symbol}.csv"))
        .expect("it is there");
    let file = String::from_utf8(file).expect("it is there");
    let number = |text: &str| text.parse::<f64>().ok();
    let mut rows = Vec::new();
    for line in file.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let Some(prices) = fields[1..6]
            .iter()
            .map(|field| number(field))
            .collect::<Option<Vec<_>>>()
        else {
            continue; // a closed day
        };
        rows.push(json!({
            "date": fields[0], "open": prices[0], "high": prices[1], "low": prices[2], "close": prices[3],
            "adj_close": prices[4], "volume": number(fields[6]).expect("it is there") as i64,
        }));
    }
    rows
}

/// That an answer is a refusal of the status that names the field.
#[track_caller]
fn expect_refusal(asked: &str, answer: &Answer, status: u16, field: Option<&str>) {
    assert_eq!(answer.status, status, "{asked}: {}", answer.text());
    let refusal = answer.json();
    assert!(refusal["error"].is_string(), "{asked}: {refusal}");
    assert_eq!(refusal["field"].as_str(), field, "{asked}: {refusal}");
    if status == 400 || status == 422 {
        assert!(refusal["expected"].is_string(), "{asked}: {refusal}");
    }
}

#[test]
fn bad_queries_are_refused_with_the_field_that_is_wrong() {
    let (workplace, _) = published();
    let predictor = Predictor::start(workplace.folder(), &[]);
    let mut client = predictor.client();
    let (volume, price) = (Some("vol_moving_avg"), Some("adj_close_rolling_med"));
    let cases = [
        ("", 400, volume),
        ("vol_moving_avg=1", 400, price),
        ("adj_close_rolling_med=1", 400, volume),
        (
            "vol_moving_avg=1&vol_moving_avg=2&adj_close_rolling_med=1",
            400,
            volume,
        ),
        (
            "vol_moving_avg=1&adj_close_rolling_med=1&more=1",
            400,
            Some("more"),
        ),
        ("vol_moving_avg=-1&adj_close_rolling_med=1", 400, volume),
        ("vol_moving_avg=NaN&adj_close_rolling_med=1", 400, volume),
        ("vol_moving_avg=inf&adj_close_rolling_med=1", 400, volume),
        ("vol_moving_avg=1e39&adj_close_rolling_med=1", 400, volume),
        ("vol_moving_avg=1e999&adj_close_rolling_med=1", 400, volume),
        ("vol_moving_avg=many&adj_close_rolling_med=1", 400, volume),
        ("vol_moving_avg=&adj_close_rolling_med=1", 400, volume),
        ("vol_moving_avg=1&adj_close_rolling_med=%FF%00", 400, price),
        ("symbol=NOTHERE", 404, Some("symbol")),
        ("symbol=..%2F..%2Fetc", 400, Some("symbol")),
        ("symbol=", 400, Some("symbol")),
        ("symbol=NULL&date=2020-02-30", 400, Some("date")),
        ("symbol=NULL&date=1900-01-01", 404, Some("date")),
        ("symbol=NULL&vol_moving_avg=1", 400, volume),
        ("symbol=NULL&symbol=NAN", 400, Some("symbol")),
        ("symbol=NULL&explain=perhaps", 400, Some("explain")),
        ("symbol=NULL&model=none", 404, Some("model")),
        ("date=2020-01-02", 400, volume),
    ];
    for (query, status, field) in cases {
        let answer = client.get(&format!("/predict?{query}"));
        expect_refusal(query, &answer, status, field);
    }
    let answer = client.get(&format!("/predict?symbol={SHORT}"));
    expect_refusal(SHORT, &answer, 422, Some("symbol"));
    // Real prices can be negative once they are adjusted.
    let answer = client.get("/predict?vol_moving_avg=1&adj_close_rolling_med=-1");
    assert_eq!(answer.status, 200);
    let many: Vec<String> = (0..2_000).map(|number| format!("p{number}=1")).collect();
    let many = many.join("&");
    expect_refusal("many", &client.get(&format!("/predict?{many}")), 400, None);

    for path in [
        "/nothing",
        "/predict/more",
        "/v2/models/volume-forest/nothing",
    ] {
        expect_refusal(path, &client.get(path), 404, None);
    }
    let answer = client.request("DELETE", "/predict", &[], b"").unwrap();
    expect_refusal("DELETE", &answer, 405, None);
    assert_eq!(answer.header("allow"), Some("GET, HEAD, POST"));
    let answer = client
        .request("HEAD", "/predict?symbol=NULL", &[], b"")
        .unwrap();
    assert_eq!((answer.status, answer.body.len()), (200, 0));
}

#[test]
fn bad_bodies_are_refused_with_the_field_that_is_wrong() {
    let (workplace, _) = published();
    let variables = [
        ("PREDICTOR__MAX_ROWS", "300"),
        ("PREDICTOR__MAX_BODY_KIB", "64"),
    ];
    let predictor = Predictor::start(workplace.folder(), &variables);
    let mut client = predictor.client();
    let rows: Vec<Value> = (0..30)
        .map(|day| {
            json!({
                "date": format!("2020-03-{:02}", day + 1), "open": 1.0, "high": 2.0, "low": 1.0, "close": 1.5,
                "volume": 100 + day,
            })
        })
        .collect();
    let changed = |place: usize, member: &str, value: Value| {
        let mut rows = rows.clone();
        rows[place][member] = value;
        json!({ "rows": rows }).to_string()
    };
    let whole = json!({ "rows": rows }).to_string();
    assert_eq!(client.post("/predict", &whole).status, 200);
    let cases = [
        (json!({ "rows": rows[1..] }).to_string(), 422, Some("rows")),
        (json!({ "rows": [] }).to_string(), 422, Some("rows")),
        (changed(7, "volume", json!(-1)), 400, Some("rows[7].volume")),
        (changed(7, "volume", json!(1.5)), 400, None),
        (changed(7, "open", json!(-1.0)), 400, Some("rows[7].open")),
        (changed(7, "open", json!("1")), 400, None),
        (
            changed(7, "date", json!("2020-03-07")),
            400,
            Some("rows[7].date"),
        ),
        (changed(7, "date", json!("yesterday")), 400, None),
        (changed(7, "more", json!(1)), 400, None),
        (whole[..whole.len() - 2].to_owned(), 400, None),
        ("[1".to_owned(), 400, None),
        (String::new(), 400, None),
        (
            json!({ "rows": vec![rows[0].clone(); 301] }).to_string(),
            400,
            Some("rows"),
        ),
    ];
    for (body, status, field) in cases {
        let answer = client.post("/predict", &body);
        expect_refusal(&body, &answer, status, field);
    }
    let large = " ".repeat(65 * 1024);
    expect_refusal(
        "large",
        &predictor.client().post("/predict", &large),
        413,
        None,
    );
    let of_type = |client: &mut Http, name, value| {
        let headers = [(name, value)];
        client
            .request("POST", "/predict", &headers, whole.as_bytes())
            .unwrap()
    };
    expect_refusal(
        "xml",
        &of_type(&mut client, "Content-Type", "text/xml"),
        415,
        None,
    );
    let zipped = of_type(&mut predictor.client(), "Content-Encoding", "gzip");
    expect_refusal("gzip", &zipped, 415, None);
}

#[test]
fn a_body_without_end_is_refused_in_time() {
    let (workplace, _) = published();
    let variables = [
        ("PREDICTOR__REQUEST_MS", "1000"),
        ("PREDICTOR__MAX_BODY_KIB", "64"),
    ];
    let predictor = Predictor::start(workplace.folder(), &variables);
    let head = "POST /predict HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n";
    let mut slow = TcpStream::connect(predictor.address).unwrap();
    slow.write_all(head.as_bytes()).unwrap();
    slow.write_all(b"5\r\n{\"row\r\n").unwrap();
    let answer = read_answer(&mut slow, "POST").unwrap();
    expect_refusal("slow", &answer, 408, None);

    let mut endless = TcpStream::connect(predictor.address).unwrap();
    endless.write_all(head.as_bytes()).unwrap();
    // More than is allowed, at once; the server may stop reading before its end.
    let chunk = format!("1000\r\n{}\r\n", " ".repeat(0x1000));
    let _ = endless.write_all(chunk.repeat(64).as_bytes());
    let refused = "tickermill_predictor_requests_total{route=\"predict\",status=\"413\"}";
    predictor.wait_until("a refusal", |predictor| predictor.metric(refused) == 1);
}

#[test]
fn more_than_the_process_takes_on_is_refused_at_once() {
    let (workplace, _) = published();
    let predictor = Predictor::start(workplace.folder(), &[("PREDICTOR__MAX_IN_FLIGHT", "1")]);
    let mut open = TcpStream::connect(predictor.address).unwrap();
    let head = "POST /predict HTTP/1.1\r\nHost: here\r\nContent-Length: 1000\r\n\r\n{";
    open.write_all(head.as_bytes()).unwrap();
    let mut client = predictor.client();
    // Those who look at the process are let in, and see the request that is open.
    let in_flight = "tickermill_predictor_requests_in_flight";
    predictor.wait_until("two in flight", |predictor| {
        predictor.metric(in_flight) >= 2
    });
    let answer = client.get("/predict?vol_moving_avg=1&adj_close_rolling_med=1");
    expect_refusal("full", &answer, 503, None);
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert_eq!(client.get("/readyz").status, 200);
    drop(open);
    predictor.wait_until("one in flight", |predictor| {
        predictor.metric(in_flight) <= 1
    });
    let answer = client.get("/predict?vol_moving_avg=1&adj_close_rolling_med=1");
    assert_eq!(answer.status, 200);
}

#[test]
fn without_a_model_it_is_not_ready_and_the_first_one_goes_live() {
    let workplace = market::workplace_with_sample();
    workplace
        .run("run --data market --no-train --json")
        .completed();
    let predictor = Predictor::start(workplace.folder(), &[("PREDICTOR__RELOAD_MS", "20")]);
    let mut client = predictor.client();
    for path in [
        "/readyz",
        "/v2/health/ready",
        "/predict?vol_moving_avg=1&adj_close_rolling_med=1",
    ] {
        let answer = client.get(path);
        expect_refusal(path, &answer, 503, None);
        assert_eq!(answer.header("retry-after"), Some("1"));
    }
    assert_eq!(client.get("/livez").status, 200);
    assert_eq!(client.get("/v2/models/volume-forest").status, 404);
    let summary = workplace.run("run --data market --json").completed();
    predictor.daemon.wait_for("is live");
    let answer = client.get("/predict?vol_moving_avg=1&adj_close_rolling_med=1");
    assert_eq!(
        answer.header("x-model-version"),
        summary["model"]["version"].as_str()
    );
    assert_eq!(client.get("/readyz").status, 200);
}

#[test]
fn a_promoted_version_is_served_until_it_is_released() {
    let (workplace, first) = published();
    let second = workplace
        .run_with("run --data market --json", &[("SEED", "7")])
        .completed();
    let [first, second] =
        [&first, &second].map(|run| run["model"]["version"].as_str().unwrap().to_owned());
    let predictor = Predictor::start(workplace.folder(), &[("PREDICTOR__RELOAD_MS", "20")]);
    let live = || {
        let mut client = predictor.client();
        let answer = client.get("/predict?vol_moving_avg=1&adj_close_rolling_med=1");
        answer.header("x-model-version").unwrap().to_owned()
    };
    assert_eq!(live(), second);
    workplace
        .run(&format!("promote volume-forest {first}"))
        .expect_exit(0);
    predictor.daemon.wait_for(&format!(
        "version {first} of volume-forest is live, as a person has chosen"
    ));
    assert_eq!(live(), first);
    // What runs publish does not go live meanwhile.
    workplace
        .run_with("run --data market --json", &[("SEED", "8")])
        .completed();
    let listed = workplace.run("models").expect_exit(0);
    assert!(
        listed.stdout.contains(&format!("{first}  live: promoted")),
        "{}",
        listed.stdout
    );
    assert_eq!(live(), first);

    let both = predictor.client().get("/v2/models/volume-forest").json();
    assert_eq!(both["versions"], json!([first, second]));
    let former = format!("/v2/models/volume-forest/versions/{second}/ready");
    assert_eq!(predictor.client().get(&former).status, 200);

    let place = predictor.journal.place();
    workplace.run("release volume-forest").expect_exit(0);
    predictor
        .daemon
        .wait_from(place, " of volume-forest is live");
    assert_ne!(live(), first);
    assert_ne!(live(), second);
    let refused = workplace.run("promote volume-forest 0000000000000000");
    assert_eq!(refused.exit, Some(1));
    assert!(refused.stderr.contains(&first), "{}", refused.stderr);
}
