//! The namespace of what is said more plainly in Python, and calls into it.

use std::ffi::CStr;
use std::io;

use pyo3::ffi;
use shared::settings::Serve;

use crate::apps::Mounted;
use crate::exception::{Exception, say};
use crate::object::{Object, data, latin1, text, utf8};

/// The largest traceback that is reported.
const REASON_MAX: usize = 16 * 1024;

macro_rules! source {
    ($file:literal) => {
        match CStr::from_bytes_with_nul(concat!(include_str!($file), "\0").as_bytes()) {
            Ok(source) => source,
            Err(_) => panic!(concat!($file, " holds a NUL")),
        }
    };
}

/// The sources, with the names that they have in tracebacks.
const SOURCES: [(&CStr, &CStr); 3] = [
    (c"_vassal_support.py", source!("support.py")),
    (c"_vassal_loader.py", source!("loader.py")),
    (c"_vassal_module.py", source!("module.py")),
];

/// The source of `uwsgidecorators`, for who imports it.
const DECORATORS: &str = include_str!("decorators.py");

/// The namespace in which the sources ran. Everything here needs the interpreter's lock.
pub(crate) struct Support(Object);

impl Support {
    /// Runs the sources in a fresh namespace.
    pub(crate) fn new() -> io::Result<Self> {
        // SAFETY: the lock is held; the sources end in NUL; the namespace gets the builtins
        // that code needs.
        unsafe {
            let space = Object::new(ffi::PyDict_New());
            let space = space.ok_or_else(|| io::Error::other("no memory"))?;
            let builtins = ffi::PyEval_GetBuiltins();
            ffi::PyDict_SetItemString(space.as_ptr(), c"__builtins__".as_ptr(), builtins);
            let name = text(b"_vassal_support").ok_or_else(|| io::Error::other("no memory"))?;
            ffi::PyDict_SetItemString(space.as_ptr(), c"__name__".as_ptr(), name.as_ptr());
            for (name, source) in SOURCES {
                let code =
                    ffi::Py_CompileString(source.as_ptr(), name.as_ptr(), ffi::Py_file_input);
                let done = Object::new(code).and_then(|code| {
                    let space = space.as_ptr();
                    Object::new(ffi::PyEval_EvalCode(code.as_ptr(), space, space))
                });
                if done.is_none() {
                    ffi::PyErr_Print();
                    let name = name.to_string_lossy();
                    return Err(io::Error::other(format!("{name} does not run")));
                }
            }
            Ok(Self(space))
        }
    }

    /// The namespace.
    pub(crate) fn space(&self) -> *mut ffi::PyObject {
        self.0.as_ptr()
    }

    /// Makes the module `uwsgi`. `native` are the functions of the extension, `facts` a JSON
    /// object of what this process knows.
    pub(crate) fn module(
        &self,
        native: &Object,
        settings: &Object,
        facts: &serde_json::Value,
    ) -> io::Result<()> {
        self.set(c"native", native);
        let made = utf8(DECORATORS).and_then(|source| {
            self.set(c"DECORATORS", &source);
            let facts = utf8(&facts.to_string())?;
            let facts = self.call(c"configure", &[&facts])?;
            self.call(c"make_module", &[settings, &facts])
        });
        made.map(drop).ok_or_else(|| {
            let text = Exception::take().text(self.space());
            io::Error::other(format!("the module uwsgi cannot be made: {text}"))
        })
    }

    /// Another reference to it, by its namespace.
    ///
    /// # Safety
    /// The lock is held, and `space` is that of a `Support` which is alive.
    pub(crate) unsafe fn of(space: *mut ffi::PyObject) -> Option<Self> {
        // SAFETY: the caller's promise.
        unsafe { Object::borrow(space).map(Self) }
    }

    /// Another reference to it.
    pub(crate) fn share(&self) -> Option<Self> {
        // SAFETY: the lock is held and the namespace is alive.
        unsafe { Object::borrow(self.0.as_ptr()).map(Self) }
    }

    /// Puts a value into the namespace.
    pub(crate) fn set(&self, name: &CStr, value: &Object) {
        // SAFETY: the lock is held; a dictionary, a C string and a live object.
        unsafe { ffi::PyDict_SetItemString(self.space(), name.as_ptr(), value.as_ptr()) };
    }

    /// Calls a function of the namespace; `None` with an exception set where it raises.
    pub(crate) fn call(&self, name: &CStr, arguments: &[&Object]) -> Option<Object> {
        // SAFETY: the lock is held; the function is borrowed from the namespace, which keeps it;
        // the tuple takes a reference of its own to each argument.
        unsafe {
            let function = ffi::PyDict_GetItemString(self.space(), name.as_ptr());
            let tuple = Object::new(ffi::PyTuple_New(arguments.len() as ffi::Py_ssize_t))?;
            for (at, argument) in arguments.iter().enumerate() {
                let own = Object::borrow(argument.as_ptr())?.into_ptr();
                ffi::PyTuple_SetItem(tuple.as_ptr(), at as ffi::Py_ssize_t, own);
            }
            Object::new(ffi::PyObject_CallObject(function, tuple.as_ptr()))
        }
    }

    /// The same for its effect only; an exception is written to the log.
    pub(crate) fn run(&self, name: &CStr, arguments: &[&Object]) {
        if self.call(name, arguments).is_none() {
            let text = Exception::take().text(self.space());
            say(self.space(), &text);
        }
    }

    /// The settings as Python sees them.
    pub(crate) fn configure(&self, serve: &Serve) -> io::Result<Object> {
        let json = serde_json::to_string(serve)?;
        utf8(&json).and_then(|json| self.call(c"configure", &[&json])).ok_or_else(|| {
            let text = Exception::take().text(self.space());
            io::Error::other(format!("the settings cannot be shown to Python: {text}"))
        })
    }

    /// Calls a function that returns applications; the error is a traceback, cut to what a
    /// report may hold.
    pub(crate) fn applications(
        &self,
        function: &CStr,
        settings: &Object,
    ) -> Result<Vec<Mounted>, String> {
        let found = self.call(function, &[settings]);
        found.and_then(|list| mounted(&list)).ok_or_else(|| self.reason())
    }

    /// The current exception, said in the log and cut to what a report may hold.
    pub(crate) fn reason(&self) -> String {
        let mut text = Exception::take().text(self.space());
        say(self.space(), &text);
        if text.len() > REASON_MAX {
            // the end of a traceback says what is wrong
            let cut = text.len() - REASON_MAX;
            let cut = (cut..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(cut);
            text.replace_range(..cut, "...");
        }
        text
    }
}

/// A list of `(host, point, callable)`.
fn mounted(list: &Object) -> Option<Vec<Mounted>> {
    // SAFETY: the lock is held; loader.py returns a list of tuples of three, borrowed here.
    unsafe {
        let count = ffi::PyList_Size(list.as_ptr());
        (0..count)
            .map(|at| {
                let tuple = ffi::PyList_GetItem(list.as_ptr(), at);
                let word = |at| {
                    let item = ffi::PyTuple_GetItem(tuple, at);
                    let encoded = Object::new(ffi::PyUnicode_AsUTF8String(item))?;
                    Some(String::from_utf8_lossy(data(encoded.as_ptr())?).into_owned())
                };
                let (host, point) = (word(0)?, word(1)?);
                let application = Object::borrow(ffi::PyTuple_GetItem(tuple, 2))?;
                Some(Mounted { host, point, application })
            })
            .collect()
    }
}

/// The interpreter's version and executable, one line.
pub(crate) fn interpreter() -> String {
    let mut spare = Vec::new();
    // SAFETY: the lock is held; sys.executable is a str for as long as this function runs.
    let executable = unsafe {
        let object = ffi::PySys_GetObject(c"executable".as_ptr());
        if object.is_null() {
            String::new()
        } else {
            latin1(object, &mut spare)
                .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
                .unwrap_or_default()
        }
    };
    // SAFETY: Py_GetVersion returns a constant string that ends in NUL.
    let version = unsafe { CStr::from_ptr(ffi::Py_GetVersion()) };
    let version = version.to_string_lossy();
    format!("{} {executable}", version.split_whitespace().next().unwrap_or_default())
}
