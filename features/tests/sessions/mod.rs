//! The slow, obvious calendar: a year's holidays and early closings written down one after another.

use chrono::{Datelike, Days, NaiveDate, Weekday};
use tickermill_features::calendar::{Expiry, NextSession};

pub(crate) fn date(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).expect("it is a day")
}

/// The first session after a day.
pub(crate) fn next_session(day: NaiveDate) -> NextSession {
    let mut session = day + Days::new(1);
    while !is_session(session) {
        session = session + Days::new(1);
    }
    let (year, month) = (session.year(), session.month());
    let next_month = if month == 12 {
        date(year + 1, 1, 1)
    } else {
        date(year, month + 1, 1)
    };
    let third_friday = nth(year, month, Weekday::Fri, 3);
    NextSession {
        date: session.to_epoch_days(),
        days_ahead: (session - day).num_days() as i32,
        weekday: session.weekday().num_days_from_monday(),
        shortened: early_closings(year).contains(&session),
        month_end: session == session_before(next_month),
        expiry: if session != session_before(third_friday + Days::new(1)) {
            Expiry::None
        } else if [3, 6, 9, 12].contains(&month) {
            Expiry::Quarterly
        } else {
            Expiry::Monthly
        },
    }
}

fn session_before(day: NaiveDate) -> NaiveDate {
    let mut session = day - Days::new(1);
    while !is_session(session) {
        session = session - Days::new(1);
    }
    session
}

fn is_session(day: NaiveDate) -> bool {
    day.weekday().num_days_from_monday() < 5 && !holidays(day.year()).contains(&day)
}

fn nth(year: i32, month: u32, weekday: Weekday, place: u8) -> NaiveDate {
    NaiveDate::from_weekday_of_month_opt(year, month, weekday, place).expect("a month has four")
}

/// The weekdays of a year on which the exchanges are closed.
fn holidays(year: i32) -> Vec<NaiveDate> {
    let new_year = date(year, 1, 1);
    let mut dated = vec![date(year, 7, 4), date(year, 12, 25)];
    if new_year.weekday() != Weekday::Sat {
        dated.push(new_year);
    }
    if year >= 2022 {
        dated.push(date(year, 6, 19));
    }
    let mut holidays = vec![
        easter(year) - Days::new(2),
        nth(year, 9, Weekday::Mon, 1),
        nth(year, 11, Weekday::Thu, 4),
    ];
    if year < 1971 {
        dated.push(date(year, 2, 22));
    }
    if year < 1970 {
        dated.push(date(year, 5, 30));
    }
    if year >= 1971 {
        let last_of_may = (1..=31)
            .map(|day| date(year, 5, day))
            .rfind(|day| day.weekday() == Weekday::Mon);
        holidays.extend(last_of_may);
        holidays.push(nth(year, 2, Weekday::Mon, 3));
    }
    if year >= 1998 {
        holidays.push(nth(year, 1, Weekday::Mon, 3));
    }
    if year <= 1967 || [1968, 1972, 1976, 1980].contains(&year) {
        holidays.push(nth(year, 11, Weekday::Mon, 1) + Days::new(1));
    }
    holidays.extend(dated.into_iter().map(|day| match day.weekday() {
        Weekday::Sat => day - Days::new(1),
        Weekday::Sun => day + Days::new(1),
        _ => day,
    }));
    holidays
}

/// The sessions of a year that end early.
fn early_closings(year: i32) -> Vec<NaiveDate> {
    use Weekday::{Fri, Thu, Tue, Wed};
    let mut closings = Vec::new();
    match date(year, 7, 4).weekday() {
        Thu if (1995..2013).contains(&year) => closings.push(date(year, 7, 5)),
        Tue | Wed | Thu | Fri if year >= 1995 => closings.push(date(year, 7, 3)),
        _ => {}
    }
    if year >= 1992 {
        closings.push(nth(year, 11, Thu, 4) + Days::new(1));
    }
    if year >= 1990 && matches!(date(year, 12, 25).weekday(), Tue | Wed | Thu | Fri) {
        closings.push(date(year, 12, 24));
    }
    closings
}

/// Easter Sunday by the algorithm of Meeus, Jones and Butcher, which names its numbers by letters.
#[expect(clippy::many_single_char_names, reason = "so it is printed everywhere")]
fn easter(year: i32) -> NaiveDate {
    let (a, b, c) = (year % 19, year / 100, year % 100);
    let (d, e) = (b / 4, b % 4);
    let g = (8 * b + 13) / 25;
    let h = (19 * a + b - d - g + 15) % 30;
    let (i, k) = (c / 4, c % 4);
    let l = (32 + 2 * e + 2 * i - h - k) % 7;
    let m = (a + 11 * h + 22 * l) / 451;
    let month_and_day = h + l - 7 * m + 114;
    date(
        year,
        (month_and_day / 31) as u32,
        (month_and_day % 31 + 1) as u32,
    )
}
