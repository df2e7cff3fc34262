//! One application of Unit.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::super::site::{Left, Origins, Site};
use super::{At, Object, plain};

/// Reads an application into one site, or one for each target.
pub(super) fn read(
    name: &str,
    value: &Json,
    at: &At,
    sites: &mut BTreeMap<String, Site>,
    rest: &mut Vec<Left>,
) {
    let Some(object) = value.as_object() else {
        rest.push(at.origins(value).left("an object was expected"));
        return;
    };
    let kind = object.get("type").and_then(Json::as_str).unwrap_or_default();
    if kind.split([' ', '.']).next() != Some("python") {
        let from = Origins { text: format!("\"type\": \"{kind}\""), ..at.origins(value) };
        rest.push(from.left("only Python applications are served yet"));
        return;
    }
    let Some(targets) = object.get("targets").and_then(Json::as_object) else {
        let mut site = new(name, kind);
        target(&mut site, object, object, at);
        common(&mut site, object, at);
        sites.insert(name.to_owned(), site);
        return;
    };
    for (key, value) in targets {
        let place = at.child("targets").child(key);
        let Some(part) = value.as_object() else {
            rest.push(place.origins(value).left("an object was expected"));
            continue;
        };
        let mut site = new(&format!("{name}-{key}"), kind);
        target(&mut site, part, object, &place);
        common(&mut site, object, at);
        sites.insert(format!("{name}/{key}"), site);
    }
}

fn new(name: &str, kind: &str) -> Site {
    let mut site = Site::new(name, "a configuration of NGINX Unit");
    if let Some((_, version)) = kind.split_once(' ') {
        site.note(format!(
            "Unit ran it with Python {version}; here home, or python3, decides which"
        ));
    }
    site.base("master", "true");
    site
}

/// What is served: the application itself, or one of its targets.
fn target(site: &mut Site, part: &Object, whole: &Object, at: &At) {
    let protocol = part.get("protocol").or_else(|| whole.get("protocol"));
    if let Some(value) = protocol.filter(|value| value.as_str() == Some("asgi")) {
        let from = at.child("protocol").origins(value);
        site.leave(from.left("an application that speaks ASGI is not served yet"));
        if let Some(module) = part.get("module") {
            let from = at.child("module").origins(module);
            site.leave(from.left("an application that speaks ASGI is not served yet"));
        }
    } else if let Some(value) = part.get("module") {
        let callable = part.get("callable").map_or_else(|| "application".to_owned(), plain);
        let factory = part.get("factory").and_then(Json::as_bool) == Some(true);
        let end = if factory { "()" } else { "" };
        let from = at.child("module").origins(value);
        site.module(&from, value.as_str().unwrap_or_default(), &format!("{callable}{end}"));
    }
    if let Some(value) = part.get("prefix") {
        site.leave(at.child("prefix").origins(value).left("prefixes (mount) are not built yet"));
    }
    if !std::ptr::eq(part, whole) {
        for (key, value) in part {
            if !matches!(key.as_str(), "module" | "callable" | "factory" | "protocol" | "prefix") {
                site.leave(at.child(key).origins(value).left("a key that is not known"));
            }
        }
    }
}

/// What all targets share.
fn common(site: &mut Site, object: &Object, at: &At) {
    for (key, value) in object {
        let at = at.child(key);
        let from = at.origins(value);
        match key.as_str() {
            "type" | "module" | "callable" | "factory" | "protocol" | "targets" | "prefix" => {}
            "home" => text(site, &at, value, "home"),
            "user" => text(site, &at, value, "uid"),
            "group" => text(site, &at, value, "gid"),
            "working_directory" => text(site, &at, value, "chdir"),
            "threads" => _ = site.set(&from, "threads", plain(value)),
            "thread_stack_size" => {
                // here in kibibytes
                match value.as_u64() {
                    Some(bytes) => {
                        _ = site.set(&from, "threads-stacksize", (bytes / 1024).to_string());
                    }
                    None => site.leave(from.left("a number was expected")),
                }
            }
            // the first one wins there, the last one here
            "path" => match value.as_array() {
                Some(list) => {
                    for (index, path) in list.iter().enumerate().rev() {
                        text(site, &at.child(&index.to_string()), path, "pythonpath");
                    }
                }
                None => text(site, &at, value, "pythonpath"),
            },
            "environment" => {
                for (name, value) in value.as_object().into_iter().flatten() {
                    let from = at.child(name).origins(value);
                    match value.as_str() {
                        Some(text) if !name.contains('=') => {
                            site.set(&from, "env", format!("{name}={text}"));
                        }
                        Some(_) | None => site.leave(from.left("a text was expected")),
                    }
                }
            }
            "processes" => processes(site, value, &at),
            "limits" => limits(site, value, &at),
            "stdout" | "stderr" => {
                if object.get("stderr").is_none_or(|err| key == "stderr" || err == value) {
                    if !(key == "stdout" && object.contains_key("stderr")) {
                        text(site, &at, value, "logto");
                    }
                } else {
                    site.leave(from.left("output and errors go to one file: logto"));
                }
            }
            "isolation" => site.leave(from.left(
                "namespaces and the like are not built yet: the vassal runs without this isolation",
            )),
            _ => site.leave(from.left("a key that is not known")),
        }
    }
}

/// An option whose value is a text.
fn text(site: &mut Site, at: &At, value: &Json, option: &str) {
    let from = at.origins(value);
    match value.as_str() {
        Some(text) => _ = site.set(&from, option, text),
        None => site.leave(from.left("a text was expected")),
    }
}

/// A number, or how far it may move.
fn processes(site: &mut Site, value: &Json, at: &At) {
    let Some(object) = value.as_object() else {
        site.set(&at.origins(value), "processes", plain(value));
        return;
    };
    for (key, value) in object {
        let from = at.child(key).origins(value);
        let option = match key.as_str() {
            "max" => "processes",
            "spare" => "cheaper",
            "idle_timeout" => "idle",
            _ => {
                site.leave(from.left("a key that is not known"));
                continue;
            }
        };
        site.set(&from, option, plain(value));
    }
}

fn limits(site: &mut Site, value: &Json, at: &At) {
    for (key, value) in value.as_object().into_iter().flatten() {
        let from = at.child(key).origins(value);
        match key.as_str() {
            "timeout" => _ = site.set(&from, "harakiri", plain(value)),
            "requests" => _ = site.set(&from, "max-requests", plain(value)),
            _ => site.leave(from.left("a key that is not known")),
        }
    }
}
