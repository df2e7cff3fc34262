//! Owned references, and the few conversions that the request path needs.
//!
//! The safe API of pyo3 costs twice as much there (measured); this is the least that keeps
//! reference counts right by construction. Everything in this file needs the interpreter's
//! lock, destructors included.

use std::os::raw::c_char;
use std::ptr::NonNull;

use pyo3::ffi;

// SAFETY: the signature is that of CPython's header, the same in all its versions.
unsafe extern "C" {
    /// In the stable ABI since 3.10, and exported by every CPython since 3.3.
    fn PyUnicode_AsUTF8AndSize(
        text: *mut ffi::PyObject,
        size: *mut ffi::Py_ssize_t,
    ) -> *const c_char;
}

/// One owned reference.
#[derive(Debug)]
pub(crate) struct Object(NonNull<ffi::PyObject>);

impl Object {
    /// Takes a new reference; `None` when the call failed (an exception is set).
    ///
    /// # Safety
    /// `pointer` is null or a new reference that nobody else releases.
    pub(crate) unsafe fn new(pointer: *mut ffi::PyObject) -> Option<Self> {
        NonNull::new(pointer).map(Self)
    }

    /// Makes a borrowed reference an owned one.
    ///
    /// # Safety
    /// `pointer` is null or a live object.
    pub(crate) unsafe fn borrow(pointer: *mut ffi::PyObject) -> Option<Self> {
        let object = NonNull::new(pointer)?;
        // SAFETY: the caller says that it is alive.
        unsafe { ffi::Py_INCREF(pointer) };
        Some(Self(object))
    }

    /// The pointer, still owned by this.
    pub(crate) fn as_ptr(&self) -> *mut ffi::PyObject {
        self.0.as_ptr()
    }

    /// Gives the reference away.
    pub(crate) fn into_ptr(self) -> *mut ffi::PyObject {
        let pointer = self.as_ptr();
        std::mem::forget(self);
        pointer
    }
}

impl Drop for Object {
    fn drop(&mut self) {
        // SAFETY: this reference is ours, and the lock is held wherever objects are dropped:
        // cores clear their leftovers only after they took it.
        unsafe { ffi::Py_DECREF(self.as_ptr()) }
    }
}

/// A `str` of latin-1 bytes (PEP 3333's "bytes in text").
pub(crate) fn text(bytes: &[u8]) -> Option<Object> {
    let (start, size) = (bytes.as_ptr().cast::<c_char>(), bytes.len() as ffi::Py_ssize_t);
    // SAFETY: pointer and length are of one slice; latin-1 decodes any byte.
    unsafe { Object::new(ffi::PyUnicode_DecodeLatin1(start, size, std::ptr::null())) }
}

/// A `str` of UTF-8.
pub(crate) fn utf8(words: &str) -> Option<Object> {
    let (start, size) = (words.as_ptr().cast::<c_char>(), words.len() as ffi::Py_ssize_t);
    // SAFETY: pointer and length are of one string.
    unsafe { Object::new(ffi::PyUnicode_FromStringAndSize(start, size)) }
}

/// An `int`.
pub(crate) fn integer(number: u32) -> Option<Object> {
    // SAFETY: the lock is held.
    unsafe { Object::new(ffi::PyLong_FromLong(number.into())) }
}

/// A `str` that is a dictionary key for the life of the process.
pub(crate) fn key(name: &str) -> Object {
    let pointer = text(name.as_bytes()).map(Object::into_ptr);
    let mut pointer = pointer.expect("memory for a short string at start-up");
    // SAFETY: interning replaces the reference by another owned one.
    unsafe {
        ffi::PyUnicode_InternInPlace(&raw mut pointer);
        Object::new(pointer).expect("interning returns an object")
    }
}

/// A `bytes` object.
pub(crate) fn bytes(data: &[u8]) -> Option<Object> {
    // SAFETY: pointer and length are of one slice; the data is copied.
    unsafe {
        Object::new(ffi::PyBytes_FromStringAndSize(data.as_ptr().cast(), data.len() as isize))
    }
}

/// The content of a `bytes` object; `None` for anything else.
///
/// The slice lives as long as the object, which is immutable.
pub(crate) fn data<'a>(object: *mut ffi::PyObject) -> Option<&'a [u8]> {
    // SAFETY: checked to be bytes before its buffer is asked for; callers keep the object alive
    // while they use the slice.
    unsafe {
        if ffi::PyBytes_Check(object) == 0 {
            return None;
        }
        let size = ffi::PyBytes_Size(object);
        Some(std::slice::from_raw_parts(ffi::PyBytes_AsString(object).cast(), size as usize))
    }
}

/// Why a native string is not what a head may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotText {
    /// It is no `str`.
    Type,
    /// It holds a character beyond latin-1.
    Range,
}

/// The latin-1 bytes of a `str`; `spare` holds them where they are not plain ASCII.
pub(crate) fn latin1<'a>(
    object: *mut ffi::PyObject,
    spare: &'a mut Vec<u8>,
) -> Result<&'a [u8], NotText> {
    let mut size = 0;
    // SAFETY: checked to be a str; the returned buffer belongs to it and lives as long, which is
    // longer than the caller's use: it holds the tuple that holds the str.
    let utf8: &'a [u8] = unsafe {
        if ffi::PyUnicode_Check(object) == 0 {
            return Err(NotText::Type);
        }
        let start = PyUnicode_AsUTF8AndSize(object, &raw mut size);
        if start.is_null() {
            ffi::PyErr_Clear(); // a lone surrogate
            return Err(NotText::Range);
        }
        std::slice::from_raw_parts(start.cast(), size as usize)
    };
    if utf8.is_ascii() {
        return Ok(utf8);
    }
    spare.clear();
    let characters = std::str::from_utf8(utf8).map_err(|_| NotText::Range)?;
    for character in characters.chars() {
        spare.push(u8::try_from(u32::from(character)).map_err(|_| NotText::Range)?);
    }
    Ok(spare)
}
