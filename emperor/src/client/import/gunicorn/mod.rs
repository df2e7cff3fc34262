//! gunicorn: a settings file in Python, a command line, or both.
//!
//! The file is read, never executed: what has a value without being executed becomes an option,
//! everything else is named with its line. The command line wins, as it does there.

use std::collections::{BTreeMap, BTreeSet};

use super::site::{Left, Origins, Place, Site};
use super::{Context, ImportError, Imported, shell};

mod bind;
mod expression;
mod flags;
mod literal;
mod map;
mod operation;
mod statements;
mod token;

use literal::Literal;
pub use token::TokenError;

const OWN: &str = "it concerns how gunicorn itself works";
const LOGGING: &str = "log lines have no levels and one format here; logto takes all output";
const PARSER: &str = "how strictly requests are read is not a choice here";
const ASGI: &str = "ASGI is not served yet";
const HTTP2: &str = "HTTP/2 is not served yet: the proxy in front speaks it";
const HEAD: &str = "a request head may take up to 64 KiB, whatever it holds";
const TLS: &str = "TLS is not built yet: let the proxy in front speak it";
const METRICS: &str = "statistics are pulled from the option stats, not pushed";
const PROXY: &str = "X-Forwarded-Proto is believed from this machine only";

/// Every setting of gunicorn; those with a text are not carried over, for that reason.
const SETTINGS: &[(&str, &str)] = &[
    ("config", "import it together with this: emperorctl import gunicorn FILE --command LINE"),
    ("wsgi_app", ""),
    ("bind", ""),
    ("backlog", ""),
    ("workers", ""),
    ("worker_class", ""),
    ("threads", ""),
    ("worker_connections", "a worker serves as many requests at a time as it has threads"),
    ("max_requests", ""),
    ("max_requests_jitter", ""),
    ("timeout", ""),
    ("graceful_timeout", ""),
    ("keepalive", ""),
    ("limit_request_line", HEAD),
    ("limit_request_fields", HEAD),
    ("limit_request_field_size", HEAD),
    ("reload", ""),
    ("reload_engine", OWN),
    ("reload_extra_files", ""),
    ("spew", OWN),
    ("check_config", OWN),
    ("print_config", OWN),
    ("preload_app", ""),
    ("sendfile", "files are sent as the application gives them"),
    ("reuse_port", ""),
    ("chdir", ""),
    ("daemon", "the Emperor supervises; nothing detaches"),
    ("raw_env", ""),
    ("pidfile", ""),
    ("worker_tmp_dir", OWN),
    ("user", ""),
    ("group", ""),
    ("umask", ""),
    ("initgroups", ""),
    ("tmp_upload_dir", OWN),
    ("secure_scheme_headers", PROXY),
    ("forwarded_allow_ips", ""),
    ("accesslog", ""),
    ("disable_redirect_access_to_syslog", LOGGING),
    ("access_log_format", ""),
    ("errorlog", ""),
    ("loglevel", LOGGING),
    ("capture_output", ""),
    ("logger_class", LOGGING),
    ("logconfig", LOGGING),
    ("logconfig_dict", LOGGING),
    ("logconfig_json", LOGGING),
    ("syslog_addr", ""),
    ("syslog", ""),
    ("syslog_prefix", LOGGING),
    ("syslog_facility", LOGGING),
    ("enable_stdio_inheritance", ""),
    ("statsd_host", METRICS),
    ("dogstatsd_tags", METRICS),
    ("statsd_prefix", METRICS),
    ("enable_backlog_metric", METRICS),
    ("proc_name", ""),
    ("default_proc_name", OWN),
    ("pythonpath", ""),
    ("paste", ""),
    ("on_starting", ""),
    ("on_reload", ""),
    ("when_ready", ""),
    ("pre_fork", ""),
    ("post_fork", ""),
    ("post_worker_init", ""),
    ("worker_int", ""),
    ("worker_abort", ""),
    ("pre_exec", ""),
    ("pre_request", ""),
    ("post_request", ""),
    ("child_exit", ""),
    ("worker_exit", ""),
    ("nworkers_changed", ""),
    ("on_exit", ""),
    ("ssl_context", TLS),
    ("proxy_protocol", ""),
    ("proxy_allow_ips", PROXY),
    ("protocol", ""),
    ("uwsgi_allow_ips", "who may connect is the firewall's or the socket's mode to say"),
    ("keyfile", ""),
    ("certfile", ""),
    ("ssl_version", TLS),
    ("cert_reqs", TLS),
    ("ca_certs", TLS),
    ("suppress_ragged_eofs", TLS),
    ("do_handshake_on_connect", TLS),
    ("ciphers", TLS),
    ("http_protocols", HTTP2),
    ("http2_cleartext", HTTP2),
    ("http2_max_concurrent_streams", HTTP2),
    ("http2_initial_window_size", HTTP2),
    ("http2_max_frame_size", HTTP2),
    ("http2_max_header_list_size", HTTP2),
    ("raw_paste_global_conf", OWN),
    ("permit_obsolete_folding", PARSER),
    ("strip_header_spaces", PARSER),
    ("permit_unconventional_http_method", PARSER),
    ("permit_unconventional_http_version", PARSER),
    ("casefold_http_method", PARSER),
    ("forwarder_headers", PROXY),
    ("header_map", "a header whose name has an underscore is dropped"),
    ("asgi_loop", ASGI),
    ("asgi_lifespan", ASGI),
    ("asgi_disconnect_grace_period", ASGI),
    ("websocket_max_message_size", ASGI),
    ("http_parser", PARSER),
    ("root_path", ASGI),
    ("dirty_apps", OWN),
    ("dirty_workers", OWN),
    ("dirty_timeout", OWN),
    ("dirty_threads", OWN),
    ("dirty_graceful_timeout", OWN),
    ("on_dirty_starting", ""),
    ("dirty_post_fork", ""),
    ("dirty_worker_init", ""),
    ("dirty_worker_exit", ""),
    ("control_socket", OWN),
    ("control_socket_mode", OWN),
    ("control_socket_disable", OWN),
];

/// The setting of a name.
fn setting(name: &str) -> Option<&'static str> {
    SETTINGS.iter().find(|(known, _)| *known == name).map(|(known, _)| *known)
}

/// Settings as they were given.
#[derive(Debug, Default)]
pub(super) struct Settings {
    given: BTreeMap<&'static str, (Literal, Origins)>,
    /// Given, but nobody knows as what.
    computed: BTreeSet<&'static str>,
    /// The application on the command line.
    application: Option<(String, Origins)>,
}

impl Settings {
    fn set(&mut self, name: &'static str, value: Literal, from: Origins) {
        self.computed.remove(name);
        self.given.insert(name, (value, from));
    }

    fn forget(&mut self, name: &'static str) {
        self.given.remove(name);
        self.computed.insert(name);
    }

    fn take(&mut self, name: &str) -> Option<(Literal, Origins)> {
        self.given.remove(name)
    }

    /// Whether gunicorn's own default counts.
    fn defaulted(&self, name: &str) -> bool {
        !self.given.contains_key(name) && !self.computed.contains(name)
    }

    /// What the site could be called.
    fn name(&self) -> Option<String> {
        let text = |name: &str| match self.given.get(name) {
            Some((Literal::Text(value), _)) => value.plain().map(str::to_owned),
            _ => None,
        };
        let application = self.application.as_ref().map(|(text, _)| text.clone());
        text("proc_name").or_else(|| {
            let application = application.or_else(|| text("wsgi_app"))?;
            let module = application.split(':').next()?;
            Some(module.split('.').next()?.to_owned())
        })
    }
}

/// Adds gunicorn's command line (behind the program) to a site.
pub(super) fn command(site: &mut Site, words: &[String], place: &Place, mercy: Option<&str>) {
    let mut settings = Settings::default();
    for left in flags::read(words, place, &mut settings) {
        site.leave(left);
    }
    if let Some(mercy) = mercy.filter(|_| settings.defaulted("graceful_timeout")) {
        let from = Origins::new(place.clone(), "stopwaitsecs", mercy);
        settings.set("graceful_timeout", Literal::text(mercy), from);
    }
    map::fill(site, settings);
}

/// Imports a settings file, a command line, or both.
pub(super) fn import(text: Option<&str>, context: &Context) -> Result<Imported, ImportError> {
    let mut settings = Settings::default();
    let mut left: Vec<Left> = Vec::new();
    if let Some(text) = text {
        let lines = token::lines(text)?;
        left.extend(statements::read(&lines, text, context.file.as_deref(), &mut settings));
    }
    let mut home = None;
    if let Some(line) = &context.command {
        let words = shell::command(line).map_err(|why| ImportError::Command(why.to_owned()))?;
        let gunicorn = words.program == shell::Program::Gunicorn;
        if !gunicorn {
            return Err(ImportError::Command("expected a command line of gunicorn".into()));
        }
        left.extend(words.left(&Place::Command));
        left.extend(flags::read(&words.rest, &Place::Command, &mut settings));
        if text.is_some() {
            settings.take("config");
        }
        home = words.home;
    }
    let name = settings.name().or_else(|| context.stem()).unwrap_or_else(|| "app".into());
    let mut site = Site::new(&name, "gunicorn's settings");
    for one in left {
        site.leave(one);
    }
    if let Some(home) = home {
        site.set(&Origins::new(Place::Command, "interpreter", &home), "home", home.as_str());
    }
    map::fill(&mut site, settings);
    site.complete();
    Ok(Imported::of(vec![site], Vec::new()))
}
