//! What a launcher says to whoever started it.

use std::io::{self, Write};

use shared::exit::Exit;
use shared::finding::Finding;

/// A finding about no line.
pub(super) fn plain(text: String) -> Finding {
    Finding::error(None, None, text)
}

/// One line each on standard error, without control characters that a file might have smuggled.
pub(super) fn say(findings: &[Finding], exit: Exit) -> Exit {
    let mut text = String::new();
    for finding in findings {
        text.push_str(if finding.is_error() { "" } else { "warning: " });
        text.push_str(&clean(&finding.to_string()));
        text.push('\n');
    }
    // nobody to tell is no reason to fail
    let _ = io::stderr().write_all(text.as_bytes());
    exit
}

/// A text without control characters that a terminal would obey.
pub(super) fn clean(text: &str) -> String {
    let shown = |c: char| if c.is_control() && c != '\n' { char::REPLACEMENT_CHARACTER } else { c };
    text.chars().map(shown).collect()
}

/// An error of one line; the exit code that goes with it.
pub(super) fn complain(text: impl Into<String>) -> Exit {
    say(&[plain(text.into())], Exit::Failure)
}

/// Writes to standard output.
pub(super) fn print(bytes: &[u8]) -> Exit {
    match io::stdout().write_all(bytes) {
        Ok(()) => Exit::Success,
        Err(error) => complain(format!("standard output: {error}")),
    }
}
