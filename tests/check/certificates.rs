//! Certificates and keys: what a check says of the files that are named.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};

use tests::tls::Certificates;
use tests::{Dir, Subject, only, root};

use super::{check, json};

/// Severity, line and message of each finding of the rule, in a file of the document.
fn found(document: &serde_json::Value, file: usize) -> Vec<(String, u64, String)> {
    let findings = document["files"][file]["findings"].as_array().expect("a list");
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    findings
        .iter()
        .filter(|one| one["rule"] == "certificate")
        .map(|one| {
            let line = one["line"].as_u64().unwrap_or(0);
            (text(&one["severity"]), line, text(&one["message"]))
        })
        .collect()
}

#[test]
fn a_check_opens_certificates_and_keys() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let Some(certificates) = Certificates::new(dir.path()) else { return };
    certificates.make("a", "a.example.org", "/CN=a");
    certificates.make("b", "b.example.org", "/CN=b");
    certificates.lasting("old", "old.example.org", "/CN=old", -1);
    dir.write("text", "this is no certificate\n");
    dir.mkdir("sites");
    for (value, severity, says) in [
        ("a.crt,a.key", "", ""),
        ("a.crt,b.key", "error", "b.key: this key does not belong to the certificate in"),
        ("none.crt,a.key", "error", "none.crt: No such file"),
        ("a.crt,none.key", "error", "none.key: No such file"),
        ("text,a.key", "error", "text: there is no certificate in it (expected PEM)"),
        ("a.crt,text", "error", "text: there is no private key in it"),
        ("sites,a.key", "error", "sites: not a regular file"),
        ("old.crt,old.key", "warning", "old.crt: expired on "),
        ("a.crt,a.key,,text", "error", "text: there is no certificate in it"),
    ] {
        let place = dir.path().display();
        let value: Vec<String> = value
            .split(',')
            .map(|name| if name.is_empty() { String::new() } else { format!("{place}/{name}") })
            .collect();
        let text = format!("[uwsgi]\nmodule = app\n\nhttps = 127.0.0.1:8443,{}\n", value.join(","));
        dir.write("sites/a.ini", &text);
        let got = found(&json(&dir, &["sites"]), 0);
        if severity.is_empty() {
            assert_eq!(got, []);
            continue;
        }
        let [(weight, 4, message)] = got.as_slice() else { panic!("{value:?}: {got:?}") };
        assert!(weight == severity && message.contains(says), "{value:?}: {got:?}");
        // a file by itself may be meant for another machine
        dir.write("alone.ini", &text);
        let got = found(&json(&dir, &["alone.ini"]), 0);
        let softer = if says.contains("No such file") { "warning" } else { severity };
        assert_eq!((got[0].0.as_str(), got[0].1), (softer, 4), "{value:?}: {got:?}");
    }
    let said = check(&dir, &["sites"]);
    assert_eq!(said.code, Some(5), "{}", said.out);
}

#[test]
fn keys_are_read_with_the_rights_of_a_start() {
    if !root() || !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let Some(certificates) = Certificates::new(dir.path()) else { return };
    let (chain, key) = certificates.make("a", "a.example.org", "/CN=a");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    dir.mkdir("sites");
    let text = format!(
        "[uwsgi]\nmodule = app\nhttps = 127.0.0.1:8443,{},{}\n",
        chain.display(),
        key.display()
    );
    // the key is root's: neither a tenant's file nor a tenant's rights open it
    let theirs = dir.write("sites/a.ini", &text);
    chown(theirs, Some(4101), Some(4101)).unwrap();
    dir.write("sites/b.ini", format!("{text}uid = 4101\ngid = 4101\n"));
    let document = json(&dir, &["sites"]);
    for file in 0..2 {
        let got = found(&document, file);
        assert_eq!(got.len(), 1, "{got:?}");
        let denied = got[0].2.to_lowercase().contains("permission denied");
        assert!(got[0].0 == "error" && denied, "{got:?}");
    }
    chown(&key, Some(4101), Some(4101)).unwrap();
    let document = json(&dir, &["sites"]);
    assert_eq!((found(&document, 0), found(&document, 1)), (vec![], vec![]));
}
