//! waitress: a few flags and the application.

use super::site::{Origins, Place, Site};

/// Adds the words behind the program's name to a site.
pub(super) fn command(site: &mut Site, words: &[String], place: &Place) {
    let (mut host, mut port) = ("0.0.0.0".to_owned(), "8080".to_owned());
    let (mut listens, mut call, mut application) = (Vec::new(), false, None);
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        let Some(flag) = word.strip_prefix("--") else {
            application = Some(word.clone());
            continue;
        };
        if flag == "call" {
            call = true;
            continue;
        }
        let (name, joined) = flag.split_once('=').map_or((flag, None), |(n, v)| (n, Some(v)));
        let switch = matches!(
            name.strip_prefix("no-").unwrap_or(name),
            "ipv4"
                | "ipv6"
                | "log-socket-errors"
                | "expose-tracebacks"
                | "asyncore-use-poll"
                | "help"
        );
        let value = match joined {
            Some(value) => value.to_owned(),
            None if switch => String::new(),
            None => rest.next().cloned().unwrap_or_default(),
        };
        let from = Origins::new(place.clone(), word, &format!("--{name} {value}"));
        match name {
            "host" => host = value,
            "port" => port = value,
            "listen" => listens.push((from, value)),
            "unix-socket" => _ = site.set(&from, "http-socket", value),
            "unix-socket-perms" => _ = site.set(&from, "chmod-socket", value),
            "threads" => _ = site.set(&from, "threads", value),
            "backlog" => _ = site.set(&from, "listen", value),
            "max-request-body-size" => _ = site.set(&from, "limit-post", value),
            "expose-tracebacks" => _ = site.set(&from, "catch-exceptions", "true"),
            _ => site.leave(from.left("it has no counterpart here")),
        }
    }
    site.base("master", "true");
    if !words.iter().any(|word| word.starts_with("--threads")) {
        site.note("the default of waitress");
        site.base("threads", "4");
    }
    for (from, address) in listens {
        site.set(&from, "http-socket", address);
    }
    if !site.socket {
        let from = Origins::new(place.clone(), "--listen", &format!("{host}:{port}"));
        site.set(&from, "http-socket", format!("{host}:{port}"));
    }
    match application {
        Some(name) => {
            let from = Origins::new(place.clone(), "application", &name);
            let (module, callable) = name.split_once(':').unwrap_or((&name, ""));
            let end = if call { "()" } else { "" };
            site.module(&from, module, &format!("{callable}{end}"));
        }
        None => site.note("no application is named"),
    }
}
