//! Texts that mean harm, or are none: every one ends in an answer, soon.

use super::*;

fn repeat(head: &str, part: &str, count: usize, tail: &str) -> String {
    format!("{head}{}{tail}", part.repeat(count))
}

#[test]
fn the_number_of_values_is_bounded() {
    let few = PAIRS_MAX;
    for (kind, head, part, tail) in [
        (Kind::Yaml, "uwsgi:\n", "  a: b\n", ""),
        (Kind::Yaml, "uwsgi:\n  a:\n", "    - b\n", ""),
        (Kind::Json, "{\"uwsgi\":{", "\"a\":1,", "\"b\":[]}}"),
        (Kind::Json, "{\"uwsgi\":{\"a\":[", "1,", "{}]}}"),
        (Kind::Xml, "<uwsgi>", "<a/>", "</uwsgi>"),
    ] {
        let enough = section(kind, &repeat(head, part, few, tail), "uwsgi");
        assert_eq!(enough.pairs.len(), few);
        let fault = read(kind, &repeat(head, part, few + 1, tail), "uwsgi").unwrap_err();
        assert!(fault.message.contains("more than 20000 values"), "{fault}");
    }
    let fault = read(Kind::Yaml, &repeat("", "- x\n", 120_000, ""), "uwsgi").unwrap_err();
    assert!(fault.message.contains("values in one file"), "{fault}");
    let fault = read(Kind::Yaml, &repeat("[", "a,", 120_000, "]"), "uwsgi").unwrap_err();
    assert!(fault.message.contains("commas"), "{fault}");
}

#[test]
fn nesting_is_bounded() {
    let deep = |open: &str, close: &str, count| open.repeat(count) + &close.repeat(count);
    for count in [DEPTH_MAX, 200, 100_000] {
        for text in [
            format!("uwsgi: {}", deep("[", "]", count)),
            format!("uwsgi:\n  - {}x", "- ".repeat(count)),
        ] {
            let fault = read(Kind::Yaml, &text, "uwsgi").unwrap_err();
            let about = ["nested deeper than 64", "more than 60000"];
            assert!(about.iter().any(|about| fault.message.contains(about)), "{fault}");
        }
        let text = format!("<uwsgi>{}</uwsgi>", deep("<a>", "</a>", count));
        let fault = read(Kind::Xml, &text, "uwsgi").unwrap_err();
        assert!(fault.message.contains("nested deeper than 64"), "{fault}");
        // dropped, not descended into
        let text = format!("{{\"x\":{0},\"uwsgi\":{{\"a\":{0}}}}}", deep("[", "]", count));
        noted(Kind::Json, &text, &format!("1:{}", 21 + 2 * count), "list");
    }
}

#[test]
fn aliases_are_bounded() {
    let laughs = |first: &str| {
        let next =
            |n: usize| format!("  a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 10].join(","));
        format!("uwsgi:\n  a0: &a0 {first}\n{}", (1..30).map(next).collect::<Vec<_>>().concat())
    };
    for (text, about) in [
        (laughs("[x,x]"), "more than 20000 values"),
        (laughs("[]"), "aliases make more than"),
        ("uwsgi:\n  a: &a [*a]\n".to_owned(), "nested deeper"),
        ("uwsgi: &u\n  <<: *u\n".to_owned(), "nested deeper"),
        (format!("uwsgi:\n  a: &a {}\n  b: [{}]\n", "x".repeat(500_000), "*a,".repeat(9)), "MiB"),
    ] {
        let fault = read(Kind::Yaml, &text, "uwsgi").unwrap_err();
        assert!(fault.message.contains(about), "{about}: {fault}");
    }
}

#[test]
fn a_long_key_of_a_long_list_is_bounded() {
    let key = "k".repeat(500_000);
    let list = repeat("{\"uwsgi\":{\"", &key, 1, "\":[1,2,3,4,5,6,7,8,9]}}");
    let fault = read(Kind::Json, &list, "uwsgi").unwrap_err();
    assert!(fault.message.contains("4 MiB") && !fault.message.contains("kk"));
}

#[test]
fn notes_are_bounded() {
    let text = repeat("<uwsgi>", "<a x='1'>b</a>", 200, "</uwsgi>");
    let document = section(Kind::Xml, &text, "uwsgi");
    assert_eq!(document.pairs.len(), 200);
    assert_eq!(document.notes.len(), NOTES_MAX);
    assert!(document.notes[NOTES_MAX - 1].message.contains("not listed"));
}

/// Seeded noise: nothing in it may panic, and all places have to be in the text.
#[test]
fn no_text_panics_a_reader() {
    let seeds = [
        (
            Kind::Yaml,
            "%YAML 1.2\n---\nbase: &b {x: 'y', z: [1, \"2\\n\"]}\nuwsgi:\n  <<: *b\n  a: !t |\n    x\n\n  \
             b: >-\n    y\n  c:\n    - %x # é\n    - d: e: f\n  ? g\n  : h\r\n  i: *j\n---\nuwsgi:\n k: [::]:1\n...\n",
        ),
        (
            Kind::Json,
            "{\"x\":{},\"uwsgi\":{\"a\":[\"é\\ud83d\\ude00\",1.5e3,true,null,[],{}],\"b\":false, // c\n\
             \"c\":{\"d\":-0}},/* e */\"uwsgi\":{}}",
        ),
        (
            Kind::Xml,
            "<?xml version=\"1.0\" encoding='x'?><!DOCTYPE r [<!ENTITY e 'f'>]><r><!-- c --><uwsgi id=\"x\">\
             <a b='c'>d&amp;&#65;<![CDATA[é]]></a>\r\n<e/><f><g>h</g></f><?i j?>k</uwsgi><uwsgi/></r>",
        ),
    ];
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as usize % below.max(1)
    };
    let mut read_well = [0_u32; 3];
    for round in 0..6000 {
        let (kind, seed) = seeds[round % 3];
        let mut text: Vec<char> = seed.chars().collect();
        for _ in 0..random(8) {
            let at = random(text.len() + 1);
            match random(4) {
                0 => text.insert(at, random_mark(&mut random)),
                1 if at < text.len() => drop(text.remove(at)),
                2 => drop(text.drain(at..(at + random(30)).min(text.len()))),
                _ => {
                    let piece: Vec<char> = text[at..].iter().take(random(30)).copied().collect();
                    let to = random(text.len() + 1);
                    text.splice(to..to, piece);
                }
            }
        }
        let text: String = text.into_iter().collect();
        let lines = text.matches('\n').count() as u32 + 1;
        let wanted = ["uwsgi", "x"][round % 2];
        match read(kind, &text, wanted) {
            Ok(document) => {
                read_well[round % 3] += u32::from(document.found);
                let pairs = document.pairs.iter().map(|pair| (pair.line, pair.column));
                let notes = document.notes.iter().map(|note| (note.line, note.column));
                for (line, column) in pairs.chain(notes) {
                    assert!(
                        (1..=lines).contains(&line) && column > 0,
                        "{line}:{column} of {text:?}"
                    );
                }
            }
            Err(fault) => assert!(
                (1..=lines + 1).contains(&fault.line)
                    && fault.column > 0
                    && !fault.message.is_empty(),
                "{fault} of {text:?}"
            ),
        }
    }
    // noise that is always refused would test little
    assert!(read_well.iter().all(|count| *count > 50), "{read_well:?}");
}

fn random_mark(random: &mut impl FnMut(usize) -> usize) -> char {
    const MARKS: &[char] = &[
        ' ',
        '\n',
        '\t',
        '\r',
        ':',
        '-',
        '#',
        '&',
        '*',
        '!',
        '|',
        '>',
        '<',
        '/',
        '?',
        '%',
        '@',
        '[',
        ']',
        '{',
        '}',
        ',',
        '"',
        '\'',
        '\\',
        'u',
        '0',
        ';',
        '=',
        '\0',
        'é',
        '\u{feff}',
        '\u{f5f00}',
        '\u{85}',
        '\u{2028}',
    ];
    MARKS[random(MARKS.len())]
}
