//! Options that say nothing alone, that contradict each other, or that mean something else here.

use std::collections::HashSet;
use std::path::Path;

use crate::finding::Origin;
use crate::option::{self, Kind, Row, Tier};
use crate::rule;
use crate::settings::Settings;

use super::super::directive::{Directive, Number, number, truth};
use super::super::logic;
use super::super::settings::is_word;
use super::Whole;

/// Options that do nothing without another one.
const COMPANIONS: &[(&str, &str)] = &[
    ("cheaper-algo", "cheaper"),
    ("cheaper-initial", "cheaper"),
    ("cheaper-step", "cheaper"),
    ("die-on-idle", "idle"),
    ("harakiri-verbose", "harakiri"),
    ("log-backupname", "log-maxsize"),
    ("max-requests-delta", "max-requests"),
    ("max-worker-lifetime-delta", "max-worker-lifetime"),
    ("stats-http", "stats"),
    ("stats-minified", "stats"),
];

/// Looks at the options.
pub(super) fn look(whole: &mut Whole<'_>, settings: Option<&Settings>) {
    accepted(whole);
    companions(whole, settings.is_some());
    twice(whole);
    cheaper(whole);
    environment(whole);
    let Some(settings) = settings else { return };
    if let Some(one) =
        whole.last("http-keepalive").filter(|one| is_word(&one.value) && truth(&one.value))
    {
        whole.note(one, rule::KEEPALIVE_WORD, "a word: on, for the usual time");
        whole.uwsgi("reads 0, which switches keep-alive off");
    }
    if let Some(one) = whole.last("harakiri").filter(|_| settings.serve.threads > 1)
        && settings.serve.harakiri.is_some()
    {
        whole.note(one, rule::DEADLINE, "each request has its own deadline, on every thread");
        whole.uwsgi("has one deadline for all threads of a worker, and ends them all together");
    }
    if let Some(one) = whole.last("die-on-term").filter(|one| !truth(&one.value)) {
        whole.note(one, rule::TERM_RELOADS, "TERM will reload instead of stopping");
    }
}

/// Options that may stay and do nothing.
fn accepted(whole: &mut Whole<'_>) {
    for one in whole.reading.directives.iter() {
        let Some(row) = option::find(&one.given).filter(|row| row.tier == Tier::Accepted) else {
            continue;
        };
        if whole.first(rule::ACCEPTED_OPTION, row.name) {
            whole.note(one, rule::ACCEPTED_OPTION, format!("no effect here: {}", sentence(row)));
        }
    }
}

/// A row's line of documentation as the end of a sentence.
fn sentence(row: &Row) -> String {
    let mut letters = row.doc.trim_end_matches('.').chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

fn companions(whole: &mut Whole<'_>, vassal: bool) {
    for (name, needs) in COMPANIONS {
        let served = *needs == "stats" && (!vassal || whole.has("emperor-stats"));
        let Some(one) = whole.last(name).filter(|_| !whole.has(needs) && !served) else { continue };
        let off =
            option::find(name).is_some_and(|row| row.kind == Kind::Flag) && !truth(&one.value);
        if !off {
            whole.warn_plainly(
                one,
                rule::NO_EFFECT_ALONE,
                format!("without {needs} this does nothing"),
            );
            whole.uwsgi("does nothing either");
        }
    }
}

/// One value counts, several different ones are given.
fn twice(whole: &mut Whole<'_>) {
    let mut found = Vec::new();
    for list in whole.by.values().filter(|list| list.len() > 1) {
        let Some(last) = list.last().filter(|one| is_single(one)) else { continue };
        let Origin::File { path, line, .. } = &last.origin else { continue };
        for one in &list[..list.len() - 1] {
            let beside = matches!(&one.origin, Origin::File { path: other, .. } if other == path);
            if beside && one.origin != last.origin && differ(one, last) {
                found.push((*one, path, *line));
            }
        }
    }
    let logic: HashSet<&Path> = whole.reading.directives.iter().filter_map(logic).collect();
    found.retain(|(_, path, _)| !logic.contains(&***path));
    for (one, _, line) in found {
        let message = format!("given again with another value on line {line}, which counts");
        whole.warn_plainly(one, rule::GIVEN_TWICE, message);
        whole.uwsgi(format!("takes the last one too, while %({}) means the first", one.given));
    }
}

fn differ(one: &Directive, other: &Directive) -> bool {
    let flag = option::find(&one.given).is_some_and(|row| row.kind == Kind::Flag);
    if flag { truth(&one.value) != truth(&other.value) } else { one.value != other.value }
}

fn is_single(one: &Directive) -> bool {
    option::find(&one.given).is_some_and(|row| match row.kind {
        Kind::Flag | Kind::Integer | Kind::Long | Kind::Short | Kind::Megabytes | Kind::Text => true,
        Kind::Mode => row.tier == Tier::Works,
        Kind::List | Kind::Special => false,
    } && !matches!(row.name, "end-blacklist" | "end-whitelist") && !acts(row.name))
}

/// Whether an option acts while the files are read.
fn acts(name: &str) -> bool {
    logic::opens(name)
        || matches!(
            name,
            "ini" | "config" | "include" | "inherit" | "yaml" | "json" | "xml" | "print" | "exit"
        )
}

/// The file of a line by which it means different things at different times, or itself twice.
fn logic(one: &Directive) -> Option<&Path> {
    let Origin::File { path, .. } = &one.origin else { return None };
    let itself =
        matches!(one.key.as_str(), "ini" | "include" | "inherit") && one.value.starts_with(':');
    (logic::opens(&one.key) || itself).then_some(path)
}

fn cheaper(whole: &mut Whole<'_>) {
    let Some(one) = whole.last("cheaper") else { return };
    let count = |text: &str| match number(text) {
        Number::Whole(value) | Number::Digits(value) => Some(value),
        Number::Word | Number::Negative | Number::TooLarge => None,
    };
    let processes = whole.last("processes").map_or(Some(1), |most| count(&most.value));
    if let (Some(least), Some(most)) = (count(&one.value), processes)
        && least > 0
        && least >= most
    {
        let message = format!("{least} workers at least, but processes is {most}");
        whole.warn(one, rule::CHEAPER_WORKERS, message);
        whole.uwsgi("exits with 1: cheaper must be lower than processes");
    }
}

fn environment(whole: &mut Whole<'_>) {
    for one in whole.by.get("env").cloned().unwrap_or_default() {
        let (name, value) = one.value.split_once('=').unwrap_or((&one.value, ""));
        if !one.value.contains('=') {
            let message = "without = this removes the variable from the environment";
            whole.note(one, rule::ENVIRONMENT_WITHOUT_VALUE, message);
            whole.uwsgi("removes it too");
        } else if let Some(rest) = name.strip_prefix("UWSGI_") {
            let name = rest.to_ascii_lowercase().replace('_', "-");
            if option::find(&name).is_some() && !value.is_empty() {
                let message = format!("a variable of the application, not the option \"{name}\"");
                whole.note(one, rule::ENVIRONMENT_OPTION, message);
                whole.uwsgi("does not read it as an option at the start either");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::{none, one};

    #[test]
    fn an_option_that_has_no_effect_is_noted_once() {
        let note = one("thunder-lock = true\nthunder-lock = true\n", rule::ACCEPTED_OPTION);
        assert!(note.is_note() && note.message.starts_with("no effect here: "));
    }

    #[test]
    fn options_that_need_another_one() {
        assert!(one("cheaper-initial = 2\n", rule::NO_EFFECT_ALONE).message.contains("cheaper"));
        one("max-requests-delta = 2\n", rule::NO_EFFECT_ALONE);
        none("max-requests = 5\nmax-requests-delta = 2\n");
        none("stats-http = false\n");
    }

    #[test]
    fn a_value_that_a_later_line_replaces() {
        let found = one("processes = 2\nworkers = 3\n", rule::GIVEN_TWICE);
        assert!(found.message.contains("line 3") && found.uwsgi.unwrap().contains("%(processes)"));
        none("vacuum = true\nvacuum = True\nprocesses = 2\nprocesses = 2\nenv = A=1\nenv = B=1\n");
        none("processes = 2\nif-env = HOME\nprocesses = 3\nendif\n");
        none("ini = :base\nprocesses = 2\n[base]\nprocesses = 1\n");
    }

    #[test]
    fn as_many_workers_at_least_as_at_most() {
        one("processes = 2\ncheaper = 2\n", rule::CHEAPER_WORKERS);
        one("cheaper = 1\n", rule::CHEAPER_WORKERS);
    }

    #[test]
    fn what_means_something_else_under_uwsgi() {
        assert!(
            one("http-keepalive = true\n", rule::KEEPALIVE_WORD).uwsgi.unwrap().contains("off")
        );
        one("harakiri = 5\nthreads = 2\n", rule::DEADLINE);
        one("die-on-term = false\n", rule::TERM_RELOADS);
        none("http-keepalive = 1\nharakiri = 5\ndie-on-term = true\n");
    }

    #[test]
    fn variables_of_the_application() {
        one("env = LANG\n", rule::ENVIRONMENT_WITHOUT_VALUE);
        one("env = UWSGI_PROCESSES=4\n", rule::ENVIRONMENT_OPTION);
        none("env = A=\nenv = UWSGI_NOTHING=1\n");
    }
}
