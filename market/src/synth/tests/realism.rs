//! Prices, volumes and dates that hold together.

use super::files::{SMALL, numbers, price_lines, written};
use crate::synth::SyntheticMarket;

const LONGER: SyntheticMarket = SyntheticMarket {
    rows_per_ticker: 600,
    ..SMALL
};

#[test]
fn dates_are_business_days_and_grow() {
    let (folder, _) = written(&LONGER);
    let mut delisted = 0;
    for (path, lines) in price_lines(folder.path()) {
        assert_eq!(lines[0], "Date,Open,High,Low,Close,Adj Close,Volume");
        let dates: Vec<&str> = lines[1..].iter().map(|line| &line[..10]).collect();
        assert!(
            dates.is_sorted_by(|earlier, later| earlier < later),
            "{path}"
        );
        for date in &dates {
            let date: chrono::NaiveDate = date.parse().unwrap();
            let weekday = chrono::Datelike::weekday(&date).number_from_monday();
            assert!(weekday <= 5, "{path}: {date}");
        }
        if dates.last() != Some(&"2020-04-01") {
            delisted += 1;
        }
    }
    assert!(delisted <= 4, "{delisted} of 40 end early");
}

#[test]
fn ages_differ() {
    let (folder, _) = written(&LONGER);
    let lines = price_lines(folder.path());
    let rows = || lines.values().map(|lines| lines.len() - 1);
    assert!(rows().any(|rows| rows < 30));
    assert!(rows().any(|rows| rows > 3 * LONGER.rows_per_ticker));
}

#[test]
fn prices_are_consistent() {
    let (folder, _) = written(&LONGER);
    let (mut untraded, mut below_close) = (0, 0);
    for (path, lines) in price_lines(folder.path()) {
        for line in &lines[1..] {
            let [open, high, low, close, adj_close, volume] = numbers(line);
            assert!(0.0 < low && low <= open.min(close), "{path}: {line}");
            assert!(open.max(close) <= high, "{path}: {line}");
            assert!(0.0 < adj_close && adj_close <= close, "{path}: {line}");
            for price in [open, high, low, close, adj_close] {
                let float32 = f64::from(price as f32);
                assert_eq!(price.to_bits(), float32.to_bits(), "{path}: {line}");
            }
            untraded += usize::from(volume == 0.0);
            below_close += usize::from(adj_close < close);
        }
    }
    assert!(below_close > 1_000, "dividends leave a mark");
    assert!(
        untraded > 10,
        "thinly traded tickers have days without trade"
    );
}

/// Yesterday tells about today, and the mean of a month tells more: this is the skill to be had.
#[test]
fn volumes_cluster() {
    let (folder, _) = written(&LONGER);
    let (mut error_of_today, mut error_of_mean) = (0.0, 0.0);
    for (path, lines) in price_lines(folder.path()) {
        let volumes: Vec<f64> = lines[1..].iter().map(|line| numbers(line)[5]).collect();
        if volumes.len() < 500 || volumes.contains(&0.0) {
            continue;
        }
        let correlation = autocorrelation(&volumes);
        assert!(correlation > 0.1, "{path}: {correlation}");
        for month in volumes.windows(31) {
            let mean = month[..30].iter().sum::<f64>() / 30.0;
            error_of_today += (month[30] - month[29]).abs() / mean;
            error_of_mean += (month[30] - mean).abs() / mean;
        }
    }
    assert!(error_of_mean < 0.95 * error_of_today);
}

/// Of the logarithm, from one day to the next.
fn autocorrelation(volumes: &[f64]) -> f64 {
    let logarithms: Vec<f64> = volumes.iter().map(|volume| libm::log(*volume)).collect();
    let mean = logarithms.iter().sum::<f64>() / logarithms.len() as f64;
    let variance: f64 = logarithms.iter().map(|x| (x - mean) * (x - mean)).sum();
    let covariance: f64 = logarithms
        .windows(2)
        .map(|pair| (pair[0] - mean) * (pair[1] - mean))
        .sum();
    covariance / variance
}
