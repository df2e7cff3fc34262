//! Vassals as resources: status, and the verbs reload, stop and start.

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::Api;
use super::problem::Problem;
use crate::board::{App, Petition, Published, Reply};
use crate::court::Notice;
use crate::vassal::lifecycle::Verb;
use crate::vassal::name::{VassalName, nearest};

/// The longest that an answer is waited for.
const WAIT_MAX: Duration = Duration::from_hours(1);

#[derive(Serialize)]
pub(super) struct List {
    apps: Vec<App>,
}

/// `?wait=10s`
#[derive(Debug, Deserialize)]
pub(super) struct Waiting {
    wait: Option<String>,
}

pub(super) async fn list(State(api): State<Api>) -> Json<List> {
    api.fresh().await;
    let apps = api.board.all().into_iter().map(|(_, one)| App::clone(&one.app)).collect();
    Json(List { apps })
}

pub(super) async fn one(
    State(api): State<Api>,
    Path(wanted): Path<String>,
) -> Result<Json<App>, Problem> {
    api.fresh().await;
    let (_, found) = find(&api, &wanted)?;
    Ok(Json(App::clone(&found.app)))
}

pub(super) async fn reload(
    State(api): State<Api>,
    Path(wanted): Path<String>,
    Query(waiting): Query<Waiting>,
) -> Result<Response, Problem> {
    ask(&api, &wanted, Verb::Reload, &waiting).await
}

pub(super) async fn stop(
    State(api): State<Api>,
    Path(wanted): Path<String>,
    Query(waiting): Query<Waiting>,
) -> Result<Response, Problem> {
    ask(&api, &wanted, Verb::Stop, &waiting).await
}

pub(super) async fn start(
    State(api): State<Api>,
    Path(wanted): Path<String>,
    Query(waiting): Query<Waiting>,
) -> Result<Response, Problem> {
    ask(&api, &wanted, Verb::Start, &waiting).await
}

/// The vassal that is meant, or a problem that names the one that was probably meant.
pub(super) fn find(api: &Api, wanted: &str) -> Result<(VassalName, Published), Problem> {
    if let Some(found) = api.board.find(wanted) {
        return Ok(found);
    }
    let names = api.board.names();
    let candidates = names.iter().flat_map(|name| [name.as_str(), name.stem()]);
    let near = nearest(wanted, candidates).map(str::to_owned);
    let mut detail = format!("there is no app {wanted:?}");
    if names.iter().filter(|name| name.stem() == wanted).count() > 1 {
        detail = format!("{wanted:?} is not unique: give the file's whole name");
    } else if let Some(near) = &near {
        detail = format!("{detail}; did you mean {near:?}?");
    }
    Err(Problem { suggestion: near, ..Problem::new(StatusCode::NOT_FOUND, detail) })
}

async fn ask(api: &Api, wanted: &str, verb: Verb, waiting: &Waiting) -> Result<Response, Problem> {
    let limit = waiting.wait.as_deref().map(duration).transpose()?;
    let (name, _) = find(api, wanted)?;
    let (reply, answer) = oneshot::channel();
    let petition = Petition { name: name.clone(), verb, wait: limit.is_some(), reply };
    let ending = || Problem::new(StatusCode::SERVICE_UNAVAILABLE, "the emperor is ending");
    api.court.send(Notice::Petition(petition)).await.map_err(|_| ending())?;
    let reply = match limit {
        Some(limit) => timeout(limit, answer).await.map_err(|_| {
            let detail = format!("{name} is not done after {} s; it goes on", limit.as_secs_f64());
            Problem::new(StatusCode::GATEWAY_TIMEOUT, detail)
        })?,
        None => answer.await,
    };
    let gone = || Problem::new(StatusCode::NOT_FOUND, format!("{name} is gone"));
    let conflict = |detail: String| Problem::new(StatusCode::CONFLICT, detail);
    let status = match reply.map_err(|_| ending())? {
        Reply::Done => StatusCode::OK,
        Reply::Taken => StatusCode::ACCEPTED,
        Reply::Denied(denied) => return Err(conflict(format!("{name}: {denied}"))),
        Reply::Failed(reason) => return Err(conflict(reason)),
        Reply::Unknown => return Err(gone()),
    };
    let (_, now) = api.board.find(name.as_str()).ok_or_else(gone)?;
    Ok((status, Json(App::clone(&now.app))).into_response())
}

/// `10`, `10s`, `500ms`, `2m`.
fn duration(text: &str) -> Result<Duration, Problem> {
    let digits = text.trim_end_matches(|unit: char| unit.is_ascii_alphabetic());
    let number: Option<u64> = digits.parse().ok();
    let time = number.and_then(|number| match &text[digits.len()..] {
        "" | "s" => Some(Duration::from_secs(number)),
        "ms" => Some(Duration::from_millis(number)),
        "m" => Some(Duration::from_secs(number.saturating_mul(60))),
        _ => None,
    });
    time.map(|time| time.min(WAIT_MAX)).ok_or_else(|| {
        let detail = format!("wait: expected a time like 10s or 500ms, found {text:?}");
        Problem::new(StatusCode::BAD_REQUEST, detail)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_their_unit() {
        for (text, want) in [
            ("10", Some(10_000)),
            ("10s", Some(10_000)),
            ("250ms", Some(250)),
            ("2m", Some(120_000)),
            ("ten", None),
            ("-1s", None),
            ("1h", None),
        ] {
            let read = duration(text).ok().map(|time| time.as_millis());
            assert_eq!(read, want, "{text}");
        }
    }
}
