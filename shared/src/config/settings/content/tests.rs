//! Values of files and heads.

use crate::config::tests::{errors, settled};
use crate::settings::content::routes::{Action, Part, Template, Test};
use crate::settings::content::{Delivery, Fresh};

#[test]
fn maps_are_tried_in_the_order_of_their_kind() {
    let (settings, reading) = settled(
        "static-map = /static=/srv/a\nstatic-map2 = /m=/srv/b\nstatic-map = /favicon.ico = x.ico\n\
         check-static = /srv/c\nfile-serve-mode = nginx\nstatic-index = index.html\n",
    );
    assert_eq!(errors(&reading), [""; 0]);
    let files = settings.serve.content.files;
    let places: Vec<_> = files
        .places
        .iter()
        .map(|one| (one.prefix.as_str(), one.kept, one.target.to_str().unwrap()))
        .collect();
    let expected = [
        ("", false, "/srv/c"),
        ("/static", false, "/srv/a"),
        ("/favicon.ico", false, "x.ico"),
        ("/m", true, "/srv/b"),
    ];
    assert_eq!(places, expected);
    assert_eq!((files.delivery, files.index), (Delivery::Accel, vec!["index.html".to_owned()]));
}

#[test]
fn freshness_of_files_comes_before_that_of_types() {
    let (settings, reading) = settled(
        "static-expires-type = text/css=60\nstatic-expires = \\.css$ 3600\n\
         static-expires-uri-mtime = ^/a b 5\n",
    );
    assert_eq!(errors(&reading), [""; 0]);
    let list = settings.serve.content.files.expires;
    assert_eq!(list[0].files, Fresh::File("\\.css$".into()));
    assert_eq!((list[0].seconds, list[0].from_change), (3600, false));
    assert_eq!(list[1].files, Fresh::Uri("^/a b".into()));
    assert!(list[1].from_change);
    assert_eq!(list[2].files, Fresh::Type("text/css".into()));
}

#[test]
fn bad_values_are_errors_that_say_what_was_expected() {
    for (line, expected) in [
        ("static-map = /static", "/path=directory"),
        ("static-map = static=/x", "/path=directory"),
        ("static-expires = \\.css$", "seconds"),
        ("static-expires = ( 5", "no regular expression"),
        ("static-expires-type = text/css", "seconds"),
        ("static-gzip = (?!x)", "look-around"),
        ("file-serve-mode = apache", "x-sendfile"),
        ("add-header = Strict", "Name: value"),
        ("add-header = Content-Length: 5", "server's own"),
        ("rem-header = A B", "name of a header field"),
        ("collect-header = X-A", "a variable"),
        ("response-headers-limit = 99999999", "at most"),
    ] {
        let (_, reading) = settled(&format!("{line}\n"));
        let errors = errors(&reading);
        assert!(errors.len() == 1 && errors[0].contains(expected), "{line}: {errors:?}");
    }
}

#[test]
fn what_frames_an_answer_stays_and_that_is_said() {
    let text = "rem-header = Content-Length\nrem-header = X-A\nroute-run = chunked:\n";
    let (settings, reading) = settled(text);
    assert_eq!(errors(&reading), [""; 0]);
    assert_eq!(settings.serve.content.heads.remove, ["X-A"]);
    assert!(reading.findings.iter().any(|one| one.message.contains("it stays")));
}

#[test]
fn the_recipe_for_kept_connections_is_taken_and_left_out() {
    let (settings, reading) = settled("add-header = Connection: Keep-Alive\nadd-header = A: b\n");
    assert_eq!(errors(&reading), [""; 0]);
    assert_eq!(settings.serve.content.heads.add, [("A".to_owned(), "b".to_owned())]);
    assert!(
        reading.findings.iter().any(|one| one.message.contains("whether a connection is kept"))
    );
}

#[test]
fn heads_and_pages() {
    let (settings, reading) = settled(
        "add-header = Strict-Transport-Security: max-age=1; preload\ndel-header = X-Powered-By\n\
         pull-header = X-User USER_NAME\nerror-page-404 = /a.html\nerror-page-404 = /b.html\n",
    );
    assert_eq!(errors(&reading), [""; 0]);
    let content = settings.serve.content;
    assert_eq!(
        content.heads.add,
        [("Strict-Transport-Security".to_owned(), "max-age=1; preload".to_owned())]
    );
    assert_eq!(content.heads.remove, ["X-Powered-By"]);
    let collect = &content.heads.collect[0];
    assert!(collect.pull && collect.field == "X-User" && collect.variable == "USER_NAME");
    assert_eq!((content.heads.limit, content.pages.missing.len()), (65_536, 2));
}

#[test]
fn rules_keep_the_order_of_the_file_and_labels_become_places() {
    let (settings, reading) = settled(
        "route = ^/a goto:end\nroute-if-not = exists:/x donotlog:\nresponse-route-run = \
         addheader:A: ${uwsgi[status]}\nroute-label = end\nroute-host = ^x$ last:\n",
    );
    assert_eq!(errors(&reading), [""; 0]);
    let routes = settings.serve.content.routes;
    let actions: Vec<&Action> = routes.request.iter().map(|rule| &rule.action).collect();
    assert_eq!(actions, [&Action::Goto(2), &Action::Quiet, &Action::Next, &Action::Continue]);
    assert!(matches!(&routes.request[1].test, Test::If { wanted: false, .. }));
    let status = Template(vec![Part::Status]);
    assert_eq!(routes.response[0].action, Action::AddHeader("A".into(), status));
    assert!(routes.error.is_empty() && routes.last.is_empty());
}

#[test]
fn bad_rules_say_what_is_wrong_and_what_to_do_instead() {
    for (line, expected) in [
        ("route = ^/x", "a space and an action"),
        ("route-if = equal:a;b", "a condition, a space"),
        ("route = ( donotlog:", "no regular expression"),
        ("route = ^(?=x) donotlog:", "look-around"),
        ("route = ^(a)\\1 donotlog:", "backreferences"),
        ("route-run = donotlog", "expected an action"),
        ("route-run = redirekt:/x", "found \"redirekt\""),
        ("route-run = proxyhttp:127.0.0.1:80", "web server in front"),
        ("route-run = cache:key=x", "no cache here"),
        ("route-run = setapp:x", "load no code"),
        ("route-run = break:999 X", "status from 200 to 599"),
        ("route-run = return:x", "status from 200 to 599"),
        ("route-run = addheader:Content-Length: 5", "server's own"),
        ("route-run = addheader:A", "addheader:Name: value"),
        ("route-run = addvar:A", "addvar:NAME=value"),
        ("route-run = log:${math[1+1]}", "refused"),
        ("route-run = basicauth:Realm", "basicauth:realm,"),
        ("route-run = basicauth:R\"x,a:b", "basicauth:realm,"),
        ("route-run = file:path=x", "expected filename"),
        ("route-run = harakiri:soon", "harakiri:seconds"),
        ("route-run = goto:there", "name of a route-label"),
        ("route-if = equal:a donotlog:", "equal:one;other"),
        ("route-if = like:a;b donotlog:", "expected equal"),
        ("route-if = lord:x donotlog:", "no legion"),
        ("route-if = ipv4in:${REMOTE_ADDR};10.0.0.0/33 donotlog:", "10.0.0.0/33"),
        ("final-route-run = redirect:/x", "no effect"),
        ("response-route-run = basicauth:a,b:c", "no effect"),
    ] {
        let (_, reading) = settled(&format!("{line}\n"));
        let errors = errors(&reading);
        assert!(errors.len() == 1 && errors[0].contains(expected), "{line}: {errors:?}");
    }
    let (_, reading) = settled("route-label = up\nroute-run = goto:up\n");
    assert!(errors(&reading)[0].contains("only leads forward"));
}

#[test]
fn there_are_not_more_rules_than_can_be_compiled_at_once() {
    let rules = |count| settled(&"route = ^/x donotlog:\n".repeat(count));
    let (settings, reading) = rules(512);
    assert_eq!(errors(&reading), [""; 0]);
    assert_eq!(settings.serve.content.routes.request.len(), 512);
    let (_, reading) = rules(513);
    assert!(errors(&reading)[0].contains("a.ini:514: "), "{:?}", errors(&reading));
}
