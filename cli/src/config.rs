//! The configuration: one TOML file, overridden by `TICKERMILL__SECTION__KEY` variables, overridden by flags.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use config::{Config, Environment, File, FileFormat, Map, Value, ValueKind};

/// Variables of the environment begin with this, and parts of a key are parted by two underscores.
const ENVIRONMENT_PREFIX: &str = "TICKERMILL";

/// Everything that is wrong with a configuration, each with its source.
#[derive(Debug, thiserror::Error)]
#[error("{}", problems.join("\n"))]
pub(crate) struct ConfigError {
    /// One line each.
    pub(crate) problems: Vec<String>,
}

/// The value of one key that a flag sets, with the flag's name.
pub(crate) struct FlagValue {
    /// The key, such as `features.window`.
    pub(crate) key: &'static str,
    /// The flag, such as `--window`.
    pub(crate) flag: &'static str,
    /// The value, as the flag's text.
    pub(crate) value: String,
}

/// The values of all sources by key, read one after another; what is never read is unknown.
pub(crate) struct Sources {
    values: BTreeMap<String, Value>,
    flags: BTreeMap<&'static str, &'static str>,
    effective: Vec<Effective>,
    problems: Vec<String>,
}

/// One key's value in force.
#[derive(Debug, Clone)]
pub(crate) struct Effective {
    /// The key.
    pub(crate) key: &'static str,
    /// The value as TOML.
    pub(crate) value: String,
    /// Where it came from: `default`, a file, a variable or a flag.
    pub(crate) origin: String,
}

impl Sources {
    /// Reads the file, if one is given, and the environment, and lays the flags over them.
    pub(crate) fn load(file: Option<&Path>, flags: Vec<FlagValue>) -> Result<Self, ConfigError> {
        let failed = |error: config::ConfigError| ConfigError {
            problems: vec![error.to_string()],
        };
        let mut builder = Config::builder();
        if let Some(file) = file {
            builder = builder.add_source(File::from(file).format(FileFormat::Toml));
        }
        let environment = Environment::with_prefix(ENVIRONMENT_PREFIX)
            .prefix_separator("__")
            .separator("__");
        builder = builder.add_source(environment);
        let mut flag_names = BTreeMap::new();
        for FlagValue { key, flag, value } in flags {
            builder = builder.set_override(key, value).map_err(failed)?;
            flag_names.insert(key, flag);
        }
        let mut values = BTreeMap::new();
        let table = builder
            .build()
            .and_then(|config| config.cache.into_table())
            .map_err(failed)?;
        flatten("", table, &mut values);
        Ok(Self {
            values,
            flags: flag_names,
            effective: Vec::new(),
            problems: Vec::new(),
        })
    }

    /// A whole number within a range.
    pub(crate) fn whole(
        &mut self,
        key: &'static str,
        default: u64,
        range: std::ops::RangeInclusive<u64>,
    ) -> u64 {
        let wanted = format!("a whole number from {} to {}", range.start(), range.end());
        let parse = |value: &Value| as_whole(value).filter(|number| range.contains(number));
        self.read(key, default, &wanted, parse, u64::to_string)
    }

    /// A number within a range.
    pub(crate) fn number(
        &mut self,
        key: &'static str,
        default: f64,
        range: std::ops::RangeInclusive<f64>,
    ) -> f64 {
        let wanted = format!("a number from {} to {}", range.start(), range.end());
        let parse = |value: &Value| as_number(value).filter(|number| range.contains(number));
        self.read(key, default, &wanted, parse, |number| format!("{number:?}"))
    }

    /// A list of two whole numbers within a range, the lower first; in a variable they are parted by a comma.
    pub(crate) fn whole_span(
        &mut self,
        key: &'static str,
        default: [u64; 2],
        range: std::ops::RangeInclusive<u64>,
    ) -> [u64; 2] {
        let (start, end) = (range.start(), range.end());
        let wanted = format!("two whole numbers from {start} to {end}, the lower first");
        let parse = |value: &Value| span(value, as_whole, &range);
        self.read(key, default, &wanted, parse, |span| format!("{span:?}"))
    }

    /// A list of two numbers within a range, the lower first; in a variable they are parted by a comma.
    pub(crate) fn span(
        &mut self,
        key: &'static str,
        default: [f64; 2],
        range: std::ops::RangeInclusive<f64>,
    ) -> [f64; 2] {
        let (start, end) = (range.start(), range.end());
        let wanted = format!("two numbers from {start} to {end}, the lower first");
        let parse = |value: &Value| span(value, as_number, &range);
        self.read(key, default, &wanted, parse, |span| format!("{span:?}"))
    }

    /// A truth value.
    pub(crate) fn truth(&mut self, key: &'static str, default: bool) -> bool {
        let parse = |value: &Value| match &value.kind {
            ValueKind::Boolean(truth) => Some(*truth),
            ValueKind::String(text) => text.parse().ok(),
            _ => None,
        };
        self.read(key, default, "true or false", parse, bool::to_string)
    }

    /// A text that `check` accepts.
    pub(crate) fn text(
        &mut self,
        key: &'static str,
        default: &str,
        wanted: &str,
        check: impl Fn(&str) -> bool,
    ) -> String {
        let parse = |value: &Value| match &value.kind {
            ValueKind::String(text) if check(text) => Some(text.clone()),
            _ => None,
        };
        self.read(key, default.to_owned(), wanted, parse, |text| {
            format!("{text:?}")
        })
    }

    /// A list of texts; in a variable they are parted by commas.
    pub(crate) fn texts(&mut self, key: &'static str, default: &[&str]) -> Vec<String> {
        let parse = |value: &Value| match &value.kind {
            ValueKind::String(text) => {
                Some(text.split(',').map(|part| part.trim().to_owned()).collect())
            }
            ValueKind::Array(values) => values
                .iter()
                .map(|value| value.clone().into_string().ok())
                .collect(),
            _ => None,
        };
        let default = default.iter().map(|text| (*text).to_owned()).collect();
        self.read(
            key,
            default,
            "a list of texts",
            parse,
            |texts: &Vec<String>| format!("{texts:?}"),
        )
    }

    /// A list of tables of a type of our own, which has a TOML form. It can be set in the file alone.
    pub(crate) fn tables<T: Serialize + DeserializeOwned>(
        &mut self,
        key: &'static str,
        default: Vec<T>,
    ) -> Vec<T> {
        let (tables, origin) = match self.values.remove(key) {
            None => (default, "default".to_owned()),
            Some(value) => {
                let origin = self.origin(key, &value);
                let parsed = value.try_deserialize().unwrap_or_else(|error| {
                    self.problems.push(format!("{key} ({origin}): {error}"));
                    default
                });
                (parsed, origin)
            }
        };
        let value = toml::Value::try_from(&tables).expect("the tables have a TOML form");
        self.effective.push(Effective {
            key,
            value: value.to_string(),
            origin,
        });
        tables
    }

    /// Notes a problem that is of several keys together, or of a value's meaning.
    pub(crate) fn problem(&mut self, key: &str, problem: impl std::fmt::Display) {
        let found = self.effective.iter().find(|effective| effective.key == key);
        let origin = found.map_or("default", |effective| effective.origin.as_str());
        self.problems.push(format!("{key} ({origin}): {problem}"));
    }

    /// Every key with its value in force, in the order in which they were read; or every problem, unknown keys included.
    pub(crate) fn finish(mut self) -> Result<Vec<Effective>, ConfigError> {
        for (key, value) in std::mem::take(&mut self.values) {
            let origin = self.origin(&key, &value);
            let known: Vec<&str> = self
                .effective
                .iter()
                .map(|effective| effective.key)
                .collect();
            self.problems.push(format!(
                "{key} ({origin}): there is no such key; known keys: {}",
                known.join(", ")
            ));
        }
        if self.problems.is_empty() {
            Ok(self.effective)
        } else {
            Err(ConfigError {
                problems: self.problems,
            })
        }
    }

    fn read<T>(
        &mut self,
        key: &'static str,
        default: T,
        wanted: &str,
        parse: impl Fn(&Value) -> Option<T>,
        show: impl Fn(&T) -> String,
    ) -> T {
        let (value, origin) = match self.values.remove(key) {
            None => (default, "default".to_owned()),
            Some(value) => {
                let origin = self.origin(key, &value);
                let parsed = parse(&value).unwrap_or_else(|| {
                    let value = shown(&value);
                    self.problems
                        .push(format!("{key} ({origin}): `{value}` is not {wanted}"));
                    default
                });
                (parsed, origin)
            }
        };
        self.effective.push(Effective {
            key,
            value: show(&value),
            origin,
        });
        value
    }

    fn origin(&self, key: &str, value: &Value) -> String {
        if let Some(flag) = self.flags.get(key) {
            return (*flag).to_owned();
        }
        match value.origin() {
            Some("the environment") => format!(
                "{ENVIRONMENT_PREFIX}__{}",
                key.to_uppercase().replace('.', "__")
            ),
            Some(file) => file.to_owned(),
            None => "a variable or file".to_owned(),
        }
    }
}

fn as_whole(value: &Value) -> Option<u64> {
    match &value.kind {
        ValueKind::I64(number) => u64::try_from(*number).ok(),
        ValueKind::U64(number) => Some(*number),
        ValueKind::String(text) => text.parse().ok(),
        _ => None,
    }
}

fn as_number(value: &Value) -> Option<f64> {
    match &value.kind {
        ValueKind::Float(number) => Some(*number),
        ValueKind::I64(number) => Some(*number as f64),
        ValueKind::String(text) => text.parse().ok(),
        _ => None,
    }
}

/// Two values within `range`, the lower first.
fn span<T: PartialOrd>(
    value: &Value,
    parse: impl Fn(&Value) -> Option<T>,
    range: &std::ops::RangeInclusive<T>,
) -> Option<[T; 2]> {
    let ends: Option<Vec<T>> = match &value.kind {
        ValueKind::String(text) => text
            .split(',')
            .map(|end| parse(&Value::from(end.trim())))
            .collect(),
        ValueKind::Array(values) => values.iter().map(parse).collect(),
        _ => None,
    };
    let ends: [T; 2] = ends?.try_into().ok()?;
    let [low, high] = &ends;
    (low <= high && range.contains(low) && range.contains(high)).then_some(ends)
}

/// A value as it is told: a list as a file has it.
fn shown(value: &Value) -> String {
    match &value.kind {
        ValueKind::Array(values) => {
            let values: Vec<String> = values.iter().map(shown).collect();
            format!("[{}]", values.join(", "))
        }
        _ => value.to_string(),
    }
}

/// Tables become dotted keys; lists stay whole.
fn flatten(prefix: &str, table: Map<String, Value>, values: &mut BTreeMap<String, Value>) {
    for (name, value) in table {
        let key = if prefix.is_empty() {
            name
        } else {
            format!("{prefix}.{name}")
        };
        match value.kind {
            ValueKind::Table(table) if !table.is_empty() => flatten(&key, table, values),
            _ => {
                values.insert(key, value);
            }
        }
    }
}
