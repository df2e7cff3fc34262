//! Numbers for Prometheus, in its text format.

use std::fmt::Write;

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;

use super::Api;
use crate::board::{App, Board, Word};

pub(super) async fn show(State(api): State<Api>) -> impl IntoResponse {
    api.fresh().await;
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], text(&api.board))
}

/// One family: its name, kind and help, and the samples of one vassal.
type Family = (&'static str, &'static str, &'static str, fn(&App) -> Vec<(String, u64)>);

const FAMILIES: [Family; 8] = [
    ("emperor_app_up", "gauge", "Whether requests are answered.", |app| {
        vec![(String::new(), u64::from(app.state.up()))]
    }),
    ("emperor_app_state", "gauge", "1 for the state that the app is in.", |app| {
        Word::ALL
            .into_iter()
            .map(|word| (format!(",state=\"{}\"", word.as_str()), u64::from(word == app.state)))
            .collect()
    }),
    ("emperor_app_generation", "gauge", "The generation that serves.", |app| {
        vec![(String::new(), app.generation)]
    }),
    ("emperor_app_workers", "gauge", "Workers that serve.", |app| {
        vec![(String::new(), app.workers.len() as u64)]
    }),
    ("emperor_app_reloads_total", "counter", "Reloads by result.", |app| {
        vec![
            (",result=\"ok\"".to_owned(), app.reloads.served),
            (",result=\"rejected\"".to_owned(), app.reloads.rejected),
        ]
    }),
    ("emperor_app_restarts_total", "counter", "Starts after deaths.", |app| {
        vec![(String::new(), app.restarts)]
    }),
    (
        "emperor_app_worker_respawns_total",
        "counter",
        "Workers replaced because they died, since the master started.",
        |app| vec![(String::new(), app.respawns)],
    ),
    ("emperor_app_requests_total", "counter", "Requests served since the master started.", |app| {
        vec![(String::new(), app.requests)]
    }),
];

fn text(board: &Board) -> String {
    let mut out = String::new();
    head(&mut out, "emperor_build_info", "gauge", "The version that runs.");
    line(&mut out, "emperor_build_info", &format!("version=\"{}\"", env!("CARGO_PKG_VERSION")), 1);
    head(&mut out, "emperor_apps", "gauge", "Apps by state.");
    let counts = board.counts();
    for word in Word::ALL {
        let count = counts.get(&word).copied().unwrap_or(0);
        line(&mut out, "emperor_apps", &format!("state=\"{}\"", word.as_str()), count as u64);
    }
    let apps = board.all();
    for (name, kind, help, samples) in FAMILIES {
        head(&mut out, name, kind, help);
        for (_, one) in &apps {
            for (labels, value) in samples(&one.app) {
                line(&mut out, name, &format!("app=\"{}\"{labels}", label(&one.app.id)), value);
            }
        }
    }
    out
}

fn head(out: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

fn line(out: &mut String, name: &str, labels: &str, value: u64) {
    let _ = writeln!(out, "{name}{{{labels}}} {value}");
}

/// A label's value, escaped as the format wants it.
fn label(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
