//! Scripts that complete the words of `emperorctl` in a shell. The names of apps are asked of the
//! running Emperor each time; without one there are none.

/// A shell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shell {
    Bash,
    Zsh,
    Fish,
}

impl Shell {
    /// The shell of a name.
    pub(super) fn of(name: &str) -> Option<Self> {
        match name {
            "bash" => Some(Self::Bash),
            "zsh" => Some(Self::Zsh),
            "fish" => Some(Self::Fish),
            _ => None,
        }
    }
}

/// The script for a shell.
pub(super) fn script(shell: Shell) -> &'static str {
    match shell {
        Shell::Bash => include_str!("completion/emperorctl.bash"),
        Shell::Zsh => include_str!("completion/emperorctl.zsh"),
        Shell::Fish => include_str!("completion/emperorctl.fish"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::arguments::VERBS;
    use super::*;

    #[test]
    fn every_verb_is_in_every_script() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            for verb in VERBS {
                let word = |c: char| !(c.is_ascii_alphanumeric() || c == '-');
                assert!(script(shell).split(word).any(|one| one == verb), "{shell:?}: {verb}");
            }
        }
    }
}
