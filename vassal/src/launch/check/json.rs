//! Findings for programs.

use std::fmt::Write;

use serde_json::{Value, json};
use shared::finding::{Finding, Origin, Severity};

use super::Checked;

/// One document; `docs/check.md` describes it.
pub(super) fn text(results: &[Checked]) -> String {
    let count = |severity| {
        results.iter().flat_map(|one| &one.findings).filter(|one| one.severity == severity).count()
    };
    let files: Vec<Value> = results
        .iter()
        .map(|one| {
            json!({
                "file": one.file.to_string_lossy(),
                "refused": one.refused(),
                "unreadable": one.unreadable,
                "findings": one.findings.iter().map(finding).collect::<Vec<_>>(),
            })
        })
        .collect();
    let document = json!({
        "version": 1,
        "files": files,
        "summary": {
            "files": results.len(),
            "refused": results.iter().filter(|one| one.refused()).count(),
            "errors": count(Severity::Error),
            "warnings": count(Severity::Warning),
            "notes": count(Severity::Note),
        },
    });
    printable(&document)
}

fn finding(one: &Finding) -> Value {
    let (mut file, mut source) = (Value::Null, Value::Null);
    match &one.origin {
        Some(Origin::File { path, .. }) => file = json!(path.to_string_lossy()),
        Some(other) => source = json!(other.to_string()),
        None => {}
    }
    let place = one.place();
    json!({
        "severity": one.severity.as_str(),
        "rule": one.code,
        "file": file,
        "line": place.map(|(line, _)| line),
        "column": place.map(|(_, column)| column),
        "source": source,
        "option": one.option,
        "message": one.message,
        "suggestion": one.suggestion,
        "uwsgi": one.uwsgi,
    })
}

/// JSON for a terminal too: the control characters that JSON leaves alone are escaped.
pub(super) fn printable(document: &Value) -> String {
    let mut out = String::new();
    for c in format!("{document:#}").chars() {
        if c.is_control() && c != '\n' {
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_has_every_file_and_no_control_character() {
        let finding = Finding::error(Some(Origin::VassalSet), Some("a"), "x\u{9b}2J\n");
        let results = [
            Checked { file: "a.ini".into(), findings: vec![finding], unreadable: false },
            Checked { file: "b.ini".into(), findings: Vec::new(), unreadable: false },
        ];
        let text = text(&results);
        assert!(text.contains("\\u009b") && !text.contains('\u{9b}'));
        let document: Value = serde_json::from_str(&text).unwrap();
        let first = &document["files"][0]["findings"][0];
        assert_eq!(first["source"], "vassal-set");
        assert_eq!((&first["line"], &first["rule"]), (&Value::Null, &json!("configuration")));
        assert_eq!(document["summary"]["refused"], 1);
        assert_eq!(document["files"][1]["refused"], false);
    }
}
