//! One line of an ini file, by uWSGI's rules: no quotes, no escapes, no comment at the end of
//! a line, the first `=` separates, a key without `=` has the empty value.

/// What a line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// `[name]`; `closed` is false when the last character is not the bracket.
    Section {
        /// The name.
        name: &'a str,
        /// Whether the line ends in `]`.
        closed: bool,
    },
    /// `key = value`.
    Pair {
        /// The key.
        key: &'a str,
        /// The value, empty when there is no `=`.
        value: &'a str,
        /// Whether there was no `=`.
        bare: bool,
    },
}

const BLANK: [char; 3] = [' ', '\t', '\r'];

/// Reads a line; nothing comes of empty ones and comments. The number is the column, from one.
pub(super) fn piece(line: &str) -> Option<(u32, Piece<'_>)> {
    let text = line.trim_start_matches(BLANK);
    let column = (line.len() - text.len()) as u32 + 1;
    let text = text.trim_end_matches(BLANK);
    let first = text.chars().next()?;
    let piece = match first {
        ';' | '#' => return None,
        '[' => {
            let mut name = text[1..].chars();
            let last = name.next_back();
            Piece::Section { name: name.as_str(), closed: last == Some(']') }
        }
        _ => match text.split_once('=') {
            Some((key, value)) => Piece::Pair {
                key: key.trim_end_matches(BLANK),
                value: value.trim_matches(BLANK),
                bare: false,
            },
            None => Piece::Pair { key: text, value: "", bare: true },
        },
    };
    Some((column, piece))
}

/// The column of a line's value, from one; 0 when it has none.
pub(super) fn value_column(line: &str) -> u32 {
    let Some((key, rest)) = line.split_once('=') else { return 0 };
    let value = rest.trim_start_matches(BLANK);
    if value.is_empty() {
        return 0;
    }
    (key.chars().count() + 1 + rest.len() - value.len()) as u32 + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair<'a>(key: &'a str, value: &'a str) -> (u32, Piece<'a>) {
        (1, Piece::Pair { key, value, bare: false })
    }

    #[test]
    fn pairs_are_split_at_the_first_equals_sign_and_nothing_else_is_special() {
        assert_eq!(piece("a=b"), Some(pair("a", "b")));
        assert_eq!(piece("a  =  b \r"), Some(pair("a", "b")));
        assert_eq!(
            piece("env = A=\"1; 2\" # no comment"),
            Some(pair("env", "A=\"1; 2\" # no comment"))
        );
        assert_eq!(piece("socket = :8000"), Some(pair("socket", ":8000")));
        assert_eq!(piece("a ="), Some(pair("a", "")));
        assert_eq!(piece("= x"), Some(pair("", "x")));
        let bare = Piece::Pair { key: "master", value: "", bare: true };
        assert_eq!(piece("\t master "), Some((3, bare)));
    }

    #[test]
    fn a_value_has_its_column() {
        for (line, column) in [("a=b", 3), ("  a =  b=c", 8), ("a", 0), ("a = ", 0)] {
            assert_eq!(value_column(line), column, "{line:?}");
        }
    }

    #[test]
    fn comments_are_whole_lines() {
        for line in ["", "   ", "; x = 1", "  # x = 1", "#"] {
            assert_eq!(piece(line), None, "{line:?}");
        }
    }

    #[test]
    fn a_section_is_all_but_the_last_character() {
        let section = |name, closed| Some((1, Piece::Section { name, closed }));
        assert_eq!(piece("[uwsgi]"), section("uwsgi", true));
        assert_eq!(piece("[uwsgi] ; x"), section("uwsgi] ; ", false));
        assert_eq!(piece("["), section("", false));
        assert_eq!(piece("[ü"), section("", false));
    }
}
