//! What the server does before (or instead of) the application: rules, files, heads.

use std::path::PathBuf;
use std::time::Duration;

use shared::settings;

use super::Turn;
use super::files::{Files, Now};
use super::manner::{Advice, Manner};
use super::outcome::Notes;
use super::reply::Reply;
use super::route::{Answer, Effects, Routes, Scene, Verdict};
use super::view::{Frame, View};
use crate::request::Request;
use crate::scoreboard::Place;

/// What the server does by itself, made once a worker. A worker whose settings ask for none of
/// it has no such thing, and pays one branch a request for that.
#[derive(Debug)]
pub(super) struct Content {
    files: Files,
    serves_files: bool,
    routes: Option<Routes>,
    manner: Option<Manner>,
    worker: u32,
}

/// What the rules made of a request.
#[derive(Debug)]
pub(super) struct Decided<'a> {
    verdict: Verdict<'a>,
    /// How long it may run, where a rule said so; zero is without limit.
    pub(super) harakiri: Option<Duration>,
}

impl Content {
    /// `None` where the settings ask for nothing. `worker` is its number.
    pub(super) fn of(settings: &settings::Content, worker: u32) -> Option<Self> {
        if *settings == settings::Content::default() {
            return None;
        }
        // relative paths count from the directory of the start, whatever the application does
        let directory = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/"));
        let manner = Manner::of(settings, &directory);
        let serves_files = !settings.files.is_off();
        let rules = !settings.routes.is_off();
        Some(Self {
            files: Files::new(&settings.files, &directory),
            serves_files,
            routes: rules.then(|| Routes::new(&settings.routes, &directory)),
            manner,
            worker,
        })
    }

    /// What is said of every answer.
    pub(super) fn manner(&self) -> Option<&Manner> {
        self.manner.as_ref()
    }

    /// Whether rules limit how long requests may run.
    pub(super) fn limits(&self) -> bool {
        self.routes.as_ref().is_some_and(|routes| routes.request.limits())
    }

    /// Lets the rules look at a request, and does what they want done at once.
    pub(super) fn before(
        &self,
        frame: Frame<'_>,
        request: &mut Request,
        now: Now,
        reply: &mut Reply<'_>,
        turn: &mut Turn<'_>,
    ) -> Option<Decided<'_>> {
        let table = &self.routes.as_ref()?.request;
        if table.is_empty() {
            return None;
        }
        if table.waits() {
            drop(turn.take());
        }
        let mut scene = self.scene(frame.view(request), now, 0);
        let verdict = table.run(&mut scene);
        let harakiri = scene.effects.harakiri;
        let variables = scene.effects.apply(reply);
        set(&variables, request);
        Some(Decided { verdict, harakiri })
    }

    fn scene<'a>(&'a self, view: View<'a>, now: Now, status: u16) -> Scene<'a> {
        let effects = Effects::default();
        Scene { view, now, worker: self.worker, status, kinds: self.files.kinds(), effects }
    }

    /// Who looks at the head of the answer to this request, if anybody does.
    pub(super) fn adviser<'a>(&'a self, view: View<'a>, now: Now) -> Option<Adviser<'a>> {
        let routes = self.routes.as_ref()?;
        let any = !routes.error.is_empty() || !routes.response.is_empty();
        any.then_some(Adviser { content: self, routes, view, now })
    }

    /// Answers the request without the application, if it can, and says where that is counted. Whoever waits for the file system
    /// gives the turn away first.
    pub(super) fn answer(
        &self,
        decided: Option<Decided<'_>>,
        view: &View<'_>,
        now: Now,
        reply: &mut Reply<'_>,
        turn: &mut Turn<'_>,
    ) -> Option<Place> {
        let verdict = decided.map_or(Verdict::Pass, |decided| decided.verdict);
        if let Verdict::Static(..) | Verdict::File { .. } = &verdict {
            drop(turn.take());
        }
        let mut served = self.carry_out(verdict, view, now, reply).then_some(Place::Routed);
        if served.is_none() && self.serves_files && self.files.concerns(view) {
            drop(turn.take());
            served = self.files.serve(view, now, reply).then_some(Place::Static);
        }
        if served.is_some() {
            reply.notes().app = -1;
        }
        served
    }

    /// Answers as rules decided; whether that was the answer.
    fn carry_out(
        &self,
        verdict: Verdict<'_>,
        view: &View<'_>,
        now: Now,
        reply: &mut Reply<'_>,
    ) -> bool {
        match verdict {
            Verdict::Pass => return false,
            Verdict::Nothing => reply.close(),
            Verdict::Answer(answer) => give(&answer, reply),
            Verdict::Static(at, inner) => {
                if !self.files.serve_path(at, &inner, view, now, reply) {
                    reply.refuse(404, "Not Found", "Not Found");
                }
            }
            Verdict::File { at, inner, status, kind } => {
                let Some((piece, ending)) = self.files.find(at, &inner, view, now) else {
                    reply.refuse(404, "Not Found", "Not Found");
                    return true;
                };
                let begun = reply.status(status.as_bytes());
                debug_assert!(begun.is_ok(), "the reader checked the status");
                if let Some(kind) = kind.or(ending) {
                    let _ = reply.field(b"Content-Type", kind.as_bytes());
                }
                let _ = reply.field(b"Content-Length", piece.left.to_string().as_bytes());
                reply.piece(piece);
            }
        }
        true
    }

    /// Lets the rules look back at what was answered. `learned` are the variables that became
    /// known on the way.
    pub(super) fn after(
        &self,
        frame: Frame<'_>,
        request: &mut Request,
        now: Now,
        status: u16,
        learned: &[(String, Vec<u8>)],
        notes: &mut Notes,
    ) {
        set(learned, request);
        let Some(routes) = self.routes.as_ref().filter(|routes| !routes.last.is_empty()) else {
            return;
        };
        let mut scene = self.scene(frame.view(request), now, status);
        routes.last.run(&mut scene);
        let variables = scene.effects.tell(notes);
        set(&variables, request);
    }
}

impl Effects {
    /// Tells the reply what concerns the answer and the log; what is left are the variables.
    fn apply(mut self, reply: &mut Reply<'_>) -> Vec<(String, Vec<u8>)> {
        if !self.edit.add.is_empty() || !self.edit.remove.is_empty() {
            let edit = reply.say().edit();
            edit.add.append(&mut self.edit.add);
            edit.remove.append(&mut self.edit.remove);
        }
        self.tell(reply.notes())
    }

    /// Tells the log; what is left are the variables.
    fn tell(self, notes: &mut Notes) -> Vec<(String, Vec<u8>)> {
        notes.quiet |= self.notes.quiet;
        notes.values.extend(self.notes.values);
        if self.notes.user.is_some() {
            notes.user = self.notes.user;
        }
        self.sets
    }
}

/// Sets variables, for the application and everything behind.
fn set(variables: &[(String, Vec<u8>)], request: &mut Request) {
    for (name, value) in variables {
        request.set(name.as_bytes(), value);
    }
}

/// The rules that look at heads of answers, with the request.
#[derive(Debug)]
pub(super) struct Adviser<'a> {
    content: &'a Content,
    routes: &'a Routes,
    view: View<'a>,
    now: Now,
}

impl Advice for Adviser<'_> {
    fn advise(&self, status: u16, reply: &mut Reply<'_>) {
        let tables = [(status >= 400).then_some(&self.routes.error), Some(&self.routes.response)];
        for table in tables.into_iter().flatten().filter(|table| !table.is_empty()) {
            let mut scene = self.content.scene(self.view, self.now, status);
            let verdict = table.run(&mut scene);
            for (name, value) in scene.effects.apply(reply) {
                reply.say().learn(name, value);
            }
            if !matches!(verdict, Verdict::Pass) {
                self.content.carry_out(verdict, &self.view, self.now, reply);
                return;
            }
        }
        reply.strike_out();
    }
}

/// Sends an answer that a rule made.
fn give(answer: &Answer, reply: &mut Reply<'_>) {
    let code = answer.status.get(..3).and_then(|code| code.parse().ok()).unwrap_or(0);
    if answer.body.is_empty()
        && let Some(phrase) = answer.status.get(4..)
        && reply.page(code, phrase)
    {
        return;
    }
    let begun = reply.status(answer.status.as_bytes());
    debug_assert!(begun.is_ok(), "the reader checked the status");
    let _ = reply.field(b"Content-Type", b"text/plain");
    if let Some((name, value)) = &answer.field {
        let _ = reply.field(name.as_bytes(), value);
    }
    reply.whole(answer.body.as_bytes());
}
