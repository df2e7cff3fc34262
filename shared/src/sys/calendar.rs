//! The calendar of the machine's time zone, for log lines.

/// A moment in local time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Local {
    /// `2026`.
    pub year: i32,
    /// From 0 (January).
    pub month: u8,
    /// From 1.
    pub day: u8,
    /// From 0 (Sunday).
    pub weekday: u8,
    /// Hour of the day.
    pub hour: u8,
    /// Minute.
    pub minute: u8,
    /// Second.
    pub second: u8,
    /// Seconds east of Greenwich.
    pub offset: i64,
}

const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Seconds since the epoch as local time.
pub fn local(epoch: i64) -> Local {
    let mut parts = std::mem::MaybeUninit::<libc::tm>::zeroed();
    // SAFETY: both pointers are to values that live through the call; localtime_r keeps no
    // pointer to them. It may read TZ, which no thread of this product changes while serving.
    unsafe { libc::localtime_r(&raw const epoch, parts.as_mut_ptr()) };
    // SAFETY: zeroed, then filled; integers and one pointer, for all of which zero is valid.
    Local::from(unsafe { parts.assume_init() })
}

/// Seconds since the epoch as universal time.
pub fn universal(epoch: i64) -> Local {
    let mut parts = std::mem::MaybeUninit::<libc::tm>::zeroed();
    // SAFETY: as in `local`; gmtime_r reads nothing global.
    unsafe { libc::gmtime_r(&raw const epoch, parts.as_mut_ptr()) };
    // SAFETY: as in `local`.
    Local::from(unsafe { parts.assume_init() })
}

/// Local time in the form that strftime(3) knows; empty where it makes nothing, or more than
/// 1 KiB.
pub fn formatted(format: &std::ffi::CStr, epoch: i64) -> Vec<u8> {
    let mut parts = std::mem::MaybeUninit::<libc::tm>::zeroed();
    let mut text = vec![0; 1024];
    // SAFETY: the pointers are to values that live through both calls, which keep none of them;
    // the format ends in NUL; no more than the buffer's size is written.
    let size = unsafe {
        libc::localtime_r(&raw const epoch, parts.as_mut_ptr());
        libc::strftime(text.as_mut_ptr().cast(), text.len(), format.as_ptr(), parts.as_ptr())
    };
    text.truncate(size);
    text
}

impl From<libc::tm> for Local {
    fn from(parts: libc::tm) -> Self {
        Self {
            year: parts.tm_year + 1900,
            month: parts.tm_mon as u8,
            day: parts.tm_mday as u8,
            weekday: parts.tm_wday as u8,
            hour: parts.tm_hour as u8,
            minute: parts.tm_min as u8,
            second: parts.tm_sec as u8,
            offset: parts.tm_gmtoff,
        }
    }
}

impl Local {
    /// `Sat Nov 21 00:52:12 2026`, as in uWSGI's request lines.
    pub fn ctime(&self) -> String {
        format!(
            "{} {} {:2} {:02}:{:02}:{:02} {}",
            DAYS[usize::from(self.weekday) % 7],
            MONTHS[usize::from(self.month) % 12],
            self.day,
            self.hour,
            self.minute,
            self.second,
            self.year
        )
    }

    /// `21/Nov/2026:00:39:35 +0000`, as in the common log format.
    pub fn common(&self) -> String {
        let (sign, minutes) = (if self.offset < 0 { '-' } else { '+' }, self.offset.abs() / 60);
        format!(
            "{:02}/{}/{}:{:02}:{:02}:{:02} {sign}{:02}{:02}",
            self.day,
            MONTHS[usize::from(self.month) % 12],
            self.year,
            self.hour,
            self.minute,
            self.second,
            minutes / 60,
            minutes % 60
        )
    }

    /// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 section 5.6.7), of a universal time.
    pub fn http_date(&self) -> String {
        format!(
            "{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
            DAYS[usize::from(self.weekday) % 7],
            self.day,
            MONTHS[usize::from(self.month) % 12],
            self.year,
            self.hour,
            self.minute,
            self.second
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_as_the_rfc_writes_them() {
        let moment = universal(784_111_777);
        assert_eq!(moment.http_date(), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(moment.ctime(), "Sun Nov  6 08:49:37 1994");
        assert_eq!(moment.common(), "06/Nov/1994:08:49:37 +0000");
        let west = Local { offset: -12_600, ..moment };
        assert!(west.common().ends_with(" -0330"));
        assert_eq!(formatted(c"%%%Y", 784_111_777), b"%1994");
        assert_eq!(formatted(c"", 0), b"");
    }
}
