//! One site in the making: an ini file with everything that could not be carried over named in
//! it, at its place.
//!
//! The table of options decides at run time what is written as an option and what only as a
//! comment, and the reader's own typed settings judge each value, so that a generated file is
//! never refused by the reader that it is made for.

use std::fmt::{self, Write};

use serde::{Deserialize, Serialize};
use shared::config::{self, Directive, Directives, Part, Reading};
use shared::finding::Origin;
use shared::option::{self, Tier};

use super::value::{self, Piece, SIGNS, Value};

/// The most characters of a source line that are shown.
const SHOWN_MAX: usize = 300;
/// The most lines of one site.
const LINES_MAX: usize = 2000;

/// Where something stands in the file that is imported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// A line, from one.
    Line(u32),
    /// A JSON pointer.
    Pointer(String),
    /// The command line.
    Command,
    /// The whole file.
    File,
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(out, "line {line}"),
            Self::Pointer(pointer) => out.write_str(pointer),
            Self::Command => out.write_str("command line"),
            Self::File => out.write_str("the file"),
        }
    }
}

/// Something that was not carried over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Left {
    /// Where it stands.
    pub place: Place,
    /// What it is called there.
    pub name: String,
    /// As it is written there; may hold a secret, so it is only shown in the generated file.
    pub text: String,
    /// Why it was not carried over.
    pub why: String,
}

/// A setting of the imported file: where it stands and how it is written there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Origins {
    pub(super) place: Place,
    pub(super) name: String,
    pub(super) text: String,
}

impl Origins {
    pub(super) fn new(place: Place, name: &str, text: &str) -> Self {
        // never more than what is shown of it
        let text = text.chars().take(SHOWN_MAX + 1).collect();
        Self { place, name: name.to_owned(), text }
    }

    /// Not carried over, because.
    pub(super) fn left(&self, why: impl Into<String>) -> Left {
        let why = why.into();
        Left { place: self.place.clone(), name: self.name.clone(), text: self.text.clone(), why }
    }
}

/// A file in the making.
#[derive(Debug)]
pub(super) struct Site {
    /// The name, without its extension.
    pub(super) name: String,
    source: &'static str,
    lines: Vec<String>,
    variables: Vec<(String, String, String)>,
    /// Whether a socket is opened whatever the environment says.
    pub(super) socket: bool,
    /// Whether a user is named.
    user: bool,
    pub(super) left: Vec<Left>,
}

impl Site {
    /// An empty one; `source` is what it was made from.
    pub(super) fn new(name: &str, source: &'static str) -> Self {
        Self {
            name: name.to_owned(),
            source,
            lines: Vec::new(),
            variables: Vec::new(),
            socket: false,
            user: false,
            left: Vec::new(),
        }
    }

    /// A comment.
    pub(super) fn note(&mut self, text: impl fmt::Display) {
        self.lines.push(format!("; {}", comment(&text.to_string())));
    }

    /// Names what is not carried over.
    pub(super) fn leave(&mut self, left: Left) {
        if self.full(&left) {
            return;
        }
        self.lines.push(remark(&left));
        self.left.push(left);
    }

    /// Whether there is no room for more; said once.
    fn full(&mut self, last: &Left) -> bool {
        if self.lines.len() == LINES_MAX {
            let why = format!("more than {LINES_MAX} lines: the rest is left out");
            let left = Left { why, ..last.clone() };
            self.lines.push(remark(&left));
            self.left.push(left);
        }
        self.lines.len() > LINES_MAX
    }

    /// The application, `package.module` and a name in it (`name()` is called once).
    pub(super) fn module(&mut self, from: &Origins, name: &str, callable: &str) {
        let letter = |c: char| c == '_' || c == '.' || c.is_alphanumeric();
        let plain = |text: &str| !text.is_empty() && text.chars().all(letter);
        if plain(name) && plain(callable.strip_suffix("()").unwrap_or(callable)) {
            self.set(from, "module", format!("{name}:{callable}"));
        } else {
            self.leave(from.left(
                "package.module:callable was expected; a factory with arguments needs a module of \
                 its own that calls it",
            ));
        }
    }

    /// An option of the base that every site has.
    pub(super) fn base(&mut self, option: &str, value: &str) {
        self.set(&Origins::new(Place::File, option, value), option, value);
    }

    /// An option that stands for something of the source; false when it could only be named.
    pub(super) fn set(&mut self, from: &Origins, option: &str, value: impl Into<Value>) -> bool {
        let value = value.into();
        if self.full(&from.left(String::new())) {
            return false;
        }
        if let Some(why) = value.obstacle() {
            self.leave(from.left(format!("{option}: {why}")));
            return false;
        }
        let Some(row) = option::find(option) else {
            self.leave(from.left(format!("there is no option {option:?}")));
            return false;
        };
        let why = match row.tier {
            Tier::Works | Tier::Accepted if row.immediate && !value.needs_no_expansion() => {
                Some(format!("{option} takes no variables: write the value itself"))
            }
            Tier::Works | Tier::Accepted => refusal(option, &value),
            Tier::Planned => Some(format!("{option} is known, not built yet")),
            Tier::Refused(reason) => Some(format!("{option} is refused: {reason}")),
        };
        let needs: Vec<String> = value.needs().into_iter().map(str::to_owned).collect();
        if let Some(why) = why {
            let text = self.rendered(&value);
            self.leave(from.left(why));
            // it may be switched on by hand one day
            self.lines.push(format!("; {option} = {}", shortened(&text)));
            return false;
        }
        let text = value::guarded(self.rendered(&value));
        match needs.as_slice() {
            [] => self.lines.push(format!("{option} = {text}")),
            [name] => {
                self.lines.push(format!("if-env = {name}"));
                self.lines.push(format!("{option} = {text}"));
                self.lines.push("endif =".to_owned());
            }
            _ => {
                self.leave(from.left("it needs several variables of the environment at a time"));
                return false;
            }
        }
        let sure = needs.is_empty();
        self.socket |= sure && matches!(row.name, "socket" | "http-socket" | "http");
        self.user |= row.name == "uid";
        true
    }

    /// What every site needs: a way in, and a word about whom it runs as.
    pub(super) fn complete(&mut self) {
        if !self.socket {
            let path = format!("/run/{}.sock", super::fitting(&self.name));
            self.note("no address is sure: a socket for a proxy in front");
            self.base("http-socket", &path);
            self.base("vacuum", "true");
        }
        if !self.user {
            self.note(
                "no user is named: without uid and gid (or tyrant mode) it runs as the Emperor",
            );
        }
    }

    /// The value as it is written; variables with a default are defined on the way.
    fn rendered(&mut self, value: &Value) -> String {
        let mut out = String::new();
        for piece in &value.0 {
            match piece {
                Piece::Text(text) => out.push_str(&value::written(text)),
                Piece::Processors(number) => out.push_str(&number.written()),
                Piece::Host => out.push_str("%h"),
                Piece::Environment(name, None) => _ = write!(out, "$({name})"),
                Piece::Environment(name, Some(default)) => {
                    let default = self.rendered(default);
                    let variable = self.variable(name, default);
                    let _ = write!(out, "%({variable})");
                }
            }
        }
        out
    }

    /// The name of the variable that stands for one of the environment with a default.
    fn variable(&mut self, name: &str, default: String) -> String {
        let known = self.variables.iter().find(|(_, env, other)| env == name && *other == default);
        if let Some((variable, ..)) = known {
            return variable.clone();
        }
        let others = self.variables.iter().filter(|(_, env, _)| env == name).count();
        let variable =
            if others == 0 { format!("env-{name}") } else { format!("env-{name}-{}", others + 1) };
        self.variables.push((variable.clone(), name.to_owned(), default));
        variable
    }

    /// The finished file.
    pub(super) fn finish(self) -> (String, Vec<Left>) {
        let mut out = format!(
            "; made from {} by emperorctl import: look at it before you use it\n[uwsgi]\n",
            self.source
        );
        let body = self.lines.join("\n") + "\n";
        let mut head = String::new();
        for (variable, name, default) in &self.variables {
            let default = value::guarded(default.clone());
            let _ = writeln!(head, "if-env = {name}\n{variable} = $({name})\nendif =");
            let _ = writeln!(head, "if-not-env = {name}\n{variable} = {default}\nendif =");
        }
        for (sign, written) in SIGNS {
            let used = format!("%({sign})");
            if body.contains(&used) || head.contains(&used) {
                let _ = writeln!(out, "{sign} = {written}");
            }
        }
        out.push_str(&head);
        out.push_str(&body);
        (out, self.left)
    }
}

/// The comment that names what was not carried over.
pub(super) fn remark(left: &Left) -> String {
    let text = comment(&left.text);
    format!("; not carried over: {}: {text} ({})", left.place, comment(&left.why))
}

/// Text that may stand in a comment: magic variables are replaced there too, and a `%` at the
/// end of a line would swallow the next one.
fn comment(text: &str) -> String {
    shortened(&text.replace('%', "%%"))
}

fn shortened(text: &str) -> String {
    let mut out = String::new();
    for (count, letter) in text.trim().chars().enumerate() {
        if count == SHOWN_MAX {
            // an odd number of percent signs must not be left
            let signs = out.len() - out.trim_end_matches('%').len();
            out.truncate(out.len() - signs % 2);
            out.push_str("...");
            break;
        }
        match letter {
            '\t' => out.push(' '),
            letter if letter.is_control() => out.extend(letter.escape_default()),
            letter => out.push(letter),
        }
    }
    out
}

/// What the reader of our files says against a value.
fn refusal(option: &str, value: &Value) -> Option<String> {
    let text = value.plain()?;
    if matches!(option, "socket" | "http-socket" | "http") && names_host(text) {
        // looking names up is left to the machine that will run it
        return None;
    }
    let row = option::find(option)?;
    let mut directives = Directives::default();
    directives.push(Directive {
        key: row.name.to_owned(),
        value: text.to_owned(),
        origin: Origin::CommandLine,
        given: option.to_owned(),
        part: Part::default(),
        secret: false,
    });
    let mut reading = Reading { directives, directory: "/".into(), ..Reading::default() };
    let _ = config::settings(&mut reading, "import");
    let finding = reading.findings.iter().find(|finding| finding.is_error())?;
    Some(format!("{option}: {}", finding.message))
}

/// `name:port`.
fn names_host(text: &str) -> bool {
    let Some((host, port)) = text.rsplit_once(':') else { return false };
    let word = |c: char| c.is_ascii_alphanumeric() || "-.".contains(c);
    port.parse::<u16>().is_ok()
        && host.chars().all(word)
        && host.contains(|c: char| c.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site() -> Site {
        Site::new("a", "a test")
    }

    fn from(text: &str) -> Origins {
        Origins::new(Place::Line(3), "x", text)
    }

    #[test]
    fn the_table_decides_what_is_an_option_and_what_a_comment() {
        let mut site = site();
        assert!(site.set(&from("workers = 4"), "processes", "4"));
        assert!(!site.set(&from("attach = x%"), "legion-attach-daemon", "x %d"));
        assert!(!site.set(&from("workers = many"), "processes", "many"));
        let (text, left) = site.finish();
        assert!(text.contains("\nprocesses = 4\n"), "{text}");
        assert!(
            text.contains("\n; not carried over: line 3: attach = x%% (legion-attach-daemon"),
            "{text}"
        );
        assert!(text.contains("\n; legion-attach-daemon = x %%d\n"), "{text}");
        assert_eq!(left.len(), 2);
        assert!(left[1].why.contains("many"), "{left:?}");
    }

    #[test]
    fn a_comment_never_swallows_the_next_line() {
        for length in 0..SHOWN_MAX + 5 {
            let mut site = site();
            site.note(format!("{}%", "x".repeat(length)));
            site.note("%".repeat(length));
            let (text, _) = site.finish();
            for line in text.lines() {
                let signs = line.len() - line.trim_end_matches('%').len();
                assert_eq!(signs % 2, 0, "{line}");
            }
        }
        let mut site = site();
        site.note("a\nb\u{1b}[31m");
        assert!(site.finish().0.contains("a\\nb\\u{1b}[31m"));
    }

    #[test]
    fn variables_with_a_default_become_blocks() {
        let port = Value(vec![Piece::Environment("PORT".into(), Some("8000".into()))]);
        let mut address = Value::from("0.0.0.0:");
        address.push(port.clone());
        let mut site = site();
        assert!(site.set(&from("bind"), "http-socket", address));
        assert!(site.set(&from("x"), "threads", port));
        let needed = Value(vec![Piece::Environment("N".into(), None)]);
        assert!(site.set(&from("x"), "processes", needed));
        let (text, _) = site.finish();
        assert_eq!(text.matches("if-not-env = PORT").count(), 1, "{text}");
        assert!(text.contains("http-socket = 0.0.0.0:%(env-PORT)\n"), "{text}");
        assert!(text.contains("if-env = N\nprocesses = $(N)\nendif =\n"), "{text}");
    }

    #[test]
    fn options_that_act_at_once_take_no_variables() {
        let mut site = site();
        let needed = Value(vec![Piece::Environment("N".into(), None)]);
        assert!(!site.set(&from("backlog = x"), "listen", needed));
        assert!(!site.set(&from("x"), "ini", "$(a).ini"));
        assert!(site.set(&from("x"), "ini", "50%.ini"));
        let (text, left) = site.finish();
        assert!(text.contains("\nini = 50%%.ini\n") && left.len() == 2, "{text}");
    }

    #[test]
    fn hosts_are_not_looked_up() {
        assert!(names_host("db.internal:80") && names_host("localhost:8000"));
        assert!(!names_host("127.0.0.1:80") && !names_host(":80") && !names_host("a:b"));
    }
}
