//! The calendar against days that are known, and against its slow, obvious meaning.

mod sessions;

use chrono::{Days, NaiveDate};
use sessions::{date, next_session};
use tickermill_features::calendar::{Expiry, NextSession};

fn after(day: NaiveDate) -> NextSession {
    NextSession::after(day.to_epoch_days()).expect("chrono knows the days after")
}

/// The day as the session after the day before; `None` where the exchanges are closed.
fn session(text: &str) -> Option<NextSession> {
    let day: NaiveDate = text.parse().expect("it is a day");
    Some(after(day - Days::new(1))).filter(|session| session.date == day.to_epoch_days())
}

#[test]
fn every_day_is_what_the_rules_say() {
    let mut day = date(1950, 1, 1);
    while day < date(2100, 1, 1) {
        assert_eq!(after(day), next_session(day), "after {day}");
        day = day + Days::new(1);
    }
}

#[test]
fn known_holidays_are_no_sessions() {
    let holidays = [
        ["1963-04-12", "1978-03-24", "1999-04-02", "2000-04-21"], // Good Fridays
        ["2008-03-21", "2018-03-30", "2020-04-10", "2024-03-29"],
        ["1998-01-19", "2011-01-17", "1970-02-23", "1971-02-15"], // King, Washington
        ["1962-05-30", "1971-05-31", "2016-05-30", "2020-05-25"], // Memorial Days
        ["2022-06-20", "2023-06-19", "2026-06-19", "2027-06-18"], // Juneteenth
        ["1964-07-03", "1999-07-05", "2015-07-03", "2020-07-03"], // Independence Days
        ["1962-11-06", "1967-11-07", "1968-11-05", "1980-11-04"], // elections
        ["1962-11-22", "2019-11-28", "2019-09-02", "1986-09-01"], // Thanksgiving, Labor Days
        ["2004-12-24", "2010-12-24", "2016-12-26", "2021-12-24"], // Christmas
        ["2012-01-02", "2017-01-02", "2019-01-01", "1962-01-01"], // New Year's Days
    ];
    for day in holidays.into_iter().flatten() {
        assert_eq!(session(day), None, "{day}");
    }
}

#[test]
fn what_looks_like_a_holiday_may_be_a_session() {
    let sessions = [
        ["2010-12-31", "2004-12-31", "2021-12-31", "1999-12-31"], // before a New Year's Day on a Saturday
        ["1997-01-20", "2021-06-18", "1984-11-06", "1969-11-04"], // King, Juneteenth, elections
        ["1970-05-29", "1968-11-08", "1976-12-31", "1969-05-29"],
        ["2019-10-14", "2019-11-11", "2008-12-26", "2014-12-26"], // no holidays of the exchanges
    ];
    for day in sessions.into_iter().flatten() {
        assert!(session(day).is_some(), "{day}");
    }
}

#[test]
fn early_closings_are_those_of_the_lists() {
    let shortened = [
        ["1992-11-27", "2003-11-28", "2012-11-23", "2019-11-29"],
        ["1990-12-24", "1996-12-24", "2012-12-24", "2019-12-24"],
        ["1995-07-03", "2001-07-03", "2013-07-03", "2018-07-03"],
        ["1996-07-05", "2002-07-05", "2024-07-03", "2023-07-03"],
    ];
    for day in shortened.into_iter().flatten() {
        assert!(session(day).unwrap().shortened, "{day}");
    }
    let full = [
        ["1991-11-29", "1989-12-22", "1994-07-01", "1988-12-23"],
        ["1996-07-03", "2002-07-03", "2013-07-05", "2019-07-05"],
        ["1998-07-02", "2020-07-02", "2015-12-23", "2019-11-22"],
    ];
    for day in full.into_iter().flatten() {
        assert!(!session(day).unwrap().shortened, "{day}");
    }
}

#[test]
fn options_expire_on_third_fridays_or_the_thursday_before() {
    let expiries = [
        ("2020-01-17", Expiry::Monthly),
        ("2020-03-20", Expiry::Quarterly),
        ("2019-12-20", Expiry::Quarterly),
        ("2020-03-13", Expiry::None),
        ("2020-03-19", Expiry::None),
        ("2019-04-18", Expiry::Monthly),   // Good Friday comes after
        ("2008-03-20", Expiry::Quarterly), // likewise
        ("2026-06-18", Expiry::Quarterly), // Juneteenth comes after
    ];
    for (day, expiry) in expiries {
        assert_eq!(session(day).unwrap().expiry, expiry, "{day}");
    }
}

#[test]
fn the_next_session_is_seen_from_any_day() {
    let thursday_before_easter = after(date(2020, 4, 9));
    let monday = NextSession {
        date: date(2020, 4, 13).to_epoch_days(),
        days_ahead: 4,
        weekday: 0,
        shortened: false,
        month_end: false,
        expiry: Expiry::None,
    };
    assert_eq!(thursday_before_easter, monday);
    assert_eq!(
        after(date(2020, 4, 11)),
        NextSession {
            days_ahead: 2,
            ..monday
        }
    );
    assert!(
        after(date(2018, 3, 28)).month_end,
        "Good Friday is the 30th"
    );
    assert!(!after(date(2018, 3, 27)).month_end);
}

#[test]
fn days_beyond_all_calendars_have_no_session_after_them() {
    for day in [i32::MIN, i32::MAX, NaiveDate::MAX.to_epoch_days()] {
        assert_eq!(NextSession::after(day), None);
    }
    assert!(NextSession::after(NaiveDate::MIN.to_epoch_days()).is_some());
}
