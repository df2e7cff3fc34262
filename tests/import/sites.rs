//! Files of other servers become sites that serve.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use tests::emperor::{Emperor, Said};
use tests::programs::{ours, system};
use tests::{Dir, HITME, Run, Subject, free_address, give, http, only, root};

fn ctl(words: &[&str], directory: &Path, input: Option<&str>) -> Said {
    let mut child = Command::new(ours("emperorctl"))
        .args(words)
        .current_dir(directory)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("emperorctl runs");
    let mut stdin = child.stdin.take().expect("its input is a pipe");
    // it may end before it reads: then there is nobody to write to
    stdin.write_all(input.unwrap_or_default().as_bytes()).ok();
    drop(stdin);
    let output = child.wait_with_output().expect("emperorctl ends");
    Said {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

#[test]
fn an_imported_gunicorn_site_serves() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    let address = free_address();
    dir.write("site/hello.py", "import os\ndef make():\n    def app(env, start):\n        start('200 OK', [])\n        return [os.environ['GREETING'].encode()]\n    return app\n");
    dir.write(
        "gunicorn.conf.py",
        format!(
            "import os\nwsgi_app = 'hello:make()'\nbind = '{address}'\n\
             workers = int(os.environ.get('NOT_SET_HERE', 2))\nthreads = 2\n\
             chdir = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'site')\n\
             raw_env = ['GREETING=100% %(asctime)s $(HOME) done']\naccesslog = '-'\n\
             def post_fork(server, worker):\n    pass\n"
        ),
    );
    let said = ctl(&["import", "gunicorn", "gunicorn.conf.py"], dir.path(), None);
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.err.contains("not carried over: line 9: post_fork: "), "{}", said.err);
    dir.write("hello.ini", &said.out);
    let server = Run::uwsgi(&dir).arg("hello.ini").start();
    server.await_tcp(address);
    let answer = http::get(address, "/").expect("it answers");
    let (status, text) = (answer.status, answer.text());
    assert_eq!((status, text.as_str()), (200, "100% %(asctime)s $(HOME) done"), "{}", said.out);
    server.stop();
}

#[test]
fn every_imported_site_has_a_plan() {
    if !only(Subject::Ours) || !root() {
        return;
    }
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../emperor/tests/import/cases");
    let mut plans = 0;
    for entry in fs::read_dir(cases).expect("the cases are in the repository") {
        let path = entry.expect("the directory can be read").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let Some((source, _)) = name.split_once('-').filter(|_| !name.ends_with(".golden")) else {
            continue;
        };
        let dir = Dir::new();
        let to = dir.path().display().to_string();
        let said =
            ctl(&["import", source, &path.display().to_string(), "--to", &to], dir.path(), None);
        assert_eq!(said.code, 0, "{name}: {}", said.err);
        for site in said.out.lines() {
            let text = fs::read_to_string(site).expect("it was made");
            if text.contains("\nini = ") || text.contains("\nhttps-socket = ") {
                continue; // that file, or the certificate, is not here
            }
            // the users of the cases are not here
            let known: String = text
                .lines()
                .filter(|line| !line.starts_with("chown-socket") && !line.starts_with("gid"))
                .map(|line| if line.starts_with("uid = ") { "uid = nobody" } else { line })
                .fold(String::new(), |all, line| all + line + "\n");
            fs::write(site, known).expect("it is ours");
            let output = Command::new(ours("vassal")).args(["--plan", site]).output();
            let output = output.expect("vassal runs");
            let error = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{name}: {site}: {error}\n{text}");
            plans += 1;
        }
    }
    assert!(plans >= 15, "{plans}");
}

#[test]
fn imported_files_are_taken_up_by_an_emperor() {
    if !only(Subject::Ours) {
        return;
    }
    let emperor = Emperor::start();
    let (one, two) = (free_address(), free_address());
    let home = emperor.dir().path().display().to_string();
    emperor.dir().write("hitme.py", HITME);
    emperor.dir().write(
        "supervisord.conf",
        format!(
            "[program:one]\ncommand = gunicorn hitme:application -b {one}\ndirectory = {home}\n\
             [program:two]\ncommand = uwsgi --http {two} --wsgi-file hitme.py -M\n\
             directory = {home}\n[program:tasks]\ncommand = celery worker\n"
        ),
    );
    let sites = emperor.file("");
    let words = ["import", "supervisor", "supervisord.conf", "--to", &sites.display().to_string()];
    let said = ctl(&words, emperor.dir().path(), None);
    assert_eq!(said.code, 0, "{}", said.err);
    assert_eq!(said.out.lines().count(), 2, "{}", said.out);
    assert!(
        said.err.contains("line 8: command: no server of a Python application"),
        "{}",
        said.err
    );
    for address in [one, two] {
        assert_eq!(emperor.await_answer(address), "Hello World");
    }
    // what is there is not replaced, and nothing else is written
    let before = fs::read_to_string(emperor.file("one.ini")).expect("it is there");
    fs::remove_file(emperor.file("two.ini")).expect("it is there");
    let said = ctl(&words, emperor.dir().path(), None);
    assert_eq!(said.code, 1, "{}", said.err);
    assert!(said.err.contains("one.ini: it is there already"), "{}", said.err);
    assert!(!emperor.file("two.ini").exists());
    assert_eq!(fs::read_to_string(emperor.file("one.ini")).expect("it is there"), before);
    let mut force = words.to_vec();
    force.push("--force");
    assert_eq!(ctl(&force, emperor.dir().path(), None).code, 0);
    assert_eq!(emperor.await_answer(two), "Hello World");
    let left = fs::read_dir(emperor.file("")).expect("the directory is there").count();
    assert_eq!(left, 2, "no temporary file is left");
    emperor.stop();
}

#[test]
fn exit_codes_tell_what_was_wrong() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    dir.write("bad.json", "{");
    dir.write("binary.conf", [0xff_u8, 0xfe, 0]);
    dir.write("long.py", "#".repeat(1024 * 1024 + 1));
    dir.mkdir("directory");
    nix::unistd::mkfifo(&dir.join("pipe"), nix::sys::stat::Mode::S_IRUSR).expect("a pipe is made");
    for (words, code, part) in [
        (&["import", "unit", "bad.json"][..], 5, "bad.json: no valid JSON"),
        (&["import", "supervisor", "binary.conf"], 5, "not valid UTF-8"),
        (&["import", "gunicorn", "long.py"], 5, "longer than 1024 KiB"),
        (&["import", "fpm", "missing.conf"], 1, "missing.conf: No such file"),
        (&["import", "fpm", "directory"], 1, "not a regular file"),
        (&["import", "fpm", "pipe"], 1, "not a regular file"),
        (&["import", "fpn", "x"], 2, "did you mean \"fpm\""),
        (&["import", "gunicorn"], 2, "wants a file"),
        (
            &["import", "gunicorn", "--command", "uvicorn a:b"],
            5,
            "expected a command line of gunicorn",
        ),
    ] {
        let said = ctl(words, dir.path(), None);
        assert_eq!(said.code, code, "{words:?}: {}", said.err);
        assert!(said.err.contains(part), "{words:?}: {}", said.err);
        assert_eq!(said.out, "", "{words:?}");
    }
    let said = ctl(&["import", "gunicorn", "--command", "gunicorn a:b -w 3"], dir.path(), None);
    assert!(said.code == 0 && said.out.contains("\nprocesses = 3\n"), "{}", said.out);
    let said = ctl(&["import", "fpm", "-"], dir.path(), Some("[www]\nuser = x\nlisten = /run/x\n"));
    assert!(said.code == 0 && said.out.contains("\nuid = x\n"), "{}", said.out);
    // secrets of the source are in the file that is made, not on the terminal's error output
    let secret = "wsgi_app = 'a:b'\nstatsd_host = 'hunter2'\n";
    let said = ctl(&["import", "gunicorn", "-"], dir.path(), Some(secret));
    assert!(said.out.contains("hunter2") && !said.err.contains("hunter2"), "{}", said.err);
}

#[test]
fn what_only_some_may_read_is_not_made_readable_for_all() {
    if !only(Subject::Ours) {
        return;
    }
    let dir = Dir::new();
    for (mode, want) in [(0o600, 0o600), (0o640, 0o640), (0o666, 0o644)] {
        let file = dir.write("x.py", "wsgi_app = 'a:b'\n");
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).expect("it is ours");
        let to = dir.mkdir(format!("to{mode:o}"));
        let words = ["import", "gunicorn", "x.py", "--to", &to.display().to_string()];
        assert_eq!(ctl(&words, dir.path(), None).code, 0);
        let made = fs::metadata(to.join("a.ini")).expect("it was made").permissions().mode();
        assert_eq!(made & 0o777, want, "{mode:o}");
    }
}

#[test]
fn the_file_of_a_tenant_is_never_read_as_root() {
    if !only(Subject::Ours) || !root() {
        return;
    }
    let Some(strace) = system("strace") else { return };
    let dir = Dir::new();
    let file = dir.write("x.py", "# marker-of-the-source\nwsgi_app = 'a:b'\nworkers = 3\n");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("it is ours");
    give(&file, 4101, 4101);
    let trace = dir.join("trace");
    let output = Command::new(strace)
        .args(["-f", "-s", "64", "-e", "trace=setuid,setgid,setgroups,read", "-o"])
        .arg(&trace)
        .arg(ours("emperorctl"))
        .args(["import", "gunicorn"])
        .arg(&file)
        .output()
        .expect("strace runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        text.contains("\nprocesses = 3\n"),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let trace = fs::read_to_string(&trace).expect("strace wrote its file");
    let pid = |part: &str| {
        let lines = trace.lines().filter(|line| line.contains(part));
        lines.filter_map(|line| line.split_whitespace().next()).collect::<Vec<_>>()
    };
    let readers = pid("marker-of-the-source");
    assert!(!readers.is_empty(), "{trace}");
    for step in ["setgroups(0, ", "setgid(4101)", "setuid(4101)"] {
        assert_eq!(pid(step), readers[..1], "{step}: {trace}");
    }
    assert!(readers.iter().all(|one| *one == readers[0]), "{trace}");
}
