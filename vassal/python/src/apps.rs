//! Several applications in one interpreter, and which of them a request is for (`mount`).
//!
//! uWSGI gives each mounted application an interpreter of its own, which many C extensions do
//! not survive; here they share one, as under its `single-interpreter`.

use pyo3::ffi;
use shared::settings::{Python, Vhost};

use crate::object::{Object, key, latin1, text};

/// An application and where it is mounted.
pub(crate) struct Mounted {
    /// The host in front of the mount point (`vhost`).
    pub(crate) host: String,
    /// The mount point; empty is the root.
    pub(crate) point: String,
    /// What is called.
    pub(crate) application: Object,
}

/// All applications of a worker.
pub(crate) struct Apps {
    list: Vec<App>,
    /// The first one serves what no mount point matches.
    default: bool,
    /// Nothing has to be looked at to find the application.
    single: bool,
    by_path: bool,
    by_script: bool,
    vhost: Vhost,
    script: Object,
    path: Object,
    server: Object,
    header: Object,
}

struct App {
    host: String,
    point: String,
    /// The mount point as `SCRIPT_NAME`.
    script: Object,
    application: *mut ffi::PyObject,
}

/// What goes wrong while an application is chosen: memory.
pub(crate) struct Failed;

impl Apps {
    /// The applications in the order in which they were loaded; their references are never
    /// released. `None` when there is no memory.
    pub(crate) fn new(mounted: Vec<Mounted>, python: &Python) -> Option<Self> {
        let mut list = Vec::with_capacity(mounted.len());
        for one in mounted {
            let script = text(one.point.as_bytes())?;
            let application = one.application.into_ptr();
            list.push(App { host: one.host, point: one.point, script, application });
        }
        let default = !python.no_default_app && python.vhost == Vhost::Off;
        let split = python.manage_script_name && list.iter().any(|app| !app.point.is_empty());
        Some(Self {
            single: default && list.len() <= 1 && !split,
            default,
            by_path: split,
            by_script: !python.ignore_script_name,
            vhost: python.vhost,
            list,
            script: key("SCRIPT_NAME"),
            path: key("PATH_INFO"),
            server: key("SERVER_NAME"),
            header: key("HTTP_HOST"),
        })
    }

    /// The number of the application that a request is for; `None` where there is none. Splits
    /// `SCRIPT_NAME` off the path where that is wanted. On `Err` an exception is set.
    pub(crate) fn choose(&self, environ: &Object) -> Result<Option<usize>, Failed> {
        if self.single {
            return Ok((!self.list.is_empty()).then_some(0));
        }
        let host = self.host(environ);
        let mut spare = Vec::new();
        if self.by_path {
            let path = value(environ, &self.path, &mut spare);
            if let Some(found) = self.longest(host.as_deref(), path) {
                let app = &self.list[found];
                let rest = text(&path[app.point.len()..]).ok_or(Failed)?;
                put(environ, &self.script, &app.script)?;
                put(environ, &self.path, &rest)?;
                return Ok(Some(found));
            }
        }
        let named = if self.by_script {
            trimmed(value(environ, &self.script, &mut spare))
        } else {
            Default::default()
        };
        let exact = self.list.iter().position(|app| {
            app.point.as_bytes() == named && host.as_deref().is_none_or(|host| app.host == host)
        });
        Ok(exact.or((self.default && !self.list.is_empty()).then_some(0)))
    }

    /// What is called.
    pub(crate) fn application(&self, number: usize) -> *mut ffi::PyObject {
        self.list[number].application
    }

    /// The application with the longest mount point in front of a path.
    fn longest(&self, host: Option<&str>, path: &[u8]) -> Option<usize> {
        let matches = |app: &App| {
            let point = app.point.as_bytes();
            let rest = path.strip_prefix(point);
            !point.is_empty()
                && rest.is_some_and(|rest| rest.is_empty() || rest[0] == b'/')
                && host.is_none_or(|host| app.host == host)
        };
        let all = self.list.iter().enumerate().filter(|(_, app)| matches(app));
        // of equal ones the first that was loaded
        all.rev().max_by_key(|(_, app)| app.point.len()).map(|(number, _)| number)
    }

    /// The host that chooses: the first name of the request that any application has. `None`
    /// where hosts do not matter.
    fn host(&self, environ: &Object) -> Option<String> {
        let keys: &[&Object] = match self.vhost {
            Vhost::Off => return None,
            Vhost::ServerName => &[&self.server, &self.header],
            Vhost::Header => &[&self.header],
        };
        let mut spare = Vec::new();
        let mut names = keys.iter().map(|key| {
            let bytes = value(environ, key, &mut spare);
            let end = match bytes.iter().position(|byte| *byte == b']') {
                Some(bracket) => bracket + 1,
                None => bytes.iter().position(|byte| *byte == b':').unwrap_or(bytes.len()),
            };
            String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase()
        });
        let known = |name: &String| self.list.iter().any(|app| app.host == *name);
        Some(names.find(known).unwrap_or_default())
    }
}

/// The bytes of a variable; empty where there is none.
fn value<'a>(environ: &Object, name: &Object, spare: &'a mut Vec<u8>) -> &'a [u8] {
    // SAFETY: the lock is held; a dictionary and a str; the value is borrowed from the
    // dictionary, which keeps it until another takes its place, and the bytes are used before.
    unsafe {
        let found = ffi::PyDict_GetItem(environ.as_ptr(), name.as_ptr());
        if found.is_null() { &[] } else { latin1(found, spare).unwrap_or_default() }
    }
}

fn trimmed(mut name: &[u8]) -> &[u8] {
    while let [rest @ .., b'/'] = name {
        name = rest;
    }
    name
}

fn put(environ: &Object, name: &Object, value: &Object) -> Result<(), Failed> {
    // SAFETY: the lock is held; a dictionary, a str and a str, all alive.
    let done = unsafe { ffi::PyDict_SetItem(environ.as_ptr(), name.as_ptr(), value.as_ptr()) };
    if done == 0 { Ok(()) } else { Err(Failed) }
}
