//! The launcher as the Emperor sees it: one packet in, answers out. The start of a vassal that
//! works is tested where there is a whole Emperor; here is what a summons may be answered with.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by its panic")]

use std::fs::{self, File};
use std::net::TcpListener;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use shared::settings::{Address, Listen, Wire};
use shared::summons::{Answer, Mode, PACKET_MAX, Policy, Sealed, Summons, Version};
use shared::sys::{descriptor, memory};
use tempfile::TempDir;

/// A directory with one vassal's file.
struct Site {
    place: TempDir,
    file: PathBuf,
}

impl Site {
    fn new(text: &str) -> Self {
        let place = tempfile::tempdir().unwrap();
        fs::set_permissions(place.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let file = place.path().join("a.ini");
        fs::write(&file, text).unwrap();
        Self { place, file }
    }

    fn summons(&self, mode: Mode) -> Summons {
        let stat = fs::metadata(&self.file).unwrap();
        Summons {
            name: "a.ini".into(),
            file: self.file.clone(),
            mode,
            version: Version {
                dev: stat.dev(),
                ino: stat.ino(),
                mtime_ns: i128::from(stat.mtime()) * 1_000_000_000 + i128::from(stat.mtime_nsec()),
                size: stat.size(),
                uid: stat.uid(),
                gid: stat.gid(),
            },
            policy: Policy::default(),
            sets: Vec::new(),
            before: Vec::new(),
            after: Vec::new(),
            options: Vec::new(),
            listeners: Vec::new(),
            binary: None,
            generation: 7,
            heir: false,
            cgroup: None,
            hooks: Vec::new(),
        }
    }
}

/// A launcher that ends with the test.
struct Launcher {
    child: Child,
    channel: OwnedFd,
    _link: OwnedFd,
}

impl Launcher {
    fn summon(summons: &Summons) -> Self {
        let (channel, far) = descriptor::packet_pair().unwrap();
        let (link, far_link) = descriptor::stream_pair().unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_vassal"))
            .args(["--summons", &summons.name])
            .stdin(Stdio::from(far))
            .spawn()
            .unwrap();
        let packet = serde_json::to_vec(summons).unwrap();
        let with: &[_] = match summons.mode {
            Mode::Start => &[far_link.as_fd()],
            Mode::Prepare => &[],
        };
        descriptor::send(&channel, &packet, with).unwrap();
        Self { child, channel, _link: link }
    }

    /// The next answer and what came with it; `None` when the channel is closed.
    fn answer(&self) -> Option<(Answer, Vec<OwnedFd>)> {
        let mut buffer = vec![0; PACKET_MAX];
        let (size, with) = descriptor::receive(&self.channel, &mut buffer).unwrap();
        (size > 0).then(|| (serde_json::from_slice(&buffer[..size]).unwrap(), with))
    }

    /// Everything that is wrong, one a line, and the exit code that was told.
    fn refusal(mut self) -> (String, i32) {
        loop {
            match self.answer().expect("a refusal before the channel is closed").0 {
                Answer::Prepared { .. } => {}
                Answer::Refused { findings, exit } => {
                    assert_eq!(self.child.wait().unwrap().code(), Some(exit));
                    let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
                    return (lines.join("\n"), exit);
                }
                other @ (Answer::Bound { .. } | Answer::Foreign) => panic!("{other:?}"),
            }
        }
    }
}

impl Drop for Launcher {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn is_root() -> bool {
    let root = nix::unistd::geteuid().is_root();
    if !root {
        eprintln!("not run: needs root");
    }
    root
}

#[test]
fn prepare_answers_plan_and_settings_and_runs_nothing() {
    let site = Site::new("[uwsgi]\nhttp = 127.0.0.1:0\nprocesses = 3\nchdir = /srv\n");
    let mut launcher = Launcher::summon(&site.summons(Mode::Prepare));
    let (answer, mut with) = launcher.answer().unwrap();
    let Answer::Prepared { plan, .. } = answer else { panic!("{answer:?}") };
    assert_eq!(plan.chdir.as_deref(), Some(Path::new("/srv")));
    assert_eq!(plan.build, vassal::BUILD_ID);
    let asked = Address::Tcp(([127, 0, 0, 1], 0).into());
    assert_eq!(plan.sockets, [Listen::new(asked, Wire::Http)]);
    let sealed = memory::unseal(with.remove(0), 1 << 20).unwrap();
    let sealed: Sealed = serde_json::from_slice(&sealed).unwrap();
    assert_eq!((sealed.generation, sealed.settings.serve.processes), (7, 3));
    assert!(launcher.answer().is_none());
    assert!(launcher.child.wait().unwrap().success());
}

#[test]
fn a_file_that_changed_since_the_emperor_saw_it_is_refused() {
    let site = Site::new("[uwsgi]\nhttp = 127.0.0.1:0\n");
    let summons = site.summons(Mode::Prepare);
    fs::write(&site.file, "[uwsgi]\nhttp = 127.0.0.1:0\nprocesses = 2\n").unwrap();
    let (text, exit) = Launcher::summon(&summons).refusal();
    assert!(text.contains("changed"), "{text}");
    assert_eq!(exit, 1);
}

#[test]
fn all_mistakes_come_with_their_lines() {
    let site = Site::new("[uwsgi]\nsocket = a.sock\nuid = nobdy-of-this-name\nchmod-socket = 9\n");
    let (text, _) = Launcher::summon(&site.summons(Mode::Start)).refusal();
    assert!(text.contains("a.ini:4: chmod-socket"), "{text}");
    fs::write(&site.file, "[uwsgi]\nsocket = a.sock\nuid = nobdy-of-this-name\ngid = 1\n").unwrap();
    let (text, _) = Launcher::summon(&site.summons(Mode::Start)).refusal();
    assert!(text.contains("a.ini:3: uid: "), "{text}");
    assert!(!site.place.path().join("a.sock").exists(), "nothing was carried out");
}

#[test]
fn a_taken_port_is_refused_with_option_and_line() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let site = Site::new(&format!("[uwsgi]\n\nhttp-socket = {address}\n"));
    let (text, exit) = Launcher::summon(&site.summons(Mode::Start)).refusal();
    assert!(text.contains(&format!("a.ini:3: http-socket: {address}: address already")), "{text}");
    assert_eq!(exit, 1);
}

#[test]
fn a_foreign_server_that_is_not_there_is_exile() {
    let site = Site::new("[uwsgi]\n");
    let binary = Some("/no/such/server".into());
    let summons = Summons { binary, ..site.summons(Mode::Start) };
    let (text, exit) = Launcher::summon(&summons).refusal();
    assert!(text.contains("/no/such/server: cannot be executed"), "{text}");
    assert_eq!(exit, 26);
}

#[test]
fn a_tenants_file_is_read_with_the_tenants_rights() {
    if !is_root() {
        return;
    }
    let site = Site::new("[uwsgi]\nhttp = 127.0.0.1:0\nuid = 54321\ngid = 54321\n");
    let secret = site.place.path().join("secret.ini");
    fs::write(&secret, "[uwsgi]\nprocesses = 7\n").unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
    let text =
        format!("{}include = {}\n", fs::read_to_string(&site.file).unwrap(), secret.display());
    fs::write(&site.file, text).unwrap();
    let launcher = Launcher::summon(&site.summons(Mode::Prepare));
    let (answer, _) = launcher.answer().unwrap();
    assert!(matches!(answer, Answer::Prepared { .. }), "root's own file may: {answer:?}");
    chown(&site.file, Some(54321), Some(54321)).unwrap();
    let (text, _) = Launcher::summon(&site.summons(Mode::Prepare)).refusal();
    assert!(text.contains("secret.ini"), "{text}");
}

#[test]
fn a_tenants_file_reaches_nothing_with_roots_rights() {
    if !is_root() {
        return;
    }
    let place = tempfile::tempdir_in("/var/lib").unwrap();
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let target = place.path().join("victim");
    for (option, wish) in [
        ("logto", format!("logto = {}\nhttp = 127.0.0.1:0\n", target.display())),
        ("pidfile", format!("pidfile = {}\nhttp = 127.0.0.1:0\n", target.display())),
        ("socket", format!("socket = {}\n", target.display())),
        ("http", "http = 127.0.0.1:83\n".to_owned()),
    ] {
        let site = Site::new(&format!("[uwsgi]\nuid = 54321\ngid = 54321\n{wish}"));
        chown(&site.file, Some(54321), Some(54321)).unwrap();
        let (text, _) = Launcher::summon(&site.summons(Mode::Start)).refusal();
        assert!(text.contains(&format!("a.ini:4: {option}: ")), "{text}");
        assert!(text.to_lowercase().contains("permission denied"), "{text}");
        assert!(!target.exists(), "{option} made {}", target.display());
    }
}

#[test]
fn what_is_not_a_channel_is_said() {
    let output = Command::new(env!("CARGO_BIN_EXE_vassal"))
        .args(["--summons", "a.ini"])
        .stdin(File::open("/dev/null").unwrap())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.starts_with("--summons is for the emperor"), "{text}");
}
