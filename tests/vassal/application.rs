//! Which application is loaded, and what its process is made of: one test for each option.

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tests::{Dir, Run, Server, Subject, free_address, http, only, programs, root};

/// A server of the application that tells what it sees, and what it told.
#[track_caller]
fn told(dir: &Dir, words: &[&str]) -> (Server, Value) {
    let address = free_address();
    let server = Run::uwsgi(dir)
        .args(["--http-socket", &address.to_string(), "--master", "--need-app"])
        .args(words)
        .start();
    server.await_tcp(address);
    let answer = http::get(address, "/").expect("the server under test is there");
    assert_eq!(answer.status, 200, "{}", answer.text());
    (server, answer.json())
}

/// A directory with the application in it.
fn place() -> Dir {
    let dir = Dir::new();
    dir.app("tell.py");
    dir
}

#[test]
fn wsgi_file_names_a_file() {
    let dir = Dir::new();
    dir.app("tell.py");
    let file = dir.mkdir("inner").join("main.wsgi");
    std::fs::rename(dir.join("tell.py"), &file).unwrap();
    let (server, told) = told(&dir, &["--wsgi-file", "inner/main.wsgi"]);
    assert_eq!(told["callable"], "application");
    server.stop();
}

#[test]
fn module_names_a_module_and_perhaps_a_callable() {
    let dir = place();
    for (module, callable) in [("tell", "application"), ("tell:other", "other")] {
        let (server, told) = told(&dir, &["--module", module]);
        assert_eq!(told["callable"], callable);
        server.stop();
    }
}

#[test]
fn callable_names_a_callable() {
    let dir = place();
    let (server, told) = told(&dir, &["--wsgi-file", "tell.py", "--callable", "other"]);
    assert_eq!(told["callable"], "other");
    server.stop();
}

#[test]
fn home_is_the_root_of_the_environment() {
    let Some(python) = programs::system("python3") else { return };
    let dir = place();
    let home = dir.join("env");
    let made = Command::new(python).args(["-m", "venv", "--without-pip"]).arg(&home).output();
    assert!(made.as_ref().is_ok_and(|made| made.status.success()), "{made:?}");
    let (server, told) =
        told(&dir, &["--wsgi-file", "tell.py", "--home", &home.display().to_string()]);
    assert_eq!(told["prefix"], home.display().to_string());
    server.stop();
}

#[test]
fn pythonpath_comes_first_in_the_path_and_the_last_one_before_the_others() {
    let dir = place();
    let (one, two) = (dir.mkdir("one"), dir.mkdir("two"));
    dir.write("two/needed.py", "");
    dir.write("main.py", "import needed\nfrom tell import application\n");
    let (server, told) =
        told(&dir, &["--wsgi-file", "main.py", "--pythonpath", "one", "--pythonpath", "two"]);
    let path: Vec<_> = told["path"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let at = |wanted: &Path| {
        // the original shows them relative, with a slash behind
        let found = path.iter().position(|one| !one.is_empty() && dir.join(one) == wanted);
        found.unwrap_or_else(|| panic!("{} is not in {path:?}", wanted.display()))
    };
    assert!(at(&two) < at(&one), "{path:?}");
    server.stop();
}

#[test]
fn pyargv_is_what_the_application_sees_as_arguments() {
    let dir = place();
    let (server, told) = told(&dir, &["--wsgi-file", "tell.py", "--pyargv", "one --two three"]);
    let arguments = told["arguments"].as_array().unwrap();
    assert_eq!(arguments[1..], ["one", "--two", "three"]);
    server.stop();
}

#[test]
fn chdir_is_the_directory_of_the_application() {
    let dir = place();
    let inner = dir.mkdir("inner");
    dir.write("inner/hello.py", "from tell import application\n");
    let (server, told) =
        told(&dir, &["--chdir", "inner", "--pythonpath", "..", "--wsgi-file", "hello.py"]);
    assert_eq!(told["directory"], inner.display().to_string());
    server.stop();
}

#[test]
fn env_sets_and_unenv_removes_variables() {
    let dir = place();
    dir.write(
        "app.ini",
        "[uwsgi]\nenv = COLOUR=blue\nenv = GONE=1\nunenv = GONE\nwsgi-file = tell.py\n",
    );
    let (server, told) = told(&dir, &["--ini", "app.ini"]);
    assert_eq!(told["environment"]["COLOUR"], "blue");
    assert_eq!(told["environment"]["GONE"], Value::Null);
    server.stop();
}

#[test]
fn umask_is_the_mask_of_the_application() {
    let dir = place();
    for (mask, expected) in [("027", 0o027), ("002", 0o002)] {
        let (server, told) = told(&dir, &["--wsgi-file", "tell.py", "--umask", mask]);
        assert_eq!(told["mask"], expected);
        server.stop();
    }
}

#[test]
fn the_user_and_the_group_are_those_that_were_named() {
    if !root() {
        return;
    }
    for (user, group) in [("uid", "gid"), ("immediate-uid", "immediate-gid")] {
        let dir = place();
        let (user, group) = (format!("--{user}=4101"), format!("--{group}=4201"));
        let (server, told) = told(&dir, &["--wsgi-file", "tell.py", &group, &user]);
        assert_eq!((&told["user"], &told["group"]), (&4101.into(), &4201.into()));
        server.stop();
    }
}

#[test]
fn no_initgroups_leaves_the_users_other_groups_out() {
    if !root() || !only(Subject::Ours) {
        return;
    }
    let Some(unshare) = programs::system("unshare") else { return };
    let dir = place();
    // a user with a further group, in a mount namespace that ends with the server
    let users = dir.write("passwd", "root:x:0:0::/:/bin/sh\ntenant:x:4101:4201::/:/bin/false\n");
    let groups = dir.write("group", "root:x:0:\ntenant:x:4201:\nfurther:x:4301:tenant\n");
    let mounts = format!(
        "mount --bind {} /etc/passwd && mount --bind {} /etc/group && exec \"$0\" \"$@\"",
        users.display(),
        groups.display()
    );
    for (more, expected) in [(None, true), (Some("--no-initgroups"), false)] {
        let address = free_address();
        let server = Run::program(&dir, &unshare)
            .args(["--mount", "--propagation", "private", "sh", "-c", &mounts])
            .arg(programs::ours("vassal"))
            .args(["--http-socket", &address.to_string(), "--wsgi-file", "tell.py"])
            .args(["--uid", "tenant", "--gid", "tenant"])
            .args(more)
            .start();
        server.await_tcp(address);
        let told = http::get(address, "/").expect("the server under test is there").json();
        let further = told["groups"].as_array().unwrap().contains(&4301.into());
        assert_eq!(further, expected, "{more:?}: {}", told["groups"]);
        server.stop();
    }
}
