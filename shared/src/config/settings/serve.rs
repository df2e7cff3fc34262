//! The server's part of the settings.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::finding::Origin;
use crate::rule;
use crate::settings::{Crew, Hook, Launch, Procname, Serve, Target, Wire};

use super::super::CHECK;
use super::super::glob::{self, GlobError, Looks};
use super::{
    Given, content, logs, protocols, python, socket, stuck, supervision, surroundings, tls, value,
};

/// More processes or threads than this are a slip of the finger.
pub(super) const CROWD_MAX: u64 = 4096;
/// A hundred years: what is added to a clock must not overflow.
const SECONDS_MAX: u64 = 3_155_760_000;

/// Reads the server's part.
pub(super) fn read(given: &mut Given<'_>, name: &str, launch: &Launch, hooks: Vec<Hook>) -> Serve {
    let default = Serve::default();
    let (target, callable) = application(given);
    let processes = processes(given);
    let mut supervision = supervision::read(given, processes);
    // sockets are held for others, and nothing is served
    let pools = launch.sockets.iter().any(|one| one.wire == Wire::Pooled)
        && launch.zerg.servers.is_empty()
        && !launch.sockets.iter().any(|one| one.wire.is_request());
    supervision.cheap |= pools;
    Serve {
        name: name.to_owned(),
        target,
        callable,
        home: given.path("home"),
        home_origin: given
            .directives
            .last("home")
            .map_or_else(String::new, |home| home.origin.to_string()),
        pythonpath: pythonpath(given, launch),
        pyargv: given.text("pyargv").map_or_else(Vec::new, |text| {
            text.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect()
        }),
        master: ["master", "stats", "touch-reload", "cheaper", "master-fifo"]
            .iter()
            .any(|name| given.directives.flag(name).unwrap_or(false)),
        processes,
        threads: given
            .number("threads", CROWD_MAX, "a number of threads")
            .map_or(default.threads, |number| number.max(1) as u32),
        lazy_apps: given.flag("lazy-apps") || given.flag("lazy"),
        need_app: given.directives.flag("need-app").unwrap_or(default.need_app && !pools),
        harakiri: seconds(given, "harakiri").filter(|time| !time.is_zero()),
        stuck: stuck::read(given),
        max_requests: count(given, "max-requests").unwrap_or(default.max_requests),
        max_requests_delta: count(given, "max-requests-delta")
            .unwrap_or(default.max_requests_delta),
        min_worker_lifetime: seconds(given, "min-worker-lifetime")
            .unwrap_or(default.min_worker_lifetime),
        die_on_term: given.directives.flag("die-on-term"),
        buffer_size: given
            .number("buffer-size", u64::MAX, "a number of bytes")
            .map_or(default.buffer_size, |number| number.min(65_535) as u32),
        limit_post: count(given, "limit-post").unwrap_or(default.limit_post),
        post_buffering: count(given, "post-buffering").unwrap_or(default.post_buffering),
        socket_timeout: seconds(given, "socket-timeout")
            .filter(|time| !time.is_zero())
            .unwrap_or(default.socket_timeout),
        keepalive: keepalive(given).unwrap_or(default.keepalive),
        worker_mercy: seconds(given, "worker-reload-mercy").unwrap_or(default.worker_mercy),
        disable_logging: given.flag("disable-logging"),
        catch_exceptions: given.flag("catch-exceptions"),
        stats_http: given.flag("stats-http"),
        stats_minified: given.flag("stats-minified"),
        memory_report: given.flag("memory-report"),
        procname: procname(given),
        check: given.last(CHECK).and_then(|one| {
            let check = value::check(&one.value);
            check.map_err(|message| given.error(one, message)).ok()
        }),
        content: content::read(given),
        tls: tls::read(given),
        front: socket::front(given, launch),
        crews: crews(given, launch),
        logs: logs::read(given),
        protocols: protocols::read(given, launch),
        python: python::read(given),
        supervision,
        surroundings: surroundings::read(given, hooks),
        options: given
            .directives
            .iter()
            .filter(|one| one.key != CHECK)
            .map(|one| {
                let bare = one.origin == Origin::CommandLine && one.value == "true";
                (one.given.clone(), (!bare).then(|| one.value.clone()))
            })
            .collect(),
    }
}

fn crews(given: &mut Given<'_>, launch: &Launch) -> Vec<Crew> {
    let sources: Vec<_> = launch.sources.iter().map(|(name, _)| name.clone()).collect();
    socket::crews(given, &launch.sockets, &sources)
}

pub(super) fn count(given: &mut Given<'_>, name: &str) -> Option<u64> {
    given.number(name, u64::MAX, "a number")
}

pub(super) fn seconds(given: &mut Given<'_>, name: &str) -> Option<Duration> {
    given.number(name, SECONDS_MAX, "seconds").map(Duration::from_secs)
}

fn processes(given: &mut Given<'_>) -> u32 {
    let Some(number) = given.number("processes", CROWD_MAX, "a number of processes") else {
        return 1;
    };
    number.max(1) as u32
}

/// `module = package.module:callable`, or `wsgi-file` and `callable`.
fn application(given: &mut Given<'_>) -> (Option<Target>, Option<String>) {
    let callable = given.text("callable");
    let module = given.text("module");
    let file = given.path("wsgi-file");
    if let (Some(_), Some(_), Some(ignored)) = (&module, &file, given.last("wsgi-file")) {
        let message = "ignored: module is given, and one application is served";
        given.warning(ignored, rule::TWO_APPLICATIONS, message);
        given.uwsgi("loads module first and skips this one");
    }
    match (module, file) {
        (Some(module), _) => {
            let (name, attribute) = match module.split_once(':') {
                Some((name, attribute)) => (name.to_owned(), Some(attribute.to_owned())),
                None => (module, None),
            };
            if let Some(one) = given.last("module").filter(|_| name.is_empty()) {
                given
                    .error(one, format!("expected package.module:callable, found {:?}", one.value));
            }
            let callable = attribute.filter(|text| !text.is_empty()).or(callable);
            (Some(Target::Module(name)), callable)
        }
        (None, Some(file)) => (Some(Target::File(file)), callable),
        (None, None) => (None, callable),
    }
}

/// Patterns are expanded where the application will be; what matches nothing stays as it is.
fn pythonpath(given: &mut Given<'_>, launch: &Launch) -> Vec<PathBuf> {
    let mut base = given.directory.to_path_buf();
    if let Some(root) = &launch.chroot {
        base.clone_from(root);
    }
    if let Some(chdir) = &launch.chdir {
        let inside = chdir.strip_prefix("/").ok().filter(|_| launch.chroot.is_some());
        base = base.join(inside.unwrap_or(chdir));
    }
    let mut list = Vec::new();
    let mut looks = Looks::default();
    for one in given.directives.all("pythonpath").filter(|one| !one.value.is_empty()) {
        let found = if glob::is_pattern(&one.value) {
            match matching(&one.value, &base, launch, &mut looks) {
                Ok(found) => found,
                Err(error) => {
                    given.error(one, error.to_string());
                    break;
                }
            }
        } else {
            Vec::new()
        };
        if found.is_empty() {
            list.push(PathBuf::from(&one.value));
        }
        list.extend(found);
    }
    list
}

fn matching(
    pattern: &str,
    base: &Path,
    launch: &Launch,
    looks: &mut Looks,
) -> Result<Vec<PathBuf>, GlobError> {
    let (Some(root), Some(inside)) = (&launch.chroot, pattern.strip_prefix('/')) else {
        return glob::expand(pattern, base, looks);
    };
    // an absolute pattern in a jail counts from the jail's root
    let found = glob::expand(inside, root, looks)?;
    Ok(found.into_iter().map(|path| Path::new("/").join(path)).collect())
}

/// Digits are seconds, 0 is off, 1 the default. `true` and other words are on: uWSGI reads
/// them as 0, which nobody who wrote them meant.
fn keepalive(given: &mut Given<'_>) -> Option<Duration> {
    let one = given.last("http-keepalive")?;
    if !one.value.trim_start().starts_with(|c: char| c.is_ascii_digit()) {
        let off = ["false", "off", "no"].iter().any(|word| one.value.eq_ignore_ascii_case(word));
        return off.then_some(Duration::ZERO);
    }
    seconds(given, "http-keepalive").filter(|time| time.as_secs() != 1)
}

fn procname(given: &Given<'_>) -> Option<Procname> {
    // one option to uWSGI: the later one counts
    let names = ["procname-prefix", "procname-prefix-spaced"];
    let last = given.directives.iter().rev().find(|one| names.contains(&one.key.as_str()));
    let prefix = last.filter(|one| !one.value.is_empty()).map(|one| match one.key.as_str() {
        "procname-prefix-spaced" => format!("{} ", one.value),
        _ => one.value.clone(),
    });
    let append = given.text("procname-append");
    let whole = given.text("procname");
    let master = given.text("procname-master");
    let wanted = given.flag("auto-procname")
        || [&prefix, &append, &whole, &master].iter().any(|text| text.is_some());
    wanted.then(|| Procname {
        prefix: prefix.unwrap_or_default(),
        append: append.unwrap_or_default(),
        whole,
        master,
    })
}
