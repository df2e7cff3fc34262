//! The words of a Python file, as far as settings are written with them.
//!
//! The file is never executed. It is cut into logical lines of tokens; what a line means, or
//! that it means more than a setting can say, is decided elsewhere.

/// A file in which this many tokens stand is no settings file.
const TOKENS_MAX: usize = 400_000;

/// A word.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// A name or keyword.
    Name(String),
    /// A whole number.
    Integer(i64),
    /// Another number, as written.
    Number(String),
    /// A text; `formatted` is an f-string whose braces still stand in it.
    Text { text: String, formatted: bool },
    /// Bytes, or a text with an escape that is not read.
    Opaque,
    /// A sign; `**`, `//`, `==` and the like are one.
    Sign(String),
}

impl Token {
    pub(super) fn is(&self, sign: &str) -> bool {
        matches!(self, Self::Sign(text) if text == sign)
    }

    pub(super) fn name(&self) -> Option<&str> {
        match self {
            Self::Name(name) => Some(name),
            _ => None,
        }
    }
}

/// A logical line.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Line {
    /// The number of its first line, from one.
    pub(super) number: u32,
    /// How far it is indented.
    pub(super) column: usize,
    pub(super) tokens: Vec<Token>,
}

/// Why a file is no Python.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// A text has no end.
    #[error("line {0}: a text that does not end")]
    Text(u32),
    /// A bracket has no partner.
    #[error("line {0}: a bracket without its partner")]
    Bracket(u32),
    /// A character that stands in no Python file.
    #[error("line {0}: a character that means nothing in Python")]
    Character(u32),
    /// Too many words.
    #[error("more than {TOKENS_MAX} words")]
    TooMuch,
}

/// Cuts a file into its logical lines.
pub(super) fn lines(text: &str) -> Result<Vec<Line>, TokenError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = Reader { rest: text, number: 1, brackets: Vec::new() };
    let mut lines = Vec::new();
    let mut count = 0;
    let mut line: Option<Line> = None;
    let (mut column, mut indent) = (0, true);
    while let Some(letter) = reader.peek() {
        match letter {
            '\n' => {
                reader.bump();
                if reader.brackets.is_empty() {
                    lines.extend(line.take());
                    (column, indent) = (0, true);
                }
                continue;
            }
            ' ' | '\t' | '\r' | '\u{c}' => {
                reader.bump();
                column += usize::from(indent);
                continue;
            }
            '#' => {
                let end = reader.rest.find('\n').unwrap_or(reader.rest.len());
                reader.rest = &reader.rest[end..];
                continue;
            }
            '\\' => {
                reader.bump();
                reader.rest = reader.rest.strip_prefix('\r').unwrap_or(reader.rest);
                if reader.peek() != Some('\n') {
                    return Err(TokenError::Character(reader.number));
                }
                reader.bump();
                continue;
            }
            ';' if reader.brackets.is_empty() => {
                // several statements of a line: each stands for itself
                reader.bump();
                lines.extend(line.take());
                continue;
            }
            _ => {}
        }
        indent = false;
        let number = reader.number;
        let token = reader.token()?;
        count += 1;
        if count > TOKENS_MAX {
            return Err(TokenError::TooMuch);
        }
        line.get_or_insert_with(|| Line { number, column, tokens: Vec::new() }).tokens.push(token);
    }
    if let Some((_, number)) = reader.brackets.last() {
        return Err(TokenError::Bracket(*number));
    }
    lines.extend(line);
    Ok(lines)
}

struct Reader<'a> {
    rest: &'a str,
    number: u32,
    brackets: Vec<(char, u32)>,
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn bump(&mut self) -> Option<char> {
        let mut letters = self.rest.chars();
        let letter = letters.next()?;
        self.rest = letters.as_str();
        self.number += u32::from(letter == '\n');
        Some(letter)
    }

    fn take(&mut self, wanted: impl Fn(char) -> bool) -> &str {
        let end = self.rest.find(|letter| !wanted(letter)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    fn token(&mut self) -> Result<Token, TokenError> {
        let Some(letter) = self.peek() else { return Ok(Token::Opaque) };
        if letter == '_' || letter.is_alphabetic() {
            let word = self.take(|c| c == '_' || c.is_alphanumeric()).to_owned();
            let prefix = word.len() <= 2 && word.chars().all(|c| "rRbBuUfF".contains(c));
            return match self.peek() {
                Some('"' | '\'') if prefix => self.text(&word.to_ascii_lowercase()),
                _ => Ok(Token::Name(word)),
            };
        }
        if letter.is_ascii_digit() {
            let word = self.take(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.');
            return Ok(number(word));
        }
        match letter {
            '"' | '\'' => self.text(""),
            '(' | '[' | '{' => {
                self.brackets.push((letter, self.number));
                Ok(self.sign(1))
            }
            ')' | ']' | '}' => {
                let partner = match self.brackets.pop() {
                    Some(('(', _)) => ')',
                    Some(('[', _)) => ']',
                    Some(_) => '}',
                    None => return Err(TokenError::Bracket(self.number)),
                };
                if partner == letter {
                    Ok(self.sign(1))
                } else {
                    Err(TokenError::Bracket(self.number))
                }
            }
            _ if letter.is_ascii() && "+-*/%@=<>!&|^~:.,;".contains(letter) => {
                const PAIRS: [&str; 17] = [
                    "**", "//", "==", "!=", "<=", ">=", "<<", ">>", "+=", "-=", "*=", "/=", "%=",
                    "|=", "&=", ":=", "->",
                ];
                let pair = PAIRS.iter().any(|pair| self.rest.starts_with(pair));
                Ok(self.sign(if pair { 2 } else { 1 }))
            }
            _ => Err(TokenError::Character(self.number)),
        }
    }

    fn sign(&mut self, length: usize) -> Token {
        let (sign, rest) = self.rest.split_at(length);
        self.rest = rest;
        Token::Sign(sign.to_owned())
    }

    /// A text in quotes, behind its prefix.
    fn text(&mut self, prefix: &str) -> Result<Token, TokenError> {
        let start = self.number;
        let quote = if self.rest.starts_with('"') { "\"" } else { "'" };
        let triple = quote.repeat(3);
        let end = if self.rest.starts_with(&triple) { triple.as_str() } else { quote };
        self.rest = &self.rest[end.len()..];
        let raw = prefix.contains('r');
        let mut text = String::new();
        let mut opaque = prefix.contains('b');
        loop {
            if let Some(rest) = self.rest.strip_prefix(end) {
                self.rest = rest;
                break;
            }
            match self.bump() {
                None => return Err(TokenError::Text(start)),
                Some('\n') if end.len() == 1 => return Err(TokenError::Text(start)),
                Some('\\') if raw => {
                    text.push('\\');
                    text.extend(self.bump());
                }
                Some('\\') => match self.escape() {
                    Some(meant) => text.push_str(&meant),
                    None => opaque = true,
                },
                Some(letter) => text.push(letter),
            }
        }
        if opaque {
            return Ok(Token::Opaque);
        }
        Ok(Token::Text { text, formatted: prefix.contains('f') })
    }

    /// What stands behind a backslash; `None` for escapes that no setting needs.
    fn escape(&mut self) -> Option<String> {
        let letter = self.bump()?;
        let plain = match letter {
            '\n' => return Some(String::new()),
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            '\\' | '\'' | '"' => letter,
            'x' => self.code(2)?,
            'u' => self.code(4)?,
            'a' | 'b' | 'f' | 'v' | 'U' | 'N' | '0'..='7' => return None,
            // an unknown escape stays as it is
            other => return Some(format!("\\{other}")),
        };
        Some(plain.to_string())
    }

    fn code(&mut self, digits: usize) -> Option<char> {
        let code = u32::from_str_radix(self.rest.get(..digits)?, 16).ok()?;
        self.rest = &self.rest[digits..];
        char::from_u32(code)
    }
}

fn number(word: &str) -> Token {
    let plain = word.replace('_', "").to_ascii_lowercase();
    let read = match plain.get(..2) {
        Some("0o") => i64::from_str_radix(&plain[2..], 8),
        Some("0x") => i64::from_str_radix(&plain[2..], 16),
        Some("0b") => i64::from_str_radix(&plain[2..], 2),
        _ => plain.parse(),
    };
    read.map_or_else(|_| Token::Number(plain), Token::Integer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Vec<Token> {
        let mut found = lines(text).unwrap();
        assert_eq!(found.len(), 1, "{text}");
        found.remove(0).tokens
    }

    fn text(text: &str) -> Token {
        Token::Text { text: text.into(), formatted: false }
    }

    #[test]
    fn texts_are_read_with_their_escapes() {
        assert_eq!(
            one(r#"'a\'b' "\x41\n" r'\n' '''x
y'''"#),
            [text("a'b"), text("A\n"), text("\\n"), text("x\ny")]
        );
        assert_eq!(one("b'x' '\\N{DASH}'"), [Token::Opaque, Token::Opaque]);
        assert_eq!(one("f'{x}'"), [Token::Text { text: "{x}".into(), formatted: true }]);
    }

    #[test]
    fn lines_are_logical_and_know_their_numbers() {
        let found = lines("a = [1,\n  2]\n\nb = 1; c = 2\n  d = \\\n 3 # x\n").unwrap();
        let numbers: Vec<_> = found.iter().map(|line| (line.number, line.column)).collect();
        assert_eq!(numbers, [(1, 0), (4, 0), (4, 0), (5, 2)]);
    }

    #[test]
    fn numbers_have_their_bases() {
        let values = [Token::Integer(7), Token::Integer(1000), Token::Number("1.5".into())];
        assert_eq!(one("0o7 1_000 1.5"), values);
    }

    #[test]
    fn what_is_no_python_is_said_with_its_line() {
        assert_eq!(lines("a\nb = 'x\n"), Err(TokenError::Text(2)));
        assert_eq!(lines("a = (1,\n"), Err(TokenError::Bracket(1)));
        assert_eq!(lines("a = 1)\n"), Err(TokenError::Bracket(1)));
        assert_eq!(lines("\n$x"), Err(TokenError::Character(2)));
        assert_eq!(lines("'''x"), Err(TokenError::Text(1)));
    }
}
