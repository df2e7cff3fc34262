//! Who may become whom, rule by rule.

use std::net::SocketAddr;

use shared::settings::{Address, Hook, Owner, Phase};

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
        trusted: owner == 0,
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
fn a_hook_before_the_drop_is_only_for_roots_files() {
    let hook = |option: &str, phase| {
        let deed = shared::settings::Deed::Say("x".into());
        Hook { phase, option: option.into(), text: "log:x".into(), deed }
    };
    let asked = |hook| Launch { hooks: vec![hook], ..named("alice") };
    let early = asked(hook("hook-as-root", Phase::AsRoot));
    let found = errors(&early, &facts(1000));
    assert!(found.contains("hook-as-root: \"log:x\" would be done as root"), "{found}");
    assert!(plan(&early, &facts(0)).is_ok());
    let us = Facts { euid: 1000, egid: 1000, ..facts(1000) };
    assert!(plan(&early, &us).is_ok(), "nothing is done as root there");
    assert!(plan(&asked(hook("hook-as-user", Phase::AsUser)), &facts(1000)).is_ok());
    assert!(plan(&asked(hook("wait-for-fs", Phase::AsRoot)), &facts(1000)).is_ok());
}

#[test]
fn groups_are_added_but_for_those_that_open_the_machine() {
    let group = Principal::Name("docker".into());
    let asked = Launch { further_groups: vec![group], ..named("alice") };
    let known = |gid, owner| Facts { further_groups: vec![gid], ..facts(owner) };
    let made = plan(&asked, &known(Some(7), 1000)).unwrap();
    assert_eq!(made.plan.identity.unwrap().groups, [7, 1000]);
    let found = errors(&asked, &known(Some(999), 1000));
    assert!(found.contains("add-gid: group \"docker\""), "{found}");
    assert!(errors(&asked, &known(None, 0)).contains("no such group"));
}

#[test]
fn nobody_of_that_name_is_an_error_with_its_line() {
    let mut facts = Facts { user: None, ..facts(0) };
    let origin =
        Origin::File { path: std::path::Path::new("a.ini").into(), line: 3, column: 1, value: 0 };
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
