//! Makes the launch plan: pure, so that every rule of who may become whom is a table in a test.
//!
//! What has to be asked of the machine (user database, limits) comes in as [`Facts`]. All
//! mistakes are reported together.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use shared::finding::{Finding, Origin};
use shared::plan::{Identity, Plan};
use shared::rule;
use shared::settings::{Launch, Listen, Principal, Wire};
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
    if !facts.running && !sockets.iter().any(|listen| listen.wire != Wire::Stats) {
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
        tuning: launch.tuning.clone(),
        chmod_socket: launch.chmod_socket,
        chown_socket,
        backlog,
        pidfile: launch.pidfile.clone(),
        logto: launch.logto.clone(),
        logfile: launch.logfile,
        vacuum: launch.vacuum,
        limits: launch.limits,
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
        refuse_powerful(gid, facts, notes);
    }
    Some(Identity { uid: user.uid, gid, groups })
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
    refuse_powerful(gid, facts, notes);
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
fn refuse_powerful(gid: u32, facts: &Facts, notes: &mut Notes<'_>) {
    if let Some((_, name)) = facts.powerful.iter().find(|(id, _)| *id == gid) {
        let text = format!("group \"{name}\" is only given by files that belong to root");
        notes.error("gid", text);
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
pub(super) mod tests {
    use std::net::SocketAddr;

    use shared::settings::{Address, Owner};

    use super::*;

    /// A plan of nothing.
    pub(in crate::launch) fn empty() -> Plan {
        plan(&launch(), &facts(0)).unwrap().plan
    }

    fn launch() -> Launch {
        let address = Address::Tcp(SocketAddr::from(([127, 0, 0, 1], 0)));
        let sockets = vec![Listen::new(address, Wire::Http)];
        Launch { sockets, backlog: 100, ..Launch::default() }
    }

    /// alice is 1000:1000 and in docker (999); the file is `owner`'s; we are root.
    fn facts(owner: u32) -> Facts {
        Facts {
            owner: (owner, owner),
            user: Some(Account { uid: 1000, gid: Some(1000), groups: vec![1000, 999] }),
            powerful: vec![(0, "root".into()), (999, "docker".into())],
            somaxconn: 4096,
            ..Facts::default()
        }
    }

    fn named(uid: &str) -> Launch {
        Launch { uid: Some(Principal::Name(uid.into())), ..launch() }
    }

    fn errors(launch: &Launch, facts: &Facts) -> String {
        let findings = plan(launch, facts).unwrap_err();
        findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn roots_file_gives_the_user_its_groups() {
        let made = plan(&named("alice"), &facts(0)).unwrap();
        let want = Identity { uid: 1000, gid: 1000, groups: vec![999, 1000] };
        assert_eq!(made.plan.identity, Some(want));
        assert_eq!(made.warnings, []);
    }

    #[test]
    fn without_initgroups_the_user_has_no_further_groups() {
        let asked = Launch { no_initgroups: true, ..named("alice") };
        let want = Identity { uid: 1000, gid: 1000, groups: Vec::new() };
        assert_eq!(plan(&asked, &facts(0)).unwrap().plan.identity, Some(want));
    }

    #[test]
    fn a_tenants_file_gives_no_group_that_opens_the_machine() {
        let made = plan(&named("alice"), &facts(1000)).unwrap();
        assert_eq!(made.plan.identity.unwrap().groups, [1000]);
        assert_eq!(made.warnings.len(), 1);
        let asked = Launch { gid: Some(Principal::Name("docker".into())), ..named("alice") };
        let facts = Facts { group: Some(999), ..facts(1000) };
        assert!(errors(&asked, &facts).contains("group \"docker\""));
        assert!(plan(&asked, &Facts { owner: (0, 0), ..facts }).is_ok());
    }

    #[test]
    fn a_tenants_file_that_names_somebody_else_is_said() {
        let made = plan(&named("alice"), &facts(1001)).unwrap();
        assert!(made.warnings.iter().any(|one| one.message.contains("names another user")));
    }

    #[test]
    fn nobody_of_that_name_is_an_error_with_its_line() {
        let mut facts = Facts { user: None, ..facts(0) };
        let origin = Origin::File {
            path: std::path::Path::new("a.ini").into(),
            line: 3,
            column: 1,
            value: 0,
        };
        facts.origins.options.insert("uid".into(), origin);
        assert_eq!(errors(&named("nobdy"), &facts), "a.ini:3: uid: no such user \"nobdy\"");
    }

    #[test]
    fn a_number_without_a_group_needs_gid() {
        let unknown = Account { uid: 4000, gid: None, groups: Vec::new() };
        let facts = Facts { user: Some(unknown), group: Some(4000), ..facts(0) };
        let asked = Launch { uid: Some(Principal::Id(4000)), ..launch() };
        assert!(errors(&asked, &facts).contains("no primary group known for uid 4000: set gid"));
        let asked = Launch { gid: Some(Principal::Id(4000)), ..asked };
        let made = plan(&asked, &facts).unwrap();
        let want = Identity { uid: 4000, gid: 4000, groups: Vec::new() };
        assert_eq!(made.plan.identity, Some(want));
    }

    #[test]
    fn running_as_root_is_a_warning_or_with_refuse_root_an_error() {
        let made = plan(&launch(), &facts(0)).unwrap();
        assert_eq!(made.plan.identity, None);
        assert!(made.warnings[0].message.contains("runs as root"));
        let policy = Policy { refuse_root: true, tyrant: false };
        let strict = Facts { policy, ..facts(0) };
        assert!(errors(&launch(), &strict).contains("refuse-root"));
        let zero = Facts {
            user: Some(Account { uid: 0, gid: Some(0), groups: Vec::new() }),
            ..strict.clone()
        };
        assert!(errors(&named("root"), &zero).contains("refuse-root"));
        assert!(plan(&named("alice"), &strict).is_ok());
    }

    #[test]
    fn a_tyrant_makes_the_owner_and_allows_nobody_else() {
        let policy = Policy { tyrant: true, refuse_root: false };
        let owner = Facts { policy, ..facts(1000) };
        let made = plan(&launch(), &owner).unwrap();
        let want = Identity { uid: 1000, gid: 1000, groups: vec![1000] };
        assert_eq!(made.plan.identity, Some(want));
        assert!(plan(&named("alice"), &owner).is_ok());
        let other = Launch { uid: Some(Principal::Id(1001)), ..launch() };
        assert!(errors(&other, &owner).contains("the file's owner is uid 1000"));
        let jailed = Launch { chroot: Some("/srv".into()), ..launch() };
        assert!(errors(&jailed, &owner).contains("chroot: not allowed"));
        let other = Launch { gid: Some(Principal::Id(5)), ..launch() };
        assert!(errors(&other, &Facts { group: Some(5), ..owner.clone() }).contains("gid 1000"));
        assert!(errors(&launch(), &Facts { owner: (0, 0), ..owner.clone() }).contains("tyrant"));
        assert!(errors(&launch(), &Facts { owner: (1000, 0), ..owner.clone() }).contains("tyrant"));
        assert!(errors(&launch(), &Facts { owner: (1000, 999), ..owner }).contains("docker"));
    }

    #[test]
    fn without_root_only_ourselves_can_be_named() {
        let us = Facts { euid: 1000, egid: 1000, ..facts(1000) };
        assert_eq!(plan(&named("alice"), &us).unwrap().plan.identity, None);
        let other = Facts { euid: 1001, egid: 1000, ..us.clone() };
        assert!(errors(&named("alice"), &other).contains("uid 1001 cannot become uid 1000"));
        let asked = Launch { gid: Some(Principal::Id(5)), ..launch() };
        assert!(errors(&asked, &Facts { group: Some(5), ..us }).contains("cannot become gid 5"));
    }

    #[test]
    fn all_mistakes_are_reported_together() {
        let asked = Launch {
            sockets: Vec::new(),
            chown_socket: Some(Owner {
                user: Principal::Name("www".into()),
                group: Some(Principal::Name("www".into())),
            }),
            umask: Some(0o7777),
            ..named("nobdy")
        };
        let found = errors(&asked, &Facts { user: None, socket_group: Some(5), ..facts(0) });
        for part in ["nobdy", "chown-socket: no such user \"www\"", "umask", "--socket option"] {
            assert!(found.contains(part), "{part} in {found}");
        }
    }

    #[test]
    fn the_backlog_is_clamped_and_said_only_when_it_was_asked_for() {
        let asked = Launch { backlog: 9000, ..launch() };
        let mut facts = facts(0);
        let made = plan(&asked, &facts).unwrap();
        assert_eq!((made.plan.backlog, made.warnings.len()), (4096, 1));
        facts.origins.options.insert("listen".into(), Origin::CommandLine);
        assert_eq!(plan(&asked, &facts).unwrap().warnings.len(), 2);
    }
}
