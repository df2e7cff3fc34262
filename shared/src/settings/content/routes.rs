//! Rules that are applied to requests and answers: who is meant, and what is done.
//!
//! The reader takes every text apart and compiles every pattern once, so that a worker only
//! carries out.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The four tables of rules.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Routes {
    /// `route` and its family: before files and the application.
    pub request: Vec<Rule>,
    /// `error-route`: where the answer's status is 400 or above, before it is sent.
    pub error: Vec<Rule>,
    /// `response-route`: before any answer is sent.
    pub response: Vec<Rule>,
    /// `final-route`: after the answer.
    pub last: Vec<Rule>,
}

/// One line of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// When it acts.
    pub test: Test,
    /// What it does.
    pub action: Action,
}

/// When a rule acts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Test {
    /// Always (`route-run`).
    Always,
    /// A pattern is found in a variable, or in the status where there is no variable.
    Found {
        /// The variable's CGI name; `None` is the status of the answer.
        variable: Option<String>,
        /// The regular expression.
        pattern: String,
    },
    /// A condition holds (`route-if`), or does not (`route-if-not`).
    If {
        /// What is asked.
        condition: Condition,
        /// The answer that makes the rule act.
        wanted: bool,
    },
}

/// What `route-if` can ask.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// Two texts.
    Texts(Relation, Template, Template),
    /// Two numbers; what is no number is 0.
    Numbers(Order, Template, Template),
    /// `empty`.
    Empty(Template),
    /// A path of the file system.
    Path(Kind, Template),
    /// `regexp`: a pattern is found; its groups are the rule's.
    Found(Template, String),
    /// `ipv4in`, `ipv6in`: an address is in a network.
    Within(Template, String),
}

/// How two texts relate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// `equal`.
    Equal,
    /// `startswith`.
    StartsWith,
    /// `endswith`.
    EndsWith,
    /// `contains`.
    Contains,
}

/// How two numbers relate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// `ishigher`, `>`.
    Higher,
    /// `>=`.
    HigherOrEqual,
    /// `islower`, `<`.
    Lower,
    /// `<=`.
    LowerOrEqual,
}

/// What a path can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// `exists`.
    Any,
    /// `isfile`.
    File,
    /// `isdir`.
    Directory,
    /// `islink`.
    Link,
    /// `isexec`: a file that this server may execute.
    Executable,
}

/// A text with places to fill.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template(pub Vec<Part>);

/// A piece of a template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Itself.
    Text(String),
    /// `$1`: a group of the pattern that was found; `$0` is all of it.
    Group(u8),
    /// `${NAME}`: a variable of the request.
    Variable(String),
    /// `${cookie[NAME]}`.
    Cookie(String),
    /// `${qs[NAME]}`: a parameter of the query string.
    Query(String),
    /// `${mime[NAME]}`: the type that the path in a variable has by its ending.
    Mime(String),
    /// `${base64[NAME]}`.
    Base64(String),
    /// `${hex[NAME]}`.
    Hex(String),
    /// `${time[unix]}`: seconds since the epoch.
    Seconds,
    /// `${time[micros]}`: microseconds since the epoch.
    Micros,
    /// `${httptime[N]}`: the date in so many seconds.
    Date(i64),
    /// `${uwsgi[wid]}`.
    Worker,
    /// `${uwsgi[pid]}`.
    Pid,
    /// `${uwsgi[uuid]}`: another one each time.
    Uuid,
    /// `${uwsgi[status]}`: of the answer; 0 before there is one.
    Status,
}

/// What a rule does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Nothing (`goon`, `route-label`).
    Next,
    /// `continue`, `last`: no further rules.
    Continue,
    /// `goto`: on with the rule of this number.
    Goto(usize),
    /// `break`: this status with an empty body, or no answer at all.
    Break(Option<String>),
    /// `return`: this status, its phrase as the body.
    Return(u16),
    /// `redirect` (302), `redirect-permanent` (301).
    Redirect(u16, Template),
    /// `rewrite`, and with `true` `rewrite-last`: another path, perhaps with a query string.
    Rewrite(Template, bool),
    /// `static`: the answer is a file.
    Static(Template),
    /// `file`: the answer is a file, with a status and a type.
    File {
        /// Its path.
        path: Template,
        /// The status line's text.
        status: String,
        /// `Content-Type`; `None` asks the file's ending.
        kind: Option<String>,
    },
    /// `basicauth`, and with `next` `basicauth-next`.
    Password {
        /// What the client shows to its user.
        realm: String,
        /// Who may pass.
        users: Users,
        /// Whoever has no (right) password is left to the next rules.
        next: bool,
    },
    /// A variable is set (`addvar`, `setpathinfo` and the like).
    Set(String, Template),
    /// `fixpathinfo`: `SCRIPT_NAME` is taken off the start of `PATH_INFO`.
    FixPath,
    /// `donotlog`.
    Quiet,
    /// `log`.
    Log(Template),
    /// `logvar`.
    LogVariable(String, Template),
    /// `addheader`.
    AddHeader(String, Template),
    /// `remheader`, `delheader`.
    RemoveHeader(String),
    /// `harakiri`: this request may run for so many seconds, whatever the option says; 0 is
    /// without limit.
    Harakiri(u32),
}

/// Who may pass.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Users {
    /// One user with a password.
    One(String, String),
    /// Those of an htpasswd file, read when a password is asked for.
    File(PathBuf),
}

impl Routes {
    /// Whether there is no rule at all.
    pub fn is_off(&self) -> bool {
        let tables = [&self.request, &self.error, &self.response, &self.last];
        tables.iter().all(|table| table.is_empty())
    }
}

impl Template {
    /// The text of a template without places to fill.
    pub fn plain(&self) -> Option<&str> {
        match self.0.as_slice() {
            [] => Some(""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }
}
