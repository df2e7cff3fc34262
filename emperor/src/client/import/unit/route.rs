//! Listeners of Unit, and the routes between them and the applications.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::super::site::{Left, Origins, Site};
use super::{At, Object};

/// The most steps of routes that are looked at, and the most routes that pass to each other.
const STEPS_MAX: usize = 10_000;
const ROUTES_MAX: usize = 64;

/// Gives each listener to the application behind it.
pub(super) fn listeners(
    config: &Object,
    root: &At,
    sites: &mut BTreeMap<String, Site>,
    rest: &mut Vec<Left>,
) {
    let Some(listeners) = config.get("listeners").and_then(Json::as_object) else { return };
    let above = root.child("listeners");
    let mut steps = 0;
    let mut given = BTreeSet::new();
    for (address, value) in listeners {
        let at = above.child(address);
        let pass = value.get("pass").and_then(Json::as_str).unwrap_or_default();
        let mut walk = Walk {
            config,
            root,
            found: Vec::new(),
            shares: Vec::new(),
            met: BTreeSet::new(),
            left: Vec::new(),
            steps,
        };
        walk.pass(pass, &at.child("pass"), false);
        steps = walk.steps;
        let Walk { found, shares, left, .. } = walk;
        for one in left {
            // several listeners may lead through the same route
            if !rest.contains(&one) {
                rest.push(one);
            }
        }
        let mut here: Vec<Found> =
            found.into_iter().filter(|one| sites.contains_key(&one.key)).collect();
        // whoever gets all other requests gets the address
        here.sort_by_key(|one| one.conditional);
        let here: Vec<String> = here.into_iter().map(|one| one.key).collect();
        let Some((first, others)) = here.split_first() else {
            rest.push(at.origins(value).left("no application behind it that is served here"));
            continue;
        };
        let site = sites.get_mut(first).expect("the key was found there");
        open(site, address, value, &at);
        for key in others {
            let other = sites.get_mut(key).expect("the key was found there");
            other.leave(at.origins(value).left(format!(
                "the address is given to {first}: a proxy in front has to divide the requests"
            )));
        }
        for key in &here {
            let site = sites.get_mut(key).expect("the key was found there");
            for share in &shares {
                if !given.insert((key.clone(), share.option, share.value.clone())) {
                    continue;
                }
                site.set(&share.from, share.option, share.value.clone());
            }
        }
        for (key, value) in value.as_object().into_iter().flatten() {
            if !matches!(key.as_str(), "pass" | "tls") {
                rest.push(at.child(key).origins(value).left("it has no counterpart here"));
            }
        }
    }
}

fn open(site: &mut Site, address: &str, value: &Json, at: &At) {
    let from = at.origins(value);
    let written = match address.strip_prefix("unix:") {
        Some(path) => path.to_owned(),
        None => address.strip_prefix('*').unwrap_or(address).to_owned(),
    };
    if let Some(tls) = value.get("tls") {
        site.leave(at.child("tls").origins(tls).left(
            "TLS is not built yet: let the proxy in front speak it. Until then the address is \
             only open to this machine",
        ));
        let port = written.rsplit(':').next().unwrap_or_default().to_owned();
        site.set(&from, "http-socket", format!("127.0.0.1:{port}"));
        return;
    }
    site.set(&from, "http-socket", written);
    if address.starts_with("unix:") {
        site.base("vacuum", "true");
    }
}

/// An application behind a listener.
struct Found {
    key: String,
    /// Only some requests get there.
    conditional: bool,
}

/// Files that a route serves.
struct Share {
    from: Origins,
    option: &'static str,
    value: String,
}

/// The way from a listener to its applications.
struct Walk<'a> {
    config: &'a Object,
    root: &'a At,
    found: Vec<Found>,
    shares: Vec<Share>,
    /// Routes that were gone through: they may pass to each other.
    met: BTreeSet<String>,
    left: Vec<Left>,
    steps: usize,
}

impl<'a> Walk<'a> {
    fn pass(&mut self, target: &str, at: &At, conditional: bool) {
        let config: &'a Object = self.config;
        let (kind, name) = target.split_once('/').unwrap_or((target, ""));
        match kind {
            "applications" if !name.contains('$') => {
                match self.found.iter_mut().find(|one| one.key == name) {
                    Some(one) => one.conditional &= conditional,
                    None => self.found.push(Found { key: name.to_owned(), conditional }),
                }
            }
            "routes" if !name.contains('$') => {
                if !self.met.insert(name.to_owned()) {
                    return;
                }
                if self.met.len() > ROUTES_MAX {
                    let from = at.origins(&Json::from(target));
                    self.left.push(from.left("too many routes on the way"));
                    return;
                }
                let place = self.root.child("routes");
                let (steps, place) = match (config.get("routes"), name) {
                    (Some(Json::Object(named)), name) => (named.get(name), place.child(name)),
                    (all, _) => (all, place),
                };
                for (index, step) in
                    steps.and_then(Json::as_array).into_iter().flatten().enumerate()
                {
                    self.step(step, &place.child(&index.to_string()), conditional);
                }
            }
            _ => {
                let from = at.origins(&Json::from(target));
                self.left.push(from.left("requests are not passed on to this"));
            }
        }
    }

    fn step(&mut self, step: &Json, at: &At, conditional: bool) {
        self.steps += 1;
        if self.steps > STEPS_MAX {
            if self.steps == STEPS_MAX + 1 {
                self.left.push(at.origins(step).left("too many steps of routes: the rest too"));
            }
            return;
        }
        let Some(action) = step.get("action") else { return };
        let condition =
            step.get("match").filter(|one| one.as_object().is_none_or(|o| !o.is_empty()));
        let place = at.child("action");
        if let Some(target) = action.get("pass").and_then(Json::as_str) {
            if let Some(condition) = condition {
                let from = at.child("match").origins(condition);
                self.left.push(from.left(
                    "conditions of routes are not built yet: what reaches the socket reaches the \
                     application",
                ));
            }
            self.pass(target, &place.child("pass"), conditional || condition.is_some());
        } else if let Some(share) = action.get("share") {
            self.share(share, condition, action, &place);
            if let Some(target) = action.get("fallback").and_then(|one| one.get("pass")) {
                let target = target.as_str().unwrap_or_default();
                let at = place.child("fallback").child("pass");
                self.pass(target, &at, conditional || condition.is_some());
            }
        } else {
            self.left.push(place.origins(action).left("such an action is not built yet"));
        }
        for (key, value) in action.as_object().into_iter().flatten() {
            if !matches!(
                key.as_str(),
                "pass" | "share" | "fallback" | "return" | "proxy" | "location"
            ) {
                self.left.push(place.child(key).origins(value).left("it is not built yet"));
            }
        }
    }

    /// Files for some paths, or whatever exists before the application is asked.
    fn share(&mut self, share: &Json, condition: Option<&Json>, action: &Json, at: &At) {
        let root = match share {
            Json::String(one) => Some(one.as_str()),
            Json::Array(list) if list.len() == 1 => list[0].as_str(),
            _ => None,
        };
        let root = root.map(|one| one.strip_suffix("$uri").unwrap_or(one)).map(|one| {
            let bare = one.trim_end_matches('/');
            if bare.is_empty() { "/" } else { bare }
        });
        let from = at.origins(action);
        let Some(root) = root.filter(|root| !root.contains('$')) else {
            self.left.push(from.left("only one directory can be shared"));
            return;
        };
        match condition {
            None => {
                self.shares.push(Share { from, option: "check-static", value: root.to_owned() });
            }
            Some(condition) => match prefixes(condition) {
                Some(list) => {
                    for prefix in list {
                        self.shares.push(Share {
                            from: from.clone(),
                            option: "static-map",
                            value: format!("{prefix}={}{prefix}", root.trim_end_matches('/')),
                        });
                    }
                }
                None => self.left.push(from.left("files are only shared below plain prefixes")),
            },
        }
    }
}

/// `{"uri": "/static/*"}`, or a list of such.
fn prefixes(condition: &Json) -> Option<Vec<String>> {
    let object = condition.as_object().filter(|object| object.len() == 1)?;
    let one = |value: &Json| {
        let prefix = value.as_str()?.strip_suffix("/*")?;
        let plain = prefix.starts_with('/') && !prefix.contains(['*', '!', '~', '=']);
        plain.then(|| prefix.to_owned())
    };
    match object.get("uri")? {
        Json::Array(list) => list.iter().map(one).collect(),
        value => Some(vec![one(value)?]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_prefixes_are_files() {
        let read = |text: &str| prefixes(&serde_json::from_str(text).unwrap());
        assert_eq!(read(r#"{"uri": "/static/*"}"#), Some(vec!["/static".into()]));
        assert_eq!(read(r#"{"uri": ["/a/*", "/b/*"]}"#).map(|list| list.len()), Some(2));
        for text in [r#"{"uri": "!/a/*"}"#, r#"{"uri": "~^/a"}"#, r#"{"uri": "/a/*", "host": "x"}"#]
        {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
