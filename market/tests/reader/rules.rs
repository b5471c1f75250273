//! The table "Rows and faults" of the design, row by row.

use tickermill_market::csv::{PriceFile, iso_date, read_price_file};
use tickermill_market::ledger::FileFault;

const HEADER: &str = "Date,Open,High,Low,Close,Adj Close,Volume";
const GOOD: &str = "2020-01-02,1.5,2.5,0.5,2,1.25,100";

/// A file of a header and these lines.
fn read(lines: &[&str]) -> Result<PriceFile, FileFault> {
    let text = [&[HEADER], lines].concat().join("\n");
    read_price_file(text.as_bytes())
}

fn kept(lines: &[&str]) -> PriceFile {
    let file = read(lines).unwrap();
    assert!(file.quarantined.is_empty(), "{:?}", file.quarantined);
    assert_eq!(file.counts.written, lines.len() as u64);
    file
}

/// Asserts that the line goes to quarantine for this reason, and its good neighbour does not.
fn assert_quarantined(line: &str, reason: &str) {
    let file = read(&[GOOD, line]).unwrap();
    assert_eq!(file.table.rows(), 1, "{line}");
    let [row] = &file.quarantined[..] else {
        panic!("{line}: {:?}", file.quarantined);
    };
    assert_eq!(row.reason.code(), reason, "{line}");
    assert_eq!((row.line, row.raw.as_str()), (3, line));
    assert_eq!(row.offset as usize, HEADER.len() + GOOD.len() + 2);
}

#[test]
fn all_fields_blank_but_the_date_is_discarded() {
    for line in ["2020-01-03,,,,,,", "2020-01-03, ,, ,,,"] {
        let file = read(&[GOOD, line]).unwrap();
        assert_eq!((file.counts.discarded, file.counts.written), (1, 1));
        assert!(file.quarantined.is_empty());
    }
    // A closed day without a day is a bad date: the rule is for dates.
    assert_quarantined(",,,,,,", "bad-date");
}

#[test]
fn faulty_fields_quarantine_their_row() {
    for (line, reason) in [
        ("2020-01-03,,2.5,0.5,2,1.25,100", "blank-field"),
        ("2020-01-03,1.5,2.5,0.5,2,1.25,", "blank-field"),
        ("2020-01-03,null,null,null,null,null,null", "not-a-number"),
        ("2020-01-03,1.5,nan,0.5,2,1.25,100", "not-a-number"),
        ("2020-01-03,1.5,2.5,0.5,2,1.25,1_000", "not-a-number"),
        ("2020-01-03,1.5,2.5,0.5,2,-inf,100", "infinite"),
        ("2020-01-03,1.5,2.5,0.5,1e999,1.25,100", "infinite"),
        ("2020-01-03,-1.5,2.5,0.5,2,1.25,100", "negative-price"),
        ("2020-01-03,1.5,2.5,0.5,-2,1.25,100", "negative-price"),
        ("2020-01-03,1.5,2.5,0.5,2,1.25,-100", "negative-volume"),
        ("2020-01-03,1.5,2.5,0.5,2,1.25,-0.5", "negative-volume"),
        ("2020-01-03,1.5,2.5,0.5,2,1.25,100.5", "fractional-volume"),
        ("2020-01-03,1.5,2.5,0.5,2,1.25,1e19", "volume-out-of-range"),
        ("2020-01-03,1.5,2.5,0.5,2,1.25", "ragged"),
        ("2020-01-03,1.5,2.5,0.5,2,1.25,100,", "ragged"),
        ("2020-01-03,1.5,2.", "ragged"),
        ("2020-02-30,1.5,2.5,0.5,2,1.25,100", "bad-date"),
        ("03/01/2020,1.5,2.5,0.5,2,1.25,100", "bad-date"),
    ] {
        assert_quarantined(line, reason);
    }
}

#[test]
fn volumes_with_a_point_and_beyond_32_bits_are_read() {
    let file = kept(&[
        "2020-01-02,1.5,2.5,0.5,2,1.25,1234.0",
        "2020-01-03,1.5,2.5,0.5,2,1.25,6000000000",
        "2020-01-06,1.5,2.5,0.5,2,1.25,9223372036854775807",
    ]);
    assert_eq!(file.table.volume, [1234, 6_000_000_000, i64::MAX]);
}

#[test]
fn oddities_are_kept_and_counted() {
    let file = kept(&[
        "2020-01-02,0,2.5,0.5,2,1.25,0",
        "2020-01-03,1.5,0.5,2.5,20,-0.5,100",
        "2020-01-06,1.5,2.5,0.5,2,-1,100",
    ]);
    let flags = file.flags;
    assert_eq!((flags.open_zero, flags.volume_zero), (1, 1));
    assert_eq!((flags.adj_close_negative, flags.high_below_low), (2, 1));
    assert_eq!((flags.tenfold_jump, flags.out_of_order), (2, 0));
    assert_eq!(file.table.adj_close, [1.25, -0.5, -1.0]);
}

#[test]
fn a_repeated_date_is_merged_where_identical_and_else_the_later_line_stays() {
    let file = read(&[GOOD, GOOD, GOOD]).unwrap();
    assert_eq!((file.counts.merged, file.counts.written), (2, 1));
    // Written in another way, but the same values.
    let file = read(&[GOOD, "2020-01-02,1.50,2.5,5e-1,2.0,1.25,100.0"]).unwrap();
    assert_eq!((file.counts.merged, file.counts.written), (1, 1));

    let file = read(&[GOOD, "2020-01-02,1.5,2.5,0.5,2,1.25,200"]).unwrap();
    assert_eq!(file.table.volume, [200]);
    let [row] = &file.quarantined[..] else {
        panic!("{:?}", file.quarantined);
    };
    assert_eq!((row.reason.code(), row.line), ("repeated-date", 2));
}

#[test]
fn dates_out_of_order_are_sorted_and_counted() {
    let file = kept(&[
        "2020-01-06,1.5,2.5,0.5,2,1.25,3",
        "2020-01-02,1.5,2.5,0.5,2,1.25,1",
        "2020-01-03,1.5,2.5,0.5,2,1.25,2",
    ]);
    assert_eq!(file.table.volume, [1, 2, 3]);
    assert_eq!(file.flags.out_of_order, 1);
    assert_eq!(iso_date(file.table.date[0]), "2020-01-02");
}

#[test]
fn other_line_ends_marks_and_orders_of_columns_are_read() {
    let want = kept(&[GOOD]).table;
    for text in [
        format!("{HEADER}\r\n{GOOD}\r\n"),
        format!("\u{feff}{HEADER}\n{GOOD}\n"),
        format!("\n{HEADER}\n\n  \n{GOOD}"),
        format!("{HEADER},Note\n{GOOD},\"a, b\"\n"),
        "Volume,Date,Close,Open,Adj Close,Low,High\n100,2020-01-02,2,1.5,1.25,0.5,2.5\n".to_owned(),
    ] {
        let file = read_price_file(text.as_bytes()).unwrap();
        assert_eq!(file.table, want, "{text}");
        assert_eq!(file.counts.read, 1);
    }
}

#[test]
fn files_without_text_or_columns_are_quarantined() {
    for (bytes, code) in [
        (&b""[..], "empty"),
        (b"\n \r\n", "empty"),
        (b"\xff\xfeD\0a\0t\0e\0", "not-text"),
        (b"Date,Open\0", "not-text"),
        (b"Date,Open,High,Low,Close,Volume\n", "columns-missing"),
        (
            b"Date,Open,High,Low,Close,Adj Close,Volume,Open\n",
            "column-repeated",
        ),
    ] {
        assert_eq!(read_price_file(bytes).unwrap_err().code(), code);
    }
}

#[test]
fn ragged_lines_quarantine_a_file_if_they_are_ten_and_over_one_percent() {
    let file = |good: usize, ragged: usize| {
        let lines = [vec!["2020-01-02,1"; ragged], vec![GOOD; good]].concat();
        read(&lines).map(|file| file.counts.quarantined)
    };
    assert_eq!(file(0, 9), Ok(9));
    assert_eq!(file(90, 10), Err(FileFault::Ragged(10)));
    assert_eq!(file(989, 10), Err(FileFault::Ragged(10)));
    assert_eq!(file(990, 10), Ok(10));
}

#[test]
fn a_header_without_rows_is_a_table_without_rows() {
    let file = kept(&[]);
    assert_eq!((file.table.rows(), file.counts.read), (0, 0));
}
