//! A session against a client of rustls, without a network.

use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    ALL_VERSIONS, ClientConfig, ClientConnection, DigitallySignedStruct, HandshakeKind,
    SignatureScheme, StreamOwned, SupportedProtocolVersion,
};
use shared::finding::Origin;
use shared::settings::{Address, Certificate, Listen, Pem, Secret, Tls, Wire};

use super::super::services;
use super::*;

/// A certificate for nobody, and its key, which nothing but these tests uses.
const CHAIN: &str = "-----BEGIN CERTIFICATE-----\n\
MIIBdDCCARmgAwIBAgIUGhIchrC9cfeiDsV/UEpg1riwLqYwCgYIKoZIzj0EAwIw\n\
DzENMAsGA1UEAwwEdW5pdDAeFw0yNjExMjEwOTU4NDdaFw0zNjExMTgwOTU4NDda\n\
MA8xDTALBgNVBAMMBHVuaXQwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATC5Mxd\n\
JvWVEPFVJWNsIfOwpGv2HkTTx6ben0+tQkbjFovV8t144BxvgJa//S1dd6gIu2yc\n\
c99S8rxzrfjltKvbo1MwUTAdBgNVHQ4EFgQU/Sl6LuaIy4D++/EIiX798gG+1Gkw\n\
HwYDVR0jBBgwFoAU/Sl6LuaIy4D++/EIiX798gG+1GkwDwYDVR0TAQH/BAUwAwEB\n\
/zAKBggqhkjOPQQDAgNJADBGAiEA+5hKxiLPnPNZycVBbKkZJTFr+j2YKkrhifRN\n\
cBWjsd8CIQCZzEFIjeJYHztuqx6aXaFWi3d6ZO8VphbWXf2Xm4H0vw==\n\
-----END CERTIFICATE-----\n\n";
const KEY: &str = "-----BEGIN PRIVATE KEY-----\n\
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgX1GNlJiZhlAXd7Jf\n\
QPt1+GX5rhWi8ogpeKYQbqRPm+uhRANCAATC5MxdJvWVEPFVJWNsIfOwpGv2HkTT\n\
x6ben0+tQkbjFovV8t144BxvgJa//S1dd6gIu2ycc99S8rxzrfjltKvb\n\
-----END PRIVATE KEY-----\n\n";

/// Believes everybody.
#[derive(Debug)]
struct Trusting(Arc<CryptoProvider>);

impl ServerCertVerifier for Trusting {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

fn service() -> Service {
    sockets(1).remove(0)
}

/// What so many sockets need that show the same certificate.
fn sockets(count: usize) -> Vec<Service> {
    let pem = |text: &str| Pem { path: "unit.pem".into(), text: Secret(text.into()) };
    let certificate = Certificate {
        option: "https".into(),
        origin: Origin::CommandLine,
        chain: pem(CHAIN),
        key: pem(KEY),
        authority: None,
        required: false,
    };
    let listen = |number| {
        let address = Address::Unix("unit".into());
        Listen { address, wire: Wire::Http, tls: Some(number as u32) }
    };
    let listeners: Vec<_> = (0..count).map(listen).collect();
    let tls = Tls { sockets: vec![certificate; count], ..Tls::default() };
    services(&tls, &listeners).unwrap().into_iter().flatten().collect()
}

/// What clients need who remember sessions together.
fn clients(versions: &[&'static SupportedProtocolVersion]) -> Arc<ClientConfig> {
    let provider = Arc::new(ring::default_provider());
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(versions)
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Trusting(provider)))
        .with_no_client_auth();
    Arc::new(config)
}

fn client(socket: UnixStream) -> StreamOwned<ClientConnection, UnixStream> {
    remembering(&clients(ALL_VERSIONS), socket)
}

fn remembering(
    config: &Arc<ClientConfig>,
    socket: UnixStream,
) -> StreamOwned<ClientConnection, UnixStream> {
    let name = ServerName::try_from("unit").unwrap();
    StreamOwned::new(ClientConnection::new(Arc::clone(config), name).unwrap(), socket)
}

/// Whether a client that remembers goes on with a session of before.
fn resumes(config: &Arc<ClientConfig>, service: &Service) -> bool {
    let (ours, theirs) = UnixStream::pair().unwrap();
    ours.set_nonblocking(true).unwrap();
    let config = Arc::clone(config);
    let client = std::thread::spawn(move || {
        let mut client = remembering(&config, theirs);
        client.write_all(b"hello").unwrap();
        client.flush().unwrap();
        client.read_to_end(&mut Vec::new()).unwrap();
        client.conn.handshake_kind() == Some(HandshakeKind::Resumed)
    });
    let mut session = Session::new(service).unwrap();
    let mut buffer = [0; 100];
    loop {
        match session.read(ours.as_fd(), &mut buffer) {
            Ok(count) => break assert_eq!(&buffer[..count], b"hello"),
            Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
        }
        assert!(session.flush(ours.as_fd()).unwrap());
        await_bytes(ours.as_fd());
    }
    assert!(session.end() && session.flush(ours.as_fd()).unwrap());
    drop(ours);
    client.join().unwrap()
}

/// Waits until the socket is readable.
fn await_bytes(socket: BorrowedFd<'_>) {
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
    let ready = poll(&mut [PollFd::new(socket, PollFlags::POLLIN)], PollTimeout::from(5000_u16));
    assert_eq!(ready, Ok(1), "nothing came");
}

#[test]
fn records_of_every_size_arrive_in_order() {
    let (ours, theirs) = UnixStream::pair().unwrap();
    ours.set_nonblocking(true).unwrap();
    let mut session = Session::new(&service()).unwrap();
    assert!(!session.begun() && !session.greets());
    let sizes: Vec<usize> = (0..400).map(|n| [16_384, 3, 100, 5000, 1, 16_000][n % 6]).collect();
    let total: usize = sizes.iter().sum();
    let sent: Vec<u8> = (0..total).map(|n| (n / 7) as u8).collect();
    let copy = sent.clone();
    let writer = std::thread::spawn(move || {
        let mut client = client(theirs);
        let mut at = 0;
        for size in sizes {
            client.write_all(&copy[at..at + size]).unwrap();
            at += size;
        }
        client.conn.send_close_notify();
        client.flush().unwrap();
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).unwrap();
        answer
    });
    let mut buffer = vec![0; 64 * 1024];
    let mut seen = Vec::new();
    loop {
        match session.read(ours.as_fd(), &mut buffer) {
            Ok(0) => break,
            Ok(count) => seen.extend_from_slice(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                assert!(session.flush(ours.as_fd()).unwrap());
                await_bytes(ours.as_fd());
            }
            Err(error) => panic!("after {} bytes: {error}", seen.len()),
        }
    }
    assert!(session.begun() && !session.greets());
    assert_eq!(seen.len(), sent.len());
    assert!(seen == sent, "the bytes are others");
    assert_eq!(session.seal(&[b"one, ", b"two"]).unwrap(), 8);
    assert!(session.end() && !session.end(), "the end is said once");
    assert!(session.seal(&[b"late"]).is_err());
    assert!(session.flush(ours.as_fd()).unwrap());
    assert_eq!(writer.join().unwrap(), b"one, two");
}

#[test]
fn a_session_is_resumed_on_its_own_socket_and_on_no_other() {
    let sockets = sockets(2);
    for version in ALL_VERSIONS {
        let config = clients(&[version]);
        assert!(!resumes(&config, &sockets[0]), "nothing is remembered yet");
        assert!(resumes(&config, &sockets[0]), "{version:?}");
        assert!(!resumes(&config, &sockets[1]), "{version:?}");
        assert!(resumes(&config, &sockets[1]), "{version:?}");
    }
}

#[test]
fn plain_http_is_answered_and_then_thrown_away() {
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    ours.set_nonblocking(true).unwrap();
    let mut session = Session::new(&service()).unwrap();
    theirs.write_all(b"GET / HTTP/1.1\r\n").unwrap();
    let mut buffer = [0; 100];
    assert_eq!(session.read(ours.as_fd(), &mut buffer).unwrap_err().kind(), io::ErrorKind::Other);
    assert_eq!(session.waiting(), PLAIN.len());
    assert!(session.flush(ours.as_fd()).unwrap() && !session.end());
    theirs.write_all(b"Host: a\r\n").unwrap();
    assert_eq!(session.read(ours.as_fd(), &mut buffer).unwrap(), 9);
    drop(ours);
    let mut answer = Vec::new();
    theirs.read_to_end(&mut answer).unwrap();
    assert_eq!(answer, PLAIN);
}

#[test]
fn the_answer_to_plain_http_is_as_long_as_it_says() {
    let text = std::str::from_utf8(PLAIN).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(head.contains(&format!("Content-Length: {}\r\n", body.len())), "{}", body.len());
}

#[test]
fn junk_is_an_error_and_never_a_panic() {
    let service = service();
    let mut seed = 11_u32;
    for size in 1..300_usize {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        let mut bytes = vec![HANDSHAKE, 3, 1, (size >> 8) as u8, size as u8, 1, 0, 0];
        for _ in 0..size {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            bytes.push((seed >> 24) as u8);
        }
        theirs.write_all(&bytes).unwrap();
        let mut session = Session::new(&service).unwrap();
        assert!(session.read(ours.as_fd(), &mut [0; 100]).is_err());
        assert!(session.flush(ours.as_fd()).is_ok());
    }
}
