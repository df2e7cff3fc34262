//! Which option was probably meant.

use super::all;

/// The known name that is nearest to an unknown one, if it is near enough to be meant.
///
/// Spelling first: letter case, `_` for `-`, a missing or superfluous plural. Then the number
/// of edits, where two letters that changed places are one. Short names have few edits to
/// spend: two letters of difference make another word of them.
pub fn near(name: &str) -> Option<&'static str> {
    if name.len() > 64 || !name.is_ascii() {
        return None;
    }
    let plain = name.trim_start_matches('-').to_ascii_lowercase().replace(['_', '.', ' '], "-");
    let spelled = plain.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if plain.len() < 3 || !spelled {
        return None;
    }
    let allowed = if plain.len() < 5 { 1 } else { 2 };
    let mut best: Option<(usize, usize, &'static str)> = None;
    for (order, row) in all().enumerate() {
        for known in row.names() {
            if known.len().abs_diff(plain.len()) > allowed {
                continue;
            }
            // what works is likelier to be meant than what is only known
            let rank = usize::from(row.doc.is_empty()) * 10_000 + order;
            // people rarely get the first letter wrong
            if known.as_bytes()[0] != plain.as_bytes()[0] {
                continue;
            }
            let edits = if plural(&plain, known) { 1 } else { distance(&plain, known) };
            if edits <= allowed && best.is_none_or(|(e, r, _)| (edits, rank) < (e, r)) {
                best = Some((edits, rank, known));
            }
        }
    }
    best.map(|(_, _, known)| known)
}

fn plural(name: &str, known: &str) -> bool {
    let longer = |one: &str, other: &str| {
        one.strip_prefix(other).is_some_and(|rest| rest == "s" || rest == "es")
    };
    longer(name, known) || longer(known, name)
}

/// Insertions, deletions, replacements and swaps of neighbours between two texts.
fn distance(left: &str, right: &str) -> usize {
    let (left, right) = (left.as_bytes(), right.as_bytes());
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=right.len()).collect();
    for i in 0..left.len() {
        let mut row = vec![i + 1];
        for j in 0..right.len() {
            let mut cost =
                (last[j] + usize::from(left[i] != right[j])).min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && left[i] == right[j - 1] && left[i - 1] == right[j] {
                cost = cost.min(before[j - 1] + 1);
            }
            row.push(cost);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[right.len()]
}

#[cfg(test)]
mod tests {
    use super::near;

    #[test]
    fn real_mistakes_are_understood() {
        for (wrong, meant) in [
            ("vaccum", "vacuum"),
            ("vacum", "vacuum"),
            ("proesses", "processes"),
            ("process", "processes"),
            ("thread", "threads"),
            ("chmod_socket", "chmod-socket"),
            ("chmod-sock", "chmod-socket"),
            ("proc-name-prefix", "procname-prefix"),
            ("Master", "master"),
            ("harikari", "harakiri"),
            ("sokcet", "socket"),
        ] {
            assert_eq!(near(wrong), Some(meant), "{wrong}");
        }
    }

    #[test]
    fn ordinary_variables_have_no_near_miss() {
        for name in ["project", "base", "x", "", "app", "vassal_name", "py_version", "{% else %}"] {
            assert_eq!(near(name), None, "{name}");
        }
    }
}
