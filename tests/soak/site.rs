//! The two vassals: `shop`, whose workers are killed and which is reloaded, and `calm`, to which
//! nothing happens but requests.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::net::SocketAddr;

use tests::api::Api;
use tests::emperor::Emperor;
use tests::process::Process;
use tests::server::SOON;
use tests::{eventually, free_address, give, http, write_file};

use crate::gauge::descriptors;

/// The tenant, where the test may choose one.
const TENANT: u32 = 4101;

/// What is the same for both: slow clients are this test's, on a machine that may have a lot to do.
const MORE: &str = "threads = 2\nlisten = 1024\nsocket-timeout = 30";

/// How a reload comes about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reload {
    /// Another environment: a whole new process tree on the same sockets.
    Succession,
    /// The site file is touched.
    Touch,
    /// HUP to the master.
    Hangup,
    /// One worker after the other.
    Chain,
    /// Code that cannot be imported: nothing may change.
    Broken,
    /// The management API is asked.
    Api,
}

/// All of them, in the order in which they are used.
pub(crate) const RELOADS: [Reload; 6] =
    [Reload::Succession, Reload::Touch, Reload::Hangup, Reload::Chain, Reload::Broken, Reload::Api];

/// What has to become true after a reload.
#[derive(Debug)]
pub(crate) enum Promise {
    /// This generation serves.
    Generation(u64),
    /// None of these workers is left among those who serve.
    Without(Vec<u64>),
    /// So many reloads have been rejected.
    Rejected(u64),
}

/// One vassal of the Emperor.
#[derive(Debug)]
pub(crate) struct Site {
    name: &'static str,
    /// Where it speaks HTTP.
    pub(crate) http: SocketAddr,
    /// Where it speaks uwsgi.
    pub(crate) uwsgi: SocketAddr,
    version: u32,
    environment: u32,
    text: String,
}

impl Site {
    /// Drops the file of a vassal and waits until it serves.
    pub(crate) fn found(emperor: &Emperor, name: &'static str, processes: u32) -> Self {
        let (http, uwsgi) = (free_address(), free_address());
        let home = emperor.dir().mkdir(name);
        fs::copy(tests::apps().join("soak.py"), home.join("soak.py")).expect("the app is there");
        write_file(&home.join("chain"), "");
        let mut text = emperor.ini(&format!("{name}/soak.py"), http, MORE);
        let _ = write!(text, "uwsgi-socket = {uwsgi}\nprocesses = {processes}\n");
        let _ = writeln!(text, "touch-chain-reload = {}", home.join("chain").display());
        if nix::unistd::geteuid().is_root() {
            let _ = write!(text, "uid = {TENANT}\ngid = {TENANT}\n");
            give(&home, TENANT, TENANT);
        }
        let mut site = Self { name, http, uwsgi, version: 0, environment: 0, text };
        site.deploy(emperor);
        site.write(emperor);
        emperor.api.await_state(&site.file(), "running");
        site
    }

    fn file(&self) -> String {
        format!("{}.ini", self.name)
    }

    /// Writes its configuration.
    fn write(&self, emperor: &Emperor) {
        let text = format!("{}env = ENVIRONMENT={}\n", self.text, self.environment);
        emperor.drop_file(&self.file(), &text);
    }

    /// Another version of the code.
    fn deploy(&mut self, emperor: &Emperor) {
        self.version += 1;
        let file = emperor.dir().join(self.name).join("version");
        write_file(&file, self.version.to_string());
    }

    /// A number of its status.
    fn pid(&self, api: &Api, key: &str) -> Process {
        let app = api.app(&self.file());
        let pid = app[key].as_i64().unwrap_or_else(|| panic!("no {key} in {app}"));
        Process(i32::try_from(pid).expect("a number of a process"))
    }

    /// Its master.
    pub(crate) fn master(&self, api: &Api) -> Process {
        self.pid(api, "pid")
    }

    /// Everything that should be the same later, and its names.
    pub(crate) fn processes(&self, api: &Api) -> Vec<(String, Process)> {
        let named = |what: &str, process| (format!("{} {what}", self.name), process);
        let workers = api.workers(&self.file()).into_iter().enumerate();
        let workers = workers.map(|(n, pid)| named(&format!("worker {n}"), Process(pid as i32)));
        let chiefs = ["pid", "nursery"].map(|key| self.pid(api, key));
        let chiefs = ["master", "nursery"].into_iter().zip(chiefs);
        chiefs.map(|(what, process)| named(what, process)).chain(workers).collect()
    }

    /// Has it reloaded, and says what that must lead to.
    pub(crate) fn reload(&mut self, emperor: &Emperor, how: Reload) -> Promise {
        let before = emperor.api.generation(&self.file());
        if how == Reload::Chain {
            // the nursery's code is what these workers have, too
            let workers = emperor.api.workers(&self.file());
            write_file(&emperor.dir().join(self.name).join("chain"), format!("{before} "));
            return Promise::Without(workers);
        }
        if how == Reload::Broken {
            let before = emperor.api.app(&self.file())["reloads"]["rejected"].as_u64();
            write_file(&emperor.dir().join(self.name).join("version"), "none");
            emperor.touch(&self.file());
            return Promise::Rejected(before.expect("rejections are counted") + 1);
        }
        self.deploy(emperor);
        match how {
            Reload::Succession => {
                self.environment += 1;
                self.write(emperor);
            }
            Reload::Touch => emperor.touch(&self.file()),
            Reload::Hangup => self.master(&emperor.api).signal(nix::sys::signal::Signal::SIGHUP),
            Reload::Api => {
                let answer = emperor.api.post(&format!("/v1/apps/{}/reload", self.name));
                assert!(answer.status < 300, "{}: {}", answer.status, answer.text());
            }
            Reload::Chain | Reload::Broken => unreachable!("nothing is deployed for it"),
        }
        Promise::Generation(before + 1)
    }

    /// Whether a promise is kept; what is seen instead.
    pub(crate) fn keeps(&self, api: &Api, promise: &Promise) -> Result<(), String> {
        let app = api.app(&self.file());
        let kept = match promise {
            Promise::Generation(number) => app["generation"] == *number,
            Promise::Rejected(number) => app["reloads"]["rejected"] == *number,
            Promise::Without(old) => {
                let now = api.workers(&self.file());
                !now.is_empty() && now.iter().all(|pid| !old.contains(pid))
            }
        };
        if kept { Ok(()) } else { Err(format!("not {promise:?} but {app}")) }
    }

    /// Every worker answers with the newest code, and nobody else answers.
    #[track_caller]
    pub(crate) fn is_newest(&self, api: &Api) {
        let mut missing = api.workers(&self.file());
        assert!(!missing.is_empty(), "{} has no worker", self.name);
        eventually("every worker has answered", SOON * 2, || {
            let answer = http::get(self.http, "/newest/1/later").map_err(|e| e.to_string())?;
            let pid = answer.header("x-pid").and_then(|word| word.parse::<u64>().ok());
            let version = answer.header("x-version").unwrap_or_default();
            assert_eq!(version, self.version.to_string(), "of {pid:?}");
            missing.retain(|one| Some(*one) != pid);
            if missing.is_empty() { Ok(()) } else { Err(format!("not {missing:?}")) }
        });
    }
}

/// What has to be as it was when all is over: who is there, what each has open, files.
pub(crate) fn inventory(emperor: &Emperor, sites: &[&Site]) -> BTreeMap<String, String> {
    let all = emperor.server.process().descendants().len();
    let mut found = BTreeMap::from([("processes".to_owned(), all.to_string())]);
    let mut add = |name: String, process: Process| {
        found.insert(name, format!("{:?}", descriptors(process)));
    };
    add("emperor".into(), emperor.server.process());
    for site in sites {
        for (name, process) in site.processes(&emperor.api) {
            add(name, process);
        }
    }
    let mut files = Vec::new();
    for dir in [emperor.dir().path().to_owned(), emperor.dir().join("sites")] {
        let entries = fs::read_dir(dir).expect("the test's directory is there");
        files.extend(entries.flatten().map(|entry| entry.file_name()));
    }
    files.sort();
    found.insert("files".into(), format!("{files:?}"));
    found
}
