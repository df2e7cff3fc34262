//! Regular expressions of configurations.
//!
//! uWSGI has PCRE, which may take exponential time on a hostile subject; the engine here takes
//! linear time and therefore knows neither look-around nor back references. Patterns work on
//! bytes and on ASCII classes, as PCRE does without its UTF-8 mode.

use std::borrow::Cow;

use regex::bytes::{Regex, RegexBuilder};

/// The largest compiled expression, bytes.
const SIZE_MAX: usize = 256 * 1024;
/// The longest expression, bytes.
const LENGTH_MAX: usize = 8192;
/// Groups inside groups.
const NEST_MAX: u32 = 100;

/// Compiles a pattern. The error is half a sentence for whoever wrote it.
pub fn compile(pattern: &str) -> Result<Regex, String> {
    if pattern.len() > LENGTH_MAX {
        return Err(format!("the regular expression is longer than {LENGTH_MAX} bytes"));
    }
    let built = RegexBuilder::new(&literal_braces(pattern))
        .unicode(false)
        .size_limit(SIZE_MAX)
        .nest_limit(NEST_MAX)
        .build();
    built.map_err(|error| match &error {
        regex::Error::CompiledTooBig(_) => {
            format!("the regular expression {pattern:?} is too large")
        }
        regex::Error::Syntax(text) => {
            // the last line of the report says what is wrong, the others point at it
            let reason = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
            format!("{pattern:?} is no regular expression of this server: {reason}")
        }
        _ => format!("{pattern:?} is no regular expression"),
    })
}

/// A pattern in which a `{` that begins no repetition is a letter, as in PCRE. After a backslash,
/// and inside of brackets, nothing changes.
pub fn literal_braces(pattern: &str) -> Cow<'_, str> {
    if !pattern.contains('{') {
        return Cow::Borrowed(pattern);
    }
    let mut made = String::with_capacity(pattern.len() + 8);
    let (mut class, mut rest) = (false, pattern);
    while let Some(letter) = rest.chars().next() {
        let mut take = letter.len_utf8();
        match letter {
            '\\' => {
                // \x{41}, \p{L}: the braces belong to what was escaped
                take += rest[1..].chars().next().map_or(0, char::len_utf8);
                if rest[take..].starts_with('{') && rest[1..].starts_with(char::is_alphabetic) {
                    take += rest[take..].find('}').map_or(0, |end| end + 1);
                }
            }
            '[' => class = true,
            ']' => class = false,
            '{' if !class && !is_repetition(rest) => made.push('\\'),
            _ => {}
        }
        made.push_str(&rest[..take]);
        rest = &rest[take..];
    }
    Cow::Owned(made)
}

/// Whether a text begins with `{2}`, `{2,}` or `{2,3}`.
fn is_repetition(text: &str) -> bool {
    let Some((inside, _)) = text[1..].split_once('}') else { return false };
    let (least, most) = inside.split_once(',').unwrap_or((inside, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    !least.is_empty() && digits(least) && digits(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_brace_that_repeats_nothing_is_a_letter() {
        for (pattern, made) in [
            ("{", r"\{"),
            (r"^a{2}b{2,}c{2,3}$", r"^a{2}b{2,}c{2,3}$"),
            ("a{,3}", r"a\{,3}"),
            (r"\{x{y", r"\{x\{y"),
            ("[{]{", r"[{]\{"),
            (r"\x{41}{", r"\x{41}\{"),
            ("{\u{e9}", "\\{\u{e9}"),
            ("\\", "\\"),
        ] {
            assert_eq!(literal_braces(pattern), made, "{pattern}");
        }
        assert!(compile("applogger {").unwrap().is_match(b"applogger {x"));
    }

    #[test]
    fn patterns_of_real_files_compile() {
        for pattern in
            [r"^/foo/(.*)\.php$", r"^\/x", r"\.(css|js)$", r"^/(?P<a>\d+)/(?<b>\w*?)$", "(?i)bot"]
        {
            compile(pattern).unwrap();
        }
        assert!(!compile(r"^\w+$").unwrap().is_match("gr\u{fc}n".as_bytes()), "ASCII classes");
        assert!(compile("^.$").unwrap().is_match(b"\xff"), "any byte");
    }

    #[test]
    fn what_needs_backtracking_is_refused_by_name() {
        let reason = |pattern: &str| compile(pattern).unwrap_err();
        assert!(reason("^(?!/static)").contains("look-around"), "{}", reason("^(?!/static)"));
        assert!(reason(r"^(a)\1$").contains("backreferences"), "{}", reason(r"^(a)\1$"));
        assert!(reason(&"(".repeat(500)).contains("regular expression"));
        assert!(reason(r"(\w{500}){500}").contains("too large"));
        assert!(reason(&"a".repeat(10_000)).contains("longer than"));
    }
}
