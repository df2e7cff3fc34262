//! From a configuration to a master that is the tenant.
//!
//! The launcher starts with whatever rights it was given (root's, on a hosting machine) and one
//! thread. A [`reader`] that has become the file's owner turns text into typed settings; [`plan`]
//! decides, purely, what root has to do for them; [`run`] does it and drops root; then the same
//! process becomes the master. Each face of the program is one function here that reads as the
//! list of its steps.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::os::fd::OwnedFd;

use nix::unistd::geteuid;
use shared::config::show::Form;
use shared::exit::Exit;
use shared::finding::Finding;
use shared::plan::Identity;
use shared::settings::{Hook, Listen};
use shared::summons::{Mode, Policy, Summons};
use shared::sys::descriptor;

use crate::handover::{Handover, Link, Listener};
use crate::master;
use crate::title::{self, Role};

/// With whose rights a path is touched.
pub mod access;
/// Certificates and keys of sockets.
pub mod certificates;
/// The launcher's end of the summons channel.
pub mod channel;
/// `--check`.
pub mod check;
/// The program's faces by its arguments.
pub mod cli;
/// `daemonize`.
pub mod daemon;
/// The environments of the interpreter and of root's commands.
pub mod environment;
/// Hooks of the Emperor's own configuration.
pub mod errand;
/// Where the Python extension is.
pub mod extension;
/// `fallback-config`.
mod fallback;
/// Another server in place of ours.
pub mod foreign;
/// `--help`.
pub mod help;
/// Users and groups; the drop of root.
pub mod identity;
/// What we were started with.
pub mod inherited;
/// Namespaces of the vassal's own.
mod isolation;
/// `chroot`.
pub mod jail;
/// Limits of processes.
pub mod limits;
/// Files that one server at a time holds.
pub(crate) mod lock;
/// `logto` and `pidfile`.
pub mod output;
/// The launch plan, made purely.
pub mod plan;
/// Reading a configuration as its owner.
pub mod reader;
/// Orders to a server that runs.
pub mod remote;
/// Carrying a plan out.
pub mod run;
/// Saying things on standard output and error.
mod say;
/// Binding sockets.
pub mod socket;
/// Sockets that other servers give.
mod zerg;

use channel::{Call, Channel};
use daemon::Detached;
use fallback::Fallback;
use inherited::Inherited;
use plan::Planned;
use reader::{Ownership, Report, Shown, Source};
use say::{clean, complain, plain, print, say};

/// An Emperor of ours started us: the channel on standard input says what to do.
pub fn summoned() -> Exit {
    let taken = Channel::take().and_then(|channel| Ok((channel.summons()?, channel)));
    let (call, channel) = match taken {
        Ok(taken) => taken,
        Err(error) => {
            return complain(format!("--summons is for the emperor: standard input: {error}"));
        }
    };
    if let Err(error) = settle(&call.summons) {
        return refuse(&channel, &[error], Exit::Failure);
    }
    match call.summons.binary.clone() {
        Some(binary) if call.summons.mode == Mode::Start => foreign::serve(&binary, call, &channel),
        Some(_) | None => vassal(call, channel),
    }
}

/// Enters the vassal's cgroup, carries out what the Emperor's hooks say, enters the file's directory.
fn settle(summons: &Summons) -> Result<(), Finding> {
    descriptor::close_on_exec_from(3).map_err(|error| plain(format!("close_range: {error}")))?;
    if let Some(cgroup) = &summons.cgroup {
        fs::write(cgroup.join("cgroup.procs"), "0")
            .map_err(|error| plain(format!("{}: cannot be entered: {error}", cgroup.display())))?;
    }
    if summons.mode == Mode::Start && !summons.policy.tyrant {
        errand::as_vassal(summons)?;
    }
    let owner = owner_of_file(summons);
    let directory = summons.file.parent().unwrap_or(&summons.file);
    // a tenant's directory is entered with the tenant's rights; where that fails, / will do
    identity::as_tenant(owner.as_ref(), || std::env::set_current_dir(directory))
        .or_else(|_| std::env::set_current_dir("/"))
        .map_err(|error| plain(format!("/: {error}")))
}

/// The owner of a vassal's file, when that is somebody for root to become.
fn owner_of_file(summons: &Summons) -> Option<Identity> {
    let version = summons.version;
    let stranger = version.uid != 0 && geteuid().is_root();
    stranger.then(|| identity::of_owner(version.uid, version.gid))
}

/// A vassal of ours: read, plan, answer; and, when it is to start, carry out and become it.
fn vassal(call: Call, channel: Channel) -> Exit {
    let Call { summons, link, listeners } = call;
    let source = Source::Vassal {
        file: summons.file.clone(),
        version: Some(summons.version),
        sets: summons.sets.clone(),
        before: summons.before.clone(),
        after: summons.after.clone(),
        options: summons.options.clone(),
    };
    let (report, planned) = match prepare(&source, &summons.policy, Purpose::Start(&[])) {
        Ok(prepared) => prepared,
        Err(findings) => return refuse(&channel, &findings, Exit::Failure),
    };
    if report.emperor {
        let error = plain("a vassal that is an emperor itself is not supported".to_owned());
        return refuse(&channel, &[error], Exit::Failure);
    }
    let Planned { plan, warnings } = planned;
    let (generation, heir) = (summons.generation, summons.heir);
    if let Err(error) = channel.prepared(&plan, &warnings, &report.settings, generation) {
        return refuse(&channel, &[plain(error.to_string())], Exit::Failure);
    }
    let Some(link) = link else { return Exit::Success };
    let task = Task {
        trusted: source.is_trusted(&report),
        report,
        plan,
        given: listeners,
        inherited: BTreeMap::new(),
        roots: summons.version.uid == 0,
        tyrant: summons.policy.tyrant,
        summoned: true,
        heir,
        emperors: summons.hooks,
    };
    let mut handover = match carry_out(task) {
        Ok(handover) => handover,
        Err(broken) => return refuse(&channel, &[broken.finding], Exit::Failure),
    };
    if let Err(error) = channel.bound(&handover.listeners) {
        return complain(format!("the emperor is gone: {error}"));
    }
    drop(channel);
    handover.link = Some(Link { socket: link, frames: true });
    handover.generation = generation;
    handover.heir = heir;
    master::run(handover)
}

/// uWSGI's command line, without an Emperor of ours.
pub fn serve(args: &[OsString]) -> Exit {
    let mut fallback = None;
    let exit = start(args, &mut fallback);
    match fallback {
        Some(other) if exit == Exit::Failure => other.start(),
        Some(_) | None => exit,
    }
}

/// Starts; `fallback` is set as long as another file could be started instead.
fn start(args: &[OsString], fallback: &mut Option<Fallback>) -> Exit {
    let inherited = Inherited::take();
    let source = Source::CommandLine(args.to_vec());
    let ownership = source.ownership();
    let report = match read(&source, ownership) {
        Ok(report) => report,
        Err(findings) => return say(&findings, Exit::Failure),
    };
    // what a stranger's file names must not be read with root's rights
    if ownership.roots || !geteuid().is_root() {
        *fallback = report.fallback.clone().and_then(Fallback::new);
    }
    if !report.printed.is_empty() {
        let text = clean(&(report.printed.join("\n") + "\n"));
        if report.shown.as_ref().is_some_and(|shown| shown.form == Form::Json) {
            // standard output is one document then
            let _ = io::stderr().write_all(text.as_bytes());
        } else {
            print(text.as_bytes());
        }
    }
    if let Some(status) = report.exit {
        *fallback = None;
        return Exit::Asked((status & 0xff) as u8);
    }
    // before anything can be refused: who asks wants to see why
    if let Some(Shown { form, text }) = &report.shown {
        let printed = print(text.as_bytes());
        if *form == Form::Json {
            *fallback = None;
            return printed;
        }
    }
    if report.emperor && !refused(&report) {
        return foreign::become_emperor(args);
    }
    let launch = &report.settings.launch;
    let activated = inherited.unnamed(launch, &launch.chdir.clone().unwrap_or_default());
    let purpose = Purpose::Start(&activated);
    let trusted = source.is_trusted(&report);
    let planned = match plan_of(&report, ownership, trusted, &Policy::default(), purpose) {
        Ok(planned) => planned,
        Err(findings) => return say(&findings, Exit::Failure),
    };
    if let Err(error) = descriptor::close_on_exec_from(3) {
        return complain(format!("close_range: {error}"));
    }
    let Planned { plan, warnings } = planned;
    say(&warnings, Exit::Success);
    let Inherited { link, listeners, .. } = inherited;
    if link.is_some() || !listeners.is_empty() {
        // what was handed to this process is closed for any other one
        *fallback = None;
    }
    let notice = match detach(report.settings.launch.daemonize && link.is_none()) {
        Ok(Some(Detached::Daemon(notice))) => Some(notice),
        Ok(Some(Detached::Terminal(exit))) => return exit,
        Ok(None) => None,
        Err(error) => return complain(format!("daemonize: {error}")),
    };
    let prepare = reload_command(args).filter(|_| plan.chroot.is_none());
    let task = Task {
        trusted: source.is_trusted(&report),
        report,
        plan,
        given: Vec::new(),
        inherited: listeners,
        roots: ownership.roots,
        tyrant: false,
        summoned: false,
        heir: false,
        emperors: Vec::new(),
    };
    let mut handover = match carry_out(task) {
        Ok(handover) => handover,
        Err(Broken { finding, is_final }) => {
            fallback.take_if(|_| is_final);
            return say(&[finding], Exit::Failure);
        }
    };
    handover.link = link.map(|socket| Link { socket, frames: false });
    handover.prepare = prepare;
    *fallback = None;
    if let Some(notice) = notice {
        notice.stands();
    }
    master::run(handover)
}

/// `--stop` and its relatives: tells a server that runs.
pub fn tell(order: &remote::Remote) -> Exit {
    match remote::give(order) {
        Ok(()) => Exit::Success,
        Err(error) => complain(error.to_string()),
    }
}

/// `--plan`: prints what root would have to do; a file is read as an Emperor would have it read.
pub fn print_plan(args: Vec<OsString>) -> Exit {
    let source = match args.as_slice() {
        [file] if !file.as_encoded_bytes().starts_with(b"-") => Source::Vassal {
            file: std::path::absolute(file).unwrap_or_else(|_| file.into()),
            version: None,
            sets: Vec::new(),
            before: Vec::new(),
            after: Vec::new(),
            options: Vec::new(),
        },
        _ => Source::CommandLine(args),
    };
    match prepare(&source, &Policy::default(), Purpose::Print) {
        Ok((_, Planned { plan, warnings })) => {
            say(&warnings, Exit::Success);
            print(plan.to_string().as_bytes())
        }
        Err(findings) => say(&findings, Exit::Failure),
    }
}

/// `--prepare [--from DIRECTORY] ARGUMENTS`: what a master without an Emperor asks for a reload.
pub fn print_settings(mut args: Vec<OsString>) -> Exit {
    if args.first().is_some_and(|arg| arg == "--from") && args.len() > 1 {
        let rest = args.split_off(2);
        if let Err(error) = std::env::set_current_dir(&args[1]) {
            return complain(format!("{}: {error}", args[1].display()));
        }
        args = rest;
    }
    match prepare(&Source::CommandLine(args), &Policy::default(), Purpose::Reload) {
        Ok((report, Planned { warnings, .. })) => {
            say(&warnings, Exit::Success);
            match channel::seal(&report.settings, 0) {
                Ok(json) => print(&json),
                Err(error) => complain(error.to_string()),
            }
        }
        Err(findings) => say(&findings, Exit::Failure),
    }
}

/// Reads and plans; the warnings of both end up with the plan.
fn prepare(
    source: &Source,
    policy: &Policy,
    purpose: Purpose<'_>,
) -> Result<(Report, Planned), Vec<Finding>> {
    let ownership = source.ownership();
    let report = read(source, ownership)?;
    let trusted = source.is_trusted(&report);
    let planned = plan_of(&report, ownership, trusted, policy, purpose)?;
    Ok((report, planned))
}

/// Reads as the one whose files they are.
fn read(source: &Source, ownership: Ownership) -> Result<Report, Vec<Finding>> {
    let (uid, gid) = ownership.owner;
    let drops = geteuid().is_root() && uid != 0;
    if let Some(why) = source.mixed().filter(|_| drops) {
        return Err(vec![plain(why)]);
    }
    let reader = drops.then(|| identity::of_owner(uid, gid));
    reader::read(source, reader.as_ref()).map_err(|error| vec![plain(error.to_string())])
}

fn refused(report: &Report) -> bool {
    report.findings.iter().any(Finding::is_error)
}

/// What a plan is made for.
#[derive(Clone, Copy)]
enum Purpose<'a> {
    /// It is carried out; these sockets are there besides those that are asked for.
    Start(&'a [Listen]),
    /// It is shown: as if root asked, where a user is named.
    Print,
    /// A master that runs wants the settings.
    Reload,
}

/// Plans; the warnings of the reader come along.
fn plan_of(
    report: &Report,
    ownership: Ownership,
    trusted: bool,
    policy: &Policy,
    purpose: Purpose<'_>,
) -> Result<Planned, Vec<Finding>> {
    if refused(report) {
        return Err(report.findings.clone());
    }
    let launch = &report.settings.launch;
    let mut facts = identity::facts(launch, ownership.owner, policy, &report.origins);
    facts.trusted = trusted;
    match purpose {
        Purpose::Start(activated) => facts.activated = activated.to_vec(),
        Purpose::Print if launch.uid.is_some() || launch.gid.is_some() => facts.euid = 0,
        Purpose::Print => {}
        Purpose::Reload => facts.running = true,
    }
    if !matches!(purpose, Purpose::Reload) && !report.denied.is_empty() {
        return Err(report.findings.iter().chain(&report.denied).cloned().collect());
    }
    let said = || report.findings.iter().cloned();
    match plan::plan(launch, &facts) {
        Ok(Planned { plan, warnings }) => {
            Ok(Planned { plan, warnings: said().chain(warnings).collect() })
        }
        Err(errors) => Err(said().chain(errors).collect()),
    }
}

/// A plan on its way to being carried out.
struct Task {
    report: Report,
    plan: shared::plan::Plan,
    given: Vec<Listener>,
    inherited: BTreeMap<u32, OwnedFd>,
    roots: bool,
    trusted: bool,
    tyrant: bool,
    summoned: bool,
    /// Another process tree of this vassal serves.
    heir: bool,
    /// Hooks of the Emperor's configuration.
    emperors: Vec<Hook>,
}

/// A plan that could not be carried out.
struct Broken {
    finding: Finding,
    /// Another configuration cannot be started by this process any more.
    is_final: bool,
}

/// Carries the plan out and gathers what the master needs.
fn carry_out(task: Task) -> Result<Handover, Broken> {
    let Task { report, plan, given, inherited, roots, trusted, tyrant, .. } = task;
    let Task { summoned, heir, emperors, .. } = task;
    let extension =
        extension::find().map_err(|error| Broken { finding: plain(error), is_final: false })?;
    // before the jail, where the user database may be another one
    let home = identity::home(plan.identity.as_ref());
    let mut environment =
        environment::of_interpreter(std::env::vars_os(), summoned, home.as_ref(), &plan);
    let mut of_root = environment::of_root(std::env::vars_os(), summoned);
    errand::set(&mut environment, &emperors, |name| plan.env.iter().any(|(one, _)| one == name));
    errand::set(&mut of_root, &emperors, |_| false);
    let steps = run::Task {
        plan: &plan,
        given,
        inherited,
        roots,
        trusted,
        environment,
        of_root,
        tyrant,
        heir,
        late: if tyrant { emperors } else { Vec::new() },
        extension,
    };
    let done = run::carry_out(steps).map_err(|error| Broken {
        finding: error.finding(&report.origins, &plan),
        is_final: error.is_final,
    })?;
    if let (Some(Shown { text, .. }), true) = (&report.shown, summoned) {
        // a reader that went away is no reason to fail
        let _ = io::stdout().write_all(text.as_bytes());
    }
    // nobody asks for the arguments of this process from here on
    title::show(&report.settings.serve, Role::Master);
    Ok(Handover {
        settings: report.settings,
        plan,
        listeners: done.listeners,
        link: None,
        generation: 1,
        heir: false,
        environment: done.environment,
        extension: done.extension,
        prepare: None,
        vacuum: done.vacuum,
        log: done.log,
        locks: done.locks,
    })
}

fn detach(wanted: bool) -> io::Result<Option<Detached>> {
    if wanted { daemon::detach().map(Some) } else { Ok(None) }
}

/// How a master without an Emperor reads its configuration anew: where it was read first.
fn reload_command(args: &[OsString]) -> Option<Vec<OsString>> {
    let program = std::env::current_exe().ok()?;
    let directory = std::env::current_dir().ok()?;
    let fixed = [program.into(), "--prepare".into(), "--from".into(), directory.into()];
    Some(fixed.into_iter().chain(args.iter().cloned()).collect())
}

/// Tells the Emperor, or, where it is gone, whoever reads standard error.
fn refuse(channel: &Channel, findings: &[Finding], exit: Exit) -> Exit {
    match channel.refused(findings, exit.code()) {
        Ok(()) => exit,
        Err(_) => say(findings, exit),
    }
}
