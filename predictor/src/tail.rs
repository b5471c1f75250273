//! The body of `POST /predict`: the last days of a ticker, from which the next one is predicted. Pure.

use market::symbol::Symbol;
use market::table::PriceTable;
use proto::query::Day;
use serde::Deserialize;

use crate::refusal::Refusal;
use crate::served::ServedModel;
use crate::tickers::{FeatureRow, Ticker, recipe_of};

/// What a body is, for refusals.
const EXPECTED: &str = "{\"rows\": [{\"date\": \"2020-04-01\", \"open\": 1.0, \"high\": 1.0, \"low\": 1.0, \"close\": 1.0, \"volume\": 100}, …]}, \
    by rising date, where `adj_close` may be given too";

/// The symbol that rows without one are computed under; no value depends on it.
const NAMELESS: &str = "TAIL";

/// A body of `POST /predict`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tail {
    rows: Vec<DailyRow>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DailyRow {
    date: Day,
    open: f64,
    high: f64,
    low: f64,
    close: f64,
    /// As `close` where it is left out, as it is for the newest days.
    adj_close: Option<f64>,
    volume: i64,
}

impl Tail {
    /// Reads a body of at most `max_rows` rows.
    pub(crate) fn read(body: &[u8], max_rows: usize) -> Result<Self, Refusal> {
        let tail: Self = serde_json::from_slice(body).map_err(|error| {
            Refusal::malformed(
                format!("the body is no tail of daily rows: {error}"),
                EXPECTED,
            )
        })?;
        if tail.rows.len() > max_rows {
            let found = format!("{} rows are too many", tail.rows.len());
            return Err(Refusal::bad(
                "rows",
                found,
                format!("at most {max_rows} rows"),
            ));
        }
        Ok(tail)
    }

    /// The last row with its inputs, made as in training.
    pub(crate) fn last_row(&self, model: &ServedModel) -> Result<FeatureRow, Refusal> {
        let recipe = recipe_of(model)?;
        let needed = recipe.schema.longest_window();
        let given = self.rows.len();
        if given < needed {
            return Err(Refusal::unanswerable(
                "rows",
                format!("{given} rows are too few"),
                format!("at least {needed} rows, the last one being the newest"),
            ));
        }
        // No value depends on rows before its window.
        let table = self.table(given - needed)?;
        let symbol = Symbol::parse(NAMELESS).expect("it is a symbol");
        let computed = Ticker::of(table, &symbol, recipe, &model.inputs)
            .map_err(|error| Refusal::malformed(error.to_string(), EXPECTED))?;
        let features = computed.row(needed - 1).to_vec();
        if let Some(input) = features.iter().position(|value| value.is_nan()) {
            return Err(Refusal::unanswerable(
                "rows",
                format!(
                    "`{}` has no value for the last row: a price that it is made of is 0",
                    model.inputs[input]
                ),
                format!("prices above 0 in the last {needed} rows"),
            ));
        }
        Ok(FeatureRow {
            date: self.rows[given - 1].date,
            features,
            first_date: self.rows[given - needed].date,
            rows: needed,
        })
    }

    /// All rows are checked, and those from `first` on returned.
    fn table(&self, first: usize) -> Result<PriceTable, Refusal> {
        let mut table = PriceTable::with_capacity(self.rows.len() - first);
        let mut previous: Option<Day> = None;
        for (place, row) in self.rows.iter().enumerate() {
            if previous.is_some_and(|previous| previous >= row.date) {
                return Err(Refusal::bad(
                    format!("rows[{place}].date"),
                    format!("{} is not after the row before", row.date),
                    "rows by rising date, each date once",
                ));
            }
            previous = Some(row.date);
            let prices = [
                ("open", row.open),
                ("high", row.high),
                ("low", row.low),
                ("close", row.close),
            ];
            if let Some((name, price)) = prices.into_iter().find(|(_, price)| *price < 0.0) {
                let field = format!("rows[{place}].{name}");
                return Err(Refusal::bad(
                    field,
                    format!("{price} is negative"),
                    "a price, from 0",
                ));
            }
            if row.volume < 0 {
                let field = format!("rows[{place}].volume");
                let found = format!("{} is negative", row.volume);
                return Err(Refusal::bad(field, found, "shares traded, from 0"));
            }
            if place < first {
                continue;
            }
            table.date.push(row.date.since_epoch);
            table.open.push(row.open);
            table.high.push(row.high);
            table.low.push(row.low);
            table.close.push(row.close);
            table.adj_close.push(row.adj_close.unwrap_or(row.close));
            table.volume.push(row.volume);
        }
        Ok(table)
    }
}
