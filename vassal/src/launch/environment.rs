//! The environment of the tenant's interpreter, and that of commands that root runs before.
//!
//! Both are made here, whole: the master's own environment is never changed and never passed on.
//! What a configuration says of the interpreter's (`env`, the tenant's home) never reaches a
//! command of root's: a `PATH` of the tenant's would have root run the tenant's programs.

use std::ffi::{OsStr, OsString};

use shared::plan::Plan;

/// Names that belong to a supervisor and its child, never to a tenant's code.
const SUPERVISION: [&str; 9] = [
    "LISTEN_FDNAMES",
    "LISTEN_FDS",
    "LISTEN_PID",
    "NOTIFY_SOCKET",
    "UWSGI_BROODLORD_NUM",
    "UWSGI_EMPEROR_FD",
    "UWSGI_EMPEROR_FD_CONFIG",
    "UWSGI_EMPEROR_PROXY",
    "WATCHDOG_PID",
];

/// What a vassal under an Emperor gets of the Emperor's environment.
const PASSED: [&str; 3] = ["LANG", "PATH", "TZ"];

/// Where root's commands are looked for when nobody said where.
const SAFE_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The tenant, as the user database knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    /// Login name.
    pub user: String,
    /// Home directory.
    pub directory: OsString,
}

/// What may be read by `$(NAME)` in a vassal's file under an Emperor.
pub fn passed(
    inherited: impl IntoIterator<Item = (OsString, OsString)>,
) -> Vec<(OsString, OsString)> {
    inherited.into_iter().filter(|(name, _)| PASSED.iter().any(|one| name == one)).collect()
}

/// The interpreter's environment. `summoned`: under our Emperor little is passed on and the
/// tenant's own names are added; standalone it is what we were started with.
pub fn of_interpreter(
    inherited: impl IntoIterator<Item = (OsString, OsString)>,
    summoned: bool,
    home: Option<&Home>,
    plan: &Plan,
) -> Vec<(OsString, OsString)> {
    let mut result = launchers(inherited, summoned);
    if let Some(home) = home.filter(|_| summoned) {
        set(&mut result, "HOME", Some(&home.directory));
        set(&mut result, "USER", Some(OsStr::new(&home.user)));
        set(&mut result, "LOGNAME", Some(OsStr::new(&home.user)));
    }
    for (name, value) in &plan.env {
        set(&mut result, name, value.as_ref().map(OsStr::new));
    }
    result
}

/// The environment of commands that root runs for somebody else's server: what root started us
/// with (under our Emperor the little that is passed on), and a `PATH` in any case.
pub fn of_root(
    inherited: impl IntoIterator<Item = (OsString, OsString)>,
    summoned: bool,
) -> Vec<(OsString, OsString)> {
    let mut result = launchers(inherited, summoned);
    if !result.iter().any(|(name, _)| name == "PATH") {
        result.push(("PATH".into(), SAFE_PATH.into()));
    }
    result
}

/// What of the launcher's own environment anybody may see.
fn launchers(
    inherited: impl IntoIterator<Item = (OsString, OsString)>,
    summoned: bool,
) -> Vec<(OsString, OsString)> {
    if summoned {
        return passed(inherited);
    }
    let keep = |name: &OsStr| !SUPERVISION.iter().any(|one| name == *one);
    inherited.into_iter().filter(|(name, _)| keep(name)).collect()
}

/// Sets a variable, or removes it.
pub(crate) fn set(list: &mut Vec<(OsString, OsString)>, name: &str, value: Option<&OsStr>) {
    list.retain(|(known, _)| known != name);
    if let Some(value) = value {
        list.push((name.into(), value.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(list: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
        list.iter().map(|(name, value)| (name.into(), value.into())).collect()
    }

    fn plan(env: &[(&str, Option<&str>)]) -> Plan {
        let env = env.iter().map(|(name, value)| ((*name).into(), value.map(Into::into))).collect();
        Plan { env, ..super::super::plan::tests::empty() }
    }

    #[test]
    fn under_an_emperor_its_secrets_stay_and_the_tenants_names_come() {
        let inherited = pairs(&[("PATH", "/bin"), ("API_KEY", "x"), ("HOME", "/root")]);
        let home = Home { user: "alice".into(), directory: "/home/alice".into() };
        let made = of_interpreter(inherited, true, Some(&home), &plan(&[("A", Some("1"))]));
        let want = [
            ("PATH", "/bin"),
            ("HOME", "/home/alice"),
            ("USER", "alice"),
            ("LOGNAME", "alice"),
            ("A", "1"),
        ];
        assert_eq!(made, pairs(&want));
    }

    #[test]
    fn roots_commands_see_what_root_gave_and_have_a_path() {
        let inherited = pairs(&[("TZ", "UTC"), ("A", "0"), ("NOTIFY_SOCKET", "/run/x")]);
        let path = ("PATH", SAFE_PATH);
        assert_eq!(of_root(inherited.clone(), true), pairs(&[("TZ", "UTC"), path]));
        assert_eq!(of_root(inherited, false), pairs(&[("TZ", "UTC"), ("A", "0"), path]));
        let own = pairs(&[("PATH", "/bin")]);
        assert_eq!(of_root(own.clone(), true), own);
    }

    #[test]
    fn standalone_keeps_what_it_was_started_with_but_for_the_supervisors_names() {
        let inherited =
            pairs(&[("HOME", "/root"), ("UWSGI_EMPEROR_FD", "7"), ("A", "0"), ("B", "0")]);
        let made = of_interpreter(inherited, false, None, &plan(&[("A", Some("1")), ("B", None)]));
        assert_eq!(made, pairs(&[("HOME", "/root"), ("A", "1")]));
    }
}
