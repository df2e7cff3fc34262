//! The reference of options and the table of compatibility, as Markdown.

use std::fmt::Write;

use super::{Kind, Row, Tier, all, subjects};

/// `docs/OPTIONS.md`: what may be written and what it does.
pub fn options() -> String {
    let mut text = String::from(
        "# Options\n\n\
         Generated from the table of options; `UPDATE_DOCS=1 cargo test -p shared --test docs` \
         writes it anew.\n\n\
         In a file an option is `name = value`, on the command line `--name value` (a flag: \
         `--name`). A *flag* is on unless its value is `false`, `no`, `off` or `0`. Of options \
         that may be given once the last one counts; a *list* counts each time. *No effect* \
         means: accepted, because what it asks for is always so here or is not needed. All \
         names that uWSGI knows are in [COMPATIBILITY.md](COMPATIBILITY.md).\n",
    );
    for (subject, rows) in subjects() {
        let mut shown = rows.iter().filter(|row| !row.doc.is_empty()).peekable();
        if shown.peek().is_some() {
            let _ = write!(text, "\n## {subject}\n\n| Option | Value | |\n|---|---|---|\n");
            for row in shown {
                let prefix = if row.tier == Tier::Works { "" } else { "*No effect.* " };
                let doc = cell(row.doc);
                let _ = writeln!(text, "| {} | {} | {prefix}{doc} |", spellings(row), value(row));
            }
        }
    }
    text
}

/// `docs/COMPATIBILITY.md`: how far every name that uWSGI knows is taken.
pub fn compatibility() -> String {
    let mut text = String::from(
        "# Compatibility with uWSGI's options\n\n\
         Generated from the table of options; `UPDATE_DOCS=1 cargo test -p shared --test docs` \
         writes it anew.\n\n\
         *Works*: it does what [OPTIONS.md](OPTIONS.md) says. *No effect*: read without a word, \
         because what it asks for is always so here or is not needed. *Not yet*: known, and a \
         warning says that it is ignored (an error where ignoring it would open an application \
         to everybody). *Refused*: an error that gives the reason. A name that is in no column \
         is a variable; a warning says so when no value uses it.\n\n\
         | Subject | Works | No effect | Not yet | Refused |\n|---|--:|--:|--:|--:|\n",
    );
    for (subject, rows) in subjects() {
        let _ = writeln!(text, "| {subject} | {} |", counts(rows.iter()));
    }
    let _ = writeln!(text, "| **All** | {} |", counts(all()));
    let names: usize = all().map(|row| row.names().count()).sum();
    let _ = writeln!(text, "\n{names} names, spelling variants included.");
    for (subject, rows) in subjects() {
        let _ = writeln!(text, "\n## {subject}\n");
        list(&mut text, "Works", rows, |tier| tier == Tier::Works);
        list(&mut text, "No effect", rows, |tier| tier == Tier::Accepted);
        list(&mut text, "Not yet", rows, |tier| tier == Tier::Planned);
        for row in *rows {
            if let Tier::Refused(reason) = row.tier {
                let _ = writeln!(text, "- Refused: {}: {reason}", spellings(row));
            }
        }
    }
    text
}

/// Where a row stands, as a column.
fn column(tier: Tier) -> usize {
    match tier {
        Tier::Works => 0,
        Tier::Accepted => 1,
        Tier::Planned => 2,
        Tier::Refused(_) => 3,
    }
}

fn counts<'a>(rows: impl Iterator<Item = &'a Row>) -> String {
    let mut counts = [0_usize; 4];
    for row in rows {
        counts[column(row.tier)] += 1;
    }
    counts.map(|count| count.to_string()).join(" | ")
}

fn list(text: &mut String, title: &str, rows: &[Row], wanted: impl Fn(Tier) -> bool) {
    let names: Vec<String> = rows.iter().filter(|row| wanted(row.tier)).map(spellings).collect();
    if !names.is_empty() {
        let _ = writeln!(text, "- {title}: {}", names.join(", "));
    }
}

/// `` `processes` `workers` `-p` ``: all that may be written.
fn spellings(row: &Row) -> String {
    let letter = row.short.map(|letter| format!("`-{letter}`"));
    let names: Vec<String> = row.names().map(|name| format!("`{name}`")).chain(letter).collect();
    names.join(" ")
}

fn value(row: &Row) -> &'static str {
    match row.kind {
        Kind::Flag => "flag",
        Kind::Integer | Kind::Long => "number",
        Kind::Short => "number up to 65535",
        Kind::Megabytes => "number of MiB",
        Kind::Text => "text",
        Kind::List => "text, list",
        Kind::Mode => "octal mode",
        Kind::Special => "special",
    }
}

/// A text inside a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_in_the_table_of_compatibility() {
        let text = compatibility();
        for name in all().flat_map(Row::names) {
            assert!(text.contains(&format!("`{name}`")), "{name}");
        }
    }

    #[test]
    fn the_reference_tells_what_works_from_what_is_only_read() {
        let text = options();
        let line = |name: &str| {
            let start = format!("| `{name}`");
            text.lines().find(|line| line.starts_with(&start)).unwrap_or_else(|| panic!("{name}"))
        };
        assert!(!line("processes").contains("No effect"), "{}", line("processes"));
        assert!(line("processes").contains("`workers` `-p` | number |"), "{}", line("processes"));
        assert!(line("master").contains("*No effect.*"), "{}", line("master"));
        assert!(!text.contains("| `mule`"), "what is not built is not in the reference");
    }

    #[test]
    fn rows_of_all_subjects_add_up() {
        let total = counts(all());
        let sum: usize =
            total.split(" | ").map(|count| count.parse::<usize>().unwrap_or_default()).sum();
        assert_eq!(sum, all().count());
    }
}
