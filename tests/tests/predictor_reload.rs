//! Versions that come while clients ask: good ones go live without a gap, broken ones never.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use tickermill_tests::http::Http;
use tickermill_tests::market;
use tickermill_tests::predictor::Predictor;
use tickermill_tests::published_models::{Models, WAYS};

/// Versions that are published, half of them broken.
const RELOADS: u32 = 500;

/// Clients that ask all the while.
const CLIENTS: usize = 4;

/// What each version answers.
type Values = Mutex<BTreeMap<String, String>>;

#[test]
fn five_hundred_reloads_under_load_fail_no_request_and_mix_no_versions() {
    let workplace = market::workplace_with_sample();
    workplace.run("run --data market --json").completed();
    let models = Models::of(&workplace);
    let first = models.version(1_000_000);
    models.publish(&first);
    let predictor = Predictor::start(workplace.folder(), &[("PREDICTOR__RELOAD_MS", "10")]);
    let values: Values = Mutex::default();
    values.lock().unwrap().insert(first.version, first.value);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let asking: Vec<_> = (0..CLIENTS)
            .map(|_| scope.spawn(|| ask_until(predictor.client(), &values, &done)))
            .collect();
        for reload in 0..RELOADS {
            let place = predictor.journal.place();
            if reload % 2 == 0 {
                models.publish_broken(reload as usize / 2 % WAYS, reload);
                predictor.daemon.wait_from(place, " does not go live: ");
                continue;
            }
            let version = models.version(reload);
            values
                .lock()
                .unwrap()
                .insert(version.version.clone(), version.value.clone());
            models.publish(&version);
            let live = format!("version {} of volume-forest is live", version.version);
            predictor.daemon.wait_from(place, &live);
        }
        done.store(true, Ordering::Relaxed);
        let seen: Vec<usize> = asking
            .into_iter()
            .map(|asked| asked.join().unwrap())
            .collect();
        // The clients asked while versions came and went, or the test has shown nothing.
        assert!(seen.iter().all(|versions| *versions > 10), "{seen:?}");
    });
    assert_eq!(
        predictor.metric("tickermill_predictor_model_rejections_total"),
        u64::from(RELOADS / 2)
    );
    assert_eq!(
        predictor.metric("tickermill_predictor_model_loads_total"),
        u64::from(RELOADS / 2 + 1)
    );
}

/// Asks again and again, and returns how many versions answered.
fn ask_until(mut client: Http, values: &Values, done: &AtomicBool) -> usize {
    let mut seen = BTreeMap::new();
    while !done.load(Ordering::Relaxed) {
        let answer = client.get("/predict?vol_moving_avg=1&adj_close_rolling_med=1");
        assert_eq!(answer.status, 200, "{answer:?}");
        let version = answer.header("x-model-version").expect("a header");
        let value = answer.text().to_owned();
        if let Some(known) = seen.insert(version.to_owned(), value.clone()) {
            assert_eq!(known, value, "{version}");
            continue;
        }
        let expected = values.lock().expect("nobody panics").get(version).cloned();
        assert_eq!(expected, Some(value), "{version}");
    }
    seen.len()
}

#[test]
fn a_version_whose_files_are_mended_goes_live() {
    let workplace = market::workplace_with_sample();
    workplace.run("run --data market --json").completed();
    let models = Models::of(&workplace);
    let predictor = Predictor::start(workplace.folder(), &[("PREDICTOR__RELOAD_MS", "10")]);
    models.publish_broken(0, 7);
    predictor.daemon.wait_for(" does not go live: ");
    let version = models.version(7);
    let labels = format!(
        "model=\"volume-forest\",version=\"{}\",reason=\"digest\"",
        version.version
    );
    let rejected = format!("tickermill_predictor_model_rejected{{{labels}}}");
    assert_eq!(predictor.metric(&rejected), 1);
    models.publish(&version);
    predictor.daemon.wait_for(&format!(
        "version {} of volume-forest is live",
        version.version
    ));
    assert_eq!(predictor.metric(&rejected), 0);
    let answer = predictor
        .client()
        .get("/predict?vol_moving_avg=1&adj_close_rolling_med=1");
    assert_eq!(answer.text(), version.value);
}
