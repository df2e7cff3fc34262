//! The JSON schema of configurations, read by a validator that somebody else wrote.

use std::process::Command;

use serde_json::{Value, json};
use tests::{Dir, Subject, not_run, only, python};

const VALIDATE: &str = "
import json, sys
from jsonschema import Draft202012Validator as Validator
schema = json.load(open(sys.argv[1]))
Validator.check_schema(schema)
validator = Validator(schema)
answers = []
for document in json.load(open(sys.argv[2])):
    errors = validator.iter_errors(document)
    answers.append(sorted('/'.join(map(str, error.absolute_path)) for error in errors))
print(json.dumps(answers))
";

/// Validates documents: for each the places with something wrong. `None`: no validator here.
fn validate(documents: &[Value]) -> Option<Vec<Vec<String>>> {
    if !only(Subject::Ours) {
        return None;
    }
    let python = python::prepared()?.join("bin/python");
    let has =
        Command::new(&python).args(["-c", "import jsonschema"]).output().expect("Python runs");
    if !has.status.success() {
        not_run("jsonschema is not installed: run tests/run");
        return None;
    }
    let dir = Dir::new();
    let file = dir.write("documents.json", serde_json::to_string(documents).expect("it is JSON"));
    let schema = crate::repository().join("docs/site.schema.json");
    let output = Command::new(python)
        .args(["-c", VALIDATE])
        .arg(schema)
        .arg(file)
        .output()
        .expect("Python runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(serde_json::from_slice(&output.stdout).expect("the answer is JSON"))
}

#[test]
fn the_schema_takes_what_is_right_and_points_at_what_is_wrong() {
    let cases: Vec<(Value, &[&str])> = vec![
        (json!({"uwsgi": {}}), &[]),
        (
            json!({"uwsgi": {
                "socket": [":1", ":2"], "master": true, "processes": 4, "threads": "2",
                "env": ["A=1", "B=2"], "chmod-socket": "660", "protocol": "http",
                "http-keepalive": true, "uid": 33, "vacuum": "yes", "need-app": false,
                "project": "shop", "chdir": "/srv/%(project)", "harakiri": "%(patience)",
                "workers": "@(/etc/workers)",
            }}),
            &[],
        ),
        (json!({"uwsgi": {"processes": 1}, "other": {"anything": 1}}), &[]),
        (json!({}), &[""]),
        (json!({"uwsgi": {"processes": "four"}}), &["uwsgi/processes"]),
        (json!({"uwsgi": {"workers": -1}}), &["uwsgi/workers"]),
        (json!({"uwsgi": {"master": "perhaps"}}), &["uwsgi/master"]),
        (json!({"uwsgi": {"protocol": "gopher"}}), &["uwsgi/protocol"]),
        (json!({"uwsgi": {"harakiri": "5s", "vacuum": 7}}), &["uwsgi/harakiri", "uwsgi/vacuum"]),
        (json!({"uwsgi": {"chdir": ["/a", "/b"]}}), &["uwsgi/chdir"]),
        (json!({"uwsgi": ["processes"]}), &["uwsgi"]),
    ];
    let documents: Vec<Value> = cases.iter().map(|(document, _)| document.clone()).collect();
    let Some(answers) = validate(&documents) else { return };
    assert_eq!(answers.len(), cases.len());
    for ((document, wrong), answer) in cases.iter().zip(answers) {
        assert_eq!(answer, *wrong, "{document}");
    }
}
