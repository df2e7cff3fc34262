//! What the program is asked to be, by its arguments.
//!
//! Our own faces are chosen by the first argument; everything else is uWSGI's command line,
//! which the configuration reader understands.

use std::ffi::OsString;
use std::path::PathBuf;

use shared::{config, option};

use super::remote::{self, Remote};

/// One of the program's faces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Face {
    /// The Emperor started us; the channel is standard input.
    Summons {
        /// The vassal's name, shown in process lists.
        name: String,
    },
    /// Carry out the Emperor's hooks beside it; they are on standard input.
    Errand,
    /// Print the launch plan.
    Plan(Vec<OsString>),
    /// Say what is wrong with files.
    Check(Vec<OsString>),
    /// Print the settings of this command line, for a reload.
    Prepare(Vec<OsString>),
    /// Tell a server that runs.
    Tell(Remote),
    /// uWSGI's command line.
    Serve(Vec<OsString>),
    /// Print the version.
    Version,
    /// Print the options.
    Help,
}

/// Chooses the face by the arguments (without the program's name).
pub fn face(mut args: Vec<OsString>) -> Face {
    let first = args.first().and_then(|one| one.to_str()).unwrap_or_default();
    match first {
        "--summons" => {
            let name = args.get(1).map(|name| name.to_string_lossy().into_owned());
            Face::Summons { name: name.unwrap_or_default() }
        }
        "--errand" => Face::Errand,
        "--plan" => Face::Plan(args.split_off(1)),
        "--check" => Face::Check(args.split_off(1)),
        "--prepare" => Face::Prepare(args.split_off(1)),
        _ if asked(&args, "version") => Face::Version,
        _ if asked(&args, "help") => Face::Help,
        _ => match remote::order(&args) {
            Some(order) => Face::Tell(order),
            None => Face::Serve(args),
        },
    }
}

/// Whether an option that only prints is among the arguments, in any of its spellings.
fn asked(args: &[OsString], name: &str) -> bool {
    args.iter().filter_map(|one| one.to_str()).any(|text| {
        let row = match text.strip_prefix("--") {
            Some(long) => option::find(long),
            None => match text.as_bytes() {
                [b'-', letter] => option::find_short(char::from(*letter)),
                _ => None,
            },
        };
        row.is_some_and(|row| row.name == name)
    })
}

/// The configuration files that the environment and a command line name, as the reader finds
/// them: whose they are decides who reads.
pub fn files(args: &[OsString]) -> Vec<PathBuf> {
    config::files(&std::env::vars_os().collect::<Vec<_>>(), args)
}

/// The name shown in logs and titles: that of the first file, else uWSGI's own.
pub fn name(args: &[OsString]) -> String {
    files(args)
        .first()
        .and_then(|file| file.file_name())
        .map_or_else(|| "uwsgi".to_owned(), |name| name.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(text: &str) -> Vec<OsString> {
        text.split_whitespace().map(OsString::from).collect()
    }

    #[test]
    fn the_first_argument_chooses_our_faces_and_all_else_is_uwsgis() {
        assert_eq!(face(args("--summons a.ini")), Face::Summons { name: "a.ini".into() });
        assert_eq!(face(args("--plan a.ini")), Face::Plan(args("a.ini")));
        assert_eq!(face(args("--check a.ini")), Face::Check(args("a.ini")));
        assert_eq!(face(args("--prepare -p 2")), Face::Prepare(args("-p 2")));
        assert_eq!(face(args("--http :1 --plan x")), Face::Serve(args("--http :1 --plan x")));
        assert_eq!(face(args("--http :1 --version")), Face::Version);
        assert_eq!(face(args("-h")), Face::Help);
        assert_eq!(face(args("--usage")), Face::Help);
        assert_eq!(face(Vec::new()), Face::Serve(Vec::new()));
    }

    #[test]
    fn the_name_is_that_of_the_first_file() {
        assert_eq!(name(&args("--http :80")), "uwsgi");
        assert_eq!(name(&args("--ini /etc/x/app.ini")), "app.ini");
        assert_eq!(name(&args("--touch-reload x.ini --yaml=app.conf")), "app.conf");
    }
}
