//! With whose rights files are read.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};

use tests::{Dir, Subject, only, root};

use super::{check, json, rules};

#[test]
fn each_file_is_read_with_its_owners_rights_only() {
    if !root() || !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let secret = dir.write("secret.ini", "[uwsgi]\nthe-password = swordfish\n");
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
    let include = format!("ini = {}\n", secret.display());
    for (name, uid) in [("a.ini", 4101), ("b.ini", 4102), ("c.ini", 4101), ("root.ini", 0)] {
        let file =
            dir.write(format!("sites/{name}"), format!("[uwsgi]\nproceses = {uid}\n{include}"));
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        chown(&file, Some(uid), Some(uid)).unwrap();
    }
    let document = json(&dir, &["sites/a.ini", "sites/b.ini", "sites/c.ini", "sites/root.ini"]);
    for file in 0..3 {
        let found = rules(&document, file);
        assert_eq!(found, ["unknown-option", "include"], "{document:#}");
        let message = &document["files"][file]["findings"][1]["message"];
        assert!(message.as_str().unwrap().contains("Permission denied"), "{message}");
    }
    assert!(rules(&document, 3).iter().all(|rule| *rule != "include"), "root reads its own");
    let said = check(&dir, &["sites/a.ini"]);
    assert!(!said.out.contains("swordfish") && !said.out.contains("the-password"));
}

#[test]
fn a_file_that_cannot_be_read_does_not_hide_the_others() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    dir.write("a.ini", "[uwsgi]\nproceses = 1\n");
    dir.write("c.ini", "[uwsgi]\nproceses = 1\n");
    let document = json(&dir, &["a.ini", "none.ini", "c.ini"]);
    assert_eq!(rules(&document, 0), ["unknown-option"]);
    assert_eq!(rules(&document, 1), ["unreadable"]);
    assert_eq!(rules(&document, 2), ["unknown-option"]);
}

#[test]
fn a_file_that_others_may_write_must_not_choose_the_user() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let text = "[uwsgi]\nuid = nobody\ngid = 65534\nmodule = app\nhttp-socket = 127.0.0.1:80\n";
    let file = dir.write("a.ini", text);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).unwrap();
    assert!(rules(&json(&dir, &["a.ini"]), 0).contains(&"writable-file"));
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(!rules(&json(&dir, &["a.ini"]), 0).contains(&"writable-file"));
}
