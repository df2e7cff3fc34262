//! What `route-if` asks, and the answers.

use std::fs;
use std::net::IpAddr;
use std::os::unix::fs::FileTypeExt;

use regex::bytes::Regex;
use shared::pattern;
use shared::settings::content::routes::{Condition, Kind, Order, Relation, Template};

use super::template::{fill, path};
use super::{Groups, Scene, find};

/// A condition, prepared.
#[derive(Debug)]
pub(super) enum Asked {
    Plain(Condition),
    Found(Template, Regex),
    Within(Template, IpAddr, u32),
}

impl Asked {
    /// `None` where the pattern or network cannot be read, which the reader saw to.
    pub(super) fn new(condition: &Condition) -> Option<Self> {
        Some(match condition {
            Condition::Found(subject, text) => {
                Self::Found(subject.clone(), pattern::compile(text).ok()?)
            }
            Condition::Within(address, network) => {
                let (network, bits) = network.split_once('/').unwrap_or((network, "128"));
                Self::Within(address.clone(), network.parse().ok()?, bits.parse().ok()?)
            }
            other => Self::Plain(other.clone()),
        })
    }

    /// Whether it asks the file system.
    pub(super) fn waits(&self) -> bool {
        matches!(self, Self::Plain(Condition::Path(..)))
    }

    /// Whether it holds, and what its pattern found.
    pub(super) fn holds(&self, scene: &Scene<'_>, groups: bool) -> Option<Groups> {
        let none = Groups::new();
        let filled = |template: &Template| fill(template, scene, &none);
        let holds = match self {
            Self::Found(subject, pattern) => return find(pattern, &filled(subject), groups),
            Self::Within(address, network, bits) => std::str::from_utf8(&filled(address))
                .ok()
                .and_then(|text| text.parse().ok())
                .is_some_and(|address| within(address, *network, *bits)),
            Self::Plain(Condition::Texts(relation, left, right)) => {
                let (left, right) = (filled(left), filled(right));
                match relation {
                    Relation::Equal => left == right,
                    Relation::StartsWith => left.starts_with(&right),
                    Relation::EndsWith => left.ends_with(&right),
                    Relation::Contains => contains(&left, &right),
                }
            }
            Self::Plain(Condition::Numbers(order, left, right)) => {
                let (left, right) = (number(&filled(left)), number(&filled(right)));
                match order {
                    Order::Higher => left > right,
                    Order::HigherOrEqual => left >= right,
                    Order::Lower => left < right,
                    Order::LowerOrEqual => left <= right,
                }
            }
            Self::Plain(Condition::Empty(text)) => filled(text).is_empty(),
            Self::Plain(Condition::Path(kind, text)) => is(*kind, &filled(text)),
            // prepared above
            Self::Plain(Condition::Found(..) | Condition::Within(..)) => false,
        };
        holds.then_some(none)
    }
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    part.is_empty() || text.windows(part.len()).any(|window| window == part)
}

/// The number at the start of a text; 0 where there is none.
fn number(text: &[u8]) -> i64 {
    let text = text.trim_ascii_start();
    let (sign, digits) = match text {
        [b'-', rest @ ..] => (-1, rest),
        [b'+', rest @ ..] | rest => (1, rest),
    };
    let digits = digits.iter().take_while(|byte| byte.is_ascii_digit());
    digits.fold(0_i64, |sum, digit| {
        sum.saturating_mul(10).saturating_add(sign * i64::from(digit - b'0'))
    })
}

fn is(kind: Kind, text: &[u8]) -> bool {
    let Some(path) = path(text) else { return false };
    match kind {
        Kind::Any => path.exists(),
        Kind::File => path.is_file(),
        Kind::Directory => path.is_dir(),
        Kind::Link => fs::symlink_metadata(path).is_ok_and(|facts| facts.is_symlink()),
        Kind::Executable => {
            let fits = |facts: fs::Metadata| !facts.is_dir() && !facts.file_type().is_fifo();
            fs::metadata(path).is_ok_and(fits)
                && nix::unistd::access(path, nix::unistd::AccessFlags::X_OK).is_ok()
        }
    }
}

/// Whether an address is in a network of so many bits.
fn within(address: IpAddr, network: IpAddr, bits: u32) -> bool {
    match (address, network) {
        (IpAddr::V4(one), IpAddr::V4(other)) => {
            let rest = 32_u32.saturating_sub(bits);
            let prefix = |address: u32| address.checked_shr(rest).unwrap_or(0);
            prefix(one.to_bits()) == prefix(other.to_bits())
        }
        (IpAddr::V6(one), IpAddr::V6(other)) => {
            let rest = 128_u32.saturating_sub(bits);
            let prefix = |address: u128| address.checked_shr(rest).unwrap_or(0);
            prefix(one.to_bits()) == prefix(other.to_bits())
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_compared_by_their_bits() {
        let within = |address: &str, network: &str, bits| {
            within(address.parse().unwrap(), network.parse().unwrap(), bits)
        };
        assert!(within("10.1.2.3", "10.0.0.0", 8) && !within("11.1.2.3", "10.0.0.0", 8));
        assert!(within("10.1.2.3", "10.1.2.3", 128) && !within("10.1.2.4", "10.1.2.3", 32));
        assert!(within("1.2.3.4", "9.9.9.9", 0));
        assert!(
            within("2001:db8::1", "2001:db8::", 32) && !within("2001:db9::1", "2001:db8::", 32)
        );
        assert!(!within("::ffff:10.0.0.1", "10.0.0.0", 8));
    }

    #[test]
    fn numbers_are_read_up_to_what_is_none() {
        for (text, expected) in [
            ("12", 12),
            (" -3x", -3),
            ("+4", 4),
            ("x", 0),
            ("", 0),
            ("99999999999999999999", i64::MAX),
        ] {
            assert_eq!(number(text.as_bytes()), expected, "{text}");
        }
    }
}
