//! The directory monitor against the tools that people deploy with: each way of changing a
//! file gives exactly one right decision.

#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use emperor::monitor::directory::{Directory, Rules};
use emperor::monitor::reconcile::{Change, Known, reconcile};
use emperor::monitor::source::{Look, Pace, run};
use emperor::monitor::{Scan, Sighting};
use emperor::vassal::name::VassalName;
use tempfile::TempDir;
use tokio::sync::{Notify, mpsc};

/// A watched directory, and what was decided about its files.
struct Stage {
    root: TempDir,
    sites: PathBuf,
    looks: mpsc::UnboundedReceiver<Look>,
    known: BTreeMap<VassalName, Known>,
    markers: u32,
    gone: bool,
}

impl Stage {
    /// A directory with these files, already known.
    async fn with(files: &[&str]) -> Self {
        let root = tempfile::tempdir().unwrap();
        let sites = root.path().join("sites");
        fs::create_dir(&sites).unwrap();
        for file in files {
            fs::write(sites.join(file), "[uwsgi]\n").unwrap();
        }
        let rules = Rules { me: nix::unistd::geteuid().as_raw(), ..Rules::default() };
        let monitor = Box::new(Directory::new(sites.clone(), rules));
        let (sender, looks) = mpsc::unbounded_channel();
        let report: emperor::monitor::source::Report = Box::new(move |look| {
            let sent = sender.send(look).is_ok();
            Box::pin(async move { sent })
        });
        // only the kernel's events wake it here: a safety scan would hide that one was missed
        let pace = Pace { healthy: Duration::from_mins(10), deaf: Duration::from_millis(100) };
        tokio::spawn(run(monitor, pace, Arc::new(Notify::new()), report));
        let mut stage =
            Self { root, sites, looks, known: BTreeMap::new(), markers: 0, gone: false };
        while stage.known.len() < files.len() {
            stage.changes().await;
        }
        stage
    }

    fn path(&self, name: &str) -> PathBuf {
        self.sites.join(name)
    }

    /// The decisions of the next look that has some.
    async fn changes(&mut self) -> Vec<Change> {
        loop {
            let look = tokio::time::timeout(Duration::from_secs(10), self.looks.recv())
                .await
                .expect("something is decided in time")
                .expect("the monitor runs");
            let seen = match look.scan {
                Scan::Seen(seen) => {
                    self.gone = false;
                    seen
                }
                Scan::Gone { .. } => {
                    self.gone = true;
                    return Vec::new();
                }
            };
            let changes = reconcile(&self.known, seen.sightings, &look.held);
            for change in &changes {
                match change {
                    Change::Appeared(one) | Change::Changed(one) => {
                        let known = Known { mark: one.mark, barred: one.barred.clone() };
                        self.known.insert(one.name.clone(), known);
                    }
                    Change::Vanished(name) => {
                        self.known.remove(name);
                    }
                }
            }
            if !changes.is_empty() {
                return changes;
            }
        }
    }

    async fn next(&mut self) -> Vec<String> {
        self.changes().await.iter().map(told).collect()
    }

    /// Every decision up to now: a marker file is made, and what comes before its own
    /// appearance (and with it) is what was decided.
    async fn decided(&mut self) -> Vec<String> {
        self.markers += 1;
        let marker = format!("marker-{}.ini", self.markers);
        let staged = self.root.path().join(&marker);
        fs::write(&staged, "").unwrap();
        fs::rename(&staged, self.path(&marker)).unwrap();
        let want = format!("appeared {marker}");
        let mut all = Vec::new();
        loop {
            all.extend(self.next().await);
            if let Some(at) = all.iter().position(|one| *one == want) {
                all.remove(at);
                return all;
            }
        }
    }
}

fn told(change: &Change) -> String {
    match change {
        Change::Appeared(one) => format!("appeared {}", one.name),
        Change::Changed(one) => format!("changed {}", one.name),
        Change::Vanished(name) => format!("vanished {name}"),
    }
}

/// Runs a tool; false (and said so) where it is not installed.
fn tool(directory: &Path, program: &str, args: &[&str]) -> bool {
    let run = Command::new(program)
        .args(args)
        .current_dir(directory)
        .env("HOME", directory)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output();
    let Ok(output) = run else {
        eprintln!("not run: {program} is not installed");
        return false;
    };
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{program} {args:?}: {text}");
    true
}

#[tokio::test]
async fn a_plain_write_appears_changes_and_vanishes() {
    let mut stage = Stage::with(&["known.ini"]).await;
    let path = stage.path("a.ini");
    fs::write(&path, "[uwsgi]\n").unwrap();
    assert_eq!(stage.next().await, ["appeared a.ini"]);
    fs::write(&path, "[uwsgi]\nmaster = true\n").unwrap();
    assert_eq!(stage.next().await, ["changed a.ini"]);
    fs::remove_file(&path).unwrap();
    assert_eq!(stage.next().await, ["vanished a.ini"]);
    assert_eq!(stage.decided().await, [""; 0]);
}

#[tokio::test]
async fn reading_a_file_decides_nothing() {
    let mut stage = Stage::with(&["a.ini"]).await;
    for _ in 0..50 {
        fs::read(stage.path("a.ini")).unwrap();
    }
    assert_eq!(stage.decided().await, [""; 0]);
}

#[tokio::test]
async fn a_rename_over_is_one_change_even_to_an_older_file() {
    let mut stage = Stage::with(&["a.ini"]).await;
    let staged = stage.root.path().join("staged");
    fs::write(&staged, "[uwsgi]\n").unwrap();
    assert!(tool(stage.root.path(), "touch", &["-d", "2001-01-01", "staged"]));
    fs::rename(&staged, stage.path("a.ini")).unwrap();
    assert_eq!(stage.decided().await, ["changed a.ini"]);
}

#[tokio::test]
async fn vim_writes_one_change() {
    let mut stage = Stage::with(&["a.ini"]).await;
    let args = ["-u", "NONE", "-e", "-s", "-c", "normal Gomaster = true", "-c", "wq", "a.ini"];
    for program in ["vim.tiny", "vim"] {
        if tool(&stage.sites, program, &args) {
            assert_eq!(stage.decided().await, ["changed a.ini"], "{program}");
        }
    }
}

#[tokio::test]
async fn rsync_is_one_change_a_file_in_place_or_not() {
    let mut stage = Stage::with(&["a.ini"]).await;
    let from = stage.root.path().join("from");
    fs::create_dir(&from).unwrap();
    for (round, option) in ["--times", "--inplace"].into_iter().enumerate() {
        for name in ["a.ini", "b.ini"] {
            fs::write(from.join(name), format!("[uwsgi]\n{}\n", "#".repeat(round + 1))).unwrap();
        }
        if !tool(stage.root.path(), "rsync", &["-r", option, "from/", "sites/"]) {
            return;
        }
        let mut decided = stage.decided().await;
        decided.sort();
        let want = if round == 0 { "appeared b.ini" } else { "changed b.ini" };
        let mut want = vec!["changed a.ini", want];
        want.sort_unstable();
        assert_eq!(decided, want, "{option}");
    }
}

#[tokio::test]
async fn git_checkout_is_one_change_though_the_file_is_missing_for_a_moment() {
    let mut stage = Stage::with(&["a.ini"]).await;
    let sites = stage.sites.clone();
    let git = |args: &[&str]| {
        let mut all = vec!["-c", "user.name=x", "-c", "user.email=x@example.org"];
        all.extend(args);
        tool(&sites, "git", &all)
    };
    if !git(&["init", "-q", "-b", "one"]) {
        return;
    }
    git(&["add", "a.ini"]);
    git(&["commit", "-q", "-m", "one"]);
    git(&["checkout", "-q", "-b", "two"]);
    fs::write(stage.path("a.ini"), "[uwsgi]\nmaster = true\n").unwrap();
    git(&["commit", "-q", "-a", "-m", "two"]);
    stage.decided().await;
    git(&["checkout", "-q", "one"]);
    assert_eq!(stage.decided().await, ["changed a.ini"]);
    git(&["checkout", "-q", "two"]);
    assert_eq!(stage.decided().await, ["changed a.ini"]);
}

#[tokio::test]
async fn a_swapped_link_and_a_written_target_are_one_change_each() {
    let mut stage = Stage::with(&["known.ini"]).await;
    let far = stage.root.path().join("far");
    fs::create_dir(&far).unwrap();
    for name in ["one.skel", "two.skel"] {
        fs::write(far.join(name), "[uwsgi]\n").unwrap();
    }
    symlink(far.join("one.skel"), stage.path("l.ini")).unwrap();
    assert_eq!(stage.next().await, ["appeared l.ini"]);
    assert_eq!(stage.decided().await, [""; 0]);
    fs::write(far.join("one.skel"), "[uwsgi]\nmaster = true\n").unwrap();
    assert_eq!(stage.next().await, ["changed l.ini"]);
    let staged = stage.root.path().join("staged");
    symlink(far.join("two.skel"), &staged).unwrap();
    fs::rename(&staged, stage.path("l.ini")).unwrap();
    assert_eq!(stage.decided().await, ["changed l.ini"]);
    // relative, to the same directory
    symlink("../far/two.skel", &staged).unwrap();
    fs::rename(&staged, stage.path("r.ini")).unwrap();
    assert_eq!(stage.decided().await, ["appeared r.ini"]);
}

#[tokio::test]
async fn a_vanished_directory_holds_everything_and_is_watched_again_when_it_returns() {
    let mut stage = Stage::with(&["a.ini", "b.ini"]).await;
    let away = stage.root.path().join("away");
    fs::rename(&stage.sites, &away).unwrap();
    assert_eq!(stage.next().await, [""; 0]);
    assert!(stage.gone, "the monitor says that its directory is gone");
    fs::create_dir(&stage.sites).unwrap();
    fs::copy(away.join("b.ini"), stage.path("b.ini")).unwrap();
    fs::rename(away.join("a.ini"), stage.path("a.ini")).unwrap();
    let mut decided = Vec::new();
    while decided.is_empty() {
        decided = stage.next().await;
    }
    assert_eq!(decided, ["changed b.ini"]);
    fs::write(stage.path("a.ini"), "[uwsgi]\nmaster = true\n").unwrap();
    assert_eq!(stage.next().await, ["changed a.ini"], "the new directory is heard");
}

#[tokio::test]
async fn a_file_that_is_being_written_is_left_alone_until_it_is_closed() {
    use std::io::Write;
    let mut stage = Stage::with(&["known.ini"]).await;
    let mut file = fs::File::create(stage.path("slow.ini")).unwrap();
    file.write_all(b"[uw").unwrap();
    assert_eq!(stage.decided().await, [""; 0]);
    file.write_all(b"sgi]\n").unwrap();
    drop(file);
    assert_eq!(stage.decided().await, ["appeared slow.ini"]);
}

#[tokio::test]
async fn a_file_that_nobody_closes_counts_when_it_has_settled() {
    use std::io::Write;
    let mut stage = Stage::with(&["known.ini"]).await;
    let mut file = fs::File::create(stage.path("open.ini")).unwrap();
    file.write_all(b"[uwsgi]\n").unwrap();
    assert_eq!(stage.next().await, ["appeared open.ini"]);
    drop(file);
}

#[tokio::test]
async fn what_is_not_a_vassal_is_not_seen() {
    let mut stage = Stage::with(&["known.ini"]).await;
    for name in ["UPPER.INI", "a.ini~", "#b.ini#", "d.ini.bak", "noext", ".hidden.ini"] {
        fs::write(stage.path(name), "").unwrap();
    }
    fs::create_dir(stage.path("dir.ini")).unwrap();
    nix::unistd::mkfifo(&stage.path("fifo.ini"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    symlink("nowhere", stage.path("dangling.ini")).unwrap();
    fs::write(stage.path("z:1.ini"), "").unwrap();
    assert_eq!(stage.decided().await, [""; 0]);
}

#[test]
fn sightings_carry_the_absolute_path() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("a.ini"), "").unwrap();
    let mut monitor = Directory::new(root.path().to_owned(), Rules::default());
    let Scan::Seen(seen) = emperor::monitor::Monitor::scan(&mut monitor) else {
        panic!("the directory is there");
    };
    let paths: Vec<_> = seen.sightings.iter().map(|one: &Sighting| one.path.clone()).collect();
    assert_eq!(paths, [root.path().join("a.ini")]);
}
