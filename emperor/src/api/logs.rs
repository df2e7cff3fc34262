//! The last lines of a vassal, as text.

use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::Api;
use super::app::find;
use super::problem::Problem;

/// Lines without `?lines=`.
const LINES: usize = 100;

#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    lines: Option<usize>,
}

pub(super) async fn show(
    State(api): State<Api>,
    Path(wanted): Path<String>,
    Query(how): Query<Wanted>,
) -> Result<Response, Problem> {
    let (_, found) = find(&api, &wanted)?;
    let mut text = found.journal.last(how.lines.unwrap_or(LINES)).join("\n");
    if !text.is_empty() {
        text.push('\n');
    }
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response())
}
