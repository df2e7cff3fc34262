//! Supervisor: each program that serves an application becomes a site.

use super::plain::{self, Dialect, Entry, Section};
use super::shell::{self, Command, Program};
use super::site::{Left, Origins, Place, Site};
use super::value::{Piece, Value};
use super::{Context, ImportError, Imported, gunicorn, uwsgi, waitress};

const DIALECT: Dialect =
    Dialect { inline: &[';', '#'], quotes: false, continued: true, colon: true };
/// The most copies of one program.
const COPIES_MAX: u32 = 64;

const RESTARTS: &str = "the Emperor always starts a vassal again, after growing pauses";

/// Keys of a program that are not carried over, and why; no text: nothing is lost.
const REASONS: &[(&str, &str)] = &[
    (
        "autostart",
        "the Emperor starts every file that it sees: put this one in place when it is to run",
    ),
    ("autorestart", RESTARTS),
    ("startsecs", RESTARTS),
    ("startretries", RESTARTS),
    ("exitcodes", RESTARTS),
    ("priority", "vassals start in no order: none should need another"),
    ("stopsignal", "the Emperor asks a vassal over its link to stop; requests are finished first"),
    ("process_name", ""),
    ("numprocs_start", ""),
    ("stopasgroup", ""),
    ("killasgroup", ""),
    ("stdout_capture_maxbytes", "there is no such capture mode"),
    ("stderr_capture_maxbytes", "there is no such capture mode"),
    ("stdout_events_enabled", "there are no such events"),
    ("stderr_events_enabled", "there are no such events"),
    ("stdout_syslog", "not to syslog yet: emperorctl logs and the journal have the lines"),
    ("stderr_syslog", "not to syslog yet: emperorctl logs and the journal have the lines"),
    ("stdout_logfile_backups", "log files are not rotated here: logrotate does that"),
    ("stderr_logfile_maxbytes", "log files are not rotated here: logrotate does that"),
    ("stderr_logfile_backups", "log files are not rotated here: logrotate does that"),
    ("serverurl", "there is no such server; the API has its own socket"),
];

fn origins(entry: &Entry) -> Origins {
    let text = format!("{} = {}", entry.key, entry.value);
    Origins::new(Place::Line(entry.line), &entry.key, &text)
}

/// Imports a file.
pub(super) fn import(text: &str, context: &Context) -> Result<Imported, ImportError> {
    let plain = plain::read(text, DIALECT)?;
    let mut rest: Vec<Left> = Vec::new();
    for (line, text) in plain.odd {
        let from = Origins::new(Place::Line(line), "line", &text);
        rest.push(from.left("neither a section nor key = value"));
    }
    let daemon = plain.sections.iter().find(|section| section.name == "supervisord");
    let mut sites = Vec::new();
    let mut programs = 0_usize;
    for section in &plain.sections {
        let header =
            Origins::new(Place::Line(section.line), &section.name, &format!("[{}]", section.name));
        let (kind, name) = section.name.split_once(':').unwrap_or((&section.name, ""));
        match kind {
            "program" => {
                programs += 1;
                program(section, name.trim(), daemon, context, &mut sites, &mut rest);
            }
            "supervisord" => daemon_keys(section, &mut rest),
            "group" => rest.push(header.left("there are no groups; the API names each app")),
            "eventlistener" => rest.push(header.left("there are no event listeners")),
            "fcgi-program" => rest.push(header.left("FastCGI programs are not served yet")),
            "include" => rest.push(header.left("import the files that it names, one by one")),
            "unix_http_server" | "inet_http_server" | "supervisorctl" | "rpcinterface" => {
                rest.push(header.left("the Emperor has an API of its own; see emperorctl"));
            }
            _ => rest.push(header.left("a section that is not known")),
        }
    }
    if programs == 0 {
        return Err(ImportError::Nothing("no [program:...] section in it"));
    }
    Ok(Imported::of(sites, rest))
}

/// What the daemon says about itself; what its programs inherit is carried over with them.
fn daemon_keys(section: &Section, rest: &mut Vec<Left>) {
    const INHERITED: [&str; 4] = ["environment", "umask", "user", "directory"];
    for entry in section.entries.iter().filter(|one| !INHERITED.contains(&one.key.as_str())) {
        rest.push(origins(entry).left("it concerns how supervisord itself works"));
    }
}

/// A program: one site for each copy.
fn program(
    section: &Section,
    name: &str,
    daemon: Option<&Section>,
    context: &Context,
    sites: &mut Vec<Site>,
    rest: &mut Vec<Left>,
) {
    let Some(line) = section.last("command") else {
        let from = Origins::new(Place::Line(section.line), name, &format!("[{}]", section.name));
        rest.push(from.left("a program without a command"));
        return;
    };
    let number = |key: &str| section.last(key).and_then(|entry| entry.value.parse::<u32>().ok());
    let start = number("numprocs_start").unwrap_or(0);
    let wanted = number("numprocs").unwrap_or(1).max(1);
    if wanted > COPIES_MAX
        && let Some(entry) = section.last("numprocs")
    {
        rest.push(origins(entry).left(format!("only {COPIES_MAX} of them become sites")));
    }
    for copy in 0..wanted.min(COPIES_MAX) {
        let number = start.saturating_add(copy);
        let words = Words { program: name, number, context };
        let text = words.expanded(&line.value);
        let from = origins(line);
        let command = match text.plain().ok_or("a variable of supervisord's environment") {
            Ok(text) => shell::command(text),
            Err(why) => Err(why),
        };
        let command = match command {
            Ok(command) => command,
            Err(why) => {
                rest.push(from.left(format!("the command is not understood: {why}")));
                return;
            }
        };
        if sites.len() > super::SITES_MAX {
            return;
        }
        if let Some(why) = foreign(command.program) {
            rest.push(from.left(why));
            return;
        }
        let called = if wanted > 1 { format!("{name}-{number}") } else { name.to_owned() };
        let mut site = Site::new(&called, "Supervisor's configuration");
        surroundings(&mut site, section, daemon, &command, &words);
        serve(&mut site, &command, &from, section);
        site.complete();
        sites.push(site);
    }
}

/// Why a program becomes no site.
fn foreign(program: Program) -> Option<&'static str> {
    match program {
        Program::Gunicorn | Program::Uwsgi | Program::Waitress => None,
        Program::Asgi => {
            Some("a server of ASGI applications, which are not served yet: leave it to supervisord")
        }
        Program::Development => Some(
            "a development server: give the application to gunicorn or to module = \
             package.module:callable",
        ),
        Program::Other => Some(
            "no server of a Python application: write attach-daemon into the site that it belongs to, \
             leave it to supervisord, or give it a unit of systemd",
        ),
    }
}

/// The application itself.
fn serve(site: &mut Site, command: &Command, from: &Origins, section: &Section) {
    if let Some(home) = &command.home {
        site.set(from, "home", home.as_str());
    }
    for left in command.left(&from.place) {
        site.leave(left);
    }
    match command.program {
        Program::Gunicorn => {
            let mercy = section.last("stopwaitsecs").map(|entry| entry.value.as_str());
            gunicorn::command(site, &command.rest, &from.place, mercy);
        }
        Program::Uwsgi => {
            let there = section.last("directory").map(|entry| entry.value.as_str());
            let directory = command.directory.as_deref().or(there);
            uwsgi::command(site, &command.rest, &from.place, directory);
            mercy(site, section);
        }
        Program::Waitress => {
            waitress::command(site, &command.rest, &from.place);
            mercy(site, section);
        }
        // these become no sites
        Program::Asgi | Program::Development | Program::Other => {}
    }
}

fn mercy(site: &mut Site, section: &Section) {
    if let Some(entry) = section.last("stopwaitsecs") {
        site.set(&origins(entry), "worker-reload-mercy", entry.value.as_str());
    }
}

/// Where, as whom, with which variables, with which log.
fn surroundings(
    site: &mut Site,
    section: &Section,
    daemon: Option<&Section>,
    command: &Command,
    words: &Words<'_>,
) {
    let given = |key: &str| section.last(key).or_else(|| daemon?.last(key));
    match (&command.directory, given("directory")) {
        (Some(directory), _) => {
            let from = Origins::new(Place::Line(section.line), "command", "cd");
            site.set(&from, "chdir", directory.as_str());
        }
        (None, Some(entry)) => {
            site.set(&origins(entry), "chdir", words.expanded(&entry.value));
        }
        (None, None) => {}
    }
    for (key, option) in [("user", "uid"), ("umask", "umask")] {
        if let Some(entry) = given(key) {
            site.set(&origins(entry), option, words.expanded(&entry.value));
        }
    }
    for entry in [daemon.and_then(|one| one.last("environment")), section.last("environment")] {
        let Some(entry) = entry else { continue };
        let from = origins(entry);
        for (name, value) in environment(&entry.value) {
            let mut variable = Value::from(format!("{name}="));
            variable.push(words.expanded(&value));
            site.set(&from, "env", variable);
        }
    }
    for (name, value) in &command.environment {
        let from = Origins::new(Place::Line(section.line), "command", name);
        site.set(&from, "env", format!("{name}={value}"));
    }
    logs(site, section, words);
    for entry in &section.entries {
        remaining(site, entry);
    }
}

/// The keys that became no option.
fn remaining(site: &mut Site, entry: &Entry) {
    const DONE: [&str; 13] = [
        "command",
        "directory",
        "user",
        "umask",
        "environment",
        "numprocs",
        "stopwaitsecs",
        "stdout_logfile",
        "stderr_logfile",
        "redirect_stderr",
        "stdout_logfile_maxbytes",
        "process_name",
        "numprocs_start",
    ];
    if DONE.contains(&entry.key.as_str()) {
        return;
    }
    let value = entry.value.to_ascii_lowercase();
    let usual = match entry.key.as_str() {
        "autostart" | "autorestart" => {
            matches!(value.as_str(), "true" | "1" | "yes" | "on" | "unexpected")
        }
        "stopsignal" => matches!(value.as_str(), "term" | "sigterm" | "15" | "int" | "quit"),
        "stdout_events_enabled" | "stderr_events_enabled" | "stdout_syslog" | "stderr_syslog" => {
            matches!(value.as_str(), "false" | "0" | "no" | "off")
        }
        _ => false,
    };
    if usual {
        return;
    }
    match REASONS.iter().find(|(key, _)| *key == entry.key) {
        Some((_, "")) => {}
        Some((_, why)) => site.leave(origins(entry).left(*why)),
        None => site.leave(origins(entry).left("a key that is not known")),
    }
}

fn logs(site: &mut Site, section: &Section, words: &Words<'_>) {
    let nowhere = |path: &str| {
        let known = ["auto", "none", "off", "syslog", "/dev/stdout", "/dev/stderr", ""];
        known.iter().any(|one| path.eq_ignore_ascii_case(one)) || path.starts_with("/dev/fd/")
    };
    let redirected = section.last("redirect_stderr").is_some_and(|entry| {
        matches!(entry.value.to_ascii_lowercase().as_str(), "true" | "1" | "yes" | "on")
    });
    let out = section.last("stdout_logfile").filter(|entry| !nowhere(&entry.value));
    let err = section.last("stderr_logfile").filter(|entry| !nowhere(&entry.value) && !redirected);
    // what a server says about itself goes to standard error
    let (first, second) = if err.is_some() { (err, out) } else { (out, None) };
    if let Some(entry) = first {
        site.set(&origins(entry), "logto", words.expanded(&entry.value));
    }
    if let (Some(first), Some(second)) = (first, second)
        && first.value != second.value
    {
        site.leave(origins(second).left("output and errors go to one file: logto"));
    }
    if let Some(entry) = section.last("stdout_logfile_maxbytes")
        && first.is_some()
        && entry.value != "0"
    {
        site.set(&origins(entry), "log-maxsize", bytes(&entry.value));
    }
}

/// `50MB` as a number of bytes; what is none stays as it is, and is refused later.
fn bytes(text: &str) -> String {
    let upper = text.to_ascii_uppercase();
    for (unit, factor) in [("KB", 1_u64 << 10), ("MB", 1 << 20), ("GB", 1 << 30)] {
        if let Some(number) = upper.strip_suffix(unit).and_then(|n| n.trim().parse::<u64>().ok()) {
            return number.saturating_mul(factor).to_string();
        }
    }
    text.to_owned()
}

/// `A="x",B=y`: names and values without their quotes.
fn environment(text: &str) -> Vec<(String, String)> {
    let mut list = Vec::new();
    let mut rest = text.trim();
    while let Some((name, after)) = rest.split_once('=') {
        let after = after.trim_start();
        let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''));
        let (value, left) = if let Some(quote) = quote {
            let inside = &after[1..];
            let end = inside.find(quote).unwrap_or(inside.len());
            (&inside[..end], inside.get(end + 1..).unwrap_or_default())
        } else {
            let end = after.find(',').unwrap_or(after.len());
            (after[..end].trim_end(), &after[end..])
        };
        list.push((name.trim_matches([',', ' ', '\t']).to_owned(), value.to_owned()));
        rest = left.trim_start_matches([',', ' ', '\t']);
    }
    list
}

/// What `%(...)s` stands for in the values of one copy of a program.
struct Words<'a> {
    program: &'a str,
    number: u32,
    context: &'a Context,
}

impl Words<'_> {
    fn expanded(&self, text: &str) -> Value {
        let mut out = Value::default();
        let mut rest = text;
        while let Some(at) = rest.find('%') {
            out.push(rest[..at].into());
            let after = &rest[at + 1..];
            if let Some(more) = after.strip_prefix('%') {
                out.push("%".into());
                rest = more;
                continue;
            }
            let (meant, length) = self.meant(after);
            out.push(meant);
            rest = &after[length..];
        }
        out.push(rest.into());
        out
    }

    /// The value of what follows a percent sign, and how long it is.
    fn meant(&self, after: &str) -> (Value, usize) {
        let sign = (Value::from("%"), 0);
        let Some((name, format)) = after.strip_prefix('(').and_then(|one| one.split_once(')'))
        else {
            return sign;
        };
        let width = format.find(|c: char| !c.is_ascii_digit()).unwrap_or(format.len());
        if !format[width..].starts_with(['s', 'd']) {
            return sign;
        }
        let length = 1 + name.len() + 1 + width + 1;
        let value = match name {
            "program_name" | "group_name" => Value::from(self.program),
            "process_num" => {
                let width = format[..width].parse().unwrap_or(0).min(9);
                Value::from(format!("{:0width$}", self.number))
            }
            "here" => match self.context.directory() {
                Some(directory) => Value::from(directory),
                None => return sign,
            },
            "host_node_name" => Value(vec![Piece::Host]),
            _ => match name.strip_prefix("ENV_") {
                Some(variable) => Value(vec![Piece::Environment(variable.to_owned(), None)]),
                None => return sign,
            },
        };
        (value, length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn environments_are_split_at_commas_outside_of_quotes() {
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(
            environment("A=\"x,y=z\",B=2 , C='%%q', D="),
            [pair("A", "x,y=z"), pair("B", "2"), pair("C", "%%q"), pair("D", "")]
        );
        assert_eq!(environment("A=\"never closed"), [pair("A", "never closed")]);
        assert_eq!(environment("nothing"), []);
    }

    #[test]
    fn expressions_have_their_values() {
        let context = Context { file: Some("/etc/x/s.conf".into()), command: None };
        let words = Words { program: "web", number: 7, context: &context };
        for (text, want) in [
            ("%(program_name)s-%(process_num)02d", "web-07"),
            ("%(here)s/a 100%%", "/etc/x/a 100%"),
            ("50%", "50%"),
            ("%(unknown)s", "%(unknown)s"),
        ] {
            assert_eq!(words.expanded(text).plain(), Some(want), "{text}");
        }
        assert_eq!(words.expanded("%(ENV_HOME)s/x").needs(), ["HOME"]);
    }
}
