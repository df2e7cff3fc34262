//! Plugin names: everything that is provided is built in, so a name only has to be known.

/// Names of plugins whose work this server does by itself.
const PROVIDED: &[&str] =
    &["http", "corerouter", "logfile", "ping", "signal", "rpc", "router_http", "symcall"];

/// Whether a plugin's work is built in.
pub(super) fn provided(name: &str) -> bool {
    PROVIDED.contains(&name) || is_python(name)
}

/// `python`, `python3`, `python311`, `python36u` ...
fn is_python(name: &str) -> bool {
    name.strip_prefix("python")
        .is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit() || ".um".contains(c)))
}

/// The languages that real files ask for and that are not provided.
pub(super) fn other_language(name: &str) -> bool {
    const OTHERS: &[&str] = &[
        "cgi", "php", "psgi", "perl", "rack", "ruby", "lua", "luajit", "mono", "jvm", "jwsgi",
        "gccgo", "v8", "pypy", "ring", "coroae", "fiber", "xslt", "webdav",
    ];
    OTHERS.iter().any(|other| {
        name.strip_prefix(other)
            .is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit() || c == '.'))
    })
}

/// The names of a `plugins` value, without paths, modifiers and endings.
pub(super) fn names(value: &str) -> impl Iterator<Item = &str> {
    value.split(',').map(str::trim).filter(|name| !name.is_empty()).map(|name| {
        let name = name.rsplit('/').next().unwrap_or(name);
        let name = name.rsplit(':').next().unwrap_or(name);
        let name = name.strip_suffix(".so").unwrap_or(name);
        name.strip_suffix("_plugin").unwrap_or(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_names_are_provided() {
        for name in ["python", "python3", "python27", "python311", "python36u", "http"] {
            assert!(provided(name), "{name}");
        }
        assert!(!provided("php"));
        assert!(other_language("php") && other_language("rack27") && !other_language("gevent"));
    }

    #[test]
    fn values_are_lists_of_names() {
        let got: Vec<_> = names("0:python3, /usr/lib/uwsgi/http_plugin.so,,logfile").collect();
        assert_eq!(got, ["python3", "http", "logfile"]);
    }
}
