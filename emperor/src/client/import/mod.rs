//! Configurations of other servers as files of ours.
//!
//! An importer is pure: text becomes files and a list of everything that was not carried over.
//! Nothing of the source is executed, included or looked up. What cannot be said in our files
//! stands in them as a comment at its place, with its line and the reason.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

mod deliver;
mod fpm;
mod gunicorn;
mod plain;
mod shell;
mod site;
mod supervisor;
mod unit;
mod uwsgi;
mod value;
mod waitress;

pub(super) use deliver::{Request, run};
pub use site::{Left, Place};

use super::Exit;
use site::{Origins, Site, remark};

/// The longest file that is read.
pub const LENGTH_MAX: usize = 1024 * 1024;
/// The most sites of one file.
const SITES_MAX: usize = 1000;

/// Whose configuration it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// `supervisord.conf`.
    Supervisor,
    /// `gunicorn.conf.py`, or a command line.
    Gunicorn,
    /// A pool of PHP-FPM.
    Fpm,
    /// The JSON of NGINX Unit.
    Unit,
}

impl Source {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Supervisor, Self::Gunicorn, Self::Fpm, Self::Unit];

    /// The word on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Supervisor => "supervisor",
            Self::Gunicorn => "gunicorn",
            Self::Fpm => "fpm",
            Self::Unit => "unit",
        }
    }
}

/// What is known besides the text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// The absolute path of the file.
    pub file: Option<String>,
    /// gunicorn's command line.
    pub command: Option<String>,
}

impl Context {
    /// The file's name without what every such file is called.
    fn stem(&self) -> Option<String> {
        let name = self.file.as_deref()?.rsplit('/').next()?;
        let stem = name.split('.').next()?;
        let usual = ["gunicorn", "gunicorn_conf", "gunicorn_config", "conf", "config", "www", ""];
        (!usual.contains(&stem)).then(|| stem.to_owned())
    }

    /// The directory of the file.
    fn directory(&self) -> Option<&str> {
        self.file.as_deref()?.rsplit_once('/').map(|(directory, _)| directory)
    }
}

/// The result.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Imported {
    /// Names (without extension) and contents of the files.
    pub files: Vec<(String, String)>,
    /// What was not carried over, those that stand in no file last.
    pub left: Vec<Left>,
    /// Comments about what stands in no file.
    pub remarks: Vec<String>,
}

impl Imported {
    /// Finished sites, and what belongs to none of them.
    fn of(sites: Vec<Site>, mut rest: Vec<Left>) -> Self {
        let mut imported = Self::default();
        let mut names = HashSet::new();
        let mut counts = HashMap::new();
        if let Some(over) = sites.get(SITES_MAX) {
            let from = Origins::new(Place::File, &over.name, &over.name);
            rest.push(from.left(format!("more than {SITES_MAX} sites: the rest is left out")));
        }
        for site in sites.into_iter().take(SITES_MAX) {
            let name = unique(&site.name, &mut names, &mut counts);
            let (text, left) = site.finish();
            imported.files.push((name, text));
            imported.left.extend(left);
        }
        imported.remarks = rest.iter().map(remark).collect();
        imported.left.extend(rest);
        imported
    }
}

/// A name that a file may have and no other file has.
fn unique(
    wanted: &str,
    taken: &mut HashSet<String>,
    counts: &mut HashMap<String, usize>,
) -> String {
    let base = fitting(wanted);
    let mut name = base.clone();
    while !taken.insert(name.clone()) {
        let count = counts.entry(base.clone()).or_insert(1);
        *count += 1;
        name = format!("{base}-{count}");
    }
    name
}

/// A name made of letters that mean nothing in paths, shells and addresses.
fn fitting(wanted: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' };
    let name: String = wanted.chars().take(100).map(plain).collect();
    let name = name.trim_matches(['.', '-']);
    if name.is_empty() { "app".to_owned() } else { name.to_owned() }
}

/// Why a file cannot be imported.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// Too long.
    #[error("longer than {} KiB", LENGTH_MAX / 1024)]
    Long,
    /// Not text.
    #[error("not valid UTF-8")]
    Binary,
    /// A line that cannot be understood.
    #[error("line {0}: {1}")]
    Line(u32, String),
    /// An ini file without sections.
    #[error("no section in it")]
    NoSection,
    /// No Python.
    #[error(transparent)]
    Python(#[from] TokenError),
    /// No JSON.
    #[error("no valid JSON: {0}")]
    Json(String),
    /// JSON of another kind.
    #[error("{0}: {1}")]
    Shape(String, &'static str),
    /// A command line that cannot be understood.
    #[error("command line: {0}")]
    Command(String),
    /// Nothing that could become a site.
    #[error("{0}")]
    Nothing(&'static str),
}

pub use gunicorn::TokenError;

/// Imports a text; only gunicorn's command line does without.
pub fn import(
    source: Source,
    text: Option<&str>,
    context: &Context,
) -> Result<Imported, ImportError> {
    if text.is_some_and(|text| text.len() > LENGTH_MAX) {
        return Err(ImportError::Long);
    }
    match source {
        Source::Supervisor => supervisor::import(text.unwrap_or_default(), context),
        Source::Gunicorn => gunicorn::import(text, context),
        Source::Fpm => fpm::import(text.unwrap_or_default()),
        Source::Unit => unit::import(text.unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain_and_unique() {
        for (wanted, name) in [
            ("my app/../x", "my-app-..-x"),
            ("..", "app"),
            ("-rf", "rf"),
            ("ü", "app"),
            ("a_b.c", "a_b.c"),
        ] {
            assert_eq!(fitting(wanted), name);
        }
        let sites = || ["a", "a", "a!"].map(|name| Site::new(name, "x")).into();
        let names: Vec<String> =
            Imported::of(sites(), Vec::new()).files.into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["a", "a-2", "a-3"]);
    }
}
