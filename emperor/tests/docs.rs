//! The manual page of `emperorctl` lists the commands that it has.

#[path = "../../shared/tests/golden/mod.rs"]
mod golden;

use shared::option::man;

#[test]
fn the_manual_page_lists_the_commands() {
    let name = "man/emperorctl.1";
    let commands = |what: &str| (what == "commands").then(emperor::client::manual);
    let page = man::renew(&golden::page(name), commands);
    golden::check(name, &page.unwrap_or_else(|error| panic!("docs/{name}: {error}")));
}
