//! `--help`, from the one table of options, in the form that uWSGI's has.

use std::ffi::OsString;
use std::fmt::Write;

use shared::option::{self, Kind, Line, Row, Tier, markdown};

const USAGE: &str = "\
usage: vassal [OPTIONS] [FILE.ini ...]   serve, with uWSGI's command line
       vassal --check FILE|DIR|- ...     say everything that is wrong with files
       vassal --plan FILE                print what root would have to do for a file
       vassal --help [NAME]              print all options, or all about one
       vassal --version
";

/// The answer to a command line that asks for help: about the option whose name follows, or about
/// all.
pub fn answer(args: &[OsString]) -> String {
    let asks = |arg: &OsString| arg == "--help" || arg == "--usage" || arg == "-h";
    let name = args.iter().skip_while(|arg| !asks(arg)).nth(1).and_then(|arg| arg.to_str());
    name.map_or_else(text, about)
}

/// The usage and every option that may be given, by subject. Each spelling has a line of its own.
pub fn text() -> String {
    let mut text = USAGE.to_owned();
    for (subject, rows) in option::subjects() {
        let mut shown =
            rows.iter().filter(|row| matches!(row.tier, Tier::Works | Tier::Accepted)).peekable();
        if shown.peek().is_some() {
            let _ = writeln!(text, "\n{subject}:");
            for row in shown {
                let note = if row.tier == Tier::Accepted { "(no effect) " } else { "" };
                for name in row.names() {
                    let spelling = spelling(row, name);
                    let _ = writeln!(text, "    {spelling:<37} {note}{}", row.doc);
                }
            }
        }
    }
    text
}

/// `-p|--processes`.
fn spelling(row: &Row, name: &str) -> String {
    let short = row.short.map_or_else(String::new, |letter| format!("-{letter}|"));
    format!("{short}--{name}")
}

/// Everything that is known about one option, by any of its names or its letter.
fn about(name: &str) -> String {
    let name = name.trim_start_matches('-');
    let mut letters = name.chars();
    let letter = letters.next().filter(|_| letters.next().is_none());
    let Some(row) = option::find(name).or_else(|| letter.and_then(option::find_short)) else {
        let shown: String = name.chars().filter(|c| !c.is_control()).take(64).collect();
        let near = option::near(name);
        let near = near.map_or_else(String::new, |near| format!("; did you mean {near}?"));
        return format!("{shown} is no option, so it would be a variable{near}\n");
    };
    let mut text = format!("{}\n    {}\n\n", spelling(row, row.name), row.doc);
    let mut line = |name: &str, value: &str| {
        if !value.is_empty() {
            let _ = writeln!(text, "    {name:<10} {value}");
        }
    };
    line("value", &markdown::value(row));
    line("default", row.default);
    line("also", &row.aliases.join(", "));
    let file = if row.kind == Kind::Flag { "true" } else { "..." };
    line("in a file", &format!("{} = {file}", row.name));
    line(
        "immediate",
        if row.immediate { "yes: only magic variables are replaced in it" } else { "" },
    );
    line("uWSGI", &origin(row));
    line("here", &standing(row));
    text
}

fn origin(row: &Row) -> String {
    let place = row.plugin().map_or_else(|| "core".to_owned(), |name| format!("plugin {name}"));
    match row.line {
        Line::Released => place,
        Line::Since(version) => format!("{place}, {version} and later"),
        Line::Development => format!("{place}, in the development line that was never released"),
        Line::Own => "does not know it".to_owned(),
    }
}

fn standing(row: &Row) -> String {
    match row.tier {
        Tier::Works => "works".to_owned(),
        Tier::Accepted => "accepted, without an effect".to_owned(),
        Tier::Planned => "known, not built yet: a warning says that it is ignored".to_owned(),
        Tier::Refused(reason) => format!("refused: {reason}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer_to(words: &[&str]) -> String {
        answer(&words.iter().map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn help_shows_every_spelling_of_what_may_be_given_and_only_that() {
        let text = answer_to(&["--help"]);
        assert!(text.contains("\n    -p|--processes  "), "{text}");
        assert!(text.contains("\n    -p|--workers  "), "{text}");
        assert!(text.contains("(no effect) Workers share"), "{text}");
        let shown = text.lines().filter(|line| line.starts_with("    -")).count();
        let offered = option::all()
            .filter(|row| matches!(row.tier, Tier::Works | Tier::Accepted))
            .flat_map(Row::names)
            .count();
        assert_eq!(shown, offered);
    }

    #[test]
    fn help_about_one_option_says_where_it_stands() {
        for words in [&["--help", "workers"][..], &["-h", "--processes"], &["--usage", "-p"]] {
            let text = answer_to(words);
            assert!(text.starts_with("-p|--processes\n    Number of worker"), "{text}");
            assert!(text.contains("    also       workers\n"), "{text}");
            assert!(text.contains("    default    1\n"), "{text}");
            assert!(text.contains("    here       works\n"), "{text}");
        }
        assert!(answer_to(&["--help", "legion"]).contains("refused: no lord is elected"));
        assert!(answer_to(&["--help", "gevent"]).contains("    uWSGI      plugin gevent\n"));
        assert!(answer_to(&["--help", "ini"]).contains("immediate  yes"));
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_nearest() {
        assert!(answer_to(&["--help", "vaccum"]).contains("did you mean vacuum?"));
        let text = answer_to(&["--help", "\u{1b}[2Jxyzzy"]);
        assert!(!text.contains('\u{1b}') && text.contains("is no option"), "{text}");
    }
}
