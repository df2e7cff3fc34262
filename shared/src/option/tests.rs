//! The table as a whole.

use std::collections::HashSet;

use super::*;

#[test]
fn every_name_and_every_letter_is_unique() {
    let mut names = HashSet::new();
    let mut letters = HashSet::new();
    for row in all() {
        for name in row.names() {
            assert!(names.insert(name), "{name} is there twice");
        }
        if let Some(letter) = row.short {
            assert!(letters.insert(letter), "-{letter} is there twice");
        }
    }
    assert!(names.len() > 1300, "{} names", names.len());
}

#[test]
fn names_are_plain_and_everything_is_documented() {
    for row in all() {
        for name in row.names() {
            assert!(!name.is_empty() && !name.starts_with('-'), "{name:?}");
            assert!(
                name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)),
                "{name:?}"
            );
        }
        assert!(row.doc.is_ascii() && !row.doc.contains('\n'), "{}", row.name);
        assert!(row.doc.ends_with('.') && row.doc.len() > 5, "{}: {:?}", row.name, row.doc);
        assert!(row.doc.matches('`').count() % 2 == 0, "{}: {:?}", row.name, row.doc);
        if let Tier::Refused(reason) = row.tier {
            assert!(!reason.is_empty() && !reason.ends_with('.'), "{}", row.name);
        }
        assert!(row.line != Line::Own || row.tier == Tier::Works, "{}", row.name);
    }
}

#[test]
fn what_a_row_says_of_its_value_fits_together() {
    for row in all() {
        let name = row.name;
        let default = row.default;
        assert_eq!(row.optional, row.arity == Arity::Optional, "{name}");
        assert!(row.choices.is_empty() || row.kind != Kind::Flag, "{name}");
        match row.kind {
            Kind::Flag => assert!(default.is_empty() || default == "true", "{name}"),
            Kind::Integer | Kind::Long | Kind::Short | Kind::Megabytes | Kind::Mode => {
                assert!(default.bytes().all(|byte| byte.is_ascii_digit()), "{name}: {default}");
            }
            Kind::Text | Kind::List | Kind::Special => assert!(
                row.choices.is_empty() || default.is_empty() || row.choices.contains(&default),
                "{name}: {default}"
            ),
        }
    }
}

#[test]
fn plugins_and_real_use_name_only_known_options() {
    for name in plugin::names().chain(usage::USED.iter().map(|(name, _)| *name)) {
        assert_eq!(find(name).map(|row| row.name), Some(name), "{name}");
    }
    assert_eq!(find("gevent").and_then(Row::plugin), Some("gevent"));
    assert_eq!(find("processes").and_then(Row::plugin), None);
}

/// Prints what a lookup costs; an entry of a file takes several.
#[test]
fn lookups_are_quick() {
    fn measure(what: &str, names: &[&str], look: impl Fn(&str) -> bool) -> f64 {
        let _ = names.iter().filter(|name| look(name)).count();
        let start = std::time::Instant::now();
        let rounds = 200;
        let found = (0..rounds)
            .map(|_| names.iter().filter(|name| look(std::hint::black_box(name))).count())
            .sum::<usize>();
        let each = start.elapsed().as_nanos() as f64 / f64::from(rounds) / names.len() as f64;
        println!("{what}: {each:.0} ns each, {found} found");
        each
    }
    let known: Vec<&str> = all().flat_map(Row::names).collect();
    let unknown =
        ["vaccum", "proesses", "my_variable", "project", "wsgi-manage-chunk", "harakiri-timeouts"];
    measure("find", &known, |name| find(name).is_some());
    measure("find_short", &["p", "s", "?"], |name| {
        name.chars().next().and_then(find_short).is_some()
    });
    let each = measure("near", &unknown, |name| near(name).is_some());
    // generous: this is a debug build on a busy machine
    assert!(each < 2_000_000.0, "{each} ns");
}

#[test]
fn aliases_lead_to_the_primary_name() {
    for (alias, primary) in [
        ("workers", "processes"),
        ("wsgi", "module"),
        ("venv", "home"),
        ("pp", "pythonpath"),
        ("uwsgi-socket", "socket"),
        ("vassals-set", "vassal-set"),
        ("end", "endif"),
    ] {
        assert_eq!(find(alias).map(|row| row.name), Some(primary), "{alias}");
    }
    assert_eq!(find_short('p').map(|row| row.name), Some("processes"));
    assert!(find("chmod_socket").is_none());
    assert_eq!(starting_with("vassal-set").len(), 1);
}
