//! Users and groups: looking them up, acting as a tenant for a moment, becoming it for good.

use std::collections::HashMap;
use std::ffi::{CString, OsString};
use std::io;

use caps::{CapSet, Capability, CapsHashSet};
use nix::sys::prctl::set_keepcaps;
use nix::unistd::{
    Gid, Group, Uid, User, getegid, geteuid, getgrouplist, getgroups, getresgid, getresuid,
    setegid, seteuid, setgroups, setresgid, setresuid, setuid,
};
use shared::plan::Identity;
use shared::settings::{Launch, Principal};
use shared::summons::Policy;
use shared::sys::privilege;

use super::environment::Home;
use super::jail::Jailed;
use super::plan::{Account, Facts, Origins};

/// Groups that open the machine to whoever is in them.
const POWERFUL: [&str; 8] = ["root", "shadow", "disk", "sudo", "docker", "adm", "kmem", "wheel"];

/// Looks up everything that the plan depends on.
pub fn facts(launch: &Launch, owner: (u32, u32), policy: &Policy, origins: &Origins) -> Facts {
    People::default().facts(launch, owner, policy, origins)
}

/// The user database, each question asked once: a check asks the same ones for many files.
#[derive(Debug, Default)]
pub struct People {
    accounts: HashMap<(Principal, Option<u32>), Option<Account>>,
    groups: HashMap<Principal, Option<u32>>,
    somaxconn: Option<u32>,
}

impl People {
    /// Looks up everything that the plan depends on.
    ///
    /// A file of root's is taken for one that nobody else had a hand in: who knows better says so.
    pub fn facts(
        &mut self,
        launch: &Launch,
        owner: (u32, u32),
        policy: &Policy,
        origins: &Origins,
    ) -> Facts {
        let group = launch.gid.as_ref().and_then(|who| self.group(who));
        let asked = match (&launch.uid, policy.tyrant) {
            (Some(name), _) => Some(name.clone()),
            (None, true) => Some(Principal::Id(owner.0)),
            (None, false) => None,
        };
        let chown = launch.chown_socket.as_ref();
        let gid = if policy.tyrant { Some(owner.1) } else { group };
        Facts {
            euid: geteuid().as_raw(),
            egid: getegid().as_raw(),
            owner,
            policy: policy.clone(),
            user: asked.and_then(|name| self.account(name, gid)),
            group,
            socket_user: chown
                .and_then(|owner| self.account(owner.user.clone(), None))
                .map(|user| user.uid),
            socket_group: chown
                .and_then(|owner| owner.group.as_ref())
                .and_then(|who| self.group(who)),
            powerful: POWERFUL
                .iter()
                .filter_map(|name| {
                    Some((self.group(&Principal::Name((*name).into()))?, (*name).into()))
                })
                .collect(),
            further_groups: launch.further_groups.iter().map(|who| self.group(who)).collect(),
            trusted: owner.0 == 0,
            somaxconn: *self.somaxconn.get_or_insert_with(somaxconn),
            origins: origins.clone(),
            activated: Vec::new(),
            running: false,
        }
    }

    fn account(&mut self, who: Principal, gid: Option<u32>) -> Option<Account> {
        let key = (who, gid);
        if let Some(known) = self.accounts.get(&key) {
            return known.clone();
        }
        let found = account(&key.0, gid);
        self.accounts.insert(key, found.clone());
        found
    }

    fn group(&mut self, who: &Principal) -> Option<u32> {
        if let Some(known) = self.groups.get(who) {
            return *known;
        }
        let found = group(who);
        self.groups.insert(who.clone(), found);
        found
    }
}

/// A user by name or number. Every number is a user, known or not; `gid` replaces its group.
fn account(who: &Principal, gid: Option<u32>) -> Option<Account> {
    let user = match who {
        Principal::Name(name) => Some(User::from_name(name).ok()??),
        Principal::Id(id) => User::from_uid(Uid::from_raw(*id)).ok().flatten(),
    };
    match (user, who) {
        (Some(user), _) => {
            let gid = gid.unwrap_or(user.gid.as_raw());
            let groups = memberships(&user.name, gid);
            Some(Account { uid: user.uid.as_raw(), gid: Some(user.gid.as_raw()), groups })
        }
        (None, Principal::Id(id)) => Some(Account { uid: *id, gid: None, groups: Vec::new() }),
        (None, Principal::Name(_)) => None,
    }
}

/// A user's number.
pub(crate) fn user(who: &Principal) -> Option<u32> {
    account(who, None).map(|account| account.uid)
}

fn memberships(name: &str, gid: u32) -> Vec<u32> {
    let list =
        CString::new(name).ok().and_then(|name| getgrouplist(&name, Gid::from_raw(gid)).ok());
    let mut groups: Vec<u32> = list.unwrap_or_default().into_iter().map(Gid::as_raw).collect();
    groups.sort_unstable();
    groups.dedup();
    groups
}

pub(crate) fn group(who: &Principal) -> Option<u32> {
    match who {
        Principal::Id(id) => Some(*id),
        Principal::Name(name) => Some(Group::from_name(name).ok()??.gid.as_raw()),
    }
}

fn somaxconn() -> u32 {
    let text = std::fs::read_to_string("/proc/sys/net/core/somaxconn").unwrap_or_default();
    text.trim().parse().unwrap_or(4096)
}

/// The owner of a file as somebody to become: with the groups that the user database gives it.
pub fn of_owner(uid: u32, gid: u32) -> Identity {
    let account = account(&Principal::Id(uid), None);
    let groups = account.map_or_else(Vec::new, |account| account.groups);
    Identity { uid, gid, groups }
}

/// Name and home directory of whoever a plan makes, for the interpreter's environment.
pub fn home(identity: Option<&Identity>) -> Option<Home> {
    let uid = identity.map_or_else(geteuid, |who| Uid::from_raw(who.uid));
    let user = User::from_uid(uid).ok()??;
    Some(Home { user: user.name, directory: OsString::from(user.dir) })
}

/// Runs `work` with the tenant's rights and comes back.
///
/// The effective ids change, so the kernel takes the effective capabilities away too; the real
/// and saved ones stay root's, so the tenant can neither signal nor trace this process. Nobody
/// to become (or not being root) runs it as it is.
pub fn as_tenant<T>(who: Option<&Identity>, work: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    let Some(who) = who.filter(|who| who.uid != 0 && geteuid().is_root()) else { return work() };
    let (groups, gid) = (getgroups()?, getegid());
    setgroups(&list(who))?;
    setegid(Gid::from_raw(who.gid))?;
    seteuid(Uid::from_raw(who.uid))?;
    let result = work();
    seteuid(Uid::from_raw(0))?;
    setegid(gid)?;
    setgroups(&groups)?;
    result
}

fn list(who: &Identity) -> Vec<Gid> {
    who.groups.iter().copied().map(Gid::from_raw).collect()
}

/// Becomes `who`, all ids, without a way back. For children that only read.
pub fn become_for_good(who: &Identity) -> io::Result<()> {
    let (uid, gid) = (Uid::from_raw(who.uid), Gid::from_raw(who.gid));
    setgroups(&list(who))?;
    setresgid(gid, gid, gid)?;
    setresuid(uid, uid, uid)?;
    Ok(())
}

/// Proof that this process is the tenant: nothing of root is left to it.
#[derive(Debug)]
pub struct Tenant {
    /// The extension as the tenant sees it.
    pub extension: std::path::PathBuf,
}

/// Drops root: bounding set, securebits, groups, gid, uid; then proves it. Capabilities of these
/// names stay (`cap`), in programs that are executed too.
pub fn drop_root(jailed: Jailed, who: Option<&Identity>, keep: &[String]) -> io::Result<Tenant> {
    let tenant = Tenant { extension: jailed.extension };
    let Some(who) = who else { return Ok(tenant) };
    let keep: Result<CapsHashSet, _> = keep.iter().map(|name| name.parse()).collect();
    let keep = keep.map_err(io::Error::other)?;
    if who.uid == 0 {
        become_for_good(who)?;
        return Ok(tenant);
    }
    if caps::has_cap(None, CapSet::Effective, Capability::CAP_SETPCAP).map_err(io::Error::other)? {
        for one in caps::all().difference(&keep) {
            // a kernel that does not know one cannot give it
            if caps::has_cap(None, CapSet::Bounding, *one).unwrap_or(false) {
                caps::drop(None, CapSet::Bounding, *one).map_err(io::Error::other)?;
            }
        }
        privilege::no_root_capabilities()?;
    }
    caps::clear(None, CapSet::Inheritable).map_err(io::Error::other)?;
    if keep.is_empty() {
        become_for_good(who)?;
    } else {
        set_keepcaps(true)?;
        become_for_good(who)?;
        for set in [CapSet::Permitted, CapSet::Effective, CapSet::Inheritable, CapSet::Ambient] {
            // what is not in the first three cannot be in the last
            caps::set(None, set, &keep).map_err(io::Error::other)?;
        }
        set_keepcaps(false)?;
    }
    prove(who, &keep)?;
    Ok(tenant)
}

/// Asks the kernel, rather than believing the calls: who are we, and is there a way back?
fn prove(who: &Identity, keep: &CapsHashSet) -> io::Result<()> {
    let (uid, gid) = (Uid::from_raw(who.uid), Gid::from_raw(who.gid));
    let (uids, gids) = (getresuid()?, getresgid()?);
    let mut groups: Vec<u32> = getgroups()?.into_iter().map(Gid::as_raw).collect();
    groups.sort_unstable();
    let ids = [uids.real, uids.effective, uids.saved] == [uid; 3]
        && [gids.real, gids.effective, gids.saved] == [gid; 3]
        && groups == who.groups;
    let mut none_else = true;
    for set in [CapSet::Permitted, CapSet::Effective, CapSet::Inheritable, CapSet::Ambient] {
        none_else &= caps::read(None, set).map_err(io::Error::other)? == *keep;
    }
    // a file of root's may keep the way back open
    let back = || !keep.contains(&Capability::CAP_SETUID) && setuid(Uid::from_raw(0)).is_ok();
    if !ids || !none_else || back() {
        return Err(io::Error::other("the privilege drop is not complete"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_always_somebody_and_names_only_when_they_are_known() {
        let root = account(&Principal::Name("root".into()), None).unwrap();
        assert_eq!((root.uid, root.gid), (0, Some(0)));
        assert!(root.groups.contains(&0));
        assert_eq!(account(&Principal::Name("no such user".into()), None), None);
        let stranger = account(&Principal::Id(3_999_999_999), None).unwrap();
        assert_eq!(stranger.gid, None);
        assert_eq!(group(&Principal::Id(7)), Some(7));
        assert_eq!(group(&Principal::Name("no such group".into())), None);
    }

    #[test]
    fn root_acts_as_a_tenant_and_comes_back() {
        if !crate::testing::alone_as_root(
            "launch::identity::tests::root_acts_as_a_tenant_and_comes_back",
        ) {
            return;
        }
        let groups = getgroups().unwrap();
        let who = Identity { uid: 54321, gid: 54322, groups: vec![54323] };
        let (status, denied) = as_tenant(Some(&who), || {
            let status = std::fs::read_to_string("/proc/thread-self/status")?;
            Ok((status, std::fs::File::open("/etc/shadow").is_err()))
        })
        .unwrap();
        let line = |key: &str| {
            let line = status.lines().find(|line| line.starts_with(key)).unwrap();
            line[key.len()..].split_whitespace().map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(line("Uid:"), ["0", "54321", "0", "54321"]);
        assert_eq!(line("Gid:"), ["0", "54322", "0", "54322"]);
        assert_eq!(line("Groups:"), ["54323"]);
        assert_eq!(line("CapEff:"), ["0000000000000000"]);
        assert!(denied, "a tenant cannot read the passwords");
        assert_eq!((geteuid().as_raw(), getegid().as_raw()), (0, 0));
        assert_eq!(getgroups().unwrap(), groups);
        assert!(std::fs::File::open("/etc/shadow").is_ok());
    }
}
