//! A JSON schema (draft 2020-12) of a site's configuration as JSON or YAML, for editors and
//! checks: `{"uwsgi": {"processes": 4, ...}}`.
//!
//! It is made to find mistakes, so it is narrower than the reader: a number is digits, a flag one
//! of the usual words. A text with a placeholder in it may stand for anything. Names that are no
//! options are legal: they are variables.

use serde_json::{Map, Value, json};

use super::{Kind, Row, Tier, all};

/// What may become another text before it is used.
const PLACEHOLDER: &str = "%|\\$\\(|@\\(";

/// The schema.
pub fn schema() -> Value {
    let mut properties = Map::new();
    for row in all() {
        properties.insert(row.name.to_owned(), property(row));
        for alias in row.aliases {
            let mut same = json!({
                "$ref": format!("#/$defs/options/properties/{}", row.name),
                "description": format!("As `{}`. {}", row.name, description(row)),
            });
            if matches!(row.tier, Tier::Refused(_)) {
                same["deprecated"] = true.into();
            }
            properties.insert((*alias).to_owned(), same);
        }
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Configuration of a vassal",
        "description": "uWSGI's options as JSON or YAML, below the key uwsgi. Other keys on the top level are further sections.",
        "type": "object",
        "required": ["uwsgi"],
        "properties": { "uwsgi": { "$ref": "#/$defs/options" } },
        "additionalProperties": true,
        "$defs": {
            "flag": { "anyOf": [
                { "type": "boolean" },
                { "enum": [0, 1] },
                { "type": "string", "pattern": format!("^([Tt]rue|TRUE|[Yy]es|YES|[Oo]n|ON|1|[Ff]alse|FALSE|[Nn]o|NO|[Oo]ff|OFF|0)$|{PLACEHOLDER}") },
            ] },
            "number": { "anyOf": [
                { "type": "integer", "minimum": 0 },
                { "type": "string", "pattern": format!("^[0-9]+$|{PLACEHOLDER}") },
            ] },
            "mode": { "anyOf": [
                { "type": "integer", "minimum": 0, "maximum": 777 },
                { "type": "string", "pattern": format!("^[0-7]{{1,4}}$|{PLACEHOLDER}") },
            ] },
            "text": { "type": ["string", "number", "boolean"] },
            "texts": { "anyOf": [
                { "$ref": "#/$defs/text" },
                { "type": "array", "items": { "$ref": "#/$defs/text" } },
            ] },
            "options": {
                "type": "object",
                "properties": properties,
                "additionalProperties": true,
            },
        },
    })
}

fn property(row: &Row) -> Value {
    let mut property = form(row);
    property["description"] = description(row).into();
    if !row.default.is_empty() {
        property["default"] = match row.kind {
            Kind::Flag => true.into(),
            Kind::Integer | Kind::Long | Kind::Short | Kind::Megabytes => {
                row.default.parse::<u64>().map_or_else(|_| row.default.into(), Value::from)
            }
            Kind::Text | Kind::List | Kind::Special | Kind::Mode => row.default.into(),
        };
    }
    if matches!(row.tier, Tier::Refused(_)) {
        property["deprecated"] = true.into();
    }
    property
}

/// What its value looks like.
fn form(row: &Row) -> Value {
    if !row.choices.is_empty() {
        return json!({ "anyOf": [
            { "enum": row.choices },
            { "type": "string", "pattern": PLACEHOLDER },
        ] });
    }
    match row.kind {
        Kind::Flag => json!({ "$ref": "#/$defs/flag" }),
        // given alone it is a number too
        Kind::Integer | Kind::Long if row.optional => {
            json!({ "anyOf": [{ "$ref": "#/$defs/number" }, { "$ref": "#/$defs/flag" }] })
        }
        Kind::Integer | Kind::Long | Kind::Short | Kind::Megabytes => {
            json!({ "$ref": "#/$defs/number" })
        }
        Kind::Mode => json!({ "$ref": "#/$defs/mode" }),
        Kind::Text => json!({ "$ref": "#/$defs/text" }),
        Kind::List | Kind::Special => json!({ "$ref": "#/$defs/texts" }),
    }
}

fn description(row: &Row) -> String {
    let doc = row.doc;
    match row.tier {
        Tier::Works => doc.to_owned(),
        Tier::Accepted => format!("No effect here. {doc}"),
        Tier::Planned => format!("Not built yet. {doc}"),
        Tier::Refused(reason) => format!("Refused: {reason}. {doc}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_a_property_and_every_reference_leads_somewhere() {
        let schema = schema();
        let properties = schema.pointer("/$defs/options/properties").unwrap();
        for name in all().flat_map(Row::names) {
            let reference = properties[name]["$ref"].as_str();
            if let Some(place) = reference {
                assert!(schema.pointer(&place[1..]).is_some(), "{name}: {place}");
            }
            assert!(properties[name]["description"].is_string(), "{name}");
        }
        assert_eq!(properties["processes"]["default"], 1);
        assert_eq!(properties["legion"]["deprecated"], true);
        assert_eq!(properties["workers"]["$ref"], "#/$defs/options/properties/processes");
        assert_eq!(properties["protocol"]["anyOf"][0]["enum"][0], "uwsgi");
    }
}
