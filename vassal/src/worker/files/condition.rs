//! What a client that has a copy (or a part of one) is sent: RFC 9110 sections 13 and 14.
//!
//! Pure: fields of the request and facts of the file in, a decision out.

use super::date;

/// Fields of a request that ask for less than the whole file.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Asked<'a> {
    pub(super) if_match: Option<&'a [u8]>,
    pub(super) if_none_match: Option<&'a [u8]>,
    pub(super) if_modified_since: Option<&'a [u8]>,
    pub(super) if_unmodified_since: Option<&'a [u8]>,
    pub(super) if_range: Option<&'a [u8]>,
    pub(super) range: Option<&'a [u8]>,
}

/// What is known of the file.
#[derive(Clone, Copy, Debug)]
pub(super) struct State<'a> {
    /// The entity tag, quotes included.
    pub(super) tag: &'a str,
    /// Seconds since the epoch of its modification.
    pub(super) changed: i64,
    /// Bytes.
    pub(super) size: u64,
}

/// What is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Send {
    /// All of it: 200.
    Whole,
    /// From an offset so many bytes (never none): 206.
    Part(u64, u64),
    /// Nothing, the copy is good: 304.
    NotModified,
    /// Nothing, the file is not the one that was meant: 412.
    Failed,
    /// Nothing, there is no such part: 416.
    Unsatisfiable,
}

/// Decides, in the order of RFC 9110 section 13.2.2. `now` is in seconds since the epoch.
pub(super) fn decide(asked: &Asked<'_>, state: State<'_>, now: i64) -> Send {
    let moment = |text: &[u8]| date::parse(text, now);
    if let Some(list) = asked.if_match {
        if !lists(list, state.tag, false) {
            return Send::Failed;
        }
    } else if let Some(limit) = asked.if_unmodified_since.and_then(moment)
        && state.changed > limit
    {
        return Send::Failed;
    }
    if let Some(list) = asked.if_none_match {
        if lists(list, state.tag, true) {
            return Send::NotModified;
        }
    } else if let Some(since) = asked.if_modified_since.and_then(moment)
        && state.changed <= since
    {
        return Send::NotModified;
    }
    let Some(range) = asked.range else { return Send::Whole };
    if let Some(condition) = asked.if_range {
        let same = if condition.starts_with(b"\"") {
            condition == state.tag.as_bytes()
        } else {
            // a date is only as good as a tag when it is exactly the file's
            moment(condition) == Some(state.changed)
        };
        if !same {
            return Send::Whole;
        }
    }
    part(range, state.size)
}

/// Whether a list of entity tags names `tag` (or everything). A weak tag only stands for the
/// same file in the weak comparison.
fn lists(list: &[u8], tag: &str, weak: bool) -> bool {
    if list.trim_ascii() == b"*" {
        return true;
    }
    // our tags hold no comma, so that cutting others at theirs does no harm
    list.split(|byte| *byte == b',').map(<[u8]>::trim_ascii).any(|one| {
        let one = if weak { one.strip_prefix(b"W/").unwrap_or(one) } else { one };
        one == tag.as_bytes()
    })
}

/// One range of bytes. Several are answered with the whole file, which is allowed; nonsense is
/// ignored (RFC 9110 section 14.2).
fn part(range: &[u8], size: u64) -> Send {
    let Some((unit, set)) = std::str::from_utf8(range).ok().and_then(|text| text.split_once('='))
    else {
        return Send::Whole;
    };
    if !unit.trim().eq_ignore_ascii_case("bytes") || set.contains(',') {
        return Send::Whole;
    }
    let Some((first, last)) = set.trim().split_once('-') else { return Send::Whole };
    match (first, digits(first), last, digits(last)) {
        ("", _, _, Some(count)) => match count.min(size) {
            0 => Send::Unsatisfiable,
            count => Send::Part(size - count, count),
        },
        (_, Some(first), "", _) => between(first, u64::MAX, size),
        (_, Some(first), _, Some(last)) if first <= last => between(first, last, size),
        _ => Send::Whole,
    }
}

fn between(first: u64, last: u64, size: u64) -> Send {
    if first < size {
        Send::Part(first, last.min(size - 1) - first + 1)
    } else {
        Send::Unsatisfiable
    }
}

/// A number. What is too large is the largest there is.
fn digits(text: &str) -> Option<u64> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: State<'static> = State { tag: "\"1-a\"", changed: 784_111_777, size: 10 };
    const SAME: &[u8] = b"Sun, 06 Nov 1994 08:49:37 GMT";
    const EARLIER: &[u8] = b"Sun, 06 Nov 1994 08:49:36 GMT";
    const LATER: &[u8] = b"Mon, 07 Nov 1994 08:49:37 GMT";

    fn sent(asked: Asked<'_>) -> Send {
        decide(&asked, FILE, 1_800_000_000)
    }

    #[test]
    fn a_copy_that_is_good_is_not_sent_again() {
        for good in [&b"\"1-a\""[..], b"W/\"1-a\"", b"\"x\", \"1-a\"", b"*"] {
            let asked = Asked { if_none_match: Some(good), ..Asked::default() };
            assert_eq!(sent(asked), Send::NotModified, "{good:?}");
        }
        for (since, expected) in
            [(SAME, Send::NotModified), (LATER, Send::NotModified), (EARLIER, Send::Whole)]
        {
            let asked = Asked { if_modified_since: Some(since), ..Asked::default() };
            assert_eq!(sent(asked), expected);
        }
        // the tag stands above the date
        let asked = Asked {
            if_none_match: Some(b"\"other\""),
            if_modified_since: Some(LATER),
            ..Asked::default()
        };
        assert_eq!(sent(asked), Send::Whole);
        let nonsense = Asked { if_modified_since: Some(b"today"), ..Asked::default() };
        assert_eq!(sent(nonsense), Send::Whole);
    }

    #[test]
    fn a_file_that_is_not_meant_is_not_sent() {
        for (list, expected) in [
            (&b"\"1-a\""[..], Send::Whole),
            (b"*", Send::Whole),
            (b"\"2\"", Send::Failed),
            (b"W/\"1-a\"", Send::Failed),
        ] {
            assert_eq!(sent(Asked { if_match: Some(list), ..Asked::default() }), expected);
        }
        for (limit, expected) in [(EARLIER, Send::Failed), (SAME, Send::Whole)] {
            let asked = Asked { if_unmodified_since: Some(limit), ..Asked::default() };
            assert_eq!(sent(asked), expected);
        }
    }

    #[test]
    fn parts_are_counted_as_the_rfc_does() {
        for (range, expected) in [
            ("bytes=0-3", Send::Part(0, 4)),
            ("bytes=5-", Send::Part(5, 5)),
            ("bytes=9-99", Send::Part(9, 1)),
            ("bytes=-4", Send::Part(6, 4)),
            ("bytes=-99", Send::Part(0, 10)),
            ("Bytes = 0-0", Send::Part(0, 1)),
            ("bytes=0-99999999999999999999999", Send::Part(0, 10)),
            ("bytes=10-", Send::Unsatisfiable),
            ("bytes=-0", Send::Unsatisfiable),
            ("bytes=99999999999999999999999-", Send::Unsatisfiable),
            ("bytes=3-2", Send::Whole),
            ("bytes=-", Send::Whole),
            ("bytes=0-1,4-5", Send::Whole),
            ("bytes=+1-2", Send::Whole),
            ("lines=0-1", Send::Whole),
            ("bytes", Send::Whole),
            ("", Send::Whole),
        ] {
            let asked = Asked { range: Some(range.as_bytes()), ..Asked::default() };
            assert_eq!(sent(asked), expected, "{range}");
        }
        assert_eq!(part(b"bytes=0-", 0), Send::Unsatisfiable);
    }

    #[test]
    fn a_part_is_only_sent_of_the_same_file() {
        for (condition, expected) in [
            (&b"\"1-a\""[..], Send::Part(0, 1)),
            (b"\"2\"", Send::Whole),
            (b"W/\"1-a\"", Send::Whole),
            (SAME, Send::Part(0, 1)),
            (LATER, Send::Whole),
        ] {
            let asked =
                Asked { range: Some(b"bytes=0-0"), if_range: Some(condition), ..Asked::default() };
            assert_eq!(sent(asked), expected, "{condition:?}");
        }
    }
}
