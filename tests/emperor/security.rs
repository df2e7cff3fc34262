//! What must never be done as root: running Python, and touching what a tenant controls.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;

use tests::emperor::{Emperor, Throne};
use tests::process::Process;
use tests::programs::{self, system};
use tests::server::{End, SOON};
use tests::{Dir, HITME, Run, Subject, eventually, free_address, give, http, only, root};

/// A tenant's home in the test's directory, with an application, owned by that user.
fn home(emperor: &Emperor, uid: u32) -> std::path::PathBuf {
    let home = emperor.dir().mkdir(format!("home{uid}"));
    tests::write_file(&home.join("app.py"), HITME);
    give(&home, uid, uid);
    home
}

/// Drops a tenant's file, owned by the tenant.
fn drop_owned(emperor: &Emperor, name: &str, uid: u32, text: &str) {
    let temporary = emperor.dir().write("new.ini", text);
    give(&temporary, uid, uid);
    std::fs::rename(temporary, emperor.file(name)).expect("the test's own set-up works");
}

#[test]
fn no_process_with_privileges_contains_python() {
    if !root() || !only(Subject::Ours) {
        return;
    }
    let emperor = Throne::new().arg("--emperor-tyrant").start();
    for uid in [4101, 4102] {
        let home = home(&emperor, uid);
        let address = free_address();
        let text = format!(
            "[uwsgi]\nchdir = {}\nmodule = app\nhttp-socket = {address}\nprocesses = 2\n",
            home.display()
        );
        drop_owned(&emperor, &format!("t{uid}.ini"), uid, &text);
        emperor.await_answer(address);
        emperor.api.await_state(&format!("t{uid}.ini"), "running");
    }
    let all: Vec<Process> = [emperor.server.process()]
        .into_iter()
        .chain(emperor.server.process().descendants())
        .collect();
    let mut pythons = 0;
    for process in &all {
        let Some(status) = process.status() else { continue };
        let privileged = status.uids.contains(&0) || status.caps[1] != 0;
        let python = process.is_python() || process.maps("_vassal");
        assert!(!(privileged && python), "{}: {status:?}", process.command());
        pythons += usize::from(python);
    }
    assert!(pythons >= 6, "two nurseries and four workers were looked at: {all:?}");
    emperor.stop();
}

/// Reads strace's output and returns each line that opens, executes or reads a link below `below`
/// in a process whose file-system user is root.
fn as_root(trace: &str, below: &str) -> Vec<String> {
    // who each process is: it starts as its parent and changes by its own calls
    let mut uid: BTreeMap<&str, u32> = BTreeMap::new();
    // a child's first calls may stand before the line in which its parent's fork returns
    let parents: BTreeMap<&str, &str> =
        lines(trace).filter_map(|(pid, call, _)| Some((child_of(call)?, pid))).collect();
    let mut found = Vec::new();
    for (pid, call, line) in lines(trace) {
        let mut ancestor = pid;
        while !uid.contains_key(ancestor)
            && let Some(parent) = parents.get(ancestor)
        {
            ancestor = parent;
        }
        let me = uid.get(ancestor).copied().unwrap_or(0);
        uid.entry(pid).or_insert(me);
        let done = call.contains(" = 0") || call.starts_with("setfsuid");
        if let Some(new) = new_user(call).filter(|_| done) {
            uid.insert(pid, new);
        }
        if let Some(child) = child_of(call) {
            uid.entry(child).or_insert(me);
        }
        let touches = ["open", "execve", "readlink", "stat", "access"]
            .iter()
            .any(|name| call.starts_with(name));
        let opens = touches && !call.contains("O_PATH") && !call.starts_with("stat");
        if opens && me == 0 && call.contains(below) {
            found.push(line.to_owned());
        }
    }
    found
}

/// Pid, call and whole line of each line of a trace.
fn lines(trace: &str) -> impl Iterator<Item = (&str, &str, &str)> {
    trace.lines().filter_map(|line| {
        let (pid, call) = line.split_once(' ')?;
        Some((pid, call.trim_start(), line))
    })
}

/// The file-system user that a successful call sets.
fn new_user(call: &str) -> Option<u32> {
    let (name, rest) = call.split_once('(')?;
    let words: Vec<&str> = rest.split([',', ')']).map(str::trim).collect();
    match name {
        "setuid" | "setfsuid" => words.first()?.parse().ok(),
        "setreuid" | "setresuid" => words.get(1)?.parse().ok(),
        _ => None,
    }
}

/// The pid that fork, vfork or clone returned.
fn child_of(call: &str) -> Option<&str> {
    let is_fork = ["clone", "fork", "vfork", "<... clone", "<... vfork", "<... fork"]
        .iter()
        .any(|name| call.starts_with(name));
    let result = call.rsplit_once(" = ")?.1;
    (is_fork && result.chars().all(|c| c.is_ascii_digit())).then_some(result)
}

#[test]
fn nothing_below_a_tenants_path_is_opened_or_run_as_root() {
    if !root() || !only(Subject::Ours) {
        return;
    }
    let Some(strace) = system("strace") else { return };
    let throne = Throne::new().arg("--emperor-tyrant");
    let trace = throne.dir.join("trace");
    let calls = "trace=%file,setuid,setreuid,setresuid,setfsuid,clone,clone3,fork,vfork";
    let words = ["-f", "-qq", "-s", "300", "-e", calls, "-e", "signal=none", "-o"];
    let words: Vec<&str> = words.into_iter().chain([trace.to_str().unwrap()]).collect();
    let emperor = throne.under(strace, &words).start();
    let home = home(&emperor, 4101);
    let address = free_address();
    let text = format!(
        "[uwsgi]\nchdir = {0}\nmodule = app\nhttp-socket = {address}\nsocket = {0}/app.sock\n\
         vacuum = true\nlogto = {0}/app.log\npidfile = {0}/app.pid\nmaster = true\n",
        home.display()
    );
    drop_owned(&emperor, "t.ini", 4101, &text);
    emperor.await_answer(address);
    let generation = emperor.api.generation("t.ini");
    emperor.touch("t.ini");
    eventually("the touch reloads", SOON, || {
        let app = emperor.api.app("t.ini");
        if app["generation"] == generation + 1 { Ok(()) } else { Err(app) }
    });
    assert_eq!(emperor.api.post("/v1/apps/t/reload?wait=10s").status, 200);
    assert_eq!(emperor.api.post("/v1/apps/t/stop?wait=10s").status, 200);
    assert!(http::get(address, "/").is_err());
    emperor.stop_traced(&trace, |text| {
        assert!(text.contains("app.py"), "the trace saw the tenant's files");
        for below in [home.to_str().unwrap(), "sites/t.ini\""] {
            let found = as_root(text, below);
            assert!(found.is_empty(), "as root:\n{}", found.join("\n"));
        }
    });
}

#[test]
fn a_trace_of_a_bad_program_would_be_noticed() {
    let trace = "10 clone(child_stack=NULL) = 11\n\
                 11 openat(AT_FDCWD, \"/t/app.py\", O_RDONLY) = 3\n\
                 11 setresuid(5, 5, 5) = 0\n\
                 11 openat(AT_FDCWD, \"/t/app.py\", O_RDONLY) = 3\n";
    assert_eq!(as_root(trace, "/t/").len(), 1);
    assert_eq!(as_root(trace, "/other/").len(), 0);
    // a child that is quicker than its parent's return from fork
    let trace = "10 vfork( <unfinished ...>\n\
                 11 setresuid(5, 5, 5) = 0\n\
                 10 <... vfork resumed>) = 11\n\
                 11 openat(AT_FDCWD, \"/t/app.py\", O_RDONLY) = 3\n\
                 10 openat(AT_FDCWD, \"/t/app.py\", O_RDONLY) = 3\n";
    assert_eq!(as_root(trace, "/t/"), [trace.lines().last().unwrap()]);
}

#[test]
fn an_emperor_of_roots_obeys_no_file_that_others_can_write() {
    if !root() || !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let sites = dir.mkdir("sites");
    let made = ["log", "state", "api.sock"].map(|name| dir.join(name));
    let text = format!(
        "[uwsgi]\nemperor = {}\nlogto = {}\nstate-dir = {}\napi-socket = {}\n",
        sites.display(),
        made[0].display(),
        made[1].display(),
        made[2].display()
    );
    let theirs = dir.write("theirs.ini", &text);
    give(&theirs, 4301, 4301);
    let open = dir.write("open.ini", &text);
    std::fs::set_permissions(&open, PermissionsExt::from_mode(0o666)).expect("root may");
    dir.write("own.ini", format!("[uwsgi]\nini = {}\n", open.display()));
    for (file, why) in [
        ("theirs.ini", "belongs to uid 4301"),
        ("open.ini", "can be written by others"),
        ("own.ini", "can be written by others"),
    ] {
        // the launcher hands over to the daemon where a file asks for an emperor
        for (program, first) in [("emperor", None), ("vassal", Some("--master"))] {
            let run = Run::program(&dir, programs::ours(program)).args(first);
            let (end, log) = run.args(["--ini", file]).to_end(SOON);
            assert_eq!(end, End::Code(1), "{program} {file}: {log}");
            assert!(log.contains(why), "{program} {file}: {log}");
            assert!(made.iter().all(|path| !path.exists()), "{program} {file}: {log}");
        }
        let run = Run::program(&dir, programs::ours("emperor"));
        let (end, log) = run.args(["--check", file]).to_end(SOON);
        assert!(matches!(end, End::Code(1 | 5)), "{file}: {log}");
        assert!(log.contains(why), "{file}: {log}");
    }
}

#[test]
fn hooks_before_the_drop_are_roots_files_alone() {
    if !root() || !only(Subject::Ours) {
        return;
    }
    let emperor = Throne::new().start();
    let home = home(&emperor, 4108);
    let text = |mark: &str| {
        format!(
            "[uwsgi]\nuid = 4108\ngid = 4108\nchdir = {home}\nmodule = app\nhttp-socket = \
             {home}/{mark}.sock\nhook-as-root = exec:id -u > {dir}/{mark}\nhook-pre-app = exec:id \
             -u > {home}/{mark}\n",
            home = home.display(),
            dir = emperor.dir().path().display(),
        )
    };
    drop_owned(&emperor, "tenant.ini", 4108, &text("tenant"));
    emperor.api.await_state("tenant.ini", "invalid");
    assert!(!emperor.dir().join("tenant").exists() && !home.join("tenant").exists());
    let app = emperor.api.app("tenant.ini").to_string();
    assert!(app.contains("would be done as root"), "{app}");
    emperor.drop_file("own.ini", &text("own"));
    emperor.api.await_state("own.ini", "running");
    let read = |path: std::path::PathBuf| std::fs::read_to_string(path).unwrap();
    assert_eq!(read(emperor.dir().join("own")), "0\n");
    assert_eq!(read(home.join("own")), "4108\n");
    // a reload does not repeat what belongs to the launch
    std::fs::remove_file(emperor.dir().join("own")).unwrap();
    let before = emperor.api.generation("own.ini");
    emperor.touch("own.ini");
    eventually("a new generation", SOON, || {
        if emperor.api.generation("own.ini") > before { Ok(()) } else { Err("not yet") }
    });
    assert!(!emperor.dir().join("own").exists());
    emperor.stop();
}
