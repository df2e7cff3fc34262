//! Options that act while they are read, on values that are not expanded.

use std::path::Path;

use crate::finding::Origin;
use crate::option;

use super::loader::{Entry, How, Loader, Part};
use super::scheme::{self, SchemeError};

/// The most options that one use of a declared option may come to.
const PARTS_MAX: usize = 256;
/// The most options that may be declared: each name that is no option is compared with them.
const CUSTOMS_MAX: usize = 256;
/// The most files of an `envdir`.
const VARIABLES_MAX: usize = 1024;

/// An option made by `declare-option`: `name=option=$1;option=...`.
#[derive(Clone, Debug)]
pub(super) struct Custom {
    name: String,
    template: String,
    /// Made by `declare-option2`: it acts with all others, on expanded values.
    late: bool,
    /// The tenant made it, for the tenant's own lines.
    tenant: bool,
}

/// Whether an option acts while it is read, so that its value is never expanded.
pub(super) fn acts(given: &str) -> bool {
    // `inherit` acts last of all, on the value as it was written
    option::find(given).is_some_and(|row| row.immediate || row.name == "inherit")
}

/// The declared option of this name that acts at once.
pub(super) fn custom(loader: &Loader<'_>, given: &str, name: &str) -> Option<Custom> {
    let own = |one: &Custom| loader.tenant || !one.tenant;
    let known = |one: &&Custom| !one.late && one.name == given && name.is_empty() && own(one);
    loader.customs.iter().find(known).cloned()
}

/// Carries out an option that acts at once and is no include, block or `set`.
pub(super) fn act(loader: &mut Loader<'_>, name: &str, given: &str, value: &str, origin: &Origin) {
    match name {
        "declare-option" => declare(loader, value, given, origin, false),
        "resolve" => resolve(loader, value, given, origin),
        "inject-before" => loader.injected.0.push(value.into()),
        "inject-after" => loader.injected.1.push(value.into()),
        "early-envdir" => {
            let found = directory(loader, value, given, origin);
            for (name, value) in &found {
                effect_of(loader, "env", &format!("{name}={value}"), origin, true);
            }
            loader.variables.extend(found);
        }
        "iprint" => loader.printed.push(value.to_owned()),
        "exit" if loader.exit.is_none() => {
            let code: String = value.trim().chars().take_while(char::is_ascii_digit).collect();
            loader.exit = Some(code.parse().unwrap_or(0));
            // nothing behind it is looked at
            loader.full = true;
        }
        _ => {}
    }
}

fn declare(loader: &mut Loader<'_>, text: &str, given: &str, origin: &Origin, late: bool) {
    let Some((name, template)) = text.split_once('=') else {
        return loader.fail(origin, given, "expected name=option=$1;option=...");
    };
    if option::find(name).is_some() {
        return loader.fail(origin, given, "this name is an option already");
    }
    if loader.customs.len() >= CUSTOMS_MAX {
        return loader.fail(origin, given, format!("more than {CUSTOMS_MAX} declared options"));
    }
    let (name, template) = (name.to_owned(), template.to_owned());
    let tenant = loader.tenant;
    loader.customs.push(Custom { name, template, late, tenant });
}

/// What a use of a declared option comes to: before everything else, as if it had acted at once.
pub(super) fn macros(loader: &mut Loader<'_>, custom: &Custom, value: &str, origin: &Origin) {
    for (name, value) in parts(custom, value) {
        effect_of(loader, &name, &value, origin, true);
    }
}

/// The options of a template, `$1` ... `$9` replaced by the words of the value.
fn parts(custom: &Custom, value: &str) -> Vec<(String, String)> {
    let words: Vec<&str> = value.split(' ').filter(|word| !word.is_empty()).collect();
    let filled = |text: &str| {
        let mut out = String::new();
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            out.push_str(&rest[..at]);
            let digits = rest[at + 1..].bytes().take_while(u8::is_ascii_digit).count();
            let number: usize = rest[at + 1..=at + digits].parse().unwrap_or(0);
            match number.checked_sub(1).map(|index| words.get(index)) {
                // `$0` and `$x` are text
                None => out.push_str(&rest[at..=at + digits]),
                Some(word) => out.push_str(word.copied().unwrap_or_default()),
            }
            rest = &rest[at + 1 + digits..];
        }
        out.push_str(rest);
        out
    };
    let options = custom.template.split(';').filter(|part| !part.is_empty()).take(PARTS_MAX);
    options
        .map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            (name.to_owned(), filled(value))
        })
        .collect()
}

fn effect_of(loader: &mut Loader<'_>, name: &str, value: &str, origin: &Origin, early: bool) {
    if !loader.spend(name.len() + value.len(), origin) {
        return;
    }
    let primary = option::find(name).map_or("", |row| row.name);
    // what acts later was written inside the fences around the tenant's file
    let fences = match (early, loader.tenant) {
        (true, _) => loader.fences.as_slice(),
        (false, true) => &loader.bounds,
        (false, false) => &[],
    };
    if !fences.iter().all(|fence| fence.allows(name, primary)) {
        return loader.fail(origin, name, "forbidden here by a blacklist or whitelist");
    }
    // what acts late has an expanded value, and variables come from a directory of files
    let secret = !early || name == "env" || loader.elsewhere;
    let part = Part::Effect;
    let how = How { raw: true, part, secret, tenant: loader.tenant, ..How::default() };
    let (given, value, origin) = (name.to_owned(), value.to_owned(), origin.clone());
    let entry = Entry { given, value, origin, how };
    if early { loader.early.push(entry) } else { loader.entries.push(entry) }
}

fn resolve(loader: &mut Loader<'_>, text: &str, given: &str, origin: &Origin) {
    let Some((name, host)) = text.split_once('=') else {
        return loader.fail(origin, given, "expected name=host");
    };
    if option::find(name).is_some() {
        return loader.fail(origin, given, "this name is an option, not a variable");
    }
    match scheme::resolve(host, loader.world) {
        Ok(address) => {
            let how = How { raw: true, placeholder: true, ..How::default() };
            loader.push(name, &address, origin, how);
        }
        Err(SchemeError::Off) => {}
        Err(error) => loader.fail(origin, given, error.to_string()),
    }
}

/// What becomes of a finished list: `declare-option2` and `envdir` act on expanded values.
pub(super) fn late(loader: &mut Loader<'_>) {
    let acts = |entry: &Entry| match option::find(&entry.given) {
        Some(row) => matches!(row.name, "declare-option2" | "envdir"),
        None => false,
    };
    if loader.entries.iter().any(acts) {
        let entries = std::mem::take(&mut loader.entries);
        for entry in entries {
            let Entry { given, value, origin, how } = entry.clone();
            loader.entries.push(entry);
            loader.tenant = how.tenant;
            match option::find(&given).map(|row| row.name) {
                Some("declare-option2") => declare(loader, &value, &given, &origin, true),
                Some("envdir") => {
                    for (name, value) in directory(loader, &value, &given, &origin) {
                        effect_of(loader, "env", &format!("{name}={value}"), &origin, false);
                    }
                }
                Some(_) => {}
                None => {
                    let own = |one: &Custom| how.tenant || !one.tenant;
                    let known = |one: &&Custom| one.late && one.name == given && own(one);
                    if let Some(custom) = loader.customs.iter().find(known).cloned() {
                        for (name, value) in parts(&custom, &value) {
                            effect_of(loader, &name, &value, &origin, false);
                        }
                    }
                }
            }
        }
    }
    let early = std::mem::take(&mut loader.early);
    loader.entries.splice(0..0, early);
}

/// Whether a name was declared.
pub(super) fn is_declared(loader: &Loader<'_>, name: &str) -> bool {
    loader.customs.iter().any(|one| one.name == name)
}

/// A directory in the manner of daemontools: each file is a variable, its first line the value.
fn directory(
    loader: &mut Loader<'_>,
    path: &str,
    given: &str,
    origin: &Origin,
) -> Vec<(String, String)> {
    let path = loader.world.directory.join(path);
    let names = loader.room().and_then(|()| Ok(std::fs::read_dir(&path)?));
    let names = match names {
        Ok(names) => names,
        Err(error) => {
            loader.fail(origin, given, format!("{}: {error}", path.display()));
            return Vec::new();
        }
    };
    let mut files: Vec<_> = names.flatten().take(VARIABLES_MAX).map(|one| one.path()).collect();
    files.sort();
    let mut found = Vec::new();
    for file in files {
        match variable(loader, &file) {
            Ok(Some(variable)) => found.push(variable),
            Ok(None) => {}
            Err(message) => {
                loader.fail(origin, given, message);
                break;
            }
        }
    }
    found
}

fn variable(loader: &Loader<'_>, file: &Path) -> Result<Option<(String, String)>, String> {
    let name = file.file_name().unwrap_or_default();
    let Some(name) = name.to_str().filter(|name| !name.starts_with('.') && !name.contains('='))
    else {
        return Ok(None);
    };
    let proof = loader.proof();
    let source =
        loader.source(file, proof).map_err(|error| format!("{}: {error}", file.display()))?;
    let line = source.bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    match std::str::from_utf8(line) {
        Ok(value) if !value.contains('\0') => {
            Ok(Some((name.to_owned(), value.trim_end_matches([' ', '\t', '\r']).to_owned())))
        }
        Ok(_) | Err(_) => Err(format!("{}: expected a line of text", file.display())),
    }
}
