//! With whose rights files are read.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, lchown, symlink};

use tests::{Dir, Subject, only, root};

use super::{check, json, rules, run};

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
fn a_strangers_link_or_text_shows_nothing_of_roots() {
    if !root() || !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let secret = dir.write("keep/secret.ini", "[uwsgi]\nlisten = swordfish\nsocket = :0\n");
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
    dir.mkdir("sites");
    for (target, link) in [(secret.as_path(), "sites/a.ini"), (&dir.join("keep"), "way")] {
        symlink(target, dir.join(link)).unwrap();
    }
    // root's own links show root what root's file has
    let said = check(&dir, &["sites/a.ini", "way/secret.ini"]);
    assert_eq!(said.out.matches("swordfish").count(), 2, "{}", said.out);
    for link in ["sites/a.ini", "way"] {
        lchown(dir.join(link), Some(4101), Some(4101)).unwrap();
    }
    let emperor = format!("[uwsgi]\nemperor = {}\n", dir.join("sites").display());
    dir.write("emperor.ini", emperor);
    symlink("emperor.ini", dir.join("theirs.ini")).unwrap();
    lchown(dir.join("theirs.ini"), Some(4101), Some(4101)).unwrap();
    for (program, words) in [
        ("vassal", &["--check", "sites/a.ini"][..]),
        ("vassal", &["--check", "way/secret.ini"]),
        ("vassal", &["--check", "sites"]),
        ("vassal", &["way/secret.ini"]),
        ("emperor", &["--check", "sites"]),
        ("emperor", &["--check", "emperor.ini"]),
    ] {
        let said = run(&dir, program, words, "");
        let text = said.out + &said.err;
        assert!(matches!(said.code, Some(1 | 5)), "{words:?}: {text}");
        assert!(text.contains("Permission denied"), "{words:?}: {text}");
        assert!(!text.contains("swordfish"), "{words:?}: {text}");
    }
    let said = run(&dir, "emperor", &["--check", "theirs.ini"], "");
    assert!(said.err.contains("theirs.ini: belongs to uid 4101"), "{}", said.err);

    dir.write("open.ini", "[uwsgi]\nthreads = trout\n");
    let bobs = dir.write("bobs.ini", "[uwsgi]\nlisten = salmon\n");
    chown(bobs, Some(4101), Some(4101)).unwrap();
    let text =
        format!("[uwsgi]\nprocesses = @({})\nini = open.ini\nini = bobs.ini\n", secret.display());
    let said = run(&dir, "vassal", &["--check", "-"], &text);
    for (part, there) in [("trout", true), ("salmon", true), ("swordfish", false)] {
        assert_eq!(said.out.contains(part), there, "{part}: {}", said.out);
    }
    assert!(said.out.contains("Permission denied"), "{}", said.out);
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
