//! JSON, as uWSGI with yajl reads it.

use super::*;

const KIND: Kind = Kind::Json;

#[test]
fn values_become_text() {
    for (text, options) in [
        ("{\"uwsgi\":{\"a\":\"b\"}}", "a=b"),
        ("{\"uwsgi\":{\"a\":[\"x\",\"y\",1,true,null]}}", "a=x|a=y|a=1|a=1|a=0"),
        ("{\"uwsgi\":{\"a\":true,\"b\":false,\"c\":null,\"d\":\"\"}}", "a=1|b=0|c=0|d="),
        ("{\"uwsgi\":{\"a\":\"x\",\"a\":\"y\"}}", "a=x|a=y"),
        ("{\"uwsgi\":{\"\":\"x\",\"d\":\"e\"}}", "=x|d=e"),
        ("{\"uwsgi\":{\"a\":\"%n\",\"b\":\"%(a)\"}}", "a=%n|b=%(a)"),
        ("  \n{\"uwsgi\":{}}\n\n", ""),
    ] {
        assert_eq!(quiet(KIND, text), options, "{text}");
    }
}

#[test]
fn numbers_are_kept_as_they_were_written() {
    for number in ["1", "1.0", "1e3", "-5", "0.1", "12345678901234567890123", "1E400", "1.50"] {
        let text = format!("{{\"uwsgi\":{{\"a\":{number},\"b\":[{number}]}}}}");
        assert_eq!(quiet(KIND, &text), format!("a={number}|b={number}"));
    }
    for (number, place) in [("010", "1:16"), ("+1", "1:15"), (".5", "1:15"), ("5.", "1:17")] {
        refused(KIND, &format!("{{\"uwsgi\":{{\"a\":{number}}}}}"), place, "n");
    }
}

#[test]
fn escapes_in_strings_are_resolved() {
    let text = "{\"uwsgi\":{\"\\u0061\":\"b\\nc\\u00e9\\t\\/\\\"\\\\\\ud83d\\ude00\"}}";
    assert_eq!(quiet(KIND, text), "a=b\ncé\t/\"\\😀");
    refused(KIND, "{\"uwsgi\":{\"a\":\"\\x\"}}", "1:17", "does not know");
    refused(KIND, "{\"uwsgi\":{\"a\":\"b\nc\"}}", "1:16", "write \\n");
}

#[test]
fn where_uwsgi_cuts_a_text_at_a_nul_or_breaks_it_we_refuse() {
    refused(KIND, "{\"uwsgi\":{\"a\":\"b\\u0000c\"}}", "1:11", "NUL");
    refused(KIND, "{\"uwsgi\":{\"a\":\"\\ud83d\"}}", "1:15", "half a");
}

#[test]
fn comments_are_read_over() {
    let text = "// \"\n{\"uwsgi\":/* é */{\"a\":\"// no /* comment */\\\"/*\"}}//";
    assert_eq!(quiet(KIND, text), "a=// no /* comment */\"/*");
    assert_eq!(places(KIND, text), [(2, 18)]);
    refused(KIND, "{\"uwsgi\":{}} /* x", "1:14", "behind the last brace");
}

#[test]
fn every_value_has_a_place() {
    let text = "{\n \"é\": 1, \"uwsgi\": {\n  \"a\": [\n   1,\n \"é\", 3],\n  \"b\": 2}}";
    assert_eq!(places(KIND, text), [(4, 4), (5, 2), (5, 7), (6, 3)]);
}

#[test]
fn another_section_is_selected() {
    let text = "{\"other\":{\"a\":\"b\"},\"uwsgi\":{\"c\":\"d\"},\"n\":5}";
    assert_eq!(printed(&section(KIND, text, "other")), "a=b");
    assert_eq!(printed(&section(KIND, text, "uwsgi")), "c=d");
    assert_eq!(section(KIND, text, "none").sections, ["other", "uwsgi"]);
    assert!(!section(KIND, "{\"top\":{\"uwsgi\":{\"a\":\"b\"}}}", "uwsgi").found);
}

#[test]
fn what_uwsgi_drops_is_told() {
    let nested = "{\"uwsgi\":{\"a\":{\"b\":\"c\"},\"d\":\"e\"}}";
    assert_eq!(options(KIND, nested), "d=e");
    noted(KIND, nested, "1:11", "\"a\" holds an object");
    let list = "{\"uwsgi\":{\"a\":[\"x\",[\"y\"],\"w\",{\"z\":1}],\"d\":[]}}";
    assert_eq!(options(KIND, list), "a=x|a=w");
    assert_eq!(notes(KIND, list).len(), 3);
    let twice = "{\"uwsgi\":{\"a\":\"b\"},\"uwsgi\":{\"c\":\"d\"}}";
    assert_eq!(options(KIND, twice), "a=b");
    noted(KIND, twice, "1:20", "only the first");
}

#[test]
fn a_name_that_is_none_is_not_shown() {
    let notes = notes(KIND, "{\"uwsgi\":{\"root:$6$hash\":{}}}");
    assert!(!notes[0].contains("hash"), "{notes:?}");
}

#[test]
fn what_is_not_json_is_said_with_what_was_expected() {
    for (text, place, about) in [
        ("", "1:1", "empty"),
        ("[]", "1:1", "expected an object"),
        ("5", "1:1", "expected an object"),
        ("{\"uwsgi\":\"secret\"}", "1:2", "expected an object below"),
        ("{\"uwsgi\":null}", "1:2", "expected an object below"),
        ("{\"uwsgi\":{\"a\":\"b\"}} x", "1:21", "behind the last brace"),
        ("{\"uwsgi\":{\"a\":\"b\",}}", "1:19", "key in double quotes"),
        ("{\"uwsgi\":{\"a\":[\"x\",]}}", "1:20", "expected a value"),
        ("{\"uwsgi\":{\"a\":\"b\"}", "1:18", "ends too early"),
        ("{\"uwsgi\":\n{\"a\":\"b", "2:7", "ends too early"),
        ("{'uwsgi':{'a':'b'}}", "1:2", "key in double quotes"),
        ("{\"uwsgi\":{\"a\":True}}", "1:15", "expected a value"),
        ("{\"uwsgi\":{\"a\" \"b\"}}", "1:15", "expected \":\""),
        ("{\"uwsgi\":{\"a\":\"b\" \"c\":\"d\"}}", "1:19", "expected \",\""),
        ("{\"uwsgi\":{\"a\":\"b\"},\"z\":[}", "1:25", "expected a value"),
    ] {
        refused(KIND, text, place, about);
    }
    let text = read(KIND, "\"root:$6$hash\"", "uwsgi").unwrap_err().to_string();
    assert!(!text.contains("hash"), "{text}");
}
