//! The environ of a request: a copy of a per-thread template, with interned keys.
//!
//! Building this dictionary is most of what a server costs on a small request; a copy and a
//! dozen insertions take 0.7 us where twenty-five fresh strings took 1.9.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use pyo3::ffi;
use shared::settings::{Serve, Wire};
use vassal::request::{Length, Version};
use vassal::worker::Call;
use vassal::worker::upload::Body;

use crate::object::{Object, bytes, key, text};

/// The version that applications are told: the release of uWSGI that is followed, and our own.
pub(crate) const VERSION: &str = concat!("2.0.31-emperor-", env!("CARGO_PKG_VERSION"));

/// Names of fields that are remembered; a client that invents more pays for each itself.
const NAMES_MAX: usize = 512;

/// The longest name that is remembered.
const NAME_MAX: usize = 64;

/// FNV-1a: field names are short, and the table is bounded.
#[derive(Default)]
pub(crate) struct Fnv(u64);

impl Hasher for Fnv {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

type Names = HashMap<Box<[u8]>, Object, BuildHasherDefault<Fnv>>;

/// What a thread keeps to build environs.
pub(crate) struct Environs {
    template: Object,
    names: Names,
    variables: Names,
    keys: Keys,
    get: Object,
    post: Object,
    root: Object,
    http10: Object,
    http11: Object,
    https: Object,
    on: Object,
    /// Whether there is something to add to the environ of an HTTP request.
    fronted: bool,
    server_name: Option<Object>,
    added: Vec<(Object, Object)>,
    bytes_io: Object,
    open: Object,
    binary: Object,
    stream: Object,
}

struct Keys {
    method: Object,
    uri: Object,
    path: Object,
    query: Object,
    protocol: Object,
    port: Object,
    address: Object,
    remote_port: Object,
    host: Object,
    length: Object,
    input: Object,
    scheme: Object,
    secure: Object,
    client_name: Object,
    client_der: Object,
    client_pem: Object,
}

/// What goes wrong while an environ is built: memory, or an exception in io.
pub(crate) struct Failed;

impl Environs {
    /// Prepares the template. `support` is the namespace of support.py.
    pub(crate) fn new(serve: &Serve, support: *mut ffi::PyObject, core: u32) -> Option<Self> {
        let name = |name: &str| key(name);
        // SAFETY: the lock is held; every call's arguments are live objects of the right kind,
        // and each new reference goes into an `Object`.
        unsafe {
            let template = Object::new(ffi::PyDict_New())?;
            let set = |key: &str, value: Object| -> Option<()> {
                let key = name(key);
                (ffi::PyDict_SetItem(template.as_ptr(), key.as_ptr(), value.as_ptr()) == 0)
                    .then_some(())
            };
            let truth = |yes: bool| Object::new(ffi::PyBool_FromLong(yes.into()));
            let version = Object::new(ffi::PyTuple_New(2))?;
            ffi::PyTuple_SetItem(version.as_ptr(), 0, ffi::PyLong_FromLong(1));
            ffi::PyTuple_SetItem(version.as_ptr(), 1, ffi::PyLong_FromLong(0));
            let host = nix::unistd::gethostname().unwrap_or_default();
            let host = host.as_encoded_bytes();
            set("SCRIPT_NAME", text(b"")?)?;
            set("QUERY_STRING", text(b"")?)?;
            set("SERVER_NAME", text(host)?)?;
            set("wsgi.version", version)?;
            set("wsgi.url_scheme", name("http"))?;
            set("wsgi.errors", Object::borrow(ffi::PySys_GetObject(c"stderr".as_ptr()))?)?;
            set("wsgi.multithread", truth(serve.threads > 1)?)?;
            set("wsgi.multiprocess", truth(serve.processes > 1)?)?;
            set("wsgi.run_once", truth(false)?)?;
            set("wsgi.input_terminated", truth(true)?)?;
            if !serve.python.no_file_wrapper {
                let wrapper = ffi::PyDict_GetItemString(support, c"FileWrapper".as_ptr());
                set("wsgi.file_wrapper", Object::borrow(wrapper)?)?;
            }
            set("uwsgi.version", bytes(VERSION.as_bytes())?)?;
            set("uwsgi.node", bytes(host)?)?;
            if serve.threads > 1 {
                set("uwsgi.core", Object::new(ffi::PyLong_FromLong(i64::from(core)))?)?;
            }
            let io = Object::new(ffi::PyImport_ImportModule(c"io".as_ptr()))?;
            Some(Self {
                bytes_io: Object::new(ffi::PyObject_GetAttrString(
                    io.as_ptr(),
                    c"BytesIO".as_ptr(),
                ))?,
                open: Object::new(ffi::PyObject_GetAttrString(io.as_ptr(), c"open".as_ptr()))?,
                binary: name("rb"),
                stream: Object::borrow(ffi::PyDict_GetItemString(support, c"stream".as_ptr()))?,
                template,
                names: Names::default(),
                variables: Names::default(),
                keys: Keys {
                    method: name("REQUEST_METHOD"),
                    uri: name("REQUEST_URI"),
                    path: name("PATH_INFO"),
                    query: name("QUERY_STRING"),
                    protocol: name("SERVER_PROTOCOL"),
                    port: name("SERVER_PORT"),
                    address: name("REMOTE_ADDR"),
                    remote_port: name("REMOTE_PORT"),
                    host: name("HTTP_HOST"),
                    length: name("CONTENT_LENGTH"),
                    input: name("wsgi.input"),
                    scheme: name("wsgi.url_scheme"),
                    secure: name("HTTPS"),
                    client_name: name("HTTPS_DN"),
                    client_der: name("HTTPS_CLIENT_CERTIFICATE"),
                    client_pem: name("HTTPS_CC"),
                },
                get: name("GET"),
                post: name("POST"),
                root: name("/"),
                http10: name("HTTP/1.0"),
                http11: name("HTTP/1.1"),
                https: name("https"),
                on: name("on"),
                fronted: serve.front.adds(),
                server_name: serve.front.host_name.then(|| name("SERVER_NAME")),
                added: serve
                    .front
                    .variables
                    .iter()
                    .map(|(key, value)| Some((name(key), text(value.as_bytes())?)))
                    .collect::<Option<_>>()?,
            })
        }
    }

    /// The environ of one request. On `Err` a Python exception is set.
    pub(crate) fn build(&mut self, call: Call<'_>) -> Result<Object, Failed> {
        // SAFETY: the lock is held and the template is a dictionary.
        let environ = unsafe { Object::new(ffi::PyDict_Copy(self.template.as_ptr())) };
        let environ = environ.ok_or(Failed)?;
        match call.wire {
            Wire::Http | Wire::Stats | Wire::Zerg | Wire::Pooled => self.fields(&call, &environ)?,
            Wire::Uwsgi | Wire::Fastcgi | Wire::FastcgiNph | Wire::Scgi | Wire::ScgiNph => {
                self.variables(&call, &environ)?;
            }
        }
        if !call.request.variables.is_empty() {
            self.further(&call, &environ)?;
        }
        let size = call.size;
        let unknown = match call.request.length {
            Length::Chunked => !matches!(call.body, Body::Stream(_)),
            Length::Stream => size > 0,
            Length::None | Length::Known(_) => false,
        };
        if unknown {
            // frameworks look at the length only; as the body is whole, it is known
            put(&environ, &self.keys.length, &text(size.to_string().as_bytes()).ok_or(Failed)?)?;
        }
        let input = self.input(call.body)?;
        put(&environ, &self.keys.input, &input)?;
        Ok(environ)
    }

    fn fields(&mut self, call: &Call<'_>, environ: &Object) -> Result<(), Failed> {
        let (request, head) = (call.request, call.head);
        let keys = &self.keys;
        let value = |bytes: &[u8]| text(bytes).ok_or(Failed);
        match request.bytes(head, request.method) {
            b"GET" => put(environ, &keys.method, &self.get)?,
            b"POST" => put(environ, &keys.method, &self.post)?,
            other => put(environ, &keys.method, &value(other)?)?,
        }
        let target = request.bytes(head, request.target);
        let uri = if target == b"/" { None } else { Some(value(target)?) };
        put(environ, &keys.uri, uri.as_ref().unwrap_or(&self.root))?;
        match request.bytes(head, request.path) {
            b"/" => put(environ, &keys.path, &self.root)?,
            path if path == target => put(environ, &keys.path, uri.as_ref().unwrap_or(&self.root))?,
            path => put(environ, &keys.path, &value(path)?)?,
        }
        if !request.query.is_empty() {
            put(environ, &keys.query, &value(request.bytes(head, request.query))?)?;
        }
        let protocol = match request.version {
            Version::Http10 => &self.http10,
            Version::Http11 => &self.http11,
        };
        put(environ, &keys.protocol, protocol)?;
        put(environ, &keys.port, &value(call.port.as_bytes())?)?;
        put(environ, &keys.address, &value(call.peer.address.as_bytes())?)?;
        put(environ, &keys.remote_port, &value(call.peer.port.as_bytes())?)?;
        if call.secure {
            put(environ, &keys.scheme, &self.https)?;
            put(environ, &keys.secure, &self.on)?;
            if let Some(client) = call.client {
                put(environ, &keys.client_name, &value(client.name.as_bytes())?)?;
                if let Some((der, pem)) = &client.certificate {
                    put(environ, &keys.client_der, &value(der)?)?;
                    put(environ, &keys.client_pem, &value(pem.as_bytes())?)?;
                }
            }
        }
        for field in &request.fields {
            let name = request.bytes(head, field.name);
            let bytes = request.bytes(head, field.value);
            let said = match name.len() {
                17 if name.eq_ignore_ascii_case(b"transfer-encoding") => continue, // it was taken off
                17 => bytes == b"https" && name.eq_ignore_ascii_case(b"x-forwarded-proto"),
                15 => is_on(bytes) && name.eq_ignore_ascii_case(b"x-forwarded-ssl"),
                _ => false,
            };
            if said && local(&call.peer.address) {
                put(environ, &keys.scheme, &self.https)?;
            }
            let value = text(bytes).ok_or(Failed)?;
            if let Some(key) = self.names.get(name) {
                put(environ, key, &value)?;
                continue;
            }
            if self.names.len() < NAMES_MAX && name.len() <= NAME_MAX {
                let key = key(&field_key(name));
                put(environ, &key, &value)?;
                self.names.insert(name.into(), key);
            } else {
                // not interned: some interpreters keep interned strings for ever
                let key = text(field_key(name).as_bytes()).ok_or(Failed)?;
                put(environ, &key, &value)?;
            }
        }
        if let Some(authority) = request.authority {
            let value = text(request.bytes(head, authority)).ok_or(Failed)?;
            put(environ, &self.keys.host, &value)?;
        }
        if self.fronted { self.front(environ) } else { Ok(()) }
    }

    /// What `http-var` and `http-server-name-as-http-host` ask for.
    fn front(&self, environ: &Object) -> Result<(), Failed> {
        if let Some(key) = &self.server_name {
            // SAFETY: the lock is held; the answer is borrowed from the dictionary, or nothing.
            let host = unsafe {
                let found = ffi::PyDict_GetItem(environ.as_ptr(), self.keys.host.as_ptr());
                Object::borrow(found)
            };
            if let Some(host) = host {
                put(environ, key, &host)?;
            }
        }
        for (key, value) in &self.added {
            put(environ, key, value)?;
        }
        Ok(())
    }

    fn variables(&mut self, call: &Call<'_>, environ: &Object) -> Result<(), Failed> {
        let (request, head) = (call.request, call.head);
        for field in &request.fields {
            let name = request.bytes(head, field.name);
            self.variable(call, environ, name, request.bytes(head, field.value))?;
        }
        Ok(())
    }

    /// What rules of the configuration set stands above what the client sent.
    fn further(&mut self, call: &Call<'_>, environ: &Object) -> Result<(), Failed> {
        let (request, head) = (call.request, call.head);
        for field in &request.variables {
            let name = request.bytes(head, field.name);
            self.variable(call, environ, name, request.bytes(head, field.value))?;
        }
        Ok(())
    }

    fn variable(
        &mut self,
        call: &Call<'_>,
        environ: &Object,
        name: &[u8],
        bytes: &[u8],
    ) -> Result<(), Failed> {
        let secure = match name {
            b"HTTPS" => is_on(bytes),
            b"UWSGI_SCHEME" => bytes == b"https",
            b"HTTP_X_FORWARDED_PROTO" => bytes == b"https" && local(&call.peer.address),
            b"HTTP_X_FORWARDED_SSL" => is_on(bytes) && local(&call.peer.address),
            _ => false,
        };
        if secure {
            put(environ, &self.keys.scheme, &self.https)?;
        }
        let value = text(bytes).ok_or(Failed)?;
        if let Some(key) = self.variables.get(name) {
            return put(environ, key, &value);
        }
        let key = text(name).ok_or(Failed)?;
        put(environ, &key, &value)?;
        if self.variables.len() < NAMES_MAX && name.len() <= NAME_MAX {
            self.variables.insert(name.into(), key);
        }
        Ok(())
    }

    /// `wsgi.input`: the whole body, in memory or in a file, with every method of `io`.
    fn input(&self, body: Body<'_>) -> Result<Object, Failed> {
        use std::os::fd::IntoRawFd;
        let null = std::ptr::null_mut::<ffi::PyObject>();
        // SAFETY: the lock is held, all arguments are live, and the lists end in null.
        unsafe {
            match body {
                Body::Empty => {
                    Object::new(ffi::PyObject_CallFunctionObjArgs(self.bytes_io.as_ptr(), null))
                }
                Body::Memory(data) => {
                    let data = bytes(data).ok_or(Failed)?;
                    Object::new(ffi::PyObject_CallFunctionObjArgs(
                        self.bytes_io.as_ptr(),
                        data.as_ptr(),
                        null,
                    ))
                }
                Body::Stream(_) => {
                    Object::new(ffi::PyObject_CallFunctionObjArgs(self.stream.as_ptr(), null))
                }
                Body::File(file) => {
                    let number = Object::new(ffi::PyLong_FromLong(i64::from(file.into_raw_fd())));
                    let number = number.ok_or(Failed)?;
                    Object::new(ffi::PyObject_CallFunctionObjArgs(
                        self.open.as_ptr(),
                        number.as_ptr(),
                        self.binary.as_ptr(),
                        null,
                    ))
                }
            }
        }
        .ok_or(Failed)
    }
}

/// Peers whose word about the outer protocol is believed: this machine's own proxies.
fn local(address: &str) -> bool {
    address.is_empty() || address == "::1" || address.starts_with("127.")
}

/// What web servers write of a client that came by TLS.
fn is_on(value: &[u8]) -> bool {
    matches!(value, b"on" | b"1" | b"true")
}

fn put(environ: &Object, key: &Object, value: &Object) -> Result<(), Failed> {
    // SAFETY: the lock is held; a dictionary, a str and any object, all alive.
    let done = unsafe { ffi::PyDict_SetItem(environ.as_ptr(), key.as_ptr(), value.as_ptr()) };
    if done == 0 { Ok(()) } else { Err(Failed) }
}

/// `User-Agent` becomes `HTTP_USER_AGENT`; the two names of CGI have no prefix.
fn field_key(name: &[u8]) -> String {
    let upper: String = name
        .iter()
        .map(|byte| if *byte == b'-' { '_' } else { char::from(byte.to_ascii_uppercase()) })
        .collect();
    match upper.as_str() {
        "CONTENT_TYPE" | "CONTENT_LENGTH" => upper,
        _ => format!("HTTP_{upper}"),
    }
}
