//! `--help`, from the one table of options.

use std::fmt::Write;

use shared::option::{self, Kind, Row, Tier};

const USAGE: &str = "\
usage: vassal [OPTIONS] [FILE.ini ...]   serve, with uWSGI's command line
       vassal --plan FILE                print what root would have to do for a file
       vassal --version
";

/// The usage and every option that has an effect, by subject.
pub fn text() -> String {
    let mut text = USAGE.to_owned();
    for (subject, rows) in option::subjects() {
        let mut works = rows.iter().filter(|row| row.tier == Tier::Works).peekable();
        if works.peek().is_some() {
            let _ = writeln!(text, "\n{subject}:");
            for row in works {
                let _ = writeln!(text, "  {:<34} {}", spelling(row), row.doc);
            }
        }
    }
    text
}

/// `-p, --processes <number>`.
fn spelling(row: &Row) -> String {
    let value = match row.kind {
        Kind::Flag => "",
        Kind::Integer | Kind::Long | Kind::Short => " <number>",
        Kind::Megabytes => " <MiB>",
        Kind::Mode => " <mode>",
        Kind::Text | Kind::List | Kind::Special => " <value>",
    };
    let short = row.short.map_or_else(|| "    ".to_owned(), |letter| format!("-{letter}, "));
    format!("{short}--{}{value}", row.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_shows_what_works_and_only_that() {
        let text = text();
        assert!(text.contains("-p, --processes <number>"), "{text}");
        let shown = text
            .lines()
            .filter(|line| line.starts_with("  -") || line.starts_with("      --"))
            .count();
        let works = option::all().filter(|row| row.tier == Tier::Works).count();
        assert_eq!(shown, works);
    }
}
