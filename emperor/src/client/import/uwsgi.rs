//! uWSGI's own command line as the lines of a file.

use shared::option::{self, Kind};

use super::site::{Origins, Place, Site};

/// Options that name further files.
const FILES: [&str; 7] = ["ini", "include", "inherit", "config", "yaml", "json", "xml"];

/// Adds the words behind the program's name to a site.
///
/// Files count from the directory of the start there, from that of the file here.
pub(super) fn command(site: &mut Site, words: &[String], place: &Place, directory: Option<&str>) {
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        let from = |text: &str| Origins::new(place.clone(), word, text);
        let (row, joined) = if let Some(long) = word.strip_prefix("--") {
            let (name, value) = long.split_once('=').map_or((long, None), |(n, v)| (n, Some(v)));
            (option::find(name), value)
        } else if let Some(letters) = word.strip_prefix('-') {
            let mut letters = letters.chars();
            let row = letters.next().and_then(option::find_short);
            (row, Some(letters.as_str()).filter(|value| !value.is_empty()))
        } else {
            if let Some(option) = option_of(word) {
                site.note("what that file says counts too");
                file(site, &from(word), option, &joined_to(directory, word));
            } else {
                site.leave(from(word).left("a word that is no option and no file"));
            }
            continue;
        };
        let Some(row) = row else {
            site.leave(from(word).left("no option of uWSGI"));
            continue;
        };
        let value = match (row.kind, joined) {
            (_, Some(value)) => value.to_owned(),
            (Kind::Flag, None) => "true".to_owned(),
            (_, None) if row.optional => String::new(),
            (_, None) => {
                let Some(value) = rest.next() else {
                    site.leave(from(word).left("its value is missing"));
                    continue;
                };
                value.clone()
            }
        };
        let from = from(&format!("{word} {value}"));
        if FILES.contains(&row.name) {
            file(site, &from, row.name, &joined_to(directory, &value));
            continue;
        }
        site.set(&from, row.name, value);
    }
}

/// Another file of uWSGI's; the sockets are probably there.
fn file(site: &mut Site, from: &Origins, option: &str, path: &str) {
    if site.set(from, option, path) {
        site.socket = true;
    }
}

/// The option that names a file of this kind.
fn option_of(path: &str) -> Option<&'static str> {
    let path = path.split(':').next().unwrap_or(path);
    match path.rsplit_once('.')?.1 {
        "ini" => Some("ini"),
        "xml" => Some("xml"),
        "yml" | "yaml" => Some("yaml"),
        "js" | "json" => Some("json"),
        _ => None,
    }
}

fn joined_to(directory: Option<&str>, path: &str) -> String {
    match directory {
        Some(directory) if !path.starts_with(['/', ':']) => format!("{directory}/{path}"),
        Some(_) | None => path.to_owned(),
    }
}
