//! From text to typed settings.
//!
//! Sources (files, command line, environment) become one ordered list of [`Directives`], each
//! with its origin; the list becomes [`Settings`](crate::settings::Settings) once. Everything
//! that is wrong is collected as findings, so that one look at a file shows all its mistakes.
//! The world that a configuration is read in is a parameter.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::finding::{Finding, Origin};
use crate::option;
use crate::summons::{Template, Version};

mod advice;
mod arithmetic;
mod command_line;
mod directive;
mod expand;
mod fence;
mod format;
/// Bodies of the fuzz targets.
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
mod glob;
mod immediate;
mod include;
mod ini;
mod loader;
mod logic;
mod magic;
mod plain;
mod plugin;
mod review;
mod scheme;
mod settings;
/// `show-config`.
pub mod show;
mod signs;
mod source;
#[cfg(test)]
mod tests;
mod text;
mod world;

pub use advice::{Access, advise};
pub use command_line::{files, naming, option_of};
pub use directive::{Directive, Directives, Part};
pub use scheme::Schemes;
pub use settings::{Hosts, hooks_of_emperor, settings, settings_with};
pub use world::World;

use loader::Loader;
use magic::Subject;
use source::Proof;

/// The directive of `check` in the `[emperor]` section: no key of another section is called so.
const CHECK: &str = "emperor:check";

/// What was read, and what is wrong with it. Any error among the findings refuses the whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// The options and custom variables, in the order in which they are applied.
    pub directives: Directives,
    /// Warnings and errors.
    pub findings: Vec<Finding>,
    /// The directory that relative `logto` and `pidfile` count from: that of the start, and
    /// for a vassal that of its file.
    pub directory: PathBuf,
    /// What `iprint` and `print` print.
    pub printed: Vec<String>,
    /// Somebody else than root had a hand in a text that root read, or in a name that came in.
    pub stranger: bool,
    /// The status that `exit` asks for: nothing is read behind it, and nothing is started.
    pub exit: Option<i32>,
    /// How long commands and pages took.
    pub waited: Duration,
}

impl Reading {
    /// Whether the configuration has to be refused.
    pub fn refused(&self) -> bool {
        self.findings.iter().any(Finding::is_error)
    }
}

/// What an Emperor says about a vassal's configuration.
#[derive(Clone, Copy, Debug)]
pub struct VassalSource<'a> {
    /// The vassal's file.
    pub file: &'a Path,
    /// The file's identity as the monitor saw it; what is opened must match.
    pub version: Option<Version>,
    /// `vassal-set` values (`key=value`), as [`Directives::vassal_sets`] gives them: magic
    /// variables of a file mean the vassal's.
    pub sets: &'a [String],
    /// Files read before the vassal's file.
    pub before: &'a [Template],
    /// Files read after it.
    pub after: &'a [Template],
    /// Options from the Emperor's `UWSGI_VASSAL_*` variables.
    pub options: &'a [(String, String)],
}

/// Reads a uWSGI command line (without the program's name): the environment's `UWSGI_*`
/// variables, then the options in order, then the positional files.
pub fn read_command_line(args: &[OsString], world: &World) -> Reading {
    // root reads no file of anybody else's: who starts somebody's server becomes that one first
    let owner = (world.user.0 == 0).then_some(0);
    let mut loader = Loader::new(world, owner);
    command_line::environment(&mut loader);
    command_line::arguments(&mut loader, args);
    finish(loader)
}

/// Reads the command line of an Emperor. It acts as root for everybody, from then on: started
/// by root it reads only what nobody but root can write.
pub fn read_emperor(args: &[OsString], world: &World) -> Reading {
    let root = world.user.0 == 0;
    let mut loader = Loader::new(world, root.then_some(0));
    loader.alone = root;
    command_line::environment(&mut loader);
    command_line::arguments(&mut loader, args);
    finish(loader)
}

/// Reads a vassal's configuration as its Emperor asked for it: the options of the Emperor's
/// environment, the files before, `vassal-set`, the vassal's file, the files after. The last
/// one that sets a scalar wins.
pub fn read_vassal(source: &VassalSource<'_>, world: &World) -> Reading {
    let proof = source.version.map_or(Proof::None, Proof::Version);
    summoned(source, source.file, proof, Duration::ZERO, world)
}

/// Reads what a refused configuration names as its `fallback-config`, by the rules for its
/// includes; what was wrong with the first is told along.
pub fn read_fallback(
    source: &VassalSource<'_>,
    file: &str,
    refused: &Reading,
    world: &World,
) -> Reading {
    let proof = source.version.map_or(Proof::None, |version| Proof::Owner(version.uid));
    let mut reading = summoned(source, &refused.directory.join(file), proof, refused.waited, world);
    for finding in refused.findings.iter().filter(|finding| finding.is_error()) {
        let message = format!("{} (fallback-config is used instead)", finding.message);
        let severity = crate::finding::Severity::Warning;
        reading.findings.push(Finding { severity, message, ..finding.clone() });
    }
    reading
}

/// `waited`: the time that an earlier try spent on commands and pages.
fn summoned(
    source: &VassalSource<'_>,
    file: &Path,
    proof: Proof,
    waited: Duration,
    world: &World,
) -> Reading {
    let named = world.directory.join(source.file);
    let directory = named.parent().unwrap_or(Path::new("/")).to_path_buf();
    let world = World { directory, ..world.clone() };
    let file = world.directory.join(file);
    let mut loader = Loader::new(&world, source.version.map(|version| version.uid));
    loader.waited.set(waited);
    let first = Subject::of(&file, source.version.map_or(0, |version| version.ino));
    for (name, value) in source.options {
        let variable = format!("UWSGI_VASSAL_{}", name.to_ascii_uppercase().replace('-', "_"));
        loader.add(name, value, &Origin::Environment(variable), false);
    }
    loader.first = Some(first.clone());
    loader.templates(source.before);
    for set in source.sets {
        let set = magic::resolved(set, &first, &world);
        loader.set(&set, &Origin::VassalSet, "vassal-set", false);
    }
    // nothing that the tenant says reaches past the tenant's own lines
    let (injected, fences) = (loader.injected.clone(), loader.fences.clone());
    loader.bounds.clone_from(&fences);
    loader.tenant = true;
    loader.file(&file, proof, true);
    loader.inherit(false);
    loader.tenant = false;
    loader.injected = injected;
    loader.fences = fences;
    if let Some(status) = loader.exit {
        let message = format!("exit = {status}: this file asks not to be started");
        loader.findings.push(Finding::error(None, Some("exit"), message));
    }
    loader.templates(source.after);
    finish(loader)
}

/// The steps after all sources were read.
fn finish(mut loader: Loader<'_>) -> Reading {
    let mut used = expand::expand(&mut loader);
    loader.inherit(true);
    immediate::late(&mut loader);
    used.extend(loader.tested());
    review::review(&mut loader, &used);
    let mut directives = Directives::default();
    for entry in loader.entries {
        let key = option::find(&entry.given).map_or(entry.given.as_str(), |row| row.name);
        directives.push(Directive {
            key: key.to_owned(),
            value: entry.value,
            origin: entry.origin,
            given: entry.given,
            part: entry.how.part,
            secret: entry.how.secret,
        });
    }
    let mut printed = loader.printed;
    printed.extend(directives.all("print").map(|one| one.value.clone()));
    let directory = loader.world.directory.clone();
    let waited = loader.waited.get();
    let stranger = loader.stranger.get() || loader.guided;
    let (findings, exit) = (loader.findings, loader.exit);
    Reading { directives, findings, directory, printed, stranger, exit, waited }
}
