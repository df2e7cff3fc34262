//! TLS on listening sockets: what the settings say becomes what rustls needs.
//!
//! TLS 1.2 and 1.3, forward secrecy, HTTP/1.1 by ALPN (RFC 7301). Made once in the nursery, before
//! workers are forked: they share what session tickets are sealed with ([`tickets`]), so that a
//! client that comes back to a socket is known to all of them.

/// What is told of a client's certificate.
pub mod client;
/// One connection's encryption.
pub mod session;
/// How clients resume sessions.
mod tickets;
/// From when to when a certificate is valid.
mod validity;

use std::collections::HashMap;
use std::sync::Arc;

use regex::bytes::Regex;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{
    ClientHello, NoServerSessionStorage, ResolvesServerCert, VerifierBuilderError,
    WebPkiClientVerifier,
};
use rustls::sign::CertifiedKey;
use rustls::{RootCertStore, ServerConfig};
use shared::finding::Finding;
use shared::rule;
use shared::settings::{Certificate, Listen, Pem, Tls, Wire, host_pattern};
use validity::When;

use tickets::Tickets;

/// What one socket that speaks TLS needs.
#[derive(Clone, Debug)]
pub struct Service {
    config: Arc<ServerConfig>,
    export: bool,
    verbose: bool,
}

/// Why a certificate cannot be used. Nothing of the files is quoted.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file has no certificate.
    #[error("{0}: there is no certificate in it (expected PEM)")]
    NoCertificate(String),
    /// The file has no key, or an encrypted one.
    #[error("{0}: there is no private key in it (expected PEM without a passphrase)")]
    NoKey(String),
    /// The key is for another certificate.
    #[error("{key}: this key does not belong to the certificate in {chain}")]
    OtherKey {
        /// The key's file.
        key: String,
        /// The certificate's file.
        chain: String,
    },
    /// rustls cannot use it.
    #[error("{file}: {source}")]
    Unusable {
        /// The file.
        file: String,
        /// Why.
        source: rustls::Error,
    },
    /// Certificates of clients cannot be verified with this.
    #[error("{file}: {source}")]
    Authority {
        /// The file.
        file: String,
        /// Why.
        source: VerifierBuilderError,
    },
    /// No pattern of `sni-regexp`.
    #[error("{0}")]
    Pattern(String),
    /// The library itself.
    #[error("TLS: {0}")]
    Library(#[from] rustls::Error),
}

/// What each socket needs, in the order of the sockets; `None` for those without TLS.
pub fn services(tls: &Tls, listeners: &[Listen]) -> Result<Vec<Option<Service>>, Error> {
    if !tls.is_used() {
        return Ok(Vec::new());
    }
    let provider = Arc::new(ring::default_provider());
    let mut names = HashMap::new();
    for (name, certificate) in &tls.names {
        names.insert(name.clone(), Arc::new(certified(certificate, &provider)?));
    }
    let mut patterns = Vec::new();
    for (text, certificate) in &tls.patterns {
        let pattern = host_pattern(text).map_err(Error::Pattern)?;
        patterns.push((pattern, Arc::new(certified(certificate, &provider)?)));
    }
    let names = Arc::new(Names { names, patterns });
    let mut list = Vec::new();
    for listen in listeners {
        let certificate = listen.tls.and_then(|number| tls.sockets.get(number as usize));
        let Some(certificate) = certificate else {
            list.push(None);
            continue;
        };
        let own = Arc::new(certified(certificate, &provider)?);
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()?;
        let builder = match &certificate.authority {
            None => builder.with_no_client_auth(),
            Some(authority) => {
                let roots = Arc::new(roots(authority)?);
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(roots, Arc::clone(&provider));
                let verifier =
                    if certificate.required { verifier } else { verifier.allow_unauthenticated() };
                let verifier = verifier
                    .build()
                    .map_err(|source| Error::Authority { file: name(authority), source })?;
                builder.with_client_cert_verifier(verifier)
            }
        };
        let mut config =
            builder.with_cert_resolver(Arc::new(Resolver { names: Arc::clone(&names), own }));
        config.ticketer = Arc::new(Tickets::new()?);
        config.session_storage = Arc::new(NoServerSessionStorage {});
        if listen.wire == Wire::Http {
            config.alpn_protocols = vec![b"http/1.1".to_vec()];
        }
        let (export, verbose) = (tls.export, tls.verbose);
        list.push(Some(Service { config: Arc::new(config), export, verbose }));
    }
    Ok(list)
}

/// Everything that is wrong with the certificates, each with the line that names it. Those that
/// were not read are left to whoever could not read them. `epoch` is the time, seconds.
pub fn review(tls: &mut Tls, epoch: i64) -> Vec<Finding> {
    let provider = ring::default_provider();
    let mut findings = Vec::new();
    for one in tls.certificates().filter(|one| !one.chain.text.0.is_empty()) {
        let mut checked = Ok(());
        if !one.key.text.0.is_empty() {
            checked = certified(one, &provider).map(drop);
        }
        if let Some(authority) = one.authority.as_ref().filter(|one| !one.text.0.is_empty()) {
            checked = checked.and(roots(authority).map(drop));
        }
        let (origin, option) = (Some(one.origin.clone()), Some(one.option.as_str()));
        let finding = if let Err(error) = checked {
            Some(Finding::error(origin, option, error.to_string()))
        } else {
            amiss(&one.chain, epoch).map(|what| Finding::warning(origin, option, what))
        };
        findings.extend(finding.map(|one| one.rule(rule::CERTIFICATE).of_value()));
    }
    findings
}

/// What is wrong with the time of the first certificate that is not valid now.
fn amiss(chain: &Pem, epoch: i64) -> Option<String> {
    let name = name(chain);
    certificates(chain).ok()?.iter().find_map(|one| match validity::of(one)?.at(epoch) {
        When::Valid => None,
        When::NotYet(from) => Some(format!("{name}: not valid before {from}")),
        When::Over(to) => Some(format!("{name}: expired on {to}")),
    })
}

fn name(pem: &Pem) -> String {
    pem.path.display().to_string()
}

fn certificates(pem: &Pem) -> Result<Vec<CertificateDer<'static>>, Error> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.text.0.as_bytes()).collect();
    found.ok().filter(|list| !list.is_empty()).ok_or_else(|| Error::NoCertificate(name(pem)))
}

fn certified(one: &Certificate, provider: &CryptoProvider) -> Result<CertifiedKey, Error> {
    let chain = certificates(&one.chain)?;
    let key = PrivateKeyDer::from_pem_slice(one.key.text.0.as_bytes())
        .map_err(|_| Error::NoKey(name(&one.key)))?;
    CertifiedKey::from_der(chain, key, provider).map_err(|source| match source {
        rustls::Error::InconsistentKeys(_) => {
            Error::OtherKey { key: name(&one.key), chain: name(&one.chain) }
        }
        rustls::Error::InvalidCertificate(_) => Error::Unusable { file: name(&one.chain), source },
        source => Error::Unusable { file: name(&one.key), source },
    })
}

fn roots(pem: &Pem) -> Result<RootCertStore, Error> {
    let mut store = RootCertStore::empty();
    for certificate in certificates(pem)? {
        store.add(certificate).map_err(|source| Error::Unusable { file: name(pem), source })?;
    }
    Ok(store)
}

/// The certificates of host names, the same for all sockets.
#[derive(Debug)]
struct Names {
    /// Whole names, in lower case; `*.` in front stands for one label.
    names: HashMap<String, Arc<CertifiedKey>>,
    /// What is asked in order where no name fits.
    patterns: Vec<(Regex, Arc<CertifiedKey>)>,
}

/// Chooses the certificate by the name that the client asks for (RFC 6066 section 3).
#[derive(Debug)]
struct Resolver {
    names: Arc<Names>,
    own: Arc<CertifiedKey>,
}

impl ResolvesServerCert for Resolver {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let found = hello.server_name().and_then(|name| self.names.find(name));
        Some(Arc::clone(found.unwrap_or(&self.own)))
    }
}

impl Names {
    fn find(&self, name: &str) -> Option<&Arc<CertifiedKey>> {
        if self.names.is_empty() && self.patterns.is_empty() {
            return None;
        }
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        let star = || {
            let (_, parent) = name.split_once('.')?;
            self.names.get(&format!("*.{parent}"))
        };
        let matches = |(pattern, _): &&(Regex, _)| pattern.is_match(name.as_bytes());
        let fits = || self.patterns.iter().find(matches).map(|(_, found)| found);
        self.names.get(&name).or_else(star).or_else(fits)
    }
}
