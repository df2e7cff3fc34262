//! `%(a + b)`: a pipeline of words, evaluated from left to right without precedence.
//!
//! Two operands without an operator between them are put one behind the other, so `%(a b + 2)`
//! joins and then adds. Numbers are read as C's `atoi` reads them and wrap around.

/// Evaluates the words between the parentheses; `lookup` gives the value of a name. `None` when
/// there are only operators.
pub(super) fn evaluate<E>(
    text: &str,
    mut lookup: impl FnMut(&str) -> Result<Option<String>, E>,
) -> Result<Option<String>, E> {
    let mut result = String::new();
    let mut operator = None;
    let mut operands = false;
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        match word {
            "+" | "-" | "*" | "/" => operator = word.chars().next(),
            "++" | "--" => {
                // a waiting operator is forgotten, and nothing cannot be counted before the first operand
                operator = None;
                if operands {
                    let step = if word == "++" { 1 } else { -1 };
                    result = number(&result).wrapping_add(step).to_string();
                }
            }
            _ => {
                operands = true;
                let operand = lookup(word)?.unwrap_or_else(|| literal(word).to_owned());
                match operator.take() {
                    None => result.push_str(&operand),
                    Some(sign) => {
                        result = apply(sign, number(&result), number(&operand)).to_string();
                    }
                }
            }
        }
    }
    Ok(operands.then_some(result))
}

/// A word that is no name counts as itself when it is all digits, else as nothing.
fn literal(word: &str) -> &str {
    if word.bytes().all(|byte| byte.is_ascii_digit()) { word } else { "" }
}

fn apply(sign: char, left: i64, right: i64) -> i64 {
    match sign {
        '+' => left.wrapping_add(right),
        '-' => left.wrapping_sub(right),
        '*' => left.wrapping_mul(right),
        // division by zero gives 0
        _ => left.checked_div(right).unwrap_or(0),
    }
}

fn number(text: &str) -> i64 {
    let text = text.trim_start();
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let mut value: i64 = 0;
    for byte in digits.bytes().take_while(u8::is_ascii_digit) {
        value = value.saturating_mul(10).saturating_add(i64::from(byte - b'0'));
    }
    if negative { -value } else { value }
}

#[cfg(test)]
mod tests {
    use super::evaluate;

    #[test]
    fn words_are_evaluated_from_left_to_right() {
        for (text, expected) in [
            ("a + b", "10"),
            ("a b", "82"),
            ("a / 3", "2"),
            ("b - a", "-6"),
            ("a b + 2", "84"),
            ("a + b * 2", "20"),
            ("a / 0", "0"),
            ("a ++", "9"),
            ("a --", "7"),
            ("2 * 1024 * 1024 * 1024", "2147483648"),
            ("nothing + 1", "1"),
            ("-3 + 1", "1"),
            ("1.5 + 1", "1"),
            ("9223372036854775807 + 1", "-9223372036854775808"),
            ("++ a", "8"),
            ("- ++ a", "8"),
            ("a + ++ b", "92"),
            ("- a", "-8"),
            ("a - + b", "10"),
            ("-- nothing", ""),
            ("nothing ++", "1"),
        ] {
            let got = evaluate::<()>(text, |name| match name {
                "a" => Ok(Some("8".into())),
                "b" => Ok(Some("2".into())),
                _ => Ok(None),
            });
            assert_eq!(got, Ok(Some(expected.to_owned())), "{text}");
        }
        assert_eq!(evaluate("- --", |_| Ok::<_, ()>(None)), Ok(None));
        // what cannot be looked up ends it
        assert_eq!(evaluate("1 + x + 2", |_| Err("no")), Err("no"));
    }
}
