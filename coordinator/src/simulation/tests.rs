//! Every seed ends as it must, and every fault happens in some.

use super::run::{Ended, run};
use super::story::{Incident, Tally};

/// The seeds that are run, unless the variable says how many.
const SEEDS: u64 = 1000;
const SEEDS_VARIABLE: &str = "TICKERMILL_SIM_SEEDS";
/// Names one seed to run alone, and to watch.
const ONE_SEED: &str = "TICKERMILL_SIM_SEED";

/// Says which seed failed, when it does.
struct Named(u64);

impl Drop for Named {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!(
                "seed {seed} failed; watch it: {ONE_SEED}={seed} cargo test -p tickermill-coordinator --lib simulation::tests::every_seed -- --nocapture",
                seed = self.0
            );
        }
    }
}

/// The whole number that a variable holds, where it is set.
fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().expect("the variable holds a whole number"))
}

fn run_named(seed: u64, watch: bool) -> Ended {
    let _named = Named(seed);
    run(seed, watch)
}

#[test]
fn every_seed_ends_committed_or_failed_with_a_reason() {
    if let Some(seed) = number(ONE_SEED) {
        let ended = run_named(seed, true);
        println!("completed: {}, {:?}", ended.completed, ended.told.tally);
        return;
    }
    let seeds = number(SEEDS_VARIABLE).unwrap_or(SEEDS);
    let mut tally = Tally::new();
    let (mut completed, mut messages) = (0, 0);
    for seed in 0..seeds {
        let ended = run_named(seed, false);
        completed += u64::from(ended.completed);
        messages += ended.told.messages;
        for (incident, times) in ended.told.tally {
            *tally.entry(incident).or_default() += times;
        }
    }
    println!("{completed} of {seeds} completed, {messages} messages, {tally:#?}");
    for incident in Incident::ALL {
        assert!(tally.contains_key(&incident), "{incident:?} never happened");
    }
    assert!(completed >= seeds * 3 / 4, "only {completed} completed");
}

#[test]
fn a_seed_decides_everything() {
    for seed in 0..20 {
        assert_eq!(run_named(seed, false), run_named(seed, false));
    }
}
