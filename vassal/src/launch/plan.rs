//! Makes the launch plan: pure, so that every rule of who may become whom is a table in a test.
//!
//! What has to be asked of the machine (user database, limits) comes in as [`Facts`]. All
//! mistakes are reported together.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use shared::finding::{Finding, Origin};
use shared::plan::{Identity, Plan};
use shared::rule;
use shared::settings::{Isolation, Launch, Listen, Principal, Wire};
use shared::summons::Policy;

use crate::BUILD_ID;

/// A user or group id with the name it was asked by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// User id.
    pub uid: u32,
    /// The primary group; `None` when the database does not know this number.
    pub gid: Option<u32>,
    /// The groups that go with the user and the gid of the plan.
    pub groups: Vec<u32>,
}

/// Where the options that root acts upon were given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origins {
    /// The last origin of each option.
    pub options: BTreeMap<String, Origin>,
    /// Name and origin of each socket, in order.
    pub sockets: Vec<(String, Origin)>,
}

/// What the machine and the Emperor say. Everything that was looked up is here.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// Our effective user.
    pub euid: u32,
    /// Our effective group.
    pub egid: u32,
    /// User and group of the configuration file.
    pub owner: (u32, u32),
    /// The Emperor's rules.
    pub policy: Policy,
    /// Whom `uid` means, or in tyrant mode the file's owner; `None`: nobody of that name.
    pub user: Option<Account>,
    /// What `gid` means; `None`: no group of that name.
    pub group: Option<u32>,
    /// What `chown-socket` means.
    pub socket_user: Option<u32>,
    /// What the group of `chown-socket` means.
    pub socket_group: Option<u32>,
    /// Groups that open the machine (`shadow`, `docker`, ...).
    pub powerful: Vec<(u32, String)>,
    /// What `add-gid` means, in order; `None`: no group of that name.
    pub further_groups: Vec<Option<u32>>,
    /// Nobody but root had a hand in the configuration: only then is anything of it done as root.
    pub trusted: bool,
    /// `net.core.somaxconn`.
    pub somaxconn: u32,
    /// Where the options were given.
    pub origins: Origins,
    /// Sockets that whoever started us had opened, as the settings would have named them.
    pub activated: Vec<Listen>,
    /// A master that runs asks for its settings: it has sockets, whoever opened them.
    pub running: bool,
}

/// The plan, and what somebody should look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// What is to be done.
    pub plan: Plan,
    /// Warnings only.
    pub warnings: Vec<Finding>,
}

/// Decides what root has to do for these settings, or says everything that forbids it.
pub fn plan(launch: &Launch, facts: &Facts) -> Result<Planned, Vec<Finding>> {
    let mut notes = Notes { facts, findings: Vec::new() };
    let mut identity = who(launch, facts, &mut notes);
    if launch.no_initgroups
        && let Some(identity) = &mut identity
    {
        identity.groups.clear();
    }
    add_groups(launch, facts, &mut identity, &mut notes);
    refuse_hooks(launch, facts, &mut notes);
    let isolation = isolation(launch, facts, &mut notes);
    let chown_socket = launch.chown_socket.as_ref().and_then(|asked| {
        let user = notes.known("chown-socket", "user", &asked.user, facts.socket_user)?;
        let group = match &asked.group {
            Some(group) => Some(notes.known("chown-socket", "group", group, facts.socket_group)?),
            None => None,
        };
        Some((user, group))
    });
    for (option, mode) in [("umask", launch.umask), ("chmod-socket", launch.chmod_socket)] {
        if mode.is_some_and(|mode| mode > 0o777) {
            notes.error(option, "expected an octal mode of at most 777".into());
            notes.really(rule::INVALID_VALUE, "exits with 1, or keeps its umask");
        }
    }
    let sockets: Vec<Listen> = launch.sockets.iter().chain(&facts.activated).cloned().collect();
    let some = |listen: &Listen| listen.wire.is_request() || listen.wire == Wire::Pooled;
    if !facts.running && launch.zerg.servers.is_empty() && !sockets.iter().any(some) {
        let text = "The -s/--socket option is missing and stdin is not a socket.";
        let finding = Finding::error(None, None, text).rule(rule::NO_SOCKET);
        notes.findings.push(finding.uwsgi("exits with 1"));
    }
    if facts.policy.tyrant && launch.chroot.is_some() {
        notes.error("chroot", "not allowed in tyrant mode".into());
    }
    let backlog = launch.backlog.clamp(1, facts.somaxconn.max(1));
    if backlog < launch.backlog && facts.origins.options.contains_key("listen") {
        let text = format!("{} is more than net.core.somaxconn: {backlog} is used", launch.backlog);
        notes.warning("listen", text);
        notes.really(rule::LISTEN_QUEUE, "exits with 1");
    }
    let Notes { findings, .. } = notes;
    if findings.iter().any(Finding::is_error) {
        return Err(findings);
    }
    let plan = Plan {
        identity,
        chroot: launch.chroot.clone(),
        chdir: launch.chdir.clone(),
        umask: launch.umask,
        sockets,
        zerg: launch.zerg.clone(),
        isolation,
        locks: launch.locks.clone(),
        protocol: launch
            .protocol
            .filter(|_| !launch.zerg.servers.is_empty())
            .unwrap_or(Wire::Uwsgi),
        tuning: launch.tuning.clone(),
        chmod_socket: launch.chmod_socket,
        chown_socket,
        backlog,
        pidfile: launch.pidfile.clone(),
        logto: launch.logto.clone(),
        logfile: launch.logfile,
        vacuum: launch.vacuum,
        limits: launch.limits,
        hooks: launch.hooks.clone(),
        env: launch.env.clone(),
        build: BUILD_ID.to_owned(),
    };
    Ok(Planned { plan, warnings: findings })
}

/// Decides only who the vassal becomes; with it come warnings, or everything that forbids it.
pub fn identity(
    launch: &Launch,
    facts: &Facts,
) -> Result<(Option<Identity>, Vec<Finding>), Vec<Finding>> {
    let mut notes = Notes { facts, findings: Vec::new() };
    let identity = who(launch, facts, &mut notes);
    let findings = notes.findings;
    if findings.iter().any(Finding::is_error) { Err(findings) } else { Ok((identity, findings)) }
}

/// Collects findings, each with the place where its option was given.
struct Notes<'a> {
    facts: &'a Facts,
    findings: Vec<Finding>,
}

impl Notes<'_> {
    fn origin(&self, option: &str) -> Option<Origin> {
        self.facts.origins.options.get(option).cloned()
    }

    fn error(&mut self, option: &str, text: String) {
        let finding = Finding::error(self.origin(option), Some(option), text);
        self.findings.push(finding.rule(rule::IDENTITY).of_value());
    }

    fn warning(&mut self, option: &str, text: String) {
        let finding = Finding::warning(self.origin(option), Some(option), text);
        self.findings.push(finding.rule(rule::IDENTITY).of_value());
    }

    /// The last finding is by another rule, and uWSGI does this.
    fn really(&mut self, code: &'static str, uwsgi: &str) {
        if let Some(finding) = self.findings.pop() {
            self.findings.push(finding.rule(code).uwsgi(uwsgi));
        }
    }

    /// The number that was looked up, or an error that names what nobody knows.
    fn known(
        &mut self,
        option: &str,
        kind: &str,
        asked: &Principal,
        found: Option<u32>,
    ) -> Option<u32> {
        if found.is_none() {
            self.error(option, format!("no such {kind} \"{asked}\""));
            self.really(rule::UNKNOWN_USER, "exits with 1 when it gives up root's rights");
        }
        found
    }
}

/// Who the vassal becomes: the rules of the file's `uid` and `gid`, of tyrant mode, of root.
fn who(launch: &Launch, facts: &Facts, notes: &mut Notes<'_>) -> Option<Identity> {
    let named = launch.uid.as_ref();
    let user = match (named, facts.policy.tyrant) {
        (Some(name), false) => {
            notes.known("uid", "user", name, facts.user.as_ref().map(|user| user.uid))?;
            facts.user.as_ref()
        }
        (Some(_), true) | (None, _) => facts.user.as_ref(),
    };
    let group = match &launch.gid {
        Some(name) => Some(notes.known("gid", "group", name, facts.group)?),
        None => None,
    };
    if facts.euid != 0 {
        stays(named.and(user), group, facts, notes);
        return None;
    }
    if facts.policy.tyrant {
        return tyrant(launch, user, group, facts, notes);
    }
    let Some(user) = user.filter(|_| named.is_some()) else {
        as_root("uid", facts, notes);
        return group.map(|gid| Identity { uid: 0, gid, groups: Vec::new() });
    };
    let Some(gid) = group.or(user.gid) else {
        notes.error("uid", format!("no primary group known for uid {}: set gid", user.uid));
        return None;
    };
    if user.uid == 0 {
        as_root("uid", facts, notes);
        return group.map(|gid| Identity { uid: 0, gid, groups: user.groups.clone() });
    }
    if facts.owner.0 != 0 && facts.owner.0 != user.uid {
        let text = format!(
            "the file belongs to uid {} and names another user: whoever writes it acts as uid {}",
            facts.owner.0, user.uid
        );
        notes.warning("uid", text);
    }
    let strict = facts.owner.0 != 0;
    let groups = sober(&user.groups, strict, facts, notes);
    if strict {
        refuse_powerful("gid", gid, facts, notes);
    }
    Some(Identity { uid: user.uid, gid, groups })
}

/// `add-gid`: by the same rules as for `gid`.
fn add_groups(
    launch: &Launch,
    facts: &Facts,
    identity: &mut Option<Identity>,
    notes: &mut Notes<'_>,
) {
    if !launch.further_groups.is_empty() && identity.is_none() && facts.euid != 0 {
        notes.warning("add-gid", "not started as root: no group is added".into());
        return;
    }
    for (asked, found) in launch.further_groups.iter().zip(&facts.further_groups) {
        let Some(gid) = notes.known("add-gid", "group", asked, *found) else { continue };
        if let Some(identity) = identity {
            if !facts.trusted {
                refuse_powerful("add-gid", gid, facts, notes);
            }
            identity.groups.push(gid);
        }
    }
    if let Some(identity) = identity {
        identity.groups.sort_unstable();
        identity.groups.dedup();
    }
}

/// What is done before the drop is done as root, and only root's own files may ask for that.
fn refuse_hooks(launch: &Launch, facts: &Facts, notes: &mut Notes<'_>) {
    if facts.trusted || facts.euid != 0 {
        return;
    }
    for hook in launch.hooks.iter().filter(|hook| !hook.is_anybodys()) {
        let text = format!(
            "{:?} would be done as root: only a file that root alone can write may ask for that \
             (hook-as-user and what comes later is done as the vassal's user)",
            hook.text
        );
        notes.error(&hook.option, text);
        notes.really(rule::IDENTITY, "does it as root, whoever wrote the file");
    }
}

/// `cap` and `unshare`: root's to give, and so asked for by root's own files only.
fn isolation(launch: &Launch, facts: &Facts, notes: &mut Notes<'_>) -> Isolation {
    let Isolation { capabilities, unshare, unshare2 } = &launch.isolation;
    let mut refused = false;
    for (option, given) in [
        ("cap", !capabilities.is_empty()),
        ("unshare", !unshare.is_empty()),
        ("unshare2", !unshare2.is_empty()),
    ] {
        if !given {
            continue;
        }
        if facts.euid != 0 {
            notes.warning(option, "not started as root: it has no effect".into());
            refused = true;
        } else if !facts.trusted {
            let text = "only a file that root alone can write may ask for that";
            notes.error(option, text.into());
            notes.really(rule::IDENTITY, "does it, whoever wrote the file");
        }
    }
    if refused { Isolation::default() } else { launch.isolation.clone() }
}

/// Not root: the file may only name who we are already.
fn stays(user: Option<&Account>, group: Option<u32>, facts: &Facts, notes: &mut Notes<'_>) {
    if let Some(user) = user.filter(|user| user.uid != facts.euid) {
        let text =
            format!("not started as root: uid {} cannot become uid {}", facts.euid, user.uid);
        notes.error("uid", text);
    }
    if let Some(gid) = group.filter(|gid| *gid != facts.egid) {
        let text = format!("not started as root: gid {} cannot become gid {gid}", facts.egid);
        notes.error("gid", text);
    }
}

/// Tyrant mode: the file's owner, whatever the file says; what it says must not differ.
fn tyrant(
    launch: &Launch,
    user: Option<&Account>,
    group: Option<u32>,
    facts: &Facts,
    notes: &mut Notes<'_>,
) -> Option<Identity> {
    let (uid, gid) = facts.owner;
    if uid == 0 || gid == 0 {
        let text = format!(
            "tyrant mode: the file belongs to {uid}:{gid}; give it to the user and group that \
             shall run it"
        );
        notes.findings.push(Finding::error(None, None, text).rule(rule::IDENTITY));
        return None;
    }
    let named = match &launch.uid {
        Some(Principal::Id(id)) => Some(*id),
        Some(Principal::Name(_)) => user.map(|user| user.uid),
        None => Some(uid),
    };
    if named != Some(uid) {
        notes.error("uid", format!("tyrant mode: the file's owner is uid {uid}, nobody else"));
    }
    if group.is_some_and(|group| group != gid) {
        notes.error("gid", format!("tyrant mode: the file's group is gid {gid}, no other"));
    }
    refuse_powerful("gid", gid, facts, notes);
    let groups = user.map_or(&[][..], |user| &user.groups);
    Some(Identity { uid, gid, groups: sober(groups, true, facts, notes) })
}

fn as_root(option: &str, facts: &Facts, notes: &mut Notes<'_>) {
    if facts.policy.refuse_root {
        let text = "this vassal would run as root, which refuse-root forbids: set uid and gid";
        notes.error(option, text.into());
    } else {
        notes.warning(option, "this vassal runs as root: set uid and gid".into());
    }
    notes.really(rule::RUNS_AS_ROOT, "runs as root and logs a warning");
}

/// A group that opens the machine is not given to whoever writes a file.
fn refuse_powerful(option: &str, gid: u32, facts: &Facts, notes: &mut Notes<'_>) {
    if let Some((_, name)) = facts.powerful.iter().find(|(id, _)| *id == gid) {
        let text = format!("group \"{name}\" is only given by files that belong to root");
        notes.error(option, text);
    }
}

/// Supplementary groups, sorted; for a tenant's file without those that open the machine.
fn sober(groups: &[u32], strict: bool, facts: &Facts, notes: &mut Notes<'_>) -> Vec<u32> {
    let mut kept: Vec<u32> = groups.to_vec();
    kept.sort_unstable();
    kept.dedup();
    if strict {
        for (gid, name) in &facts.powerful {
            if kept.contains(gid) {
                kept.retain(|one| one != gid);
                notes.warning("uid", format!("supplementary group \"{name}\" is left out"));
            }
        }
    }
    kept
}

#[cfg(test)]
#[path = "plan_tests.rs"]
pub(super) mod tests;
