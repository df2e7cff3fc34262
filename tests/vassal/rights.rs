//! What root does before it is somebody else, and that it does nothing of the tenant's: programs
//! of a jail, the interpreter's environment, another configuration after a failure.

use tests::process::Process;
use tests::server::{End, SOON};
use tests::{Dir, HITME, Run, Subject, eventually, free_address, give, http, only, root};

/// A user that owns nothing else.
const TENANT: u32 = 4311;

/// How a server of this file ends that cannot start.
fn ends(dir: &Dir, text: &str) -> (End, String) {
    let app = dir.write("app.py", HITME);
    let text = format!(
        "[uwsgi]\nuid = {TENANT}\ngid = {TENANT}\nhttp-socket = {}\nwsgi-file = {}\n{text}\n",
        free_address(),
        app.display()
    );
    let file = dir.write("app.ini", text);
    Run::bare(dir, Subject::Ours).arg("--ini").arg(file).to_end(SOON)
}

#[test]
fn root_runs_nothing_that_is_in_a_tenants_jail() {
    if !only(Subject::Ours) || !root() {
        return;
    }
    let dir = Dir::new();
    let jail = dir.mkdir("jail");
    give(&jail, TENANT, TENANT);
    dir.write("other.ini", "[uwsgi]\n");
    let more = format!("chroot = {}\nfallback-config = other.ini", jail.display());
    for hook in ["exec", "safeexec"] {
        let (end, log) = ends(&dir, &format!("{more}\nhook-as-root = {hook}:true"));
        assert_eq!(end, End::Code(1), "{log}");
        assert!(log.contains("root runs no command"), "{log}");
        assert!(log.contains("app.ini:8: "), "{log}");
        assert!(!log.contains("other.ini is used"), "{log}");
    }
}

#[test]
fn fallback_config_is_not_used_when_the_rights_of_the_start_are_gone() {
    if !only(Subject::Ours) || !root() {
        return;
    }
    let dir = Dir::new();
    dir.write("other.ini", "[uwsgi]\n");
    let (end, log) = ends(&dir, "fallback-config = other.ini\nhook-as-user = exec:exit 3");
    assert_eq!(end, End::Code(1), "{log}");
    assert!(log.contains("exit status: 3"), "{log}");
    assert!(!log.contains("other.ini is used"), "{log}");
}

#[test]
fn fallback_config_is_found_where_the_start_was() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    dir.write("hitme.py", HITME);
    let address = free_address();
    dir.write(
        "other.ini",
        format!("[uwsgi]\nhttp-socket = {address}\nwsgi-file = hitme.py\nplugin = python3\n"),
    );
    dir.write(
        "app.ini",
        "[uwsgi]\nhook-asap = chdir:/\nhook-as-root = exec:exit 3\nfallback-config = other.ini\n",
    );
    let server = Run::uwsgi(&dir).args(["--ini", "app.ini"]).start();
    server.await_tcp(address);
    assert_eq!(eventually("it serves", SOON, || http::get(address, "/")).text(), "Hello World");
    server.stop();
}

#[test]
fn commands_of_root_have_an_environment_of_their_own() {
    if !only(Subject::Ours) || !root() {
        return;
    }
    let dir = Dir::new();
    let address = free_address();
    dir.write(
        "app.py",
        "import os\ndef application(env, start_response):\n    start_response('200 OK', [])\n    \
         return [os.environ['SHADE'].encode()]\n",
    );
    let told = |phase: &str| dir.join(phase).display().to_string();
    let tell = |phase: &str| {
        let file = dir.write(phase, "");
        give(&file, TENANT, TENANT);
        format!("hook-{phase} = exec:echo $PATH $COLOUR $SHADE > {}", told(phase))
    };
    let text = format!(
        "[uwsgi]\nuid = {TENANT}\ngid = {TENANT}\nhttp-socket = {address}\nwsgi-file = {}\n\
         env = PATH=/home/tenant/bin:/usr/bin:/bin\nenv = COLOUR=red\n\
         hook-asap = putenv:SHADE=dark\n{}\n{}\n{}\n",
        dir.join("app.py").display(),
        tell("asap"),
        tell("as-root"),
        tell("as-user"),
    );
    let file = dir.write("app.ini", text);
    let server = Run::bare(&dir, Subject::Ours).arg("--ini").arg(file).start();
    let answer = eventually("it serves", SOON, || http::get(address, "/"));
    assert_eq!(answer.text(), "dark");
    let said = |phase| std::fs::read_to_string(told(phase)).expect("the hook wrote it");
    for phase in ["asap", "as-root"] {
        let text = said(phase);
        assert!(!text.contains("tenant") && !text.contains("red"), "{phase}: {text}");
        assert!(text.ends_with(" dark\n") && text.contains("/bin"), "{phase}: {text}");
    }
    assert_eq!(said("as-user"), "/home/tenant/bin:/usr/bin:/bin red dark\n");
    server.stop();
}

#[test]
fn a_limit_that_is_refused_is_named_with_its_line() {
    if !only(Subject::Ours) || !root() {
        return;
    }
    let dir = Dir::new();
    let app = dir.write("app.py", HITME);
    // a tenant's file asks with the tenant's rights
    let text = format!(
        "[uwsgi]\nuid = {TENANT}\ngid = {TENANT}\nhttp-socket = {}\nwsgi-file = {}\nprio = -5\n",
        free_address(),
        app.display()
    );
    let file = dir.write("app.ini", text);
    give(&file, TENANT, TENANT);
    let (end, log) = Run::bare(&dir, Subject::Ours).arg("--ini").arg(file).to_end(SOON);
    assert_eq!(end, End::Code(1), "{log}");
    assert!(log.contains("app.ini:6: prio: -5 is refused"), "{log}");
}

/// How often a process gave the processor away by itself.
fn waits(process: Process) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{}/status", process.0));
    let text = text.expect("the process is there");
    let line = text.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
    line.expect("the kernel tells").trim().parse().expect("a number")
}

#[test]
fn a_master_whose_workers_rest_does_nothing() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    dir.write("hitme.py", HITME);
    let address = free_address();
    let server = Run::uwsgi(&dir)
        .args(["--http-socket", &address.to_string(), "--wsgi-file", "hitme.py", "--master"])
        .args(["--harakiri", "20", "--idle", "1"])
        .start();
    server.expect_log("cheap mode enabled");
    eventually("only the nursery is left", SOON, || {
        let left = server.process().descendants().len();
        if left == 1 { Ok(()) } else { Err(left) }
    });
    // what follows from the last worker's end is done when a while brings nothing more
    let quiet = eventually("a second without a look", 2 * SOON, || {
        let before = waits(server.process());
        let moved = tests::until(std::time::Duration::from_millis(2500), || {
            waits(server.process()) != before
        });
        if moved { Err("it woke") } else { Ok(true) }
    });
    assert!(quiet);
    assert_eq!(eventually("it serves", SOON, || http::get(address, "/")).status, 200);
    server.stop();
}
