//! Texts with places to fill: `$1`, `${VARIABLE}`, `${cookie[name]}`.

use crate::settings::content::routes::{Part, Template};

/// The functions, for messages.
const FUNCTIONS: &str = "cookie, qs, mime, base64, hex, time, httptime or uwsgi";

/// Reads a template. A `$` that starts nothing is itself.
pub(super) fn read(text: &str) -> Result<Template, String> {
    let mut parts = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        plain.push_str(&rest[..at]);
        let behind = &rest[at + 1..];
        let (part, next) = if let Some(digit) = behind.chars().next().and_then(|c| c.to_digit(10)) {
            (Part::Group(digit as u8), &behind[1..])
        } else if let Some((inside, next)) =
            behind.strip_prefix('{').and_then(|behind| behind.split_once('}'))
        {
            (place(inside)?, next)
        } else {
            plain.push('$');
            rest = behind;
            continue;
        };
        if !plain.is_empty() {
            parts.push(Part::Text(std::mem::take(&mut plain)));
        }
        parts.push(part);
        rest = next;
    }
    plain.push_str(rest);
    if !plain.is_empty() {
        parts.push(Part::Text(plain));
    }
    Ok(Template(parts))
}

/// What stands between the braces.
fn place(inside: &str) -> Result<Part, String> {
    let Some((function, rest)) = inside.split_once('[') else {
        return Ok(Part::Variable(inside.to_owned()));
    };
    let argument =
        rest.strip_suffix(']').ok_or_else(|| format!("expected a ] in \"${{{inside}}}\""))?;
    let unknown = |allowed: &str| Err(format!("expected {allowed} in \"${{{inside}}}\""));
    let name = argument.to_owned();
    match (function, argument) {
        ("cookie", _) => Ok(Part::Cookie(name)),
        ("qs", _) => Ok(Part::Query(name)),
        ("mime", _) => Ok(Part::Mime(name)),
        ("base64", _) => Ok(Part::Base64(name)),
        ("hex", _) => Ok(Part::Hex(name)),
        ("time", "unix") => Ok(Part::Seconds),
        ("time", "micros") => Ok(Part::Micros),
        ("time", _) => unknown("unix or micros"),
        ("httptime", _) => match argument.parse() {
            Ok(seconds) => Ok(Part::Date(seconds)),
            Err(_) if argument.is_empty() => Ok(Part::Date(0)),
            Err(_) => unknown("seconds"),
        },
        ("uwsgi", "wid") => Ok(Part::Worker),
        ("uwsgi", "pid") => Ok(Part::Pid),
        ("uwsgi", "uuid") => Ok(Part::Uuid),
        ("uwsgi", "status") => Ok(Part::Status),
        ("uwsgi", _) => unknown("wid, pid, uuid or status"),
        _ => Err(format!("{function}[] is refused: expected {FUNCTIONS} in \"${{{inside}}}\"")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_found_between_texts() {
        let text = |text: &str| Part::Text(text.into());
        let variable = |name: &str| Part::Variable(name.into());
        for (given, expected) in [
            ("plain", vec![text("plain")]),
            ("", vec![]),
            (
                "https://${HTTP_HOST}$1",
                vec![text("https://"), variable("HTTP_HOST"), Part::Group(1)],
            ),
            ("$$a$", vec![text("$$a$")]),
            ("a${B", vec![text("a${B")]),
            ("${cookie[a b]}-", vec![Part::Cookie("a b".into()), text("-")]),
            ("${httptime[-5]}", vec![Part::Date(-5)]),
            ("$01", vec![Part::Group(0), text("1")]),
        ] {
            assert_eq!(read(given).map(|template| template.0), Ok(expected), "{given}");
        }
        for wrong in ["${math[1+1]}", "${time[hours]}", "${qs[a}", "${uwsgi[lq]}", "${lord[a]}"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
