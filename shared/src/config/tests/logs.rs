//! Loggers, routes and encoders, from their lines to settings.

use crate::settings::logs::{Encoding, File, Logger, Target};

use super::*;

/// The loggers of these lines, and the errors.
fn targets(text: &str) -> (Vec<(Option<String>, Target)>, Vec<String>) {
    let (settings, reading) = settled(&format!("socket = a.sock\n{text}"));
    let loggers = settings.serve.logs.output.loggers.into_iter();
    (loggers.map(|one| (one.id, one.target)).collect(), errors(&reading))
}

#[test]
fn loggers_have_names_kinds_and_arguments() {
    let (found, errors) = targets(
        "logger = one file:/x/a:b\nlogger = file:logfile=/x/c,maxsize=10,backup=old\n\
         logger = socket:127.0.0.1:514\nlogger = socket:/x/s\nlogger = syslog\n\
         logger = syslog:app,local7\nlogger = rsyslog:127.0.0.1,app\nlogger = systemd:a_b=c\n\
         logger = stdio\nlogger = fd:2\nlog-syslog = me\nlogto = 127.0.0.1:9\n",
    );
    assert_eq!(errors, [""; 0]);
    let names: Vec<_> = found.iter().filter_map(|(id, _)| id.clone()).collect();
    assert_eq!(names, ["one"]);
    let file = |path: &str| File { path: path.into(), ..File::default() };
    let targets: Vec<Target> = found.into_iter().map(|(_, target)| target).collect();
    assert_eq!(targets[0], Target::File(file("/x/a:b")));
    let rotated = File { maxsize: 10, backup: Some("old".into()), ..file("/x/c") };
    assert_eq!(targets[1], Target::File(rotated));
    assert_eq!(targets[2], Target::Udp("127.0.0.1:514".parse().unwrap()));
    assert_eq!(targets[3], Target::Datagram("/x/s".into()));
    let sender = |target: &Target| match target {
        Target::Syslog(sender) | Target::Remote(_, sender) => {
            (sender.ident.clone(), sender.facility)
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(sender(&targets[4]), ("uwsgi".into(), 3));
    assert_eq!(sender(&targets[5]), ("app".into(), 23));
    assert_eq!(sender(&targets[6]), ("app".into(), 3));
    assert!(matches!(&targets[6], Target::Remote(address, _) if address.port() == 514));
    assert_eq!(targets[7], Target::Journal(vec![("A_B".into(), "c".into())]));
    assert_eq!((&targets[8], &targets[9]), (&Target::Standard, &Target::Standard));
    assert_eq!(sender(&targets[10]), ("me".into(), 3));
    assert_eq!(targets[11], Target::Udp("127.0.0.1:9".parse().unwrap()));
}

#[test]
fn words_for_yes_and_no_are_no_texts_in_any_case() {
    let date = |word: &str| {
        let (settings, _) = settled(&format!("socket = a.sock\nlog-date = {word}\n"));
        settings.serve.logs.date
    };
    let usual = date("");
    assert!(usual.as_deref().is_some_and(|form| form.contains("%Y")));
    for word in ["true", "True", "TRUE", "Yes", "ON", "1"] {
        assert_eq!(date(word), usual, "log-date = {word}");
        let (found, _) = targets(&format!("log-syslog = {word}\n"));
        assert!(
            matches!(&found[..], [(_, Target::Syslog(one))] if one.ident == "uwsgi"),
            "log-syslog = {word}: {found:?}"
        );
    }
    for word in ["false", "False", "NO", "Off", "0"] {
        assert_eq!(date(word), None, "log-date = {word}");
        assert_eq!(targets(&format!("log-syslog = {word}\n")).0, [], "log-syslog = {word}");
    }
    assert_eq!(date("%%Y True").as_deref(), Some("%Y True"));
}

#[test]
fn of_options_that_name_the_log_one_counts() {
    let read = |text: &str| {
        let (settings, reading) = settled(&format!("socket = a.sock\n{text}"));
        assert_eq!(errors(&reading), [""; 0], "{text}");
        let loggers = settings.serve.logs.output.loggers;
        let udp = |one: &Logger| match one.target {
            Target::Udp(address) => address.port(),
            ref other => panic!("{other:?}"),
        };
        let file = settings.launch.logto.map(|path| path.file_name().unwrap().to_owned());
        (loggers.iter().map(udp).collect::<Vec<_>>(), file)
    };
    let file = |name: &str| Some(name.into());
    for (text, expected) in [
        ("logto = 127.0.0.1:9\nlogto = a.log\n", (vec![], file("a.log"))),
        ("logto = a.log\nlogto = 127.0.0.1:9\n", (vec![9], None)),
        ("logto = 127.0.0.1:9\nlogto = 127.0.0.1:8\n", (vec![8], None)),
        ("daemonize = 127.0.0.1:9\n", (vec![9], None)),
        ("daemonize2 = 127.0.0.1:9\n", (vec![9], None)),
        ("logto2 = 127.0.0.1:9\n", (vec![9], None)),
        ("daemonize = 127.0.0.1:9\nlogto = a.log\n", (vec![], file("a.log"))),
        ("logto = a:b/c.log\n", (vec![], file("c.log"))),
    ] {
        assert_eq!(read(text), expected, "{text}");
    }
}

#[test]
fn what_is_wrong_with_a_logger_is_said() {
    for (line, said) in [
        ("logger = flie:/x", "expected file:PATH"),
        ("logger = file:", "expected file:PATH"),
        ("logger = fd:5", "expected fd:1 or fd:2"),
        ("logger = socket:127.0.0.1:", "expected host:port"),
        ("logger = syslog:app,nowhere", "a facility of syslog"),
        ("logger = syslog:a b", "a name without blanks"),
        ("logger = journald:=x", "expected FIELD=value"),
        ("logger = file:logfile=/x,maxsize=much", "expected maxsize=BYTES"),
        ("logger = file:logfile=/x,max=1", "expected logfile=PATH"),
        ("log-route = one x", "no logger is called \"one\""),
        ("log-route = one", "expected a logger and an expression"),
        ("log-filter = [", "regular expression"),
        ("log-encoder = jsn {}", "expected prefix, suffix, nl, format or json"),
        ("log-encoder = format ${message}", "found ${message}"),
        ("log-encoder = nl:one", "no logger is called \"one\""),
        ("log-format = %(metric.x)", "metrics cannot be put into log lines"),
        ("logfile-chmod = 0644", "expected three octal digits"),
    ] {
        let (_, errors) = targets(&format!("{line}\n"));
        assert_eq!(errors.len(), 1, "{line}: {errors:?}");
        assert!(errors[0].contains(said) && errors[0].contains("a.ini:3"), "{errors:?}");
    }
}

#[test]
fn what_is_not_built_is_left_out_with_a_warning() {
    let text = "socket = a.sock\nlogger = redislog:x\nlog-encoder = gzip\nreq-logger = pipe:cat\n\
                log-drain = (?=x)\n";
    let (settings, reading) = settled(text);
    assert!(!reading.refused(), "{:?}", reading.findings);
    assert_eq!(reading.findings.len(), 4, "{:?}", reading.findings);
    assert!(settings.serve.logs.output.is_plain() && settings.serve.logs.requests.is_plain());
}

#[test]
fn routes_and_encoders_name_loggers() {
    let (settings, reading) = settled(
        "socket = a.sock\nlogger = one file:/x/one\nlog-route = one a b\n\
         log-encoder = prefix:one > \nreq-logger = file:/x/req\nlog-req-route = one /x\n",
    );
    assert_eq!(errors(&reading), [""; 0]);
    let logs = settings.serve.logs;
    let route = &logs.output.routes[0];
    assert_eq!((route.logger.as_str(), route.pattern.as_str()), ("one", "a b"));
    let encoder = &logs.output.encoders[0];
    assert_eq!(encoder.logger.as_deref(), Some("one"));
    assert!(matches!(&encoder.encoding, Encoding::Prefix(text) if text.starts_with('>')));
    // routes of request lines may name a logger of all output
    assert_eq!(logs.requests.loggers.len(), 2);
    assert_eq!(logs.requests.routes[0].logger, "one");
}

#[test]
fn variables_of_forms_are_no_placeholders() {
    let text = "socket = a.sock\nlog-format = %(uri) %(status)\nlog-encoder = json \
                {\"m\":\"${msg}\"}\nlogger = file:/x/a\n";
    let (_, reading) = settled(text);
    assert!(reading.findings.is_empty(), "{:?}", reading.findings);
}
