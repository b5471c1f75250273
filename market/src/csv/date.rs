//! Dates as price files write them.

use chrono::NaiveDate;

/// Days from 0001-01-01 (day 1, as chrono counts) to 1970-01-01.
const UNIX_EPOCH_DAY: i32 = 719_163;

/// Days since 1970-01-01 of an ISO 8601 date `YYYY-MM-DD`, exactly ten bytes, of the proleptic Gregorian calendar.
/// `None` where it is anything else, or no day of the calendar. Year 0000 is refused.
pub fn days_since_epoch(field: &[u8]) -> Option<i32> {
    let field: &[u8; 10] = field.try_into().ok()?;
    if field[4] != b'-' || field[7] != b'-' {
        return None;
    }
    let digit = |place: usize| u32::from(field[place].wrapping_sub(b'0'));
    if [0, 1, 2, 3, 5, 6, 8, 9]
        .iter()
        .any(|place| digit(*place) > 9)
    {
        return None;
    }
    let year = digit(0) * 1000 + digit(1) * 100 + digit(2) * 10 + digit(3);
    let month = digit(5) * 10 + digit(6);
    let day = digit(8) * 10 + digit(9);
    if year == 0 || !(1..=12).contains(&month) || day == 0 || day > days_in_month(year, month) {
        return None;
    }
    Some(days_from_civil(year as i32, month as i32, day as i32))
}

/// The ISO 8601 text of a day since 1970-01-01.
pub fn iso_date(days: i32) -> String {
    NaiveDate::from_num_days_from_ce_opt(days + UNIX_EPOCH_DAY)
        .map_or_else(|| format!("day {days}"), |date| date.to_string())
}

fn days_in_month(year: u32, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => {
            29
        }
        2 => 28,
        _ => 31,
    }
}

/// Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`, for years from 1 on.
fn days_from_civil(year: i32, month: i32, day: i32) -> i32 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year / 400;
    let year_of_era = year - era * 400;
    let day_of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use chrono::{Datelike, NaiveDate};

    use super::{UNIX_EPOCH_DAY, days_since_epoch, iso_date};

    #[test]
    fn agrees_with_chrono_on_every_day_and_every_near_miss() {
        for year in [
            1, 2, 3, 4, 100, 400, 1600, 1899, 1900, 1970, 1999, 2000, 2001, 2004, 2100, 9999,
        ] {
            for month in 0..=13 {
                for day in 0..=32 {
                    let text = format!("{year:04}-{month:02}-{day:02}");
                    let want = NaiveDate::from_ymd_opt(year, month, day)
                        .map(|date| date.num_days_from_ce() - UNIX_EPOCH_DAY);
                    assert_eq!(days_since_epoch(text.as_bytes()), want, "{text}");
                    if let Some(days) = want {
                        assert_eq!(iso_date(days), text);
                    }
                }
            }
        }
    }

    #[test]
    fn refuses_other_writings() {
        for text in [
            "",
            "2020-1-01",
            "20200101",
            "2020/01/01",
            "2020-01-01 ",
            "0000-01-01",
            "2020-01-0x",
            "２020-01-1",
        ] {
            assert_eq!(days_since_epoch(text.as_bytes()), None, "{text}");
        }
    }
}
