//! Faults of whole lines.

use super::fault::{FaultKind, Outcome};
use super::price_table::{ADJ_CLOSE, CLOSE, DATE, HIGH, LOW, OPEN, PriceTable, VOLUME};

/// One file with faulty lines.
pub(super) struct LineFault {
    pub(super) kind: FaultKind,
    pub(super) symbol: &'static str,
    pub(super) outcome: Outcome,
    /// How many rows the file has before it is spoilt.
    pub(super) rows: usize,
    /// Spoils the lines and returns their numbers.
    pub(super) plant: fn(&mut PriceTable) -> Vec<u64>,
}

const ROWS: usize = 250;
/// Ragged lines are 1 % of this many, and not more.
const ROWS_FOR_RARE_RAGGED_LINES: usize = 1_200;

pub(super) const LINE_FAULTS: [LineFault; 10] = [
    LineFault {
        kind: FaultKind::ClosedDay,
        symbol: "CLOSEDDAY",
        outcome: Outcome::Discarded,
        rows: ROWS,
        plant: closed_days,
    },
    LineFault {
        kind: FaultKind::ClosedDayThenTraded,
        symbol: "CLOSEDTHENTRADED",
        outcome: Outcome::Discarded,
        rows: ROWS,
        plant: closed_day_then_traded,
    },
    LineFault {
        kind: FaultKind::NullField,
        symbol: "NULLFIELD",
        outcome: Outcome::RowQuarantined,
        rows: ROWS,
        plant: null_fields,
    },
    LineFault {
        kind: FaultKind::RaggedLine,
        symbol: "RAGGEDLINE",
        outcome: Outcome::RowQuarantined,
        rows: ROWS,
        plant: |table| ragged_lines(table, 9),
    },
    LineFault {
        kind: FaultKind::RaggedLine,
        symbol: "RARERAGGEDLINE",
        outcome: Outcome::RowQuarantined,
        rows: ROWS_FOR_RARE_RAGGED_LINES,
        plant: |table| ragged_lines(table, 12),
    },
    LineFault {
        kind: FaultKind::HighBelowLow,
        symbol: "HIGHBELOWLOW",
        outcome: Outcome::Kept,
        rows: ROWS,
        plant: high_below_low,
    },
    LineFault {
        kind: FaultKind::TenfoldJump,
        symbol: "TENFOLDJUMP",
        outcome: Outcome::Kept,
        rows: ROWS,
        plant: tenfold_jump,
    },
    LineFault {
        kind: FaultKind::IdenticalRepeatedDate,
        symbol: "IDENTICALDATE",
        outcome: Outcome::Merged,
        rows: ROWS,
        plant: identical_repeated_dates,
    },
    LineFault {
        kind: FaultKind::DifferentRepeatedDate,
        symbol: "DIFFERENTDATE",
        outcome: Outcome::RowQuarantined,
        rows: ROWS,
        plant: different_repeated_dates,
    },
    LineFault {
        kind: FaultKind::DatesOutOfOrder,
        symbol: "OUTOFORDER",
        outcome: Outcome::Kept,
        rows: ROWS,
        plant: dates_out_of_order,
    },
];

fn closed_days(table: &mut PriceTable) -> Vec<u64> {
    let lines = vec![40, 41, 120];
    write_volumes_with_point(table);
    for &line in &lines {
        blank_all_but_the_date(table, line);
    }
    lines
}

fn closed_day_then_traded(table: &mut PriceTable) -> Vec<u64> {
    write_volumes_with_point(table);
    let traded = table.line(200).clone();
    table.insert(200, traded);
    blank_all_but_the_date(table, 200);
    vec![200]
}

/// A vendor that reads a blank volume reads the whole column as floats, and writes it so.
fn write_volumes_with_point(table: &mut PriceTable) {
    for line in table.row_numbers() {
        table.line(line).push_str(".0");
    }
}

fn blank_all_but_the_date(table: &mut PriceTable, line: u64) {
    let date = table.fields(line).swap_remove(DATE);
    *table.line(line) = format!("{date},,,,,,");
}

fn null_fields(table: &mut PriceTable) -> Vec<u64> {
    table.set_field(40, CLOSE, "null");
    for column in [OPEN, HIGH, LOW, CLOSE, ADJ_CLOSE, VOLUME] {
        table.set_field(80, column, "null");
    }
    vec![40, 80]
}

/// Every twentieth line has a field too many or one too few, by turns, until there are `count`.
pub(super) fn ragged_lines(table: &mut PriceTable, count: u64) -> Vec<u64> {
    let lines: Vec<u64> = (1..=count).map(|nth| 20 * nth).collect();
    for &line in &lines {
        let mut fields = table.fields(line);
        if (line / 20).is_multiple_of(2) {
            fields.pop();
        } else {
            fields.push("0.0".to_owned());
        }
        table.set_fields(line, &fields);
    }
    lines
}

fn high_below_low(table: &mut PriceTable) -> Vec<u64> {
    let lines = vec![40, 80];
    for &line in &lines {
        let mut fields = table.fields(line);
        assert_ne!(fields[HIGH], fields[LOW], "a liquid stock moves every day");
        fields.swap(HIGH, LOW);
        table.set_fields(line, &fields);
    }
    lines
}

fn tenfold_jump(table: &mut PriceTable) -> Vec<u64> {
    let jump = 150;
    for line in table.row_numbers().filter(|line| *line >= jump) {
        let mut fields = table.fields(line);
        for field in &mut fields[OPEN..=ADJ_CLOSE] {
            let price: f64 = field.parse().expect("we rendered a price");
            let jumped = f64::from((20.0 * price) as f32);
            zmij::Buffer::new().format(jumped).clone_into(field);
        }
        table.set_fields(line, &fields);
    }
    vec![jump]
}

fn identical_repeated_dates(table: &mut PriceTable) -> Vec<u64> {
    for (line, repetition) in [(60, 61), (100, 101), (101, 102)] {
        let repeated = table.line(line).clone();
        table.insert(repetition, repeated);
    }
    vec![61, 101, 102]
}

fn different_repeated_dates(table: &mut PriceTable) -> Vec<u64> {
    let lines = vec![60, 100, 101];
    for (&line, volume) in lines.iter().zip(["11", "22", "33"]) {
        let later = table.line(line).clone();
        table.insert(line, later);
        table.set_field(line, VOLUME, volume);
    }
    lines
}

fn dates_out_of_order(table: &mut PriceTable) -> Vec<u64> {
    table.lines.swap(39, 40);
    table.lines[99..105].reverse();
    vec![41, 101, 102, 103, 104, 105]
}
