//! gunicorn's addresses.

use super::super::value::{Piece, Value};

/// The address as uWSGI writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bind {
    pub(super) address: Value,
    /// A socket of the file system.
    pub(super) unix: bool,
}

/// Reads one `bind`.
pub(super) fn read(value: &Value) -> Bind {
    let mut pieces = value.0.clone();
    let mut unix = false;
    match pieces.first_mut() {
        Some(Piece::Text(text)) => {
            let plain = matches!(value.0.as_slice(), [_]);
            (*text, unix) = written(text, plain);
        }
        // the default is ours to write; the variable is for its owner to mend
        Some(Piece::Environment(_, Some(default))) if value.0.len() == 1 => {
            let inner = read(default);
            (*default, unix) = (inner.address, inner.unix);
        }
        _ => {}
    }
    Bind { address: Value(pieces), unix }
}

fn written(text: &str, whole: bool) -> (String, bool) {
    let text = text.trim();
    if let Some(path) = text.strip_prefix("unix://").or(text.strip_prefix("unix:")) {
        return (path.to_owned(), true);
    }
    let text = text.strip_prefix("tcp://").unwrap_or(text);
    if text.starts_with("fd://") || !whole {
        return (text.to_owned(), false);
    }
    let bare = text.ends_with(']') || !text.contains(':');
    let address = match text {
        "" => "0.0.0.0:8000".to_owned(),
        _ if bare && text.bytes().all(|byte| byte.is_ascii_digit()) => format!("0.0.0.0:{text}"),
        _ if bare => format!("{text}:8000"),
        _ => text.to_owned(),
    };
    (address, false)
}

/// The port of an address, for a socket on the loopback instead.
pub(super) fn port(address: &Value) -> Option<u16> {
    address.plain()?.rsplit_once(':')?.1.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_written_as_uwsgi_reads_them() {
        for (text, want, unix) in [
            ("127.0.0.1:8000", "127.0.0.1:8000", false),
            ("unix:/run/a.sock", "/run/a.sock", true),
            ("unix:///run/a.sock", "/run/a.sock", true),
            ("fd://3", "fd://3", false),
            ("localhost", "localhost:8000", false),
            ("[::1]", "[::1]:8000", false),
            (":80", ":80", false),
            ("8001", "0.0.0.0:8001", false),
        ] {
            let bind = read(&text.into());
            assert_eq!((bind.address.plain(), bind.unix), (Some(want), unix), "{text}");
        }
        assert_eq!(port(&"[::1]:80".into()), Some(80));
    }
}
