//! Values that do not mean what they look like: comments and quotes that are part of them.

use crate::finding::{Finding, Severity};
use crate::option::{Kind, Row, Tier};
use crate::rule;

use super::super::directive::{told, truth};
use super::super::loader::Entry;
use super::{about, tier};

/// What looks wrong with the value of a known option.
pub(super) fn value(entry: &Entry, row: &Row) -> Option<Finding> {
    match row.kind {
        Kind::Flag if row.name == "show-config" && entry.value == "json" => None,
        Kind::Flag if !entry.how.bare && !is_truth(&entry.value) => Some(flag(entry)),
        _ if matches!(row.name, "plugins" | "need-plugins") => tier::plugins(entry, row),
        Kind::Text | Kind::Special if is_verbatim(row) => verbatim(entry, &entry.value),
        Kind::List | Kind::Special if row.name == "env" => {
            verbatim(entry, entry.value.split_once('=').map_or("", |(_, value)| value))
        }
        _ => None,
    }
}

/// What stands behind a value that should have ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Junk {
    /// Something that looks like a comment.
    Comment,
    /// Anything else.
    Text,
}

/// Whether a value has a comment behind it, or only more text.
pub(in super::super) fn junk(text: &str) -> Junk {
    let marks = [" ;", " #", "\t;", "\t#"];
    let after = text.trim_start_matches(|c: char| c.is_ascii_digit());
    if marks.iter().any(|mark| text.contains(mark)) || after.starts_with([';', '#']) {
        Junk::Comment
    } else {
        Junk::Text
    }
}

fn flag(entry: &Entry) -> Finding {
    let text = entry.value.as_str();
    let message = format!("expected true or false, found {text:?}: this means true");
    let message = told(entry.how.secret, message);
    let front = text.split([' ', '\t', ';', '#']).next().unwrap_or_default();
    let code = match junk(text) {
        Junk::Comment if is_truth(front) => rule::TRAILING_COMMENT,
        Junk::Comment | Junk::Text => rule::NOT_A_FLAG,
    };
    let uwsgi = if truth(front) {
        "takes everything but false, off, no and 0 for true"
    } else {
        "takes it for true too: the text is not exactly false, off, no or 0"
    };
    about(entry, Severity::Warning, code, &message).of_value().uwsgi(uwsgi)
}

fn is_truth(text: &str) -> bool {
    const WORDS: [&str; 9] = ["", "true", "false", "on", "off", "yes", "no", "1", "0"];
    WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// Options whose values have neither comments nor quotes in them by any intention.
fn is_verbatim(row: &Row) -> bool {
    row.tier == Tier::Works
        && (row.kind == Kind::Text
            || row.name.ends_with("socket")
            || matches!(row.name, "http" | "uid" | "gid" | "pythonpath"))
}

fn verbatim(entry: &Entry, text: &str) -> Option<Finding> {
    let quoted = text.len() > 1
        && ['"', '\''].iter().any(|mark| text.starts_with(*mark) && text.ends_with(*mark));
    let (code, message, uwsgi) = if !quoted && junk(text) == Junk::Comment {
        let message = "there are no comments at the end of a line: everything after = is the value";
        (rule::TRAILING_COMMENT, message, "takes the whole text, with the comment, for the value")
    } else if quoted {
        (rule::QUOTED_VALUE, "quotes are a part of the value", "keeps the quotes in the value")
    } else {
        return None;
    };
    Some(about(entry, Severity::Warning, code, message).of_value().uwsgi(uwsgi))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::{none, one};

    #[test]
    fn comments_behind_values() {
        let finding = one("master = false ; x\n", rule::TRAILING_COMMENT);
        assert!(finding.message.contains("this means true"));
        assert_eq!(finding.place(), Some((2, 10)));
        one("chdir = /srv # x\n", rule::TRAILING_COMMENT);
        one("env = A=b ; c\n", rule::TRAILING_COMMENT);
        one("uid = www-data # the web server\n", rule::TRAILING_COMMENT);
        assert_eq!(junk("4;four"), Junk::Comment);
        assert_eq!(junk("4 four"), Junk::Text);
        none("env = A=b;c#d\nprocname = a;b\n");
    }

    #[test]
    fn words_that_are_no_flag() {
        one("master = disabled\n", rule::NOT_A_FLAG);
        none("master\nlazy-apps = On\nvacuum = 0\nneed-app =\n");
    }

    #[test]
    fn quotes_stay() {
        one("chdir = \"/srv\"\n", rule::QUOTED_VALUE);
        one("env = A='b'\n", rule::QUOTED_VALUE);
        none("env = A={\"b\": 'c'}\nprocname = it's\n");
    }
}
