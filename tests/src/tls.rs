//! Certificates that `openssl` makes, and a client that speaks TLS.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, HandshakeKind, RootCertStore, StreamOwned};

use crate::programs;

/// A folder of certificates, signed by an authority of its own.
pub struct Certificates {
    place: PathBuf,
}

impl Certificates {
    /// Makes an authority in a directory; `None` where there is no `openssl`.
    pub fn new(place: &Path) -> Option<Self> {
        if programs::find("openssl").is_none() {
            programs::not_run("there is no openssl");
            return None;
        }
        let made = Self { place: place.to_owned() };
        let subject = ["-subj", "/CN=Test Authority", "-days", "10"];
        made.openssl(
            &[&["req", "-x509", "-keyout", "ca.key", "-out", "ca.crt"], NEW, &subject].concat(),
        );
        Some(made)
    }

    /// Makes a certificate `name.crt` with `name.key` for the host `host`, or for a client.
    pub fn make(&self, name: &str, host: &str, subject: &str) -> (PathBuf, PathBuf) {
        self.lasting(name, host, subject, 10)
    }

    /// The same for so many days; -1 is over.
    pub fn lasting(&self, name: &str, host: &str, subject: &str, days: i32) -> (PathBuf, PathBuf) {
        let file = |end: &str| format!("{name}.{end}");
        let extension = if host.is_empty() {
            "basicConstraints=CA:FALSE\nextendedKeyUsage=clientAuth\n".to_owned()
        } else {
            format!("basicConstraints=CA:FALSE\nsubjectAltName=DNS:{host}\n")
        };
        std::fs::write(self.place.join(file("ext")), extension).expect("the place is writable");
        let request = ["-keyout", &file("key"), "-out", &file("csr"), "-subj", subject];
        self.openssl(&[&["req"], NEW, &request].concat());
        self.openssl(&[
            "x509",
            "-req",
            "-in",
            &file("csr"),
            "-CA",
            "ca.crt",
            "-CAkey",
            "ca.key",
            "-CAcreateserial",
            "-days",
            &days.to_string(),
            "-extfile",
            &file("ext"),
            "-out",
            &file("crt"),
        ]);
        (self.place.join(file("crt")), self.place.join(file("key")))
    }

    /// The authority's certificate.
    pub fn authority(&self) -> PathBuf {
        self.place.join("ca.crt")
    }

    fn openssl(&self, words: &[&str]) {
        let done = Command::new("openssl").args(words).current_dir(&self.place).output();
        let done = done.expect("openssl starts");
        assert!(done.status.success(), "{words:?}: {}", String::from_utf8_lossy(&done.stderr));
    }
}

/// A new key on a curve, which is made quickly.
const NEW: &[&str] =
    &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-batch"];

/// What clients remember of sessions, whom they believe, and the certificate that they show.
pub fn memory(authority: &Path, own: Option<(&Path, &Path)>) -> io::Result<Arc<ClientConfig>> {
    let mut roots = RootCertStore::empty();
    for one in CertificateDer::pem_file_iter(authority).map_err(io::Error::other)? {
        let one = one.map_err(io::Error::other)?;
        roots.add(one).map_err(io::Error::other)?;
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(roots);
    let mut config = match own {
        None => config.with_no_client_auth(),
        Some((chain, key)) => {
            let chain = CertificateDer::from_pem_file(chain).map_err(io::Error::other)?;
            let key = PrivateKeyDer::from_pem_file(key).map_err(io::Error::other)?;
            config.with_client_auth_cert(vec![chain], key).map_err(io::Error::other)?
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// A client's side of TLS.
pub struct Client {
    stream: StreamOwned<ClientConnection, TcpStream>,
    /// What came behind the last answer.
    behind: Vec<u8>,
}

impl Client {
    /// Connects, asks for a host's name and believes the authority; a handshake that fails is
    /// the error of the first write or read.
    pub fn connect(
        address: SocketAddr,
        host: &str,
        authority: &Path,
        own: Option<(&Path, &Path)>,
    ) -> io::Result<Self> {
        Self::again(&memory(authority, own)?, address, host)
    }

    /// The same with what is remembered of sessions on other connections to this host.
    pub fn again(memory: &Arc<ClientConfig>, address: SocketAddr, host: &str) -> io::Result<Self> {
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        let tls = ClientConnection::new(Arc::clone(memory), name).map_err(io::Error::other)?;
        let socket = TcpStream::connect(address)?;
        socket.set_read_timeout(Some(Duration::from_secs(15)))?;
        socket.set_write_timeout(Some(Duration::from_secs(15)))?;
        Ok(Self { stream: StreamOwned::new(tls, socket), behind: Vec::new() })
    }

    /// Whether this connection goes on with a session of an earlier one.
    pub fn resumed(&self) -> bool {
        self.stream.conn.handshake_kind() == Some(HandshakeKind::Resumed)
    }

    /// Sends bytes in the clear before the handshake, as a proxy does.
    pub fn announce(&mut self, header: &[u8]) -> io::Result<()> {
        self.stream.sock.write_all(header)
    }

    /// The connection without its encryption.
    pub fn into_socket(self) -> TcpStream {
        self.stream.sock
    }

    /// Completes the handshake.
    pub fn greet(&mut self) -> io::Result<()> {
        while self.stream.conn.is_handshaking() {
            self.stream.conn.complete_io(&mut self.stream.sock)?;
        }
        Ok(())
    }

    /// The certificate that the server showed.
    pub fn shown(&self) -> Option<Vec<u8>> {
        Some(self.stream.conn.peer_certificates()?.first()?.to_vec())
    }

    /// The protocol that was agreed upon (ALPN).
    pub fn protocol(&self) -> Option<&[u8]> {
        self.stream.conn.alpn_protocol()
    }

    /// Sends bytes.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)?;
        self.stream.flush()
    }

    /// Everything up to the server's end, which has to be announced (`close_notify`).
    pub fn rest(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = std::mem::take(&mut self.behind);
        self.stream.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// A request, and its answer's head and body by `Content-Length`.
    pub fn ask(&mut self, request: &str) -> io::Result<(String, Vec<u8>)> {
        self.send(request.as_bytes())?;
        self.answer()
    }

    /// `GET` of a path on a connection that is kept.
    pub fn get(&mut self, path: &str) -> io::Result<(String, Vec<u8>)> {
        self.ask(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"))
    }

    /// Reads an answer: its head, and its body by `Content-Length`.
    pub fn answer(&mut self) -> io::Result<(String, Vec<u8>)> {
        let mut bytes = std::mem::take(&mut self.behind);
        let mut block = vec![0; 65536];
        let end = loop {
            if let Some(at) = bytes.windows(4).position(|part| part == b"\r\n\r\n") {
                break at + 4;
            }
            let count = self.stream.read(&mut block)?;
            if count == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            bytes.extend_from_slice(&block[..count]);
        };
        let mut body = bytes.split_off(end);
        let head = String::from_utf8_lossy(&bytes).into_owned();
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
        });
        let length = length.unwrap_or(0_usize);
        while body.len() < length {
            let count = self.stream.read(&mut block)?;
            if count == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            body.extend_from_slice(&block[..count]);
        }
        self.behind = body.split_off(length);
        Ok((head, body))
    }
}
