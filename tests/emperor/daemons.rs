//! Daemons of a vassal while one process tree follows another: the one that serves has its own,
//! and never a moment too many or too few on purpose.

use std::net::{SocketAddr, TcpStream};

use tests::emperor::Emperor;
use tests::process::Process;
use tests::server::SOON;
use tests::{Subject, eventually, free_address, only};

/// A program that holds a port, and ends at once where it cannot.
const HOLDS: &str = "import socket, sys, time\ns = socket.socket()\n\
    s.bind(('127.0.0.1', int(sys.argv[1])))\ns.listen()\ntime.sleep(86000)\n";

/// A vassal with a smart daemon, and one in control that needs its port for itself.
struct Site {
    emperor: Emperor,
    address: SocketAddr,
    port: SocketAddr,
}

impl Site {
    fn start() -> Self {
        let emperor = Emperor::start();
        emperor.dir().write("holds.py", HOLDS);
        emperor.dir().write("a.py", tests::HITME);
        let (address, port) = (free_address(), free_address());
        let site = Self { emperor, address, port };
        site.deploy(0);
        site.emperor.await_answer(address);
        site.emperor.api.await_state("a.ini", "running");
        site
    }

    /// A new version: what is said of the environment makes it another process tree.
    fn deploy(&self, version: u32) {
        let at = |name: &str| self.emperor.dir().join(name).display().to_string();
        let text = self.emperor.ini(
            "a.py",
            self.address,
            &format!(
                "env = VERSION={version}\nsmart-attach-daemon2 = {} exec sleep 86391\n\
                 attach-control-daemon = exec python3 {} {}\nhook-post-fork = exec:test ! -e {} && sleep 1",
                at("smart.pid"),
                at("holds.py"),
                self.port.port(),
                at("broken"),
            ),
        );
        self.emperor.drop_file("a.ini", &text);
    }

    fn master(&self) -> Process {
        Process(self.emperor.api.app("a.ini")["pid"].as_i64().unwrap_or(0) as i32)
    }

    /// The two daemons below a master, once both are there and do what they are for.
    #[track_caller]
    fn daemons_of(&self, master: Process) -> [Process; 2] {
        eventually("both daemons", 2 * SOON, || {
            let below = master.descendants();
            let find = |part: &str| below.iter().copied().find(|one| one.command().contains(part));
            let (smart, holds) = (find("sleep 86391"), find("holds.py"));
            let text = std::fs::read_to_string(self.emperor.dir().join("smart.pid"));
            let text = text.unwrap_or_default();
            match (smart, holds) {
                (Some(smart), Some(holds))
                    if text.trim() == smart.0.to_string()
                        && TcpStream::connect(self.port).is_ok() =>
                {
                    Ok([smart, holds])
                }
                other => Err(format!("{other:?}, pid file {text:?}")),
            }
        })
    }
}

#[test]
fn a_succession_hands_the_daemons_over() {
    if !only(Subject::Ours) {
        return;
    }
    let site = Site::start();
    let mut master = site.master();
    let mut daemons = site.daemons_of(master);
    for version in 1..=2 {
        site.deploy(version);
        let heir = eventually("another tree serves", SOON, || {
            let now = site.master();
            if now.0 > 0 && now != master { Ok(now) } else { Err(site.emperor.api.app("a.ini")) }
        });
        assert!(tests::until(2 * SOON, || !master.alive()), "the old tree stays");
        let new = site.daemons_of(heir);
        assert!(daemons.iter().all(|one| !one.alive()), "{daemons:?} {new:?}");
        assert_eq!(site.master(), heir, "the daemon in control ended it");
        assert_eq!(site.emperor.api.app("a.ini")["state"], "running");
        (master, daemons) = (heir, new);
    }
    site.emperor.await_answer(site.address);
    site.emperor.stop();
    assert!(daemons.iter().all(|one| !one.alive()));
}

#[test]
fn a_successor_that_fails_leaves_the_daemons_alone() {
    if !only(Subject::Ours) {
        return;
    }
    let site = Site::start();
    let master = site.master();
    let daemons = site.daemons_of(master);
    site.emperor.dir().write("broken", "");
    site.deploy(1);
    site.emperor.api.await_state("a.ini", "degraded");
    assert_eq!(site.daemons_of(master), daemons);
    assert_eq!(site.master(), master);
    // and the next one that is whole takes them over
    std::fs::remove_file(site.emperor.dir().join("broken")).unwrap();
    site.deploy(2);
    let heir = eventually("another tree serves", SOON, || {
        let now = site.master();
        if now.0 > 0 && now != master { Ok(now) } else { Err(site.emperor.api.app("a.ini")) }
    });
    site.daemons_of(heir);
    site.emperor.stop();
}
