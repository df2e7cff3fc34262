//! What is written about the client and the API is what they do.

#[path = "../../shared/tests/golden/mod.rs"]
mod golden;

use emperor::board::{App, Word};
use serde_json::Value;
use shared::option::man;

#[test]
fn the_manual_page_lists_the_commands() {
    let name = "man/emperorctl.1";
    let commands = |what: &str| (what == "commands").then(emperor::client::manual);
    let page = man::renew(&golden::page(name), commands);
    golden::check(name, &page.unwrap_or_else(|error| panic!("docs/{name}: {error}")));
}

#[test]
fn the_sample_of_an_app_has_the_fields_that_the_api_sends() {
    let page = golden::page("API.md");
    let lines = page.lines().skip_while(|line| !line.starts_with("    {\"id\":"));
    let text: Vec<&str> =
        lines.map_while(|line| line.strip_prefix("    ")).map(str::trim).collect();
    let sample: Value = serde_json::from_str(&text.join(" ")).unwrap();
    let app: App = serde_json::from_value(sample.clone()).unwrap();
    assert_eq!(serde_json::to_value(&app).unwrap(), sample);
    for field in sample.as_object().unwrap().keys() {
        assert!(page.contains(&format!("`{field}`")), "{field} is not explained");
    }
}

#[test]
fn every_state_is_explained() {
    let page = golden::page("API.md");
    for word in Word::ALL {
        assert!(page.contains(&format!("\n| `{}` | ", word.as_str())), "{}", word.as_str());
    }
}
