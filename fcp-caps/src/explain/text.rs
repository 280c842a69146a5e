//! Small pieces of text.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Display;

use fcp_core::id::ObjectId;
use fcp_core::time::Timestamp;

/// Several things with commas between them, or `otherwise` if there are none.
pub(super) fn list<T: Display>(items: impl IntoIterator<Item = T>, otherwise: &str) -> String {
    let items: Vec<String> = items.into_iter().map(|item| format!("{item}")).collect();
    if items.is_empty() { otherwise.into() } else { items.join(", ") }
}

/// The short forms of several ids.
pub(super) fn ids<'i>(ids: impl IntoIterator<Item = &'i ObjectId>) -> String {
    list(ids.into_iter().map(ObjectId::short), "nothing")
}

/// The text with a capital letter, unless it begins with a name, which is written as it is.
pub(super) fn sentence(text: &str) -> String {
    let word = text.split(' ').next().unwrap_or_default();
    let mut letters = text.chars();
    match letters.next() {
        Some(first) if word.bytes().all(|byte| byte.is_ascii_lowercase()) => {
            first.to_uppercase().chain(letters).collect()
        }
        _ => text.into(),
    }
}

/// A time as `2023-11-14 22:13:20`, in UTC and the Gregorian calendar.
#[expect(clippy::arithmetic_side_effects, reason = "there are fewer than 2^48 days in the range of seconds")]
pub(super) fn moment(time: Timestamp) -> String {
    let (days, second) = (time.as_secs() / 86_400, time.as_secs() % 86_400);
    // Years begin in March, so that the leap day is the last; eras are 400 years.
    let shifted = days + 719_468;
    let (era, day) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day_of_month = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let (hour, minute) = (second / 3_600, second / 60 % 60);
    format!("{year:04}-{month:02}-{day_of_month:02} {hour:02}:{minute:02}:{:02}", second % 60)
}

#[cfg(test)]
mod tests {
    use super::{list, moment, sentence};
    use fcp_core::time::Timestamp;

    #[test]
    fn moments() {
        // From `date -u -d @SECONDS`.
        for (seconds, text) in [
            (0, "1970-01-01 00:00:00"),
            (951_782_399, "2000-02-28 23:59:59"),
            (951_782_400, "2000-02-29 00:00:00"),
            (951_868_800, "2000-03-01 00:00:00"),
            (1_700_000_000, "2023-11-14 22:13:20"),
            (4_107_542_400, "2100-03-01 00:00:00"),
        ] {
            assert_eq!(moment(Timestamp::from_secs(seconds)), text);
        }
        // 2^64 − 1 is 25215 modulo a day.
        assert!(moment(Timestamp::from_secs(u64::MAX)).ends_with(" 07:00:15"));
    }

    #[test]
    fn words() {
        for (text, written) in [
            ("the token", "The token"),
            ("nLaptop may", "nLaptop may"),
            ("https://a.example/x is", "https://a.example/x is"),
            ("files.delete is", "files.delete is"),
            ("", ""),
        ] {
            assert_eq!(sentence(text), written);
        }
        assert_eq!((list([1, 2], "nobody"), list::<u8>([], "nobody")), ("1, 2".into(), "nobody".into()));
    }
}
