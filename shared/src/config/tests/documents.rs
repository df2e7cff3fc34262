//! The examples of the documentation are what they teach: nothing is found in them.

use std::fs;
use std::path::Path;

use crate::option;

use super::*;

/// Stands before an example of what not to write.
const BAD: &str = "<!-- a bad example -->";

/// The configurations in a page: what is fenced as one, and what is indented and begins as one.
fn examples(page: &str) -> Vec<String> {
    let (mut list, mut block, mut fenced, mut bad) = (Vec::new(), Vec::new(), false, false);
    for line in page.lines().chain([""]) {
        let code = if fenced { Some(line) } else { line.strip_prefix("    ") };
        match code.filter(|code| !code.starts_with("```")) {
            Some(code) => block.push(left(code)),
            // a blank line does not end what goes on behind it
            None if line.is_empty() && !block.is_empty() && !fenced => block.push(""),
            None => {
                let text = std::mem::take(&mut block).join("\n");
                if !bad && (fenced || is_configuration(&text)) {
                    list.push(text);
                }
                bad = line == BAD || line.is_empty() && bad;
                fenced = line == "```ini" && !fenced;
            }
        }
    }
    let rest = block.join("\n");
    if is_configuration(&rest) && !bad {
        list.push(rest);
    }
    list
}

/// The left one of two columns; a comment behind a value is none.
fn left(line: &str) -> &str {
    match line.split_once("    ") {
        Some((left, right)) if !left.is_empty() && !right.trim_start().starts_with(['#', ';']) => {
            left
        }
        // nothing on the left
        Some(("", _)) => "",
        Some(_) | None => line,
    }
}

fn is_configuration(text: &str) -> bool {
    let first = text.lines().find(|line| !line.starts_with(['#', ';', '[']) && !line.is_empty());
    let headed = text.starts_with("[uwsgi]");
    let key = first.and_then(|line| line.split_once('=')).map(|(key, _)| key.trim());
    headed || key.is_some_and(|key| option::find(key).is_some())
}

/// What is found in an example.
fn found(example: &str) -> Vec<String> {
    let head = if example.starts_with('[') { "" } else { "[uwsgi]\n" };
    let place = Place::new(&[("app.ini", &format!("{head}{example}\n"))]);
    let mut reading = place.vassal("app.ini");
    let settings = settle(&mut reading, "app.ini");
    let advice = advise(&reading, Some(&settings), &|_| None);
    reading.findings.iter().chain(&advice).map(ToString::to_string).collect()
}

#[test]
fn nothing_is_found_in_the_examples_of_the_documentation() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let pages = fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let pages = pages.filter(|path| path.extension().is_some_and(|ending| ending == "md"));
    let mut count = 0;
    for page in pages.chain([root.join("README.md")]) {
        for example in examples(&fs::read_to_string(&page).unwrap()) {
            let found = found(&example);
            assert_eq!(found, [""; 0], "{}:\n{example}", page.display());
            count += 1;
        }
    }
    assert!(count >= 10, "{count} examples");
}

#[test]
fn examples_are_found_and_bad_ones_are_left_out() {
    let page = "Text\n\n    [uwsgi]\n    processes = 4   ; four\n\n    threads = 2\n\n\
                ```ini\nthreads = 2 ; x\n```\n\n\
                    socket = a.sock       location / {\n\nText\n\n    import uwsgi\n\n\
                <!-- a bad example -->\n\n    harakiri = 5s\n\nText\n";
    let page = page.replace("socket = a.sock ", "    socket = a.sock ");
    let all = examples(&page);
    assert_eq!(all.len(), 3, "{all:?}");
    assert!(found(&all[0]).len() == 1 && all[0].contains("threads"), "{all:?}");
    assert_eq!((found(&all[1]).len(), all[2].trim()), (1, "socket = a.sock"));
}
