//! From when to when a certificate is valid (RFC 5280 section 4.1.2.5).
//!
//! Clients turn an expired certificate away, and the server never hears why: so it says so when
//! it starts, and a check says it before.

use shared::sys::calendar::{self, Local};

use super::client::{SEQUENCE, VERSION, element};

/// Tags of DER (X.690 section 8.1).
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// The two ends, as `YYYYMMDDHHMMSS` in universal time: text that sorts as times do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Validity {
    from: String,
    to: String,
}

/// How a moment lies to the time of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum When {
    /// In it.
    Valid,
    /// Before it; the day on which it begins.
    NotYet(String),
    /// After it; the day on which it ended.
    Over(String),
}

/// Reads the time of a certificate; `None` where it has none that can be read.
pub(super) fn of(certificate: &[u8]) -> Option<Validity> {
    let (_, certificate, _) = element(certificate)?;
    let (_, mut rest, _) = element(certificate)?;
    if rest.first() == Some(&VERSION) {
        rest = element(rest)?.2;
    }
    // serial number, algorithm, issuer
    for _ in 0..3 {
        rest = element(rest)?.2;
    }
    let (SEQUENCE, both, _) = element(rest)? else { return None };
    let (tag, from, rest) = element(both)?;
    let from = time(tag, from)?;
    let (tag, to, _) = element(rest)?;
    Some(Validity { from, to: time(tag, to)? })
}

/// A time as text: `YYMMDDHHMMSSZ` (years from 1950 on) or `YYYYMMDDHHMMSSZ`.
fn time(tag: u8, text: &[u8]) -> Option<String> {
    let digits = std::str::from_utf8(text.strip_suffix(b"Z")?).ok()?;
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    match (tag, digits.len()) {
        (UTC_TIME, 12) if digits < "50" => Some(format!("20{digits}")),
        (UTC_TIME, 12) => Some(format!("19{digits}")),
        (GENERALIZED_TIME, 14) => Some(digits.to_owned()),
        _ => None,
    }
}

impl Validity {
    /// How this moment (seconds since the epoch) lies to it.
    pub(super) fn at(&self, epoch: i64) -> When {
        let Local { year, month, day, hour, minute, second, .. } = calendar::universal(epoch);
        let now = format!("{year:04}{:02}{day:02}{hour:02}{minute:02}{second:02}", month + 1);
        let day = |text: &str| format!("{}-{}-{}", &text[..4], &text[4..6], &text[6..8]);
        if now < self.from {
            When::NotYet(day(&self.from))
        } else if now > self.to {
            When::Over(day(&self.to))
        } else {
            When::Valid
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_a_time() {
        for (tag, text, wanted) in [
            (UTC_TIME, "491231235959Z", Some("20491231235959")),
            (UTC_TIME, "500101000000Z", Some("19500101000000")),
            (GENERALIZED_TIME, "20500101000000Z", Some("20500101000000")),
            (GENERALIZED_TIME, "500101000000Z", None),
            (UTC_TIME, "49123123595\u{e9}Z", None),
            (UTC_TIME, "4912312359Z", None),
            (UTC_TIME, "491231235959+0100", None),
        ] {
            assert_eq!(time(tag, text.as_bytes()).as_deref(), wanted, "{text}");
        }
    }

    #[test]
    fn a_moment_before_within_and_after() {
        let validity = Validity { from: "19700101000010".into(), to: "20010909014640".into() };
        assert_eq!(validity.at(9), When::NotYet("1970-01-01".into()));
        assert_eq!(validity.at(10), When::Valid);
        assert_eq!(validity.at(1_000_000_000), When::Valid);
        assert_eq!(validity.at(1_000_000_001), When::Over("2001-09-09".into()));
    }

    #[test]
    fn no_bytes_make_it_panic() {
        let mut seed = 11_u32;
        for _ in 0..20_000 {
            let bytes: Vec<u8> = (0..40)
                .map(|_| {
                    seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    let byte = (seed >> 24) as u8;
                    if byte < 100 { 0x30 } else { byte & 0x9f }
                })
                .collect();
            let _ = of(&bytes);
        }
    }
}
