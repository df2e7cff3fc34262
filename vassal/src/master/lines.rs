//! Settings from the lines of a file, for tests that show what an option changes in a decision.

use shared::config::{self, Directive, Part, Reading};
use shared::finding::Origin;
use shared::option;
use shared::settings::Serve;

/// The settings of these options.
pub(super) fn serve(lines: &[(&str, &str)]) -> Serve {
    let mut reading = Reading::default();
    for (name, value) in lines {
        reading.directives.push(Directive {
            key: option::find(name).expect("the option is in the table").name.to_owned(),
            value: (*value).to_owned(),
            origin: Origin::CommandLine,
            given: (*name).to_owned(),
            part: Part::Both,
            secret: false,
        });
    }
    let settings = config::settings(&mut reading, "test");
    assert!(!reading.refused(), "{:?}", reading.findings);
    settings.serve
}
