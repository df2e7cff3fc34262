//! Exceptions of the application: taken, told, put back.

use std::ptr;

use pyo3::ffi;

use crate::object::{Object, data};

/// An exception that was taken from the interpreter.
pub(crate) struct Exception {
    kind: Option<Object>,
    value: Option<Object>,
    trace: Option<Object>,
}

impl Exception {
    /// Takes the current exception.
    pub(crate) fn take() -> Self {
        let (mut kind, mut value, mut trace) = (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
        // SAFETY: the lock is held; the three references become ours.
        unsafe {
            ffi::PyErr_Fetch(&raw mut kind, &raw mut value, &raw mut trace);
            ffi::PyErr_NormalizeException(&raw mut kind, &raw mut value, &raw mut trace);
            Self { kind: Object::new(kind), value: Object::new(value), trace: Object::new(trace) }
        }
    }

    /// Whether a worker is replaced after it. `settings` are those that support.py knows.
    pub(crate) fn replaces(&self, support: *mut ffi::PyObject, settings: &Object) -> bool {
        let pointer = |object: &Option<Object>| {
            // SAFETY: Py_None is a constant of the interpreter.
            object.as_ref().map_or(unsafe { ffi::Py_None() }, Object::as_ptr)
        };
        // SAFETY: the lock is held; arguments are live; the list ends in null.
        unsafe {
            let replaces = ffi::PyDict_GetItemString(support, c"replaces".as_ptr());
            let answer = Object::new(ffi::PyObject_CallFunctionObjArgs(
                replaces,
                settings.as_ptr(),
                pointer(&self.kind),
                pointer(&self.value),
                ptr::null_mut::<ffi::PyObject>(),
            ));
            ffi::PyErr_Clear();
            answer.is_some_and(|answer| ffi::PyObject_IsTrue(answer.as_ptr()) == 1)
        }
    }

    /// Makes it current again.
    pub(crate) fn put_back(self) {
        let give = |object: Option<Object>| object.map_or(ptr::null_mut(), Object::into_ptr);
        // SAFETY: the lock is held; the references are given away.
        unsafe { ffi::PyErr_Restore(give(self.kind), give(self.value), give(self.trace)) }
    }

    /// The traceback as text. `support` is the namespace of support.py.
    pub(crate) fn text(&self, support: *mut ffi::PyObject) -> String {
        let pointer = |object: &Option<Object>| {
            // SAFETY: Py_None is a constant of the interpreter.
            object.as_ref().map_or(unsafe { ffi::Py_None() }, Object::as_ptr)
        };
        // SAFETY: the lock is held; arguments are live; the list ends in null; the result is
        // checked to be bytes.
        unsafe {
            let describe = ffi::PyDict_GetItemString(support, c"describe".as_ptr());
            let text = Object::new(ffi::PyObject_CallFunctionObjArgs(
                describe,
                pointer(&self.kind),
                pointer(&self.value),
                pointer(&self.trace),
                ptr::null_mut::<ffi::PyObject>(),
            ));
            let utf8 = text.and_then(|text| {
                Object::new(ffi::PyUnicode_AsEncodedString(
                    text.as_ptr(),
                    c"utf-8".as_ptr(),
                    c"backslashreplace".as_ptr(),
                ))
            });
            ffi::PyErr_Clear();
            utf8.and_then(|utf8| Some(String::from_utf8_lossy(data(utf8.as_ptr())?).into_owned()))
                .unwrap_or_else(|| "an exception that cannot be shown\n".into())
        }
    }
}

/// Writes to the application's standard error.
pub(crate) fn say(support: *mut ffi::PyObject, text: &str) {
    let bytes = text.as_bytes();
    // SAFETY: the lock is held; arguments are live; the list ends in null.
    unsafe {
        let say = ffi::PyDict_GetItemString(support, c"say".as_ptr());
        let text = Object::new(ffi::PyUnicode_DecodeUTF8(
            bytes.as_ptr().cast(),
            bytes.len() as ffi::Py_ssize_t,
            c"replace".as_ptr(),
        ));
        if let Some(text) = text {
            let null = ptr::null_mut::<ffi::PyObject>();
            drop(Object::new(ffi::PyObject_CallFunctionObjArgs(say, text.as_ptr(), null)));
        }
        ffi::PyErr_Clear();
    }
}
