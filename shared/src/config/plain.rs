//! What may be shown of a file that may hold secrets.

/// Whether a text looks like a name, so that it may be shown: a finding must not quote what
/// may be a line of somebody's secret.
pub(super) fn is_plain(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}
