//! What the server does before (or instead of) the application: files, rules, heads.

use std::path::PathBuf;

use shared::settings;

use super::Turn;
use super::files::{Files, Now};
use super::manner::Manner;
use super::reply::Reply;
use super::view::View;

/// What the server does by itself, made once a worker. A worker whose settings ask for none of
/// it has no such thing, and pays one branch a request for that.
#[derive(Debug)]
pub(super) struct Content {
    files: Option<Files>,
    manner: Option<Manner>,
}

impl Content {
    /// `None` where the settings ask for nothing.
    pub(super) fn of(settings: &settings::Content) -> Option<Self> {
        // relative paths count from the directory of the start, whatever the application does
        let directory = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/"));
        let files = &settings.files;
        let files = (!files.is_off()).then(|| Files::new(files, &directory));
        let manner = Manner::of(settings);
        (files.is_some() || manner.is_some()).then_some(Self { files, manner })
    }

    /// What is said of every answer.
    pub(super) fn manner(&self) -> Option<&Manner> {
        self.manner.as_ref()
    }

    /// Answers the request without the application, if it can. Whoever waits for the file system
    /// gives the turn away first.
    pub(super) fn answer(
        &self,
        view: &View<'_>,
        now: Now,
        reply: &mut Reply<'_>,
        turn: &mut Turn<'_>,
    ) -> bool {
        let Some(files) = self.files.as_ref().filter(|files| files.concerns(view)) else {
            return false;
        };
        drop(turn.take());
        files.serve(view, now, reply)
    }
}
