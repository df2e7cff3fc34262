//! Dates of conditional requests (RFC 9110 section 5.6.7): the form that is in use and the two
//! obsolete ones.

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Seconds since the epoch; `None` for anything that is no date, which a recipient ignores.
/// `now` decides about the century of years with two digits.
pub(super) fn parse(text: &[u8], now: i64) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?.trim();
    let mut words = text.split_ascii_whitespace();
    let first = words.next()?;
    let words: Vec<&str> = words.collect();
    let (day, month, year, clock) = match (first.ends_with(','), words.as_slice()) {
        // Sun, 06 Nov 1994 08:49:37 GMT, or Sun Nov  6 08:49:37 1994
        (true, &[day, month, year, clock, "GMT"]) | (false, &[month, day, clock, year]) => {
            (day, month, full(year)?, clock)
        }
        // Sunday, 06-Nov-94 08:49:37 GMT
        (true, &[date, clock, "GMT"]) => {
            let mut parts = date.split('-');
            let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
            (day, month, near(number(year, 2)?, now), clock)
        }
        _ => return None,
    };
    let month = MONTHS.iter().position(|name| *name == month)? as i64 + 1;
    let day = number(day, 2)?;
    let mut parts = clock.split(':');
    let (hour, minute, second) =
        (number(parts.next()?, 2)?, number(parts.next()?, 2)?, number(parts.next()?, 2)?);
    if parts.next().is_some() || !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 60
    {
        return None;
    }
    Some(days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second)
}

fn number(text: &str, digits: usize) -> Option<i64> {
    let fits = text.len() <= digits && text.bytes().all(|byte| byte.is_ascii_digit());
    fits.then(|| text.parse().ok()).flatten()
}

fn full(text: &str) -> Option<i64> {
    number(text, 4).filter(|_| text.len() == 4)
}

/// The year of two digits that is at most 50 years ahead.
fn near(two: i64, now: i64) -> i64 {
    let this = 1970 + now / 31_556_952;
    let year = this - this % 100 + two;
    if year > this + 50 { year - 100 } else { year }
}

/// Days from 1970-01-01 to a date of the Gregorian calendar, counted from 1 March on, so that
/// the leap day is a year's last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leaps = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    365 * year + leaps + (153 * month + 2) / 5 + day - 1 - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000;

    #[test]
    fn the_three_forms_of_the_rfc_are_one_moment() {
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
        ] {
            assert_eq!(parse(text.as_bytes(), NOW), Some(784_111_777), "{text}");
        }
        assert_eq!(parse(b"Thu, 01 Jan 1970 00:00:00 GMT", NOW), Some(0));
        assert_eq!(parse(b"Thu, 29 Feb 2024 00:00:00 GMT", NOW), Some(1_709_164_800));
        assert_eq!(parse(b"Sunday, 06-Nov-30 00:00:00 GMT", NOW).map(|at| at > NOW), Some(true));
    }

    #[test]
    fn what_we_write_we_read() {
        for at in [0, 951_782_399, 951_868_800, 1_709_164_799, 1_798_761_600, 4_102_444_799] {
            let text = shared::sys::calendar::universal(at).http_date();
            assert_eq!(parse(text.as_bytes(), NOW), Some(at), "{text}");
        }
    }

    #[test]
    fn nonsense_is_no_date() {
        for text in [
            "",
            "yesterday",
            "Sun, 06 Nov 1994 08:49:37",
            "Sun, 06 Nov 1994 08:49:37 CET",
            "Sun, 06 Foo 1994 08:49:37 GMT",
            "Sun, 32 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 24:49:37 GMT",
            "Sun, 06 Nov 1994 08:49 GMT",
            "Sun, +6 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 99999 08:49:37 GMT",
        ] {
            assert_eq!(parse(text.as_bytes(), NOW), None, "{text}");
        }
    }
}
