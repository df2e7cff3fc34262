//! The extension `_vassal`: the tenant's own interpreter loads it and becomes a nursery.
//!
//! Built against the stable ABI, one artefact serves every CPython from 3.8 on. The request path
//! uses the C API directly ([`object`] says why); everything else could not be simpler.
#![expect(unsafe_code, reason = "the C API of CPython; each block says why its condition holds")]

/// Calling the application.
mod app;
/// Several applications, and which one a request is for.
mod apps;
/// The environ of a request.
mod environ;
/// Exceptions of the application.
mod exception;
/// Hooks of the interpreter's phases.
mod hooks;
/// Locks that workers share.
mod locks;
/// Which files the loaded modules came from.
mod modules;
/// What the module `uwsgi` asks of the server.
mod native;
/// The life of a nursery and its workers.
mod nursery;
/// Owned references.
mod object;
/// Fork, signals, parents.
mod process;
/// `start_response` and `write`.
mod start;
/// What is said more plainly in Python.
mod support;

use pyo3::prelude::*;

/// Runs the nursery whose control socket is standard input. Ends the process.
#[pyfunction]
#[pyo3(pass_module)]
fn main(module: &Bound<'_, PyModule>) {
    shared::sys::process::leave(nursery::run(module));
}

/// The module's table of contents.
#[pymodule]
fn _vassal(module: &Bound<'_, PyModule>) -> PyResult<()> {
    native::add(module)?;
    module.add_function(wrap_pyfunction!(main, module)?)
}
