//! Values with a grammar of their own.

use crate::settings::{Check, Owner, Principal};

/// `uid`, `gid`: digits or a name.
pub(super) fn principal(text: &str) -> Result<Principal, String> {
    if text.is_empty() || text.contains(['/', ' ', ':', '\n']) {
        return Err(format!("expected a name or a number, found {text:?}"));
    }
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        // the largest number means "unchanged" to the kernel
        let id = text.parse::<u32>().ok().filter(|id| *id != u32::MAX);
        return id.map(Principal::Id).ok_or_else(|| format!("no such id: {text:?}"));
    }
    Ok(Principal::Name(text.to_owned()))
}

/// `chown-socket = user[:group]`.
pub(super) fn owner(text: &str) -> Result<Owner, String> {
    let (user, group) = match text.split_once(':') {
        Some((user, group)) => (user, Some(group)),
        None => (text, None),
    };
    Ok(Owner { user: principal(user)?, group: group.map(principal).transpose()? })
}

/// `chmod-socket`: exactly three octal digits; nothing, or `1`, means 666.
pub(super) fn socket_mode(text: &str) -> Result<u32, String> {
    match text {
        "" | "1" => Some(0o666),
        _ if text.len() == 3 => octal(text),
        _ => None,
    }
    .ok_or_else(|| format!("expected three octal digits, found {text:?}"))
}

/// `logfile-chmod`: exactly three octal digits.
pub(super) fn file_mode(text: &str) -> Result<u32, String> {
    let mode = if text.len() == 3 { octal(text) } else { None };
    mode.ok_or_else(|| format!("expected three octal digits, found {text:?}"))
}

/// `umask`: octal.
pub(super) fn umask(text: &str) -> Result<u32, String> {
    octal(text)
        .filter(|mode| *mode <= 0o777)
        .ok_or_else(|| format!("expected an octal mode of at most 777, found {text:?}"))
}

/// A mode of a file, octal, with its special bits.
pub(super) fn any_mode(text: &str) -> Result<u32, String> {
    octal(text.trim())
        .filter(|mode| *mode <= 0o7777)
        .ok_or_else(|| format!("expected an octal mode, found {text:?}"))
}

fn octal(text: &str) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|byte| (b'0'..=b'7').contains(&byte));
    if digits { u32::from_str_radix(text, 8).ok() } else { None }
}

/// `env = NAME=value`, or `env = NAME` which removes.
pub(super) fn variable(text: &str) -> Result<(String, Option<String>), String> {
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name, Some(value.to_owned())),
        None => (text, None),
    };
    if name.is_empty() {
        return Err("expected NAME=value".into());
    }
    Ok((name.to_owned(), value))
}

/// `check = GET /path 200`; method and status may be left out.
pub(super) fn check(text: &str) -> Result<Check, String> {
    let wrong = || format!("expected a request such as \"GET /path 200\", found {text:?}");
    let mut words: Vec<&str> = text.split_whitespace().collect();
    if words.first().is_some_and(|word| word.starts_with('/')) {
        words.insert(0, "GET");
    }
    let (method, path, status) = match words.as_slice() {
        [method, path] => (*method, *path, None),
        [method, path, status] => {
            let status = status.parse().ok().filter(|code| (100..600).contains(code));
            (*method, *path, Some(status.ok_or_else(wrong)?))
        }
        _ => return Err(wrong()),
    };
    let plain = !method.is_empty() && method.bytes().all(|byte| byte.is_ascii_uppercase());
    if !plain || !path.starts_with('/') || !path.is_ascii() {
        return Err(wrong());
    }
    Ok(Check { method: method.to_owned(), path: path.to_owned(), status })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_octal_and_socket_modes_have_three_digits() {
        assert_eq!(socket_mode("664"), Ok(0o664));
        assert_eq!(socket_mode("1"), Ok(0o666));
        assert_eq!(socket_mode(""), Ok(0o666));
        for wrong in ["0660", "68", "668", "rw-", "66 "] {
            assert!(socket_mode(wrong).is_err(), "{wrong}");
        }
        assert_eq!(umask("022"), Ok(0o022));
        assert!(umask("1000").is_err() && umask("").is_err() && umask("8").is_err());
    }

    #[test]
    fn users_are_numbers_or_names() {
        assert_eq!(principal("33"), Ok(Principal::Id(33)));
        assert_eq!(principal("www-data"), Ok(Principal::Name("www-data".into())));
        assert!(principal("").is_err() && principal("4294967295").is_err());
        assert_eq!(
            owner("nginx:0"),
            Ok(Owner { user: Principal::Name("nginx".into()), group: Some(Principal::Id(0)) })
        );
        assert_eq!(owner("5"), Ok(Owner { user: Principal::Id(5), group: None }));
        assert!(owner("a:").is_err());
    }

    #[test]
    fn variables_are_set_or_removed() {
        assert_eq!(variable("A=1=2"), Ok(("A".into(), Some("1=2".into()))));
        assert_eq!(variable("A="), Ok(("A".into(), Some(String::new()))));
        assert_eq!(variable("A"), Ok(("A".into(), None)));
        assert!(variable("=1").is_err());
    }

    #[test]
    fn a_check_is_a_request_line_and_a_status() {
        let check_of = |method: &str, path: &str, status| {
            Ok(Check { method: method.into(), path: path.into(), status })
        };
        assert_eq!(check("GET /health 200"), check_of("GET", "/health", Some(200)));
        assert_eq!(check("HEAD /"), check_of("HEAD", "/", None));
        assert_eq!(check("/ 204"), check_of("GET", "/", Some(204)));
        for wrong in ["", "GET", "GET health", "get / 200", "GET / x", "GET / 200 200", "GET / 99"]
        {
            assert!(check(wrong).is_err(), "{wrong}");
        }
    }
}
