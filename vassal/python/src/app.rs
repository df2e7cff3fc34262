//! The application: calling it, and sending what it returns (PEP 3333).

use std::fs::File;
use std::os::fd::BorrowedFd;
use std::ptr;
use std::time::Duration;

use pyo3::ffi;
use shared::settings::Serve;
use vassal::worker::output::Piece;
use vassal::worker::reply::Reply;
use vassal::worker::upload::Body;
use vassal::worker::{App, Call, Turn};

use crate::apps::Apps;
use crate::environ::Environs;
use crate::exception::{Exception, say};
use crate::native;
use crate::object::{Object, data, integer};
use crate::process;
use crate::start::Start;
use crate::support::Support;

/// Lists of more blocks than this, or larger ones, are not joined before they are sent.
const JOIN_MAX: usize = 256 * 1024;

/// Bodies larger than this are released at once, not with the next request.
const LEFTOVER_MAX: usize = 256 * 1024;

/// The WSGI applications of this interpreter.
pub(crate) struct Wsgi {
    apps: Apps,
    support: *mut ffi::PyObject,
    wrapper: *mut ffi::PyObject,
    /// `uwsgi.after_req_hook`, where the application set one.
    after: Option<Object>,
    /// Some exceptions replace this worker (`reload-on-exception`).
    replaces: bool,
    /// The settings as Python sees them.
    settings: Object,
    serve: Serve,
}

// SAFETY: the objects live as long as the process, and they are only used by a thread that holds
// the interpreter's lock.
unsafe impl Sync for Wsgi {}

/// What a thread keeps between requests.
pub(crate) struct Core {
    state: *mut ffi::PyThreadState,
    gil: Option<ffi::PyGILState_STATE>,
    environs: Environs,
    start: Start,
    /// Results of earlier requests, to be released when the lock is held again.
    leftovers: Vec<Object>,
}

/// What is left to do when the lock has been given back.
enum Rest {
    /// Nothing.
    Nothing,
    /// Send this `bytes` object.
    Whole(Object),
}

/// The application raised; the exception is set.
pub(crate) struct Raised;

impl Wsgi {
    /// The applications that were loaded (none answers 500 to everything). Leaks its references:
    /// they live as long as the process.
    pub(crate) fn new(apps: Apps, support: Support, settings: Object, serve: Serve) -> Self {
        let space = support.space();
        // SAFETY: None is a constant of the interpreter.
        let none = unsafe { ffi::Py_None() };
        let after = support.call(c"after_request", &[]).filter(|hook| hook.as_ptr() != none);
        std::mem::forget(support);
        // SAFETY: the lock is held and `space` is the namespace of support.py.
        let wrapper = unsafe { ffi::PyDict_GetItemString(space, c"FileWrapper".as_ptr()) };
        let replaces = serve.python.reload_on.is_set();
        Self { apps, support: space, wrapper, after, replaces, settings, serve }
    }

    /// Calls the application and sends its answer, as far as that needs the lock.
    ///
    /// While the application runs, `start_response` and `write` change the reply through the
    /// desk's pointer: everything here uses that pointer too, and no reference to the reply is
    /// alive while Python code runs.
    fn run(
        &self,
        core: &mut Core,
        mut call: Call<'_>,
        reply: *mut Reply<'_>,
    ) -> Result<Rest, Raised> {
        if let Body::Stream(stream) = &mut call.body {
            core.start.feed(stream);
        }
        let environ = core.environs.build(call).map_err(|_| Raised)?;
        let number = self.apps.choose(&environ).map_err(|_| Raised)?;
        // SAFETY: the reply is the caller's, who uses it again when this has returned.
        let notes = unsafe { (*reply).notes() };
        let Some(number) = number else {
            say_no_app();
            notes.app = -1;
            // SAFETY: as above.
            unsafe { (*reply).fail("Internal Server Error") };
            return Ok(Rest::Nothing);
        };
        notes.app = number as i32;
        let called = environ.as_ptr();
        core.start.keep(environ);
        core.start.open(reply);
        // SAFETY: the lock is held, arguments are live (the desk keeps the environ), the list ends in null.
        let result = unsafe {
            Object::new(ffi::PyObject_CallFunctionObjArgs(
                self.apps.application(number),
                called,
                core.start.callable(),
                ptr::null_mut::<ffi::PyObject>(),
            ))
        };
        process::end_if_forked();
        let result = result.ok_or(Raised)?;
        let rest = self.send(core, &result, reply);
        match rest {
            Ok(Send::Whole(owner)) => Ok(Rest::Whole(owner)),
            Ok(Send::Done) => Ok(Rest::Nothing),
            Ok(Send::Close) => close(&result).map(|()| Rest::Nothing),
            Err(Raised) => {
                // close() runs whatever happened; the first exception is the one to tell
                let first = Exception::take();
                if close(&result).is_err() {
                    self.tell(&Exception::take());
                }
                first.put_back();
                Err(Raised)
            }
        }
    }

    /// Sends a result: the common kinds first, then the iterator protocol.
    fn send(
        &self,
        core: &mut Core,
        result: &Object,
        place: *mut Reply<'_>,
    ) -> Result<Send, Raised> {
        let object = result.as_ptr();
        // SAFETY: the lock is held and `object` is alive; items are borrowed from it. `place`
        // is the reply of `handle`; what uses the reference runs no Python code but for an error.
        unsafe {
            let reply = &mut *place;
            let mut single = object;
            if ffi::PyList_CheckExact(object) != 0 {
                match ffi::PyList_Size(object) {
                    1 => single = ffi::PyList_GetItem(object, 0),
                    count => {
                        if let Some(sent) =
                            blocks(reply, count, |at| ffi::PyList_GetItem(object, at))
                        {
                            return sent;
                        }
                    }
                }
            } else if ffi::PyTuple_CheckExact(object) != 0 {
                match ffi::PyTuple_Size(object) {
                    1 => single = ffi::PyTuple_GetItem(object, 0),
                    count => {
                        if let Some(sent) =
                            blocks(reply, count, |at| ffi::PyTuple_GetItem(object, at))
                        {
                            return sent;
                        }
                    }
                }
            }
            if ffi::PyBytes_CheckExact(single) != 0 {
                let body = data(single).ok_or(Raised)?;
                if reply.sent() {
                    reply.block(body);
                    reply.end();
                    return Ok(Send::Done);
                }
                begun(reply)?;
                // the bytes themselves, not the list: whoever kept that may change it
                return Ok(Send::Whole(Object::borrow(single).ok_or(Raised)?));
            }
            if ffi::Py_TYPE(object).cast() == self.wrapper {
                begun(reply)?;
                // behind `write` the file's size would be a chunk's, which nothing could end
                if !reply.sent() {
                    if let Some(piece) = piece(object) {
                        reply.piece(piece);
                        return Ok(Send::Close);
                    }
                    ffi::PyErr_Clear();
                }
            }
            self.iterate(core, object, place)
        }
    }

    /// Sends block by block; waits, without the lock, for a client that is far behind.
    ///
    /// # Safety
    /// The interpreter's lock is held, `object` is alive, and `place` is the reply of `handle`.
    unsafe fn iterate(
        &self,
        core: &mut Core,
        object: *mut ffi::PyObject,
        place: *mut Reply<'_>,
    ) -> Result<Send, Raised> {
        // SAFETY: the lock is held and `object` is alive; around the wait the lock is given
        // back and taken again by the same thread, and nothing of Python is touched meanwhile.
        // References to the reply of `handle` are made anew after each call into Python.
        unsafe {
            let iterator = Object::new(ffi::PyObject_GetIter(object)).ok_or(Raised)?;
            while let Some(item) = Object::new(ffi::PyIter_Next(iterator.as_ptr())) {
                process::end_if_forked();
                let held;
                let block = if let Some(block) = data(item.as_ptr()) {
                    block
                } else {
                    held = buffered(item.as_ptr())?;
                    data(held.as_ptr()).ok_or(Raised)?
                };
                let reply = &mut *place;
                if !block.is_empty() {
                    begun(reply)?;
                }
                reply.block(block);
                while reply.full() {
                    // other threads of the application may hold our start_response
                    core.start.close();
                    core.state = ffi::PyEval_SaveThread();
                    reply.wait(self.serve.socket_timeout.max(Duration::from_secs(1)));
                    ffi::PyEval_RestoreThread(core.state);
                    core.start.open(place);
                }
                if reply.lost() {
                    return Ok(Send::Close);
                }
            }
            if !ffi::PyErr_Occurred().is_null() {
                return Err(Raised);
            }
            let reply = &mut *place;
            begun(reply)?;
            reply.end();
            Ok(Send::Close)
        }
    }

    /// Writes an exception to the log; returns the traceback.
    fn tell(&self, exception: &Exception) -> String {
        let text = exception.text(self.support);
        say(self.support, &text);
        text
    }
}

/// How a result was sent.
enum Send {
    /// This `bytes` object is the whole body; it is sent without the lock.
    Whole(Object),
    /// All is sent, and the result has no `close`.
    Done,
    /// All is sent; `close` has to be called.
    Close,
}

impl App for Wsgi {
    type Core = Core;

    fn enter(&self, number: u32) -> Core {
        // SAFETY: the interpreter is initialised; PyGILState_Ensure makes (or finds) the thread
        // state of this thread, and the lock is given back before anybody waits.
        unsafe {
            let gil = ffi::PyGILState_Ensure();
            let environs = Environs::new(&self.serve, self.support, number)
                .expect("memory for the template environ at start-up");
            let start = Start::new(number, self.serve.socket_timeout.max(Duration::from_secs(1)))
                .expect("memory for start_response at start-up");
            if let (Some(support), Some(core)) = (Support::of(self.support), integer(number)) {
                support.run(c"name_thread", &[&core]);
            }
            let state = ffi::PyEval_SaveThread();
            Core { state, gil: Some(gil), environs, start, leftovers: Vec::new() }
        }
    }

    fn handle(&self, core: &mut Core, call: Call<'_>, reply: &mut Reply<'_>, turn: Turn<'_>) {
        let number = call.core;
        // SAFETY: `core.state` is this thread's own state, saved by this thread; between restore
        // and save this thread holds the lock.
        let rest = unsafe {
            ffi::PyEval_RestoreThread(core.state);
            drop(turn);
            core.leftovers.clear();
            let place: *mut Reply<'_> = reply;
            let rest = self.run(core, call, place).unwrap_or_else(|Raised| {
                let exception = Exception::take();
                let text = self.tell(&exception);
                if self.replaces && exception.replaces(self.support, &self.settings) {
                    native::retire();
                }
                drop(exception);
                let reply = &mut *place;
                reply.fail(if self.serve.catch_exceptions {
                    &text
                } else {
                    "Internal Server Error"
                });
                Rest::Nothing
            });
            core.start.close();
            if self.after.is_none() {
                core.start.end();
            }
            // its size and place are asked for while the lock is held
            let body = match &rest {
                Rest::Whole(owner) => data(owner.as_ptr()).unwrap_or_default(),
                Rest::Nothing => &[],
            };
            core.state = ffi::PyEval_SaveThread();
            (rest, body)
        };
        if let (Rest::Whole(owner), body) = rest {
            // the bytes are immutable, and this reference keeps them
            reply.whole(body);
            if body.len() > LEFTOVER_MAX {
                // SAFETY: this thread's own state, as above; the reference goes under the lock.
                unsafe {
                    ffi::PyEval_RestoreThread(core.state);
                    drop(owner);
                    core.state = ffi::PyEval_SaveThread();
                }
            } else {
                core.leftovers.push(owner);
            }
        }
        if let Some(hook) = &self.after {
            native::relax(number);
            // SAFETY: this thread's own state, as above; the hook lives as long as the process.
            unsafe {
                ffi::PyEval_RestoreThread(core.state);
                let null = ptr::null_mut::<ffi::PyObject>();
                let done = ffi::PyObject_CallFunctionObjArgs(hook.as_ptr(), null);
                if Object::new(done).is_none() {
                    self.tell(&Exception::take());
                }
                core.start.end();
                core.state = ffi::PyEval_SaveThread();
            }
        }
    }

    fn explain(&self) {
        native::explain();
    }

    fn leave(&self, mut core: Core) {
        // SAFETY: as in `enter` and `handle`: this thread's own state; everything that holds
        // references is dropped while the lock is held.
        unsafe {
            ffi::PyEval_RestoreThread(core.state);
            let gil = core.gil.take();
            drop(core);
            if let Some(gil) = gil {
                ffi::PyGILState_Release(gil);
            }
        }
    }
}

/// Sends a list or tuple of blocks; joined when that is cheap, so that the length is known. `None`
/// where a block is not bytes: whoever iterates finds out what it is.
///
/// # Safety
/// The interpreter's lock is held, and what `item` gives is alive while no Python code runs.
unsafe fn blocks(
    reply: &mut Reply<'_>,
    count: ffi::Py_ssize_t,
    item: impl Fn(ffi::Py_ssize_t) -> *mut ffi::PyObject,
) -> Option<Result<Send, Raised>> {
    let parts: Vec<&[u8]> = (0..count).map(|at| data(item(at))).collect::<Option<_>>()?;
    if let Err(raised) = begun(reply) {
        return Some(Err(raised));
    }
    let total: usize = parts.iter().map(|part| part.len()).sum();
    if !reply.sent() && total <= JOIN_MAX {
        reply.whole(&parts.concat());
        return Some(Ok(Send::Done));
    }
    for part in parts {
        reply.block(part);
    }
    reply.end();
    Some(Ok(Send::Done))
}

/// Sets the exception for an answer without a head.
fn begun(reply: &Reply<'_>) -> Result<(), Raised> {
    if reply.begun() {
        return Ok(());
    }
    let text = c"the application returned without calling start_response";
    // SAFETY: the lock is held.
    unsafe { ffi::PyErr_SetString(ffi::PyExc_AssertionError, text.as_ptr()) };
    Err(Raised)
}

/// A copy of a block that is not bytes but has a buffer; other objects are an error.
pub(crate) fn buffered(object: *mut ffi::PyObject) -> Result<Object, Raised> {
    // SAFETY: the lock is held and the objects are alive.
    unsafe {
        let Some(view) = Object::new(ffi::PyMemoryView_FromObject(object)) else {
            ffi::PyErr_Clear();
            return Err(wrong_block(object));
        };
        Object::new(ffi::PyBytes_FromObject(view.as_ptr())).ok_or(Raised)
    }
}

/// Sets the exception for a block that is not bytes.
fn wrong_block(object: *mut ffi::PyObject) -> Raised {
    // SAFETY: the lock is held and the object is alive; the format names one object.
    unsafe {
        let kind = ffi::PyObject_Type(object);
        ffi::PyErr_Format(
            ffi::PyExc_TypeError,
            c"the application's iterable must give bytes, not %R".as_ptr(),
            kind,
        );
        ffi::Py_XDECREF(kind);
    }
    Raised
}

/// Calls `close` of a result that has one.
fn close(result: &Object) -> Result<(), Raised> {
    // SAFETY: the lock is held and the object is alive.
    unsafe {
        if ffi::PyObject_HasAttrString(result.as_ptr(), c"close".as_ptr()) == 0 {
            return Ok(());
        }
        let method = ffi::PyObject_GetAttrString(result.as_ptr(), c"close".as_ptr());
        let method = Object::new(method).ok_or(Raised)?;
        let null = ptr::null_mut::<ffi::PyObject>();
        let done = ffi::PyObject_CallFunctionObjArgs(method.as_ptr(), null);
        Object::new(done).map(drop).ok_or(Raised)
    }
}

/// The regular file inside a `FileWrapper`, from its current position to its end. `None` (perhaps
/// with an exception set) where it has no descriptor, or is no regular file.
///
/// # Safety
/// The interpreter's lock is held and `wrapper` is a live `FileWrapper`.
unsafe fn piece(wrapper: *mut ffi::PyObject) -> Option<Piece> {
    let null = ptr::null_mut::<ffi::PyObject>();
    // SAFETY: the lock is held, `wrapper` is alive, lists end in null; the descriptor is
    // borrowed from the file object, which lives, for the duplication only.
    unsafe {
        let file = Object::new(ffi::PyObject_GetAttrString(wrapper, c"filelike".as_ptr()))?;
        let number = |name: *const std::os::raw::c_char| -> Option<i64> {
            let method = Object::new(ffi::PyObject_GetAttrString(file.as_ptr(), name))?;
            let value = Object::new(ffi::PyObject_CallFunctionObjArgs(method.as_ptr(), null))?;
            let value = ffi::PyLong_AsLongLong(value.as_ptr());
            (value >= 0).then_some(value)
        };
        let descriptor = i32::try_from(number(c"fileno".as_ptr())?).ok()?;
        // what the object has buffered was read from the descriptor: its own position counts
        let offset = number(c"tell".as_ptr())?;
        let copy = BorrowedFd::borrow_raw(descriptor).try_clone_to_owned().ok()?;
        let file = File::from(copy);
        let facts = file.metadata().ok().filter(std::fs::Metadata::is_file)?;
        Some(Piece { file, offset, left: facts.len().saturating_sub(offset as u64) })
    }
}

/// uWSGI's words for it: people look for them.
fn say_no_app() {
    eprintln!("--- no python application found, check your startup logs for errors ---");
}
