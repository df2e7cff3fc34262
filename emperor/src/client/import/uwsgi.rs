//! uWSGI's own command line as the lines of a file.

use shared::option::{self, Kind};

use super::site::{Origins, Place, Site};

/// Options that act while a file is read: nothing in their values is expanded, so nothing in
/// them can be escaped either.
const RAW: [&str; 5] = ["ini", "include", "inherit", "config", "set"];

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
            let file = ["ini", "xml", "yml", "yaml", "json"];
            if extension(word).is_some_and(|one| file.contains(&one)) {
                site.note("what that file says counts too");
                raw(site, &from(word), "ini", &joined_to(directory, word));
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
        if RAW.contains(&row.name) {
            let value = if row.name == "set" { value } else { joined_to(directory, &value) };
            raw(site, &from, row.name, &value);
            continue;
        }
        site.set(&from, row.name, value);
    }
}

fn raw(site: &mut Site, from: &Origins, option: &str, value: &str) {
    if value.contains(['%', '$', '@']) {
        site.leave(from.left(format!("{option}: signs that cannot be escaped in its value")));
    } else if option == "ini" && extension(value) != Some("ini") {
        site.leave(from.left("only ini files are read yet"));
    } else {
        site.set(from, option, value);
        site.socket = true;
    }
}

/// The extension of a file, before a section behind a colon.
fn extension(path: &str) -> Option<&str> {
    let path = path.split(':').next().unwrap_or(path);
    path.rsplit_once('.').map(|(_, extension)| extension)
}

fn joined_to(directory: Option<&str>, path: &str) -> String {
    match directory {
        Some(directory) if !path.starts_with(['/', ':']) => format!("{directory}/{path}"),
        Some(_) | None => path.to_owned(),
    }
}
