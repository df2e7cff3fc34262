//! NGINX Unit: each Python application (each target of it) becomes a site.
//!
//! The configuration is one JSON document, comments allowed; a place is a JSON pointer.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use super::site::{Origins, Place, Site};
use super::{ImportError, Imported};

mod application;
mod route;

type Object = Map<String, Json>;

/// Where a value stands.
#[derive(Clone, Debug)]
struct At(String);

impl At {
    fn child(&self, name: &str) -> Self {
        let name = name.replace('~', "~0").replace('/', "~1");
        Self(format!("{}/{name}", self.0))
    }

    fn origins(&self, value: &Json) -> Origins {
        let name = self.0.rsplit('/').next().unwrap_or_default();
        Origins::new(Place::Pointer(self.0.clone()), name, &format!("\"{name}\": {value}"))
    }
}

/// Imports a document.
pub(super) fn import(text: &str) -> Result<Imported, ImportError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let json: Json = serde_json::from_str(&uncommented(text))
        .map_err(|error| ImportError::Json(error.to_string()))?;
    let root = At(String::new());
    // the answer of the control API for everything has the configuration inside
    let (root, config) = match json.get("config") {
        Some(config) => (root.child("config"), config),
        None => (root, &json),
    };
    let Some(config) = config.as_object() else {
        return Err(ImportError::Shape("the document".into(), "an object was expected"));
    };
    let Some(applications) = config.get("applications").and_then(Json::as_object) else {
        return Err(ImportError::Nothing("no applications in it"));
    };
    let mut rest = Vec::new();
    let mut sites: BTreeMap<String, Site> = BTreeMap::new();
    let above = root.child("applications");
    for (name, value) in applications {
        application::read(name, value, &above.child(name), &mut sites, &mut rest);
    }
    route::listeners(config, &root, &mut sites, &mut rest);
    for (key, value) in config {
        let from = root.child(key).origins(value);
        match key.as_str() {
            "applications" | "listeners" | "routes" => {}
            "settings" => settings(value, &root.child(key), &mut sites, &mut rest),
            "access_log" => access_log(value, &from, &mut sites),
            "upstreams" => rest.push(from.left("requests are not passed on to other servers yet")),
            _ => rest.push(from.left("it has no counterpart here")),
        }
    }
    if !config.contains_key("access_log") {
        for site in sites.values_mut() {
            site.note("Unit writes no line for a request unless access_log is set");
            site.base("disable-logging", "true");
        }
    }
    sites.values_mut().for_each(Site::complete);
    Ok(Imported::of(sites.into_values().collect(), rest))
}

fn access_log(value: &Json, from: &Origins, sites: &mut BTreeMap<String, Site>) {
    let path = value.as_str().or_else(|| value.get("path")?.as_str());
    for site in sites.values_mut() {
        match path {
            Some(path) => _ = site.set(from, "req-logger", format!("file:{path}")),
            None => site.leave(from.left("a path was expected")),
        }
    }
}

/// `settings.http`, which counts for all applications.
fn settings(
    value: &Json,
    at: &At,
    sites: &mut BTreeMap<String, Site>,
    rest: &mut Vec<super::Left>,
) {
    let Some(object) = value.as_object() else { return };
    for (key, value) in object {
        let at = at.child(key);
        let Some(http) = value.as_object().filter(|_| key == "http") else {
            rest.push(at.origins(value).left("it concerns how Unit itself works"));
            continue;
        };
        for (key, value) in http {
            let from = at.child(key).origins(value);
            let option = match key.as_str() {
                "max_body_size" => "limit-post",
                "body_read_timeout" => "socket-timeout",
                "idle_timeout" => "http-keepalive",
                _ => {
                    rest.push(from.left("it has no counterpart here"));
                    continue;
                }
            };
            for site in sites.values_mut() {
                site.set(&from, option, plain(value));
            }
        }
    }
}

/// A scalar as text.
fn plain(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The text with its comments blanked out; what stands in strings stays.
fn uncommented(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    let mut quoted = false;
    while let Some(letter) = rest.next() {
        match letter {
            '\\' if quoted => {
                out.push(letter);
                out.extend(rest.next());
            }
            '"' => {
                quoted = !quoted;
                out.push(letter);
            }
            '/' if !quoted && rest.peek() == Some(&'/') => {
                while rest.peek().is_some_and(|c| *c != '\n') {
                    rest.next();
                }
            }
            '/' if !quoted && rest.peek() == Some(&'*') => {
                rest.next();
                let mut before = ' ';
                for letter in rest.by_ref() {
                    if before == '*' && letter == '/' {
                        break;
                    }
                    if letter == '\n' {
                        out.push(letter);
                    }
                    before = letter;
                }
                out.push(' ');
            }
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_blanked_and_strings_stay() {
        let text = "{ // a\n\"u\": \"http://x/*y\\\"//\", /* b\n */ \"c\": 1 }";
        assert_eq!(uncommented(text), "{ \n\"u\": \"http://x/*y\\\"//\", \n  \"c\": 1 }");
    }

    #[test]
    fn pointers_are_escaped() {
        assert_eq!(At(String::new()).child("a/b~").child("c").0, "/a~1b~0/c");
    }
}
