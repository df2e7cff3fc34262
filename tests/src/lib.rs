//! The harness of the process tests: it starts real programs, talks to them over real sockets,
//! reads what the kernel knows about them, and proves that nothing is left when they end.
//!
//! The same test runs against this product and against the original: `SUBJECT=uwsgi` starts
//! Debian's `uwsgi` where `SUBJECT=ours` (the default) starts `vassal` by that name. A test whose
//! behaviour differs on purpose says so with [`only`].
//!
//! Nothing here sleeps: [`eventually`] is the one place that waits, for a condition, with a limit.

/// The management API's client.
pub mod api;
/// A supervisor with a directory of its own.
pub mod emperor;
/// A FastCGI client that can also misbehave.
pub mod fastcgi;
/// Web servers in front of a server under test.
pub mod front;
/// Control groups with a limit.
pub mod group;
/// A raw HTTP client that can also misbehave.
pub mod http;
/// Load generators and their verdicts.
pub mod load;
/// nginx as the front.
pub mod nginx;
/// A listener of the systemd notification protocol.
pub mod notify;
/// Calls that fail, and a clock that jumps.
pub mod preload;
/// What the kernel says about processes.
pub mod process;
/// Which programs are tested, and what is missing here.
pub mod programs;
/// Names of tests that prove options.
pub mod proof;
/// Python interpreters and environments.
pub mod python;
/// A client of SCGI.
pub mod scgi;
/// Running programs under the warden.
pub mod server;
/// The configuration as a server understood it.
pub mod shown;
/// Certificates, and a client that speaks TLS.
pub mod tls;
/// A client of the uwsgi protocol.
pub mod uwsgi;
/// Waiting for a condition.
pub mod wait;
/// One request over any protocol.
pub mod wire;

pub use programs::{Subject, not_run, note, only, root, subject};
pub use proof::Proof;
pub use server::{Run, Server};
pub use wait::{eventually, until};

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::{FileTypeExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

/// The application of the README, as users write it.
pub const HITME: &str = "def application(env, start_response):\n    start_response('200 OK', [('Content-Type','text/html')])\n    return [b\"Hello World\"]\n";

/// A port of the loopback that the kernel chose and nobody listens on.
pub fn free_port() -> u16 {
    let listener =
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("the loopback has a free port");
    listener.local_addr().expect("a bound socket has an address").port()
}

/// A loopback address with a port that the kernel chose.
pub fn free_address() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()))
}

/// The folder of the applications under test (`TESTS_APPS`: a copy that tenants can reach).
pub fn apps() -> PathBuf {
    std::env::var_os("TESTS_APPS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("apps"), PathBuf::from)
}

/// A temporary directory that other users may enter; removed when dropped.
pub struct Dir {
    inner: tempfile::TempDir,
}

impl Dir {
    /// Makes an empty one.
    pub fn new() -> Self {
        let inner = tempfile::Builder::new()
            .prefix("emperor-test-")
            .permissions(fs::Permissions::from_mode(0o755))
            .tempdir()
            .expect("the temporary directory is writable");
        Self { inner }
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        self.inner.path()
    }

    /// A path inside.
    pub fn join(&self, name: impl AsRef<Path>) -> PathBuf {
        self.path().join(name)
    }

    /// Writes a file (and the directories above it) and returns its path.
    pub fn write(&self, name: impl AsRef<Path>, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.join(name);
        write_file(&path, text);
        path
    }

    /// Makes a directory inside and returns its path.
    pub fn mkdir(&self, name: impl AsRef<Path>) -> PathBuf {
        let path = self.join(name);
        fs::create_dir_all(&path).expect("a directory of the test can be made");
        path
    }

    /// Copies one of the applications under test here and returns its path.
    pub fn app(&self, name: &str) -> PathBuf {
        let text = fs::read(apps().join(name)).expect("the application is in the repository");
        self.write(name, text)
    }

    /// Every socket file below, for tests of `vacuum`.
    pub fn sockets(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        walk(self.path(), &mut |path, kind| {
            if kind.is_socket() {
                found.push(path.to_owned());
            }
        });
        found
    }
}

impl Default for Dir {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let text = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
        let here = self.path().to_string_lossy().into_owned();
        if !std::thread::panicking() {
            assert!(!text.contains(&here), "a mount below {here} is left");
        }
    }
}

/// Writes a file and the directories above it, replacing what was there.
pub fn write_file(path: &Path, text: impl AsRef<[u8]>) {
    if let Some(above) = path.parent() {
        fs::create_dir_all(above).expect("a directory of the test can be made");
    }
    fs::write(path, text).expect("a file of the test can be written");
}

/// Gives a path and everything below to a user (needs root).
pub fn give(path: &Path, uid: u32, gid: u32) {
    chown(path, Some(uid), Some(gid)).expect("root may chown");
    walk(path, &mut |inner, _| {
        std::os::unix::fs::lchown(inner, Some(uid), Some(gid)).expect("root may chown");
    });
}

/// Visits everything below a directory; a missing one has nothing below.
fn walk(dir: &Path, visit: &mut dyn FnMut(&Path, fs::FileType)) {
    let Ok(entries) = fs::read_dir(dir) else { return };
    for entry in entries.flatten() {
        if let Ok(kind) = entry.file_type() {
            visit(&entry.path(), kind);
            if kind.is_dir() {
                walk(&entry.path(), visit);
            }
        }
    }
}
