//! `show-config`: the configuration as it was understood, in the output of the vassal.

use std::fmt::Write;

/// The list of all options in their final order, as an ini file; `None` where nobody asked.
///
/// Values are a tenant's text: control characters do not get to a terminal.
pub fn configuration(options: &[(String, String)]) -> Option<String> {
    let (_, asked) = options.iter().rev().find(|(name, _)| name == "show-config")?;
    if ["false", "off", "no", "0"].iter().any(|word| asked.eq_ignore_ascii_case(word)) {
        return None;
    }
    let clean = |text: &str| -> String {
        text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
    };
    let mut text = String::from("; the configuration, variables replaced\n[uwsgi]\n");
    for (name, value) in options {
        let _ = writeln!(text, "{} = {}", clean(name), clean(value));
    }
    text.push_str("; end of the configuration\n");
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn every_option_is_shown_in_order_and_harmless() {
        let given = options(&[("show-config", "true"), ("env", "A=\x1b[2J"), ("processes", "2")]);
        let text = configuration(&given).unwrap();
        assert!(text.contains("\nenv = A=\u{fffd}[2J\nprocesses = 2\n"), "{text:?}");
    }

    #[test]
    fn nothing_is_shown_to_who_did_not_ask() {
        assert_eq!(configuration(&options(&[("processes", "2")])), None);
        assert_eq!(configuration(&options(&[("show-config", "False")])), None);
    }
}
