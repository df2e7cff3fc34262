//! Whether a changed file needs a new generation only, or a successor of the whole tree.
//!
//! The launch plan is what has to be done as root. A master has given root up, so it can start
//! a new generation by itself only while the plan stays the same.

use shared::plan::Plan;

/// How a changed configuration is brought in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Path {
    /// The running master starts a new generation.
    Generation,
    /// A new process tree starts with our copies of the listening sockets; these parts of the
    /// plan are different.
    Succession(Vec<&'static str>),
}

/// Compares the plan that runs with the plan of the changed file.
pub fn choose(running: &Plan, wanted: &Plan) -> Path {
    // taken apart, so that a new field of the plan cannot be forgotten here
    let Plan {
        identity,
        chroot,
        chdir,
        umask,
        sockets,
        zerg,
        protocol,
        isolation,
        locks,
        tuning,
        chmod_socket,
        chown_socket,
        backlog,
        pidfile,
        logto,
        logfile,
        vacuum,
        limits,
        hooks,
        env,
        build,
    } = wanted;
    let parts = [
        ("user or groups", running.identity == *identity),
        ("chroot", running.chroot == *chroot),
        ("chdir", running.chdir == *chdir),
        ("umask", running.umask == *umask),
        ("sockets", running.sockets == *sockets),
        ("zerg", (&running.zerg, running.protocol) == (zerg, *protocol)),
        ("cap or unshare", running.isolation == *isolation),
        ("flock", running.locks == *locks),
        ("options of sockets", running.tuning == *tuning),
        ("chmod-socket", running.chmod_socket == *chmod_socket),
        ("chown-socket", running.chown_socket == *chown_socket),
        ("listen", running.backlog == *backlog),
        ("pidfile", running.pidfile == *pidfile),
        ("logto", running.logto == *logto),
        ("logfile-chmod", running.logfile == *logfile),
        ("vacuum", running.vacuum == *vacuum),
        ("limits", running.limits == *limits),
        ("hooks", running.hooks == *hooks),
        ("env", running.env == *env),
        ("the installed version", running.build == *build),
    ];
    let changed: Vec<_> =
        parts.into_iter().filter(|(_, same)| !same).map(|(what, _)| what).collect();
    if changed.is_empty() { Path::Generation } else { Path::Succession(changed) }
}

#[cfg(test)]
mod tests {
    use shared::plan::Identity;
    use shared::settings::{Isolation, Logfile, Tuning, Wire, Zerg};

    use super::*;

    fn plan() -> Plan {
        Plan {
            identity: None,
            chroot: None,
            chdir: Some("/srv/a".into()),
            umask: None,
            sockets: Vec::new(),
            zerg: Zerg::default(),
            protocol: Wire::Uwsgi,
            isolation: Isolation::default(),
            locks: Vec::new(),
            tuning: Tuning::default(),
            chmod_socket: None,
            chown_socket: None,
            backlog: 1024,
            pidfile: None,
            logto: None,
            logfile: Logfile::default(),
            vacuum: false,
            hooks: Vec::new(),
            env: Vec::new(),
            limits: shared::settings::Limits::default(),
            build: "1".into(),
        }
    }

    #[test]
    fn an_equal_plan_is_a_generation() {
        assert_eq!(choose(&plan(), &plan()), Path::Generation);
    }

    #[test]
    fn each_difference_is_a_succession_and_is_named() {
        let who = Identity { uid: 1000, gid: 1000, groups: vec![1000] };
        for (wanted, part) in [
            (Plan { identity: Some(who), ..plan() }, "user or groups"),
            (Plan { chroot: Some("/jail".into()), ..plan() }, "chroot"),
            (
                Plan { tuning: Tuning { keepalive: true, ..Tuning::default() }, ..plan() },
                "options of sockets",
            ),
            (Plan { env: vec![("A".into(), None)], ..plan() }, "env"),
            (Plan { build: "2".into(), ..plan() }, "the installed version"),
        ] {
            assert_eq!(choose(&plan(), &wanted), Path::Succession(vec![part]));
        }
    }
}
