//! `start_response` and `write`, as objects that one thread uses for all its requests.
//!
//! Both are C functions whose `self` is a capsule that points to the thread's [`Desk`]. While a
//! request runs the desk holds the request's reply; afterwards it holds nothing, and a call
//! that comes too late is an error of the application. Each thread knows its desk: that is how
//! the functions of the module `uwsgi` find the request they are about.

use std::cell::Cell;
use std::io;
use std::os::raw::{c_char, c_int};
use std::ptr;
use std::time::Duration;

use pyo3::{Python, ffi};
use vassal::worker::reply::Reply;
use vassal::worker::stream::Stream;

use crate::app::buffered;
use crate::object::{NotText, Object, data, latin1};

const CAPSULE: *const c_char = c"_vassal.desk".as_ptr();

/// What `start_response` and `write` of one thread work on.
pub(crate) struct Desk {
    reply: *mut Reply<'static>,
    environ: Option<Object>,
    /// The body that the application reads from the connection, and which one it is.
    stream: *mut Stream,
    serial: u64,
    write: *mut ffi::PyObject,
    /// The core (thread) whose desk it is, from 0.
    pub(crate) core: u32,
    /// How long `write` waits for a client that is far behind (`socket-timeout`).
    patience: Duration,
}

thread_local! {
    /// The desk of this thread, where it serves requests.
    static HERE: Cell<*mut Desk> = const { Cell::new(ptr::null_mut()) };
}

impl Desk {
    /// The desk of this thread. To be called, and let go of, with the lock held.
    pub(crate) fn here<'a>() -> Option<&'a mut Self> {
        // SAFETY: the pointer is to the box of this thread's `Start`, which takes it away when it
        // goes. References to it are short: none is alive while Python code runs.
        unsafe { HERE.get().as_mut() }
    }

    /// The environ of the request that runs.
    pub(crate) fn environ(&self) -> Option<*mut ffi::PyObject> {
        self.environ.as_ref().map(Object::as_ptr)
    }

    /// Which body can be read now; a new number for each.
    pub(crate) fn serial(&self) -> u64 {
        self.serial
    }

    /// Reads some of the body with this number, without the interpreter's lock. `None` where
    /// its request is over.
    pub(crate) fn receive(
        &mut self,
        py: Python<'_>,
        serial: u64,
        into: &mut [u8],
    ) -> Option<io::Result<usize>> {
        if self.stream.is_null() || self.serial != serial {
            return None;
        }
        // closed meanwhile: no other thread of the application reaches the reply
        let reply = std::mem::replace(&mut self.reply, ptr::null_mut());
        let (place, answer) = (Place(self.stream), Place(reply));
        let read = py.detach(move || {
            let (place, answer) = (place, answer);
            // SAFETY: stream and reply outlive the request that this thread serves; only this
            // thread reads from the one, and the other is reached through the desk only.
            unsafe { (*place.0).read(into, answer.0.as_mut()) }
        });
        self.reply = reply;
        Some(read)
    }

    /// The reply of the request that runs.
    pub(crate) fn reply(&mut self) -> Option<&mut Reply<'static>> {
        // SAFETY: as for the functions below: it is there while the desk is open.
        unsafe { self.reply.as_mut() }
    }

    /// Uses the open reply without the interpreter's lock. Meanwhile the desk is closed, so that
    /// no other thread of the application reaches the reply.
    pub(crate) fn apart(
        &mut self,
        py: Python<'_>,
        action: impl FnOnce(&mut Reply<'static>, Duration) + Send,
    ) {
        let reply = std::mem::replace(&mut self.reply, ptr::null_mut());
        if reply.is_null() {
            return;
        }
        let (place, patience) = (Place(reply), self.patience);
        py.detach(move || {
            let place = place;
            // SAFETY: the reply outlives the request that this thread serves, and is reached
            // through the desk only, which is closed.
            action(unsafe { &mut *place.0 }, patience);
        });
        self.reply = reply;
    }
}

/// A pointer that goes where the lock is not held, on the same thread.
struct Place<T>(*mut T);

// SAFETY: `detach` runs its function on this very thread.
unsafe impl<T> Send for Place<T> {}

/// The three objects of a thread.
pub(crate) struct Start {
    desk: Box<Desk>,
    callable: Object,
    // kept alive for the desk's pointer
    _write: Object,
}

static mut START: ffi::PyMethodDef = ffi::PyMethodDef {
    ml_name: c"start_response".as_ptr(),
    ml_meth: ffi::PyMethodDefPointer { PyCFunctionWithKeywords: start_response },
    ml_flags: ffi::METH_VARARGS | ffi::METH_KEYWORDS,
    ml_doc: c"start_response(status, headers, exc_info=None): begins the response (PEP 3333)"
        .as_ptr(),
};

static mut WRITE: ffi::PyMethodDef = ffi::PyMethodDef {
    ml_name: c"write".as_ptr(),
    ml_meth: ffi::PyMethodDefPointer { PyCFunction: write },
    ml_flags: ffi::METH_O,
    ml_doc: c"write(data): sends a block at once (PEP 3333, for old applications)".as_ptr(),
};

impl Start {
    /// Makes the objects. They live as long as the thread.
    pub(crate) fn new(core: u32, patience: Duration) -> Option<Self> {
        let (reply, write) = (ptr::null_mut(), ptr::null_mut());
        let mut desk = Box::new(Desk {
            reply,
            environ: None,
            stream: ptr::null_mut(),
            serial: 0,
            write,
            core,
            patience,
        });
        let place: *mut Desk = &raw mut *desk;
        // SAFETY: the lock is held. The method definitions are never changed; the capsule's
        // pointer is to a box that is as old as the capsule's only users, the two functions.
        unsafe {
            let capsule = Object::new(ffi::PyCapsule_New(place.cast(), CAPSULE, None))?;
            let make = |method: *mut ffi::PyMethodDef| {
                Object::new(ffi::PyCFunction_NewEx(method, capsule.as_ptr(), ptr::null_mut()))
            };
            let write = make(&raw mut WRITE)?;
            let start = make(&raw mut START)?;
            desk.write = write.as_ptr();
            HERE.set(place);
            Some(Self { desk, callable: start, _write: write })
        }
    }

    /// The callable that the application gets.
    pub(crate) fn callable(&self) -> *mut ffi::PyObject {
        self.callable.as_ptr()
    }

    /// Lets the application read a body until the end of the request, which comes before `stream`
    /// goes.
    pub(crate) fn feed(&mut self, stream: &mut Stream) {
        self.desk.stream = stream;
        self.desk.serial += 1;
    }

    /// Keeps the environ of a request, until its end.
    pub(crate) fn keep(&mut self, environ: Object) {
        self.desk.environ = Some(environ);
    }

    /// Opens the desk for one request. [`Start::close`] has to come before `reply` goes.
    pub(crate) fn open(&mut self, reply: *mut Reply<'_>) {
        self.desk.reply = reply.cast();
    }

    /// Closes the desk: later calls are errors.
    pub(crate) fn close(&mut self) {
        self.desk.reply = ptr::null_mut();
    }

    /// Closes the desk at the end of a request, and lets go of its environ. With the lock held.
    pub(crate) fn end(&mut self) {
        self.close();
        self.desk.environ = None;
        self.desk.stream = ptr::null_mut();
    }
}

impl Drop for Start {
    fn drop(&mut self) {
        // it is dropped on its own thread
        HERE.set(ptr::null_mut());
    }
}

/// The desk of a capsule and its open reply; sets an exception where there is none.
///
/// # Safety
/// The interpreter's lock is held and `capsule` is one that `Start::new` made.
unsafe fn desk<'a>(
    capsule: *mut ffi::PyObject,
) -> Option<(&'a mut Reply<'static>, *mut ffi::PyObject)> {
    // SAFETY: only `Start::new` makes functions with this capsule, whose desk outlives them as
    // long as the thread serves; the lock makes this the only user of the desk.
    unsafe {
        let desk = ffi::PyCapsule_GetPointer(capsule, CAPSULE).cast::<Desk>();
        let desk = desk.as_ref()?;
        if desk.reply.is_null() {
            ffi::PyErr_SetString(
                ffi::PyExc_RuntimeError,
                c"start_response or write was called after the request had ended".as_ptr(),
            );
            return None;
        }
        // SAFETY: the reply is there from `open` to `close`; the application runs between them,
        // and the thread that serves holds no reference to the reply while Python code runs
        // (whatever thread runs it: the lock makes it one at a time).
        Some((&mut *desk.reply, desk.write))
    }
}

/// Sets an exception with a text of ours.
fn raise(kind: *mut ffi::PyObject, text: &str) {
    let text = std::ffi::CString::new(text).unwrap_or_default();
    // SAFETY: the lock is held; the exception type is one of the interpreter's own.
    unsafe { ffi::PyErr_SetString(kind, text.as_ptr()) }
}

unsafe extern "C" fn start_response(
    capsule: *mut ffi::PyObject,
    args: *mut ffi::PyObject,
    kwargs: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    let mut status: *mut ffi::PyObject = ptr::null_mut();
    let mut headers: *mut ffi::PyObject = ptr::null_mut();
    let mut info: *mut ffi::PyObject = ptr::null_mut();
    let mut names: [*mut c_char; 4] = [
        c"status".as_ptr().cast_mut(),
        c"response_headers".as_ptr().cast_mut(),
        c"exc_info".as_ptr().cast_mut(),
        ptr::null_mut(),
    ];
    // SAFETY: the interpreter calls this with a tuple and a dictionary or null; the format names
    // two objects and an optional third, and three pointers receive borrowed references.
    unsafe {
        let parsed: c_int = ffi::PyArg_ParseTupleAndKeywords(
            args,
            kwargs,
            c"OO|O:start_response".as_ptr(),
            names.as_mut_ptr().cast(),
            &raw mut status,
            &raw mut headers,
            &raw mut info,
        );
        if parsed == 0 {
            return ptr::null_mut();
        }
        let Some((reply, write)) = desk(capsule) else { return ptr::null_mut() };
        if info.is_null() || info == ffi::Py_None() {
            if reply.begun() {
                raise(
                    ffi::PyExc_AssertionError,
                    "start_response was called twice without exc_info",
                );
                return ptr::null_mut();
            }
        } else if reply.sent() {
            reraise(info);
            return ptr::null_mut();
        }
        if begin(reply, status, headers).is_none() {
            // half a head is none: an application that goes on regardless gets a 500
            reply.reset();
            return ptr::null_mut();
        }
        ffi::Py_INCREF(write);
        write
    }
}

/// Raises the exception of an `exc_info` tuple again (PEP 3333: the head is gone already).
///
/// # Safety
/// The interpreter's lock is held and `info` is alive.
unsafe fn reraise(info: *mut ffi::PyObject) {
    // SAFETY: `info` is a live object; its items are borrowed and made owned before
    // PyErr_Restore takes them.
    unsafe {
        if ffi::PyTuple_Check(info) == 0 || ffi::PyTuple_Size(info) != 3 {
            raise(
                ffi::PyExc_TypeError,
                "exc_info must be a tuple of three, as sys.exc_info gives it",
            );
            return;
        }
        let item = |at| {
            let object = ffi::PyTuple_GetItem(info, at);
            if object == ffi::Py_None() {
                return ptr::null_mut();
            }
            ffi::Py_INCREF(object);
            object
        };
        ffi::PyErr_Restore(item(0), item(1), item(2));
    }
}

/// Gives status and headers to the reply; `None` with an exception set where they are wrong.
///
/// # Safety
/// The interpreter's lock is held; both objects are alive.
unsafe fn begin(
    reply: &mut Reply<'_>,
    status: *mut ffi::PyObject,
    headers: *mut ffi::PyObject,
) -> Option<()> {
    // SAFETY: `status` and `headers` are borrowed from the argument tuple, which outlives this;
    // items are borrowed from their containers while the lock is held.
    unsafe {
        let (value_error, type_error) = (ffi::PyExc_ValueError, ffi::PyExc_TypeError);
        let (mut spare, mut spare_value) = (Vec::new(), Vec::new());
        let wrong = |what: &str, error: NotText| match error {
            NotText::Type => raise(type_error, &format!("{what} must be a str")),
            NotText::Range => raise(value_error, &format!("{what} must be latin-1")),
        };
        let line = latin1(status, &mut spare).map_err(|error| wrong("the status", error)).ok()?;
        if let Err(error) = reply.status(line) {
            raise(value_error, &error.to_string());
            return None;
        }
        if ffi::PyList_Check(headers) == 0 {
            raise(type_error, "the response headers must be a list");
            return None;
        }
        for at in 0..ffi::PyList_Size(headers) {
            let pair = ffi::PyList_GetItem(headers, at);
            if ffi::PyTuple_Check(pair) == 0 || ffi::PyTuple_Size(pair) != 2 {
                raise(type_error, "each response header must be a tuple of name and value");
                return None;
            }
            let name = ffi::PyTuple_GetItem(pair, 0);
            let value = ffi::PyTuple_GetItem(pair, 1);
            let name = latin1(name, &mut spare).map_err(|e| wrong("a header name", e)).ok()?;
            let value =
                latin1(value, &mut spare_value).map_err(|e| wrong("a header value", e)).ok()?;
            if let Err(error) = reply.field(name, value) {
                let shown: String = String::from_utf8_lossy(name).escape_default().collect();
                raise(value_error, &format!("{error}: {shown}"));
                return None;
            }
        }
        Some(())
    }
}

/// The callable that `start_response` returns (PEP 3333, "The write() Callable").
///
/// # Safety
/// Only the interpreter calls it, with its lock held, the capsule of `Start::new` and an argument.
unsafe extern "C" fn write(
    capsule: *mut ffi::PyObject,
    block: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: called by the interpreter with the capsule and one live argument.
    unsafe {
        let Some((reply, _)) = desk(capsule) else { return ptr::null_mut() };
        let held;
        let block = if let Some(block) = data(block) {
            block
        } else {
            let Ok(copy) = buffered(block) else { return ptr::null_mut() };
            held = copy;
            data(held.as_ptr()).unwrap_or_default()
        };
        if !reply.begun() {
            raise(ffi::PyExc_AssertionError, "write() was called before start_response");
            return ptr::null_mut();
        }
        reply.block(block);
        let desk = ffi::PyCapsule_GetPointer(capsule, CAPSULE).cast::<Desk>();
        let reply = (*desk).reply;
        // SAFETY: as in `desk`; while the lock is away the desk is closed, so that no other
        // thread of the application reaches the reply, which its own thread keeps alive.
        while (*reply).full() {
            (*desk).reply = ptr::null_mut();
            let state = ffi::PyEval_SaveThread();
            (*reply).wait((*desk).patience);
            ffi::PyEval_RestoreThread(state);
            (*desk).reply = reply;
        }
        ffi::Py_INCREF(ffi::Py_None());
        ffi::Py_None()
    }
}
