//! `%(name)`, arithmetic, `$(NAME)`: three passes over all values.

use tests::shown::{lines, of, refused_lines, shown};
use tests::{Dir, Run, Subject, only, subject};

#[test]
fn arithmetic_goes_from_left_to_right() {
    let dir = Dir::new();
    let shown = lines(
        &dir,
        "a = 8\nb = 2\nsum = %(a + b)\nquotient = %(a / 3)\njoined = %(a b)\ndifference = %(b - a)\n\
         both = %(a b + 2)\nno-precedence = %(a + b * 2)\nzero = %(a / 0)\nplus = %(a ++)\n\
         minus = %(a --)\nlarge = %(2 * 1024 * 1024 * 1024)\nunknown = %(nothing + 1)\n",
    );
    for (key, value) in [
        ("sum", "10"),
        ("quotient", "2"),
        ("joined", "82"),
        ("difference", "-6"),
        ("both", "84"),
        ("no-precedence", "20"),
        ("zero", "0"),
        ("plus", "9"),
        ("minus", "7"),
        ("large", "2147483648"),
        ("unknown", "1"),
    ] {
        assert_eq!(shown.only(key), value, "{key}");
    }
}

#[test]
fn a_placeholder_takes_the_first_and_an_option_the_last() {
    let dir = Dir::new();
    let shown = lines(
        &dir,
        "x = %(foo)\nfoo = 1\nfoo = 2\ny = %(foo)\nprocesses = 2\nprocesses = 3\n\
         p = %(processes)\nw = %(workers)\n",
    );
    assert_eq!((shown.only("x"), shown.only("y"), shown.only("p")), ("1", "1", "2"));
    // an alias is another name, and an unknown name stays
    assert_eq!(shown.only("w"), "%(workers)");
    assert_eq!(shown.value("processes"), "3");
}

#[test]
fn values_may_nest_and_unknown_ones_stay() {
    let dir = Dir::new();
    let shown = lines(
        &dir,
        "base = /srv\napp = %(base)/app\nlog = %(app)/log\nnone = a%(none-such)b\n\
         which = app\nvia = %(%(which))\nopen = %(base\n",
    );
    assert_eq!(shown.only("log"), "/srv/app/log");
    assert_eq!(shown.only("none"), "a%(none-such)b");
    assert_eq!(shown.only("open"), "%(base");
    // what came of a replacement is not looked at with what stands around it
    assert_eq!(shown.only("via"), "%(app)");
}

#[test]
fn set_and_set_placeholder_make_variables() {
    let dir = Dir::new();
    dir.write(
        "app.ini",
        "[uwsgi]\nset = a=1\nset-placeholder = b=2\nset-ph = c=3\nx = %(a)%(b)%(c)%(d)\n",
    );
    let shown = shown(&dir, &["-S", "d=4", "--ini", "app.ini"]);
    assert_eq!(shown.only("x"), "1234");
    assert!(refused_lines(&dir, "set-placeholder = processes=2\n").contains("processes"));
}

#[test]
fn the_environment_is_that_of_the_start() {
    let dir = Dir::new();
    dir.write(
        "app.ini",
        "[uwsgi]\nenv = INNER=1\na = $(INNER)\nb = $(OUTER)\nc = ${OUTER}\nd = $OUTER\n\
         e = $(INNER:-7)\nf = %(b)$(OUTER)\n",
    );
    let run = Run::bare(&dir, subject()).args(["--ini", "app.ini"]).env("OUTER", "out");
    let shown = of(&dir, run);
    for (key, value) in [
        ("a", "$(INNER)"),
        ("b", "out"),
        ("c", "${OUTER}"),
        ("d", "$OUTER"),
        ("e", "$(INNER:-7)"),
        ("f", "outout"),
    ] {
        assert_eq!(shown.only(key), value, "{key}");
    }
}

#[test]
fn inherited_files_are_not_expanded_and_included_ones_are() {
    let dir = Dir::new();
    dir.write("app.ini", "[uwsgi]\ninherit = in.ini\ninclude = inc.ini\n");
    dir.write("in.ini", "[uwsgi]\na = $(OUTER)\nb = %(c)\nn = %n\n");
    dir.write("inc.ini", "[uwsgi]\nc = $(OUTER)\nd = %(c)\nm = %n\n");
    let run = Run::bare(&dir, subject()).args(["--ini", "app.ini"]).env("OUTER", "out");
    let shown = of(&dir, run);
    for (key, value) in
        [("a", "$(OUTER)"), ("b", "%(c)"), ("n", "in"), ("c", "out"), ("d", "out"), ("m", "inc")]
    {
        assert_eq!(shown.only(key), value, "{key}");
    }
}

#[test]
fn what_acts_at_once_sees_magic_variables_only() {
    let dir = Dir::new();
    dir.mkdir("parts");
    dir.write("parts/x.ini", "[uwsgi]\nfound = 1\n");
    let shown = lines(&dir, "include = %d/parts/x.ini\n");
    assert_eq!(shown.only("found"), "1");
    let log = refused_lines(&dir, "base = .\ninclude = %(base)/parts/x.ini\n");
    assert!(log.contains("%(base)/parts/x.ini"), "{log}");
}

#[test]
fn a_value_that_needs_itself_is_refused_with_its_chain() {
    // the original grows until it dies
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let log = refused_lines(&dir, "a = %(b)\nb = x%(a)\n");
    assert!(log.contains("bad.ini:2") && log.contains("%(a) -> %(b) -> %(a)"), "{log}");
}
