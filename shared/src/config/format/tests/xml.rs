//! XML, as uWSGI with libxml2 reads it.

use super::*;

const KIND: Kind = Kind::Xml;

#[test]
fn elements_are_options() {
    for (text, options) in [
        ("<uwsgi><a>b</a><master/><c></c></uwsgi>", "a=b|master=1|c=1"),
        ("<uwsgi><a>1</a><a>2</a></uwsgi>", "a=1|a=2"),
        ("<uwsgi><a.b-c_d>true</a.b-c_d></uwsgi>", "a.b-c_d=true"),
        (
            "<uwsgi><a>x &amp; y &lt;z&gt; &quot; &apos; &#65; &#x42;</a></uwsgi>",
            "a=x & y <z> \" ' A B",
        ),
        ("<uwsgi><a><![CDATA[x & y < z]]></a></uwsgi>", "a=x & y < z"),
        ("<uwsgi><a><![CDATA[]]></a></uwsgi>", "a="),
        ("<uwsgi><a>x\r\ny</a><b>a > b</b></uwsgi>", "a=x\ny|b=a > b"),
        ("<uwsgi><d>w<!-- c --></d><!-- c --></uwsgi>", "d=w"),
        ("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<uwsgi><a>é</a></uwsgi>", "a=é"),
        ("<!-- c --><!DOCTYPE uwsgi>\n<uwsgi/>\n<!-- d -->", ""),
        ("<uwsgi><n:a xmlns:n=\"u\">b</n:a></uwsgi>", "a=b"),
        ("<u:uwsgi xmlns:u=\"x\"><a>b</a></u:uwsgi>", "a=b"),
    ] {
        assert_eq!(quiet(KIND, text), options, "{text}");
    }
}

#[test]
fn blanks_belong_to_the_value_and_are_told() {
    let text = "<uwsgi><d> x </d><e>\n  y\n</e></uwsgi>";
    assert_eq!(options(KIND, text), "d= x |e=\n  y\n");
    assert_eq!(notes(KIND, text).len(), 2);
    noted(KIND, "<uwsgi><a> </a></uwsgi>", "1:9", "\"a\" has blanks");
}

#[test]
fn an_empty_element_is_marked() {
    let document = section(KIND, "<uwsgi><master/><a>1</a></uwsgi>", "uwsgi");
    let bare: Vec<bool> = document.pairs.iter().map(|pair| pair.bare).collect();
    assert_eq!(bare, [true, false]);
}

#[test]
fn every_value_has_a_place() {
    let text = "<r>\n <uwsgi>\n  <a>b</a><é>c\n</é>  <c/>\n </uwsgi></r>";
    assert_eq!(places(KIND, text), [(3, 4), (3, 12), (4, 8)]);
}

#[test]
fn the_section_is_the_outermost_element_or_one_level_below() {
    assert_eq!(quiet(KIND, "<root><j>x</j><uwsgi><a>b</a></uwsgi></root>"), "a=b");
    assert_eq!(quiet(KIND, "<uwsgi id=\"x\"><a>b</a></uwsgi>"), "a=b");
    let deep = section(KIND, "<root><sub><uwsgi><a>b</a></uwsgi></sub></root>", "uwsgi");
    assert!(!deep.found);
    assert_eq!(deep.sections, ["root"]);
    assert!(!section(KIND, "<UWSGI><a>b</a></UWSGI>", "uwsgi").found);
}

const MANY: &str = "<root><uwsgi id=\"x\"><a>b</a></uwsgi><uwsgi><c>d</c></uwsgi>\
                    <uwsgi id=\"y\"><e>f</e></uwsgi><uwsgi id=\"x\"><g>h</g></uwsgi></root>";

#[test]
fn an_id_selects_a_section() {
    for (wanted, options) in [("x", "a=b"), ("uwsgi", "a=b"), ("none", "c=d")] {
        assert_eq!(printed(&section(KIND, MANY, wanted)), options, "{wanted}");
    }
    assert_eq!(section(KIND, MANY, "none").sections, ["x", "uwsgi", "y"]);
    // an outermost element is read whatever its id
    let one = section(KIND, "<uwsgi id=\"x\"><a>b</a></uwsgi>", "y");
    assert_eq!(printed(&one), "a=b");
    assert!(one.notes[0].message.contains("no element has the id"), "{:?}", one.notes);
    let others = "<root><uwsgi id=\"x\"><a>b</a></uwsgi><uwsgi id=\"z\"><c>d</c></uwsgi></root>";
    assert!(!section(KIND, others, "none").found);
}

#[test]
fn the_section_with_the_id_is_read_where_uwsgi_takes_the_one_without() {
    let document = section(KIND, MANY, "y");
    assert_eq!(printed(&document), "e=f");
    let [note] = document.notes.as_slice() else { panic!("{:?}", document.notes) };
    assert!(note.message.contains("without an id"), "{note:?}");
}

#[test]
fn what_uwsgi_drops_is_told() {
    for (text, options, place, about) in [
        ("<uwsgi><a x=\"1\">b</a></uwsgi>", "a=b", "1:8", "attribute"),
        ("<uwsgi foo=\"bar\"><a>b</a></uwsgi>", "a=b", "1:1", "attribute"),
        ("<uwsgi>text<a>b</a></uwsgi>", "a=b", "1:8", "no option"),
        ("<uwsgi><a>x<b>y</b>z</a><c>d</c></uwsgi>", "a=x|c=d", "1:9", "holds elements"),
        ("<root><uwsgi><a>b</a></uwsgi><uwsgi/></root>", "a=b", "1:30", "only the first"),
    ] {
        assert_eq!(self::options(KIND, text), options, "{text}");
        noted(KIND, text, place, about);
    }
}

#[test]
fn an_element_of_elements_crashes_uwsgi_and_is_dropped_here() {
    let text = "<uwsgi><app><mountpoint>/x</mountpoint></app><c>d</c></uwsgi>";
    assert_eq!(options(KIND, text), "c=d");
    noted(KIND, text, "1:9", "\"app\" holds elements instead of a value");
}

#[test]
fn all_of_a_text_is_read_where_uwsgi_takes_its_first_piece() {
    for text in [
        "<uwsgi><a>x<![CDATA[y]]>z</a></uwsgi>",
        "<uwsgi><a><!-- no -->xyz</a></uwsgi>",
        "<uwsgi><a>xy<!-- no -->z</a></uwsgi>",
        "<uwsgi><a><?no no?>xyz</a></uwsgi>",
    ] {
        assert_eq!(options(KIND, text), "a=xyz", "{text}");
        noted(KIND, text, "1:9", "first piece only");
    }
    let text = "<uwsgi><a><!-- no --></a></uwsgi>";
    assert_eq!(options(KIND, text), "a=1");
    noted(KIND, text, "1:9", "first piece only");
}

#[test]
fn a_document_type_is_not_read() {
    let laughs = "<!DOCTYPE u [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;\">]><uwsgi><a>&b;</a></uwsgi>";
    refused(KIND, laughs, "1:62", "other entities do not exist");
    let unused = laughs.replace("&b;", "c");
    assert_eq!(options(KIND, &unused), "a=c");
    noted(KIND, &unused, "1:1", "document type");
}

#[test]
fn another_encoding_is_read_as_utf8_and_told() {
    let text = "<?xml version=\"1.0\" encoding=\"iso-8859-1\"?>\n<uwsgi><a>é</a></uwsgi>";
    assert_eq!(options(KIND, text), "a=é");
    noted(KIND, text, "1:1", "encoding");
}

#[test]
fn what_is_not_xml_is_said_with_what_was_expected() {
    for (text, place, about) in [
        ("", "1:1", "expected <uwsgi>"),
        ("secret", "1:1", "expected <uwsgi>"),
        ("<uwsgi><a>b</uwsgi>", "1:12", "another element"),
        ("<uwsgi>\n<a>b</a>", "2:9", "not closed"),
        ("</uwsgi>", "1:1", "not open"),
        ("<uwsgi></uwsgi><x/>", "1:16", "second outermost"),
        ("<uwsgi></uwsgi>x", "1:16", "nothing behind"),
        ("\n<?xml version=\"1.0\"?>\n<uwsgi/>", "2:1", "very first"),
        ("<uwsgi><a b>c</a></uwsgi>", "1:8", "attributes"),
        ("<uwsgi><a b=c>c</a></uwsgi>", "1:8", "attributes"),
        ("<uwsgi><1>c</1></uwsgi>", "1:8", "name of an element"),
        ("<uwsgi><a>a & b</a></uwsgi>", "1:13", "&amp;"),
        ("<uwsgi><a>&nope;</a></uwsgi>", "1:11", "&amp;"),
        ("<uwsgi><a>&#1;</a></uwsgi>", "1:11", "number"),
        ("<uwsgi><a>\u{1}</a></uwsgi>", "1:11", "control character"),
        ("<uwsgi><!-- x</uwsgi>", "1:8", "-->"),
        ("<uwsgi><a", "1:8", "expected >"),
    ] {
        refused(KIND, text, place, about);
    }
    for secret in ["root:$6$hash:19000::", "<root><hash></secret>", "<a>&hash;</a>"] {
        let text = read(KIND, secret, "uwsgi").unwrap_err().to_string();
        assert!(!text.contains("hash") && !text.contains("secret"), "{text}");
    }
}
