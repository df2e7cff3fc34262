//! Advice on a whole configuration: what is wrong between its lines, and what is worth knowing.
//!
//! Only a check asks for it; the log of a vassal that starts stays as short as its mistakes.
//! Everything here is a pure look at the finished list; what has to be asked of the machine
//! comes in as a function.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::path::Path;

use crate::finding::{Finding, Origin, Part};
use crate::settings::Settings;

use super::directive::Directive;
use super::loader::is_plain;
use super::review;
use super::{CHECK, Reading};

mod files;
mod options;
mod sockets;
mod text;

pub use files::Access;

/// Looks at what was read as a whole. `settings` is what came of it (`None`: it is an Emperor's
/// file, which is read by other rules), `access` says who may write a file.
pub fn advise(
    reading: &Reading,
    settings: Option<&Settings>,
    access: &dyn Fn(&Path) -> Option<Access>,
) -> Vec<Finding> {
    let mut by: HashMap<&str, Vec<&Directive>> = HashMap::new();
    for one in reading.directives.iter().filter(|one| one.key != CHECK) {
        by.entry(&one.key).or_default().push(one);
    }
    let of_value = |finding: &&Finding| finding.part == Part::Value;
    let mut whole = Whole {
        reading,
        by,
        names: reading.directives.written().map(|one| one.given.as_str()).collect(),
        said: reading.findings.iter().filter(of_value).filter_map(|f| f.origin.as_ref()).collect(),
        told: HashSet::new(),
        findings: Vec::new(),
    };
    text::look(&mut whole);
    options::look(&mut whole, settings);
    sockets::look(&mut whole, settings);
    files::look(&mut whole, access);
    let mut findings = whole.findings;
    review::limit(&mut findings);
    findings
}

/// What the looks below share.
struct Whole<'a> {
    reading: &'a Reading,
    /// The directives of each name, in order.
    by: HashMap<&'a str, Vec<&'a Directive>>,
    /// Every name that a value can name.
    names: HashSet<&'a str>,
    /// The lines whose values were complained about already.
    said: HashSet<&'a Origin>,
    /// What is said once only.
    told: HashSet<(&'static str, &'a str)>,
    findings: Vec<Finding>,
}

impl<'a> Whole<'a> {
    /// The directive of a name that counts.
    fn last(&self, name: &str) -> Option<&'a Directive> {
        self.by.get(name)?.last().copied()
    }

    fn has(&self, name: &str) -> bool {
        self.by.contains_key(name)
    }

    /// Whether this is the first time that a rule speaks of something.
    fn first(&mut self, code: &'static str, what: &'a str) -> bool {
        self.told.insert((code, what))
    }

    /// Its message has no part of the value.
    fn note(&mut self, one: &Directive, code: &'static str, message: impl Into<String>) {
        let finding = Finding::note(Some(one.origin.clone()), name(one), message);
        self.findings.push(finding.rule(code));
    }

    /// Its message may have parts of the value.
    fn warn(&mut self, one: &Directive, code: &'static str, message: impl Into<Cow<'static, str>>) {
        self.warn_plainly(one, code, one.told(message));
    }

    /// Its message has no part of the value.
    fn warn_plainly(&mut self, one: &Directive, code: &'static str, message: impl Into<String>) {
        let finding = Finding::warning(Some(one.origin.clone()), name(one), message);
        self.findings.push(finding.rule(code).of_value());
    }

    /// The last finding also says what uWSGI does.
    fn uwsgi(&mut self, what: impl Into<String>) {
        if let Some(finding) = self.findings.last_mut() {
            finding.uwsgi = Some(what.into());
        }
    }
}

/// The name, where it may be shown.
fn name(one: &Directive) -> Option<&str> {
    is_plain(&one.given).then_some(one.given.as_str())
}

#[cfg(test)]
mod tests {
    use crate::config::tests::checked;

    /// Lines that wake every rule.
    const LINES: &str = "socket = :80\nhttp-socket = 127.0.0.1:80\nstats = :81\nuid = a\n\
        processes = 2 ; x\nworkers = $(N)\ncheaper = ${N:-2}\nchdir = ~/%(x)/{{ y }}\n\
        env = UWSGI_HTTP=1\nenv = A='b'\nmodule = a.py\nwsgi-file = b\nharakiri = 5m\n\
        threads = 2\nhttp-keepalive = on\nbuffer-size = 99999\nhook-as-root = exec:x\n\
        if-env = HOME\nvacuum = maybe\nendif\nproces\nstatic-map /a=/b\n{% if x %}\n";

    #[test]
    fn no_bytes_make_advice_fail() {
        let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
        let mut next = |most: usize| {
            // xorshift: the same bytes in every run
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            (seed % most as u64) as usize
        };
        for _ in 0..1500 {
            let mut text: Vec<char> = LINES.chars().collect();
            for _ in 0..=next(12) {
                let (at, from) = (next(text.len()), next(text.len()));
                match next(4) {
                    0 => drop(text.remove(at)),
                    1 => text.insert(at, ['\u{0}', 'ü', '\n', '=', '%', '(', '$', '{'][next(8)]),
                    2 => text[at] = text[from],
                    _ => text.swap(at, from),
                }
            }
            for finding in checked(&text.iter().collect::<String>()) {
                assert!(!finding.message.is_empty() && !finding.code.is_empty());
            }
        }
    }
}
