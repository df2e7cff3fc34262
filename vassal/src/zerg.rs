//! What a zerg server says: uWSGI's words, so that either side may be uWSGI's.
//!
//! One message: the word, the number of sockets (32 bits, the machine's order), the sockets
//! themselves (SCM_RIGHTS). Ours adds a line that says what is spoken on each; uWSGI's zergs leave
//! it unread.

use shared::settings::{Listen, Wire};

/// The word.
const WORD: &[u8] = b"uwsgi-zerg";
/// What stands for a socket that speaks TLS.
const SECURE: &str = "tls";
/// What stands for a socket of which nothing is known.
const UNKNOWN: &str = "-";

/// Why an answer cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The connection was closed: the server gives to other users, or to nobody.
    #[error("it gives nothing to this user")]
    Refused,
    /// Another program answers there.
    #[error("what answers is no zerg server")]
    Stranger,
    /// It says another number than came.
    #[error("{said} sockets were announced, {came} came")]
    Count {
        /// What it says.
        said: u32,
        /// What came.
        came: usize,
    },
    /// Something came that is no listening socket.
    #[error("what it gave is no listening socket")]
    NoListener,
}

/// What a server says of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spoken {
    /// This is spoken there.
    Plain(Wire),
    /// It speaks TLS.
    Secure,
}

/// The message that goes with these sockets.
pub fn message(sockets: &[&Listen]) -> Vec<u8> {
    let name = |one: &&Listen| match (one.tls, one.wire) {
        (Some(_), _) => SECURE,
        (None, wire) if wire.is_request() => wire.name(),
        (None, _) => UNKNOWN,
    };
    let names: Vec<&str> = sockets.iter().map(name).collect();
    let mut bytes = WORD.to_vec();
    bytes.extend((sockets.len() as u32).to_ne_bytes());
    if !names.contains(&UNKNOWN) {
        bytes.extend(names.join(",").into_bytes());
        bytes.push(b'\n');
    }
    bytes
}

/// Reads a message with which so many sockets came; empty where nothing is said of them.
pub fn read(message: &[u8], came: usize) -> Result<Vec<Spoken>, Error> {
    if message.is_empty() {
        return Err(Error::Refused);
    }
    let rest = message.strip_prefix(WORD).ok_or(Error::Stranger)?;
    let (number, rest) = rest.split_first_chunk().ok_or(Error::Stranger)?;
    let said = u32::from_ne_bytes(*number);
    if said as usize != came {
        return Err(Error::Count { said, came });
    }
    let line = rest.strip_suffix(b"\n").and_then(|line| std::str::from_utf8(line).ok());
    let spoken = |name: &str| {
        let wire = Wire::REQUESTS.into_iter().find(|wire| wire.name() == name);
        if name == SECURE { Some(Spoken::Secure) } else { wire.map(Spoken::Plain) }
    };
    let list: Option<Vec<Spoken>> = line.and_then(|line| line.split(',').map(spoken).collect());
    Ok(list.filter(|list| list.len() == came).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use shared::settings::Address;

    use super::*;

    fn listen(wire: Wire) -> Listen {
        Listen::new(Address::Abstract("a".into()), wire)
    }

    #[test]
    fn what_is_said_is_read() {
        let secure = Listen { tls: Some(0), ..listen(Wire::Http) };
        let list = [listen(Wire::Http), secure, listen(Wire::Scgi)];
        let list: Vec<&Listen> = list.iter().collect();
        let wanted = [Spoken::Plain(Wire::Http), Spoken::Secure, Spoken::Plain(Wire::Scgi)];
        assert_eq!(read(&message(&list), 3).unwrap(), wanted);
        assert_eq!(read(&message(&list), 2), Err(Error::Count { said: 3, came: 2 }));
        let pool = listen(Wire::Pooled);
        assert_eq!(read(&message(&[&pool]), 1).unwrap(), []);
    }

    #[test]
    fn uwsgis_message_says_nothing_of_protocols() {
        let mut bytes = b"uwsgi-zerg".to_vec();
        bytes.extend(2_u32.to_ne_bytes());
        assert_eq!(read(&bytes, 2).unwrap(), []);
        assert_eq!(read(b"", 0), Err(Error::Refused));
        for wrong in [&b"uwsgi-zerg"[..], b"HTTP/1.1 400 Bad"] {
            assert_eq!(read(wrong, 0), Err(Error::Stranger));
        }
        bytes.extend(b"http,nonsense\n");
        assert_eq!(read(&bytes, 2).unwrap(), [], "what is not understood is not there");
    }
}
