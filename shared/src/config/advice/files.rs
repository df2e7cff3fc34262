//! Who may write the files that decide what the server becomes.

use std::collections::HashSet;
use std::path::Path;

use crate::finding::{Finding, Origin};
use crate::rule;

use super::Whole;

/// Who may write a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// The permission bits.
    pub mode: u32,
    /// The owner.
    pub uid: u32,
    /// The group.
    pub gid: u32,
}

/// Looks at the rights of every file that names a user, or a command that root runs.
pub(super) fn look(whole: &mut Whole<'_>, access: &dyn Fn(&Path) -> Option<Access>) {
    let mut seen: HashSet<&Path> = HashSet::new();
    let mut findings = Vec::new();
    for one in whole.reading.directives.iter() {
        let Origin::File { path, .. } = &one.origin else { continue };
        if !decides(&one.key) || !seen.insert(path) {
            continue;
        }
        let found = |message: String| {
            let finding = Finding::warning(Some(one.origin.clone()), super::name(one), message);
            finding.rule(rule::WRITABLE_FILE).uwsgi("reads the file whoever may write it")
        };
        let Some(file) = access(path) else { continue };
        let above = path.parent().and_then(access);
        if file.mode & 0o002 != 0 {
            findings.push(found("everybody may write this file, which decides who runs".into()));
        } else if above.is_some_and(|above| above.mode & 0o1002 == 0o002) {
            let message = "everybody may replace this file (its directory has mode o+w), which \
                           decides who runs";
            findings.push(found(message.into()));
        } else if file.mode & 0o020 != 0 && file.gid != 0 && file.gid != file.uid {
            let gid = file.gid;
            let message = format!("group {gid} may write this file, which decides who runs");
            findings.push(Finding { severity: crate::finding::Severity::Note, ..found(message) });
        }
    }
    whole.findings.append(&mut findings);
}

/// Options that choose the user, or what is run with root's rights.
fn decides(key: &str) -> bool {
    matches!(key, "uid" | "gid" | "immediate-uid" | "immediate-gid" | "chroot" | "cap")
        || key.starts_with("hook-")
        || key.starts_with("exec-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::advise;
    use crate::config::tests::settled;

    fn found(text: &str, file: Access, directory: u32) -> Vec<Finding> {
        let (settings, reading) = settled(text);
        let access = |path: &Path| {
            let mode = if path.ends_with("a.ini") { file.mode } else { directory };
            Some(Access { mode, ..file })
        };
        let mut list = advise(&reading, Some(&settings), &access);
        list.retain(|one| one.code == rule::WRITABLE_FILE);
        list
    }

    #[test]
    fn a_file_that_others_may_write_and_that_names_a_user() {
        let text = "uid = 1\ngid = 1\n";
        let open = Access { mode: 0o666, uid: 0, gid: 0 };
        assert_eq!(found(text, open, 0o755).len(), 1);
        assert!(found("processes = 1\n", open, 0o755).is_empty());
        let shut = Access { mode: 0o644, ..open };
        assert!(found(text, shut, 0o755).is_empty());
        assert_eq!(found(text, shut, 0o777).len(), 1);
        assert!(found(text, shut, 0o1777).is_empty());
        let group = Access { mode: 0o664, uid: 1000, gid: 33 };
        assert!(found(text, group, 0o755)[0].is_note());
        assert!(found(text, Access { gid: 1000, ..group }, 0o755).is_empty());
        assert_eq!(found("hook-as-root = exec:id\n", open, 0o755).len(), 1);
    }
}
