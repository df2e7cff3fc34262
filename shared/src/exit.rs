//! Exit codes, with uWSGI's numbers (its Emperor and many scripts look at them).

use std::process::ExitCode;

/// Why a process of this product ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Stopped as asked.
    Success = 0,
    /// Configuration, bind, privilege or any other start-up error.
    Failure = 1,
    /// A worker left to be replaced (uWSGI's reload code).
    Reload = 17,
    /// No application could be loaded and `need-app` is set.
    NoApp = 22,
    /// The program of the vassal cannot be executed at all.
    Exile = 26,
    /// The worker was told to end for good.
    End = 30,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}

impl Exit {
    /// The number handed to the kernel.
    pub fn code(self) -> i32 {
        i32::from(self as u8)
    }
}
