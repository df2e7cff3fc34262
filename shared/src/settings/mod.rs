//! A vassal's settings: text became these types once, and nothing after the reader sees a
//! `String` that means a path, an address, a user, a duration or a mode.
//!
//! [`Launch`] is what root needs to know (it decides the launch plan, and a change of it is a
//! succession); [`Serve`] is what master and workers need (a change of it is a generation).

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::finding::Origin;

/// Files, routes and heads.
pub mod content;
mod hook;
mod isolation;
/// Types of the logs' settings.
pub mod logs;
mod protocols;
mod python;
mod socket;
mod stuck;
mod supervision;
mod surroundings;
mod tls;

pub use content::Content;
pub use hook::{Awaited, Deed, Hook, Order, Phase};
pub use isolation::{Isolation, Lock, Namespace};
pub use logs::{Form, Kept, Logs, Part, Value};
pub use protocols::Protocols;
pub use python::{Mount, Python, ReloadOn, Vhost};
pub use socket::{Crew, Front, Tuning, Zerg};
pub use stuck::{Graceful, Stuck};
pub use supervision::{Algorithm, Busyness, Cheaper, Memory, Supervision, Touched, Watch};
pub use surroundings::{Daemon, DaemonKind, Limits, Surroundings};
pub use tls::{Certificate, Pem, Secret, Tls, host_pattern};

/// A user or group, by number or by a name that is looked up when privileges are dropped.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Principal {
    /// A numeric id.
    Id(u32),
    /// A name of the user or group database.
    Name(String),
}

/// Where a socket listens (uWSGI's address syntax).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Address {
    /// An internet address; `:80` is 0.0.0.0:80, port 0 lets the kernel choose.
    Tcp(SocketAddr),
    /// A path of the file system, relative to the directory after `chdir`.
    Unix(PathBuf),
    /// A name of Linux' abstract namespace, without the leading NUL or `@`.
    Abstract(String),
    /// A descriptor that was inherited (`fd://3`).
    Descriptor(u32),
}

/// What is spoken on a listening socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wire {
    /// HTTP/1.1 with kept-alive connections (`http`, `http-socket`).
    Http,
    /// The uwsgi protocol (`socket`, `uwsgi-socket`).
    Uwsgi,
    /// FastCGI; answers begin with `Status:` (`fastcgi-socket`).
    Fastcgi,
    /// FastCGI; answers begin as those of HTTP do (`fastcgi-nph-socket`).
    FastcgiNph,
    /// SCGI; answers begin with `Status:` (`scgi-socket`).
    Scgi,
    /// SCGI; answers begin as those of HTTP do (`scgi-nph-socket`).
    ScgiNph,
    /// Not a request socket: one JSON document a connection (`stats`).
    Stats,
    /// Not a request socket: whoever connects gets listening sockets (`zerg-server`,
    /// `zerg-pool`): the [`Wire::Pooled`] ones that follow in the list, or else all request
    /// sockets.
    Zerg,
    /// Not spoken on here: held for others (`zerg-pool`).
    Pooled,
}

impl Wire {
    /// What requests can come by.
    pub const REQUESTS: [Self; 6] =
        [Self::Http, Self::Uwsgi, Self::Fastcgi, Self::FastcgiNph, Self::Scgi, Self::ScgiNph];

    /// Whether requests come by it.
    pub const fn is_request(self) -> bool {
        !matches!(self, Self::Stats | Self::Zerg | Self::Pooled)
    }

    /// Whether requests come as CGI variables.
    pub const fn has_variables(self) -> bool {
        self.is_request() && !matches!(self, Self::Http)
    }

    /// Whether it is FastCGI, with either head.
    pub const fn is_fastcgi(self) -> bool {
        matches!(self, Self::Fastcgi | Self::FastcgiNph)
    }

    /// Whether an answer's first line is the field `Status` (RFC 3875 section 6.3.3).
    pub const fn has_status_field(self) -> bool {
        matches!(self, Self::Fastcgi | Self::Scgi)
    }

    /// Its name, as uWSGI's statistics and `protocol` have it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Uwsgi | Self::Stats | Self::Zerg | Self::Pooled => "uwsgi",
            Self::Fastcgi => "fastcgi",
            Self::FastcgiNph => "fastcgi-nph",
            Self::Scgi => "scgi",
            Self::ScgiNph => "scgi-nph",
        }
    }
}

/// One listening socket that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Listen {
    /// Where.
    pub address: Address,
    /// What is spoken there.
    pub wire: Wire,
    /// Whether it is spoken over TLS: the number of the socket's certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<u32>,
}

impl Listen {
    /// A socket without TLS.
    pub fn new(address: Address, wire: Wire) -> Self {
        Self { address, wire, tls: None }
    }
}

/// `chown-socket = user[:group]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// The user.
    pub user: Principal,
    /// The group; `None` leaves it.
    pub group: Option<Principal>,
}

/// What becomes of the file of `logto` when it is opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Logfile {
    /// `logfile-chmod`: its mode.
    pub mode: Option<u32>,
    /// `logfile-chown`: it is given to the vassal's user.
    pub owned: bool,
    /// `log-truncate`: it is emptied.
    pub truncate: bool,
}

/// What root needs to know of a vassal.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Launch {
    /// `uid`.
    pub uid: Option<Principal>,
    /// `gid`.
    pub gid: Option<Principal>,
    /// `no-initgroups`: no supplementary groups of the user.
    #[serde(default)]
    pub no_initgroups: bool,
    /// `chroot`.
    pub chroot: Option<PathBuf>,
    /// `chdir`, inside `chroot`.
    pub chdir: Option<PathBuf>,
    /// `umask`, an octal mode in the file.
    pub umask: Option<u32>,
    /// `socket`, `uwsgi-socket`, `http`, `http-socket`, `stats`, in the order of the file.
    pub sockets: Vec<Listen>,
    /// The option that asked for each of `sockets`, and where it was given.
    #[serde(default)]
    pub sources: Vec<(String, Origin)>,
    /// What is spoken on sockets that no option names: those that systemd or inetd opened.
    #[serde(default)]
    pub protocol: Option<Wire>,
    /// `cap`, `unshare`, `unshare2`.
    #[serde(default)]
    pub isolation: Isolation,
    /// `flock` and its relatives, in the order of the file.
    #[serde(default)]
    pub locks: Vec<Lock>,
    /// `zerg`: servers that give their listening sockets away, and whether the start goes on
    /// without them (`zerg-fallback`).
    #[serde(default)]
    pub zerg: Zerg,
    /// `skip-zero`: a listening socket that is standard input is not served.
    #[serde(default)]
    pub skip_zero: bool,
    /// What the sockets are told beyond their address.
    #[serde(default)]
    pub tuning: Tuning,
    /// `chmod-socket`: the mode of UNIX sockets.
    pub chmod_socket: Option<u32>,
    /// `chown-socket`.
    pub chown_socket: Option<Owner>,
    /// `listen`: connections that wait in the kernel; clamped to `net.core.somaxconn`.
    pub backlog: u32,
    /// `pidfile`, opened before the privilege drop.
    pub pidfile: Option<PathBuf>,
    /// `logto` (or `daemonize`, whose detaching a supervisor does not want).
    pub logto: Option<PathBuf>,
    /// What becomes of that file when it is opened.
    #[serde(default)]
    pub logfile: Logfile,
    /// `daemonize` was given and there is no Emperor: detach from the terminal.
    pub daemonize: bool,
    /// `vacuum`: remove sockets and pid file at the end.
    pub vacuum: bool,
    /// `max-fd`, `limit-as`, `limit-nproc`, `prio`.
    #[serde(default)]
    pub limits: Limits,
    /// `add-gid`: further groups.
    #[serde(default)]
    pub further_groups: Vec<Principal>,
    /// Hooks of the launcher's phases, in their order.
    #[serde(default)]
    pub hooks: Vec<Hook>,
    /// `env`: set (or with `None` remove) variables of the interpreter's environment, in order.
    pub env: Vec<(String, Option<String>)>,
}

/// Which application to serve.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// `module = pkg.mod`, the part before the colon.
    Module(String),
    /// `wsgi-file = path`, relative to the directory after `chdir`.
    File(PathBuf),
}

/// What master, nursery and workers need to know of a vassal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Serve {
    /// The name shown in logs and process titles: the file's name, or "uwsgi".
    pub name: String,
    /// `module` or `wsgi-file`; `None` serves 500 unless `need_app`.
    pub target: Option<Target>,
    /// `callable`, or what followed the colon of `module`. A trailing `()` calls it once.
    pub callable: Option<String>,
    /// `home`, `virtualenv`, `venv`, `pyhome`.
    pub home: Option<PathBuf>,
    /// Where `home` was written (`file:line`), for the error that names it.
    pub home_origin: String,
    /// `pythonpath`, in the order given (the last comes first on `sys.path`).
    pub pythonpath: Vec<PathBuf>,
    /// `pyargv`, split at single spaces.
    pub pyargv: Vec<String>,
    /// `master`. Supervision is always there; this only decides what uWSGI's texts say.
    pub master: bool,
    /// `processes`, at least 1.
    pub processes: u32,
    /// `threads`, at least 1.
    pub threads: u32,
    /// `lazy-apps`: import after the fork.
    pub lazy_apps: bool,
    /// `need-app`: end (22) when no application could be loaded. On unless switched off.
    pub need_app: bool,
    /// `harakiri`: the longest a request may run.
    pub harakiri: Option<Duration>,
    /// What happens to a worker whose request takes longer.
    #[serde(default)]
    pub stuck: Stuck,
    /// `max-requests` of a worker; 0 is without limit.
    pub max_requests: u64,
    /// `max-requests-delta`: added once per worker id.
    pub max_requests_delta: u64,
    /// `min-worker-lifetime`: a worker is not recycled before it is that old.
    pub min_worker_lifetime: Duration,
    /// `die-on-term`. `None`: not written, TERM stops; `Some(false)`: TERM reloads.
    pub die_on_term: Option<bool>,
    /// `buffer-size`: the least that a request head may take, bytes. Grows on demand to 64 KiB.
    pub buffer_size: u32,
    /// `limit-post`: bytes of a request body, 0 is without limit.
    pub limit_post: u64,
    /// `post-buffering`: bodies of at least this many bytes go to an unlinked file.
    pub post_buffering: u64,
    /// `socket-timeout`: each wait for bytes inside a request.
    pub socket_timeout: Duration,
    /// `http-keepalive`: how long an idle kept connection stays. Zero switches keep-alive off.
    pub keepalive: Duration,
    /// `worker-reload-mercy`: how long a draining worker may take.
    pub worker_mercy: Duration,
    /// `disable-logging`: no request lines.
    pub disable_logging: bool,
    /// `catch-exceptions`: the traceback in the body of a 500.
    pub catch_exceptions: bool,
    /// `stats-http`: a head before the statistics.
    pub stats_http: bool,
    /// `stats-minified`: no white space in the statistics.
    pub stats_minified: bool,
    /// `memory-report`: rss and vsz in the statistics.
    pub memory_report: bool,
    /// `auto-procname` and the strings around it; `None` leaves process titles alone.
    pub procname: Option<Procname>,
    /// `check = GET /path 200`, from the `[emperor]` section: asked of each new generation.
    pub check: Option<Check>,
    /// What the server answers itself, and what it does before an application is asked: files and routes.
    #[serde(default)]
    pub content: Content,
    /// What sockets that speak TLS need.
    #[serde(default)]
    pub tls: Tls,
    /// What uWSGI's HTTP router does to requests.
    #[serde(default)]
    pub front: Front,
    /// `map-socket`: sockets that only some workers serve.
    #[serde(default)]
    pub crews: Vec<Crew>,
    /// Where request lines and output go, and in which form.
    #[serde(default)]
    pub logs: Logs,
    /// How requests are read.
    #[serde(default)]
    pub protocols: Protocols,
    /// What only Python applications have: further applications, imports, hooks of the interpreter.
    #[serde(default)]
    pub python: Python,
    /// How many workers there are, when they are replaced, and what the master listens to.
    #[serde(default)]
    pub supervision: Supervision,
    /// What runs beside the workers, or at their edges: hooks, daemons, limits of processes.
    #[serde(default)]
    pub surroundings: Surroundings,
    /// Every option as given, for `uwsgi.opt`; `None` is a flag of the command line, which has
    /// no value.
    pub options: Vec<(String, Option<String>)>,
}

/// Process titles.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Procname {
    /// `procname-prefix`.
    pub prefix: String,
    /// `procname-append`.
    pub append: String,
    /// `procname`, replaces all.
    pub whole: Option<String>,
    /// `procname-master`.
    pub master: Option<String>,
}

/// A request that a new generation has to answer before the old one goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// The request's method.
    pub method: String,
    /// The request's path.
    pub path: String,
    /// The status expected; `None` is any below 500.
    pub status: Option<u16>,
}

/// A vassal's settings, whole.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Root's part.
    pub launch: Launch,
    /// The server's part.
    pub serve: Serve,
}

impl Default for Serve {
    fn default() -> Self {
        Self {
            name: "uwsgi".into(),
            target: None,
            callable: None,
            home: None,
            home_origin: String::new(),
            pythonpath: Vec::new(),
            pyargv: Vec::new(),
            master: false,
            processes: 1,
            threads: 1,
            lazy_apps: false,
            need_app: true,
            harakiri: None,
            stuck: Stuck::default(),
            max_requests: 0,
            max_requests_delta: 0,
            min_worker_lifetime: Duration::from_secs(10),
            die_on_term: None,
            buffer_size: 4096,
            limit_post: 0,
            post_buffering: 0,
            socket_timeout: Duration::from_secs(4),
            keepalive: Duration::from_mins(1),
            worker_mercy: Duration::from_mins(1),
            disable_logging: false,
            catch_exceptions: false,
            stats_http: false,
            stats_minified: false,
            memory_report: false,
            procname: None,
            check: None,
            content: Content::default(),
            tls: Tls::default(),
            front: Front::default(),
            crews: Vec::new(),
            logs: Logs::default(),
            protocols: Protocols::default(),
            python: Python::default(),
            supervision: Supervision::default(),
            surroundings: Surroundings::default(),
            options: Vec::new(),
        }
    }
}

impl fmt::Display for Address {
    /// As uWSGI prints it in logs and statistics.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(out, "{address}"),
            Self::Unix(path) => write!(out, "{}", path.display()),
            Self::Abstract(name) => write!(out, "@{name}"),
            Self::Descriptor(number) => write!(out, "fd://{number}"),
        }
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => write!(out, "{id}"),
            Self::Name(name) => out.write_str(name),
        }
    }
}
