//! Price files of every kind, good and bad.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// What the fields of a clean line are drawn from: seven texts in the order of the canonical header.
type Fields = Vec<String>;

const ODD_CELLS: [&str; 36] = [
    "",
    " ",
    "null",
    "nan",
    "inf",
    "-inf",
    "Infinity",
    "1e999",
    "n/a",
    "-1",
    "-0",
    "-0.0",
    "-1234.0",
    "0",
    "0.0",
    "1.5",
    "1.50",
    ".5",
    "7.",
    "+3",
    "1e3",
    "1.25E2",
    "2.5e-3",
    "1e",
    "1_0",
    " 12.5 ",
    "0x1f",
    "½",
    "12345678",
    "123456789.125",
    "00000.100000000000000000000001",
    "0.1234567890123456789",
    "99999999999999999999",
    "9223372036854775807",
    "9223372036854775808",
    "123456789012345678.0",
];
const ODD_DATES: [&str; 10] = [
    "",
    "2019-02-30",
    "2019-13-01",
    "2019-00-10",
    "0000-01-01",
    "31/12/2019",
    "20191231",
    " 2019-12-31",
    "2019-12-31T00",
    "2019-1-1",
];

/// The bytes of a file: any header, any line endings, lines good and bad.
pub(crate) fn price_file() -> impl Strategy<Value = Vec<u8>> {
    (
        header(),
        vec(line(), 0..60),
        select(vec!["\n", "\r\n"]),
        any::<bool>(),
        prop::bool::weighted(0.9),
    )
        .prop_map(|(header, lines, line_end, mark, last_line_ends)| {
            let mut text = String::from(if mark { "\u{feff}" } else { "" });
            text += &header.join(",");
            for line in lines {
                text += line_end;
                text += &line.text(&header);
            }
            if last_line_ends {
                text += line_end;
            }
            text.into_bytes()
        })
}

fn header() -> impl Strategy<Value = Vec<String>> {
    let canonical = || {
        [
            "Date",
            "Open",
            "High",
            "Low",
            "Close",
            "Adj Close",
            "Volume",
        ]
        .map(str::to_owned)
        .to_vec()
    };
    let with_more = (Just(canonical()), any::<Index>()).prop_map(|(mut names, place)| {
        names.insert(place.index(names.len() + 1), "Dividends".to_owned());
        names
    });
    let shuffled = with_more.prop_shuffle();
    let spaced = Just(
        canonical()
            .into_iter()
            .map(|name| format!(" {name} "))
            .collect(),
    );
    let without_one = (Just(canonical()), any::<Index>()).prop_map(|(mut names, place)| {
        names.remove(place.index(names.len()));
        names
    });
    let repeated = (Just(canonical()), any::<Index>()).prop_map(|(mut names, place)| {
        names.push(names[place.index(names.len())].clone());
        names
    });
    prop_oneof![
        12 => Just(canonical()),
        4 => shuffled,
        2 => Just(canonical()).prop_shuffle(),
        2 => spaced,
        1 => without_one,
        1 => repeated,
    ]
}

#[derive(Debug, Clone)]
enum Line {
    Fields(Fields),
    Quoted(Fields),
    Ragged(Fields, bool),
    Raw(String),
}

impl Line {
    fn text(&self, header: &[String]) -> String {
        match self {
            Self::Raw(text) => text.clone(),
            Self::Fields(fields) => arranged(fields, header).join(","),
            Self::Quoted(fields) => {
                let quoted = |field: &String| format!("\"{field}\"");
                let fields: Vec<String> = arranged(fields, header).iter().map(quoted).collect();
                fields.join(",")
            }
            Self::Ragged(fields, longer) => {
                let mut fields = arranged(fields, header);
                if *longer {
                    fields.push("1".to_owned());
                } else {
                    fields.pop();
                }
                fields.join(",")
            }
        }
    }
}

/// Fields in the order of the header; columns that are no price have some other text.
fn arranged(fields: &[String], header: &[String]) -> Vec<String> {
    let columns = [
        "Date",
        "Open",
        "High",
        "Low",
        "Close",
        "Adj Close",
        "Volume",
    ];
    let field = |name: &String| {
        let column = columns.iter().position(|column| *column == name.trim());
        column.map_or_else(|| "something".to_owned(), |column| fields[column].clone())
    };
    header.iter().map(field).collect()
}

fn line() -> impl Strategy<Value = Line> {
    let odd_cell =
        (fields(), 1..7_usize, select(&ODD_CELLS[..])).prop_map(|(mut fields, at, odd)| {
            odd.clone_into(&mut fields[at]);
            Line::Fields(fields)
        });
    let odd_date = (fields(), select(&ODD_DATES[..])).prop_map(|(mut fields, odd)| {
        odd.clone_into(&mut fields[0]);
        Line::Fields(fields)
    });
    let closed = date().prop_map(|date| {
        let mut fields = vec![String::new(); 7];
        fields[0] = date;
        Line::Fields(fields)
    });
    // Few dates and few prices: rows that repeat, equal or not.
    let repeated = (1..4_u32, 1..3_u32).prop_map(|(day, price)| {
        let mut fields = vec![format!("{price}.25"); 7];
        fields[0] = format!("2020-01-0{day}");
        "100".clone_into(&mut fields[6]);
        Line::Fields(fields)
    });
    prop_oneof![
        40 => fields().prop_map(Line::Fields),
        8 => odd_cell,
        2 => odd_date,
        2 => closed,
        6 => repeated,
        2 => fields().prop_map(Line::Quoted),
        1 => (fields(), any::<bool>()).prop_map(|(fields, longer)| Line::Ragged(fields, longer)),
        1 => select(vec!["", " ", "\t", ",,,,,,", "2020-01-01", "\"", "\"\"\",x", "\r"])
            .prop_map(|text| Line::Raw(text.to_owned())),
    ]
}

fn fields() -> impl Strategy<Value = Fields> {
    (date(), vec(price(), 5), volume()).prop_map(|(date, prices, volume)| {
        std::iter::once(date)
            .chain(prices)
            .chain([volume])
            .collect()
    })
}

fn date() -> impl Strategy<Value = String> {
    (1..4000_i32).prop_map(|day| {
        let epoch = chrono::NaiveDate::from_ymd_opt(2010, 1, 1).expect("it is a day");
        (epoch + chrono::Days::new(day as u64)).to_string()
    })
}

fn price() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => (0.001..5000.0_f32).prop_map(|price| f64::from(price).to_string()),
        4 => (0.0..1e9_f64).prop_map(|price| price.to_string()),
        1 => (1e-9..1e-3_f64).prop_map(|price| format!("{price:e}")),
        1 => r"[0-9]{1,9}\.[0-9]{1,24}",
    ]
}

fn volume() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => (0..10_000_000_000_u64).prop_map(|shares| shares.to_string()),
        1 => (0..=i64::MAX).prop_map(|shares| shares.to_string()),
        1 => (0..100_000_u32).prop_map(|shares| format!("{shares}.0")),
        1 => Just("1.2e6".to_owned()),
    ]
}
