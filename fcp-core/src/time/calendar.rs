//! Times for people.

use core::fmt;

use super::Timestamp;

/// A time as `2023-11-14 22:13:20`, in UTC and the Gregorian calendar. Made by [`Timestamp::utc`].
#[derive(Debug, Clone, Copy)]
pub struct Utc(Timestamp);

impl Timestamp {
    /// The time as people write it.
    ///
    /// ```
    /// use fcp_core::time::Timestamp;
    ///
    /// assert_eq!(Timestamp::from_secs(1_700_000_000).utc().to_string(), "2023-11-14 22:13:20");
    /// ```
    #[must_use]
    pub const fn utc(self) -> Utc {
        Utc(self)
    }
}

impl fmt::Display for Utc {
    #[expect(clippy::arithmetic_side_effects, reason = "there are fewer than 2^48 days in the range of seconds")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, second) = (self.0.as_secs() / 86_400, self.0.as_secs() % 86_400);
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
        write!(f, "{year:04}-{month:02}-{day_of_month:02} {hour:02}:{minute:02}:{:02}", second % 60)
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString as _;

    use crate::time::Timestamp;

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
            assert_eq!(Timestamp::from_secs(seconds).utc().to_string(), text);
        }
        // 2^64 − 1 is 25215 modulo a day.
        assert!(Timestamp::from_secs(u64::MAX).utc().to_string().ends_with(" 07:00:15"));
    }
}
