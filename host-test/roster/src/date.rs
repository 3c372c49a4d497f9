//! Dates of a file.

use jiff::civil::Date;

use crate::excerpt;

/// Forms in which the order of day, month and year is plain.
const PLAIN: [&str; 7] =
    ["%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%d %b %Y", "%d-%b-%Y", "%b %d, %Y", "%d %B %Y"];

/// The same with the day and with the month first.
const EITHER: [[&str; 2]; 3] =
    [["%d/%m/%Y", "%m/%d/%Y"], ["%d.%m.%Y", "%m.%d.%Y"], ["%d-%m-%Y", "%m-%d-%Y"]];

/// Why a text is not a date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NoDate {
    /// It could be two dates.
    Either(String),
    Wrong(String),
}

/// Reads a date, in this format if there is one. A time after the date is left out.
pub(crate) fn parse(text: &str, format: Option<&str>) -> Result<Date, NoDate> {
    let wrong = |what: &str| {
        NoDate::Wrong(format!(
            "`{}` is not a date{what}; `--date-format` says how dates are written",
            excerpt(text)
        ))
    };
    if let Some(format) = format {
        return Date::strptime(format, text)
            .map_err(|_| wrong(&format!(" in the form `{}`", excerpt(format))));
    }
    let date = without_time(text);
    let read = |format: &str| Date::strptime(format, date).ok().filter(|date| date.year() >= 1000);
    if let Some(date) = PLAIN.into_iter().find_map(read) {
        return Ok(date);
    }
    for [day_first, month_first] in EITHER {
        match (read(day_first), read(month_first)) {
            (Some(one), Some(other)) if one != other => {
                return Err(NoDate::Either(format!(
                    "`{}` could be {one} or {other}; `--date-format '{day_first}'` or \
                     `--date-format '{month_first}'` says which",
                    excerpt(text)
                )));
            }
            (Some(date), _) | (_, Some(date)) => return Ok(date),
            (None, None) => {}
        }
    }
    Err(wrong(""))
}

/// Cuts off a time, as in `2026-03-01T00:00:00.000Z` and `2026-03-01 00:00`.
fn without_time(text: &str) -> &str {
    let end = text.find(':').and_then(|colon| text[..colon].rfind(['T', ' ']));
    text[..end.unwrap_or(text.len())].trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_date_is_read_if_no_other_can_be_meant() {
        for text in [
            "2026-02-13",
            "2026-02-13T00:00:00.000Z",
            "2026-02-13 08:30",
            "2026/02/13",
            "13/02/2026",
            "02/13/2026",
            "2/13/2026 0:00:00",
            "13.02.2026",
            "13.2.2026",
            "13 Feb 2026",
            "13-Feb-2026",
            "Feb 13, 2026",
            "13 February 2026",
        ] {
            assert_eq!(parse(text, None), Ok(date(2026, 2, 13)), "{text}");
        }
        assert_eq!(parse("03/03/2026", None), Ok(date(2026, 3, 3)));
    }

    #[test]
    fn a_date_that_could_be_two_is_not_guessed() {
        for text in ["01/02/2026", "1/2/2026", "01.02.2026", "01-02-2026"] {
            let Err(NoDate::Either(message)) = parse(text, None) else { panic!("{text}") };
            assert!(message.contains("could be 2026-02-01 or 2026-01-02"), "{message}");
            assert!(message.contains("--date-format '%d"), "{message}");
        }
        assert_eq!(parse("01/02/2026", Some("%d/%m/%Y")), Ok(date(2026, 2, 1)));
        assert_eq!(parse("01/02/2026", Some("%m/%d/%Y")), Ok(date(2026, 1, 2)));
    }

    #[test]
    fn what_is_not_a_date_is_refused() {
        for text in ["soon", "13/02/26", "0000-00-00", "30/02/2026", "2026", ":", "T:"] {
            assert!(matches!(parse(text, None), Err(NoDate::Wrong(_))), "{text}");
        }
        let error = parse("2026-02-13", Some("%d/%m/%Y"));
        let Err(NoDate::Wrong(message)) = error else { panic!("{error:?}") };
        assert!(message.contains("not a date in the form `%d/%m/%Y`"), "{message}");
    }
}
