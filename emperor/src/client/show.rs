//! Answers for people. Whatever a tenant wrote is escaped: a terminal must not obey it.

use std::fmt::Write;

use super::arguments::Verb;
use crate::board::App;
use crate::journal::escaped;

const HEAD: [&str; 7] = ["APP", "STATE", "GEN", "PID", "WORKERS", "SINCE", "REASON"];
/// A table's reason is cut here; `status APP` shows all of it.
const REASON_MAX: usize = 60;

/// All apps, one a line.
pub(super) fn table(apps: &[App]) -> String {
    let rows: Vec<[String; 7]> = apps.iter().map(row).collect();
    let mut widths = HEAD.map(str::len);
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut out = String::new();
    line(&mut out, &HEAD.map(str::to_owned), &widths);
    for row in &rows {
        line(&mut out, row, &widths);
    }
    out
}

fn row(app: &App) -> [String; 7] {
    let reason = app.reason.as_deref().unwrap_or_default();
    // the last line of a traceback says what it is
    let reason = reason.trim_end().lines().last().unwrap_or_default();
    let mut reason: String = escaped(reason).replace('\t', " ");
    if reason.chars().count() > REASON_MAX {
        reason = reason.chars().take(REASON_MAX - 1).chain(['…']).collect();
    }
    [
        flat(&app.id),
        app.state.as_str().to_owned(),
        app.generation.to_string(),
        app.pid.map_or_else(|| "-".to_owned(), |pid| pid.to_string()),
        app.workers.len().to_string(),
        app.since.clone(),
        reason,
    ]
}

fn line(out: &mut String, cells: &[String; 7], widths: &[usize; 7]) {
    let mut text = String::new();
    for (cell, width) in cells.iter().zip(widths) {
        let _ = write!(text, "{cell:<width$}  ");
    }
    let _ = writeln!(out, "{}", text.trim_end());
}

/// A tenant's text on one line.
fn flat(text: &str) -> String {
    escaped(text).replace('\n', "\\n").replace('\t', "\\t")
}

/// One app.
pub(super) fn one(app: &App, whole: bool) -> String {
    let mut out = String::new();
    let mut field = |name: &str, value: &str| {
        if !value.is_empty() {
            let _ = writeln!(out, "{name:>12}: {value}");
        }
    };
    let number = |value: Option<i64>| value.map_or_else(String::new, |one| one.to_string());
    field("app", &flat(&app.id));
    field("state", &format!("{} since {}", app.state.as_str(), flat(&app.since)));
    field("next try", &flat(app.retry_at.as_deref().unwrap_or_default()));
    field("generation", &app.generation.to_string());
    field("master", &number(app.pid.map(i64::from)));
    field("nursery", &number(app.nursery.map(i64::from)));
    field("workers", &pids(&app.workers));
    field("draining", &pids(&app.draining));
    field("listens on", &flat(&app.listeners.join(" ")));
    if whole {
        field("file", &flat(&app.file.to_string_lossy()));
        field("interpreter", &flat(app.interpreter.as_deref().unwrap_or_default()));
        field("user", &number(app.uid.map(i64::from)));
        field("group", &number(app.gid.map(i64::from)));
        field("requests", &app.requests.to_string());
        field(
            "reloads",
            &format!("{} served, {} rejected", app.reloads.served, app.reloads.rejected),
        );
        field("restarts", &app.restarts.to_string());
        field("respawns", &app.respawns.to_string());
        field("last exit", &flat(app.last_exit.as_deref().unwrap_or_default()));
    }
    for finding in &app.findings {
        let kind = if finding.is_error() { "error" } else { "warning" };
        field(kind, &flat(&finding.to_string()));
    }
    if let Some(reason) = &app.reason {
        let _ = writeln!(out, "{:>12}:", "reason");
        for line in escaped(reason).lines() {
            let _ = writeln!(out, "    {line}");
        }
    }
    out
}

fn pids(list: &[u32]) -> String {
    list.iter().map(u32::to_string).collect::<Vec<_>>().join(" ")
}

/// A verb was carried out (or only taken).
pub(super) fn done(app: &App, verb: Verb, waited: bool) -> String {
    let name = flat(&app.id);
    if !waited {
        return format!("{name}: {} is on its way", verb.as_str());
    }
    match verb {
        Verb::Reload | Verb::Start => {
            format!("{name}: {}, generation {}", app.state.as_str(), app.generation)
        }
        Verb::Stop => format!("{name}: {}", app.state.as_str()),
    }
}
