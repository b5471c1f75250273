//! Dates and numbers, for the reference reader.

use tickermill_market::ledger::RowFault;

pub(crate) fn date(text: &str) -> Option<i32> {
    let date = chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    let written_so = date.to_string() == text && text > "0001";
    let epoch = chrono::NaiveDate::from_ymd_opt(1970, 1, 1).expect("it is a day");
    written_so.then(|| date.signed_duration_since(epoch).num_days() as i32)
}

pub(crate) fn number(text: &str) -> Result<f64, RowFault> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if ["inf", "infinity"].contains(&unsigned.to_ascii_lowercase().as_str()) {
        return Err(RowFault::Infinite);
    }
    let digits = |text: &str| text.chars().all(|character| character.is_ascii_digit());
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent),
        None => (unsigned, "0"),
    };
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let is_number = digits(whole)
        && digits(fraction)
        && digits(exponent)
        && !exponent.is_empty()
        && !(whole.is_empty() && fraction.is_empty());
    if !is_number {
        return Err(RowFault::NotANumber);
    }
    let value: f64 = text.parse().expect("it is a number");
    if value.is_infinite() {
        return Err(RowFault::Infinite);
    }
    Ok(value)
}

pub(crate) fn volume(text: &str) -> Result<i64, RowFault> {
    let digits = text.strip_suffix(".0").unwrap_or(text);
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return digits.parse().map_err(|_| RowFault::VolumeOutOfRange);
    }
    let value = number(text)?;
    if value < 0.0 {
        return Err(RowFault::NegativeVolume);
    }
    if value % 1.0 != 0.0 {
        return Err(RowFault::FractionalVolume);
    }
    if value >= 2.0_f64.powi(63) {
        return Err(RowFault::VolumeOutOfRange);
    }
    Ok(value as i64)
}
