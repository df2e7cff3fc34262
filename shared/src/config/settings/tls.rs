//! Sockets that speak TLS: which certificates they show. The files are named here; they are read
//! by whoever knows with whose rights.

use std::path::{Path, PathBuf};

use crate::rule;
use crate::settings::{Certificate, Pem, Tls, host_pattern};

use super::super::directive::Directive;
use super::{Given, Hosts};

/// Cipher lists that ask for nothing special.
const USUAL: [&str; 4] = ["", "HIGH", "DEFAULT", "ALL"];

/// What is said of a cipher list.
const CIPHERS: &str = "the ciphers are not chosen by lists: TLS 1.2 and 1.3 with forward secrecy \
                       and authenticated encryption are spoken, and nothing else";

/// Reads what TLS sockets need.
pub(super) fn read(given: &mut Given<'_>) -> Tls {
    let mut tls = Tls {
        export: given.flag("https-export-cert"),
        verbose: given.flag("ssl-verbose"),
        ..Tls::default()
    };
    for one in given.directives.iter() {
        if is_secure(one) {
            match parts(one) {
                Ok(parts) => tls.sockets.push(certificate(given, one, &parts)),
                Err(message) => {
                    given.error(one, message);
                    tls.sockets.push(certificate(given, one, &Parts::default()));
                }
            }
        } else if one.key == "sni" {
            match named(one) {
                Ok((name, parts)) => {
                    let certificate = certificate(given, one, &parts);
                    tls.names.push((name, certificate));
                }
                Err(message) => given.error(one, message),
            }
        } else if one.key == "sni-regexp" {
            let read = split(one).and_then(|(pattern, parts)| {
                host_pattern(pattern)?;
                Ok((pattern.to_owned(), parts))
            });
            match read {
                Ok((pattern, parts)) => {
                    let certificate = certificate(given, one, &parts);
                    tls.patterns.push((pattern, certificate));
                }
                Err(message) => given.error(one, message),
            }
        } else if one.key == "sni-dir" {
            let path = given.directory.join(&one.value);
            tls.directory = Some((path, one.origin.clone()));
        }
    }
    if !tls.is_used()
        && let Some(one) = given.last("sni").or(given.last("sni-regexp")).or(given.last("sni-dir"))
    {
        given.warning(one, rule::INVALID_VALUE, "there is no socket that speaks TLS");
    }
    tls
}

/// Whether an option opens a socket that speaks TLS.
pub(in super::super) fn is_secure(one: &Directive) -> bool {
    matches!(one.key.as_str(), "https" | "https2" | "https-socket" | "suwsgi-socket")
}

/// The address in the value of a socket's option; of a TLS socket it is a part of the value.
pub(in super::super) fn address(one: &Directive) -> &str {
    if !is_secure(one) {
        return &one.value;
    }
    match one.key.as_str() {
        "https2" => keyed(&one.value, &["addr"]).unwrap_or_default(),
        _ => one.value.split(',').next().unwrap_or_default().trim(),
    }
}

/// What an option says about a certificate.
#[derive(Default)]
struct Parts<'a> {
    chain: &'a str,
    key: &'a str,
    ciphers: &'a str,
    authority: &'a str,
}

/// The value of a key in `key=value,key=value`.
fn keyed<'a>(text: &'a str, keys: &[&str]) -> Option<&'a str> {
    let pairs = text.split(',').filter_map(|part| part.trim().split_once('='));
    pairs.filter(|(key, _)| keys.contains(key)).map(|(_, value)| value).next()
}

/// `address,certificate,key[,ciphers[,authority]]`, or the same with names.
fn parts(one: &Directive) -> Result<Parts<'_>, String> {
    let text = one.value.as_str();
    let parts = if one.key == "https2" {
        let get = |keys: &[&str]| keyed(text, keys).unwrap_or_default();
        Parts {
            chain: get(&["cert", "crt"]),
            key: get(&["key"]),
            ciphers: get(&["ciphers"]),
            authority: get(&["client_ca", "clientca", "ca"]),
        }
    } else {
        let mut words = text.split(',').map(str::trim).skip(1);
        let mut next = || words.next().unwrap_or_default();
        Parts { chain: next(), key: next(), ciphers: next(), authority: next() }
    };
    if parts.chain.is_empty() || parts.key.is_empty() {
        return Err(match one.key.as_str() {
            "https2" => format!("expected addr=...,cert=...,key=..., found {text:?}"),
            _ => format!("expected address,certificate,key, found {text:?}"),
        });
    }
    Ok(parts)
}

/// `name certificate,key[,ciphers]`; blanks in place of the commas are understood too.
fn split(one: &Directive) -> Result<(&str, Parts<'_>), String> {
    let (name, rest) = one.value.trim().split_once([' ', '\t']).unwrap_or_default();
    let separates = |c: char| if rest.contains(',') { c == ',' } else { c.is_whitespace() };
    let mut words = rest.split(separates).map(str::trim).filter(|word| !word.is_empty());
    let mut next = || words.next().unwrap_or_default();
    let parts = Parts { chain: next(), key: next(), ciphers: next(), authority: next() };
    if parts.key.is_empty() {
        let what = if one.key == "sni" { "name" } else { "pattern" };
        return Err(format!("expected: {what} certificate,key, found {:?}", one.value));
    }
    if !parts.authority.is_empty() {
        return Err("who may sign clients' certificates is said of a socket, not of a name".into());
    }
    Ok((name, parts))
}

/// The host name of `sni`, in lower case, and its certificate.
fn named(one: &Directive) -> Result<(String, Parts<'_>), String> {
    let (name, parts) = split(one)?;
    let name = name.to_ascii_lowercase();
    if name.trim_start_matches("*.").contains('*') {
        return Err(format!("expected a host name, perhaps with \"*.\" in front, found {name:?}"));
    }
    Ok((name, parts))
}

fn certificate(given: &mut Given<'_>, one: &Directive, parts: &Parts<'_>) -> Certificate {
    if given.hosts == Hosts::LookedUp && !USUAL.contains(&parts.ciphers) {
        given.warning(one, rule::INVALID_VALUE, CIPHERS);
    }
    let pem = |path: &str| pem(given.directory, path);
    let (required, authority) = match parts.authority.strip_prefix('!') {
        Some(path) => (true, path),
        None => (false, parts.authority),
    };
    Certificate {
        option: one.given.clone(),
        origin: one.origin.clone(),
        chain: pem(parts.chain),
        key: pem(parts.key),
        authority: (!authority.is_empty()).then(|| pem(authority)),
        required,
    }
}

fn pem(directory: &Path, path: &str) -> Pem {
    Pem { path: directory.join(PathBuf::from(path)), ..Pem::default() }
}

#[cfg(test)]
mod tests {
    use crate::config::tests::settled;
    use crate::settings::{Certificate, Tls};

    fn tls(text: &str) -> (Tls, Vec<String>) {
        let (settings, reading) = settled(text);
        let findings = reading.findings.iter().map(|one| one.message.clone()).collect();
        (settings.serve.tls, findings)
    }

    fn files(one: &Certificate) -> [String; 2] {
        [&one.chain, &one.key]
            .map(|pem| pem.path.file_name().unwrap_or_default().to_string_lossy().into_owned())
    }

    #[test]
    fn the_forms_of_sockets_and_of_names() {
        let (found, findings) = tls("https = :443,a.crt,a.key,HIGH,!ca.crt\n\
             https2 = addr=:444,cert=b.crt,key=b.key,spdy=1\nsuwsgi-socket = u.sock,c.crt,c.key\n\
             sni = One.example.org d.crt,d.key\nsni = *.example.org e.crt e.key\n");
        assert_eq!(findings, [""; 0]);
        let sockets: Vec<_> = found.sockets.iter().map(files).collect();
        assert_eq!(sockets, [["a.crt", "a.key"], ["b.crt", "b.key"], ["c.crt", "c.key"]]);
        assert!(found.sockets[0].required && found.sockets[0].authority.is_some());
        assert!(!found.sockets[1].required && found.sockets[1].authority.is_none());
        let names: Vec<_> = found.names.iter().map(|(name, one)| (&**name, files(one))).collect();
        let wanted =
            [("one.example.org", ["d.crt", "d.key"]), ("*.example.org", ["e.crt", "e.key"])];
        assert_eq!(names, wanted.map(|(name, files)| (name, files.map(String::from))));
    }

    #[test]
    fn what_is_incomplete_is_said() {
        for (text, says) in [
            ("https = :443\n", "expected address,certificate,key"),
            ("https = :443,a.crt\n", "expected address,certificate,key"),
            ("https2 = addr=:443,cert=a.crt\n", "expected addr=...,cert=...,key=..."),
            ("https = :443,a,b,AES128-SHA\n", "ciphers are not chosen by lists"),
            ("https = :443,a,b\nsni = name a\n", "expected: name certificate,key"),
            ("https = :443,a,b\nsni = a*.org a,b\n", "expected a host name"),
            ("https = :443,a,b\nsni = a.org a,b,HIGH,ca\n", "is said of a socket"),
            ("https = :443,a,b\nsni-regexp = a\n", "expected: pattern certificate,key"),
            ("https = :443,a,b\nsni-regexp = (a a,b\n", "no regular expression"),
            ("https = :443,a,b\nsni-regexp = ^(?!a) a,b\n", "look-around"),
            ("http = :80\nsni-regexp = a a,b\n", "no socket that speaks TLS"),
            ("http = :80\nsni = a.org a,b\n", "no socket that speaks TLS"),
        ] {
            let (_, findings) = tls(text);
            assert!(findings.iter().any(|one| one.contains(says)), "{text}: {findings:?}");
        }
    }
}
