//! Which option was probably meant.

use std::sync::LazyLock;

use super::{Tier, all};

/// Longer words are no option's misspelling.
const LONGEST: usize = 64;

/// The known names by their first letter and length, with their rank: an unknown name is
/// compared with the few that can be near it.
static BUCKETS: LazyLock<Vec<Vec<(usize, &'static str)>>> = LazyLock::new(|| {
    let mut buckets = vec![Vec::new(); 256 * (LONGEST + 1)];
    for (order, row) in all().enumerate() {
        // what works is likelier to be meant than what is only known
        let works = matches!(row.tier, Tier::Works | Tier::Accepted);
        let rank = if works { order } else { order + 10_000 };
        for name in row.names().filter(|name| name.len() <= LONGEST) {
            buckets[bucket(name.as_bytes()[0], name.len())].push((rank, name));
        }
    }
    buckets
});

fn bucket(first: u8, length: usize) -> usize {
    usize::from(first) * (LONGEST + 1) + length
}

/// The known name that is nearest to an unknown one, if it is near enough to be meant.
///
/// Spelling first: letter case, `_` for `-`, a missing or superfluous plural. Then the number
/// of edits, where two letters that changed places are one. Short names have few edits to
/// spend: two letters of difference make another word of them.
pub fn near(name: &str) -> Option<&'static str> {
    if name.len() > LONGEST || !name.is_ascii() {
        return None;
    }
    let plain = name.trim_start_matches('-').to_ascii_lowercase().replace(['_', '.', ' '], "-");
    let spelled = plain.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if plain.len() < 3 || !spelled {
        return None;
    }
    let allowed = if plain.len() < 5 { 1 } else { 2 };
    // people rarely get the first letter wrong
    let first = plain.as_bytes()[0];
    let lengths = plain.len() - allowed..=(plain.len() + allowed).min(LONGEST);
    lengths
        .flat_map(|length| &BUCKETS[bucket(first, length)])
        .filter_map(|(rank, known)| {
            let edits = if plural(&plain, known) { 1 } else { distance(&plain, known, allowed)? };
            (edits <= allowed).then_some((edits, *rank, *known))
        })
        .min()
        .map(|(_, _, known)| known)
}

/// The nearest of some words, if it is near enough to be meant.
pub(crate) fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    if word.len() < 3 || word.len() > LONGEST {
        return None;
    }
    let fits = known.iter().filter(|one| one.len() <= LONGEST);
    let near = fits.filter_map(|one| Some((distance(word, one, 2)?, *one)));
    near.filter(|(edits, _)| *edits <= 2).min().map(|(_, one)| one)
}

fn plural(name: &str, known: &str) -> bool {
    let longer = |one: &str, other: &str| {
        one.strip_prefix(other).is_some_and(|rest| rest == "s" || rest == "es")
    };
    longer(name, known) || longer(known, name)
}

/// Insertions, deletions, replacements and swaps of neighbours between two texts of at most
/// [`LONGEST`] bytes; `None` as soon as they are more than `most`.
fn distance(left: &str, right: &str, most: usize) -> Option<usize> {
    let (left, right) = (left.as_bytes(), right.as_bytes());
    let mut before = [0; LONGEST + 1];
    let mut above = [0; LONGEST + 1];
    let mut row = [0; LONGEST + 1];
    for (j, place) in above.iter_mut().enumerate() {
        *place = j;
    }
    for i in 0..left.len() {
        row[0] = i + 1;
        let mut least = row[0];
        for j in 0..right.len() {
            let mut cost =
                (above[j] + usize::from(left[i] != right[j])).min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && left[i] == right[j - 1] && left[i - 1] == right[j] {
                cost = cost.min(before[j - 1] + 1);
            }
            row[j + 1] = cost;
            least = least.min(cost);
        }
        // a swap reaches back one row more, at the price of one edit
        let past = above[..=right.len()].iter().min().copied().unwrap_or(0);
        if least > most && past + 1 > most {
            return None;
        }
        before = std::mem::replace(&mut above, row);
    }
    Some(above[right.len()])
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
