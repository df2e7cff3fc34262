//! Another server in place of ours (`binary-path`): uWSGI itself, started as its own Emperor
//! would start it.
//!
//! Nothing is read here: the file is the other server's business. In tyrant mode the process is
//! the file's owner before anything else happens.

use std::ffi::OsString;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::unistd::geteuid;
use nix::unistd::{AccessFlags, access};
use shared::config;
use shared::exit::Exit;
use shared::finding::Finding;
use shared::plan::Identity;
use shared::summons::{Policy, Summons, Template};
use shared::sys::descriptor;

use super::channel::{Call, Channel};
use super::say::{complain, plain};
use super::{environment, errand, identity, plan, refuse};

/// Why the program cannot run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is not there, or not ours to execute.
    #[error("{}: cannot be executed: {source}", path.display())]
    Program {
        /// The program.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The owner's rights could not be taken on.
    #[error("becoming uid {uid}: {source}")]
    Drop {
        /// The owner.
        uid: u32,
        /// Why.
        source: io::Error,
    },
}

/// The arguments after the program's name, in uWSGI's order.
pub fn arguments(summons: &Summons) -> Vec<OsString> {
    let mut args = Vec::new();
    let mut add = |option: &str, value: OsString| args.extend([OsString::from(option), value]);
    let template = |template: &Template| match template {
        Template::Include(path) => ("--include", path.into()),
        Template::Inherit(path) => ("--inherit", path.into()),
    };
    for (option, file) in summons.before.iter().map(template) {
        add(option, file);
    }
    for set in &summons.sets {
        add("--set", set.into());
    }
    let name = summons.file.file_name().unwrap_or(summons.file.as_os_str());
    add(config::option_of(&summons.file), name.into());
    for (option, file) in summons.after.iter().map(template) {
        add(option, file);
    }
    args
}

/// The environment: what every vassal gets, the `UWSGI_VASSAL_*` options, the link.
pub fn variables(
    inherited: impl IntoIterator<Item = (OsString, OsString)>,
    summons: &Summons,
    link: i32,
) -> Vec<(OsString, OsString)> {
    let mut result = environment::passed(inherited);
    for (option, value) in &summons.options {
        let name = format!("UWSGI_{}", option.to_uppercase().replace('-', "_"));
        result.push((name.into(), value.into()));
    }
    errand::set(&mut result, &summons.hooks, |_| false);
    result.push(("UWSGI_EMPEROR_FD".into(), link.to_string().into()));
    result
}

/// Becomes the owner where a tyrant rules, and sees whether the program can be run.
pub fn prepare(binary: &Path, who: Option<&Identity>, summons: &Summons) -> Result<(), Error> {
    if let Some(who) = who {
        identity::become_for_good(who).map_err(|source| Error::Drop { uid: who.uid, source })?;
    }
    if let Some(directory) = summons.file.parent() {
        // uWSGI's vassals start where their file is; one that may not enter stays in /
        let entered = std::env::set_current_dir(directory);
        entered
            .or_else(|_| std::env::set_current_dir("/"))
            .map_err(|source| Error::Program { path: directory.to_owned(), source })?;
    }
    access(binary, AccessFlags::X_OK)
        .map_err(|error| Error::Program { path: binary.to_owned(), source: error.into() })
}

/// Executes the program; comes back only with an error.
pub fn execute(binary: &Path, summons: &Summons, link: &OwnedFd) -> Error {
    let refused = |source| Error::Program { path: binary.to_owned(), source };
    // the one descriptor beyond the standard ones that crosses this exec
    if let Err(error) = descriptor::inheritable(link, true) {
        return refused(error);
    }
    let variables = variables(std::env::vars_os(), summons, link.as_raw_fd());
    refused(Command::new(binary).args(arguments(summons)).env_clear().envs(variables).exec())
}

/// `binary-path`: become the owner in tyrant mode, answer, execute.
pub(super) fn serve(binary: &Path, call: Call, channel: &Channel) -> Exit {
    let Call { summons, link, listeners } = call;
    drop(listeners);
    let Some(link) = link else { return Exit::Failure };
    let who = if summons.policy.tyrant && geteuid().is_root() {
        let owner = (summons.version.uid, summons.version.gid);
        match tyrants_choice(owner, &summons.policy) {
            Ok(who) => who,
            Err(findings) => return refuse(channel, &findings, Exit::Failure),
        }
    } else {
        None
    };
    if let Err(error) = prepare(binary, who.as_ref(), &summons) {
        return refuse(channel, &[plain(error.to_string())], Exit::Exile);
    }
    if summons.policy.tyrant
        && let Err(error) =
            errand::as_tenant(&summons.hooks, &mut environment::passed(std::env::vars_os()))
    {
        return refuse(channel, &[plain(error)], Exit::Failure);
    }
    if let Err(error) = channel.foreign() {
        return complain(format!("the emperor is gone: {error}"));
    }
    complain(execute(binary, &summons, &link).to_string());
    Exit::Exile
}

/// Whom a tyrant makes of a file's owner, by the same rules as for our own vassals.
fn tyrants_choice(owner: (u32, u32), policy: &Policy) -> Result<Option<Identity>, Vec<Finding>> {
    let launch = shared::settings::Launch::default();
    let facts = identity::facts(&launch, owner, policy, &plan::Origins::default());
    plan::identity(&launch, &facts).map(|(who, _)| who)
}

/// `emperor` was asked for: the program beside ours takes over, with the same arguments.
pub(super) fn become_emperor(args: &[OsString]) -> Exit {
    let program = match std::env::current_exe() {
        Ok(program) => program.with_file_name("emperor"),
        Err(error) => return complain(format!("/proc/self/exe: {error}")),
    };
    let error = Command::new(&program).arg0("emperor").args(args).exec();
    complain(format!("{}: cannot be executed: {error}", program.display()))
}

#[cfg(test)]
mod tests {
    use shared::summons::{Mode, Policy, Version};

    use super::*;

    fn summons() -> Summons {
        Summons {
            name: "a.yml".into(),
            file: "/etc/uwsgi/sites/a.yml".into(),
            mode: Mode::Start,
            version: Version { dev: 0, ino: 0, mtime_ns: 0, size: 0, uid: 0, gid: 0 },
            policy: Policy::default(),
            sets: vec!["k=v".into()],
            before: vec![Template::Inherit("/b.ini".into())],
            after: vec![Template::Include("/z.ini".into())],
            options: vec![("die-on-term".into(), "1".into())],
            listeners: Vec::new(),
            binary: None,
            generation: 1,
            heir: false,
            cgroup: None,
            hooks: Vec::new(),
        }
    }

    #[test]
    fn the_arguments_come_in_uwsgis_order() {
        let want =
            ["--inherit", "/b.ini", "--set", "k=v", "--yaml", "a.yml", "--include", "/z.ini"];
        assert_eq!(arguments(&summons()), want.map(OsString::from));
    }

    #[test]
    fn the_environment_has_the_link_and_the_options_and_no_more() {
        let inherited = [("PATH", "/bin"), ("SECRET", "1")].map(|(k, v)| (k.into(), v.into()));
        let made = variables(inherited, &summons(), 5);
        let want = [("PATH", "/bin"), ("UWSGI_DIE_ON_TERM", "1"), ("UWSGI_EMPEROR_FD", "5")];
        assert_eq!(made, want.map(|(k, v)| (OsString::from(k), OsString::from(v))));
    }
}
