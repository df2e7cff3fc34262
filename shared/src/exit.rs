//! Exit codes, with uWSGI's numbers (its Emperor and many scripts look at them).

use std::process::ExitCode;

/// Why a process of this product ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Stopped as asked.
    Success,
    /// Configuration, bind, privilege or any other start-up error.
    Failure,
    /// A check found a configuration that would be refused (as `emperorctl` says it).
    Invalid,
    /// A worker left to be replaced (uWSGI's reload code).
    Reload,
    /// No application could be loaded and `need-app` is set.
    NoApp,
    /// The program of the vassal cannot be executed at all.
    Exile,
    /// The worker was told to end for good.
    End,
    /// The configuration says `exit = N`.
    Asked(u8),
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit.number())
    }
}

impl Exit {
    /// The number handed to the kernel.
    pub fn code(self) -> i32 {
        i32::from(self.number())
    }

    fn number(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Failure => 1,
            Self::Invalid => 5,
            Self::Reload => 17,
            Self::NoApp => 22,
            Self::Exile => 26,
            Self::End => 30,
            Self::Asked(number) => number,
        }
    }
}
