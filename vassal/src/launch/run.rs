//! Carries out a launch plan. [`carry_out`] reads as the list of root's steps; a failure names
//! its step, and with it the option and the line that asked for it.

use std::collections::BTreeMap;
use std::error::Error;
use std::ffi::OsString;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use nix::sys::stat::{Mode, umask};
use shared::exit::Exit;
use shared::finding::Finding;
use shared::plan::Plan;
use shared::settings::{Address, Deed, Hook, Listen, Phase, Wire};

use super::access::Access;
use super::identity::drop_root;
use super::plan::Origins;
use super::say::say;
use super::socket::name_of;
use super::zerg::{self, Gift};
use super::{environment, errand, isolation, jail, limits, lock, output, socket};
use crate::handover::{Listener, LogFile, Vacuum};
use crate::hook::{self, Stage};

/// One of root's steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Opening the log.
    Log,
    /// Writing the pid file.
    Pidfile,
    /// Binding the socket of this number.
    Socket(usize),
    /// Locking the file of this number.
    Lock(usize),
    /// Leaving namespaces.
    Unshare,
    /// The same, once in the jail.
    Unshare2,
    /// Getting sockets from other servers.
    Zerg,
    /// Changing the root directory.
    Jail,
    /// Setting the limit of this option.
    Limit(&'static str),
    /// Becoming the tenant.
    Drop,
    /// Changing the working directory, as the tenant.
    Chdir,
    /// Sending the output to the log.
    Redirect,
    /// Carrying out the hook of this number.
    Hook(usize),
    /// Carrying out hooks of the Emperor's, as the tenant.
    AsVassal,
}

/// A step that could not be done.
#[derive(Debug, thiserror::Error)]
#[error("{source}")]
pub struct Failure {
    /// Which.
    pub step: Step,
    /// Why.
    pub source: Box<dyn Error + Send + Sync>,
    /// The root directory or the rights of the start are gone: nothing else can be started.
    pub is_final: bool,
}

/// What is to be carried out, and for whom.
#[derive(Debug)]
pub struct Task<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// Sockets that an Emperor held for this vassal.
    pub given: Vec<Listener>,
    /// Whether the configuration is root's own.
    pub roots: bool,
    /// Whether root alone had a hand in all of the configuration: its hooks may be root's.
    pub trusted: bool,
    /// The interpreter's environment, which commands get too that run as the tenant.
    pub environment: Vec<(OsString, OsString)>,
    /// The environment of commands that root runs for a tenant.
    pub of_root: Vec<(OsString, OsString)>,
    /// Whether a tyrant rules.
    pub tyrant: bool,
    /// Whether another process tree of this vassal serves, whose locks come to this one.
    pub heir: bool,
    /// Listening sockets that `fd://` may name, by number.
    pub inherited: BTreeMap<u32, OwnedFd>,
    /// Hooks of the Emperor's that a tyrant's tenants carry out.
    pub late: Vec<Hook>,
    /// The extension, outside of any jail.
    pub extension: PathBuf,
}

/// What is there when everything is done.
#[derive(Debug)]
pub struct Done {
    /// The sockets, in the order of the plan.
    pub listeners: Vec<Listener>,
    /// What to remove at the end.
    pub vacuum: Vec<Vacuum>,
    /// The extension as the tenant sees it.
    pub extension: PathBuf,
    /// The file of `logto`.
    pub log: Option<LogFile>,
    /// Files that are locked.
    pub locks: Vec<OwnedFd>,
    /// The interpreter's environment, with what hooks made of it.
    pub environment: Vec<(OsString, OsString)>,
}

impl Step {
    fn failed(self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Failure {
        Failure { step: self, source: source.into(), is_final: false }
    }

    /// The option that asked for the step.
    fn option(self) -> &'static str {
        match self {
            Self::Log | Self::Redirect => "logto",
            Self::Pidfile => "pidfile",
            Self::Socket(_) => "socket",
            Self::Lock(_) => "flock",
            Self::Unshare => "unshare",
            Self::Unshare2 => "unshare2",
            Self::Zerg => "zerg",
            Self::Jail => "chroot",
            Self::Limit(option) => option,
            Self::Drop => "uid",
            Self::Chdir => "chdir",
            Self::Hook(_) => "hook",
            Self::AsVassal => "hook-as-vassal",
        }
    }
}

impl Failure {
    /// The failure as a finding, with the line that asked for the step.
    pub fn finding(&self, origins: &Origins, plan: &Plan) -> Finding {
        let text = self.source.to_string();
        if let Step::Socket(index) = self.step {
            let given =
                origins.sockets.get(index).filter(|_| origins.sockets.len() == plan.sockets.len());
            let (option, origin) = match given {
                Some((option, origin)) => (option.clone(), Some(origin.clone())),
                None => (plan.sockets[index].wire.to_string(), None),
            };
            return Finding::error(origin, Some(&option), text);
        }
        if let Step::Hook(index) = self.step
            && let Some(hook) = plan.hooks.get(index)
        {
            let origin = origins.options.get(&hook.option).cloned();
            return Finding::error(origin, Some(&hook.option), text);
        }
        if self.step == Step::AsVassal {
            return Finding::error(None, None, text);
        }
        let lock = if let Step::Lock(index) = self.step { plan.locks.get(index) } else { None };
        let option = lock.map_or(self.step.option(), |lock| &lock.option);
        Finding::error(origins.options.get(option).cloned(), Some(option), text)
    }
}

/// Does everything that root has to do, in this order, and is the tenant at the end.
pub fn carry_out(task: Task<'_>) -> Result<Done, Failure> {
    let inherited_mask = umask(Mode::from_bits_truncate(0o022));
    let mut is_final = false;
    steps(task, inherited_mask, &mut is_final).map_err(|failure| {
        umask(inherited_mask);
        Failure { is_final, ..failure }
    })
}

/// The steps; `is_final` is set where there is no way back.
fn steps(task: Task<'_>, inherited_mask: Mode, is_final: &mut bool) -> Result<Done, Failure> {
    let Task { plan, given, inherited, roots, trusted, .. } = task;
    let Task { environment, of_root, tyrant, heir, late, extension, .. } = task;
    let tenant = plan.identity.as_ref();
    let access = Access { tenant, roots: roots && !tyrant };
    let early = Access { tenant, roots: trusted && !tyrant };
    let mut environments = Environments { own: environment, of_root, late };
    let mut hooks = |phase: Phase, access: Access<'_>, log: &Option<output::Opened>| {
        let output = log.as_ref().map(|log| log.file.as_fd());
        environments.hooks(plan, phase, access, output)
    };

    let mut locks = take_locks(plan, false, &access, heir)?;
    hooks(Phase::Asap, early, &None)?;
    let log = open_log(plan, &access)?;
    locks.extend(take_locks(plan, true, &access, heir)?);
    let mut vacuum = write_pidfile(plan, &access)?;
    let fetched = fetch(plan, &given)?;
    let mut sockets = Sockets { plan, given, inherited, fetched, tyrant, bound: Vec::new() };
    sockets.bind(&access, Path::new("/"), |address| !matches!(address, Address::Unix(_)))?;

    let isolation = &plan.isolation;
    *is_final = !isolation.unshare.is_empty();
    isolation::leave(&isolation.unshare, false).map_err(|error| Step::Unshare.failed(error))?;
    for phase in [Phase::PreJail, Phase::InJail, Phase::PostJail] {
        hooks(phase, early, &log)?;
    }
    *is_final |= plan.chroot.is_some() || !isolation.unshare2.is_empty();
    let jailed = jail::enter(plan.chroot.as_deref(), extension, &access)
        .map_err(|error| Step::Jail.failed(error))?;
    isolation::leave(&isolation.unshare2, plan.chroot.is_some())
        .map_err(|error| Step::Unshare2.failed(error))?;
    umask(plan.umask.map_or(inherited_mask, Mode::from_bits_truncate));
    let inside = Access { roots: jailed.roots && !tyrant, ..access };
    let base = directory(plan)?;
    sockets.bind(&inside, &base, |address| matches!(address, Address::Unix(_)))?;

    let roots = jailed.roots && early.roots;
    hooks(Phase::AsRoot, Access { tenant, roots }, &log)?;
    let own = access.roots;
    let limit =
        || limits::set(&plan.limits).map_err(|error| Step::Limit(error.option).failed(error));
    if own {
        limit()?;
    }
    *is_final |= tenant.is_some();
    let tenant = drop_root(jailed, tenant, &plan.isolation.capabilities)
        .map_err(|error| Step::Drop.failed(error))?;
    if !own {
        limit()?;
    }
    // from here on there is nobody else whose rights could be meant, nor whose environment
    hooks(Phase::AsUser, Access { tenant: None, roots: true }, &log)?;
    change_directory(plan)?;
    redirect(log.as_ref())?;

    let (listeners, files) = sockets.finish()?;
    vacuum.extend(files);
    let log = log.map(|log| log.place);
    let (extension, environment) = (tenant.extension, environments.own);
    Ok(Done { listeners, vacuum, extension, log, locks, environment })
}

/// What commands of hooks find in their environment.
struct Environments {
    /// The interpreter's, whose words are the tenant's.
    own: Vec<(OsString, OsString)>,
    /// That of commands which root runs for a tenant.
    of_root: Vec<(OsString, OsString)>,
    /// Hooks of the Emperor's that come before the tenant's own.
    late: Vec<Hook>,
}

impl Environments {
    /// Carries out the hooks of a phase. What they set holds for the interpreter in any case.
    fn hooks(
        &mut self,
        plan: &Plan,
        phase: Phase,
        access: Access<'_>,
        output: Option<BorrowedFd<'_>>,
    ) -> Result<(), Failure> {
        if phase == Phase::AsUser {
            errand::as_tenant(&self.late, &mut self.own)
                .map_err(|error| Step::AsVassal.failed(error))?;
        }
        let risky = access.is_risky();
        let environment = if risky { &mut self.of_root } else { &mut self.own };
        let stage = Stage { access, environment, output, patience: hook::PATIENCE };
        carry_out_hooks(plan, phase, stage)?;
        for hook in plan.hooks.iter().filter(|hook| risky && hook.phase == phase) {
            if let Deed::Set { name, value } = &hook.deed {
                environment::set(&mut self.own, name, Some(value.as_ref()));
            }
        }
        Ok(())
    }
}

/// Carries out the hooks of a phase; one that asks to end ends the launcher.
fn carry_out_hooks(plan: &Plan, phase: Phase, mut stage: Stage<'_>) -> Result<(), Failure> {
    match hook::run(&plan.hooks, phase, &mut stage) {
        Ok(()) => Ok(()),
        #[expect(clippy::exit, reason = "a hook asked for it, and nothing is to be undone")]
        Err(hook::Stop::Exit(code)) => std::process::exit(code),
        Err(stop) => {
            let hook::Stop::Failed { option, text, .. } = &stop else { return Ok(()) };
            let same = |one: &Hook| one.option == *option && one.text == *text;
            let index = plan.hooks.iter().position(same).unwrap_or_default();
            Err(Step::Hook(index).failed(stop))
        }
    }
}

/// Locks those files whose time has come.
fn take_locks(
    plan: &Plan,
    late: bool,
    access: &Access<'_>,
    successor: bool,
) -> Result<Vec<OwnedFd>, Failure> {
    let all = plan.locks.iter().enumerate().filter(|(_, lock)| lock.late == late);
    all.map(|(index, one)| {
        lock::take(one, access, successor).map_err(|error| Step::Lock(index).failed(error))
    })
    .collect()
}

fn open_log(plan: &Plan, access: &Access<'_>) -> Result<Option<output::Opened>, Failure> {
    let Some(path) = &plan.logto else { return Ok(None) };
    output::open_log(path, &plan.logfile, access).map_err(|error| Step::Log.failed(error))
}

fn write_pidfile(plan: &Plan, access: &Access<'_>) -> Result<Vec<Vacuum>, Failure> {
    let Some(path) = &plan.pidfile else { return Ok(Vec::new()) };
    let file = output::write_pidfile(path, access).map_err(|error| Step::Pidfile.failed(error))?;
    Ok(if plan.vacuum { vec![file] } else { Vec::new() })
}

/// The directory that relative socket paths count from: `chdir`, seen from inside the jail.
fn directory(plan: &Plan) -> Result<PathBuf, Failure> {
    let here = std::env::current_dir().map_err(|error| Step::Chdir.failed(error))?;
    Ok(plan.chdir.as_ref().map_or(here.clone(), |chdir| here.join(chdir)))
}

fn change_directory(plan: &Plan) -> Result<(), Failure> {
    let Some(path) = &plan.chdir else { return Ok(()) };
    std::env::set_current_dir(path)
        .map_err(|error| Step::Chdir.failed(format!("{}: {error}", path.display())))
}

fn redirect(log: Option<&output::Opened>) -> Result<(), Failure> {
    let Some(log) = log else { return Ok(()) };
    output::redirect(log.file.as_fd()).map_err(|error| Step::Redirect.failed(error))
}

/// The sockets of a plan while they are bound: some before the jail, some in it.
struct Sockets<'a> {
    plan: &'a Plan,
    given: Vec<Listener>,
    inherited: BTreeMap<u32, OwnedFd>,
    /// What other servers gave; `None`: nobody did.
    fetched: Option<Vec<Gift>>,
    tyrant: bool,
    bound: Vec<(usize, socket::Bound)>,
}

impl Sockets<'_> {
    /// Binds those whose address is of the wanted kind.
    fn bind(
        &mut self,
        access: &Access<'_>,
        base: &Path,
        wanted: impl Fn(&Address) -> bool,
    ) -> Result<(), Failure> {
        let terms = socket::Terms { plan: self.plan, access: *access, base, tyrant: self.tyrant };
        for (index, asked) in self.plan.sockets.iter().enumerate() {
            if wanted(&asked.address) {
                let ours = self.take(asked);
                if ours.is_some() && self.fetched.is_some() {
                    // the same socket once more would be served as whatever its giver says
                    drop(self.take_gift(&wish(asked, base)));
                }
                let inherited =
                    if ours.is_none() { self.take_inherited(asked, base) } else { None };
                let foreign = inherited.is_some();
                let given = ours.or(inherited);
                let bound = socket::bind(asked, given, &terms);
                let mut bound = bound.map_err(|error| Step::Socket(index).failed(error))?;
                if foreign {
                    // whoever made the file removes it
                    bound.vacuum = None;
                }
                self.bound.push((index, bound));
            }
        }
        Ok(())
    }

    /// Takes the socket that was handed over for this wish: the same address is the same
    /// socket, whatever was spoken there. A wish for any port is met by any socket of that host.
    fn take(&mut self, asked: &Listen) -> Option<OwnedFd> {
        let exact = self.given.iter().position(|one| one.listen == *asked);
        let place = || self.given.iter().position(|one| one.listen.address == asked.address);
        let any = || self.given.iter().position(|one| is_any_port(asked, &one.listen));
        Some(self.given.remove(exact.or_else(place).or_else(any)?).socket)
    }

    /// Takes the socket that was left open, by its number or its address.
    fn take_inherited(&mut self, asked: &Listen, base: &Path) -> Option<OwnedFd> {
        if let Address::Descriptor(number) = &asked.address {
            return self.inherited.remove(number);
        }
        let wanted = wish(asked, base);
        if let Some(gift) = self.take_gift(&wanted) {
            return Some(gift);
        }
        let found = self.inherited.iter().find(|(_, one)| name_of(one).as_ref() == Some(&wanted));
        let number = *found?.0;
        self.inherited.remove(&number)
    }

    /// Takes the socket of this address that another server gave.
    fn take_gift(&mut self, wanted: &Address) -> Option<OwnedFd> {
        let gifts = self.fetched.as_mut()?;
        let at = gifts.iter().position(|one| one.address == *wanted)?;
        Some(gifts.remove(at).socket)
    }

    /// Sockets that were given and that no option names.
    fn gifts(&mut self) -> Vec<Listener> {
        let plan = self.plan;
        if plan.zerg.servers.is_empty() {
            return Vec::new();
        }
        match self.fetched.take() {
            Some(gifts) => gifts.into_iter().filter_map(|gift| gift.accept(plan)).collect(),
            // the server is not there, but its sockets were kept for us
            None => std::mem::take(&mut self.given).into_iter().filter(is_spare(plan)).collect(),
        }
    }

    fn finish(mut self) -> Result<(Vec<Listener>, Vec<Vacuum>), Failure> {
        let gifts = self.gifts();
        self.bound.sort_by_key(|(index, _)| *index);
        let mut files = Vec::new();
        let mut listeners = Vec::new();
        for (_, bound) in self.bound {
            listeners.push(bound.listener);
            files.extend(bound.vacuum);
        }
        listeners.extend(gifts);
        let serves =
            |one: &Listener| one.listen.wire.is_request() || one.listen.wire == Wire::Pooled;
        if listeners.iter().any(serves) {
            Ok((listeners, files))
        } else {
            Err(Step::Zerg.failed("no listening socket came of it, and no option names one"))
        }
    }
}

/// The address of a wish, as the kernel tells it.
fn wish(asked: &Listen, base: &Path) -> Address {
    match &asked.address {
        Address::Unix(path) => Address::Unix(base.join(path)),
        other => other.clone(),
    }
}

/// Asks other servers for their sockets. `None`: there is none to ask, or the start goes on
/// without them.
fn fetch(plan: &Plan, given: &[Listener]) -> Result<Option<Vec<Gift>>, Failure> {
    if plan.zerg.servers.is_empty() {
        return Ok(None);
    }
    match zerg::fetch(&plan.zerg.servers, plan.identity.as_ref()) {
        Ok(gifts) => Ok(Some(gifts)),
        Err(error) if plan.zerg.fallback || !given.is_empty() => {
            say(&[Finding::warning(None, Some("zerg"), error.to_string())], Exit::Success);
            Ok(None)
        }
        Err(error) => Err(Step::Zerg.failed(error)),
    }
}

/// Whether a socket that was kept for us is one that no option names.
fn is_spare(plan: &Plan) -> impl Fn(&Listener) -> bool {
    |one| !plan.sockets.iter().any(|asked| asked.address == one.listen.address)
}

fn is_any_port(asked: &Listen, there: &Listen) -> bool {
    match (&asked.address, &there.address) {
        (Address::Tcp(wish), Address::Tcp(real)) => {
            wish.port() == 0 && wish.ip() == real.ip() && asked.wire == there.wire
        }
        _ => false,
    }
}
