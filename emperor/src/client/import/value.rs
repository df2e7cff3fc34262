//! A value on its way into an ini file.
//!
//! The reader of our files gives `%`, `%(`, `$(` and `@(` a meaning, trims blanks and knows no
//! quotes. Text that came from another program means none of that, so it is escaped here, once;
//! what is meant to be expanded (a number of processors, a variable of the environment) is a
//! piece of its own. One thing cannot be escaped: `%(name)` of a name that means something, or with
//! a blank inside, is expanded however it comes about, as in uWSGI.

use std::fmt::Write;

use shared::option;

/// Variables that stand for what cannot be written down, with their values in a file.
pub(super) const SIGNS: [(&str, &str); 3] =
    [("dollar-sign", "$"), ("at-sign", "@"), ("nothing", "")];

/// One piece of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// Text that means itself.
    Text(String),
    /// `(processors * times + plus) / over`.
    Processors(Processors),
    /// The host's name.
    Host,
    /// A variable of the environment, and what stands in for it.
    Environment(String, Option<Value>),
}

/// A number that depends on the number of processors: `(n * times + plus) / over`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Processors {
    pub(super) times: i64,
    pub(super) plus: i64,
    pub(super) over: i64,
}

/// A value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Value(pub(super) Vec<Piece>);

impl Value {
    /// Puts another value behind this one.
    pub(super) fn push(&mut self, other: Value) {
        for piece in other.0 {
            match (self.0.last_mut(), piece) {
                (Some(Piece::Text(text)), Piece::Text(more)) => text.push_str(&more),
                (_, piece) => self.0.push(piece),
            }
        }
    }

    /// The value when it is text and nothing else.
    pub(super) fn plain(&self) -> Option<&str> {
        match self.0.as_slice() {
            [] => Some(""),
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// Whether it can be written for options whose values are not expanded.
    pub(super) fn needs_no_expansion(&self) -> bool {
        let whole = self.plain().map(|text| guarded(written(text)));
        whole.is_some_and(|text| !text.contains("%("))
    }

    /// The variables of the environment that have to be there.
    pub(super) fn needs(&self) -> Vec<&str> {
        let needed = self.0.iter().filter_map(|piece| match piece {
            Piece::Environment(name, None) => Some(name.as_str()),
            Piece::Environment(_, Some(default)) => default.needs().first().copied(),
            Piece::Text(_) | Piece::Processors(_) | Piece::Host => None,
        });
        let mut names: Vec<&str> = needed.collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Bytes, roughly: what a copy costs.
    pub(super) fn weight(&self) -> usize {
        let pieces = self.0.iter().map(|piece| match piece {
            Piece::Text(text) => text.len(),
            Piece::Environment(name, default) => {
                name.len() + default.as_ref().map_or(0, Value::weight)
            }
            Piece::Processors(_) | Piece::Host => 8,
        });
        pieces.sum::<usize>() + 16
    }

    /// How deep defaults have defaults.
    pub(super) fn depth(&self) -> usize {
        let depths = self.0.iter().map(|piece| match piece {
            Piece::Environment(_, Some(default)) => 1 + default.depth(),
            Piece::Environment(_, None) | Piece::Text(_) | Piece::Processors(_) | Piece::Host => 0,
        });
        depths.max().unwrap_or(0)
    }

    /// Why no line of a file can hold this value.
    pub(super) fn obstacle(&self) -> Option<&'static str> {
        self.0.iter().find_map(|piece| match piece {
            Piece::Text(text) if text.contains(['\n', '\0']) => {
                Some("a value cannot hold a line break or a NUL")
            }
            Piece::Text(text) if expands(text) => {
                Some("%(...) in it would be expanded, and cannot be escaped")
            }
            Piece::Environment(name, _) if !is_variable(name) => {
                Some("the name of the variable cannot be written")
            }
            Piece::Environment(_, Some(default)) => default.obstacle(),
            Piece::Text(_) | Piece::Processors(_) | Piece::Host | Piece::Environment(_, None) => {
                None
            }
        })
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        if text.is_empty() { Self::default() } else { Self(vec![Piece::Text(text.to_owned())]) }
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<Processors> for Value {
    fn from(number: Processors) -> Self {
        Self(vec![Piece::Processors(number)])
    }
}

/// Whether a name can be asked for with `$(NAME)`.
pub(super) fn is_variable(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 128
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

impl Processors {
    /// As arithmetic of a file, which has no precedence: from left to right.
    pub(super) fn written(self) -> String {
        let mut text = format!("%(%k * {}", self.times);
        match self.plus {
            0 => {}
            plus if plus < 0 => _ = write!(text, " - {}", plus.unsigned_abs()),
            plus => _ = write!(text, " + {plus}"),
        }
        if self.over != 1 {
            let _ = write!(text, " / {}", self.over);
        }
        text + ")"
    }
}

/// Whether a text has a `%(...)` that is not sure to stay as it is.
fn expands(text: &str) -> bool {
    text.match_indices("%(").any(|(at, sign)| {
        let rest = &text[at + sign.len()..];
        let Some((name, _)) = rest.split_once(')') else { return true };
        let plain = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
        let ours = name.starts_with("env-") || SIGNS.iter().any(|(sign, _)| *sign == name);
        name.is_empty() || !name.chars().all(plain) || ours || option::find(name).is_some()
    })
}

/// Text as it has to be written so that it means itself.
pub(super) fn written(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(letter) = rest.next() {
        let opens = rest.peek() == Some(&'(');
        match letter {
            '%' => out.push_str("%%"),
            '$' if opens => out.push_str("%(dollar-sign)"),
            '@' if opens => out.push_str("%(at-sign)"),
            other => out.push(other),
        }
    }
    out
}

/// A whole value between blanks that the reader must not trim.
pub(super) fn guarded(text: String) -> String {
    let blank = [' ', '\t', '\r'];
    let start = if text.starts_with(blank) { "%(nothing)" } else { "" };
    let end = if text.ends_with(blank) { "%(nothing)" } else { "" };
    if start.is_empty() && end.is_empty() { text } else { format!("{start}{text}{end}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_a_meaning_in_a_file_is_escaped() {
        for (text, want) in [
            ("100%", "100%%"),
            ("%(asctime)s", "%%(asctime)s"),
            ("$(HOME) $5 @(x) a@b", "%(dollar-sign)(HOME) $5 %(at-sign)(x) a@b"),
        ] {
            assert_eq!(written(text), want, "{text}");
        }
        assert_eq!(guarded(" a".into()), "%(nothing) a");
        assert_eq!(guarded("a\t".into()), "a\t%(nothing)");
    }

    #[test]
    fn what_would_be_expanded_whatever_is_written_is_an_obstacle() {
        for text in ["%(a b)", "x%(processes)", "%(open", "%()", "%(nothing)", "%((a))"] {
            assert!(Value::from(text).obstacle().is_some(), "{text}");
        }
        for text in ["%(asctime)s", "%", "100%)", "$(a b)", "%%d (x)"] {
            assert_eq!(Value::from(text).obstacle(), None, "{text}");
        }
    }

    #[test]
    fn arithmetic_goes_from_left_to_right() {
        let number = |times, plus, over| Processors { times, plus, over }.written();
        assert_eq!(number(2, 1, 1), "%(%k * 2 + 1)");
        assert_eq!(number(1, -1, 2), "%(%k * 1 - 1 / 2)");
    }
}
