//! What only Python applications have: further applications, imports, hooks of the interpreter.

use std::path::PathBuf;

use crate::settings::{Mount, Python, ReloadOn, Target, Vhost};

use super::Given;
use super::serve::count;

/// Locks of `uwsgi.lock` that make sense; more are a slip of the finger.
const LOCKS_MAX: u64 = 1024;

/// The least stack on which an interpreter runs anything, KiB.
const STACK_MIN: u64 = 128;

/// Reads this part.
pub(super) fn read(given: &mut Given<'_>) -> Python {
    let vhost = match (given.flag("vhost-host"), given.flag("vhost")) {
        (true, _) => Vhost::Header,
        (false, true) => Vhost::ServerName,
        (false, false) => Vhost::Off,
    };
    Python {
        mounts: mounts(given, "mount", vhost),
        worker_mounts: mounts(given, "worker-mount", vhost),
        manage_script_name: given.flag("manage-script-name"),
        ignore_script_name: given.flag("ignore-script-name"),
        no_default_app: given.flag("no-default-app"),
        vhost,
        eval: given.text("eval"),
        paste: paste(given),
        paste_logger: given.flag("paste-logger"),
        imports: list(given, "import"),
        shared_imports: list(given, "shared-import"),
        aliases: aliases(given, "pymodule-alias"),
        late_aliases: aliases(given, "post-pymodule-alias"),
        optimize: given.number("optimize", 2, "a level of optimisation").unwrap_or(0) as u8,
        no_site: given.flag("no-site"),
        executable: given.text("py-sys-executable"),
        chdir2: given.path("chdir2"),
        streams: given.directives.flag("body-buffering") == Some(false),
        no_file_wrapper: given.flag("wsgi-disable-file-wrapper"),
        locks: count(given, "locks").unwrap_or(0).min(LOCKS_MAX) as u32,
        reload_on: ReloadOn {
            any: given.flag("reload-on-exception"),
            types: list(given, "reload-on-exception-type"),
            values: list(given, "reload-on-exception-value"),
            reprs: list(given, "reload-on-exception-repr"),
        },
        thread_stack: thread_stack(given),
        no_threads_wait: given.flag("no-threads-wait"),
        skip_atexit: given.flag("skip-atexit"),
    }
}

/// KiB in the file; less than the system's least is an error of a request's, not of the start.
fn thread_stack(given: &mut Given<'_>) -> u64 {
    let most = 1 << 20;
    let number = given.number("thread-stacksize", most, "a number of KiB").unwrap_or(0);
    match given.last("thread-stacksize") {
        Some(one) if (1..STACK_MIN).contains(&number) => {
            given.error(one, format!("expected at least {STACK_MIN} KiB, found {number}"));
            given.uwsgi("crashes in the first request that needs more");
            0
        }
        _ => number * 1024,
    }
}

fn list(given: &Given<'_>, name: &str) -> Vec<String> {
    let all = given.directives.all(name).map(|one| one.value.clone());
    all.filter(|value| !value.is_empty()).collect()
}

/// `config:/path/to.ini` or the path alone.
fn paste(given: &Given<'_>) -> Option<PathBuf> {
    let text = given.text("paste")?;
    Some(PathBuf::from(text.strip_prefix("config:").unwrap_or(&text)))
}

/// `name=module`, each.
fn aliases(given: &mut Given<'_>, option: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let directives = given.directives;
    for one in directives.all(option).filter(|one| !one.value.is_empty()) {
        match one.value.split_once('=') {
            Some((name, module)) if !name.is_empty() && !module.is_empty() => {
                found.push((name.to_owned(), module.to_owned()));
            }
            _ => given.error(one, format!("expected name=module, found {:?}", one.value)),
        }
    }
    found
}

/// `/path=module:callable`, `/path=file.py`, each; with `vhost` a host in front of the path.
fn mounts(given: &mut Given<'_>, option: &str, vhost: Vhost) -> Vec<Mount> {
    let mut found = Vec::new();
    let directives = given.directives;
    for one in directives.all(option).filter(|one| !one.value.is_empty()) {
        match mount(&one.value, vhost) {
            Ok(mount) => found.push(mount),
            Err(message) => {
                given.error(one, message);
                given.uwsgi("logs the failure and serves without this application");
            }
        }
    }
    found
}

fn mount(text: &str, vhost: Vhost) -> Result<Mount, String> {
    let (point, name) =
        text.split_once('=').filter(|(_, name)| !name.is_empty()).ok_or_else(|| {
            format!("expected /path=module:callable or /path=file.py, found {text:?}")
        })?;
    let (host, path) = match vhost {
        Vhost::Off => (String::new(), point),
        Vhost::ServerName | Vhost::Header => {
            let cut = point.find(['|', '/']).unwrap_or(point.len());
            (point[..cut].to_ascii_lowercase(), point[cut..].trim_start_matches('|'))
        }
    };
    let path = path.trim_matches('/');
    let point = if path.is_empty() { String::new() } else { format!("/{path}") };
    let (target, callable) = target(name)?;
    Ok(Mount { point, host, target, callable })
}

/// A file by its extension or its slash, a module otherwise; either may name the callable.
fn target(name: &str) -> Result<(Target, Option<String>), String> {
    let extension = |text: &str, ends: &[&str]| ends.iter().any(|end| text.ends_with(end));
    if extension(name, &[".ini", ".xml", ".yml", ".yaml", ".json"]) {
        return Err(format!(
            "an application has no configuration of its own here, found {name:?}: name its module \
             or file, or run it as a vassal"
        ));
    }
    let is_file = |text: &str| extension(text, &[".py", ".wsgi"]) || text.contains('/');
    if is_file(name) {
        return Ok((Target::File(PathBuf::from(name)), None));
    }
    let (base, callable) = match name.split_once(':') {
        Some((base, callable)) => (base, Some(callable).filter(|text| !text.is_empty())),
        None => (name, None),
    };
    if base.is_empty() {
        return Err(format!("expected a module or a file, found {name:?}"));
    }
    let target = if is_file(base) {
        Target::File(PathBuf::from(base))
    } else {
        Target::Module(base.to_owned())
    };
    Ok((target, callable.map(str::to_owned)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mounted(text: &str, vhost: Vhost) -> (String, String, Target, Option<String>) {
        let mount = mount(text, vhost).unwrap();
        (mount.host, mount.point, mount.target, mount.callable)
    }

    fn module(name: &str) -> Target {
        Target::Module(name.into())
    }

    #[test]
    fn a_mount_is_a_path_and_an_application() {
        let plain = |text| mounted(text, Vhost::Off);
        let none = String::new;
        assert_eq!(plain("/a=pkg.mod"), (none(), "/a".into(), module("pkg.mod"), None));
        assert_eq!(plain("a/=m:app()"), (none(), "/a".into(), module("m"), Some("app()".into())));
        assert_eq!(plain("/=m"), (none(), none(), module("m"), None));
        let file = |path: &str| Target::File(path.into());
        assert_eq!(plain("/a=a.py"), (none(), "/a".into(), file("a.py"), None));
        assert_eq!(plain("/a=/srv/app"), (none(), "/a".into(), file("/srv/app"), None));
        assert_eq!(plain("/a=a.py:x"), (none(), "/a".into(), file("a.py"), Some("x".into())));
        for wrong in ["/a", "/a=", "/a=c.ini", "/a=:x"] {
            assert!(mount(wrong, Vhost::Off).is_err(), "{wrong}");
        }
    }

    #[test]
    fn with_vhost_a_host_stands_in_front_of_the_path() {
        let hosted = |text| {
            let (host, point, ..) = mounted(text, Vhost::Header);
            (host, point)
        };
        for text in ["A.test|/x=m", "a.test/x=m"] {
            assert_eq!(hosted(text), ("a.test".into(), "/x".into()), "{text}");
        }
        for text in ["a.test=m", "a.test|=m", "a.test|/=m"] {
            assert_eq!(hosted(text), ("a.test".into(), String::new()), "{text}");
        }
    }
}
