//! Findings as SARIF 2.1.0, which code hosts and editors show beside the lines.

use std::fmt::Write;
use std::path::Path;

use serde_json::{Value, json};
use shared::finding::{Finding, Origin, Severity};
use shared::rule::RULES;

use super::Checked;
use super::json::printable;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// One log with one run. Paths below `here` are relative to it, as code hosts want them.
pub(super) fn text(results: &[Checked], here: &Path) -> String {
    let rules: Vec<Value> = RULES
        .iter()
        .map(|rule| {
            json!({
                "id": rule.code,
                "shortDescription": { "text": message(rule.title) },
                "fullDescription": { "text": message(rule.help) },
                "help": { "text": message(rule.help) },
                "defaultConfiguration": { "level": level(rule.severity) },
            })
        })
        .collect();
    let found: Vec<Value> = results
        .iter()
        .flat_map(|one| one.findings.iter().map(move |finding| result(one, finding, here)))
        .collect();
    printable(&json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "emperor-check",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "originalUriBaseIds": { "START": { "uri": uri(here, true) } },
            "results": found,
        }],
    }))
}

fn level(severity: Severity) -> &'static str {
    severity.as_str()
}

fn result(checked: &Checked, finding: &Finding, here: &Path) -> Value {
    let mut text = match &finding.option {
        Some(option) => format!("{option}: {}", finding.message),
        None => finding.message.clone(),
    };
    if let Some(near) = &finding.suggestion {
        let _ = write!(text, "; did you mean \"{near}\"?");
    }
    if let Some(uwsgi) = &finding.uwsgi {
        let _ = write!(text, " (uWSGI: {uwsgi})");
    }
    let path = match &finding.origin {
        Some(Origin::File { path, .. }) => path.as_ref(),
        Some(_) | None => checked.file.as_path(),
    };
    let (line, column) = finding.place().unwrap_or((1, 1));
    let mut result = json!({
        "ruleId": finding.code,
        "level": level(finding.severity),
        "message": { "text": message(&text) },
        "locations": [{ "physicalLocation": {
            "artifactLocation": artifact(path, here),
            "region": { "startLine": line.max(1), "startColumn": column.max(1) },
        }}],
    });
    if let Some(index) = RULES.iter().position(|rule| rule.code == finding.code) {
        result["ruleIndex"] = json!(index);
    }
    result
}

/// A text in which braces are no placeholders.
fn message(text: &str) -> String {
    text.replace('{', "{{").replace('}', "}}")
}

fn artifact(path: &Path, here: &Path) -> Value {
    let inside = path.strip_prefix(here).unwrap_or(path);
    if inside.is_relative() {
        json!({ "uri": uri(inside, false), "uriBaseId": "START" })
    } else {
        json!({ "uri": uri(inside, false) })
    }
}

/// A path as a URI reference.
fn uri(path: &Path, directory: bool) -> String {
    use std::os::unix::ffi::OsStrExt;
    let mut text = String::from(if path.is_absolute() { "file://" } else { "" });
    for byte in path.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(byte) {
            text.push(char::from(*byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    if directory && !text.ends_with('/') {
        text.push('/');
    }
    text
}

#[cfg(test)]
mod tests {
    use shared::rule;

    use super::*;

    #[test]
    fn results_point_to_their_lines_and_rules() {
        let path = std::path::Path::new("/srv/a b/x.ini").into();
        let origin = Origin::File { path, line: 3, column: 1, value: 9 };
        let finding = Finding::warning(Some(origin), Some("process"), "unknown")
            .rule(rule::UNKNOWN_OPTION)
            .uwsgi("one worker runs");
        let whole = Finding::error(None, None, "no ${socket}").rule(rule::NO_SOCKET);
        let findings = vec![finding, whole];
        let checked = Checked { file: "/etc/y.ini".into(), findings, unreadable: false };
        let log: Value = serde_json::from_str(&text(&[checked], Path::new("/srv"))).unwrap();
        let run = &log["runs"][0];
        let first = &run["results"][0];
        let place = &first["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "a%20b/x.ini");
        assert_eq!(place["region"], json!({ "startLine": 3, "startColumn": 1 }));
        let index = first["ruleIndex"].as_u64().unwrap() as usize;
        assert_eq!(run["tool"]["driver"]["rules"][index]["id"], "unknown-option");
        assert_eq!(run["results"][1]["message"]["text"], "no ${{socket}}");
        let second = &run["results"][1]["locations"][0]["physicalLocation"];
        assert_eq!(second["artifactLocation"]["uri"], "file:///etc/y.ini");
        assert_eq!(run["originalUriBaseIds"]["START"]["uri"], "file:///srv/");
    }
}
