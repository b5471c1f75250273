//! Sessions of the New York exchanges by rule, so that a row can know what kind of day comes after it.
//!
//! Holidays are those of the NYSE's Rule 7.2, formerly 51. Early closings are those of the lists that it publishes at
//! <https://www.nyse.com/markets/hours-calendars>, and which years a rule holds for is from its own list of all closings
//! since 1885, <http://www.nyse.com/pdfs/closings.pdf>. The rules are those from 1962 on; earlier days are taken by the
//! rules of 1962.
//!
//! Nothing is in here that no rule foretold: closings for funerals, storms and attacks, the Wednesdays of 1968, early
//! closings of a single year such as that of 2003-12-26.

use chrono::{Datelike, NaiveDate, Weekday};

/// The first session after a day, as it was known on that day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NextSession {
    /// Its date, in days since 1970-01-01.
    pub date: i32,
    /// Calendar days from the day to the session, at least 1.
    pub days_ahead: i32,
    /// Its weekday: 0 for Monday to 4 for Friday.
    pub weekday: u32,
    /// Whether it closes hours earlier than others.
    pub shortened: bool,
    /// Whether it is the last session of its month.
    pub month_end: bool,
    /// What expires on it.
    pub expiry: Expiry,
}

/// Whether monthly options are traded for the last time on a session: that of the third Friday of a month, or of the
/// Thursday before where that Friday is a holiday. Days before there were such options are taken by the same rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// They are not.
    None,
    /// They are, in a month that is not the last of a quarter.
    Monthly,
    /// They are, with futures on indices, in March, June, September or December.
    Quarterly,
}

impl NextSession {
    /// The first session after a day, given in days since 1970-01-01, whether that is a session or not.
    ///
    /// `None` within days of the last one that `chrono` knows, in the year 262142, and beyond what it knows.
    pub fn after(day: i32) -> Option<Self> {
        let session = session_after(NaiveDate::from_epoch_days(day)?)?;
        let following = session_after(session)?;
        let date = session.to_epoch_days();
        Some(Self {
            date,
            days_ahead: date - day,
            weekday: session.weekday().num_days_from_monday(),
            shortened: closes_early(session),
            month_end: following.month() != session.month(),
            expiry: expiry_of(session, following),
        })
    }
}

fn session_after(day: NaiveDate) -> Option<NaiveDate> {
    let mut next = day.succ_opt()?;
    while !is_session(next) {
        next = next.succ_opt()?;
    }
    Some(next)
}

fn is_session(day: NaiveDate) -> bool {
    // A holiday on a Saturday is kept on the Friday before, one on a Sunday on the Monday after.
    let also_kept = match day.weekday() {
        Weekday::Sat | Weekday::Sun => return false,
        Weekday::Fri => day.succ_opt(),
        Weekday::Mon => day.pred_opt(),
        _ => None,
    };
    // Rule 7.2 leaves the last Friday of a year to its accounts: where New Year's Day is a Saturday it is not kept.
    let also_kept = also_kept.filter(|holiday| holiday.year() == day.year());
    !(is_dated_holiday(day) || also_kept.is_some_and(is_dated_holiday) || is_weekday_holiday(day))
}

/// Holidays of a date, on whatever weekday.
fn is_dated_holiday(day: NaiveDate) -> bool {
    match (day.month(), day.day()) {
        (1, 1) | (7, 4) | (12, 25) => true,
        (2, 22) => day.year() < 1971,  // Washington's Birthday
        (5, 30) => day.year() < 1970, // Memorial Day; in 1970, on a Saturday, the month's accounts went first
        (6, 19) => day.year() >= 2022, // Juneteenth
        _ => false,
    }
}

/// Holidays of a weekday, on whatever date.
fn is_weekday_holiday(day: NaiveDate) -> bool {
    let year = day.year();
    match (day.month(), day.weekday()) {
        (1, Weekday::Mon) => year >= 1998 && place_in_month(day) == 3, // Martin Luther King
        (2, Weekday::Mon) => year >= 1971 && place_in_month(day) == 3, // Washington's Birthday
        (3 | 4, Weekday::Fri) => is_good_friday(day),
        (5, Weekday::Mon) => year >= 1971 && day.day() > 24, // Memorial Day
        (9, Weekday::Mon) => place_in_month(day) == 1,       // Labor Day
        (11, Weekday::Tue) => is_election_day(day),
        (11, Weekday::Thu) => place_in_month(day) == 4, // Thanksgiving
        _ => false,
    }
}

/// Which one of its weekday it is in its month, from 1.
fn place_in_month(day: NaiveDate) -> u32 {
    day.day().div_ceil(7)
}

/// The Tuesday after the first Monday of November: kept every year until 1967, and with a president to elect until 1980.
fn is_election_day(tuesday: NaiveDate) -> bool {
    let year = tuesday.year();
    (2..=8).contains(&tuesday.day()) && (year < 1968 || year <= 1980 && year % 4 == 0)
}

/// Two days before Easter, by the rule of J. M. Oudin, which the US Naval Observatory gives.
fn is_good_friday(friday: NaiveDate) -> bool {
    let year = friday.year();
    let century = year.div_euclid(100);
    let golden = year.rem_euclid(19);
    let correction =
        century - century.div_euclid(4) - (century - (century - 17).div_euclid(25)).div_euclid(3);
    let moon = (correction + 19 * golden + 15).rem_euclid(30);
    let moon = moon - (moon / 28) * (1 - (29 / (moon + 1)) * ((21 - golden) / 11));
    let weekday =
        (year + year.div_euclid(4) + moon + 2 - century + century.div_euclid(4)).rem_euclid(7);
    let easter = 28 + moon - weekday; // a day of March, where 32 is the first of April
    let day = friday.day() as i32 + if friday.month() == 4 { 31 } else { 0 };
    day + 2 == easter
}

/// Whether a session ends at 13:00, as it does around some holidays, or as it did until 1992 at 14:00.
fn closes_early(session: NaiveDate) -> bool {
    let year = session.year();
    match (session.month(), session.day(), session.weekday()) {
        // Where Independence Day was a Thursday it was the day after, until 2012.
        (7, 3, Weekday::Wed) => year >= 2013,
        (7, 3, _) => year >= 1995,
        (7, 5, Weekday::Fri) => (1995..=2012).contains(&year),
        (11, 23..=29, Weekday::Fri) => year >= 1992,
        (12, 24, _) => year >= 1990,
        _ => false,
    }
}

fn expiry_of(session: NaiveDate, following: NaiveDate) -> Expiry {
    let expires = match session.weekday() {
        Weekday::Fri => place_in_month(session) == 3,
        Weekday::Thu => (14..=20).contains(&session.day()) && following.weekday() != Weekday::Fri,
        _ => false,
    };
    match (expires, session.month() % 3) {
        (false, _) => Expiry::None,
        (true, 0) => Expiry::Quarterly,
        (true, _) => Expiry::Monthly,
    }
}
