//! What can be done to values without executing anything: calls of a few known functions, sums,
//! texts with holes.

use super::super::value::{Piece, Processors, Value};
use super::literal::Literal;

/// The longest text that is put together.
const TEXT_MAX: usize = 64 * 1024;
/// How deep defaults may have defaults.
const DEFAULTS_MAX: usize = 4;

/// The number of processors.
pub(super) const PROCESSORS: Literal =
    Literal::Processors(Processors { times: 1, plus: 0, over: 1 });

/// A variable of the environment.
pub(super) fn environment(name: &str, default: Option<Value>) -> Literal {
    Literal::Text(Value(vec![Piece::Environment(name.to_owned(), default)]))
}

/// The value of a call of a function that is known.
pub(super) fn call(path: &str, arguments: &[Literal]) -> Option<Literal> {
    match (path, arguments) {
        ("multiprocessing.cpu_count" | "os.cpu_count" | "cpu_count", []) => Some(PROCESSORS),
        (
            "os.environ.get" | "environ.get" | "os.getenv" | "getenv",
            [Literal::Text(name), default @ ..],
        ) => {
            let default = match default {
                [] | [Literal::None] => None,
                [one] => Some(one.value().filter(|value| value.depth() < DEFAULTS_MAX)?),
                _ => return None,
            };
            Some(environment(name.plain()?, default))
        }
        ("int", [Literal::Text(value)]) => match value.plain() {
            Some(text) => text.trim().parse().ok().map(Literal::Integer),
            None => Some(Literal::Text(value.clone())),
        },
        ("int", [number @ (Literal::Integer(_) | Literal::Processors(_))]) => Some(number.clone()),
        ("str", [one]) => one.value().map(Literal::Text),
        ("max", [Literal::Integer(a), Literal::Integer(b)]) => Some(Literal::Integer(*a.max(b))),
        ("min", [Literal::Integer(a), Literal::Integer(b)]) => Some(Literal::Integer(*a.min(b))),
        ("os.path.abspath" | "os.path.realpath", [Literal::Text(path)]) => {
            path.plain()?.starts_with('/').then(|| Literal::Text(path.clone()))
        }
        ("os.path.dirname", [Literal::Text(path)]) => {
            let (above, _) = path.plain()?.rsplit_once('/')?;
            Some(Literal::text(if above.is_empty() { "/" } else { above }))
        }
        ("os.path.join", [Literal::Text(first), rest @ ..]) => {
            let mut whole = first.clone();
            for one in rest {
                let Literal::Text(part) = one else { return None };
                if part.plain().is_none_or(|text| text.starts_with('/') || text == "..") {
                    return None;
                }
                whole.push("/".into());
                whole.push(part.clone());
            }
            Some(Literal::Text(whole))
        }
        _ => None,
    }
}

/// `x or y`.
pub(super) fn or(left: Literal, right: Literal) -> Option<Literal> {
    match left {
        Literal::Text(value) => match value.0.as_slice() {
            [] => Some(right),
            [Piece::Text(_)] => Some(Literal::Text(value)),
            [Piece::Environment(name, None)] => {
                let default = right.value().filter(|value| value.depth() < DEFAULTS_MAX)?;
                Some(environment(name, Some(default)))
            }
            _ => None,
        },
        Literal::None | Literal::Bool(false) | Literal::Integer(0) => Some(right),
        Literal::List(list) if list.is_empty() => Some(right),
        other => Some(other),
    }
}

pub(super) fn add(left: Literal, right: Literal) -> Option<Literal> {
    Some(match (left, right) {
        (Literal::Integer(a), Literal::Integer(b)) => Literal::Integer(a.checked_add(b)?),
        (Literal::Processors(p), Literal::Integer(b))
        | (Literal::Integer(b), Literal::Processors(p))
            if p.over == 1 =>
        {
            Literal::Processors(Processors { plus: p.plus.checked_add(b)?, ..p })
        }
        (Literal::Text(mut a), Literal::Text(b)) => {
            a.push(b);
            short(a)?
        }
        (Literal::List(mut a), Literal::List(b)) => {
            a.extend(b);
            Literal::List(a)
        }
        _ => return None,
    })
}

/// A text that repeated sums have not made too long.
fn short(value: Value) -> Option<Literal> {
    let length: usize = value
        .0
        .iter()
        .map(|piece| if let Piece::Text(text) = piece { text.len() } else { 16 })
        .sum();
    (length <= TEXT_MAX).then_some(Literal::Text(value))
}

pub(super) fn negative(value: &Literal) -> Option<Literal> {
    match value {
        Literal::Integer(number) => number.checked_neg().map(Literal::Integer),
        _ => None,
    }
}

pub(super) fn multiply(left: Literal, right: Literal) -> Option<Literal> {
    match (left, right) {
        (Literal::Integer(a), Literal::Integer(b)) => a.checked_mul(b).map(Literal::Integer),
        (Literal::Processors(p), Literal::Integer(b))
        | (Literal::Integer(b), Literal::Processors(p))
            if p.over == 1 && b > 0 =>
        {
            let (times, plus) = (p.times.checked_mul(b)?, p.plus.checked_mul(b)?);
            Some(Literal::Processors(Processors { times, plus, over: 1 }))
        }
        _ => None,
    }
}

pub(super) fn divide(left: Literal, right: Literal) -> Option<Literal> {
    match (left, right) {
        (Literal::Integer(a), Literal::Integer(b)) if b > 0 => {
            Some(Literal::Integer(a.div_euclid(b)))
        }
        (Literal::Processors(p), Literal::Integer(b)) if p.over == 1 && b > 0 => {
            Some(Literal::Processors(Processors { over: b, ..p }))
        }
        _ => None,
    }
}

/// `"%s" % x`.
pub(super) fn percent(left: Literal, right: Literal) -> Option<Literal> {
    let Literal::Text(text) = left else { return None };
    let text = text.plain()?.replace("%d", "%s");
    match right {
        Literal::List(parts) => filled(&text, "%s", &parts),
        one => filled(&text, "%s", &[one]),
    }
}

/// A text with its holes filled, one for each part, and no other formatting in it.
pub(super) fn filled(text: &str, hole: &str, parts: &[Literal]) -> Option<Literal> {
    let pieces: Vec<&str> = text.split(hole).collect();
    let sign = if hole == "%s" { '%' } else { '{' };
    if pieces.len() != parts.len() + 1 || pieces.iter().any(|piece| piece.contains(sign)) {
        return None;
    }
    let mut whole = Value::from(*pieces.first()?);
    for (part, piece) in parts.iter().zip(&pieces[1..]) {
        whole.push(part.value()?);
        whole.push((*piece).into());
    }
    short(whole)
}
