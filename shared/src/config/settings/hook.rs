//! Hooks (`hook-*`, `exec-*`, `mount-*`, `umount-*`, `wait-for-*`, `file-write`): read whole when
//! the configuration is, so that a start does not fail half-way for a slip of the pen.

use std::path::PathBuf;
use std::time::Duration;

use crate::option::suggest;
use crate::settings::{Awaited, Deed, Hook, Order, Phase};

use super::super::directive::Directive;
use super::{Given, address, serve, value};

/// How long is waited for something unless an option says otherwise.
const WAIT: Duration = Duration::from_mins(1);
/// Stands for the text of a hook that has a secret in it.
const HIDDEN: &str = "(not shown)";
/// Every action, for whoever misspells one.
const ACTIONS: &[&str] = &[
    "append",
    "appendn",
    "cd",
    "chdir",
    "chmod",
    "chown",
    "chown2",
    "creat",
    "create",
    "exec",
    "exit",
    "hostname",
    "log",
    "mkdir",
    "mount",
    "print",
    "putenv",
    "safeexec",
    "spinningfifo",
    "sticky",
    "umount",
    "unix_signal",
    "unlink",
    "wait_for_dir",
    "wait_for_file",
    "wait_for_fs",
    "wait_for_mountpoint",
    "wait_for_socket",
    "write",
    "writefifo",
    "writen",
];
/// The kernel's mount flags by the names that `mount` knows (linux/mount.h).
const MOUNT_FLAGS: &[(&str, u64)] = &[
    ("ro", 1),
    ("rdonly", 1),
    ("readonly", 1),
    ("nosuid", 2),
    ("nodev", 4),
    ("noexec", 8),
    ("sync", 16),
    ("synchronous", 16),
    ("remount", 32),
    ("mandlock", 64),
    ("dirsync", 128),
    ("noatime", 1024),
    ("nodiratime", 2048),
    ("bind", 4096),
    ("move", 8192),
    ("rec", 16384),
    ("silent", 32768),
    ("unbindable", 1 << 17),
    ("private", 1 << 18),
    ("slave", 1 << 19),
    ("shared", 1 << 20),
    ("relatime", 1 << 21),
    ("strictatime", 1 << 24),
    ("lazytime", 1 << 25),
];
/// The kernel's flags of an unmount (linux/fs.h).
const UMOUNT_FLAGS: &[(&str, u64)] = &[("force", 1), ("detach", 2), ("expire", 4), ("nofollow", 8)];
/// uWSGI's functions that a signal may call here.
const ORDERS: &[(&str, Order)] = &[
    ("gracefully_kill_them_all", Order::StopGracefully),
    ("kill_them_all", Order::Stop),
    ("grace_them_all", Order::Reload),
    ("reap_them_all", Order::Reload),
    ("stats", Order::Statistics),
];

/// What the actions need to know of other options.
struct Terms {
    fs: Duration,
    interface: Duration,
    socket: Duration,
    hosts: super::Hosts,
}

impl Terms {
    fn read(given: &mut Given<'_>) -> Self {
        let mut limit = |name| serve::seconds(given, name).unwrap_or(WAIT);
        Self {
            fs: limit("wait-for-fs-timeout"),
            interface: limit("wait-for-interface-timeout"),
            socket: limit("wait-for-socket-timeout"),
            hosts: given.hosts,
        }
    }
}

/// The hooks of an Emperor's own configuration, in uWSGI's order, which is another one here:
/// mounts come before commands.
pub(super) fn of_emperor(given: &mut Given<'_>) -> Vec<Hook> {
    let terms = Terms::read(given);
    let mut list = Vec::new();
    for phase in [Phase::AsVassal, Phase::AsEmperor] {
        let name = phase.name();
        collect(given, phase, &format!("hook-{name}"), &mut list, |text| {
            action(text, phase, &terms)
        });
        collect(given, phase, &format!("mount-{name}"), &mut list, mount);
        collect(given, phase, &format!("umount-{name}"), &mut list, umount);
        collect(given, phase, &format!("exec-{name}"), &mut list, |text| run(text, true));
    }
    list
}

/// All hooks, phase by phase in the order in which uWSGI carries them out.
pub(super) fn read(given: &mut Given<'_>) -> Vec<Hook> {
    let terms = Terms::read(given);
    let mut list = Vec::new();
    for phase in Phase::ALL {
        // what a server waits for comes before what it does with it
        if phase == Phase::AsRoot {
            for name in WAITS {
                collect(given, phase, name, &mut list, |text| waits(name, text, &terms));
            }
        }
        let name = phase.name();
        collect(given, phase, &format!("hook-{name}"), &mut list, |text| {
            action(text, phase, &terms)
        });
        collect(given, phase, &format!("exec-{name}"), &mut list, |text| run(text, true));
        collect(given, phase, &format!("mount-{name}"), &mut list, mount);
        collect(given, phase, &format!("umount-{name}"), &mut list, umount);
        match phase {
            Phase::InJail => collect(given, phase, "file-write", &mut list, file_write),
            Phase::AsUser => {
                let name = "wait-for-socket";
                collect(given, phase, name, &mut list, |text| waits(name, text, &terms));
            }
            _ => {}
        }
    }
    list
}

/// The waits that come before `hook-as-root`, in uWSGI's order.
const WAITS: [&str; 5] =
    ["wait-for-interface", "wait-for-fs", "wait-for-file", "wait-for-dir", "wait-for-mountpoint"];

/// The hooks of one option.
fn collect(
    given: &mut Given<'_>,
    phase: Phase,
    name: &str,
    list: &mut Vec<Hook>,
    read: impl Fn(&str) -> Result<Deed, String>,
) {
    let all: Vec<&Directive> = given.directives.all(name).collect();
    for one in all {
        match read(&one.value) {
            Ok(deed) => {
                // it is told when it is carried out
                let text = if one.secret { HIDDEN.to_owned() } else { one.value.clone() };
                let option = name.to_owned();
                list.push(Hook { phase, option, text, deed });
            }
            Err(message) => {
                given.error(one, message);
                given.uwsgi("exits with 1 when it comes to this hook");
            }
        }
    }
}

/// `ACTION:ARGUMENTS`.
fn action(text: &str, phase: Phase, terms: &Terms) -> Result<Deed, String> {
    let Some((name, rest)) = text.split_once(':') else {
        return Err(format!("expected ACTION:ARGUMENTS, found {text:?}"));
    };
    let path = || word(rest, "a path").map(PathBuf::from);
    Ok(match name.trim() {
        "exec" => run(rest, true)?,
        "safeexec" => run(rest, false)?,
        "cd" | "chdir" => Deed::Chdir(path()?),
        "mkdir" => Deed::Mkdir(path()?),
        "sticky" => Deed::Sticky(path()?),
        "unlink" => Deed::Unlink(path()?),
        "chmod" => {
            let (file, mode) = pair(rest, "FILE MODE")?;
            Deed::Chmod { path: file.into(), mode: value::any_mode(mode)? }
        }
        // the second takes numbers only in uWSGI, and the first names only
        "chown" | "chown2" => {
            let (file, owner) = pair(rest, "FILE USER GROUP")?;
            let (user, group) = pair(owner, "FILE USER GROUP")?;
            let (user, group) = (value::principal(user)?, value::principal(group)?);
            Deed::Chown { path: file.into(), user, group }
        }
        "create" | "creat" => Deed::Write { path: path()?, text: String::new(), append: false },
        "write" => write(rest, "", false)?,
        "writen" => write(rest, "\n", false)?,
        "append" => write(rest, "", true)?,
        "appendn" => write(rest, "\n", true)?,
        "writefifo" | "spinningfifo" => {
            let (file, text) = pair(rest, "FIFO TEXT")?;
            let patient = name.trim() == "spinningfifo";
            Deed::Fifo { path: file.into(), text: text.into(), patient }
        }
        "mount" => mount(rest)?,
        "umount" => umount(rest)?,
        "hostname" => Deed::Hostname(word(rest, "a name")?.into()),
        "putenv" => match rest.split_once('=') {
            Some((name, value)) if !name.is_empty() && !rest.contains('\0') => {
                Deed::Set { name: name.into(), value: value.into() }
            }
            _ => return Err(format!("putenv: expected NAME=VALUE, found {rest:?}")),
        },
        "log" | "print" => Deed::Say(rest.into()),
        "exit" => match rest.trim() {
            "" => Deed::Exit(0),
            code => {
                let wrong = || format!("exit: expected a number from 0 to 255, found {code:?}");
                Deed::Exit(code.parse::<u8>().map_err(|_| wrong())?.into())
            }
        },
        "unix_signal" => signal(rest, phase)?,
        "wait_for_fs" => waits("wait-for-fs", rest, terms)?,
        "wait_for_file" => waits("wait-for-file", rest, terms)?,
        "wait_for_dir" => waits("wait-for-dir", rest, terms)?,
        "wait_for_mountpoint" => waits("wait-for-mountpoint", rest, terms)?,
        "wait_for_socket" => waits("wait-for-socket", rest, terms)?,
        "call" | "callret" | "callint" | "callintret" => {
            return Err(format!("{name}: foreign code is not loaded into the server"));
        }
        "alarm" | "rpc" | "retryrpc" | "run_script" | "mulefunc" => {
            return Err(format!("{name}: not provided by this server"));
        }
        other => {
            let near = suggest::nearest(other, ACTIONS)
                .map_or_else(String::new, |near| format!("; did you mean {near:?}?"));
            return Err(format!("no such action: {other:?}{near}"));
        }
    })
}

fn run(text: &str, must: bool) -> Result<Deed, String> {
    let command = word(text, "a command")?.to_owned();
    Ok(Deed::Run { command, must })
}

/// The text without blanks around it; not empty.
fn word<'a>(text: &'a str, what: &str) -> Result<&'a str, String> {
    let text = text.trim();
    let good = !text.is_empty() && !text.contains('\0');
    if good { Ok(text) } else { Err(format!("expected {what}, found {text:?}")) }
}

/// Two parts, at the first blank.
fn pair<'a>(text: &'a str, form: &str) -> Result<(&'a str, &'a str), String> {
    let wrong = || format!("expected {form}, found {text:?}");
    let (first, rest) = text.trim_start().split_once([' ', '\t']).ok_or_else(wrong)?;
    let rest = rest.trim_start();
    if first.is_empty() || rest.is_empty() || first.contains('\0') {
        Err(wrong())
    } else {
        Ok((first, rest))
    }
}

fn write(text: &str, end: &str, append: bool) -> Result<Deed, String> {
    let (path, text) = pair(text, "FILE TEXT")?;
    Ok(Deed::Write { path: path.into(), text: format!("{text}{end}"), append })
}

/// `file-write = FILE=TEXT`.
fn file_write(text: &str) -> Result<Deed, String> {
    match text.split_once('=') {
        Some((path, text)) if !path.is_empty() => {
            Ok(Deed::Write { path: path.into(), text: format!("{text}\n"), append: false })
        }
        _ => Err(format!("expected FILE=TEXT, found {text:?}")),
    }
}

/// `KIND SOURCE TARGET [FLAG,FLAG]`.
fn mount(text: &str) -> Result<Deed, String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let (kind, source, target, names) = match words.as_slice() {
        [kind, source, target] => (kind, source, target, ""),
        [kind, source, target, flags] => (kind, source, target, *flags),
        _ => return Err(format!("expected KIND SOURCE TARGET [FLAGS], found {text:?}")),
    };
    Ok(Deed::Mount {
        kind: (*kind).to_owned(),
        source: (*source).to_owned(),
        target: absolute(target)?,
        flags: flags(names, MOUNT_FLAGS)?,
    })
}

/// `TARGET [FLAG,FLAG]`.
fn umount(text: &str) -> Result<Deed, String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let (target, names) = match words.as_slice() {
        [target] => (target, ""),
        [target, flags] => (target, *flags),
        _ => return Err(format!("expected TARGET [FLAGS], found {text:?}")),
    };
    Ok(Deed::Umount { target: absolute(target)?, flags: flags(names, UMOUNT_FLAGS)? as i32 })
}

fn absolute(text: &str) -> Result<PathBuf, String> {
    if text.starts_with('/') {
        return Ok(PathBuf::from(text));
    }
    Err(format!("expected an absolute path, found {text:?}"))
}

fn flags(names: &str, known: &[(&str, u64)]) -> Result<u64, String> {
    let mut all = 0;
    for name in names.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        let found = known.iter().find(|(flag, _)| *flag == name);
        all |= found.ok_or_else(|| format!("no such flag: {name:?}"))?.1;
    }
    Ok(all)
}

/// `NUMBER FUNCTION`.
fn signal(text: &str, phase: Phase) -> Result<Deed, String> {
    let (number, function) = pair(text, "unix_signal:NUMBER FUNCTION")?;
    let found = number.parse().ok().filter(|number| (1..=31).contains(number));
    let number: i32 = found.ok_or_else(|| {
        format!("unix_signal: expected the number of a signal, 1 to 31, found {number:?}")
    })?;
    if [4, 7, 8, 9, 11, 17, 19].contains(&number) {
        return Err(format!("unix_signal: signal {number} cannot be given a meaning"));
    }
    if phase != Phase::MasterStart {
        return Err("unix_signal: only the master has signals: use hook-master-start".into());
    }
    let Some((_, order)) = ORDERS.iter().find(|(name, _)| *name == function.trim()) else {
        let known: Vec<&str> = ORDERS.iter().map(|(name, _)| *name).collect();
        let known = known.join(", ");
        return Err(format!("unix_signal: expected one of {known}, found {function:?}"));
    };
    Ok(Deed::Signal { number, order: *order })
}

fn waits(option: &str, text: &str, terms: &Terms) -> Result<Deed, String> {
    let text = word(text, "what to wait for")?;
    let path = || PathBuf::from(text);
    let (what, limit) = match option {
        "wait-for-interface" => (Awaited::Interface(text.into()), terms.interface),
        "wait-for-socket" => (Awaited::Socket(address::parse(text, terms.hosts)?), terms.socket),
        "wait-for-file" => (Awaited::File(path()), terms.fs),
        "wait-for-dir" => (Awaited::Directory(path()), terms.fs),
        "wait-for-mountpoint" => (Awaited::Mountpoint(path()), terms.fs),
        _ => (Awaited::Anything(path()), terms.fs),
    };
    Ok(Deed::Wait { what, limit })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Principal;

    fn terms() -> Terms {
        Terms { fs: WAIT, interface: WAIT, socket: WAIT, hosts: super::super::Hosts::Assumed }
    }

    fn at(text: &str, phase: Phase) -> Result<Deed, String> {
        action(text, phase, &terms())
    }

    #[test]
    fn actions_are_read_with_their_arguments() {
        let read = |text| at(text, Phase::MasterStart).unwrap();
        assert_eq!(read("exec: a b"), Deed::Run { command: "a b".into(), must: true });
        assert_eq!(read("safeexec:a"), Deed::Run { command: "a".into(), must: false });
        assert_eq!(read("chmod:/a 0755"), Deed::Chmod { path: "/a".into(), mode: 0o755 });
        let owner = |text: &str| Principal::Name(text.into());
        let (user, group) = (owner("www"), owner("data"));
        assert_eq!(read("chown:/a www data"), Deed::Chown { path: "/a".into(), user, group });
        let (user, group) = (Principal::Id(12), Principal::Id(34));
        assert_eq!(read("chown2:/a 12 34"), Deed::Chown { path: "/a".into(), user, group });
        let written =
            |text: &str, append| Deed::Write { path: "/a".into(), text: text.into(), append };
        assert_eq!(read("write:/a b  c"), written("b  c", false));
        assert_eq!(read("appendn:/a b"), written("b\n", true));
        assert_eq!(read("create:/a"), written("", false));
        assert_eq!(
            read("mount:none /a /b bind,ro"),
            Deed::Mount {
                kind: "none".into(),
                source: "/a".into(),
                target: "/b".into(),
                flags: 4097
            }
        );
        assert_eq!(read("umount:/b detach"), Deed::Umount { target: "/b".into(), flags: 2 });
        assert_eq!(
            read("unix_signal:15 gracefully_kill_them_all"),
            Deed::Signal { number: 15, order: Order::StopGracefully }
        );
        let what = Awaited::File("/a".into());
        assert_eq!(read("wait_for_file:/a"), Deed::Wait { what, limit: WAIT });
        assert_eq!(read("exit:"), Deed::Exit(0));
    }

    #[test]
    fn mistakes_are_named() {
        for (text, want) in [
            ("exec", "ACTION:ARGUMENTS"),
            ("exce:ls", "did you mean \"exec\"?"),
            ("chmod:/a 999", "octal"),
            ("chmod:/a", "FILE MODE"),
            ("chown:/a www", "FILE USER GROUP"),
            ("mount:none /a /b bin", "no such flag: \"bin\""),
            ("mount:none /a b", "absolute path"),
            ("umount:/a b c", "TARGET [FLAGS]"),
            ("unix_signal:99 stats", "1 to 31"),
            ("unix_signal:9 stats", "cannot be given a meaning"),
            ("unix_signal:10 nope", "gracefully_kill_them_all"),
            ("call:x", "foreign code"),
            ("alarm:x y", "not provided"),
            ("putenv:=x", "NAME=VALUE"),
            ("exit:x", "0 to 255"),
            ("wait_for_fs: ", "what to wait for"),
        ] {
            let message = at(text, Phase::MasterStart).unwrap_err();
            assert!(message.contains(want), "{text}: {message}");
        }
        let message = at("unix_signal:10 stats", Phase::PostFork).unwrap_err();
        assert!(message.contains("hook-master-start"), "{message}");
        assert!(file_write("a").is_err());
    }
}
