//! gunicorn's command line: which flag is which setting, and whether it takes a value.

use super::super::site::{Left, Origins, Place};
use super::Settings;
use super::literal::Literal;

/// What a flag says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Takes {
    /// A value.
    One,
    /// A value; each one counts.
    Many,
    /// Nothing: it switches on.
    On,
    /// Nothing: it switches off.
    Off,
}

/// Flags that are not called as their setting, or take no value, or have a letter.
const FLAGS: &[(&str, &str, Takes)] = &[
    ("-c", "config", Takes::One),
    ("--config", "config", Takes::One),
    ("-b", "bind", Takes::Many),
    ("--bind", "bind", Takes::Many),
    ("-w", "workers", Takes::One),
    ("-k", "worker_class", Takes::One),
    ("-t", "timeout", Takes::One),
    ("--keep-alive", "keepalive", Takes::One),
    ("--limit-request-field_size", "limit_request_field_size", Takes::One),
    ("--reload", "reload", Takes::On),
    ("--reload-extra-file", "reload_extra_files", Takes::Many),
    ("--spew", "spew", Takes::On),
    ("--check-config", "check_config", Takes::On),
    ("--print-config", "print_config", Takes::On),
    ("--preload", "preload_app", Takes::On),
    ("--no-sendfile", "sendfile", Takes::Off),
    ("--reuse-port", "reuse_port", Takes::On),
    ("-D", "daemon", Takes::On),
    ("--daemon", "daemon", Takes::On),
    ("-e", "raw_env", Takes::Many),
    ("--env", "raw_env", Takes::Many),
    ("-p", "pidfile", Takes::One),
    ("--pid", "pidfile", Takes::One),
    ("-u", "user", Takes::One),
    ("-g", "group", Takes::One),
    ("-m", "umask", Takes::One),
    ("--initgroups", "initgroups", Takes::On),
    ("--access-logfile", "accesslog", Takes::One),
    ("--access-logformat", "access_log_format", Takes::One),
    ("--error-logfile", "errorlog", Takes::One),
    ("--log-file", "errorlog", Takes::One),
    ("--log-level", "loglevel", Takes::One),
    ("--capture-output", "capture_output", Takes::On),
    ("--log-config", "logconfig", Takes::One),
    ("--log-config-json", "logconfig_json", Takes::One),
    ("--log-syslog", "syslog", Takes::On),
    ("--log-syslog-to", "syslog_addr", Takes::One),
    ("--log-syslog-prefix", "syslog_prefix", Takes::One),
    ("--log-syslog-facility", "syslog_facility", Takes::One),
    ("--disable-redirect-access-to-syslog", "disable_redirect_access_to_syslog", Takes::On),
    ("-R", "enable_stdio_inheritance", Takes::On),
    ("--enable-stdio-inheritance", "enable_stdio_inheritance", Takes::On),
    ("--enable-backlog-metric", "enable_backlog_metric", Takes::On),
    ("-n", "proc_name", Takes::One),
    ("--name", "proc_name", Takes::One),
    ("--paste", "paste", Takes::One),
    ("--paster", "paste", Takes::One),
    ("--paste-global", "raw_paste_global_conf", Takes::Many),
    ("--proxy-protocol", "proxy_protocol", Takes::On),
    ("--proxy-allow-from", "proxy_allow_ips", Takes::One),
    ("--uwsgi-allow-from", "uwsgi_allow_ips", Takes::One),
    ("--suppress-ragged-eofs", "suppress_ragged_eofs", Takes::On),
    ("--do-handshake-on-connect", "do_handshake_on_connect", Takes::On),
    ("--permit-obsolete-folding", "permit_obsolete_folding", Takes::On),
    ("--strip-header-spaces", "strip_header_spaces", Takes::On),
    ("--permit-unconventional-http-method", "permit_unconventional_http_method", Takes::On),
    ("--permit-unconventional-http-version", "permit_unconventional_http_version", Takes::On),
    ("--casefold-http-method", "casefold_http_method", Takes::On),
    ("--dirty-app", "dirty_apps", Takes::Many),
    ("--no-control-socket", "control_socket_disable", Takes::On),
];

/// Reads the words behind the program's name into the settings.
pub(super) fn read(words: &[String], place: &Place, settings: &mut Settings) -> Vec<Left> {
    let mut left = Vec::new();
    let mut lists: Vec<(&'static str, Vec<Literal>, Origins)> = Vec::new();
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        if !word.starts_with('-') || word == "-" {
            let from = Origins::new(place.clone(), "wsgi_app", word);
            if settings.application.is_some() {
                left.push(from.left("a second application: gunicorn takes it for arguments"));
            } else {
                settings.application = Some((word.clone(), from));
            }
            continue;
        }
        let Some((flag, name, takes, joined)) = known(word) else {
            // whether it takes a value is not known: the next word could be the application
            left.push(Origins::new(place.clone(), word, word).left("no flag of gunicorn"));
            continue;
        };
        let value = match takes {
            Takes::On => Literal::Bool(true),
            Takes::Off => Literal::Bool(false),
            Takes::One | Takes::Many => {
                let Some(value) = joined.map(str::to_owned).or_else(|| rest.next().cloned()) else {
                    left.push(Origins::new(place.clone(), flag, word).left("its value is missing"));
                    continue;
                };
                Literal::text(&value)
            }
        };
        let shown = match &value {
            Literal::Text(value) => format!("{flag} {}", value.plain().unwrap_or_default()),
            _ => flag.to_owned(),
        };
        let from = Origins::new(place.clone(), flag, &shown);
        if takes != Takes::Many {
            settings.set(name, value, from);
        } else if let Some((_, list, _)) = lists.iter_mut().find(|(one, ..)| one == &name) {
            list.push(value);
        } else {
            lists.push((name, vec![value], from));
        }
    }
    for (name, list, from) in lists {
        settings.set(name, Literal::List(list), from);
    }
    left
}

/// The flag that a word is: as written, its setting, and a value that is joined to it.
fn known(word: &str) -> Option<(&str, &'static str, Takes, Option<&str>)> {
    let (flag, joined) = match word.split_once('=') {
        Some((flag, value)) if flag.starts_with("--") => (flag, Some(value)),
        Some(_) | None => (word, None),
    };
    if let Some((_, name, takes)) = FLAGS.iter().find(|(one, ..)| *one == flag) {
        return Some((flag, name, *takes, joined));
    }
    if let Some(long) = flag.strip_prefix("--") {
        let name = super::setting(&long.replace('-', "_"))?;
        return Some((flag, name, Takes::One, joined));
    }
    // -w4
    let (letter, value) = (word.get(..2)?, word.get(2..)?);
    let (_, name, takes) = FLAGS.iter().find(|(one, ..)| *one == letter)?;
    let takes_value = matches!(takes, Takes::One | Takes::Many) && !value.is_empty();
    takes_value.then_some((letter, *name, *takes, Some(value.strip_prefix('=').unwrap_or(value))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_settings() {
        let words = "-w4 --bind=:1 -b :2 --keep-alive 5 --preload --reload-engine poll x:app -t 9";
        let words: Vec<String> = words.split(' ').map(str::to_owned).collect();
        let mut settings = Settings::default();
        assert_eq!(read(&words, &Place::Command, &mut settings), []);
        assert_eq!(settings.application.as_ref().unwrap().0, "x:app");
        for (name, value) in [
            ("workers", Literal::text("4")),
            ("bind", Literal::List(vec![Literal::text(":1"), Literal::text(":2")])),
            ("keepalive", Literal::text("5")),
            ("preload_app", Literal::Bool(true)),
            ("timeout", Literal::text("9")),
        ] {
            assert_eq!(settings.take(name).map(|(found, _)| found), Some(value), "{name}");
        }
        let left = read(&["--wrong".into(), "-b".into()], &Place::Command, &mut settings);
        assert_eq!(left.len(), 2);
    }
}
