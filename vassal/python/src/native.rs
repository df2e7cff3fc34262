//! What the module `uwsgi` (module.py) asks of the server: functions of the extension.
//!
//! None of this is on the way of a request that does not ask for it: what a thread serves is
//! found through a pointer that the thread leaves behind once, when it starts.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use pyo3::exceptions::{PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyAny, PyBytes};
use vassal::scoreboard::{Count, Scoreboard};
use vassal::worker::engine::Engine;
use vassal::worker::reply::Reply;

use crate::app::Wsgi;
use crate::locks::Locks;
use crate::start::Desk;

/// Values that a request may have for its line in the log.
const NOTES_MAX: usize = 64;

/// The locks of `uwsgi.lock`, from the nursery's start on.
static LOCKS: OnceLock<Locks> = OnceLock::new();
/// The scoreboard, from the nursery's start on.
static BOARD: OnceLock<Scoreboard> = OnceLock::new();

/// The loop of this worker, once it serves.
static ENGINE: OnceLock<&'static Engine<Wsgi>> = OnceLock::new();

/// Keeps the loop. Called once in a worker.
pub(crate) fn serving(engine: &'static Engine<Wsgi>) {
    let _ = ENGINE.set(engine);
}

/// Whether faulthandler listens to [`stacks`].
static EXPLAINS: AtomicBool = AtomicBool::new(false);

/// The signal that brings the stacks of all threads into the log: one that nobody else uses.
pub(crate) fn stacks() -> i32 {
    nix::libc::SIGRTMAX() - 3
}

/// faulthandler listens to [`stacks`] from now on.
#[pyfunction]
fn explains() {
    EXPLAINS.store(true, Relaxed);
}

/// Writes the stacks of all threads to standard error. Needs no lock of the interpreter.
pub(crate) fn explain() {
    if EXPLAINS.load(Relaxed) {
        // SAFETY: the signal has a handler, that of faulthandler; sent to this very thread, it
        // has run when this returns.
        unsafe { nix::libc::raise(stacks()) };
    }
}

/// Has this worker replaced.
pub(crate) fn retire() {
    if let Some(engine) = ENGINE.get() {
        engine.retire();
    }
}

/// The request of a core has its answer: what follows is a hook.
pub(crate) fn relax(core: u32) {
    if let Some(engine) = ENGINE.get() {
        engine.relax(core);
    }
}

/// Keeps what the functions need. Called once in a nursery.
pub(crate) fn keep(locks: Locks, board: Scoreboard) {
    let _ = (LOCKS.set(locks), BOARD.set(board));
}

/// Adds the functions to the extension.
pub(crate) fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(workers, module)?)?;
    module.add_function(wrap_pyfunction!(lock, module)?)?;
    module.add_function(wrap_pyfunction!(unlock, module)?)?;
    module.add_function(wrap_pyfunction!(locked, module)?)?;
    module.add_function(wrap_pyfunction!(name, module)?)?;
    module.add_function(wrap_pyfunction!(environ, module)?)?;
    module.add_function(wrap_pyfunction!(descriptor, module)?)?;
    module.add_function(wrap_pyfunction!(hang_up, module)?)?;
    module.add_function(wrap_pyfunction!(note, module)?)?;
    module.add_function(wrap_pyfunction!(noted, module)?)?;
    module.add_function(wrap_pyfunction!(want, module)?)?;
    module.add_function(wrap_pyfunction!(explains, module)?)?;
    module.add_function(wrap_pyfunction!(serial, module)?)?;
    module.add_function(wrap_pyfunction!(receive, module)?)?;
    module.add_function(wrap_pyfunction!(limit, module)?)
}

/// One worker: number, pid, requests, exceptions, whether it is busy, microseconds in requests,
/// start (seconds since the epoch), bytes sent, mean microseconds, whether it accepts.
type Row = (u64, u64, u64, u64, bool, u64, u64, u64, u64, bool);

/// What the scoreboard says of each worker.
#[pyfunction]
fn workers() -> Vec<Row> {
    let Some(board) = BOARD.get() else { return Vec::new() };
    let row = |seat| {
        let read = |which| board.count(seat, which).load(Relaxed);
        (
            read(Count::Worker),
            read(Count::Pid),
            read(Count::Requests),
            read(Count::Exceptions),
            board.busy(seat),
            read(Count::Running),
            read(Count::Spawned),
            read(Count::Sent),
            read(Count::Average),
            read(Count::Accepting) > 0,
        )
    };
    (0..board.seats()).map(row).filter(|row| row.1 > 0).collect()
}

fn locks() -> PyResult<&'static Locks> {
    LOCKS.get().ok_or_else(|| PyRuntimeError::new_err("there are no locks yet"))
}

fn checked(number: u32) -> PyResult<&'static Locks> {
    let locks = locks()?;
    if number < locks.count() {
        return Ok(locks);
    }
    let message = format!("there are {} locks, numbered from 0: see \"locks\"", locks.count());
    Err(PyValueError::new_err(message))
}

/// Takes a lock; waits for it without the interpreter's lock.
#[pyfunction]
fn lock(py: Python<'_>, number: u32) -> PyResult<()> {
    let locks = checked(number)?;
    py.detach(|| locks.take(number)).map_err(PyOSError::new_err)
}

/// Gives a lock back.
#[pyfunction]
fn unlock(number: u32) -> PyResult<()> {
    checked(number)?.give(number).map_err(PyOSError::new_err)
}

/// Whether any worker has a lock.
#[pyfunction]
fn locked(number: u32) -> PyResult<bool> {
    checked(number)?.is_taken(number).map_err(PyOSError::new_err)
}

/// Sets the short name of this process. The whole title is a matter of one thread only.
#[pyfunction]
fn name(text: &str) -> PyResult<()> {
    let cut = text.floor_char_boundary(15);
    let text = std::ffi::CString::new(text[..cut].replace('\0', " "))?;
    nix::sys::prctl::set_name(&text).map_err(|error| PyOSError::new_err(error.to_string()))
}

/// The environ of the request that this thread serves.
#[pyfunction]
fn environ(py: Python<'_>) -> Option<Py<PyAny>> {
    let environ = Desk::here()?.environ()?;
    // SAFETY: the lock is held, and the desk keeps the dictionary alive.
    Some(unsafe { Bound::from_borrowed_ptr(py, environ) }.unbind())
}

/// The descriptor of the connection that this thread serves; -1 where there is none.
#[pyfunction]
fn descriptor() -> i32 {
    Desk::here().and_then(|desk| desk.reply()).map_or(-1, |reply| reply.descriptor())
}

/// Ends the answer of the request that this thread serves.
#[pyfunction]
fn hang_up(py: Python<'_>) {
    let Some(desk) = Desk::here() else { return };
    desk.apart(py, Reply::hang_up);
}

/// Gives the request that this thread serves so many seconds from now; 0 takes that back.
#[pyfunction]
fn limit(seconds: u32) -> PyResult<()> {
    let (Some(desk), Some(engine)) = (Desk::here(), ENGINE.get()) else { return Ok(()) };
    let core = desk.core;
    let Some(reply) = desk.reply() else { return Ok(()) };
    let time = (seconds > 0).then(|| Duration::from_secs(seconds.into()));
    engine.limit(core, reply, time).map_err(PyErr::from)
}

/// The number of the body that this thread's request is about to read.
#[pyfunction]
fn serial() -> u64 {
    Desk::here().map_or(0, |desk| desk.serial())
}

/// At most `size` bytes of the body with that number; empty at its end.
#[pyfunction]
fn receive(py: Python<'_>, serial: u64, size: usize) -> PyResult<Bound<'_, PyBytes>> {
    let mut buffer = vec![0; size.min(64 * 1024)];
    let read = Desk::here().and_then(|desk| desk.receive(py, serial, &mut buffer));
    let read = read.ok_or_else(|| {
        PyOSError::new_err("the request of this wsgi.input is over, or another thread's")
    })?;
    Ok(PyBytes::new(py, &buffer[..read?]))
}

/// Keeps a value for the line of the request that this thread serves.
#[pyfunction]
fn note(name: String, value: &[u8]) {
    if let Some(reply) = Desk::here().and_then(|desk| desk.reply()) {
        let values = &mut reply.notes().values;
        values.retain(|(one, _)| *one != name);
        if values.len() < NOTES_MAX {
            values.push((name, value.to_vec()));
        }
    }
}

/// A value that was kept for the line of the request.
#[pyfunction]
fn noted<'py>(py: Python<'py>, name: &str) -> Option<Bound<'py, PyBytes>> {
    let reply = Desk::here().and_then(|desk| desk.reply())?;
    let found = reply.notes().values.iter().find(|(one, _)| one == name);
    found.map(|(_, value)| PyBytes::new(py, value))
}

/// Has a line written for the request that this thread serves.
#[pyfunction]
fn want() {
    if let Some(reply) = Desk::here().and_then(|desk| desk.reply()) {
        reply.notes().wanted = true;
    }
}
