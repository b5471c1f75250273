//! The sessions of a panel, its distinct dates, and where they are cut for folds.

use std::ops::{Range, RangeInclusive};

/// A date of the panel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Session {
    /// In days since 1970-01-01.
    pub(crate) date: i32,
    /// How many rows are of it, at least one.
    pub(crate) rows: u64,
}

/// The sessions of `dates`, which are of `span`, ascending.
pub(crate) fn sessions_of(dates: &[i32], span: &RangeInclusive<i32>) -> Vec<Session> {
    let (first, last) = (*span.start(), *span.end());
    let mut rows_by_day = vec![0; last.abs_diff(first) as usize + 1];
    for date in dates {
        rows_by_day[date.abs_diff(first) as usize] += 1;
    }
    let by_date = (first..=last).zip(rows_by_day);
    by_date
        .filter(|(_, rows)| *rows > 0)
        .map(|(date, rows)| Session { date, rows })
        .collect()
}

/// The positions of the sessions that each of `folds` tests on, from the first fold to the last session.
///
/// Fold `j` of `k`, from 1, begins where the rows before it come closest to `j / (k + 1)` of all; of two such sessions
/// at the earlier. It begins later where fewer than `gap + 1` sessions would be before the first fold, and earlier or
/// later where a fold would have no session. There are at least `folds + gap + 1` sessions.
pub(crate) fn test_spans(sessions: &[Session], folds: usize, gap: usize) -> Vec<Range<usize>> {
    let parts = folds as u64 + 1;
    let mut all_rows = 0;
    let mut earlier_rows = vec![0];
    for session in sessions {
        all_rows += session.rows;
        earlier_rows.push(all_rows);
    }

    let mut starts = Vec::with_capacity(folds);
    let mut earliest = gap + 1;
    for fold in 1..=folds {
        // Compared in rows times parts, which are whole numbers.
        let wanted = fold as u64 * all_rows;
        let distance = |session: usize| (earlier_rows[session] * parts).abs_diff(wanted);
        let at_or_above = earlier_rows.partition_point(|rows| rows * parts < wanted);
        let below = at_or_above - 1;
        let closest = if distance(below) <= distance(at_or_above) {
            below
        } else {
            at_or_above
        };
        let latest = sessions.len() - (folds - fold) - 1;
        let start = closest.clamp(earliest, latest);
        starts.push(start);
        earliest = start + 1;
    }
    let ends = starts[1..].iter().copied().chain([sessions.len()]);
    let spans = starts.iter().copied().zip(ends);
    spans.map(|(start, end)| start..end).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_are_distinct_dates_with_their_rows() {
        let sessions = sessions_of(&[5, -2, 5, 0], &(-2..=5));
        let found: Vec<_> = sessions
            .iter()
            .map(|session| (session.date, session.rows))
            .collect();
        assert_eq!(found, [(-2, 1), (0, 1), (5, 2)]);
    }

    fn spans(rows: &[u64], folds: usize, gap: usize) -> Vec<Range<usize>> {
        let sessions: Vec<Session> = (0..)
            .zip(rows)
            .map(|(date, rows)| Session { date, rows: *rows })
            .collect();
        test_spans(&sessions, folds, gap)
    }

    #[test]
    fn cuts_follow_rows_rather_than_dates() {
        let rows = [vec![1; 10], vec![9; 10]].concat();
        assert_eq!(spans(&rows, 1, 0), vec![14..20]);
        assert_eq!(spans(&[1; 100], 4, 5), [20..40, 40..60, 60..80, 80..100]);
    }

    #[test]
    fn every_fold_has_a_session_after_the_gap() {
        assert_eq!(spans(&[1; 7], 4, 2), [3..4, 4..5, 5..6, 6..7]);
        assert_eq!(spans(&[100, 1, 1, 1], 3, 0), [1..2, 2..3, 3..4]);
        assert_eq!(spans(&[1, 1, 1, 100], 3, 0), [1..2, 2..3, 3..4]);
    }
}
