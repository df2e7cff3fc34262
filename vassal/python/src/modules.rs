//! Which files the loaded modules came from (`py-autoreload`): told to the master, which looks
//! whether they change. The nursery tells what the import loaded, workers what came later.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::ptr;
use std::time::Duration;

use pyo3::ffi;
use shared::settings::Serve;
use vassal::nursery;
use vassal::worker::control::{self, send};

use crate::object::{Object, data, text};
use crate::support::Support;

/// Bytes of file names in one packet: half of what a packet takes, as JSON may double them.
const PACKET: usize = 32 * 1024;

/// Tells the master what the nursery has loaded.
pub(crate) fn tell_of_import(
    support: &Support,
    serve: &Serve,
    master: impl AsFd,
) -> io::Result<()> {
    if serve.supervision.autoreload.is_none() {
        return Ok(());
    }
    for files in packets(fresh(support.space(), serve)) {
        send(&master, &nursery::News::Modules { files }, &[])?;
    }
    Ok(())
}

/// Tells the master what a worker has loaded, and from time to time what came since, in a thread
/// that ends with the process. Called with the lock held.
pub(crate) fn keep_telling(support: &Support, serve: &Serve, control: &OwnedFd) {
    let Some(every) = serve.supervision.autoreload else { return };
    let Ok(control) = control.try_clone() else { return };
    for files in packets(fresh(support.space(), serve)) {
        let _ = send(&control, &control::News::Modules(files), &[]);
    }
    let serve = serve.clone();
    // the namespace is never freed; the thread uses it with the lock held only
    let support = support.space() as usize;
    let thread = std::thread::Builder::new().name("uWSGIModules".into());
    let started = thread.spawn(move || tell(support, &serve, &control, every));
    if let Err(error) = started {
        eprintln!("py-autoreload: modules that are loaded later are not watched: {error}");
    }
}

fn tell(support: usize, serve: &Serve, control: &OwnedFd, every: Duration) {
    loop {
        std::thread::park_timeout(every);
        // SAFETY: any thread may ask for the lock of a running interpreter; it is given back
        // below, and the pointer is to the namespace that lives as long as the process.
        let files = unsafe {
            let state = ffi::PyGILState_Ensure();
            let files = fresh(support as *mut ffi::PyObject, serve);
            ffi::PyGILState_Release(state);
            files
        };
        for files in packets(files) {
            if send(control, &control::News::Modules(files), &[]).is_err() {
                return;
            }
        }
    }
}

/// The files that were not told of before. Called with the lock held.
fn fresh(support: *mut ffi::PyObject, serve: &Serve) -> Vec<String> {
    let Some(ignored) = text(serve.supervision.autoreload_ignore.join(" ").as_bytes()) else {
        return Vec::new();
    };
    // SAFETY: the lock is held; the name is one of support.py's; the list ends in null.
    unsafe {
        let function = ffi::PyDict_GetItemString(support, c"modules".as_ptr());
        let null = ptr::null_mut::<ffi::PyObject>();
        let Some(found) =
            Object::new(ffi::PyObject_CallFunctionObjArgs(function, ignored.as_ptr(), null))
        else {
            ffi::PyErr_Print();
            return Vec::new();
        };
        let text = String::from_utf8_lossy(data(found.as_ptr()).unwrap_or_default()).into_owned();
        text.lines().map(str::to_owned).collect()
    }
}

/// The names in portions that fit a packet.
fn packets(files: Vec<String>) -> Vec<Vec<String>> {
    let mut all: Vec<Vec<String>> = Vec::new();
    let mut size = PACKET;
    for file in files {
        if size + file.len() > PACKET {
            all.push(Vec::new());
            size = 0;
        }
        size += file.len();
        if let Some(last) = all.last_mut() {
            last.push(file);
        }
    }
    all
}
