//! The words behind `--check`.

use std::ffi::OsString;
use std::path::PathBuf;

use shared::summons::{Policy, Template};

/// How the findings are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Human,
    Json,
    Sarif,
}

/// What is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) format: Format,
    /// Warnings end in the exit code of errors.
    pub(super) strict: bool,
    /// Files, directories, `-`.
    pub(super) names: Vec<PathBuf>,
    /// The name that standard input goes by.
    pub(super) stdin: Option<PathBuf>,
    /// Standard input has the list of an Emperor's files.
    pub(super) listed: bool,
    /// What an Emperor does to the files of its directories.
    pub(super) emperor: Emperor,
}

/// An Emperor's part in a vassal's configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Emperor {
    pub(super) sets: Vec<String>,
    pub(super) before: Vec<Template>,
    pub(super) after: Vec<Template>,
    pub(super) policy: Policy,
    pub(super) extensions: Vec<String>,
}

/// Reads the words; the error says what to write instead.
pub(super) fn parse(args: &[OsString]) -> Result<Wanted, String> {
    let mut wanted = Wanted {
        format: Format::Human,
        strict: false,
        names: Vec::new(),
        stdin: None,
        listed: false,
        emperor: Emperor::default(),
    };
    let mut rest = args.iter();
    let mut options = true;
    while let Some(word) = rest.next() {
        let text = word.to_string_lossy();
        let (name, joined) = match text.split_once('=') {
            Some((name, value)) if name.starts_with("--") => (name, Some(OsString::from(value))),
            Some(_) | None => (text.as_ref(), None),
        };
        if !options || name == "-" || !name.starts_with('-') {
            wanted.names.push(word.into());
            continue;
        }
        let mut value = || {
            joined
                .clone()
                .or_else(|| rest.next().cloned())
                .ok_or_else(|| format!("{name} wants a value"))
        };
        let emperor = &mut wanted.emperor;
        match name {
            "--" => options = false,
            "--format" | "--output" | "-o" => wanted.format = format(&value()?.to_string_lossy())?,
            "--strict-warnings" => wanted.strict = true,
            "--listed" => wanted.listed = true,
            "--as" => wanted.stdin = Some(value()?.into()),
            "--vassal-set" => emperor.sets.push(value()?.to_string_lossy().into_owned()),
            "--before" => emperor.before.push(Template::Include(value()?.into())),
            "--after" => emperor.after.push(Template::Include(value()?.into())),
            "--before-inherit" => emperor.before.push(Template::Inherit(value()?.into())),
            "--after-inherit" => emperor.after.push(Template::Inherit(value()?.into())),
            "--extra-extension" => {
                emperor.extensions.push(value()?.to_string_lossy().into_owned());
            }
            "--tyrant" => emperor.policy.tyrant = true,
            "--refuse-root" => emperor.policy.refuse_root = true,
            other => return Err(format!("unknown option {other}")),
        }
    }
    if wanted.names.is_empty() && !wanted.listed {
        return Err("expected files, directories or - for standard input".into());
    }
    Ok(wanted)
}

fn format(text: &str) -> Result<Format, String> {
    match text {
        "human" | "table" => Ok(Format::Human),
        "json" => Ok(Format::Json),
        "sarif" => Ok(Format::Sarif),
        other => Err(format!("--format: expected human, json or sarif, found {other:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Wanted, String> {
        parse(&line.split_whitespace().map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn files_and_options_in_any_order() {
        let wanted = read("a.ini --format=json -o sarif b --strict-warnings -- -c.ini").unwrap();
        assert_eq!(wanted.names, ["a.ini", "b", "-c.ini"].map(PathBuf::from));
        assert_eq!((wanted.format, wanted.strict), (Format::Sarif, true));
        let wanted =
            read("--vassal-set a=b --before x --after=y --tyrant --refuse-root - ").unwrap();
        assert_eq!(wanted.emperor.sets, ["a=b"]);
        assert!(wanted.emperor.policy.tyrant && wanted.emperor.policy.refuse_root);
        assert_eq!((wanted.names, wanted.strict), (vec![PathBuf::from("-")], false));
    }

    #[test]
    fn mistakes_say_what_was_expected() {
        for (line, part) in [
            ("", "expected files"),
            ("--format xml a", "human, json or sarif"),
            ("a --format", "wants a value"),
            ("--fast a", "--fast"),
        ] {
            let error = read(line).unwrap_err();
            assert!(error.contains(part), "{line}: {error}");
        }
    }
}
