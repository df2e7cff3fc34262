//! Tables of rules, run against requests.

use shared::settings::Wire;
use shared::settings::content::routes::{Condition, Relation};

use super::*;
use crate::protocol::{Parsed, http};
use crate::request::Request;
use crate::worker::connection::Peer;

fn text(text: &str) -> Template {
    Template(vec![Part::Text(text.into())])
}

fn path(pattern: &str, action: Action) -> Rule {
    let variable = Some("PATH_INFO".to_owned());
    Rule { test: Test::Found { variable, pattern: pattern.into() }, action }
}

fn always(action: Action) -> Rule {
    Rule { test: Test::Always, action }
}

fn set(name: &str) -> Action {
    Action::Set(name.into(), text("1"))
}

/// What a table makes of a GET for `target`: the answer, and what follows.
fn ran(rules: &[Rule], target: &str) -> (Option<Answer>, Effects) {
    let settings = routes::Routes { request: rules.to_vec(), ..routes::Routes::default() };
    let routes = Routes::new(&settings, Path::new("/here"));
    let head = format!("GET {target} HTTP/1.1\r\nHost: site\r\nCookie: a=1; b=2\r\n\r\n");
    let mut request = Request::default();
    assert!(matches!(http::parse(head.as_bytes(), &mut request), Parsed::Complete(_)));
    let (peer, kinds) = (Peer::default(), Kinds::new(Vec::new()));
    let view = View {
        request: &request,
        head: head.as_bytes(),
        wire: Wire::Http,
        secure: false,
        peer: &peer,
        port: "",
    };
    let mut scene = Scene {
        view,
        now: Now { epoch: 784_111_777, monotonic: 0 },
        worker: 3,
        status: 0,
        kinds: &kinds,
        effects: Effects::default(),
    };
    let answer = match routes.request.run(&mut scene) {
        Verdict::Answer(answer) => Some(answer),
        Verdict::Pass => None,
        other => panic!("{other:?}"),
    };
    (answer, scene.effects)
}

fn names(effects: &Effects) -> Vec<&str> {
    effects.sets.iter().map(|(name, _)| name.as_str()).collect()
}

#[test]
fn rules_act_in_order_until_one_ends_it() {
    let rules = [
        path("^/x", set("A")),
        path("^/y", set("B")),
        always(set("C")),
        path("^/x", Action::Continue),
        always(set("D")),
    ];
    assert_eq!(names(&ran(&rules, "/x").1), ["A", "C"]);
    assert_eq!(names(&ran(&rules, "/y").1), ["B", "C", "D"]);
}

#[test]
fn goto_leads_forward() {
    let rules = [path("^/x", Action::Goto(2)), always(set("A")), always(set("B"))];
    assert_eq!(names(&ran(&rules, "/x").1), ["B"]);
    assert_eq!(names(&ran(&rules, "/").1), ["A", "B"]);
    // a table that leads backward (no reader makes one) ends nevertheless
    assert_eq!(names(&ran(&[always(set("A")), always(Action::Goto(0))], "/").1), ["A"]);
}

#[test]
fn what_was_found_is_filled_in_and_never_read_again() {
    let parts = vec![
        Part::Text("/to/".into()),
        Part::Group(1),
        Part::Text("?".into()),
        Part::Variable("QUERY_STRING".into()),
        Part::Cookie("b".into()),
        Part::Group(2),
    ];
    let rules = [path("^/x/((?s).*)$", Action::Redirect(302, Template(parts)))];
    let (answer, _) = ran(&rules, "/x/$%7bHTTP_HOST%7d%0d%0aSet-Cookie:%20a?$1");
    let answer = answer.unwrap();
    let (name, place) = answer.field.unwrap();
    assert_eq!((answer.status.as_str(), name), ("302 Found", "Location"));
    let place = String::from_utf8(place).unwrap();
    assert_eq!(place, "/to/$%7BHTTP_HOST%7D%0D%0ASet-Cookie:%20a?$12");
}

#[test]
fn fields_that_would_hold_a_line_break_are_not_added() {
    let value = || Template(vec![Part::Variable("PATH_INFO".into())]);
    let rules = [always(Action::AddHeader("X-Path".into(), value()))];
    assert_eq!(ran(&rules, "/a%20b").1.edit.add, [(b"X-Path".to_vec(), b"/a b".to_vec())]);
    assert!(ran(&rules, "/a%0d%0aX-Evil:%201").1.edit.add.is_empty());
}

#[test]
fn rewriting_keeps_the_query_string_behind_the_new_one() {
    let rewrite = |to: &str| [always(Action::Rewrite(text(to), false)), path("^/new", set("SEEN"))];
    let sets = |to: &str, target: &str| {
        let sets = ran(&rewrite(to), target).1.sets;
        let text = |value: &Vec<u8>| String::from_utf8(value.clone()).unwrap();
        sets.iter().map(|(name, value)| format!("{name}={}", text(value))).collect::<Vec<_>>()
    };
    assert_eq!(sets("/new%20x", "/old?a=1"), ["PATH_INFO=/new x", "SEEN=1"]);
    assert_eq!(sets("/new?b=2", "/old?a=1"), ["QUERY_STRING=b=2&a=1", "PATH_INFO=/new", "SEEN=1"]);
    assert_eq!(sets("/new?b=2", "/old"), ["QUERY_STRING=b=2", "PATH_INFO=/new", "SEEN=1"]);
}

#[test]
fn conditions_and_their_contrary() {
    let host = || Template(vec![Part::Variable("HTTP_HOST".into())]);
    let asked = |condition: Condition, wanted| Rule {
        test: Test::If { condition, wanted },
        action: set("A"),
    };
    for (condition, holds) in [
        (Condition::Texts(Relation::Equal, host(), text("site")), true),
        (Condition::Texts(Relation::StartsWith, host(), text("si")), true),
        (Condition::Texts(Relation::EndsWith, host(), text("si")), false),
        (Condition::Texts(Relation::Contains, host(), text("it")), true),
        (Condition::Texts(Relation::Contains, host(), Template::default()), true),
        (Condition::Empty(host()), false),
        (Condition::Found(host(), "^s.t".into()), true),
        (Condition::Path(routes::Kind::Directory, text("/")), true),
        (Condition::Path(routes::Kind::File, text("/")), false),
        (Condition::Path(routes::Kind::Any, text("/\0")), false),
        (Condition::Path(routes::Kind::Executable, text("/bin/sh")), true),
    ] {
        for wanted in [true, false] {
            let acted = !ran(&[asked(condition.clone(), wanted)], "/").1.sets.is_empty();
            assert_eq!(acted, holds == wanted, "{condition:?} {wanted}");
        }
    }
}

#[test]
fn every_place_is_filled() {
    let name = |text: &str| text.to_owned();
    for (part, expected) in [
        (Part::Variable(name("REQUEST_URI")), "/a.css?q=1&b=%20"),
        (Part::Variable(name("NONE")), ""),
        (Part::Cookie(name("a")), "1"),
        (Part::Query(name("b")), "%20"),
        (Part::Mime(name("PATH_INFO")), "text/css"),
        (Part::Base64(name("HTTP_HOST")), "c2l0ZQ=="),
        (Part::Hex(name("HTTP_HOST")), "73697465"),
        (Part::Seconds, "784111777"),
        (Part::Date(3), "Sun, 06 Nov 1994 08:49:40 GMT"),
        (Part::Worker, "3"),
        (Part::Status, "0"),
        (Part::Group(9), ""),
    ] {
        let rules = [always(Action::Set("X".into(), Template(vec![part.clone()])))];
        let sets = ran(&rules, "/a.css?q=1&b=%20").1.sets;
        assert_eq!(String::from_utf8_lossy(&sets[0].1), expected, "{part:?}");
    }
    let rules = [always(Action::Set("X".into(), Template(vec![Part::Pid, Part::Micros])))];
    let sets = ran(&rules, "/").1.sets;
    let digits = String::from_utf8(sets[0].1.clone()).unwrap();
    assert!(digits.starts_with(&std::process::id().to_string()) && digits.len() > 16, "{digits}");
}

#[test]
fn fixpathinfo_takes_the_script_name_off() {
    let script = || always(Action::Set("SCRIPT_NAME".into(), text("/app")));
    let sets = |target: &str| {
        let sets = ran(&[script(), always(Action::FixPath)], target).1.sets;
        sets.get(1).map(|(name, value)| (name.clone(), value.clone()))
    };
    assert_eq!(sets("/app/x"), Some(("PATH_INFO".into(), b"/x".to_vec())));
    assert_eq!(sets("/other"), None);
}
