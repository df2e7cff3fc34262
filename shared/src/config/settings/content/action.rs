//! What a rule does: `action:arguments`.

use crate::settings::content::routes::{Action, Users};

use super::routes::Table;
use super::{is_token, name, template};

/// The longest limit of a request, seconds.
const DAY: u32 = 86_400;

/// An action, or a jump to a label that is looked up when all rules are known.
#[derive(Debug)]
pub(super) enum Read {
    Done(Action),
    Goto(String),
}

/// Reads an action.
pub(super) fn read(text: &str, table: Table) -> Result<Read, String> {
    let (verb, arguments) = text
        .split_once(':')
        .ok_or_else(|| format!("expected an action such as \"redirect:/path\", found {text:?}"))?;
    if verb == "goto" {
        return Ok(Read::Goto(arguments.to_owned()));
    }
    let action = action(verb, arguments)?;
    if allowed(&action, table) {
        Ok(Read::Done(action))
    } else {
        let place = match table {
            Table::Request => "before the application",
            Table::Error | Table::Response => "when the answer is about to be sent",
            Table::Last => "when the answer was sent",
        };
        Err(format!("the action {verb} is refused {place}: it would have no effect"))
    }
}

fn action(verb: &str, arguments: &str) -> Result<Action, String> {
    let filled = || template::read(arguments);
    let set = |variable: &str| Ok(Action::Set(variable.to_owned(), filled()?));
    match verb {
        // chunks are made wherever an answer needs them, without being asked
        "continue" | "last" | "chunked" => Ok(Action::Continue),
        "goon" => Ok(Action::Next),
        "break" | "break-with-status" => broken(arguments),
        "return" => Ok(Action::Return(code(arguments)?)),
        "redirect" | "redirect-302" => Ok(Action::Redirect(302, filled()?)),
        "redirect-permanent" | "redirect-301" => Ok(Action::Redirect(301, filled()?)),
        "rewrite" => Ok(Action::Rewrite(filled()?, false)),
        "rewrite-last" => Ok(Action::Rewrite(filled()?, true)),
        "static" => Ok(Action::Static(filled()?)),
        "file" | "sendfile" => file(arguments),
        "basicauth" | "basicauth-next" => password(arguments, verb == "basicauth-next"),
        "addvar" => {
            let (variable, value) = assigned(arguments, "addvar:NAME=value")?;
            Ok(Action::Set(variable.to_owned(), template::read(value)?))
        }
        "setscriptname" => set("SCRIPT_NAME"),
        "setmethod" => set("REQUEST_METHOD"),
        "seturi" => set("REQUEST_URI"),
        "setpathinfo" => set("PATH_INFO"),
        "setremoteaddr" => set("REMOTE_ADDR"),
        "setuser" | "setremoteuser" => set("REMOTE_USER"),
        "setscheme" => set("UWSGI_SCHEME"),
        "setdocroot" => set("DOCUMENT_ROOT"),
        "fixpathinfo" => Ok(Action::FixPath),
        "donotlog" => Ok(Action::Quiet),
        "log" => Ok(Action::Log(filled()?)),
        "logvar" => {
            let (variable, value) = assigned(arguments, "logvar:name=value")?;
            Ok(Action::LogVariable(variable.to_owned(), template::read(value)?))
        }
        "addheader" => {
            let wrong = || format!("expected addheader:Name: value, found {arguments:?}");
            let (label, value) = arguments.split_once(':').ok_or_else(wrong)?;
            Ok(Action::AddHeader(
                name(label.trim())?.to_owned(),
                template::read(value.trim_start())?,
            ))
        }
        "remheader" | "delheader" => Ok(Action::RemoveHeader(name(arguments.trim())?.to_owned())),
        "harakiri" => {
            let seconds = arguments.trim().parse().ok().filter(|time| *time <= DAY);
            seconds.map(Action::Harakiri).ok_or_else(|| {
                format!("expected harakiri:seconds, at most {DAY}, found {arguments:?}")
            })
        }
        _ => Err(refused(verb)),
    }
}

/// Whether an action has an effect where it stands.
fn allowed(action: &Action, table: Table) -> bool {
    match action {
        Action::Next
        | Action::Continue
        | Action::Goto(_)
        | Action::Quiet
        | Action::Log(_)
        | Action::LogVariable(..)
        | Action::Set(..) => true,
        Action::AddHeader(..)
        | Action::RemoveHeader(_)
        | Action::Redirect(..)
        | Action::Return(_)
        | Action::Static(_)
        | Action::File { .. } => table != Table::Last,
        Action::Break(status) => match table {
            Table::Request => true,
            Table::Error | Table::Response => status.is_some(),
            Table::Last => false,
        },
        Action::Rewrite(..) | Action::Password { .. } | Action::FixPath | Action::Harakiri(_) => {
            table == Table::Request
        }
    }
}

/// A status code.
fn code(text: &str) -> Result<u16, String> {
    let number = text.trim().parse().ok().filter(|code| (200..600).contains(code));
    number.ok_or_else(|| format!("expected a status from 200 to 599, found {text:?}"))
}

/// `break:403 Forbidden`, or nothing.
fn broken(text: &str) -> Result<Action, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(Action::Break(None));
    }
    status(text).map(|status| Action::Break(Some(status)))
}

/// A code and perhaps a phrase.
fn status(text: &str) -> Result<String, String> {
    let (number, phrase) = text.split_once(' ').unwrap_or((text, ""));
    code(number)?;
    if phrase.bytes().any(|byte| !(b' '..0x7f).contains(&byte)) {
        return Err(format!("expected a status such as \"403 Forbidden\", found {text:?}"));
    }
    Ok(text.to_owned())
}

/// `filename=PATH,status=201 Created,content_type=text/plain,mime=1`.
fn file(arguments: &str) -> Result<Action, String> {
    let (mut path, mut line, mut kind, mut by_name) = (None, "200 OK", None, false);
    for pair in arguments.split(',') {
        let (key, value) = assigned(pair, "file:filename=path")?;
        match key {
            "filename" => path = Some(template::read(value)?),
            "status" => line = value,
            "content_type" => kind = Some(value),
            "mime" => by_name = true,
            _ => {
                return Err(format!(
                    "expected filename, status, content_type or mime, found {key:?}"
                ));
            }
        }
    }
    let path = path.ok_or_else(|| format!("expected file:filename=path, found {arguments:?}"))?;
    let kind = kind.or((!by_name).then_some("text/html"));
    if kind.is_some_and(|kind| kind.bytes().any(|byte| !(b' '..0x7f).contains(&byte))) {
        return Err(format!("expected a type such as text/plain, found {arguments:?}"));
    }
    Ok(Action::File { path, status: status(line)?, kind: kind.map(str::to_owned) })
}

/// `realm,user:password` or `realm,htpasswd file`.
fn password(arguments: &str, next: bool) -> Result<Action, String> {
    let wrong = || {
        format!(
            "expected basicauth:realm,user:password or basicauth:realm,file, found {arguments:?}"
        )
    };
    let (realm, who) = arguments.split_once(',').ok_or_else(wrong)?;
    let quotable = |byte: u8| (b' '..0x7f).contains(&byte) && !matches!(byte, b'"' | b'\\');
    if who.is_empty() || !realm.bytes().all(quotable) {
        return Err(wrong());
    }
    let users = match who.split_once(':') {
        Some((user, password)) => Users::One(user.to_owned(), password.to_owned()),
        None => Users::File(who.into()),
    };
    Ok(Action::Password { realm: realm.to_owned(), users, next })
}

fn assigned<'a>(text: &'a str, form: &str) -> Result<(&'a str, &'a str), String> {
    let pair = text.split_once('=').filter(|(key, _)| is_token(key));
    pair.ok_or_else(|| format!("expected {form}, found {text:?}"))
}

/// Why an action of uWSGI is not here, and what to do instead.
fn refused(verb: &str) -> String {
    let reason = match verb {
        "http" | "uwsgi" | "fcgi" | "scgi" | "proxyhttp" | "proxyuwsgi" | "httpdumb"
        | "memcached" | "redis" | "spnego" | "ldapauth" | "radius" => {
            "this server asks no other one; let the web server in front do it"
        }
        "cache" | "cachestore" | "cachevar" | "cacheset" | "cacheinc" | "cachedec" | "cachemul"
        | "cachediv" | "cache-continue" | "cachestore-offload" => {
            "there is no cache here; let the web server in front keep answers"
        }
        "gzip" | "toupper" | "tolower" | "template" | "tofile" | "xslt" | "ssi" => {
            "answers are not rewritten; the web server in front can compress"
        }
        "send" | "send-crnl" | "flush" | "disableheaders" | "clearheaders" | "resetheaders" => {
            "bytes outside an answer would break the protocol; use file, return or addheader"
        }
        "expires" => "use static-expires, or addheader with ${httptime[N]}",
        "chdir" => "the directory belongs to all requests of a worker",
        "setapp" | "sethome" | "setfile" | "setmodifier1" | "setmodifier2" | "setprocname" => {
            "requests load no code here; use mount"
        }
        "signal" | "alarm" | "rpc" | "rpcnext" | "rpcblob" | "rpcraw" | "rpcret" | "rpcvar"
        | "call" | "callblob" | "spool" | "websocket" | "cgi" | "cgihelper" | "wsgi" | "xmldir"
        | "webdav" | "access" | "hash" | "metricinc" | "metricdec" | "metricmul" | "metricdiv"
        | "metricset" | "donotoffload" | "simple" => "it is not built",
        _ => {
            return format!(
                "expected an action such as continue, break, redirect, rewrite, static, addheader, \
                 addvar, log, donotlog, basicauth or goto, found {verb:?}"
            );
        }
    };
    format!("the action {verb} is refused: {reason}")
}
