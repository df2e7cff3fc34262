//! Hooks that stand in the Emperor's own configuration: beside it (`as-emperor`), and in each vassal
//! before its file is read (`as-vassal`).

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;

use nix::sys::signal::Signal;
use tests::emperor::{Emperor, Throne};
use tests::http;
use tests::process::Process;
use tests::server::SOON;
use tests::wait::always;
use tests::{Subject, eventually, free_address, give, only, programs, root};

/// A file's text once it has this many lines.
#[track_caller]
fn lines(path: &Path, count: usize) -> String {
    eventually(&format!("{count} lines of {}", path.display()), SOON, || {
        let text = fs::read_to_string(path).unwrap_or_default();
        if text.lines().count() >= count { Ok(text) } else { Err(text) }
    })
}

/// An Emperor with options that name files of its directory: `@` stands for that.
#[track_caller]
fn start(words: &[(&str, &str)]) -> Emperor {
    let throne = Throne::new();
    let dir = throne.dir.path().display().to_string();
    let given =
        words.iter().flat_map(|(option, value)| [format!("--{option}"), value.replace('@', &dir)]);
    given.collect::<Vec<_>>().iter().fold(throne, Throne::arg).start()
}

#[test]
fn hooks_as_emperor_run_beside_it_after_each_start() {
    let note = "echo $UWSGI_VASSAL_CONFIG $UWSGI_VASSAL_PID $UWSGI_VASSAL_UID >> @/exec";
    let emperor = start(&[
        ("hook-as-emperor", "exec:echo hook >> @/hook"),
        // one that fails holds up neither the next one nor the vassal
        ("exec-as-emperor", "exit 5"),
        ("exec-as-emperor", note),
    ]);
    let never = format!("exec:touch {}", emperor.dir().join("never").display());
    let own = format!("hook-as-emperor = {never}\nhook-as-vassal = {never}");
    let address = emperor.hello("a.ini", &own);
    emperor.await_answer(address);
    let hooks = lines(&emperor.dir().join("hook"), 1);
    assert_eq!(hooks, "hook\n");
    let text = lines(&emperor.dir().join("exec"), 1);
    let pid = emperor.vassal("a.ini")["pid"].as_i64().unwrap();
    let uid = nix::unistd::geteuid();
    assert_eq!(text, format!("a.ini {pid} {uid}\n"));
    Process(pid as i32).signal(Signal::SIGKILL);
    lines(&emperor.dir().join("hook"), 2);
    lines(&emperor.dir().join("exec"), 2);
    emperor.await_answer(address);
    assert!(!emperor.dir().join("never").exists(), "a vassal's own file asked for it");
    emperor.stop();
}

#[test]
fn a_hook_that_hangs_holds_up_nobody_and_is_not_there_twice() {
    if !only(Subject::Ours) {
        return;
    }
    let emperor = start(&[("exec-as-emperor", "echo $$ >> @/pids; exec sleep 86391")]);
    let (one, other) = (emperor.hello("a.ini", ""), emperor.hello("b.ini", ""));
    emperor.await_answer(one);
    emperor.await_answer(other);
    lines(&emperor.dir().join("pids"), 2);
    let pid = emperor.vassal("a.ini")["pid"].as_i64().unwrap();
    Process(pid as i32).signal(Signal::SIGKILL);
    let pids = lines(&emperor.dir().join("pids"), 3);
    let running = |text: &&str| Path::new("/proc").join(text).exists();
    eventually("the hook of the first start ends", SOON, || {
        match pids.lines().filter(running).count() {
            2 => Ok(()),
            count => Err(count),
        }
    });
    emperor.await_answer(one);
    // and all of them with the Emperor
    emperor.stop();
    assert_eq!(pids.lines().filter(running).count(), 0);
}

#[test]
fn hooks_as_vassal_come_before_the_vassal_and_can_refuse_it() {
    if !only(Subject::Ours) {
        return;
    }
    let emperor = start(&[
        ("hook-as-vassal", "putenv:FROM_ABOVE=rain"),
        ("hook-as-vassal", "exec:id -u >> @/hook"),
        ("exec-as-vassal", "echo exec >> @/exec; test ! -e @/refuse"),
    ]);
    let text = "import os\ndef application(env, start):\n    start('200 OK', [])\n    \
                return [os.environ.get('FROM_ABOVE', 'nothing').encode()]\n";
    emperor.dir().write("a.py", text);
    let address = free_address();
    emperor.drop_file("a.ini", &emperor.ini("a.py", address, ""));
    assert_eq!(emperor.await_answer(address), "rain");
    let uid = nix::unistd::geteuid();
    assert_eq!(lines(&emperor.dir().join("hook"), 1), format!("{uid}\n"));
    assert_eq!(lines(&emperor.dir().join("exec"), 1), "exec\n");
    // a reload is no new start
    let before = emperor.api.generation("a.ini");
    emperor.touch("a.ini");
    eventually("a new generation", SOON, || {
        if emperor.api.generation("a.ini") > before { Ok(()) } else { Err("not yet") }
    });
    assert_eq!(lines(&emperor.dir().join("exec"), 1), "exec\n");
    emperor.dir().write("refuse", "");
    let refused = emperor.hello("b.ini", "");
    lines(&emperor.dir().join("exec"), 2);
    emperor.api.await_state("b.ini", "invalid");
    let app = emperor.api.app("b.ini").to_string();
    assert!(app.contains("the emperor's exec-as-vassal"), "{app}");
    always("it is not served", Duration::from_millis(300), || http::get(refused, "/").is_err());
    emperor.stop();
}

#[test]
fn a_tyrants_hooks_as_vassal_are_the_tenants() {
    if !root() || !only(Subject::Ours) {
        return;
    }
    let throne = Throne::new().arg("--emperor-tyrant").arg("--hook-as-vassal");
    let emperor = throne.arg("exec:id -u > /tmp/emperor-hook-$(id -u)").start();
    let address = free_address();
    emperor.dir().app("battery.py");
    let temporary = emperor.dir().write("new.ini", emperor.ini("battery.py", address, ""));
    give(&temporary, 4111, 4111);
    fs::rename(temporary, emperor.file("a.ini")).unwrap();
    emperor.await_answer(address);
    let note = Path::new("/tmp/emperor-hook-4111");
    let text = fs::read_to_string(note);
    let _ = fs::remove_file(note);
    assert_eq!(text.unwrap(), "4111\n");
    emperor.stop();
}

#[test]
fn a_hook_of_roots_follows_no_link_of_a_tenant() {
    if !root() || !only(Subject::Ours) {
        return;
    }
    let emperor = start(&[
        ("hook-as-emperor", "write:@/home/note written"),
        ("exec-as-emperor", "echo done > @/done"),
    ]);
    let home = emperor.dir().mkdir("home");
    let precious = emperor.dir().write("precious", "precious");
    symlink(&precious, home.join("note")).unwrap();
    give(&home, 4112, 4112);
    let address = emperor.hello("a.ini", "");
    emperor.await_answer(address);
    lines(&emperor.dir().join("done"), 1);
    assert_eq!(fs::read_to_string(&precious).unwrap(), "precious");
    emperor.server.expect_log("the emperor's hook-as-emperor");
    emperor.stop();
}

#[test]
fn mounts_of_the_emperor_are_made_and_undone() {
    let Some(unshare) = programs::system("unshare") else { return };
    if !only(Subject::Ours) || !root() {
        return;
    }
    // in a namespace of its own, so that nothing stays behind; a directory that is root's alone
    let script = "mount -t tmpfs -o mode=755 none /mnt && cd /mnt && \
                  mkdir stays-as-vassal goes-as-vassal stays-as-emperor goes-as-emperor && \
                  exec \"$@\"";
    let words = ["--mount", "--propagation", "private", "sh", "-c", script, "sh"];
    let mut throne = Throne::new();
    for phase in ["as-vassal", "as-emperor"] {
        throne = throne
            .arg(format!("--mount-{phase}"))
            .arg(format!("tmpfs none /mnt/stays-{phase} nosuid,nodev"))
            .arg(format!("--mount-{phase}"))
            .arg(format!("tmpfs none /mnt/goes-{phase}"))
            .arg(format!("--umount-{phase}"))
            .arg(format!("/mnt/goes-{phase}"));
    }
    let done = throne.dir.join("done");
    let throne = throne.arg("--exec-as-emperor").arg(format!("echo > {}", done.display()));
    let emperor = throne.under(unshare, &words).start();
    let address = emperor.hello("a.ini", "");
    emperor.await_answer(address);
    lines(&done, 1);
    let table = format!("/proc/{}/mountinfo", emperor.server.process().0);
    let table = fs::read_to_string(table).unwrap();
    let seen: Vec<&str> = table.lines().filter_map(|line| line.split(' ').nth(4)).collect();
    for phase in ["as-vassal", "as-emperor"] {
        assert!(seen.contains(&format!("/mnt/stays-{phase}").as_str()), "mount-{phase}: {seen:?}");
        assert!(!seen.contains(&format!("/mnt/goes-{phase}").as_str()), "umount-{phase}: {seen:?}");
    }
    emperor.stop();
}
