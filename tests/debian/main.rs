//! The configurations that Debian's own packages ship for uWSGI parse and plan here unchanged.
//!
//! The packages are only unpacked, never installed, and nothing of them is kept in this
//! repository: `tests/run` fetches what the list beside this file names. Errors that are true on
//! a machine without the package (its user is missing) are no failure; any other error is.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tests::{Dir, Subject, not_run, only, programs};

/// Names of packages.
const PACKAGES: &str = include_str!("packages");

/// A file of a package.
struct Shipped {
    package: &'static str,
    path: PathBuf,
}

impl Shipped {
    fn name(&self) -> &str {
        self.path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
    }

    /// What Debian's scripts say besides: a socket for daemons whose file names none, the defaults
    /// of the distribution for what lies in apps-available.
    fn plan(&self, defaults: &Path) -> Output {
        let mut command = Command::new(programs::ours("vassal"));
        command.arg("--plan");
        if self.path.display().to_string().contains("apps-available") {
            command.arg("--ini").arg(defaults);
            command.env("UWSGI_DEB_CONFNAMESPACE", "app").env("UWSGI_DEB_CONFNAME", "site");
        } else {
            command.args(["--http-socket", "127.0.0.1:0"]);
        }
        command.arg(&self.path).output().expect("our program runs")
    }
}

/// Every configuration of every package that is there; `None` says that none is.
fn shipped(dir: &Dir) -> Option<Vec<Shipped>> {
    let store = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/debian");
    let files: Vec<String> = fs::read_dir(&store)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    let mut found = Vec::new();
    let names = PACKAGES.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    for package in names {
        let start = format!("{package}_");
        let Some(file) = files.iter().find(|file| file.starts_with(&start)) else {
            not_run(&format!("the package {package} was not fetched by tests/run"));
            continue;
        };
        let to = dir.mkdir(package);
        let unpacked = Command::new("dpkg-deb").arg("-x").arg(store.join(file)).arg(&to).status();
        assert!(unpacked.is_ok_and(|status| status.success()), "{package} cannot be unpacked");
        collect(&to, &mut |path| found.push(Shipped { package, path }));
    }
    (!found.is_empty()).then_some(found)
}

/// Visits what is a configuration of uWSGI by its place and name.
fn collect(dir: &Path, visit: &mut dyn FnMut(PathBuf)) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let (path, Ok(kind)) = (entry.path(), entry.file_type()) else { continue };
        let text = path.display().to_string();
        let configuration =
            [".ini", ".yaml", ".yml", ".json", ".xml"].iter().any(|end| text.ends_with(end))
                && text.contains("uwsgi");
        if kind.is_dir() {
            collect(&path, visit);
        } else if kind.is_file() && configuration {
            visit(path);
        }
    }
}

/// Whether an error is true here: the package's own user and group are not installed.
fn is_true(error: &str) -> bool {
    ["uid: no such user", "gid: no such group", "chown-socket: no such"]
        .iter()
        .any(|text| error.contains(text))
}

#[test]
fn what_debian_ships_parses_and_plans() {
    if !only(Subject::Ours) || programs::system("dpkg-deb").is_none() {
        return;
    }
    let dir = Dir::new();
    let Some(list) = shipped(&dir) else { return };
    let defaults = dir.join("uwsgi/usr/share/uwsgi/conf/default.ini");
    let mut wrong = Vec::new();
    let mut meant = BTreeMap::new();
    for file in &list {
        let output = file.plan(&defaults);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let (warnings, errors): (Vec<&str>, Vec<&str>) =
            said.lines().partition(|line| line.starts_with("warning: "));
        let bad: Vec<&&str> = errors.iter().filter(|error| !is_true(error)).collect();
        let plausible = output.status.success() || !errors.is_empty();
        if !bad.is_empty() || !plausible || said.contains("panicked") {
            wrong.push(format!("{} {}: {bad:#?}", file.package, file.path.display()));
        }
        for warning in warnings.iter().filter(|line| line.contains("did you mean")) {
            meant.insert((file.package, file.name()), (*warning).to_owned());
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // one of them is a slip that uWSGI never told anybody about, and the only one of its kind
    for ((package, name), warning) in &meant {
        let known = match *package {
            "mailman3-web" => warning.contains("process: ") && warning.contains("\"processes\""),
            "radicale" => warning.contains("umask"),
            _ => false,
        };
        assert!(known, "{package} {name}: {warning}");
    }
    if list.iter().any(|file| file.package == "mailman3-web") {
        assert!(meant.contains_key(&("mailman3-web", "uwsgi.ini")), "{meant:?}");
    }
}
