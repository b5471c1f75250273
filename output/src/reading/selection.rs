//! A query, checked against the run that it asks for. Pure.

use std::ops::RangeInclusive;
use std::sync::Arc;

use arrow_schema::{Schema, SchemaRef};
use proto::query::{FeatureQuery, RunChoice};

use super::completed::{CompletedRun, FeatureFile};
use super::error::ReadError;

/// What a reader gets: which files, which of their rows and columns.
#[derive(Debug, Clone)]
pub struct Selection {
    run: Arc<CompletedRun>,
    query: FeatureQuery,
    /// The places of the files among the run's, rising; `None` for all.
    places: Option<Vec<usize>>,
    schema: SchemaRef,
}

impl Selection {
    /// Checks that the run has what is asked for, and that the dates are in order.
    pub fn of(run: Arc<CompletedRun>, mut query: FeatureQuery) -> Result<Self, ReadError> {
        if let (Some(from), Some(to)) = (query.from, query.to)
            && from > to
        {
            return Err(ReadError::DatesReversed { from, to });
        }
        let schema = project(&run, &query.columns)?;
        query.symbols.sort();
        query.symbols.dedup();
        let mut places = Vec::with_capacity(query.symbols.len());
        for symbol in &query.symbols {
            let place = run.place_of(symbol);
            places.push(place.ok_or_else(|| ReadError::NoSuchSymbol {
                run: run.run.clone(),
                symbol: symbol.clone(),
            })?);
        }
        query.run = RunChoice::Run(run.run.clone());
        Ok(Self {
            places: (!places.is_empty()).then_some(places),
            run,
            query,
            schema,
        })
    }

    /// The run.
    pub fn run(&self) -> &CompletedRun {
        &self.run
    }

    /// The query with its run by id and its symbols in order: it stays the same when another run becomes the latest.
    pub fn query(&self) -> &FeatureQuery {
        &self.query
    }

    /// The columns, in the order in which they are handed out.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The `number`th file to read; they are in rising order of symbol.
    pub fn file(&self, number: usize) -> Option<&FeatureFile> {
        let place = match &self.places {
            Some(places) => *places.get(number)?,
            None => number,
        };
        self.run.files.get(place)
    }

    /// The days since 1970-01-01 asked for; `None` for all.
    pub fn days(&self) -> Option<RangeInclusive<i32>> {
        if self.query.from.is_none() && self.query.to.is_none() {
            return None;
        }
        let first = self.query.from.map_or(i32::MIN, |day| day.since_epoch);
        let last = self.query.to.map_or(i32::MAX, |day| day.since_epoch);
        Some(first..=last)
    }

    /// The rows, where no dates are asked for: how many there are between two dates is known when they are read.
    pub fn total_rows(&self) -> Option<u64> {
        self.days().is_none().then(|| self.sum(|file| file.rows))
    }

    /// The bytes of the files, where all of each is asked for.
    pub fn total_bytes(&self) -> Option<u64> {
        let whole = self.days().is_none() && self.query.columns.is_empty();
        whole.then(|| self.sum(|file| file.size))
    }

    fn sum(&self, of: impl Fn(&FeatureFile) -> u64) -> u64 {
        (0..).map_while(|number| self.file(number)).map(of).sum()
    }
}

/// The named columns in the order of `names`; all where there are none.
fn project(run: &CompletedRun, names: &[String]) -> Result<SchemaRef, ReadError> {
    if names.is_empty() {
        return Ok(Arc::clone(&run.schema));
    }
    let mut fields = Vec::with_capacity(names.len().min(run.schema.fields().len()));
    for (number, name) in names.iter().enumerate() {
        let Some((_, field)) = run.schema.fields().find(name) else {
            return Err(ReadError::NoSuchColumn {
                run: run.run.clone(),
                column: name.clone(),
                columns: column_names(&run.schema),
            });
        };
        // Columns that are there and differ are few, so this ends early however many names there are.
        if names[..number].contains(name) {
            return Err(ReadError::ColumnTwice {
                column: name.clone(),
            });
        }
        fields.push(Arc::clone(field));
    }
    Ok(Arc::new(Schema::new(fields)))
}

fn column_names(schema: &Schema) -> String {
    let names: Vec<String> = schema
        .fields()
        .iter()
        .map(|field| format!("`{}`", field.name()))
        .collect();
    names.join(", ")
}
