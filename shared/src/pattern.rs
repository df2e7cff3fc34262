//! Regular expressions of configurations.
//!
//! uWSGI has PCRE, which may take exponential time on a hostile subject; the engine here takes
//! linear time and therefore knows neither look-around nor back references. Patterns work on
//! bytes and on ASCII classes, as PCRE does without its UTF-8 mode.

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
    let built =
        RegexBuilder::new(pattern).unicode(false).size_limit(SIZE_MAX).nest_limit(NEST_MAX).build();
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

#[cfg(test)]
mod tests {
    use super::*;

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
