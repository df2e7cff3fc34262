//! PHP-FPM: each pool becomes a site.
//!
//! There is no PHP in this server yet: the files say who the pool is and how it is reached, and
//! keep what concerns PHP as comments for the day when there is.

use super::plain::{self, Dialect, Entry, Section};
use super::site::{Origins, Place, Site};
use super::value::{Piece, Value};
use super::{ImportError, Imported};

const DIALECT: Dialect = Dialect { inline: &[';'], quotes: true, continued: false, colon: false };

/// Keys of a pool that are not carried over, and why; no text: nothing is lost.
const REASONS: &[(&str, &str)] = &[
    ("catch_workers_output", ""),
    ("decorate_workers_output", "lines are not decorated"),
    ("clear_env", "a vassal's environment is always its own: name variables with env"),
    ("pm.status_path", "the option stats has the same numbers"),
    ("pm.status_listen", "the option stats has the same numbers"),
    ("ping.path", "the option check asks the application itself"),
    ("ping.response", "the option check asks the application itself"),
    ("pm.max_spawn_rate", "how fast processes are added is not a choice yet"),
    ("pm.max_spare_servers", "how many processes may be idle is decided by cheaper alone"),
    ("listen.acl_users", "access lists are not set: use chown-socket and chmod-socket"),
    ("listen.acl_groups", "access lists are not set: use chown-socket and chmod-socket"),
    ("listen.allowed_clients", "who may connect is the firewall's to say"),
    ("listen.setfib", "routing tables are not chosen"),
    ("process.priority", "priorities are not built yet"),
    ("process.dumpable", "core dumps are the system's to say"),
    ("rlimit_core", "core dumps are the system's to say"),
    ("request_slowlog_trace_depth", "there are no traces of slow requests"),
    ("request_terminate_timeout_track_finished", ""),
    ("apparmor_hat", "profiles are not changed"),
    ("security.limit_extensions", ""),
    ("access.suppress_path", "lines of requests are written for all paths"),
];

fn origins(entry: &Entry) -> Origins {
    let text = format!("{} = {}", entry.key, entry.value);
    Origins::new(Place::Line(entry.line), &entry.key, &text)
}

/// Imports a file.
pub(super) fn import(text: &str) -> Result<Imported, ImportError> {
    let plain = plain::read(text, DIALECT)?;
    let mut rest = Vec::new();
    for (line, text) in plain.odd {
        let from = Origins::new(Place::Line(line), "line", &text);
        rest.push(from.left("neither a section nor key = value"));
    }
    let mut sites = Vec::new();
    for section in &plain.sections {
        if section.name == "global" {
            let own = "it concerns how PHP-FPM itself works";
            rest.extend(section.entries.iter().map(|entry| origins(entry).left(own)));
        } else {
            sites.push(pool(section));
        }
    }
    if sites.is_empty() {
        return Err(ImportError::Nothing("no pool in it"));
    }
    Ok(Imported::of(sites, rest))
}

/// A value without its quotes, with the pool's name in it.
fn text(entry: &Entry, pool: &str) -> String {
    let value = entry.value.as_str();
    let inner = value.strip_prefix('"').and_then(|one| one.strip_suffix('"'));
    inner.unwrap_or(value).replace("$pool", pool)
}

fn pool(section: &Section) -> Site {
    let mut site = Site::new(&section.name, "a pool of PHP-FPM");
    site.note("PHP is not built into this server yet: this file serves nothing until it is.");
    site.note("nginx has to ask with uwsgi_pass then, not with fastcgi_pass.");
    let value = |key: &str| section.last(key).map(|entry| (entry, text(entry, &section.name)));
    site.base("master", "true");
    let php =
        Origins::new(Place::Line(section.line), &section.name, &format!("[{}]", section.name));
    site.set(&php, "php-app", "/path/of/index.php");
    for (key, option) in [("user", "uid"), ("group", "gid")] {
        if let Some((entry, text)) = value(key) {
            site.set(&origins(entry), option, text);
        }
    }
    if let Some((entry, text)) = value("listen") {
        listen(&mut site, entry, &text);
    }
    if let Some((entry, owner)) = value("listen.owner") {
        let group = value("listen.group").map(|(_, group)| format!(":{group}"));
        site.set(&origins(entry), "chown-socket", owner + &group.unwrap_or_default());
    } else if let Some((entry, _)) = value("listen.group") {
        site.leave(origins(entry).left("chown-socket needs the owner too"));
    }
    if let Some((entry, text)) = value("listen.mode") {
        let mode = text.strip_prefix('0').unwrap_or(&text);
        site.set(&origins(entry), "chmod-socket", mode);
    }
    manager(&mut site, section);
    for (key, option) in [
        ("listen.backlog", "listen"),
        ("pm.max_requests", "max-requests"),
        ("chroot", "chroot"),
        ("chdir", "chdir"),
        ("rlimit_files", "max-fd"),
    ] {
        match value(key) {
            // no limit there, and the default here
            Some((_, text)) if text.is_empty() || text == "0" || text == "-1" => {}
            Some((entry, text)) => _ = site.set(&origins(entry), option, text),
            None => {}
        }
    }
    for (key, option, factor) in [
        ("request_terminate_timeout", "harakiri", 1),
        ("request_slowlog_timeout", "log-slow", 1000),
    ] {
        let Some((entry, text)) = value(key) else { continue };
        match seconds(&text) {
            Some(0) => {}
            Some(time) => {
                _ = site.set(&origins(entry), option, time.saturating_mul(factor).to_string());
            }
            None => site.leave(origins(entry).left("a time such as 30s was expected")),
        }
    }
    logs(&mut site, section);
    for entry in &section.entries {
        remaining(&mut site, entry, &section.name);
    }
    site
}

fn listen(site: &mut Site, entry: &Entry, text: &str) {
    let from = origins(entry);
    let port = text.bytes().all(|byte| byte.is_ascii_digit());
    let everywhere = port || ["0.0.0.0:", "[::]:", "*:"].iter().any(|any| text.starts_with(any));
    if everywhere {
        let port = text.rsplit(':').next().unwrap_or(text);
        site.leave(from.left(
            "a socket that takes the uwsgi protocol is not opened to all addresses: whoever \
             reaches it runs code",
        ));
        site.set(&from, "socket", format!("127.0.0.1:{port}"));
    } else {
        site.set(&from, "socket", text);
    }
    if text.starts_with('/') {
        site.base("vacuum", "true");
    }
}

/// How many processes.
fn manager(site: &mut Site, section: &Section) {
    let kind = section.last("pm").map_or("dynamic", |entry| entry.value.as_str());
    let set = |site: &mut Site, key: &str, option: &str| {
        if let Some(entry) = section.last(key) {
            site.set(&origins(entry), option, text(entry, &section.name));
        }
    };
    set(site, "pm.max_children", "processes");
    if kind == "dynamic" {
        set(site, "pm.min_spare_servers", "cheaper");
        set(site, "pm.start_servers", "cheaper-initial");
    }
    if let Some(entry) = section.last("pm").filter(|_| kind == "ondemand") {
        site.set(&origins(entry), "cheap", "true");
    }
    if let Some(entry) = section.last("pm.process_idle_timeout").filter(|_| kind == "ondemand") {
        match seconds(&entry.value) {
            Some(time) => _ = site.set(&origins(entry), "idle", time.to_string()),
            None => site.leave(origins(entry).left("a time such as 10s was expected")),
        }
    }
}

fn logs(site: &mut Site, section: &Section) {
    if let Some(entry) = section.last("access.log") {
        let path = text(entry, &section.name);
        site.set(&origins(entry), "req-logger", format!("file:{path}"));
    } else {
        site.note("PHP-FPM writes no line for a request unless access.log is set");
        site.base("disable-logging", "true");
    }
    if let Some(entry) =
        section.last("slowlog").filter(|_| section.last("request_slowlog_timeout").is_some())
    {
        site.leave(origins(entry).left("slow requests go to the one log"));
    }
    if let Some(entry) = section.last("access.format") {
        site.leave(
            origins(entry).left("its variables are not those of log-format: write that yourself"),
        );
    }
}

/// The keys that became no option.
fn remaining(site: &mut Site, entry: &Entry, pool: &str) {
    const DONE: &[&str] = &[
        "user",
        "group",
        "listen",
        "listen.owner",
        "listen.group",
        "listen.mode",
        "listen.backlog",
        "pm",
        "pm.max_children",
        "pm.start_servers",
        "pm.min_spare_servers",
        "pm.process_idle_timeout",
        "pm.max_requests",
        "chroot",
        "chdir",
        "rlimit_files",
        "request_terminate_timeout",
        "request_slowlog_timeout",
        "slowlog",
        "access.log",
        "access.format",
    ];
    let from = origins(entry);
    let key = entry.key.as_str();
    if DONE.contains(&key) {
        return;
    }
    if let Some((kind, name)) = key.strip_suffix(']').and_then(|key| key.split_once('[')) {
        let value = text(entry, pool);
        match kind {
            "env" => variable(site, &from, name, &value),
            "php_value" | "php_flag" | "php_admin_value" | "php_admin_flag" => {
                site.set(&from, "php-set", format!("{name}={value}"));
            }
            _ => site.leave(from.left("a key that is not known")),
        }
        return;
    }
    if key == "security.limit_extensions" {
        for extension in text(entry, pool).split_whitespace() {
            site.set(&from, "php-allowed-ext", extension);
        }
        return;
    }
    if key == "prefix" {
        site.leave(from.left("paths are written whole here"));
        return;
    }
    match REASONS.iter().find(|(known, _)| *known == key) {
        Some((_, "")) => {}
        Some((_, why)) => site.leave(from.left(*why)),
        None => site.leave(from.left("a key that is not known")),
    }
}

/// `env[NAME] = value`, or `= $NAME` from the environment of PHP-FPM.
fn variable(site: &mut Site, from: &Origins, name: &str, value: &str) {
    let mut whole = Value::from(format!("{name}="));
    match value.strip_prefix('$') {
        Some(other) => {
            whole.push(Value(vec![Piece::Environment(other.to_owned(), None)]));
        }
        None => whole.push(value.into()),
    }
    site.set(from, "env", whole);
}

/// `30`, `30s`, `2m`, `1h`, `1d`.
fn seconds(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.trim_end_matches(['s', 'm', 'h', 'd']);
    let factor = match &text[digits.len()..] {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units() {
        for (text, want) in [
            ("30", Some(30)),
            ("30s", Some(30)),
            ("2m", Some(120)),
            ("1d", Some(86400)),
            ("x", None),
            ("1sm", None),
        ] {
            assert_eq!(seconds(text), want, "{text}");
        }
    }

    #[test]
    fn the_protocol_is_not_opened_to_strangers() {
        for listen in ["9000", "0.0.0.0:9000", "*:9000", "[::]:9000"] {
            let text = format!("[www]\nuser = a\nlisten = {listen}\n");
            let imported = import(&text).unwrap();
            let (_, file) = &imported.files[0];
            assert!(file.contains("\nsocket = 127.0.0.1:9000\n"), "{file}");
            assert!(imported.left.iter().any(|left| left.name == "listen"));
        }
    }
}
