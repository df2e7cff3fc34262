//! Lists of options for manual pages, and the places in a page where they belong.
//!
//! A page is written by hand but for its regions. A region starts with a comment
//! `.\" BEGIN what` and ends with `.\" END`; what is between them is generated.

use std::fmt::Write;

use super::{Kind, Row, Tier, find, subjects};

const BEGIN: &str = ".\\\" BEGIN ";
const END: &str = ".\\\" END";

/// What is wrong with a page.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    /// A region has no end.
    #[error("the region {0:?} has no end")]
    Open(String),
    /// Nobody knows what belongs into a region.
    #[error("nothing is generated for {0:?}")]
    Unknown(String),
}

/// How an option is written on a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// `name = value`.
    File,
    /// `--name value`.
    Line,
}

/// The page with its regions written anew.
pub fn renew(page: &str, content: impl Fn(&str) -> Option<String>) -> Result<String, PageError> {
    let mut text = String::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        let _ = writeln!(text, "{line}");
        let Some(what) = line.strip_prefix(BEGIN) else { continue };
        if !lines.any(|line| line == END) {
            return Err(PageError::Open(what.to_owned()));
        }
        let new = content(what).ok_or_else(|| PageError::Unknown(what.to_owned()))?;
        let _ = writeln!(text, "{}\n{END}", new.trim_end());
    }
    Ok(text)
}

/// What belongs into a region: `file SUBJECT`, `line SUBJECT` (the options of a subject that
/// work), or `names NAME NAME ...` (single ones, in the form of a file).
pub fn region(what: &str) -> Option<String> {
    let (form, rest) = what.split_once(' ')?;
    let form = match form {
        "file" => Form::File,
        "line" => Form::Line,
        "names" => {
            let rows: Option<Vec<&Row>> = rest.split(' ').map(find).collect();
            return Some(list(rows?.into_iter(), Form::File));
        }
        _ => return None,
    };
    let (_, rows) = subjects().iter().find(|(subject, _)| *subject == rest)?;
    Some(list(rows.iter().filter(|row| row.tier == Tier::Works), form))
}

fn list<'a>(rows: impl Iterator<Item = &'a Row>, form: Form) -> String {
    let mut text = String::new();
    for row in rows {
        let _ = writeln!(text, ".TP\n{}\n{}", head(row, form), prose(row.doc));
        if !row.default.is_empty() {
            let _ = writeln!(text, "The default is \\fB{}\\fR.", escaped(row.default));
        }
        if row.aliases.len() == 1 {
            let _ = writeln!(text, "Also \\fB{}\\fR.", escaped(row.aliases[0]));
        } else if !row.aliases.is_empty() {
            let names: Vec<String> =
                row.aliases.iter().map(|name| format!("\\fB{}\\fR", escaped(name))).collect();
            let _ = writeln!(text, "Also {}.", names.join(", "));
        }
    }
    text
}

fn head(row: &Row, form: Form) -> String {
    let name = escaped(row.name);
    let value = match row.kind {
        Kind::Flag => None,
        Kind::Integer | Kind::Long | Kind::Short => Some("number"),
        Kind::Megabytes => Some("MiB"),
        Kind::Mode => Some("mode"),
        Kind::Text | Kind::List | Kind::Special => Some("value"),
    };
    match (form, value) {
        (Form::File, None) => format!("\\fB{name} = true\\fR"),
        (Form::File, Some(value)) => format!("\\fB{name} = \\fI{value}\\fR"),
        (Form::Line, value) => {
            let letter = row.short.map_or_else(String::new, |c| format!("\\fB\\-{c}\\fR, "));
            let value = value.map_or_else(String::new, |value| format!(" \\fI{value}\\fR"));
            format!("{letter}\\fB\\-\\-{name}\\fR{value}")
        }
    }
}

/// A line of text; what stands in back quotes is bold.
pub fn prose(text: &str) -> String {
    let parts: Vec<String> = text
        .split('`')
        .enumerate()
        .map(|(at, part)| {
            let part = escaped(part);
            if at % 2 == 1 { format!("\\fB{part}\\fR") } else { part }
        })
        .collect();
    let line = parts.concat();
    if line.starts_with(['.', '\'']) { format!("\\&{line}") } else { line }
}

/// Text inside a line that the formatter takes as it is.
pub fn escaped(text: &str) -> String {
    text.replace('\\', "\\e").replace('-', "\\-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_are_replaced_and_the_rest_stays() {
        let page = ".TH X 1\n.\\\" BEGIN one\nold\n.\\\" END\n.SH END\n";
        let one = |what: &str| (what == "one").then(|| "new\n".to_owned());
        let renewed = renew(page, one).unwrap();
        assert_eq!(renewed, ".TH X 1\n.\\\" BEGIN one\nnew\n.\\\" END\n.SH END\n");
        assert_eq!(renew(&renewed, one), Ok(renewed.clone()), "a second time changes nothing");
        assert_eq!(renew(page, |_| None), Err(PageError::Unknown("one".into())));
        let open = ".\\\" BEGIN one\nold\n";
        assert_eq!(renew(open, one), Err(PageError::Open("one".into())));
    }

    #[test]
    fn options_are_written_as_in_files_and_as_on_the_command_line() {
        let names = region("names processes vacuum").unwrap();
        assert!(names.starts_with(".TP\n\\fBprocesses = \\fInumber\\fR\n"), "{names}");
        assert!(names.contains("\\fBvacuum = true\\fR\n"), "{names}");
        assert!(names.contains("processes.\nThe default is \\fB1\\fR.\n"), "{names}");
        let line = region("line Processes").unwrap();
        assert!(line.contains("\\fB\\-p\\fR, \\fB\\-\\-processes\\fR \\fInumber\\fR\n"), "{line}");
        assert!(!line.contains("mule"), "only what works is listed");
        assert_eq!(region("names no-such-option"), None);
        assert_eq!(region("file No such subject"), None);
    }

    #[test]
    fn nothing_in_a_text_is_an_order_to_the_formatter() {
        assert_eq!(prose("As `a-b`."), "As \\fBa\\-b\\fR.");
        assert_eq!(prose(".TH \\x"), "\\&.TH \\ex");
    }
}
