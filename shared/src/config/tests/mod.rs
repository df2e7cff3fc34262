//! Whole configurations: files on disk, command lines, and what comes of them.

mod bounds;
mod command_line;
mod defaults;
mod documents;
mod effects;
mod hostile;
mod logs;
mod mutation;
mod reader;
mod secret;
mod settings;
mod supervision;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use super::settings as settle;
use super::*;
use crate::settings::{Address, Listen, Principal, Settings, Target, Wire};

/// A directory with files, which is also the directory of the start.
pub(in crate::config) struct Place {
    directory: TempDir,
    world: World,
}

impl Place {
    pub(in crate::config) fn new(files: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(directory.path().join(name), text).unwrap();
        }
        let world = World { directory: directory.path().into(), ..World::for_tests() };
        Self { directory, world }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn line(&self, args: &[&str]) -> Reading {
        let args: Vec<OsString> = args.iter().map(OsString::from).collect();
        read_command_line(&args, &self.world)
    }

    pub(in crate::config) fn vassal(&self, name: &str) -> Reading {
        read_vassal(&source(&self.path(name)), &self.world)
    }
}

fn source(file: &Path) -> VassalSource<'_> {
    VassalSource { file, version: None, sets: &[], before: &[], after: &[], options: &[] }
}

/// The lines below `[uwsgi]` as a vassal, and its settings.
pub(in crate::config) fn settled(text: &str) -> (Settings, Reading) {
    let place = Place::new(&[("a.ini", &format!("[uwsgi]\n{text}"))]);
    let mut reading = place.vassal("a.ini");
    let settings = settle(&mut reading, "a.ini");
    (settings, reading)
}

fn value(reading: &Reading, name: &str) -> String {
    reading.directives.last(name).map_or_else(|| "<none>".into(), |one| one.value.clone())
}

pub(in crate::config) fn errors(reading: &Reading) -> Vec<String> {
    reading.findings.iter().filter(|f| f.is_error()).map(ToString::to_string).collect()
}

fn warnings(reading: &Reading) -> Vec<String> {
    reading.findings.iter().filter(|f| !f.is_error()).map(ToString::to_string).collect()
}

/// Everything that a check would find in the lines below `[uwsgi]`.
pub(in crate::config) fn checked(text: &str) -> Vec<Finding> {
    let (settings, reading) = settled(text);
    let advice = advise(&reading, Some(&settings), &|_| None);
    reading.findings.into_iter().chain(advice).collect()
}

/// The one finding of a rule.
#[track_caller]
pub(in crate::config) fn one(text: &str, code: &str) -> Finding {
    let all = checked(text);
    let mut list = all.iter().filter(|finding| finding.code == code);
    match (list.next(), list.next()) {
        (Some(found), None) => found.clone(),
        (_, more) => panic!("expected one {code} ({}), found {all:#?}", more.is_some()),
    }
}

/// Nothing is found, but for options that have no effect.
#[track_caller]
pub(in crate::config) fn none(text: &str) {
    let mut found = checked(text);
    found.retain(|finding| finding.code != crate::rule::ACCEPTED_OPTION);
    assert_eq!(found, [], "{text}");
}
