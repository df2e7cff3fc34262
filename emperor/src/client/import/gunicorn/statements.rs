//! The statements of a settings file: assignments are read, everything else is named.

use super::super::site::{Left, Origins, Place};
use super::expression::evaluate;
use super::literal::Names;
use super::token::{Line, Token};
use super::{Settings, setting};

/// What a block of Python does with what is assigned in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Block {
    /// A function: nothing in it is a setting.
    Function,
    /// `if`, `for`, `try` and the like: settings may be made in it.
    Executed,
}

/// Reads the lines of a file into the settings.
pub(super) fn read(
    lines: &[Line],
    text: &str,
    file: Option<&str>,
    settings: &mut Settings,
) -> Vec<Left> {
    let source: Vec<&str> = text.lines().collect();
    let mut left = Vec::new();
    let mut names = Names::default();
    let mut block = None;
    for line in lines {
        let shown = source.get(line.number.saturating_sub(1) as usize).copied().unwrap_or_default();
        let place = Place::Line(line.number);
        let from = |name: &str| Origins::new(place.clone(), name, shown.trim());
        if line.column > 0 {
            if block == Some(Block::Executed)
                && let Some(name) = assigned(&line.tokens)
            {
                names.forget(name);
                if let Some(name) = setting(name) {
                    left.push(
                        from(name).left("it is set under a condition, which is not executed"),
                    );
                }
            }
            continue;
        }
        block = None;
        let word = line.tokens.first().and_then(Token::name).unwrap_or_default();
        match word {
            "import" | "from" | "pass" | "global" | "else" | "elif" | "except" | "finally" => {
                block = Some(Block::Executed);
            }
            "def" | "async" | "class" => {
                block = Some(Block::Function);
                let name = line.tokens.get(1).and_then(Token::name).unwrap_or(word);
                let why = if setting(name).is_some() {
                    "a hook in Python: gunicorn calls it, this server does not"
                } else {
                    "a function: nothing is executed"
                };
                left.push(from(name).left(why));
            }
            "if" | "for" | "while" | "try" | "with" | "match" => {
                block = Some(Block::Executed);
                if word != "try" {
                    left.push(from(word).left("a statement: nothing is executed"));
                }
            }
            _ => statement(&line.tokens, file, &mut names, settings, &from, &mut left),
        }
    }
    left
}

fn statement(
    tokens: &[Token],
    file: Option<&str>,
    names: &mut Names,
    settings: &mut Settings,
    from: &dyn Fn(&str) -> Origins,
    left: &mut Vec<Left>,
) {
    if let [Token::Text { .. }] = tokens {
        return; // a comment of its own kind
    }
    let Some((name, value)) = assignment(tokens) else {
        let name = assigned(tokens).or(tokens.first().and_then(Token::name)).unwrap_or("?");
        if let Some(known) = assigned(tokens) {
            names.forget(known);
        }
        left.push(from(name).left("a statement: nothing is executed"));
        return;
    };
    let value = evaluate(value, names, file);
    match (value, setting(name)) {
        (Some(value), Some(known)) => {
            names.set(name, value.clone());
            settings.set(known, value, from(known));
        }
        // gunicorn ignores names that it does not know; other values may use them
        (Some(value), None) => names.set(name, value),
        (None, known) => {
            names.forget(name);
            if let Some(known) = known {
                settings.forget(known);
                left.push(from(known).left("it is computed: nothing is executed"));
            }
        }
    }
}

/// `name = value` or `name: type = value`.
fn assignment(tokens: &[Token]) -> Option<(&str, &[Token])> {
    let (first, rest) = tokens.split_first()?;
    let name = first.name()?;
    let at = match rest.first()? {
        sign if sign.is("=") => 0,
        sign if sign.is(":") => rest.iter().position(|token| token.is("="))?,
        _ => return None,
    };
    let value = &rest[at + 1..];
    // a = b = c
    let chained = value.iter().any(|token| token.is("=")) && !value.iter().any(|t| t.is("("));
    (!value.is_empty() && !chained).then_some((name, value))
}

/// The first name that a statement changes, also `name += x` and `name.append(x)`.
fn assigned(tokens: &[Token]) -> Option<&str> {
    let name = tokens.first()?.name()?;
    let second = tokens.get(1)?;
    let changes = ["=", "+=", "-=", "*=", ".", "[", ":", ","].iter().any(|sign| second.is(sign));
    changes.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::super::literal::Literal;
    use super::super::token;
    use super::*;

    fn run(text: &str) -> (Settings, Vec<Left>) {
        let mut settings = Settings::default();
        let left = read(&token::lines(text).unwrap(), text, None, &mut settings);
        (settings, left)
    }

    #[test]
    fn assignments_are_read_and_the_rest_is_named() {
        let (mut settings, left) = run(
            "import os\nport = 80\nbind: str = f':{port}'\nworkers = f()\n\
             def post_fork(s, w):\n    workers = 3\nif x:\n    timeout = 5\nraw_env.append('A=1')\n",
        );
        assert_eq!(settings.take("bind").map(|(v, _)| v), Some(Literal::text(":80")));
        assert!(settings.take("workers").is_none() && settings.take("timeout").is_none());
        let names: Vec<_> = left.iter().map(|one| (one.name.as_str(), &one.place)).collect();
        assert_eq!(
            names,
            [
                ("workers", &Place::Line(4)),
                ("post_fork", &Place::Line(5)),
                ("if", &Place::Line(7)),
                ("timeout", &Place::Line(8)),
                ("raw_env", &Place::Line(9)),
            ]
        );
    }

    #[test]
    fn a_value_that_is_computed_later_is_not_carried_over_from_before() {
        let (mut settings, left) =
            run("workers = 2\nworkers = f()\nport = 1\nport += 1\nbind = port\n");
        assert!(settings.take("workers").is_none() && settings.take("bind").is_none());
        assert_eq!(left.len(), 3);
    }
}
