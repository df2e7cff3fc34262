//! The daemon's own settings, typed once from its configuration.

use std::path::PathBuf;
use std::time::Duration;

use nix::unistd::{Gid, Group, Uid, User};
use shared::config::{Directives, Reading, World};
use shared::finding::Finding;
use shared::settings::Hook;
use shared::summons::{Policy, Template};

use crate::monitor::directory::Rules;
use crate::monitor::glob::is_pattern;
use crate::monitor::source::Pace;
use crate::vassal::lifecycle::Law;
use crate::vassal::throttle;

/// Where vassals come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A directory, absolute.
    Directory(PathBuf),
    /// A shell pattern, absolute.
    Glob(String),
}

/// Where the statistics are served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StatsAddress {
    /// `host:port`; an empty host is every address.
    Tcp(String),
    /// A path.
    Unix(PathBuf),
}

impl std::fmt::Display for StatsAddress {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Tcp(address) => out.write_str(address),
            Self::Unix(path) => write!(out, "{}", path.display()),
        }
    }
}

/// Who the Emperor becomes after everything was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Become {
    /// User id and, where it has one, name (for its supplementary groups).
    pub user: Option<(Uid, Option<String>)>,
    /// Group id.
    pub group: Option<Gid>,
}

/// The daemon's settings.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `emperor`, in order.
    pub sources: Vec<Source>,
    /// How entries are looked at.
    pub rules: Rules,
    /// How often, without a reason.
    pub pace: Pace,
    /// What the lifecycle obeys.
    pub law: Law,
    /// What vassals may do.
    pub policy: Policy,
    /// `emperor-required-heartbeat`.
    pub heartbeat: Duration,
    /// `emperor-stats`.
    pub stats: Option<StatsAddress>,
    /// `stats-http`.
    pub stats_http: bool,
    /// `emperor-pidfile`, `pidfile`.
    pub pidfiles: Vec<PathBuf>,
    /// `logto`.
    pub logto: Option<PathBuf>,
    /// `uid`, `gid`.
    pub who: Become,
    /// `vassal-set`.
    pub sets: Vec<String>,
    /// `vassals-inherit-before`, `vassals-include-before`.
    pub before: Vec<Template>,
    /// `vassals-inherit`, `vassals-include`.
    pub after: Vec<Template>,
    /// `UWSGI_VASSAL_X=v` of the environment.
    pub options: Vec<(String, String)>,
    /// `binary-path`.
    pub binary: Option<PathBuf>,
    /// `start-parallel`.
    pub start_parallel: usize,
    /// `api-socket`; `None`: there is no good place for one.
    pub api_socket: Option<PathBuf>,
    /// Whether `api-socket` was given (then it must work).
    pub api_given: bool,
    /// `state-dir`; `None`: nothing survives.
    pub state_dir: Option<PathBuf>,
    /// `hook-as-vassal`, `hook-as-emperor` and their relatives, in order.
    pub hooks: Vec<Hook>,
    /// `log-keep`: lines of output kept of each vassal.
    pub log_keep: usize,
    /// The working directory, shown in the statistics.
    pub directory: PathBuf,
}

impl Settings {
    /// Types what was read; mistakes are added to the findings.
    pub fn new(reading: &mut Reading, world: &World) -> Self {
        let hooks = shared::config::hooks_of_emperor(reading);
        let Reading { directives, findings, .. } = reading;
        let text = |name: &str| directives.last(name).map(|one| one.value.clone());
        let flag = |name: &str| directives.flag(name).unwrap_or(false);
        let millis = |name: &str, findings: &mut Vec<Finding>| {
            directives.integer(name, findings).map(Duration::from_millis)
        };
        let here = |path: &str| world.directory.join(path);
        let list = |names: [&str; 2]| -> Vec<PathBuf> {
            names.iter().flat_map(|name| directives.all(name)).map(|one| here(&one.value)).collect()
        };

        let templates = |when: &str| -> Vec<Template> {
            let (inherit, include) =
                (format!("vassals-inherit{when}"), format!("vassals-include{when}"));
            let inherits = directives.all(&inherit).map(|one| Template::Inherit(here(&one.value)));
            let includes = directives.all(&include).map(|one| Template::Include(here(&one.value)));
            inherits.chain(includes).collect()
        };

        let usual = Law::default();
        let tolerance = directives.seconds("emperor-curse-tolerance", findings);
        let law = Law {
            curse_tolerance: tolerance.unwrap_or(usual.curse_tolerance),
            // 0 is the default, as in uWSGI, not "at once"
            mercy: directives
                .seconds("reload-mercy", findings)
                .filter(|mercy| !mercy.is_zero())
                .unwrap_or(usual.mercy),
            graceful: directives.flag("emperor-graceful-shutdown").unwrap_or(true),
            throttle: throttle::Law {
                step: millis("emperor-throttle", findings).unwrap_or(usual.throttle.step),
                cap: millis("emperor-max-throttle", findings).unwrap_or(usual.throttle.cap),
                off: flag("emperor-no-blacklist"),
            },
        };
        // 0 means "events only", not a busy loop
        let freq = directives.seconds("emperor-freq", findings).filter(|freq| !freq.is_zero());
        let pace = Pace {
            healthy: freq.unwrap_or(Duration::from_mins(1)),
            deaf: freq.unwrap_or(Duration::from_secs(3)),
        };
        let root = Uid::effective().is_root();
        let parallel = directives.integer("start-parallel", findings).unwrap_or(0) as usize;
        let beat = directives.seconds("emperor-required-heartbeat", findings);
        let keep = directives.integer("log-keep", findings);
        let who = become_whom(directives, findings);
        let me = who.user.as_ref().map_or_else(Uid::effective, |(uid, _)| *uid);
        Self {
            sources: sources(directives, world, findings),
            rules: Rules {
                extra: directives
                    .all("emperor-extra-extension")
                    .map(|one| one.value.clone())
                    .collect(),
                nofollow: flag("emperor-nofollow"),
                tyrant: flag("emperor-tyrant"),
                me: me.as_raw(),
            },
            pace,
            law,
            policy: Policy { tyrant: flag("emperor-tyrant"), refuse_root: flag("refuse-root") },
            heartbeat: beat.unwrap_or(Duration::from_secs(30)),
            stats: text("emperor-stats").filter(|text| !text.is_empty()).map(|text| {
                if text.contains(':') {
                    StatsAddress::Tcp(text)
                } else {
                    StatsAddress::Unix(here(&text))
                }
            }),
            stats_http: flag("stats-http"),
            pidfiles: list(["emperor-pidfile", "pidfile"]),
            logto: directives.path("logto").map(|path| world.directory.join(path)),
            who,
            sets: directives.vassal_sets(),
            before: templates("-before"),
            after: templates(""),
            options: vassal_options(world),
            binary: directives.path("binary-path").map(|path| world.directory.join(path)),
            start_parallel: if parallel == 0 { 2 * world.cpus.max(1) } else { parallel },
            api_socket: text("api-socket")
                .map(|path| here(&path))
                .or_else(|| api_default(root, world)),
            api_given: text("api-socket").is_some(),
            state_dir: text("state-dir")
                .map(|path| here(&path))
                .or_else(|| state_default(root, &who_suffix(me, root), world)),
            hooks,
            log_keep: keep.unwrap_or(1000) as usize,
            directory: world.directory.clone(),
        }
    }
}

fn sources(directives: &Directives, world: &World, findings: &mut Vec<Finding>) -> Vec<Source> {
    let mut list = Vec::new();
    for one in directives.all("emperor") {
        let (scheme, rest) = one.value.split_once("://").unwrap_or(("", &one.value));
        let path = world.directory.join(rest);
        match scheme {
            "glob" => list.push(Source::Glob(path.display().to_string())),
            "" if is_pattern(rest) => match path.to_str() {
                Some(pattern) => list.push(Source::Glob(pattern.to_owned())),
                None => list.push(Source::Directory(path)),
            },
            "" | "dir" => list.push(Source::Directory(path)),
            other => {
                let message = format!("expected dir:// or glob://, found {other:?}");
                findings.push(Finding::error(Some(one.origin.clone()), Some("emperor"), message));
            }
        }
    }
    list
}

fn become_whom(directives: &Directives, findings: &mut Vec<Finding>) -> Become {
    let mut user = None;
    let mut group = None;
    if let Some(one) = directives.last("uid") {
        let known = match one.value.parse::<u32>() {
            Ok(id) => Some((Uid::from_raw(id), User::from_uid(Uid::from_raw(id)).ok().flatten())),
            Err(_) => User::from_name(&one.value).ok().flatten().map(|user| (user.uid, Some(user))),
        };
        match known {
            Some((uid, entry)) => {
                // without a group of its own: the user's primary group, never root's
                group = entry.as_ref().map(|entry| entry.gid);
                user = Some((uid, entry.map(|entry| entry.name)));
            }
            None => findings.push(Finding::error(
                Some(one.origin.clone()),
                Some("uid"),
                one.told(format!("there is no user {:?}", one.value)),
            )),
        }
    }
    if let Some(one) = directives.last("gid") {
        let known = match one.value.parse::<u32>() {
            Ok(id) => Some(Gid::from_raw(id)),
            Err(_) => Group::from_name(&one.value).ok().flatten().map(|group| group.gid),
        };
        if known.is_none() {
            findings.push(Finding::error(
                Some(one.origin.clone()),
                Some("gid"),
                one.told(format!("there is no group {:?}", one.value)),
            ));
        }
        group = known.or(group);
    }
    Become { user, group }
}

/// `UWSGI_VASSAL_SOCKET=X` means `socket = X` for every vassal.
fn vassal_options(world: &World) -> Vec<(String, String)> {
    let mut list: Vec<(String, String)> = world
        .environment
        .iter()
        .filter_map(|(name, value)| {
            let name = name.to_str()?.strip_prefix("UWSGI_VASSAL_")?;
            Some((name.to_lowercase().replace('_', "-"), value.to_str()?.to_owned()))
        })
        .collect();
    list.sort();
    list
}

fn variable(world: &World, name: &str) -> Option<PathBuf> {
    let value = &world.environment.iter().find(|(key, _)| key == name)?.1;
    (!value.is_empty()).then(|| PathBuf::from(value))
}

fn api_default(root: bool, world: &World) -> Option<PathBuf> {
    if root {
        return Some("/run/emperor/api.sock".into());
    }
    Some(variable(world, "XDG_RUNTIME_DIR")?.join("emperor/api.sock"))
}

fn state_default(root: bool, suffix: &str, world: &World) -> Option<PathBuf> {
    if root {
        // beside root's own and not in it: nobody else gets through that one
        return Some(format!("/var/lib/emperor{suffix}").into());
    }
    let home = variable(world, "XDG_STATE_HOME")
        .or_else(|| Some(variable(world, "HOME")?.join(".local/state")));
    Some(home?.join("emperor"))
}

/// An Emperor that drops root keeps its state where that user may write.
fn who_suffix(me: Uid, root: bool) -> String {
    if root && !me.is_root() { format!("-uid-{me}") } else { String::new() }
}

#[cfg(test)]
mod tests {
    use shared::config::Directive;
    use shared::finding::Origin;
    use shared::option::{self, Kind, Tier};

    use super::*;

    fn read(lines: &[(&str, &str)]) -> (Settings, Vec<Finding>) {
        let world = World {
            environment: vec![("UWSGI_VASSAL_MAX_REQUESTS".into(), "9".into())],
            directory: "/etc/uwsgi".into(),
            cpus: 3,
            ..World::of_this_process().unwrap()
        };
        let mut reading = Reading::default();
        for (key, value) in lines {
            reading.directives.push(Directive {
                key: (*key).to_owned(),
                value: (*value).to_owned(),
                origin: Origin::CommandLine,
                given: (*key).to_owned(),
                part: shared::config::Part::Both,
                secret: false,
            });
        }
        let settings = Settings::new(&mut reading, &world);
        (settings, reading.findings)
    }

    #[test]
    fn sources_are_absolute_and_patterns_are_told_from_directories() {
        let (settings, findings) = read(&[
            ("emperor", "sites"),
            ("emperor", "/srv/*/app.ini"),
            ("emperor", "dir:///srv/sites"),
            ("emperor", "glob://x/*.ini"),
            ("emperor", "pg://x"),
        ]);
        assert_eq!(
            settings.sources,
            [
                Source::Directory("/etc/uwsgi/sites".into()),
                Source::Glob("/srv/*/app.ini".into()),
                Source::Directory("/srv/sites".into()),
                Source::Glob("/etc/uwsgi/x/*.ini".into()),
            ]
        );
        assert_eq!(findings.len(), 1, "an unknown scheme is an error: {findings:?}");
    }

    #[test]
    fn numbers_and_their_defaults() {
        let (settings, _) = read(&[]);
        assert_eq!(settings.start_parallel, 6);
        assert_eq!(settings.law, Law::default());
        assert_eq!(settings.pace.healthy, Duration::from_mins(1));
        assert_eq!(settings.options, [("max-requests".to_owned(), "9".to_owned())]);
        let (settings, _) = read(&[
            ("emperor-freq", "5"),
            ("emperor-throttle", "100"),
            ("emperor-max-throttle", "400"),
            ("emperor-curse-tolerance", "7"),
            ("start-parallel", "2"),
        ]);
        assert_eq!((settings.pace.healthy, settings.pace.deaf), {
            let freq = Duration::from_secs(5);
            (freq, freq)
        });
        assert_eq!(settings.law.throttle.step, Duration::from_millis(100));
        assert_eq!(settings.law.throttle.cap, Duration::from_millis(400));
        assert_eq!(settings.law.curse_tolerance, Duration::from_secs(7));
        assert_eq!(settings.start_parallel, 2);
        for (text, mercy) in [("7", Duration::from_secs(7)), ("0", Law::default().mercy)] {
            assert_eq!(read(&[("reload-mercy", text)]).0.law.mercy, mercy, "{text}");
        }
    }

    #[test]
    fn every_option_of_the_emperor_that_works_reaches_the_settings() {
        let shown = |lines: &[(&str, &str)]| {
            let (settings, findings) = read(lines);
            format!("{settings:?} {findings:?}")
        };
        let untouched = shown(&[]);
        let (_, rows) = option::subjects()
            .iter()
            .find(|(subject, _)| *subject == "Emperor")
            .expect("the table has this subject");
        let also = ["reload-mercy", "uid", "gid", "logto", "pidfile", "stats-http"];
        let also = also.into_iter().filter_map(option::find);
        for row in rows.iter().chain(also).filter(|row| row.tier == Tier::Works) {
            let value = match row.kind {
                // the contrary of what is usual
                Kind::Flag if row.name == "emperor-graceful-shutdown" => "false",
                Kind::Flag => "true",
                _ => "77",
            };
            assert_ne!(shown(&[(row.name, value)]), untouched, "nothing reads {}", row.name);
        }
    }

    #[test]
    fn giving_an_option_its_default_changes_nothing() {
        let shown = |lines: &[(&str, &str)]| {
            let (settings, findings) = read(lines);
            format!("{settings:?} {findings:?}")
        };
        let (_, rows) = option::subjects()
            .iter()
            .find(|(subject, _)| *subject == "Emperor")
            .expect("the table has this subject");
        // these say where the default depends on: who runs it, whether changes can be watched
        let depends = ["api-socket", "state-dir", "emperor-freq"];
        let rows = rows.iter().chain(option::find("reload-mercy"));
        for row in rows.filter(|row| row.tier == Tier::Works && !depends.contains(&row.name)) {
            if !row.default.is_empty() {
                let with = shown(&[(row.name, row.default)]);
                assert_eq!(with, shown(&[]), "{} = {}", row.name, row.default);
            }
        }
    }

    #[test]
    fn a_missing_user_is_an_error_that_names_it() {
        let (_, findings) = read(&[("uid", "no-such-user-here")]);
        assert!(findings[0].to_string().contains("no-such-user-here"), "{findings:?}");
    }
}
