//! The documentation that is generated from the table of options is up to date.

mod golden;

use shared::option::{completion, man, markdown, schema};
use shared::rule;

#[test]
fn the_reference_of_options_is_what_the_table_says() {
    golden::check("OPTIONS.md", &markdown::options());
}

#[test]
fn the_table_of_compatibility_is_what_the_table_says() {
    golden::check("COMPATIBILITY.md", &markdown::compatibility());
}

#[test]
fn manual_pages_list_the_options_of_the_table() {
    for name in ["man/emperor.8", "man/emperor.ini.5", "man/emperor-site.5", "man/vassal.1"] {
        let page = man::renew(&golden::page(name), man::region);
        golden::check(name, &page.unwrap_or_else(|error| panic!("docs/{name}: {error}")));
    }
}

#[test]
fn the_page_about_checks_lists_every_rule() {
    let page = golden::page("check.md");
    let (front, rest) = page.split_once("--test docs -->\n").expect("the list has a start");
    let (_, back) = rest.split_once("<!-- end -->").expect("the list has an end");
    let wanted = format!("{front}--test docs -->\n{}<!-- end -->{back}", rule::markdown());
    golden::check("check.md", &wanted);
}

#[test]
fn the_schema_of_configurations_is_what_the_table_says() {
    let mut text = serde_json::to_string_pretty(&schema::schema()).expect("a schema is JSON");
    text.push('\n');
    golden::check("site.schema.json", &text);
}

#[test]
fn completion_in_shells_is_what_the_table_says() {
    golden::check("../deploy/completion/vassal.bash", &completion::bash());
    golden::check("../deploy/completion/_vassal", &completion::zsh());
    golden::check("../deploy/completion/vassal.fish", &completion::fish());
}
