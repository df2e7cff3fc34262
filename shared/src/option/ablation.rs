//! Takes the effect from one option, so that a test can show that it proves something.
//!
//! With the feature `ablation`, which no release has, the option that the variable
//! `EMPEROR_WITHOUT_OPTION` names leads nowhere: it is known in all its spellings and takes its
//! value as always, but it answers to a primary name that nobody looks for. That is stricter
//! than an unknown option, whose warning alone would fail many a test.

#[cfg(all(feature = "ablation", not(debug_assertions)))]
compile_error!("the feature ablation takes the effect from options: it is not for releases");

#[cfg(feature = "ablation")]
mod without {
    use std::sync::LazyLock;

    use super::super::{Row, all};

    /// The primary name of the option that has no effect.
    const NOBODY: &str = "option-without-effect";

    /// The option as it is and as it leads nowhere.
    static REMOVED: LazyLock<Option<(&'static str, Row)>> = LazyLock::new(|| {
        let name = std::env::var("EMPEROR_WITHOUT_OPTION").ok().filter(|name| !name.is_empty())?;
        let row = all().find(|row| row.name == name).expect("the option is in the table");
        let aliases: Vec<&'static str> = row.names().collect();
        Some((row.name, Row { name: NOBODY, aliases: aliases.leak(), ..*row }))
    });

    pub(in super::super) fn look(row: &'static Row) -> &'static Row {
        match &*REMOVED {
            Some((name, nobody)) if *name == row.name => nobody,
            _ => row,
        }
    }
}

#[cfg(feature = "ablation")]
pub(super) use without::look;

/// The row as it counts in this process.
#[cfg(not(feature = "ablation"))]
pub(super) const fn look(row: &'static super::Row) -> &'static super::Row {
    row
}
