//! The public Emperor protocol: real uWSGI as our vassal, and our vassal under the real Emperor.

use std::time::{Duration, SystemTime};

use tests::emperor::{Emperor, Throne};
use tests::server::SOON;
use tests::{Subject, eventually, free_address, http, programs};

/// Start, touch, delete.
fn lives(emperor: Emperor) {
    emperor.dir().app("battery.py");
    let address = free_address();
    emperor.drop_file("a.ini", &emperor.ini("battery.py", address, ""));
    emperor.await_answer(address);
    eventually("the vassal is known to accept", SOON, || {
        let vassal = emperor.vassal("a.ini");
        if vassal["accepting"] == 1 { Ok(()) } else { Err(vassal) }
    });
    let before = http::get(address, "/pid").expect("the test's own set-up works").text();
    // a later whole second, which is what the original compares
    let file = std::fs::OpenOptions::new()
        .append(true)
        .open(emperor.file("a.ini"))
        .expect("the test's own set-up works");
    file.set_modified(SystemTime::now() + Duration::from_secs(2))
        .expect("the test's own set-up works");
    eventually("a touch replaces the worker", SOON, || match http::get(address, "/pid") {
        Ok(answer) if answer.text() != before => Ok(()),
        Ok(answer) => Err(answer.text()),
        Err(error) => Err(error.to_string()),
    });
    emperor.remove("a.ini");
    eventually("the vassal is gone", SOON, || {
        let gone = emperor.vassal("a.ini").is_null() && http::get(address, "/").is_err();
        if gone { Ok(()) } else { Err(emperor.vassal("a.ini")) }
    });
    emperor.stop();
}

#[test]
fn real_uwsgi_is_started_touched_and_deleted_by_our_emperor() {
    let throne = Throne::of(Subject::Ours).arg("--binary-path").arg(programs::original());
    lives(throne.start());
}

#[test]
fn our_vassal_is_started_touched_and_deleted_by_the_real_emperor() {
    let throne = Throne::of(Subject::Uwsgi).arg("--binary-path").arg(programs::ours("vassal"));
    lives(throne.start());
}

#[test]
fn real_uwsgi_under_the_real_emperor_shows_that_the_test_is_fair() {
    lives(Throne::of(Subject::Uwsgi).start());
}
