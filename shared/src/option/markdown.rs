//! The reference of options and the table of compatibility, as Markdown.

use std::fmt::Write;

use super::usage::{FILES, USED};
use super::{Kind, Line, Row, Tier, all, find, subjects};

/// `docs/OPTIONS.md`: what may be written and what it does.
pub fn options() -> String {
    let mut text = String::from(
        "# Options\n\n\
         Generated from the table of options; `UPDATE_DOCS=1 cargo test -p shared --test docs` \
         writes it anew. `vassal --help NAME` shows one option, also when its name is misspelt.\n\n\
         In a file an option is `name = value`, on the command line `--name value` (a flag: \
         `--name`). A *flag* is on unless its value is `false`, `no`, `off` or `0`. Of options \
         that may be given once the last one counts; a *list* counts each time. An *immediate* \
         option acts while the file is read: in its value only magic variables are replaced.\n\n\
         *Works*: it does what is said. *No effect*: accepted, because what it asks for is always \
         so here or is not needed. *Not yet*: known, and a warning says that it is ignored; the \
         line says what it does in uWSGI. *Refused*: an error that gives the reason. \
         [COMPATIBILITY.md](COMPATIBILITY.md) counts them.\n\n\
         Editors find mistakes in JSON and YAML files with [site.schema.json](site.schema.json); \
         shells complete the command line with the files in `deploy/completion/` (bash: source \
         `vassal.bash`; zsh: put `_vassal` into a directory of `fpath`; fish: put `vassal.fish` \
         into `~/.config/fish/completions/`).\n",
    );
    for (subject, rows) in subjects() {
        let _ = write!(
            text,
            "\n## {subject}\n\n| Option | Value | Default | | |\n|---|---|---|---|---|\n"
        );
        for row in *rows {
            let default =
                if row.default.is_empty() { String::new() } else { format!("`{}`", row.default) };
            let _ = writeln!(
                text,
                "| {} | {} | {default} | {} | {} |",
                spellings(row),
                value(row),
                standing(row.tier),
                cell(&explanation(row)),
            );
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
    text.push_str("\n| Where uWSGI has them | Works | No effect | Not yet | Refused |\n|---|--:|--:|--:|--:|\n");
    for (place, wanted) in PLACES {
        let _ = writeln!(text, "| {place} | {} |", counts(all().filter(|row| wanted(row))));
    }
    let names: usize = all().map(|row| row.names().count()).sum();
    let _ = writeln!(text, "\n{names} names, spelling variants included.");
    real_files(&mut text);
    refused(&mut text);
    for (subject, rows) in subjects() {
        let _ = writeln!(text, "\n## {subject}\n");
        list(&mut text, "Works", rows, |tier| tier == Tier::Works);
        list(&mut text, "No effect", rows, |tier| tier == Tier::Accepted);
        list(&mut text, "Not yet", rows, |tier| tier == Tier::Planned);
        list(&mut text, "Refused", rows, |tier| matches!(tier, Tier::Refused(_)));
    }
    text
}

/// A line of the second table: who is counted in it.
type Place = (&'static str, fn(&Row) -> bool);

const PLACES: &[Place] = &[
    ("its core", |row| !ours(row) && !unreleased(row) && row.plugin().is_none()),
    ("its plugins", |row| !ours(row) && !unreleased(row) && row.plugin().is_some()),
    ("its development line only", unreleased),
    ("nowhere: ours", ours),
];

fn ours(row: &Row) -> bool {
    row.line == Line::Own
}

fn unreleased(row: &Row) -> bool {
    row.line == Line::Development
}

/// What the options of real files come to.
fn real_files(text: &mut String) {
    let _ = write!(
        text,
        "\n## Options that real files use\n\n\
         Counted over {FILES} public ini files from 202 repositories, spelling variants together. \
         *Uses* counts an option once for each file that has it.\n\n\
         | Options found in | Options | Works | No effect | Not yet | Refused | Uses covered |\n\
         |---|--:|--:|--:|--:|--:|--:|\n"
    );
    for (name, least, most) in
        [("five files or more", 5, FILES), ("two to four files", 2, 4), ("one file", 1, 1)]
    {
        let counted: Vec<(&Row, u32)> = USED
            .iter()
            .filter(|(_, files)| (least..=most).contains(files))
            .filter_map(|(name, files)| Some((find(name)?, u32::from(*files))))
            .collect();
        let uses: u32 = counted.iter().map(|(_, files)| files).sum();
        let covered: u32 = counted
            .iter()
            .filter(|(row, _)| matches!(row.tier, Tier::Works | Tier::Accepted))
            .map(|(_, files)| files)
            .sum();
        let _ = writeln!(
            text,
            "| {name} | {} | {} | {} % |",
            counted.len(),
            counts(counted.iter().map(|(row, _)| *row)),
            covered * 100 / uses.max(1)
        );
    }
    text.push_str("\nOf those in five files or more, not built yet, with the number of files:\n\n");
    let open: Vec<String> = USED
        .iter()
        .filter(|(name, files)| {
            *files >= 5 && find(name).is_some_and(|row| row.tier == Tier::Planned)
        })
        .map(|(name, files)| format!("`{name}` {files}"))
        .collect();
    let _ = writeln!(text, "{}.", open.join(", "));
}

/// What is refused, by reason.
fn refused(text: &mut String) {
    text.push_str(
        "\n## Refused, and what to do instead\n\n| Options | Why, or what instead |\n|---|---|\n",
    );
    let mut reasons: Vec<(&str, Vec<&Row>)> = Vec::new();
    for row in all() {
        let Tier::Refused(reason) = row.tier else { continue };
        match reasons.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, rows)) => rows.push(row),
            None => reasons.push((reason, vec![row])),
        }
    }
    for (reason, rows) in reasons {
        let names: Vec<String> = rows.iter().map(|row| format!("`{}`", row.name)).collect();
        let _ = writeln!(text, "| {} | {} |", names.join(", "), cell(reason));
    }
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

/// Where a row stands, in words.
pub fn standing(tier: Tier) -> &'static str {
    ["works", "no effect", "not yet", "refused"][column(tier)]
}

/// What a row does, with what has to be said about it.
fn explanation(row: &Row) -> String {
    let mut text = row.doc.to_owned();
    if let Tier::Refused(reason) = row.tier {
        let _ = write!(text, " Refused: {reason}.");
    }
    if row.immediate {
        text.push_str(" *Immediate.*");
    }
    match row.line {
        Line::Released => {}
        Line::Since(version) => {
            let _ = write!(text, " *uWSGI {version} and later.*");
        }
        Line::Development => text.push_str(" *Never released by uWSGI.*"),
        Line::Own => text.push_str(" *Not known to uWSGI.*"),
    }
    text
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

/// What kind of value is expected, in words.
pub fn value(row: &Row) -> String {
    if !row.choices.is_empty() {
        return row.choices.join(", ");
    }
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
    .to_owned()
}

/// A text inside a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_in_both_documents() {
        let texts = [options(), compatibility()];
        for name in all().flat_map(Row::names) {
            for text in &texts {
                assert!(text.contains(&format!("`{name}`")), "{name}");
            }
        }
    }

    #[test]
    fn the_reference_tells_what_works_from_what_is_only_known() {
        let text = options();
        let line = |name: &str| {
            let start = format!("| `{name}`");
            text.lines().find(|line| line.starts_with(&start)).unwrap_or_else(|| panic!("{name}"))
        };
        let processes = line("processes");
        assert!(processes.contains("`workers` `-p` | number | `1` | works |"), "{processes}");
        assert!(line("master").contains("| no effect |"), "{}", line("master"));
        assert!(line("mule").contains("| not yet |"), "{}", line("mule"));
        assert!(line("legion").contains("| refused |"), "{}", line("legion"));
        assert!(line("legion").contains("Refused: no lord"), "{}", line("legion"));
        assert!(line("if-env").contains("*Immediate.*"), "{}", line("if-env"));
    }

    #[test]
    fn rows_of_all_places_add_up() {
        let sum = |text: String| -> usize {
            text.split(" | ").map(|count| count.parse::<usize>().unwrap_or_default()).sum()
        };
        assert_eq!(sum(counts(all())), all().count());
        let places = PLACES.iter().map(|(_, wanted)| sum(counts(all().filter(|row| wanted(row)))));
        assert_eq!(places.sum::<usize>(), all().count());
    }
}
