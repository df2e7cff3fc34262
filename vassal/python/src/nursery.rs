//! The life of a nursery, and of the workers it forks.

use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::time::Instant;

use nix::unistd::Pid;
use pyo3::types::PyModule;
use pyo3::{Bound, ffi};
use shared::settings::{Phase, Serve};
use shared::sys::descriptor::{self, become_standard, inherited};
use shared::sys::memory;
use shared::sys::process::leave;
use vassal::BUILD_ID;
use vassal::handover::Listener;
use vassal::nursery::{News, Order, Outfit};
use vassal::scoreboard::{Count, Scoreboard};
use vassal::title::{self, Role};
use vassal::worker::control::{self, receive, send};
use vassal::worker::engine::{self, Engine};

use crate::app::Wsgi;
use crate::apps::{Apps, Mounted};
use crate::environ::VERSION;
use crate::locks::Locks;
use crate::native;
use crate::object::{Object, integer};
use crate::support::{Support, interpreter};
use crate::{hooks, modules, process};

/// What a nursery has when it is ready to fork.
struct Nursery {
    master: OwnedFd,
    outfit: Outfit,
    listeners: Vec<Listener>,
    tls: Vec<Option<vassal::tls::Service>>,
    handed: OwnedFd,
    board: OwnedFd,
    lines: Option<OwnedFd>,
    support: Support,
    /// The settings as Python sees them.
    settings: Object,
    applications: Vec<Mounted>,
}

/// Runs until the master says so; returns the exit code. Called with the lock held.
pub(crate) fn run(extension: &Bound<'_, PyModule>) -> i32 {
    match Nursery::prepare(extension) {
        Ok(mut nursery) => nursery.work(),
        Err(error) => {
            eprintln!("the nursery cannot start: {error}");
            1
        }
    }
}

impl Nursery {
    /// Takes the control socket, says hello, receives the outfit, imports the application.
    fn prepare(extension: &Bound<'_, PyModule>) -> io::Result<Self> {
        process::signals()?;
        let socket = inherited(0).ok_or_else(|| io::Error::other("standard input is closed"))?;
        let master = descriptor::duplicate(&socket)?;
        std::mem::forget(socket); // number 0 is replaced, not closed
        become_standard(std::fs::File::open("/dev/null").or_else(|_| null())?.as_fd(), 0)?;
        let support = Support::new()?;
        let hello = News::Hello { build: BUILD_ID.into(), interpreter: interpreter() };
        send(&master, &hello, &[])?;
        let Some((Order::Outfit, mut descriptors)) = receive(&master)? else {
            return Err(io::Error::other("the master sent no outfit"));
        };
        let incomplete = || io::Error::other("the outfit's descriptors are incomplete");
        if descriptors.len() < 4 {
            return Err(incomplete());
        }
        let mut sockets = descriptors.split_off(4);
        let [handed, board, text, locks] =
            <[OwnedFd; 4]>::try_from(descriptors).map_err(|_| incomplete())?;
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
        let serve = &outfit.serve;
        let facts = serde_json::json!({
            "version": VERSION,
            "generation": outfit.generation,
            "master": outfit.master,
            "stacks": native::stacks(),
            "sockets": sockets.iter().map(AsRawFd::as_raw_fd).collect::<Vec<_>>(),
        });
        native::keep(
            Locks::new(locks, serve.python.locks + 1),
            Scoreboard::map(&board, serve.threads)?,
        );
        let listeners = outfit
            .listeners
            .iter()
            .cloned()
            .zip(sockets)
            .map(|(listen, socket)| Listener { listen, socket })
            .collect();
        let settings = support.configure(&outfit.serve)?;
        let mut nursery = Self {
            master,
            outfit,
            listeners,
            tls,
            handed,
            board,
            lines,
            support,
            settings,
            applications: Vec::new(),
        };
        title::show(&nursery.outfit.serve, Role::Nursery);
        nursery.support.run(c"prepare", &[&nursery.settings]);
        // SAFETY: the lock is held and the extension is alive.
        let native = unsafe { Object::borrow(extension.as_ptr()) };
        let native = native.ok_or_else(|| io::Error::other("the extension is gone"))?;
        nursery.support.module(&native, &nursery.settings, &facts)?;
        if nursery.outfit.serve.harakiri.is_some()
            && let Some(signal) = integer(native::stacks() as u32)
        {
            nursery.support.run(c"explain_by", &[&signal]);
        }
        nursery.hooks(&[Phase::MasterStart])?;
        nursery.import()?;
        Ok(nursery)
    }

    /// Carries out the hooks of some phases.
    fn hooks(&self, phases: &[Phase]) -> io::Result<()> {
        hooks::run(&self.outfit.serve.surroundings.hooks, phases, &self.support)
    }

    /// Imports what is imported before the fork, and says how that went.
    fn import(&mut self) -> io::Result<()> {
        if !self.outfit.serve.lazy_apps {
            self.hooks(&[Phase::PreApp])?;
        }
        let start = Instant::now();
        if self.support.call(c"begin", &[&self.settings]).is_none() {
            return send(&self.master, &News::NoApp { reason: self.support.reason() }, &[]);
        }
        if self.outfit.serve.lazy_apps {
            return modules::tell_of_import(&self.support, &self.outfit.serve, &self.master);
        }
        let loaded = self.support.applications(c"applications", &self.settings);
        // what failed to load is looked at, too: the next change may mend it
        modules::tell_of_import(&self.support, &self.outfit.serve, &self.master)?;
        match loaded {
            Ok(applications) => {
                self.applications = applications;
                self.hooks(&[Phase::PostApp])?;
                self.support.run(c"freeze", &[]);
                let millis = start.elapsed().as_millis() as u64;
                let points = self.applications.iter().map(|one| one.point.clone()).collect();
                send(&self.master, &News::Loaded { millis, points }, &[])
            }
            Err(reason) => send(&self.master, &News::NoApp { reason }, &[]),
        }
    }

    /// Forks workers when it is told to.
    fn work(&mut self) -> i32 {
        // what imports ran is not run again in a process that only forks
        memory::forget_code();
        loop {
            match without_lock(|| receive::<Order>(&self.master)) {
                Ok(Some((Order::Fork { id, seat, first }, mut descriptors))) => {
                    let Some(control) = descriptors.pop() else { continue };
                    match process::fork_worker() {
                        Ok(true) => leave(self.worker(id, seat, first, control)),
                        Ok(false) => {}
                        Err(error) => {
                            // in the name of who is not there
                            let why = format!("worker {id} cannot be forked: {error}");
                            let _ = send(&control, &control::News::NoFork(why), &[]);
                        }
                    }
                }
                Ok(Some((Order::Outfit, _))) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(Some((Order::Quit, _)) | None) | Err(_) => {
                    self.support.run(c"relieved", &[]);
                    return 0;
                }
            }
        }
    }

    /// A worker's life, in the forked process; returns its exit code.
    fn worker(&mut self, id: u32, seat: u32, first: bool, control: OwnedFd) -> i32 {
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
        process::notice_forks();
        let pid = std::process::id();
        if send(&control, &control::News::Born(pid as i32), &[]).is_err() {
            return 1;
        }
        let serve = self.outfit.serve.clone();
        title::show(&serve, Role::Worker(id));
        match integer(id) {
            Some(number) => self.support.run(c"forked", &[&number]),
            None => return 1,
        }
        if serve.surroundings.never_swap
            && let Err(error) = process::never_swap()
        {
            eprintln!("worker {id}: never-swap: {error}");
        }
        let lazy: &[Phase] = if serve.lazy_apps { &[Phase::PreApp] } else { &[] };
        if let Err(error) = self.hooks(&[Phase::PostFork]).and_then(|()| self.hooks(lazy)) {
            eprintln!("worker {id}: {error}");
            return 1;
        }
        let before: &[&std::ffi::CStr] = if serve.lazy_apps {
            &[c"applications", c"worker_applications"]
        } else {
            &[c"worker_applications"]
        };
        for function in before {
            match self.support.applications(function, &self.settings) {
                Ok(applications) => self.applications.extend(applications),
                Err(reason) => {
                    let _ = send(&control, &control::News::NoApp(reason), &[]);
                    if serve.need_app {
                        return shared::exit::Exit::NoApp.code();
                    }
                }
            }
        }
        self.support.run(c"post_fork", &[]);
        let mut phases = if serve.lazy_apps { vec![Phase::PostApp] } else { Vec::new() };
        phases.extend(hooks::accepting(id, first));
        if let Err(error) = self.hooks(&phases) {
            eprintln!("worker {id}: {error}");
            return 1;
        }
        match self.serve(id, seat as usize, control, serve) {
            Ok(()) => {
                self.support.run(c"farewell", &[&self.settings]);
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
        board.count(seat, Count::Worker).store(u64::from(id), order);
        board.count(seat, Count::Spawned).store(now.map_or(0, |since| since.as_secs()), order);
        modules::keep_telling(&self.support, &serve, &control);
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
        let memory = || io::Error::other("no memory for the applications");
        let apps = Apps::new(std::mem::take(&mut self.applications), &serve.python);
        let support = self.support.share().ok_or_else(memory)?;
        // SAFETY: the lock is held and the dictionary is alive.
        let settings = unsafe { Object::borrow(self.settings.as_ptr()) };
        let settings = settings.ok_or_else(memory)?;
        let app = Wsgi::new(apps.ok_or_else(memory)?, support, settings, serve);
        // its objects belong to the interpreter, which this process leaves without a teardown
        let engine = Box::leak(Box::new(Engine::new(app, outfit)?));
        native::serving(engine);
        process::heed(engine.control())?;
        without_lock(|| engine.run());
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
pub(crate) fn without_lock<T>(wait: impl FnOnce() -> T) -> T {
    // SAFETY: the lock is held by this thread; `wait` touches nothing of Python.
    let state = unsafe { ffi::PyEval_SaveThread() };
    let result = wait();
    // SAFETY: the state that this thread saved.
    unsafe { ffi::PyEval_RestoreThread(state) };
    result
}
