//! YAML, as uWSGI with libyaml reads it, and as its own reader of lines does.

use super::*;

const KIND: Kind = Kind::Yaml;

#[test]
fn scalars_are_their_text() {
    for (text, options) in [
        ("uwsgi:\n  socket: 127.0.0.1:0\n  http: :8080\n", "socket=127.0.0.1:0|http=:8080"),
        ("uwsgi:\n  a: 1\n  a: 2\n", "a=1|a=2"),
        (
            "uwsgi:\n  a: true\n  b: yes\n  c: no\n  d: null\n  e: ~\n",
            "a=true|b=yes|c=no|d=null|e=~",
        ),
        ("uwsgi:\n  a: 1.0\n  b: 1e3\n  c: 010\n  d: 0x10\n", "a=1.0|b=1e3|c=010|d=0x10"),
        ("uwsgi:\n  a: x\n    y\n  b: z   \n", "a=x y|b=z"),
        (
            "uwsgi:\n  a: \"x\\ny \\u00e9\"\n  b: 'it''s'\n  c: \"\"\n  d: ''\n",
            "a=x\ny é|b=it's|c=|d=",
        ),
        (
            "uwsgi:\n  a: |\n    x\n    y\n  b: >\n    x\n    y\n  c: >-\n    x\n    y\n",
            "a=x\ny\n|b=x y\n|c=x y",
        ),
        ("uwsgi: # x\n  a: b # c\n  # c\n  c: \"d # e\" # f\n  g: h#i\n", "a=b|c=d # e|g=h#i"),
        ("uwsgi:\n  env: A=B\n  ? a\n  : b\n  'c': d\n", "env=A=B|a=b|c=d"),
        ("uwsgi:\r\n  a: b\r\n  c: d\r\n", "a=b|c=d"),
        ("uwsgi:\n  a: '%(b)'\n  b: x%(c)\n", "a=%(b)|b=x%(c)"),
    ] {
        assert_eq!(quiet(KIND, text), options, "{text}");
    }
}

#[test]
fn lists_repeat_their_key() {
    for text in [
        "uwsgi:\n  a:\n    - x\n    - y\n",
        "uwsgi:\n  a:\n  - x\n  - y\n",
        "uwsgi:\n  a: [x, y]\n",
        "uwsgi:\n  a:\n    # c\n    - x\n\n    - \"y\"",
    ] {
        assert_eq!(quiet(KIND, text), "a=x|a=y", "{text}");
    }
    let nested = "uwsgi:\n  a: [x, [y, z], w]\n";
    assert_eq!(options(KIND, nested), "a=x|a=y|a=z|a=w");
    noted(KIND, nested, "2:10", "list in a list");
}

#[test]
fn every_value_has_a_place() {
    let text = "é: x\nuwsgi:\n  a: 1\n  b:\n    - é\n    - [2, 3]\n\n  \"c\": |\n    x\n  d: 4\n";
    assert_eq!(places(KIND, text), [(3, 3), (5, 7), (6, 8), (6, 11), (8, 3), (10, 3)]);
}

#[test]
fn the_section_is_a_key_of_a_document() {
    for text in [
        "a: b\nuwsgi:\n  c: d\nother:\n  e: f\n",
        "---\nuwsgi:\n  c: d\n...\n",
        "%YAML 1.1\n---\n\"uwsgi\":\n  c: d\n",
        "other:\n  a: b\n---\nuwsgi:\n  c: d\n",
        "  uwsgi :\n    c: d\n",
    ] {
        assert_eq!(quiet(KIND, text), "c=d", "{text}");
    }
    let text = "other:\n  a: b\nuwsgi:\n  c: d\n";
    assert_eq!(printed(&section(KIND, text, "other")), "a=b");
    for text in ["", "# only\n", "hello\n", "- a\n- b\n", "x: uwsgi\ny:\n  a: b\n"] {
        assert!(!section(KIND, text, "uwsgi").found, "{text}");
    }
}

#[test]
fn what_uwsgi_drops_is_told() {
    for (text, options, place, about) in [
        ("uwsgi:\n  a:\n  b: c\n", "b=c", "2:3", "\"a\" has no value"),
        ("uwsgi:\n  a: []\n  b: c\n", "b=c", "2:3", "empty list"),
        (
            "uwsgi:\n  a:\n    b: c\n    d: e\n  f: g\n",
            "b=c|d=e|f=g",
            "2:3",
            "\"a\" holds a mapping",
        ),
        ("uwsgi:\n  ? [a, b]\n  : b\n  c: d\n", "c=d", "2:5", "instead of a name"),
        ("uwsgi:\n", "", "1:1", "no options"),
        ("uwsgi: hello\n", "", "1:1", "expected options"),
        ("uwsgi:\n  a: b\nuwsgi:\n  c: d\n", "a=b", "3:1", "only the first"),
        ("uwsgi:\n  c: d\n---\nuwsgi:\n  e: f\n", "c=d", "3:1", "another document"),
    ] {
        assert_eq!(self::options(KIND, text), options, "{text}");
        noted(KIND, text, place, about);
    }
}

#[test]
fn where_uwsgi_reads_nothing_or_the_first_we_read_all() {
    let braces = "uwsgi: {a: b, c: [1, 2]}\n";
    assert_eq!(options(KIND, braces), "a=b|c=1|c=2");
    noted(KIND, braces, "1:1", "in braces");
    let json = "{\"uwsgi\": {\"a\": \"b\"}}\n";
    assert_eq!(options(KIND, json), "a=b");
    let list = "uwsgi:\n  - a: b\n  - c: d\n";
    assert_eq!(options(KIND, list), "a=b|c=d");
    noted(KIND, list, "1:1", "reads the first one");
    let items = "uwsgi:\n  a:\n    - x\n    - b: c\n    - y\n  d: e\n";
    assert_eq!(options(KIND, items), "a=x|b=c|a=y|d=e");
}

#[test]
fn anchors_aliases_merges_and_tags_mean_what_yaml_says_where_uwsgi_drops_them() {
    for (text, options) in [
        ("uwsgi:\n  a: &x 5\n  b: *x\n", "a=5|b=5"),
        ("uwsgi:\n  a: &x [1, 2]\n  b: *x\n", "a=1|a=2|b=1|b=2"),
        ("base: &b\n  p: 1\n  c: 3\nuwsgi:\n  <<: *b\n  c: 2\n", "p=1|c=2"),
        ("p: &p {x: 1}\nq: &q\n  <<: *p\n  y: 2\nuwsgi:\n  <<: [*q]\n  z: 3\n", "x=1|y=2|z=3"),
        ("uwsgi:\n  a: !!str 5\n  b: !foo bar\n", "a=5|b=bar"),
        ("uwsgi: &u\n  a: b\n", "a=b"),
    ] {
        assert_eq!(self::options(KIND, text), options, "{text}");
    }
    noted(KIND, "uwsgi:\n  a: &x 5\n  b: *x\n", "2:6", "anchor, alias or tag");
    refused(KIND, "uwsgi:\n  a: b\n---\nx: &x 1\n---\ny: *x\n", "6:4", "name of an anchor");
}

#[test]
fn what_only_the_reader_of_lines_takes_is_read_as_it_does() {
    for (value, column) in [
        ("%(base)/x", 6),
        ("@(file)", 6),
        ("`x", 6),
        ("*", 6),
        ("*.ini", 6),
        ("-", 6),
        ("[::]:8080", 6),
        ("Connection: close", 6),
        ("x:", 6),
        ("a: b: c: 'd'", 6),
    ] {
        let text = format!("uwsgi:\n  a: {value} # é\n  b: c\n");
        assert_eq!(options(KIND, &text), format!("a={value}|b=c"));
        noted(KIND, &text, &format!("2:{column}"), "quote it");
        let list = format!("uwsgi:\n  a:\n    - {value}\n");
        // in a list these are YAML: a mapping, a list
        if !value.contains(": ") && !value.ends_with(':') && value != "-" {
            assert_eq!(options(KIND, &list), format!("a={value}"));
        }
    }
    // only what needs it is changed, and what is YAML stays YAML
    let text =
        "uwsgi:\n  a: &x '*'\n  b: *x\n  c: \"%: *\"\n  d: [a, b]\n  e: %x\n  f: |\n    k: *v: w\n";
    assert_eq!(options(KIND, text), "a=*|b=*|c=%: *|d=a|d=b|e=%x|f=k: *v: w\n");
}

#[test]
fn what_is_not_yaml_is_said_with_what_was_expected() {
    for (text, place, about) in [
        ("uwsgi:\n\ta: b\n", "2:2", "tab"),
        ("uwsgi:\n    a: b\n  c: d\n", "3:3", "indented as the lines above"),
        ("uwsgi:\n  a: b\n    c: d\n", "3:6", "align the keys"),
        ("uwsgi:\n  a : b\n\n  c:d\n  # x\n  e: f\n", "4:3", "expected \"name: value\""),
        ("uwsgi:\n  a: b\n  master\n", "3:3", "expected \"name: value\""),
        ("uwsgi:\n  a=b\n  c: d\n", "2:3", "expected \"name: value\""),
        ("uwsgi:\n  a: \"b\n  c: d\n", "2:6", "quote that is not closed"),
        ("uwsgi:\n  a: \"b\" c\n", "2:10", "behind the closing quote"),
        ("uwsgi:\n  a: \"\\q\"\n", "2:6", "YAML does not know"),
        ("uwsgi:\n  a: [b, c\n", "3:1", "closing bracket"),
        ("uwsgi:\n  a: b]\n  c: ]\n", "3:6", "bracket"),
        ("uwsgi:\n  a: b\n  - c\n", "3:5", "indented as the lines above"),
        ("uwsgi:\r  a: b\r", "1:7", "line feed"),
        ("uwsgi:\n  a: \"b\\0c\"\n", "2:3", "NUL"),
    ] {
        refused(KIND, text, place, about);
    }
    let text = read(KIND, "root:$6$hash:1\nplain: hash: x: [", "uwsgi").unwrap_err().to_string();
    assert!(!text.contains("hash") && !text.contains("plain"), "{text}");
}
