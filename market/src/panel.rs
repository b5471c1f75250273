//! What boosted trees learn from: every row of a ticker that has all inputs, one byte an input.

use arrow_array::{Array, Float64Array, Int64Array};
use features::column::Column;
use features::compute::{ComputeError, compute};
use features::schema::FeatureSchema;
use features::{grid, mean};
use serde::{Deserialize, Serialize};

use crate::table::PriceArrays;

/// Which rows a panel takes, and what of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PanelRequest {
    /// The inputs in order, and the target, which is of [`Column::Volume`].
    pub schema: FeatureSchema,
    /// The rows of the moving average of Volume that the panel is judged beside, at least 1.
    pub average_rows: usize,
}

/// A ticker's rows of a panel, by rising date. Row `i` of each column belongs to row `i` of the others.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PanelRows {
    /// The date of each row, in days since 1970-01-01.
    pub date: Vec<i32>,
    /// Volume.
    pub today: Vec<f32>,
    /// The moving average of Volume.
    pub moving_average: Vec<f32>,
    /// The target.
    pub target: Vec<f32>,
    /// One list for each input: [`grid::code`] of its value in each row.
    pub codes: Vec<Vec<u8>>,
}

impl PanelRows {
    /// The rows of a ticker's prices that have all inputs, the moving average and the target.
    ///
    /// Panics where the target is not of [`Column::Volume`].
    pub fn of(request: &PanelRequest, prices: &PriceArrays) -> Result<Self, ComputeError> {
        assert_eq!(
            request.schema.target().column,
            Column::Volume,
            "a panel is of volumes"
        );
        let mut computed = compute(&request.schema, &prices.columns())?;
        let target = computed.pop().expect("the target comes last");
        let target: &Int64Array = of_type(target.as_ref());
        let inputs: Vec<&Float64Array> = computed
            .iter()
            .map(|input| of_type(input.as_ref()))
            .collect();
        let moving_average = mean::of_integers(&prices.volume, request.average_rows);

        let is_whole = |row: &usize| {
            target.is_valid(*row)
                && moving_average.is_valid(*row)
                && inputs.iter().all(|input| input.is_valid(*row))
        };
        let rows: Vec<usize> = (0..target.len()).filter(is_whole).collect();
        let codes = |input: &&Float64Array| {
            let values = rows.iter().map(|row| input.value(*row));
            values.map(grid::code).collect()
        };
        let volumes = |column: &Int64Array| {
            let values = rows.iter().map(|row| column.value(*row));
            values.map(|volume| volume as f32).collect()
        };
        let averages = rows.iter().map(|row| moving_average.value(*row) as f32);
        Ok(Self {
            date: rows.iter().map(|row| prices.date.value(*row)).collect(),
            today: volumes(&prices.volume),
            moving_average: averages.collect(),
            target: volumes(target),
            codes: inputs.iter().map(codes).collect(),
        })
    }
}

impl PanelRows {
    /// Adds later rows of the same ticker, which have as many inputs.
    pub fn append(&mut self, later: &Self) {
        self.date.extend_from_slice(&later.date);
        self.today.extend_from_slice(&later.today);
        self.moving_average.extend_from_slice(&later.moving_average);
        self.target.extend_from_slice(&later.target);
        for (codes, later) in self.codes.iter_mut().zip(&later.codes) {
            codes.extend_from_slice(later);
        }
    }
}

fn of_type<T: Array + 'static>(array: &dyn Array) -> &T {
    let array = array.as_any().downcast_ref();
    array.expect("features are float64, and a target of Volume is int64")
}

#[cfg(test)]
mod tests {
    use super::{PanelRequest, PanelRows};
    use crate::table::PriceTable;
    use features::grid;
    use features::schema::{FeatureSchema, Target};
    use features::volume_inputs::volume_inputs;

    fn prices(rows: i32) -> PriceTable {
        let price = |offset: f64| (0..rows).map(|row| f64::from(row % 7) + offset).collect();
        PriceTable {
            date: (0..rows).map(|row| 18_000 + row).collect(),
            open: price(20.0),
            high: price(24.0),
            low: price(18.0),
            close: price(21.0),
            adj_close: price(20.5),
            volume: (0..i64::from(rows)).map(|row| 1_000 + 10 * row).collect(),
        }
    }

    fn request() -> PanelRequest {
        PanelRequest {
            schema: FeatureSchema::declare(volume_inputs(), Target::default()).unwrap(),
            average_rows: 30,
        }
    }

    #[test]
    fn takes_rows_with_everything_and_nothing_else() {
        let mut table = prices(100);
        table.high[80] = 0.0; // no logarithm, so no range in ten windows
        let rows = PanelRows::of(&request(), &table.into_arrays()).unwrap();
        let dates: Vec<i32> = (59..80).chain(90..99).map(|row| 18_000 + row).collect();
        assert_eq!(rows.date, dates);
        // The mean of 30 rows that rise by 10 lies 145 below the last.
        let first = (rows.today[0], rows.target[0], rows.moving_average[0]);
        assert_eq!(first, (1_590.0, 1_600.0, 1_445.0));
        assert_eq!(rows.codes.len(), 16);
        assert_eq!(rows.codes[0][0], grid::code(1_591.0_f64.ln()));
        assert_eq!(rows.codes[1][0], grid::code((1_581.0 / 1_591.0_f64).ln()));
    }

    #[test]
    fn a_short_history_has_no_rows() {
        let rows = PanelRows::of(&request(), &prices(60).into_arrays()).unwrap();
        assert_eq!(rows.date.len(), 0);
        assert_eq!(rows.codes, vec![Vec::<u8>::new(); 16]);
    }
}
