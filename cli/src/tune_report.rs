//! What a tuning found, for people to read.

use std::cmp::Reverse;
use std::fmt::Write;

use model::boost::BoostParameters;
use output::tuning::{Tried, Tuning};

use crate::report::{field, grouped, line};

/// The most trials that are told; JSON has all.
const TOLD: usize = 30;

/// A tuning in lines: what was searched, every trial, the best first, how the choice did where it was not made, and what to
/// put into the configuration.
pub(crate) fn tuning(tuning: &Tuning) -> String {
    let mut text = String::new();
    let (id, run) = (&tuning.tuning, &tuning.run);
    line(&mut text, format_args!("tuning {id} of run {run}"));
    field(&mut text, "model", &tuning.model);
    field(&mut text, "rows", &grouped(tuning.rows));
    let choosing = tuning.folds.folds.saturating_sub(1);
    let folds = format!("{choosing} that choose, and the last one, which checks the choice");
    field(&mut text, "folds", &folds);
    for (place, round) in tuning.rounds.iter().enumerate() {
        let name = if place == 0 { "rounds" } else { "" };
        let rows = grouped(round.max_train_rows as u64);
        let trials = round.trials;
        let told = format!(
            "{}: {trials} trials, at most {rows} rows to train on",
            place + 1
        );
        field(&mut text, name, &told);
    }
    add_trials(&mut text, tuning);
    add_check(&mut text, tuning);
    add_configuration(&mut text, tuning);
    text
}

/// A table of the trials, with the skill of each in every round that it was in.
fn add_trials(text: &mut String, tuning: &Tuning) {
    let mut heading = format!(
        "  {:>5} {:>6} {:>6} {:>13} {:>17} {:>11}",
        "trial", "trees", "leaves", "learning_rate", "min_rows_per_leaf", "input_share"
    );
    for round in 1..=tuning.rounds.len() {
        // Writing to a string does not fail.
        let _ = write!(heading, " {:>8}", format!("round {round}"));
    }
    line(text, format_args!("{heading}"));
    let ranked = best_first(&tuning.trials);
    let told = |(place, tried): &(usize, &Tried)| *place < TOLD || tried.trial == 0;
    for (_, tried) in ranked.iter().copied().enumerate().filter(told) {
        add_trial(text, tuning, tried);
    }
    let left_out = tuning.trials.len().saturating_sub(TOLD);
    if left_out > 0 {
        line(
            text,
            format_args!(
                "  the best {TOLD} of {} trials: --json has all",
                tuning.trials.len()
            ),
        );
    }
}

fn add_trial(text: &mut String, tuning: &Tuning, tried: &Tried) {
    let BoostParameters {
        trees,
        leaves,
        learning_rate,
        min_rows_per_leaf,
        input_share,
        ..
    } = &tried.parameters;
    let trial = tried.trial;
    let mut row = format!(
        "  {trial:>5} {trees:>6} {leaves:>6} {learning_rate:>13} {min_rows_per_leaf:>17} {input_share:>11}"
    );
    for round in 0..tuning.rounds.len() {
        let skill = tried.skills.get(round);
        let skill = skill.map_or(String::new(), |skill| format!("{skill:+.4}"));
        let _ = write!(row, " {skill:>8}");
    }
    if trial == 0 {
        row.push_str("  configured");
    }
    if trial == tuning.chosen {
        row.push_str("  chosen");
    }
    line(text, format_args!("{}", row.trim_end()));
}

/// Those that came furthest first, then those of the highest skill in their last round.
fn best_first(trials: &[Tried]) -> Vec<&Tried> {
    let mut ranked: Vec<&Tried> = trials.iter().collect();
    ranked.sort_by(|one, other| {
        let furthest = Reverse(one.skills.len()).cmp(&Reverse(other.skills.len()));
        let last = |tried: &Tried| tried.skills.last().copied().unwrap_or(f64::NEG_INFINITY);
        let best = last(other).total_cmp(&last(one));
        furthest.then(best).then(one.trial.cmp(&other.trial))
    });
    ranked
}

fn add_check(text: &mut String, tuning: &Tuning) {
    let check = &tuning.check;
    let skills = format!(
        "skill in the last fold: chosen {:+.4}, configured {:+.4}",
        check.chosen, check.configured
    );
    field(text, "check", &skills);
    if tuning.chosen == 0 {
        let told = "none of those that were tried came before the configured ones";
        field(text, "", told);
    } else if check.chosen <= check.configured {
        let told = "the chosen ones are not better there, where nothing was chosen: keep the configured ones, or try \
            more trials or another seed";
        field(text, "", told);
    }
}

/// What to put into the configuration, where it is something else than what is there.
fn add_configuration(text: &mut String, tuning: &Tuning) {
    if tuning.chosen == 0 {
        return;
    }
    let BoostParameters {
        trees,
        leaves,
        learning_rate,
        min_rows_per_leaf,
        input_share,
        seed: _, // of the whole configuration
    } = &tuning.chosen().parameters;
    let told = "To train with the chosen parameters put this into the configuration, then `tickermill run --config FILE`:";
    line(text, format_args!("\n{told}\n\n[volume]"));
    line(text, format_args!("trees = {trees}"));
    line(text, format_args!("leaves = {leaves}"));
    line(text, format_args!("learning_rate = {learning_rate:?}"));
    line(
        text,
        format_args!("min_rows_per_leaf = {min_rows_per_leaf}"),
    );
    line(text, format_args!("input_share = {input_share:?}"));
}

#[cfg(test)]
mod tests {
    use model::fold_plan::FoldPlan;
    use model::search_space::SearchSpace;
    use model::tuning::{RoundSize, Search};
    use output::tuning::Check;
    use proto::id::RunId;

    use super::*;

    fn tried(trial: usize, trees: usize, skills: &[f64]) -> Tried {
        Tried {
            trial,
            parameters: BoostParameters {
                trees,
                ..BoostParameters::default()
            },
            skills: skills.to_vec(),
            folds: skills.iter().map(|skill| vec![*skill; 3]).collect(),
        }
    }

    fn id(text: &str) -> RunId {
        RunId::parse(text).expect("it is an id")
    }

    fn found(chosen: usize, check: Check) -> Tuning {
        let round = |trials, max_train_rows| RoundSize {
            trials,
            max_train_rows,
        };
        Tuning {
            tuning: id("fedcba9876543210-1"),
            run: id("0123456789abcdef-2"),
            model: "volume".to_owned(),
            search: Search {
                trials: 4,
                seed: 42,
                space: SearchSpace::default(),
            },
            folds: FoldPlan::default(),
            rows: 1_234_567,
            rounds: vec![round(4, 33_334), round(2, 100_000)],
            trials: vec![
                tried(0, 60, &[0.15, 0.16]),
                tried(1, 81, &[0.1]),
                tried(2, 99, &[0.14, 0.1875]),
                tried(3, 42, &[0.125]),
            ],
            chosen,
            check,
        }
    }

    #[test]
    fn the_best_come_first_and_the_chosen_ones_are_there_to_copy() {
        let check = Check {
            chosen: 0.19,
            configured: 0.17,
        };
        let text = tuning(&found(2, check));
        let expected = "\
tuning fedcba9876543210-1 of run 0123456789abcdef-2
  model     volume
  rows      1,234,567
  folds     3 that choose, and the last one, which checks the choice
  rounds    1: 4 trials, at most 33,334 rows to train on
            2: 2 trials, at most 100,000 rows to train on
  trial  trees leaves learning_rate min_rows_per_leaf input_share  round 1  round 2
      2     99     63           0.1                20           1  +0.1400  +0.1875  chosen
      0     60     63           0.1                20           1  +0.1500  +0.1600  configured
      3     42     63           0.1                20           1  +0.1250
      1     81     63           0.1                20           1  +0.1000
  check     skill in the last fold: chosen +0.1900, configured +0.1700

To train with the chosen parameters put this into the configuration, then `tickermill run --config FILE`:

[volume]
trees = 99
leaves = 63
learning_rate = 0.1
min_rows_per_leaf = 20
input_share = 1.0
";
        assert_eq!(text, expected);
    }

    #[test]
    fn it_is_said_where_the_choice_is_not_better_where_nothing_was_chosen() {
        let check = Check {
            chosen: 0.17,
            configured: 0.17,
        };
        let text = tuning(&found(2, check));
        assert!(text.contains("are not better there"), "{text}");
        assert!(text.contains("[volume]"), "{text}");
        let text = tuning(&found(0, check));
        assert!(text.contains("came before the configured ones"), "{text}");
        assert!(!text.contains("[volume]"), "{text}");
        assert!(text.contains("configured  chosen"), "{text}");
    }

    #[test]
    fn of_many_trials_the_best_are_told_and_the_configured_one() {
        let check = Check {
            chosen: 0.2,
            configured: 0.1,
        };
        let mut many = found(2, check);
        many.trials[0].skills = vec![-1.0];
        let more = (4..40).map(|trial| tried(trial, trial, &[0.11]));
        many.trials.extend(more);
        let text = tuning(&many);
        let of_rows = |line: &&str| line.starts_with("  ") && line.contains("  +0.");
        assert_eq!(text.lines().filter(of_rows).count(), TOLD, "{text}");
        let configured = |line: &str| line.contains("-1.0000") && line.ends_with("configured");
        assert!(text.lines().any(configured), "{text}");
        assert!(text.contains("the best 30 of 40 trials"), "{text}");
    }
}
