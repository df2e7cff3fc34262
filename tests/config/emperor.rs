//! Bad files in the Emperor's directory: it lives, the others serve, the reason is told.

use std::fs;
use std::os::unix::fs::symlink;

use nix::sys::stat::Mode;
use tests::emperor::Emperor;
use tests::server::SOON;
use tests::{Subject, eventually, http, only};

use crate::bad::{files, helpers};

#[test]
fn bad_files_are_explained_and_hurt_nobody() {
    if !only(Subject::Ours) {
        return;
    }
    let emperor = Emperor::start();
    let good = emperor.hello("good.ini", "");
    emperor.await_answer(good);
    let master = emperor.vassal("good.ini")["pid"].clone();
    helpers(&emperor.dir().join("sites"));
    let bad: Vec<_> = files().into_iter().filter(|bad| bad.refused).collect();
    for file in &bad {
        let temporary = emperor.dir().join("next");
        fs::write(&temporary, &file.bytes).unwrap();
        fs::rename(temporary, emperor.file(file.name)).unwrap();
    }
    for file in &bad {
        eventually(&format!("{} is refused with a reason", file.name), SOON, || {
            let app = emperor.api.app(file.name);
            let reason = app["reason"].as_str().unwrap_or_default();
            let said = file.says.iter().all(|text| reason.contains(text));
            if !reason.is_empty() && said { Ok(()) } else { Err(app) }
        });
        assert_eq!(http::get(good, "/").unwrap().text(), "Hello World", "{}", file.name);
    }
    assert!(emperor.server.process().alive());
    assert_eq!(emperor.vassal("good.ini")["pid"], master, "the good one was never touched");
    // mended, it serves: by the same name
    let address = emperor.hello("nested.ini", "");
    assert_eq!(emperor.await_answer(address), "Hello World");
    emperor.stop();
}

#[test]
fn what_is_no_file_is_no_vassal() {
    let emperor = Emperor::start();
    fs::create_dir(emperor.file("folder.ini")).unwrap();
    nix::unistd::mkfifo(&emperor.file("pipe.ini"), Mode::S_IRWXU).unwrap();
    symlink("nowhere", emperor.file("dangling.ini")).unwrap();
    symlink("round.ini", emperor.file("round.ini")).unwrap();
    symlink("/dev/zero", emperor.file("zero.ini")).unwrap();
    let good = emperor.hello("good.ini", "");
    assert_eq!(emperor.await_answer(good), "Hello World");
    let stats = emperor.stats();
    let names: Vec<&str> =
        stats["vassals"].as_array().unwrap().iter().filter_map(|one| one["id"].as_str()).collect();
    assert_eq!(names, ["good.ini"]);
    emperor.stop();
}
