//! TLS on listening sockets.

use std::fmt;
use std::path::PathBuf;

use regex::bytes::Regex;
use serde::{Deserialize, Serialize};

use crate::finding::Origin;
use crate::pattern;

/// Text that is never shown: its `Debug` form says nothing of it.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "({} bytes)", self.0.len())
    }
}

/// A PEM file and what stood in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pem {
    /// The file, absolute.
    pub path: PathBuf,
    /// What stood in it; empty until it was read.
    pub text: Secret,
}

/// A certificate with its key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// The option that named it.
    pub option: String,
    /// Where it was given.
    pub origin: Origin,
    /// The certificate and those that lead to a root.
    pub chain: Pem,
    /// The private key.
    pub key: Pem,
    /// Who may sign the certificates of clients; `None`: clients are not asked for one.
    pub authority: Option<Pem>,
    /// Whether a client without a certificate is refused.
    pub required: bool,
}

impl Certificate {
    /// The files, to be read.
    pub fn files(&mut self) -> impl Iterator<Item = &mut Pem> {
        [Some(&mut self.chain), Some(&mut self.key), self.authority.as_mut()].into_iter().flatten()
    }
}

/// What all TLS sockets of a vassal need.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tls {
    /// The certificates of the sockets, by the number in [`Listen::tls`](super::Listen::tls).
    pub sockets: Vec<Certificate>,
    /// `sni`: certificates of single host names, in lower case; `*.` in front stands for one label.
    pub names: Vec<(String, Certificate)>,
    /// `sni-regexp`: certificates of host names that match a pattern, asked in order after `names`;
    /// each is one that [`host_pattern`] takes.
    pub patterns: Vec<(String, Certificate)>,
    /// `sni-dir`: where `NAME.crt` and `NAME.key` lie.
    pub directory: Option<(PathBuf, Origin)>,
    /// `https-export-cert`: the application gets the client's certificate.
    pub export: bool,
    /// `ssl-verbose`: handshakes that fail are logged.
    pub verbose: bool,
}

impl Tls {
    /// Whether a socket speaks TLS at all.
    pub fn is_used(&self) -> bool {
        !self.sockets.is_empty()
    }

    /// Takes over what was read before, of the same files that could not be read now: root's
    /// rights are gone when a server without an Emperor reloads. The error is a file that nobody
    /// has read.
    pub fn keep(&mut self, before: &Self) -> Result<(), PathBuf> {
        let mut before = before.clone();
        let known: Vec<Pem> =
            before.certificates().flat_map(|one| one.files().map(|pem| pem.clone())).collect();
        for file in self.certificates().flat_map(Certificate::files) {
            if file.text.0.is_empty() {
                let old = known.iter().find(|one| one.path == file.path && !one.text.0.is_empty());
                file.text = old.ok_or_else(|| file.path.clone())?.text.clone();
            }
        }
        Ok(())
    }

    /// Every certificate.
    pub fn certificates(&mut self) -> impl Iterator<Item = &mut Certificate> {
        let named = self.names.iter_mut().chain(&mut self.patterns).map(|(_, one)| one);
        self.sockets.iter_mut().chain(named)
    }
}

/// Compiles a pattern of `sni-regexp`: host names are the same in either case (RFC 4343). The
/// error is half a sentence for whoever wrote it.
pub fn host_pattern(text: &str) -> Result<Regex, String> {
    pattern::compile(&format!("(?i){text}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_again_is_kept() {
        let file = |path: &str, text: &str| Pem { path: path.into(), text: Secret(text.into()) };
        let tls = |text: &str, key: &str| {
            let certificate = Certificate {
                option: "https".into(),
                origin: Origin::CommandLine,
                chain: file("a.crt", "chain"),
                key: file(key, text),
                authority: None,
                required: false,
            };
            Tls { sockets: vec![certificate], ..Tls::default() }
        };
        let mut now = tls("", "a.key");
        assert_eq!(now.keep(&tls("old", "a.key")), Ok(()));
        assert_eq!(now, tls("old", "a.key"));
        assert_eq!(now.keep(&tls("older", "a.key")), Ok(()));
        assert_eq!(now, tls("old", "a.key"), "what was read counts");
        assert_eq!(tls("", "b.key").keep(&now), Err("b.key".into()));
    }

    #[test]
    fn a_secret_does_not_show() {
        let pem = Pem { path: "/etc/key.pem".into(), text: Secret("hidden".into()) };
        assert!(!format!("{pem:?}").contains("hidden"));
        let json = serde_json::to_string(&pem).unwrap();
        assert_eq!(serde_json::from_str::<Pem>(&json).unwrap(), pem);
    }
}
