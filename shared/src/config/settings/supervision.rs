//! How many workers there are, when they are replaced, and what the master listens to.

use std::path::PathBuf;
use std::time::Duration;

use crate::rule;
use crate::settings::{Algorithm, Busyness, Cheaper, Memory, Supervision, Touched, Watch};

use super::Given;
use super::serve::{CROWD_MAX, count, seconds};

/// The largest limit of memory, mebibytes: what fits a number of bytes.
const MEBIBYTES_MAX: u64 = u64::MAX >> 20;
/// `cheaper-idle` where it is not given.
const CHEAPER_IDLE: Duration = Duration::from_secs(10);

/// Reads this part; the number of workers decides what `cheaper` may be.
pub(super) fn read(given: &mut Given<'_>, processes: u32) -> Supervision {
    let default = Supervision::default();
    Supervision {
        cheaper: cheaper(given, processes),
        cheap: given.flag("cheap"),
        idle: some_seconds(given, "idle"),
        die_on_idle: given.flag("die-on-idle"),
        max_lifetime: some_seconds(given, "max-worker-lifetime"),
        max_lifetime_delta: seconds(given, "max-worker-lifetime-delta").unwrap_or_default(),
        reload_on: Memory {
            rss: memory(given, "reload-on-rss"),
            space: memory(given, "reload-on-as"),
            uss: memory(given, "reload-on-uss"),
            pss: memory(given, "reload-on-pss"),
        },
        evil_reload_on: Memory {
            rss: memory(given, "evil-reload-on-rss"),
            space: memory(given, "evil-reload-on-as"),
            uss: None,
            pss: None,
        },
        collector: some_seconds(given, "mem-collector-freq").unwrap_or(default.collector),
        forkbomb_delay: some_seconds(given, "forkbomb-delay").unwrap_or(default.forkbomb_delay),
        exit_on_reload: given.flag("exit-on-reload"),
        watches: watches(given),
        autoreload: some_seconds(given, "py-autoreload"),
        autoreload_ignore: texts(given, "py-auto-reload-ignore"),
        fifos: texts(given, "master-fifo").into_iter().map(PathBuf::from).collect(),
        pidfile2: given.path("pidfile2"),
        safe_pidfiles: ["safe-pidfile", "safe-pidfile2"]
            .into_iter()
            .filter_map(|name| given.path(name))
            .collect(),
    }
}

/// Seconds, of which 0 is off.
fn some_seconds(given: &mut Given<'_>, name: &str) -> Option<Duration> {
    seconds(given, name).filter(|time| !time.is_zero())
}

/// A limit in mebibytes, of which 0 is off, as bytes.
fn memory(given: &mut Given<'_>, name: &str) -> Option<u64> {
    let size = given.number(name, MEBIBYTES_MAX, "a number of mebibytes")?;
    (size > 0).then_some(size << 20)
}

fn texts(given: &Given<'_>, name: &str) -> Vec<String> {
    let all = given.directives.all(name).filter(|one| !one.value.is_empty());
    all.map(|one| one.value.clone()).collect()
}

/// `cheaper` and what belongs to it; `None` without it.
fn cheaper(given: &mut Given<'_>, processes: u32) -> Option<Cheaper> {
    let crowd = "a number of workers";
    let rss_soft = count(given, "cheaper-rss-limit-soft").unwrap_or(0);
    let rss_hard = count(given, "cheaper-rss-limit-hard").unwrap_or(0);
    let initial = given.number("cheaper-initial", CROWD_MAX, crowd);
    let step = given.number("cheaper-step", CROWD_MAX, crowd).map_or(1, |step| step.max(1));
    let overload = count(given, "cheaper-overload").map_or(3, |value| value.max(1));
    let idle = some_seconds(given, "cheaper-idle").unwrap_or(CHEAPER_IDLE);
    let algorithm = algorithm(given);
    let busyness = busyness(given);
    let least = given.number("cheaper", CROWD_MAX, crowd).filter(|least| *least > 0)? as u32;
    if least >= processes {
        if let Some(one) = given.last("cheaper") {
            let message =
                format!("expected less than the {processes} of \"processes\", found {least}");
            given.error(one, message);
            given.uwsgi("exits with 1");
        }
        return None;
    }
    if let (true, Some(hard)) =
        (0 < rss_hard && rss_hard < rss_soft, given.last("cheaper-rss-limit-hard"))
    {
        let message = format!("{rss_hard} is below cheaper-rss-limit-soft, {rss_soft}");
        given.error(hard, message);
        given.uwsgi("exits with 1");
    }
    Some(Cheaper {
        least,
        initial: initial.map_or(least, |initial| (initial as u32).clamp(least, processes)),
        step: step as u32,
        algorithm,
        overload,
        idle,
        rss_soft,
        rss_hard,
        busyness,
    })
}

fn algorithm(given: &mut Given<'_>) -> Algorithm {
    let Some(one) = given.last("cheaper-algo") else { return Algorithm::Spare };
    match one.value.as_str() {
        "spare" => Algorithm::Spare,
        "spare2" => Algorithm::Spare2,
        "backlog" => Algorithm::Backlog,
        "busyness" => Algorithm::Busyness,
        "manual" => Algorithm::Manual,
        "backlog2" => {
            let message = "backlog2 is not provided: backlog decides";
            given.warning(one, rule::INVALID_VALUE, message);
            Algorithm::Backlog
        }
        other => {
            let message =
                format!("expected spare, spare2, backlog, busyness or manual, found {other:?}");
            given.warning(one, rule::INVALID_VALUE, message + ": spare decides");
            given.uwsgi("logs that there is no such algorithm and uses spare");
            Algorithm::Spare
        }
    }
}

fn busyness(given: &mut Given<'_>) -> Busyness {
    let default = Busyness::default();
    let mut take = |name: &str, default: u64| count(given, name).unwrap_or(default);
    Busyness {
        most: take("cheaper-busyness-max", default.most),
        least: take("cheaper-busyness-min", default.least),
        multiplier: take("cheaper-busyness-multiplier", default.multiplier).max(1),
        penalty: take("cheaper-busyness-penalty", default.penalty),
        alert: take("cheaper-busyness-backlog-alert", default.alert),
        alert_multiplier: take("cheaper-busyness-backlog-multiplier", default.alert_multiplier),
        alert_step: take("cheaper-busyness-backlog-step", u64::from(default.alert_step))
            .min(CROWD_MAX) as u32,
        nonzero: take("cheaper-busyness-backlog-nonzero", default.nonzero),
        verbose: given.flag("cheaper-busyness-verbose"),
    }
}

/// Everything that is watched, in the order of the file.
fn watches(given: &mut Given<'_>) -> Vec<Watch> {
    let mut list = Vec::new();
    for one in given.directives.iter().filter(|one| !one.value.is_empty()) {
        let path = PathBuf::from(&one.value);
        let (path, then) = match one.key.as_str() {
            "touch-reload" => (path, Touched::Reload),
            "touch-workers-reload" => (path, Touched::Workers),
            "touch-chain-reload" => (path, Touched::Chain),
            "touch-logreopen" => (path, Touched::LogReopen),
            "touch-logrotate" => (path, Touched::LogRotate),
            "fs-reload" => (path, Touched::Below),
            "fs-brutal-reload" => (path, Touched::BelowAtOnce),
            "touch-exec" => {
                let Some((path, command)) = one.value.split_once([' ', '\t']) else {
                    given.error(one, format!("expected \"FILE COMMAND\", found {:?}", one.value));
                    continue;
                };
                (PathBuf::from(path), Touched::Execute(command.trim().to_owned()))
            }
            _ => continue,
        };
        list.push(Watch { path, then });
    }
    list
}
