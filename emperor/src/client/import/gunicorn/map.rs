//! What each of gunicorn's settings is called here.

use super::super::site::{Origins, Place, Site};
use super::super::value::Value;
use super::bind;
use super::literal::Literal;
use super::{SETTINGS, Settings};

/// Writes all settings into a site, each once, and gunicorn's defaults where ours differ.
pub(super) fn fill(site: &mut Site, mut settings: Settings) {
    let kind = application(site, &mut settings);
    let unix = sockets(site, &mut settings);
    identity(site, &mut settings, unix);
    crowd(site, &mut settings, kind);
    deadlines(site, &mut settings, kind);
    surroundings(site, &mut settings);
    logs(site, &mut settings);
    for (name, why) in SETTINGS {
        let Some((value, from)) = settings.take(name) else { continue };
        let off = matches!(value, Literal::None | Literal::Bool(false));
        if !off && !why.is_empty() {
            site.leave(from.left(*why));
        } else if !off {
            site.leave(from.left("it has no counterpart here"));
        }
    }
}

/// How gunicorn's workers serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// One request at a time.
    Sync,
    /// In threads.
    Threads,
    /// Green threads: many requests at a time in one thread.
    Green,
    /// Another interface than WSGI.
    Asgi,
}

fn number(value: &Literal) -> Option<i64> {
    match value {
        Literal::Integer(number) => Some(*number),
        Literal::Text(text) => text.plain()?.trim().parse().ok(),
        _ => None,
    }
}

fn text(value: &Literal) -> Option<&str> {
    if let Literal::Text(value) = value { value.plain() } else { None }
}

/// One setting that is one option.
fn same(site: &mut Site, settings: &mut Settings, name: &str, option: &str) -> bool {
    let Some((value, from)) = settings.take(name) else { return false };
    single(site, &value, &from, option)
}

fn single(site: &mut Site, value: &Literal, from: &Origins, option: &str) -> bool {
    match value.value() {
        Some(value) => site.set(from, option, value),
        None if *value == Literal::None => false,
        None => {
            site.leave(from.left("one value was expected"));
            false
        }
    }
}

/// The application, and how it is served.
fn application(site: &mut Site, settings: &mut Settings) -> Kind {
    let threads = settings.given.get("threads").is_some_and(|(n, _)| number(n) != Some(1));
    let mut kind = if threads { Kind::Threads } else { Kind::Sync };
    if let Some((class, from)) = settings.take("worker_class") {
        let name = text(&class).unwrap_or_default().to_ascii_lowercase();
        let has = |parts: &[&str]| parts.iter().any(|part| name.contains(part));
        if has(&["uvicorn", "asgi", "aiohttp", "hypercorn", "daphne"]) {
            kind = Kind::Asgi;
            site.leave(from.left("an application that speaks ASGI is not served yet"));
        } else if has(&["gevent", "eventlet", "tornado", "meinheld"]) {
            kind = Kind::Green;
            site.leave(from.left(
                "requests run in processes and threads here: choose threads so that processes \
                 times threads requests at a time are enough",
            ));
        } else if name == "gthread" || name.ends_with(".threadworker") {
            kind = Kind::Threads;
        } else if !(name == "sync" || name.ends_with(".syncworker")) {
            site.leave(from.left("a class of workers that is not known here"));
        }
    }
    let named = settings.take("wsgi_app").and_then(|(value, from)| match text(&value) {
        Some(text) => Some((text.to_owned(), from)),
        None if value == Literal::None => None,
        None => {
            site.leave(from.left("package.module:callable was expected"));
            None
        }
    });
    match (settings.application.take().or(named), kind) {
        (Some((_, from)), Kind::Asgi) => {
            site.leave(from.left("an application that speaks ASGI is not served yet"));
        }
        (Some((text, from)), _) => {
            let (name, callable) = text.split_once(':').unwrap_or((&text, "application"));
            site.module(&from, name, callable);
        }
        (None, _) if settings.given.contains_key("paste") => {}
        (None, _) => site.note(
            "the application was named on gunicorn's command line: module = package.module:callable",
        ),
    }
    if let Some((value, from)) = settings.take("paste") {
        single(site, &value, &from, "paste");
    }
    kind
}

/// The sockets; returns whether one is of the file system.
fn sockets(site: &mut Site, settings: &mut Settings) -> bool {
    let secure = settings.take("certfile");
    let key = settings.take("keyfile");
    let proxied = settings.take("proxy_protocol");
    let uwsgi = settings.take("protocol").is_some_and(|(value, _)| text(&value) == Some("uwsgi"));
    let option = if uwsgi { "socket" } else { "http-socket" };
    let mut unix = false;
    let defaulted = settings.defaulted("bind");
    let Some((binds, from)) = settings.take("bind") else {
        if defaulted {
            site.note("gunicorn's default address");
            site.base(option, "127.0.0.1:8000");
        }
        if let Some((_, from)) = secure {
            site.leave(from.left(super::TLS));
        }
        return false;
    };
    let mut addresses = Vec::new();
    for value in binds.values().unwrap_or_default() {
        match value.plain() {
            Some(text) => addresses.extend(text.split(',').map(Value::from)),
            None => addresses.push(value),
        }
    }
    for bind in addresses.iter().map(bind::read) {
        unix |= bind.unix;
        match (&secure, bind.unix) {
            (Some((Literal::Text(certificate), _)), false) => {
                // what was encrypted is not opened to the world in plain text
                let mut value = bind.address.clone();
                value.push(",".into());
                value.push(certificate.clone());
                if let Some((Literal::Text(key), _)) = &key {
                    value.push(",".into());
                    value.push(key.clone());
                }
                if !site.set(&from, "https-socket", value)
                    && let Some(port) = bind::port(&bind.address)
                {
                    site.note("without TLS it is only open to a proxy on this machine");
                    site.set(&from, option, format!("127.0.0.1:{port}"));
                }
            }
            _ => {
                site.set(&from, option, bind.address);
            }
        }
    }
    if let Some((value, from)) = proxied
        && !matches!(value, Literal::Bool(false) | Literal::None)
        && text(&value) != Some("off")
    {
        site.set(&from, "enable-proxy-protocol", "true");
    }
    unix
}

/// Who it becomes, and the modes of its sockets.
fn identity(site: &mut Site, settings: &mut Settings, unix: bool) {
    let user = settings.take("user");
    let group = settings.take("group");
    let mut owner = Value::default();
    if let Some((value, from)) = &user
        && single(site, value, from, "uid")
    {
        owner = value.value().unwrap_or_default();
    }
    if let Some((value, from)) = &group
        && single(site, value, from, "gid")
        && !owner.0.is_empty()
    {
        owner.push(":".into());
        owner.push(value.value().unwrap_or_default());
    }
    let groups = settings.take("initgroups");
    let all = groups.is_some_and(|(value, _)| value == Literal::Bool(true));
    if !owner.0.is_empty() && !all {
        site.base("no-initgroups", "true");
    }
    let umask = settings.take("umask");
    if unix {
        let mask = umask.as_ref().map_or(Some(0), |(value, _)| mode(value));
        match (mask, &umask) {
            (Some(mask), Some((_, from))) => {
                site.set(from, "chmod-socket", format!("{:03o}", 0o777 & !mask));
            }
            (Some(_), None) => site.base("chmod-socket", "777"),
            (None, Some((_, from))) => site.leave(from.left("an octal mode was expected")),
            (None, None) => {}
        }
        if let Some((_, from)) = user.as_ref().filter(|_| !owner.0.is_empty()) {
            site.set(from, "chown-socket", owner);
        }
        site.base("vacuum", "true");
    } else if let Some((value, from)) = umask.filter(|(value, _)| mode(value) != Some(0)) {
        let _ = value;
        site.leave(from.left("gunicorn uses it for its own files only, not for the application's"));
    }
}

/// A mode: a number of Python, or text in any of its bases.
fn mode(value: &Literal) -> Option<u32> {
    let number = match value {
        Literal::Integer(number) => u32::try_from(*number).ok(),
        Literal::Text(text) => {
            let text = text.plain()?;
            match text.strip_prefix("0o").or(text.strip_prefix('0')) {
                Some("") => Some(0),
                Some(digits) => u32::from_str_radix(digits, 8).ok(),
                None => text.parse().ok(),
            }
        }
        _ => None,
    };
    number.filter(|mode| *mode <= 0o777)
}

/// Processes and threads.
fn crowd(site: &mut Site, settings: &mut Settings, kind: Kind) {
    site.base("master", "true");
    let workers = settings.given.get("workers").and_then(|(value, _)| number(value));
    same(site, settings, "workers", "processes");
    same(site, settings, "threads", "threads");
    let preload = settings.take("preload_app");
    if !preload.is_some_and(|(value, _)| value == Literal::Bool(true))
        && !settings.computed.contains("preload_app")
    {
        site.note("gunicorn loads the application in each worker unless preload_app is set");
        site.base("lazy-apps", "true");
    }
    if kind != Kind::Green && kind != Kind::Asgi {
        settings.take("worker_connections");
    }
    if let Some((value, from)) = settings.take("max_requests")
        && number(&value) != Some(0)
    {
        single(site, &value, &from, "max-requests");
    }
    if let Some((value, from)) = settings.take("max_requests_jitter")
        && number(&value) != Some(0)
    {
        match number(&value).and_then(|jitter| u64::try_from(jitter).ok()) {
            Some(jitter) => {
                // each further worker gets the delta once more: the last one gets the jitter
                let steps = workers.and_then(|n| u64::try_from(n).ok()).unwrap_or(1).max(2) - 1;
                site.set(&from, "max-requests-delta", jitter.div_ceil(steps).to_string());
            }
            None => site.leave(from.left("a number was expected")),
        }
    }
    same(site, settings, "backlog", "listen");
    if let Some((value, from)) = settings.take("reuse_port")
        && value == Literal::Bool(true)
    {
        site.set(&from, "reuse-port", "true");
    }
}

/// Times.
fn deadlines(site: &mut Site, settings: &mut Settings, kind: Kind) {
    let defaulted = settings.defaulted("timeout");
    match (settings.take("timeout"), kind) {
        (Some((value, _)), _) if number(&value) == Some(0) => {}
        (Some((value, from)), Kind::Sync) => {
            single(site, &value, &from, "harakiri");
        }
        (Some((_, from)), Kind::Threads | Kind::Green | Kind::Asgi) => site.leave(from.left(
            "with such workers it watches the worker, not the request; harakiri limits requests",
        )),
        (None, Kind::Sync) if defaulted => {
            site.note("gunicorn's default timeout");
            site.base("harakiri", "30");
        }
        (None, _) => {}
    }
    if settings.defaulted("graceful_timeout") {
        site.note("gunicorn's default graceful_timeout");
        site.base("worker-reload-mercy", "30");
    }
    same(site, settings, "graceful_timeout", "worker-reload-mercy");
    if let Some((value, from)) = settings.take("keepalive") {
        match number(&value) {
            // gunicorn's sync workers keep no connection: it says nothing
            _ if kind == Kind::Sync => {}
            // 1 means the default here
            Some(1) => _ = site.set(&from, "http-keepalive", "2"),
            _ => _ = single(site, &value, &from, "http-keepalive"),
        }
    }
}

/// Directories, the environment, reloads, titles.
fn surroundings(site: &mut Site, settings: &mut Settings) {
    same(site, settings, "chdir", "chdir");
    if let Some((value, from)) = settings.take("pythonpath") {
        match value.value() {
            Some(whole) => match whole.plain() {
                Some(text) => {
                    for path in text.split(',').map(str::trim).filter(|path| !path.is_empty()) {
                        site.set(&from, "pythonpath", path);
                    }
                }
                None => _ = site.set(&from, "pythonpath", whole),
            },
            None if value == Literal::None => {}
            None => site.leave(from.left("one value was expected")),
        }
    }
    if let Some((value, from)) = settings.take("raw_env") {
        match value.values() {
            Some(list) => {
                for one in list {
                    site.set(&from, "env", one);
                }
            }
            None => site.leave(from.left("a list of NAME=value was expected")),
        }
    }
    if let Some((value, from)) = settings.take("reload")
        && !matches!(value, Literal::Bool(false) | Literal::None)
    {
        site.set(&from, "py-autoreload", "1");
    }
    if let Some((value, from)) = settings.take("reload_extra_files") {
        for one in value.values().unwrap_or_default() {
            site.set(&from, "touch-reload", one);
        }
    }
    same(site, settings, "pidfile", "pidfile");
    if let Some((value, from)) = settings.take("proc_name")
        && value != Literal::None
    {
        site.set(&from, "auto-procname", "true");
        single(site, &value, &from, "procname-prefix-spaced");
    }
    if let Some((value, from)) = settings.take("forwarded_allow_ips") {
        let local = |ip: &str| matches!(ip.trim(), "127.0.0.1" | "::1" | "localhost" | "");
        if !text(&value).is_some_and(|list| list.split(',').all(local)) {
            site.leave(from.left(super::PROXY));
        }
    }
}

/// Logs.
fn logs(site: &mut Site, settings: &mut Settings) {
    settings.given.retain(|name, (value, _)| *name != "loglevel" || text(value) != Some("info"));
    // all output is captured here anyway
    settings.take("capture_output");
    settings.take("enable_stdio_inheritance");
    if let Some((value, from)) = settings.take("errorlog")
        && text(&value) != Some("-")
    {
        single(site, &value, &from, "logto");
    }
    let defaulted = settings.defaulted("accesslog");
    match settings.take("accesslog") {
        Some((value, _)) if text(&value) == Some("-") => {}
        Some((Literal::Text(path), from)) => {
            let mut value = Value::from("file:");
            value.push(path);
            site.set(&from, "req-logger", value);
        }
        Some((Literal::None, _)) | None if defaulted => quiet(site),
        Some((Literal::None, _)) => quiet(site),
        Some((_, from)) => site.leave(from.left("a path was expected")),
        None => {}
    }
    if let Some((value, from)) = settings.take("access_log_format") {
        match text(&value) {
            Some(format) => _ = site.set(&from, "log-format", line(format)),
            None => site.leave(from.left("a text was expected")),
        }
    }
    let address = settings.take("syslog_addr");
    if let Some((value, from)) = settings.take("syslog").or(address)
        && !matches!(value, Literal::Bool(false) | Literal::None)
    {
        site.set(&from, "logger", format!("syslog:{}", site.name));
    }
}

fn quiet(site: &mut Site) {
    site.note("gunicorn writes no line for a request unless accesslog is set");
    site.set(&Origins::new(Place::File, "accesslog", "accesslog"), "disable-logging", "true");
}

/// gunicorn's variables of a log line by their uWSGI names.
fn line(format: &str) -> String {
    const NAMES: [(&str, &str); 17] = [
        ("%(h)s", "%(addr)"),
        ("%(l)s", "-"),
        ("%(u)s", "%(user)"),
        ("%(t)s", "[%(ltime)]"),
        ("%(r)s", "%(method) %(uri) %(proto)"),
        ("%(m)s", "%(method)"),
        ("%(U)s", "%(uri)"),
        ("%(H)s", "%(proto)"),
        ("%(s)s", "%(status)"),
        ("%(b)s", "%(rsize)"),
        ("%(B)s", "%(rsize)"),
        ("%(f)s", "%(referer)"),
        ("%(a)s", "%(uagent)"),
        ("%(T)s", "%(secs)"),
        ("%(M)s", "%(msecs)"),
        ("%(D)s", "%(micros)"),
        ("%(p)s", "%(pid)"),
    ];
    NAMES.iter().fold(format.to_owned(), |text, (from, to)| text.replace(from, to))
}
