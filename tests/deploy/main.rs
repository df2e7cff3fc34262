//! What is shipped beside the programs: unit file, samples, the one-command demonstration.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tests::programs::{self, system};
use tests::server::End;
use tests::{Dir, Run, Subject, only, root};

/// The repository.
fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the repository is here")
}

/// The value of a key of the unit file.
fn unit_value(text: &str, key: &str) -> Option<String> {
    text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('=')).map(str::to_owned)
}

#[test]
fn the_unit_file_is_clean_for_systemd() {
    if !only(Subject::Ours) {
        return;
    }
    let Some(analyze) = system("systemd-analyze") else { return };
    let text = fs::read_to_string(repository().join("systemd/emperor.uwsgi.service")).unwrap();
    let start = unit_value(&text, "ExecStart").unwrap();
    let dir = Dir::new();
    // the program where it is here, not where a package will put it
    let program = programs::ours("emperor");
    let here = text.replace("/usr/bin/emperor", &program.display().to_string());
    let unit = dir.write("emperor.uwsgi.service", here);
    let output = Command::new(analyze).args(["verify", "--man=no"]).arg(unit).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let ours: Vec<&str> = said.lines().filter(|line| line.contains("emperor.uwsgi")).collect();
    assert!(output.status.success() && ours.is_empty(), "{said}");
    assert!(start.ends_with("--ini /etc/uwsgi/emperor.ini"), "{start}");
}

#[test]
fn the_unit_file_keeps_the_promises_of_a_supervisor() {
    let text = fs::read_to_string(repository().join("systemd/emperor.uwsgi.service")).unwrap();
    for (key, value) in [
        ("Type", "notify"),
        ("OOMPolicy", "continue"),
        ("Delegate", "yes"),
        ("TasksMax", "infinity"),
        ("LimitNOFILE", "1048576"),
    ] {
        assert_eq!(unit_value(&text, key).as_deref(), Some(value), "{key}");
    }
    let stop: u64 = unit_value(&text, "TimeoutStopSec").unwrap().parse().unwrap();
    assert!(stop > 60, "above the mercy of running requests");
}

#[test]
fn the_sample_of_nginx_is_what_nginx_accepts() {
    let Some(nginx) = system("nginx") else { return };
    let dir = Dir::new();
    let home = dir.mkdir("nginx");
    let sample = fs::read_to_string(repository().join("deploy/nginx/sample.conf")).unwrap();
    let sample = sample.replace("include uwsgi_params", "include /etc/nginx/uwsgi_params");
    let conf = dir.write(
        "nginx/nginx.conf",
        format!(
            "pid {0}/pid;\nerror_log stderr;\nevents {{}}\nhttp {{\n{sample}\n}}\n",
            home.display()
        ),
    );
    let output = Command::new(nginx).arg("-t").arg("-c").arg(conf).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn quickstart_once_shows_two_sites_and_leaves_nothing() {
    if !only(Subject::Ours) || !root() {
        return;
    }
    let dir = Dir::new();
    let before = leftovers();
    let (end, said) = Run::program(&dir, repository().join("deploy/quickstart"))
        .arg("--once")
        .to_end(Duration::from_mins(10));
    assert_eq!(end, End::Code(0), "{said}");
    for text in ["Both sites answer", "http://127.0.0.1:", "API socket", "emperorctl", "touch "] {
        assert!(said.contains(text), "no {text:?} in\n{said}");
    }
    assert_eq!(leftovers(), before, "a demonstration directory is left");
}

/// Demonstration directories that exist.
fn leftovers() -> Vec<PathBuf> {
    let entries = fs::read_dir("/tmp").expect("/tmp can be listed").flatten();
    let mut found: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.to_string_lossy().starts_with("/tmp/emperor-quickstart."))
        .collect();
    found.sort();
    found
}
