//! What a run came to, for people to read.

use std::fmt::Write;

use output::outcome::{ModelSummary, Skill, Status, Summary, WalkForward};

/// A summary in lines: what was read and written, how fast, how good the model is, and where everything lies.
pub(crate) fn summary(summary: &Summary) -> String {
    let mut text = String::new();
    let total = summary.seconds.get("total").copied().unwrap_or_default();
    let head = match summary.status {
        Status::Completed if summary.unchanged => {
            "was completed before; nothing changed, nothing to do".to_owned()
        }
        status => format!("{} in {total:.2} s", status.describe()),
    };
    line(&mut text, format_args!("run {} {head}", summary.run_id));
    if let Some(reason) = &summary.reason {
        field(&mut text, "reason", reason);
    }
    if !summary.dataset_digest.is_empty() {
        add_counts(&mut text, summary);
    }
    if summary.status == Status::Completed {
        field(&mut text, "features", &summary.features_dir);
        field(&mut text, "digest", &summary.dataset_digest);
        match (&summary.model, &summary.model_reason) {
            (Some(model), _) => add_model(&mut text, model),
            (None, Some(reason)) => field(&mut text, "model", &format!("none: {reason}")),
            (None, None) => {}
        }
        for model in summary.all_models() {
            if Some(model) != summary.model.as_ref() {
                add_model(&mut text, model);
            }
        }
    }
    field(
        &mut text,
        "reports",
        &format!(
            "{}/{{quality.json, quarantine.parquet, run.log}}",
            summary.run_dir
        ),
    );
    text
}

fn add_counts(text: &mut String, summary: &Summary) {
    let Summary {
        rows_read,
        rows_written,
        rows_discarded,
        rows_merged,
        rows_quarantined,
        ..
    } = summary;
    field(
        text,
        "rows",
        &format!(
            "{} read = {} written + {} discarded + {} merged + {} quarantined",
            grouped(*rows_read),
            grouped(*rows_written),
            grouped(*rows_discarded),
            grouped(*rows_merged),
            grouped(*rows_quarantined)
        ),
    );
    let Summary {
        symbols,
        symbols_short,
        recomputed,
        carried_over,
        resumed,
        files_quarantined,
        ..
    } = summary;
    let mut tickers =
        format!("{symbols} with features, {symbols_short} of them shorter than the window");
    let _ = write!(
        tickers,
        "; {recomputed} computed, {carried_over} carried over"
    );
    if *resumed > 0 {
        let _ = write!(tickers, ", {resumed} done before");
    }
    if *files_quarantined > 0 {
        let _ = write!(tickers, "; {files_quarantined} files quarantined");
    }
    field(text, "tickers", &tickers);
    let seconds = summary.seconds.get("features").copied().unwrap_or_default();
    if *recomputed > 0 && *carried_over == 0 && *resumed == 0 && seconds > 0.0 {
        let rate = *rows_read as f64 / seconds / 1e6;
        let bytes = summary.bytes_read as f64 / seconds / f64::from(1 << 20);
        field(
            text,
            "rate",
            &format!("{rate:.2} million rows/s, {bytes:.0} MiB/s"),
        );
    }
}

fn add_model(text: &mut String, model: &ModelSummary) {
    field(text, "model", &format!("{} {}", model.name, model.version));
    let ModelSummary { mae, naive_mae, .. } = model;
    let mut errors = format!(
        "MAE {} on {} later rows",
        grouped(mae.round() as u64),
        grouped(model.test_rows)
    );
    let _ = write!(errors, "; as today: {}", grouped(naive_mae.round() as u64));
    if let Some(naive) = model.naive_moving_average_mae {
        let _ = write!(
            errors,
            "; as the moving average: {}",
            grouped(naive.round() as u64)
        );
    }
    if let Some(skill) = model.skill {
        let _ = write!(errors, "; skill {skill:+.3}");
    }
    field(text, "", &errors);
    if let Some(walk_forward) = &model.walk_forward {
        add_walk_forward(text, walk_forward);
    }
    if let Some(reason) = &model.held_back {
        field(text, "", &format!("not live: {reason}"));
    }
    if let Some(reason) = &model.promoted_anyway {
        field(text, "", &format!("live anyway: {reason}"));
    }
    field(text, "", &model.path);
}

fn add_walk_forward(text: &mut String, walk_forward: &WalkForward) {
    let WalkForward {
        folds, test_rows, ..
    } = walk_forward;
    let mut line = format!(
        "walking forward, {folds} folds, {} rows: skill",
        grouped(*test_rows)
    );
    let skills = [
        ("mean", walk_forward.mean),
        ("last fold", walk_forward.last_fold),
        ("new tickers", walk_forward.unseen),
    ];
    for (place, (name, skill)) in skills.into_iter().enumerate() {
        let comma = if place > 0 { "," } else { "" };
        let _ = match skill {
            Some(Skill { skill, low, high }) => {
                write!(line, "{comma} {name} {skill:+.3} ({low:+.3} to {high:+.3})")
            }
            None => write!(line, "{comma} {name} unknown"),
        };
    }
    field(text, "", &line);
}

/// A line with its name in front.
pub(crate) fn field(text: &mut String, name: &str, value: &str) {
    line(text, format_args!("  {name:<9} {value}"));
}

/// A line as it is.
pub(crate) fn line(text: &mut String, content: std::fmt::Arguments<'_>) {
    // Writing to a string does not fail.
    let _ = writeln!(text, "{content}");
}

/// A number with its thousands parted by commas.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn groups_thousands() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (1_385_171, "1,385,171"),
        ] {
            assert_eq!(grouped(number), text);
        }
    }
}
