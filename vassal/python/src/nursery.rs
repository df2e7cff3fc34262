//! The life of a nursery, and of the workers it forks.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::ptr;
use std::time::Instant;

use nix::unistd::Pid;
use pyo3::ffi;
use shared::settings::{Serve, Target};
use shared::sys::descriptor::{self, become_standard, inherited};
use shared::sys::process::leave;
use vassal::BUILD_ID;
use vassal::handover::Listener;
use vassal::nursery::{News, Order, Outfit};
use vassal::scoreboard::{Count, Scoreboard};
use vassal::title::{self, Role};
use vassal::worker::control::{self, receive, send};
use vassal::worker::engine::{self, Engine};

use crate::app::{Exception, Wsgi};
use crate::object::{Object, text};
use crate::process;

/// The largest traceback that is reported, bytes.
const REASON_MAX: usize = 16 * 1024;
/// Python source of what is said more plainly there.
const SUPPORT: &std::ffi::CStr =
    match std::ffi::CStr::from_bytes_with_nul(concat!(include_str!("support.py"), "\0").as_bytes())
    {
        Ok(source) => source,
        Err(_) => panic!("support.py holds a NUL"),
    };

/// What a nursery has when it is ready to fork.
struct Nursery {
    master: OwnedFd,
    outfit: Outfit,
    listeners: Vec<Listener>,
    tls: Vec<Option<vassal::tls::Service>>,
    handed: OwnedFd,
    board: OwnedFd,
    lines: Option<OwnedFd>,
    support: Object,
    application: Option<Object>,
}

/// Runs until the master says so; returns the exit code. Called with the lock held.
pub(crate) fn run() -> i32 {
    match Nursery::prepare() {
        Ok(mut nursery) => nursery.work(),
        Err(error) => {
            eprintln!("the nursery cannot start: {error}");
            1
        }
    }
}

impl Nursery {
    /// Takes the control socket, says hello, receives the outfit, imports the application.
    fn prepare() -> io::Result<Self> {
        process::signals()?;
        let socket = inherited(0).ok_or_else(|| io::Error::other("standard input is closed"))?;
        let master = descriptor::duplicate(&socket)?;
        std::mem::forget(socket); // number 0 is replaced, not closed
        become_standard(std::fs::File::open("/dev/null").or_else(|_| null())?.as_fd(), 0)?;
        let support = support()?;
        let hello = News::Hello { build: BUILD_ID.into(), interpreter: interpreter() };
        send(&master, &hello, &[])?;
        let Some((Order::Outfit, mut descriptors)) = receive(&master)? else {
            return Err(io::Error::other("the master sent no outfit"));
        };
        let incomplete = || io::Error::other("the outfit's descriptors are incomplete");
        if descriptors.len() < 3 {
            return Err(incomplete());
        }
        let mut sockets = descriptors.split_off(3);
        let [Some(text), Some(board), Some(handed)] = [(); 3].map(|()| descriptors.pop()) else {
            return Err(incomplete());
        };
        let mut outfit: Outfit = Outfit::unseal(text)?;
        if sockets.len() != outfit.listeners.len() + usize::from(outfit.lines) {
            return Err(incomplete());
        }
        let lines = if outfit.lines { Some(sockets.remove(0)) } else { None };
        process::belong_to(Pid::from_raw(outfit.master))?;
        let tls = vassal::tls::services(&outfit.serve.tls, &outfit.listeners);
        let tls = tls.map_err(io::Error::other)?;
        // made once; nothing reads the keys again
        outfit.serve.tls = shared::settings::Tls::default();
        let listeners = outfit
            .listeners
            .iter()
            .cloned()
            .zip(sockets)
            .map(|(listen, socket)| Listener { listen, socket })
            .collect();
        let application = None;
        let mut nursery =
            Self { master, outfit, listeners, tls, handed, board, lines, support, application };
        title::show(&nursery.outfit.serve, Role::Nursery);
        prepare_python(&nursery.support, &nursery.outfit.serve);
        if !nursery.outfit.serve.lazy_apps {
            nursery.import()?;
        }
        Ok(nursery)
    }

    /// Imports the application and says how that went.
    fn import(&mut self) -> io::Result<()> {
        let start = Instant::now();
        match load(&self.support, &self.outfit.serve) {
            Ok(application) => {
                self.application = Some(application);
                call(&self.support, c"freeze");
                let millis = start.elapsed().as_millis() as u64;
                send(&self.master, &News::Loaded { millis }, &[])
            }
            Err(reason) => send(&self.master, &News::NoApp { reason }, &[]),
        }
    }

    /// Forks workers when it is told to.
    fn work(&mut self) -> i32 {
        loop {
            match without_lock(|| receive::<Order>(&self.master)) {
                Ok(Some((Order::Fork { id, seat }, mut descriptors))) => {
                    let Some(control) = descriptors.pop() else { continue };
                    match process::fork_worker() {
                        Ok(true) => leave(self.worker(id, seat, control)),
                        Ok(false) => {}
                        Err(error) => {
                            let news = News::NoFork { id, reason: error.to_string() };
                            let _ = send(&self.master, &news, &[]);
                        }
                    }
                }
                Ok(Some((Order::Outfit, _))) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(Some((Order::Quit, _)) | None) | Err(_) => {
                    call(&self.support, c"relieved");
                    return 0;
                }
            }
        }
    }

    /// A worker's life, in the forked process; returns its exit code.
    fn worker(&mut self, id: u32, seat: u32, control: OwnedFd) -> i32 {
        if let Err(error) =
            without_lock(|| process::await_adoption(Pid::from_raw(self.outfit.master)))
        {
            eprintln!("worker {id}: {error}");
            return 1;
        }
        // the nursery's own channel is not the worker's business
        if let Ok(null) = null() {
            self.master = null.into();
        }
        let pid = std::process::id();
        if send(&control, &control::News::Born(pid as i32), &[]).is_err() {
            return 1;
        }
        let serve = self.outfit.serve.clone();
        title::show(&serve, Role::Worker(id));
        if serve.lazy_apps {
            match load(&self.support, &serve) {
                Ok(application) => self.application = Some(application),
                Err(reason) => {
                    let _ = send(&control, &control::News::NoApp(reason), &[]);
                    if serve.need_app {
                        return shared::exit::Exit::NoApp.code();
                    }
                }
            }
        }
        match self.serve(id, seat as usize, control, serve) {
            Ok(()) => {
                call(&self.support, c"farewell");
                0
            }
            Err(error) => {
                eprintln!("worker {id}: {error}");
                1
            }
        }
    }

    fn serve(&mut self, id: u32, seat: usize, control: OwnedFd, serve: Serve) -> io::Result<()> {
        let board = Scoreboard::map(&self.board, serve.threads)?;
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let pid = u64::from(std::process::id());
        let order = std::sync::atomic::Ordering::Relaxed;
        board.count(seat, Count::Pid).store(pid, order);
        board.count(seat, Count::Spawned).store(now.map_or(0, |since| since.as_secs()), order);
        let outfit = engine::Outfit {
            serve: serve.clone(),
            listeners: std::mem::take(&mut self.listeners),
            tls: std::mem::take(&mut self.tls),
            control,
            handed: self.handed.try_clone()?,
            lines: self.lines.take(),
            board,
            seat,
            id,
            shows: self.outfit.shows,
        };
        // SAFETY: the lock is held and the namespace is alive.
        let support = unsafe { Object::borrow(self.support.as_ptr()) };
        let support = support.ok_or_else(|| io::Error::other("support.py is gone"))?;
        let app = Wsgi::new(self.application.take(), support, serve);
        let engine = Engine::new(app, outfit)?;
        without_lock(|| engine.run());
        // its objects belong to the interpreter, which this process leaves without a teardown
        std::mem::forget(engine);
        Ok(())
    }
}

/// A descriptor that leads nowhere.
fn null() -> io::Result<std::fs::File> {
    // a chroot may have no /dev/null: one end of a pair does as well
    std::fs::File::open("/dev/null").or_else(|_| {
        let (one, _two) = descriptor::stream_pair()?;
        Ok(one.into())
    })
}

/// Gives the lock back while `wait` runs.
fn without_lock<T>(wait: impl FnOnce() -> T) -> T {
    // SAFETY: the lock is held by this thread; `wait` touches nothing of Python.
    let state = unsafe { ffi::PyEval_SaveThread() };
    let result = wait();
    // SAFETY: the state that this thread saved.
    unsafe { ffi::PyEval_RestoreThread(state) };
    result
}

/// Runs support.py in a fresh namespace.
fn support() -> io::Result<Object> {
    // SAFETY: the lock is held; the source ends in NUL; the namespace gets the builtins that
    // code needs.
    unsafe {
        let space = Object::new(ffi::PyDict_New());
        let space = space.ok_or_else(|| io::Error::other("no memory"))?;
        let builtins = ffi::PyEval_GetBuiltins();
        ffi::PyDict_SetItemString(space.as_ptr(), c"__builtins__".as_ptr(), builtins);
        let name = text(b"_vassal_support").ok_or_else(|| io::Error::other("no memory"))?;
        ffi::PyDict_SetItemString(space.as_ptr(), c"__name__".as_ptr(), name.as_ptr());
        let name = c"_vassal_support.py".as_ptr();
        let code = ffi::Py_CompileString(SUPPORT.as_ptr(), name, ffi::Py_file_input);
        let done = Object::new(code).and_then(|code| {
            Object::new(ffi::PyEval_EvalCode(code.as_ptr(), space.as_ptr(), space.as_ptr()))
        });
        if done.is_none() {
            ffi::PyErr_Print();
            return Err(io::Error::other("support.py does not run"));
        }
        Ok(space)
    }
}

/// Calls a function of support.py without arguments; an exception is only printed.
fn call(support: &Object, name: &std::ffi::CStr) {
    // SAFETY: the lock is held; the name is one of support.py's; the list ends in null.
    unsafe {
        let function = ffi::PyDict_GetItemString(support.as_ptr(), name.as_ptr());
        let null = ptr::null_mut::<ffi::PyObject>();
        if Object::new(ffi::PyObject_CallFunctionObjArgs(function, null)).is_none() {
            eprintln!("{}", Exception::take().text(support.as_ptr()));
        }
    }
}

/// A list of `str` from file names or words.
fn list<'a>(items: impl Iterator<Item = &'a str>) -> Option<Object> {
    // SAFETY: the lock is held; PyList_Append takes its own reference.
    unsafe {
        let list = Object::new(ffi::PyList_New(0))?;
        for item in items {
            let size = item.len() as ffi::Py_ssize_t;
            let item =
                Object::new(ffi::PyUnicode_DecodeFSDefaultAndSize(item.as_ptr().cast(), size))?;
            ffi::PyList_Append(list.as_ptr(), item.as_ptr());
        }
        Some(list)
    }
}

fn prepare_python(support: &Object, serve: &Serve) {
    let argv = list(serve.pyargv.iter().map(String::as_str));
    let paths: Vec<_> = serve.pythonpath.iter().map(|path| path.to_string_lossy()).collect();
    let paths = list(paths.iter().map(AsRef::as_ref));
    let (Some(argv), Some(paths)) = (argv, paths) else { return };
    // SAFETY: the lock is held; arguments are live; the list ends in null.
    unsafe {
        let prepare = ffi::PyDict_GetItemString(support.as_ptr(), c"prepare".as_ptr());
        let null = ptr::null_mut::<ffi::PyObject>();
        let (argv, paths) = (argv.as_ptr(), paths.as_ptr());
        if Object::new(ffi::PyObject_CallFunctionObjArgs(prepare, argv, paths, null)).is_none() {
            eprintln!("{}", Exception::take().text(support.as_ptr()));
        }
    }
}

/// Imports the application; the error is a traceback, cut to what a report may hold.
fn load(support: &Object, serve: &Serve) -> Result<Object, String> {
    let (module, file) = match &serve.target {
        Some(Target::Module(name)) => (Some(name.clone()), None),
        Some(Target::File(path)) => (None, Some(path.to_string_lossy().into_owned())),
        None => return Err("no application is named: set \"module\" or \"wsgi-file\"\n".into()),
    };
    let string = |value: &Option<String>| match value {
        None => {
            // SAFETY: None is a constant of the interpreter.
            unsafe { Object::borrow(ffi::Py_None()) }
        }
        Some(value) => {
            let size = value.len() as ffi::Py_ssize_t;
            // SAFETY: pointer and length are of one string; the lock is held.
            unsafe {
                Object::new(ffi::PyUnicode_DecodeFSDefaultAndSize(value.as_ptr().cast(), size))
            }
        }
    };
    let (module, file, name) = (string(&module), string(&file), string(&serve.callable));
    let (Some(module), Some(file), Some(name)) = (module, file, name) else {
        return Err("no memory for the application's name\n".into());
    };
    // SAFETY: the lock is held; arguments are live; the list ends in null.
    let application = unsafe {
        let load = ffi::PyDict_GetItemString(support.as_ptr(), c"load".as_ptr());
        let null = ptr::null_mut::<ffi::PyObject>();
        Object::new(ffi::PyObject_CallFunctionObjArgs(
            load,
            module.as_ptr(),
            file.as_ptr(),
            name.as_ptr(),
            null,
        ))
    };
    application.ok_or_else(|| {
        let mut text = Exception::take().text(support.as_ptr());
        crate::app::say(support.as_ptr(), &text);
        if text.len() > REASON_MAX {
            // the end of a traceback says what is wrong
            let cut = text.len() - REASON_MAX;
            let cut = (cut..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(cut);
            text.replace_range(..cut, "...");
        }
        text
    })
}

/// The interpreter's version and executable, one line.
fn interpreter() -> String {
    let mut spare = Vec::new();
    // SAFETY: the lock is held; sys.executable is a str for as long as this function runs.
    let executable = unsafe {
        let object = ffi::PySys_GetObject(c"executable".as_ptr());
        if object.is_null() {
            String::new()
        } else {
            crate::object::latin1(object, &mut spare)
                .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
                .unwrap_or_default()
        }
    };
    // SAFETY: Py_GetVersion returns a constant string that ends in NUL.
    let version = unsafe { std::ffi::CStr::from_ptr(ffi::Py_GetVersion()) };
    let version = version.to_string_lossy();
    format!("{} {executable}", version.split_whitespace().next().unwrap_or_default())
}
