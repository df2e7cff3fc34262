//! What the table calls an option's default is what happens without the option.

use crate::option::{self, Tier};

use super::*;

#[test]
fn giving_an_option_its_default_changes_nothing() {
    let read = |line: &str| {
        let (mut settings, reading) = settled(&format!("socket = a.sock\n{line}"));
        settings.serve.options.clear();
        settings.launch.sources.clear();
        assert_eq!(reading.findings, [], "{line}");
        settings
    };
    let untouched = read("");
    let mut compared = 0;
    for (subject, rows) in option::subjects().iter().filter(|(subject, _)| *subject != "Emperor") {
        for row in rows.iter().filter(|row| row.tier == Tier::Works && !row.default.is_empty()) {
            let mut with = read(&format!("{} = {}\n", row.name, row.default));
            // written down or not, these are told apart and mean the same
            match row.name {
                "callable" => assert_eq!(with.serve.callable.take().as_deref(), Some(row.default)),
                "die-on-term" => assert_eq!(with.serve.die_on_term.take(), Some(true)),
                _ => {}
            }
            assert_eq!(with, untouched, "{subject}: {} = {}", row.name, row.default);
            compared += 1;
        }
    }
    assert!(compared > 10, "{compared} defaults");
}
