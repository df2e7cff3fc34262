//! What a configuration says about the number of workers and their times.

use crate::settings::{Algorithm, Busyness, Cheaper, Memory, Touched};

use super::*;

#[test]
fn the_numbers_of_cheaper_are_read() {
    let (settings, reading) = settled(
        "processes = 9\ncheaper = 2\ncheaper-initial = 3\ncheaper-step = 4\n\
         cheaper-algo = busyness\ncheaper-overload = 30\ncheaper-idle = 40\n\
         cheaper-rss-limit-soft = 100\ncheaper-rss-limit-hard = 200\ncheaper-busyness-max = 70\ncheaper-busyness-min = 20\n\
         cheaper-busyness-multiplier = 16\ncheaper-busyness-penalty = 3\n\
         cheaper-busyness-verbose = true\ncheaper-busyness-backlog-alert = 16\n\
         cheaper-busyness-backlog-multiplier = 5\ncheaper-busyness-backlog-step = 2\n\
         cheaper-busyness-backlog-nonzero = 6\n",
    );
    assert_eq!(reading.findings, []);
    let busyness = Busyness {
        most: 70,
        least: 20,
        multiplier: 16,
        penalty: 3,
        verbose: true,
        alert: 16,
        alert_multiplier: 5,
        alert_step: 2,
        nonzero: 6,
    };
    let expected = Cheaper {
        least: 2,
        initial: 3,
        step: 4,
        algorithm: Algorithm::Busyness,
        overload: 30,
        idle: Duration::from_secs(40),
        rss_soft: 100,
        rss_hard: 200,
        busyness,
    };
    assert_eq!(settings.serve.supervision.cheaper, Some(expected));
}

#[test]
fn cheaper_stays_below_processes_and_the_start_between_both() {
    for (text, least, initial) in [
        ("cheaper = 2", 2, 2),
        ("cheaper = 2\ncheaper-initial = 1", 2, 2),
        ("cheaper = 2\ncheaper-initial = 99", 2, 4),
    ] {
        let (settings, reading) = settled(&format!("processes = 4\n{text}\n"));
        let cheaper = settings.serve.supervision.cheaper.unwrap();
        assert_eq!((cheaper.least, cheaper.initial, reading.refused()), (least, initial, false));
    }
    for cheaper in ["4", "5"] {
        let (_, reading) = settled(&format!("processes = 4\ncheaper = {cheaper}\n"));
        assert!(errors(&reading)[0].contains("less than the 4"), "{:?}", errors(&reading));
    }
    let (settings, _) = settled("processes = 4\n");
    assert_eq!(settings.serve.supervision.cheaper, None);
}

#[test]
fn algorithms_that_are_not_provided_are_said() {
    for (text, algorithm, said) in [
        ("spare", Algorithm::Spare, 0),
        ("backlog", Algorithm::Backlog, 0),
        ("manual", Algorithm::Manual, 0),
        ("backlog2", Algorithm::Backlog, 1),
        ("spare2", Algorithm::Spare2, 0),
        ("busines", Algorithm::Spare, 1),
    ] {
        let (settings, reading) =
            settled(&format!("processes = 4\ncheaper = 1\ncheaper-algo = {text}\n"));
        assert_eq!(settings.serve.supervision.cheaper.unwrap().algorithm, algorithm, "{text}");
        assert_eq!((warnings(&reading).len(), reading.refused()), (said, false), "{text}");
    }
}

#[test]
fn the_times_of_workers_are_read() {
    let (settings, reading) = settled(
        "max-worker-lifetime = 60\nmax-worker-lifetime-delta = 5\nidle = 7\nforkbomb-delay = 9\n\
         mem-collector-freq = 11\n",
    );
    assert_eq!(reading.findings, []);
    let supervision = settings.serve.supervision;
    let secs = Duration::from_secs;
    assert_eq!(supervision.max_lifetime, Some(secs(60)));
    assert_eq!(supervision.max_lifetime_delta, secs(5));
    assert_eq!(supervision.idle, Some(secs(7)));
    assert_eq!(supervision.forkbomb_delay, secs(9));
    assert_eq!(supervision.collector, secs(11));
    let (settings, _) = settled("max-worker-lifetime = 0\nidle = 0\n");
    let supervision = settings.serve.supervision;
    assert_eq!((supervision.max_lifetime, supervision.idle), (None, None), "0 is off");
}

#[test]
fn limits_of_memory_are_mebibytes() {
    let (settings, reading) = settled(
        "reload-on-rss = 1\nreload-on-as = 2\nreload-on-uss = 3\nreload-on-pss = 4\n\
         evil-reload-on-rss = 5\nevil-reload-on-as = 6\n",
    );
    assert_eq!(reading.findings, []);
    let mib = |size: u64| Some(size << 20);
    let supervision = settings.serve.supervision;
    let expected = Memory { rss: mib(1), space: mib(2), uss: mib(3), pss: mib(4) };
    assert_eq!(supervision.reload_on, expected);
    let expected = Memory { rss: mib(5), space: mib(6), ..Memory::default() };
    assert_eq!(supervision.evil_reload_on, expected);
}

#[test]
fn watched_files_say_what_follows() {
    let (settings, reading) = settled(
        "touch-reload = a\ntouch-exec = b echo it  now\ntouch-workers-reload = c\n\
         touch-chain-reload = d\nfs-reload = e\nfs-brutal-reload = f\n\
         touch-logreopen = g\ntouch-logrotate = h\n",
    );
    assert_eq!(reading.findings, []);
    let watches = settings.serve.supervision.watches;
    let found: Vec<_> =
        watches.into_iter().map(|one| (one.path.display().to_string(), one.then)).collect();
    let expected = [
        ("a", Touched::Reload),
        ("b", Touched::Execute("echo it  now".into())),
        ("c", Touched::Workers),
        ("d", Touched::Chain),
        ("e", Touched::Below),
        ("f", Touched::BelowAtOnce),
        ("g", Touched::LogReopen),
        ("h", Touched::LogRotate),
    ];
    assert_eq!(found, expected.map(|(path, then)| (path.to_owned(), then)));
    let (_, reading) = settled("touch-exec = alone\n");
    assert!(errors(&reading)[0].contains("FILE COMMAND"));
}
