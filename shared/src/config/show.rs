//! `show-config`: what was read, in uWSGI's form and as JSON.

use std::fmt::Write;

use serde::{Deserialize, Serialize};

use crate::finding::Origin;

use super::directive::truth;
use super::{Directive, Directives, Reading};

/// How a configuration wants to be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Form {
    /// uWSGI's: an ini file between two comment lines.
    Ini,
    /// One JSON document with the origin of every value.
    Json,
}

/// Whether and how `show-config` is asked for.
pub fn asked(directives: &Directives) -> Option<Form> {
    let value = &directives.last("show-config")?.value;
    match value.as_str() {
        "json" => Some(Form::Json),
        other => truth(other).then_some(Form::Ini),
    }
}

/// All options in their final order, variables replaced, under the names they were given by.
pub fn show(reading: &Reading, form: Form) -> String {
    match form {
        Form::Ini => ini(&reading.directives),
        Form::Json => json(reading),
    }
}

/// Values are a tenant's text: control characters do not get to a terminal.
fn ini(directives: &Directives) -> String {
    let shown = |c: char| if c.is_control() && !"\t\n".contains(c) { '\u{fffd}' } else { c };
    let clean = |text: &str| -> String { text.chars().map(shown).collect() };
    let mut text = String::from("\n;uWSGI instance configuration\n[uwsgi]\n");
    for one in directives.written() {
        let _ = writeln!(text, "{} = {}", clean(&one.given), clean(&one.value));
    }
    text.push_str(";end of configuration\n\n");
    text
}

#[derive(Serialize)]
struct Document<'a> {
    directives: Vec<Shown<'a>>,
    findings: &'a [crate::finding::Finding],
}

#[derive(Serialize)]
struct Shown<'a> {
    /// The name as it was given.
    name: &'a str,
    /// The option's primary name; absent for variables.
    #[serde(skip_serializing_if = "Option::is_none")]
    option: Option<&'a str>,
    value: &'a str,
    /// `file:line`, or what else it came from.
    origin: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<u32>,
}

fn json(reading: &Reading) -> String {
    let directives = reading.directives.written().map(shown).collect();
    let document = Document { directives, findings: &reading.findings };
    let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text.push('\n');
    text
}

fn shown(one: &Directive) -> Shown<'_> {
    let (file, line, column) = match &one.origin {
        Origin::File { path, line, column, .. } => {
            (Some(path.to_string_lossy().into_owned()), Some(*line), Some(*column))
        }
        Origin::CommandLine | Origin::Environment(_) | Origin::VassalSet => (None, None, None),
    };
    let known = crate::option::find(&one.given).is_some();
    Shown {
        name: &one.given,
        option: known.then_some(one.key.as_str()),
        value: &one.value,
        origin: one.origin.to_string(),
        file,
        line,
        column,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(pairs: &[(&str, &str)]) -> Reading {
        let mut reading = Reading::default();
        for (line, (given, value)) in (2..).zip(pairs) {
            reading.directives.push(Directive {
                key: crate::option::find(given).map_or(*given, |row| row.name).to_owned(),
                value: (*value).to_owned(),
                origin: Origin::File {
                    path: std::path::Path::new("/a.ini").into(),
                    line,
                    column: 1,
                    value: 0,
                },
                given: (*given).to_owned(),
                part: super::super::Part::Both,
                secret: false,
            });
        }
        reading
    }

    #[test]
    fn every_option_is_shown_in_order_and_harmless() {
        let reading =
            reading(&[("show-config", "true"), ("env", "A=\x1b[2J"), ("workers", "2"), ("x", "")]);
        let want = "\n;uWSGI instance configuration\n[uwsgi]\nshow-config = true\n\
                    env = A=\u{fffd}[2J\nworkers = 2\nx = \n;end of configuration\n\n";
        assert_eq!(show(&reading, Form::Ini), want);
    }

    #[test]
    fn the_document_says_where_everything_was_given() {
        let reading = reading(&[("workers", "2"), ("x", "1")]);
        let document: serde_json::Value =
            serde_json::from_str(&show(&reading, Form::Json)).unwrap();
        let first = &document["directives"][0];
        assert_eq!(first["name"], "workers");
        assert_eq!(first["option"], "processes");
        assert_eq!(first["origin"], "/a.ini:2");
        assert_eq!((&first["line"], &first["column"]), (&2.into(), &1.into()));
        assert!(document["directives"][1].get("option").is_none());
    }

    #[test]
    fn nothing_is_shown_to_who_did_not_ask() {
        let form = |value| asked(&reading(&[("show-config", value)]).directives);
        assert_eq!(asked(&reading(&[("processes", "2")]).directives), None);
        assert_eq!((form("False"), form("yes"), form("json")), {
            (None, Some(Form::Ini), Some(Form::Json))
        });
    }
}
