//! One file: read, typed, planned and advised on, with nothing done.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use shared::config::{self, Access, Hosts, Reading, VassalSource, World};
use shared::finding::{Finding, Severity};
use shared::rule;
use shared::settings::{Launch, Settings};
use shared::summons::Policy;

use super::super::access::is_roots_to_replace;
use super::super::certificates::{self, Outcome};
use super::super::identity::People;
use super::super::plan::{self, Facts};
use super::super::reader::origins;
use super::arguments::Emperor;
use super::subject::Subject;

/// Options that name an application, or what is served instead of one.
const APPLICATIONS: [&str; 12] = [
    "check-static",
    "eval",
    "fastrouter",
    "file-serve-mode",
    "module",
    "mount",
    "paste",
    "php-docroot",
    "psgi",
    "rack",
    "static-map",
    "wsgi-file",
];
/// Options that ask for a socket that this server cannot open yet.
const OTHER_SOCKETS: [&str; 3] = ["puwsgi-socket", "raw-socket", "shared-socket"];
const SOCKETS: [&str; 13] = [
    "fastcgi-nph-socket",
    "fastcgi-socket",
    "http",
    "http-socket",
    "http11-socket",
    "https",
    "https-socket",
    "https2",
    "scgi-nph-socket",
    "scgi-socket",
    "socket",
    "suwsgi-socket",
    "zerg",
];
/// What depends on the machine: only a note in a file that may be meant for another one.
const ELSEWHERE: [&str; 3] = [rule::NO_SOCKET, rule::UNKNOWN_USER, rule::UNSET_VARIABLE];

/// What stays the same from file to file.
#[derive(Debug)]
pub(super) struct Judge<'a> {
    pub(super) world: World,
    pub(super) people: People,
    pub(super) emperor: &'a Emperor,
}

impl Judge<'_> {
    /// Everything that is wrong with a file.
    pub(super) fn judge(&mut self, subject: &Subject) -> Vec<Finding> {
        let mut reading = self.read(subject);
        let name = subject.shown.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let emperor = reading.directives.last("emperor").is_some();
        let settings =
            (!emperor).then(|| config::settings_with(&mut reading, &name, Hosts::Assumed));
        let advice = config::advise(&reading, settings.as_ref(), &access);
        if let Some(settings) = &settings {
            let mut planned = self.plan(subject, &reading, settings);
            reading.findings.append(&mut planned);
            reading.findings.extend(self.certificates(subject, &reading, settings));
        } else if subject.vassal {
            let text = "a vassal that is an emperor itself is not supported";
            reading.findings.push(Finding::error(None, None, text));
        }
        reading.findings.extend(advice);
        reading.findings
    }

    fn read(&self, subject: &Subject) -> Reading {
        let mut source = VassalSource {
            file: &subject.path,
            version: subject.version.filter(|_| subject.vassal),
            sets: &[],
            before: &[],
            after: &[],
            options: &[],
        };
        if let Some((_, place)) = &subject.input {
            // includes count from where the text would be
            let world = World { directory: place.clone(), ..self.world.clone() };
            return config::read_command_line(
                &config::naming(&subject.path, &subject.shown),
                &world,
            );
        }
        if subject.emperor {
            return config::read_emperor(
                &config::naming(&subject.path, &subject.shown),
                &self.world,
            );
        }
        if subject.vassal {
            source.sets = &self.emperor.sets;
            source.before = &self.emperor.before;
            source.after = &self.emperor.after;
        }
        config::read_vassal(&source, &self.world)
    }

    /// What is wrong with certificates and keys; at another machine others may be there.
    fn certificates(
        &mut self,
        subject: &Subject,
        reading: &Reading,
        settings: &Settings,
    ) -> Vec<Finding> {
        if !settings.serve.tls.is_used() {
            return Vec::new();
        }
        let launch = &settings.launch;
        let facts = self.facts(subject, reading, launch);
        let tenant = plan::identity(launch, &facts).ok().and_then(|(who, _)| who);
        let owner = std::fs::metadata(&subject.path).map_or(u32::MAX, |data| data.uid());
        let roots = owner == 0 && is_roots_to_replace(&subject.path);
        let mut outcome = certificates::check(&settings.serve.tls, tenant.as_ref(), owner, roots);
        if !subject.vassal {
            for finding in &mut outcome.missing {
                finding.severity = Severity::Warning;
            }
        }
        let Outcome { mut findings, missing, denied } = outcome;
        findings.extend(missing);
        findings.extend(denied);
        findings
    }

    /// What a plan is made from, as far as it can be known here.
    fn facts(&mut self, subject: &Subject, reading: &Reading, launch: &Launch) -> Facts {
        let version = subject.version.filter(|_| subject.vassal);
        // a file by itself is taken for root's: who will own it, nobody can tell
        let owner = version.map_or((0, 0), |version| (version.uid, version.gid));
        let policy = if subject.vassal { self.emperor.policy.clone() } else { Policy::default() };
        let mut facts = self.people.facts(launch, owner, &policy, &origins(reading, launch));
        let named = launch.uid.is_some() || launch.gid.is_some();
        if named || policy.tyrant {
            facts.euid = 0;
        } else if !subject.vassal {
            facts.euid = u32::MAX;
        }
        facts
    }

    /// What the plan refuses, as far as it can be known here.
    fn plan(&mut self, subject: &Subject, reading: &Reading, settings: &Settings) -> Vec<Finding> {
        let launch = &settings.launch;
        let facts = self.facts(subject, reading, launch);
        let mut findings = match plan::plan(launch, &facts) {
            Ok(planned) => planned.warnings,
            Err(findings) => findings,
        };
        findings.retain_mut(|finding| {
            finding.code != rule::NO_SOCKET || no_socket(finding, subject, reading)
        });
        findings
    }
}

/// Whether the lack of a socket is worth a word, and which.
fn no_socket(finding: &mut Finding, subject: &Subject, reading: &Reading) -> bool {
    let mut given = reading.directives.iter();
    if given.any(|one| SOCKETS.contains(&one.key.as_str())) {
        // it was given and could not be read, which is said there
        return false;
    }
    let other = reading.directives.iter().find(|one| OTHER_SOCKETS.contains(&one.key.as_str()));
    if let Some(other) = other {
        finding.message = format!("no socket that this server can open yet: {}", other.given);
        finding.uwsgi = None;
        return true;
    }
    if subject.vassal {
        return true;
    }
    let mut given = reading.directives.iter();
    // a part that other files include needs no socket; what is included may give one
    let part = !given.any(|one| APPLICATIONS.contains(&one.key.as_str()))
        || reading.findings.iter().any(|one| one.code == rule::INCLUDE);
    finding.message = String::from(
        "no socket, http or http-socket: this file alone does not start; the command line, the \
         environment or vassal-set has to give one",
    );
    !part
}

/// A file by itself: what is only wrong on the machine that serves, or without the file that
/// includes it, weighs less.
pub(super) fn soften(findings: &mut Vec<Finding>) {
    let has = |code| findings.iter().any(|finding| finding.code == code);
    let part = has(rule::NO_SOCKET) && has(rule::UNDEFINED_PLACEHOLDER);
    let lost = has(rule::INCLUDE);
    // who will start it, nobody can tell
    let root = |finding: &Finding| finding.code == rule::RUNS_AS_ROOT && finding.origin.is_none();
    findings.retain(|one| !(part && one.code == rule::NO_SOCKET || root(one)));
    for finding in findings {
        let code = finding.code.as_ref();
        let placeholder = code == rule::UNDEFINED_PLACEHOLDER && (part || lost);
        if ELSEWHERE.contains(&code) || (placeholder && !finding.is_error()) {
            finding.severity = Severity::Note;
        } else if code == rule::INCLUDE && finding.is_error() {
            finding.severity = Severity::Warning;
        }
    }
}

/// Who may write a file.
fn access(path: &Path) -> Option<Access> {
    let data = std::fs::metadata(path).ok()?;
    Some(Access { mode: data.mode(), uid: data.uid(), gid: data.gid() })
}
