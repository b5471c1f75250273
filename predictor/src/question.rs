//! What `GET /predict` asks, from the text of its query. Pure.

use std::borrow::Cow;

use market::symbol::Symbol;
use model::matrix::to_feature;
use proto::query::Day;
use url::form_urlencoded;

use crate::refusal::Refusal;
use crate::served::ServedModel;

/// The most parameters of a query. A model with more inputs is asked by the inference protocol.
const MAX_PARAMETERS: usize = 1_024;

/// A query's parameters, decoded, in their order.
#[derive(Debug)]
pub(crate) struct Parameters<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

/// What is asked of a model.
#[derive(Debug, PartialEq)]
pub(crate) enum Question {
    /// The prediction for a row that the client gives.
    Row(Vec<f32>),
    /// The prediction for a ticker's row, of the date or else the last one.
    Ticker { symbol: Symbol, date: Option<Day> },
}

impl<'a> Parameters<'a> {
    pub(crate) fn decode(query: &'a str) -> Result<Self, Refusal> {
        let pairs = form_urlencoded::parse(query.as_bytes());
        let pairs: Vec<_> = pairs.take(MAX_PARAMETERS + 1).collect();
        if pairs.len() > MAX_PARAMETERS {
            let expected = format!("at most {MAX_PARAMETERS}");
            return Err(Refusal::malformed("too many parameters", expected));
        }
        for (place, (name, _)) in pairs.iter().enumerate() {
            if pairs[..place].iter().any(|(earlier, _)| earlier == name) {
                return Err(Refusal::bad(
                    shortened(name),
                    "the parameter is given twice",
                    "each parameter once",
                ));
            }
        }
        Ok(Self(pairs))
    }

    /// Takes a parameter out; `None` where it is not given.
    pub(crate) fn take(&mut self, name: &str) -> Option<Cow<'a, str>> {
        let place = self.0.iter().position(|(given, _)| given == name)?;
        Some(self.0.remove(place).1)
    }

    /// Takes a parameter out that is `true` or `false`, which it is where it is not given.
    pub(crate) fn take_truth(&mut self, name: &str) -> Result<bool, Refusal> {
        match self.take(name).as_deref() {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(other) => {
                let found = format!("`{}` is neither", shortened(other));
                Err(Refusal::bad(name, found, "true or false"))
            }
        }
    }

    /// The names of what is given and not taken out: the inputs of a row, where no ticker is named.
    pub(crate) fn inputs(&self) -> Vec<&str> {
        let names = self.0.iter().map(|(name, _)| name.as_ref());
        let names: Vec<&str> = names.collect();
        if names.contains(&"symbol") {
            return Vec::new();
        }
        names
    }

    /// What the remaining parameters ask of the model.
    pub(crate) fn question(mut self, model: &ServedModel) -> Result<Question, Refusal> {
        if let Some(symbol) = self.take("symbol") {
            let date = self.take("date");
            self.end("symbol, date, explain and model")?;
            return Ok(Question::Ticker {
                symbol: symbol_of(&symbol)?,
                date: date.map(|date| day_of(&date)).transpose()?,
            });
        }
        let mut row = Vec::with_capacity(model.inputs.len());
        for (input, name) in model.inputs.iter().enumerate() {
            let Some(text) = self.take(name) else {
                let nothing_given = input == 0 && self.0.is_empty();
                return Err(missing(model, input, nothing_given));
            };
            row.push(number(name, &text, model.least(input))?);
        }
        if !self.0.is_empty() {
            self.end(&format!("{}, explain and model", model.inputs.join(", ")))?;
        }
        Ok(Question::Row(row))
    }

    /// Refuses what has not been taken out.
    pub(crate) fn end(&self, known: &str) -> Result<(), Refusal> {
        let Some((name, _)) = self.0.first() else {
            return Ok(());
        };
        Err(Refusal::bad(
            shortened(name),
            "there is no such parameter here",
            known,
        ))
    }
}

fn missing(model: &ServedModel, input: usize, nothing_given: bool) -> Refusal {
    let name = &model.inputs[input];
    let inputs = model.inputs.join(" and ");
    let error = if nothing_given {
        format!("nothing to predict from: give {inputs}, or symbol")
    } else {
        format!("the parameter `{name}` is missing")
    };
    Refusal::bad(name, error, expected_number(model.least(input)))
}

fn expected_number(least: Option<f64>) -> String {
    match least {
        Some(least) => format!("a number from {least} to {:e}", f32::MAX),
        None => format!("a number from {:e} to {:e}", f32::MIN, f32::MAX),
    }
}

/// A finite number within what a float32 can be, and not below `least`.
pub(crate) fn number(name: &str, text: &str, least: Option<f64>) -> Result<f32, Refusal> {
    let refusal = |found: &str| {
        let found = format!("`{}` {found}", shortened(text));
        Refusal::bad(name, found, expected_number(least))
    };
    let value: f64 = match text.parse() {
        Ok(value) => value,
        Err(_) => return Err(refusal("is not a number")),
    };
    if !value.is_finite() {
        return Err(refusal("is not a finite number"));
    }
    if value.abs() > f64::from(f32::MAX) {
        return Err(refusal("is too large"));
    }
    if least.is_some_and(|least| value < least) {
        return Err(refusal("is too small"));
    }
    Ok(to_feature(value))
}

/// A symbol as a client writes it.
pub(crate) fn symbol_of(text: &str) -> Result<Symbol, Refusal> {
    Symbol::parse(text).map_err(|_| {
        let expected = "1 to 16 of the characters A-Z a-z 0-9 . $ # ^ = -";
        Refusal::bad(
            "symbol",
            format!("`{}` is not a symbol", shortened(text)),
            expected,
        )
    })
}

fn day_of(text: &str) -> Result<Day, Refusal> {
    Day::parse(text).map_err(|_| {
        let found = format!("`{}` is not a date", shortened(text));
        Refusal::bad("date", found, "a date such as 2020-04-01")
    })
}

/// The beginning of a text that a client sent, for an answer.
pub(crate) fn shortened(text: &str) -> String {
    const LONGEST: usize = 60;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::served::constant;

    fn asked(query: &str) -> Result<Question, Refusal> {
        Parameters::decode(query)?.question(&constant())
    }

    #[test]
    fn a_row_is_in_the_order_of_the_inputs() {
        let row = asked("price=2.5&volume=1e3").unwrap();
        assert_eq!(row, Question::Row(vec![1_000.0, 2.5]));
        // The nearest float32, as in training.
        let row = asked("price=0.1&volume=16777217").unwrap();
        assert_eq!(row, Question::Row(vec![16_777_216.0, 0.1]));
    }

    #[test]
    fn a_ticker_is_named_as_it_is_written() {
        let symbol = |text| Symbol::parse(text).unwrap();
        let ticker = asked("symbol=CARR%23").unwrap();
        let of_last_day = |symbol| Question::Ticker { symbol, date: None };
        assert_eq!(ticker, of_last_day(symbol("CARR#")));
        let of_day = Question::Ticker {
            symbol: symbol("A"),
            date: Some(Day { since_epoch: 1 }),
        };
        assert_eq!(asked("date=1970-01-02&symbol=A").unwrap(), of_day);
    }

    #[test]
    fn what_a_client_sent_is_shortened_in_answers() {
        let long = "é".repeat(1_000);
        let refusal = asked(&format!("{long}=1&volume=1&price=1")).unwrap_err();
        assert!(refusal.field.unwrap().len() < 200);
        let refusal = asked(&format!("volume={long}&price=1")).unwrap_err();
        assert!(refusal.error.len() < 200);
    }

    #[test]
    fn numbers_stay_within_float32() {
        let most = f64::from(f32::MAX);
        assert_eq!(number("a", &most.to_string(), None), Ok(f32::MAX));
        for text in [
            "3.5e38", "-3.5e38", "1e400", "nan", "-inf", "0x10", "1,5", " 1",
        ] {
            let refusal = number("a", text, None).unwrap_err();
            assert_eq!(
                (refusal.status, refusal.field.as_deref()),
                (400, Some("a")),
                "{text}"
            );
        }
        assert!(number("a", "-1", Some(0.0)).is_err());
        assert_eq!(number("a", "-0", Some(0.0)), Ok(-0.0));
    }
}
