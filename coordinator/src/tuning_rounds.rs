//! The rounds of a tuning: trials on folds, of which those that are committed are not computed again.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt, stream};
use market::store::Store;
use model::fold_plan::FoldPlan;
use model::forecast_errors::{ForecastErrors, Naive};
use model::panel::Panel;
use model::trial::Trial;
use model::tuning::{best, mean_skill};
use output::document::DocumentError;
use output::paths;
use output::tuning::{Check, Tried, committed_trials, read_trial};
use proto::event::{RunEvent, Stage, Unit};
use proto::id::{RunId, ShardId};

use crate::dispatch::Dispatch;
use crate::epoch::Epoch;
use crate::means::Means;
use crate::narrator::Narrator;
use crate::run::RunError;
use crate::trial_shards::TrialShards;
use crate::tune::TuneError;
use crate::tuning_plan::PlannedTuning;

/// Commits that are read at a time.
const COMMITS_AT_A_TIME: usize = 8;

/// What every round of a tuning works with.
pub(crate) struct Rounds<'a> {
    pub(crate) epoch: &'a Epoch,
    pub(crate) planned: &'a PlannedTuning,
    pub(crate) means: &'a Means,
    pub(crate) narrator: &'a Narrator,
    pub(crate) panel: &'a Arc<Panel>,
}

impl Rounds<'_> {
    /// Tries every trial out, the best third of each round in the next. Returns all, and which one was the best in the last.
    pub(crate) async fn search(&self) -> Result<(Vec<Tried>, usize), RunError> {
        let candidates = self.planned.candidates().into_iter().enumerate();
        let mut trials: Vec<Tried> = candidates
            .map(|(trial, parameters)| Tried {
                trial,
                parameters,
                skills: Vec::new(),
                folds: Vec::new(),
            })
            .collect();
        let choosing: Vec<usize> = (0..self.last_fold()).collect();
        let sizes = self.planned.rounds();
        let mut in_round: Vec<usize> = (0..trials.len()).collect();
        for (round, size) in sizes.iter().enumerate() {
            let tried: Vec<&Tried> = in_round.iter().map(|trial| &trials[*trial]).collect();
            let rows = size.max_train_rows;
            let skills = self.skills(round, &tried, &choosing, rows).await?;
            let mut scores = Vec::with_capacity(in_round.len());
            for (trial, folds) in in_round.iter().zip(skills) {
                let score = mean_skill(&folds);
                scores.push((*trial, score));
                trials[*trial].skills.push(score);
                trials[*trial].folds.push(folds);
            }
            in_round = best(&scores, sizes.get(round + 1).map_or(1, |next| next.trials));
        }
        Ok((trials, in_round[0]))
    }

    fn last_fold(&self) -> usize {
        self.planned.volume.folds.folds - 1
    }

    /// The skill of each of `tried` in each of `folds`, in their order, of at most `max_train_rows` rows trained on.
    async fn skills(
        &self,
        round: usize,
        tried: &[&Tried],
        folds: &[usize],
        max_train_rows: usize,
    ) -> Result<Vec<Vec<f64>>, RunError> {
        let plan = FoldPlan {
            max_train_rows,
            ..self.planned.volume.folds.clone()
        };
        let mut trials = BTreeMap::new();
        for tried in tried {
            for fold in folds {
                let trial = Trial {
                    parameters: tried.parameters.clone(),
                    folds: plan.clone(),
                    fold: *fold,
                };
                trials.insert(self.planned.shard(round, tried.trial, *fold), trial);
            }
        }
        let errors = self.errors(round, tried.len(), &trials).await?;
        let skill = |trial: usize, fold: usize| {
            let errors: &ForecastErrors = &errors[&self.planned.shard(round, trial, fold)];
            let skill = errors.skill(Naive::Today);
            skill.ok_or(TuneError::NaiveIsExact { fold: fold + 1 })
        };
        let of_trial =
            |tried: &&Tried| folds.iter().map(|fold| skill(tried.trial, *fold)).collect();
        let skills: Result<Vec<Vec<f64>>, TuneError> = tried.iter().map(of_trial).collect();
        Ok(skills?)
    }

    /// The skill of the choice, and of what is configured, in the fold that had no part in it.
    pub(crate) async fn check(&self, trials: &[Tried], chosen: usize) -> Result<Check, RunError> {
        let rounds = self.planned.rounds();
        let rows = self.planned.volume.folds.max_train_rows;
        let configured = &trials[0];
        let mut tried = vec![configured];
        tried.extend((chosen != 0).then(|| &trials[chosen]));
        let skills = self
            .skills(rounds.len(), &tried, &[self.last_fold()], rows)
            .await?;
        let skill = |place: usize| skills[place][0];
        Ok(Check {
            chosen: skill(tried.len() - 1),
            configured: skill(0),
        })
    }

    /// The errors of every shard: of those that are committed, and of the others, which are computed.
    async fn errors(
        &self,
        round: usize,
        tried: usize,
        trials: &BTreeMap<ShardId, Trial>,
    ) -> Result<BTreeMap<ShardId, ForecastErrors>, RunError> {
        let Self {
            epoch,
            planned,
            means,
            narrator,
            panel,
        } = *self;
        let (run, tuning): (&RunId, &RunId) = (planned.run(), &planned.id);
        let mut errors = committed(&means.out, run, tuning, trials).await?;
        let missing = trials.keys().filter(|shard| !errors.contains_key(shard));
        let missing: Vec<ShardId> = missing.copied().collect();
        let train_rows = trials.values().map(|trial| trial.folds.max_train_rows);
        narrator.tell(&RunEvent::Tuning {
            tuning: tuning.clone(),
            run: run.clone(),
            round: round + 1,
            rounds: planned.rounds().len(),
            trials: tried,
            train_rows: train_rows.max().unwrap_or_default(),
            shards: missing.len(),
            done_before: errors.len(),
        });
        if missing.is_empty() {
            return Ok(errors);
        }
        let work = TrialShards {
            run,
            tuning,
            epoch: epoch.number(),
            out: &means.out,
            panel,
            trials,
        };
        let steps = (missing.len() as u64, Unit::Shards);
        let _stage = narrator.stage(Stage::Tune, Some(steps));
        let dispatch = Dispatch::of(means, narrator);
        let mut found = Vec::with_capacity(missing.len());
        let take_in = |shard, errors| found.push((shard, errors));
        dispatch.compute(&work, &missing, take_in).await?;
        errors.extend(found);
        Ok(errors)
    }
}

/// The errors of those of `trials` that are committed. A commit that is damaged, or of something else, is removed: its shard
/// is computed again.
async fn committed(
    out: &Store,
    run: &RunId,
    tuning: &RunId,
    trials: &BTreeMap<ShardId, Trial>,
) -> Result<BTreeMap<ShardId, ForecastErrors>, RunError> {
    let there = committed_trials(out, run, tuning).await?;
    let wanted = there.iter().filter_map(|shard| trials.get_key_value(shard));
    let read = stream::iter(wanted).map(async |(shard, trial)| {
        let errors = match read_trial(out, run, tuning, *shard).await {
            Ok(Some(result)) if result.trial == *trial => Some(result.errors),
            Ok(_) | Err(DocumentError::DamagedCommit { .. }) => None,
            Err(error) => return Err(error),
        };
        if errors.is_none() {
            out.remove(&paths::tuning_shard(run, tuning, *shard))
                .await?;
        }
        Ok((*shard, errors))
    });
    let read: Vec<_> = read
        .buffer_unordered(COMMITS_AT_A_TIME)
        .try_collect()
        .await?;
    let errors = read.into_iter();
    Ok(errors
        .filter_map(|(shard, errors)| errors.map(|errors| (shard, errors)))
        .collect())
}
