//! Completion in real shells.

use std::process::Command;

use tests::{Subject, only, programs::system};

/// What a shell says to a script with two arguments: the file or directory of the completion, and
/// a command line.
fn say(shell: &str, script: &str, place: &str, line: &str) -> Option<String> {
    if !only(Subject::Ours) {
        return None;
    }
    let shell = system(shell)?;
    let place = crate::repository().join(place);
    let mut command = Command::new("timeout");
    command.args(["-s", "KILL", "60"]).arg(shell).arg("-c").arg(script);
    // the name of the script itself, where the shell wants one
    if !script.contains("$argv") {
        command.arg("completion");
    }
    let output = command
        .arg(place)
        .arg(line)
        .current_dir(crate::repository())
        .output()
        .expect("timeout is there");
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

const BASH: &str = r#"
source "$1"
read -ra COMP_WORDS <<< "$2"
[[ $2 == *' ' ]] && COMP_WORDS+=('')
COMP_CWORD=$(( ${#COMP_WORDS[@]} - 1 ))
declare -F "$(complete -p "${COMP_WORDS[0]}" | sed 's/.*-F \([^ ]*\) .*/\1/')" >/dev/null || exit
_vassal
printf '%s\n' "${COMPREPLY[@]}"
"#;

#[test]
fn bash_completes_options_and_their_arguments() {
    let complete = |line: &str| -> Option<Vec<String>> {
        let said = say("bash", BASH, "deploy/completion/vassal.bash", line)?;
        Some(said.lines().map(str::to_owned).collect())
    };
    let Some(found) = complete("vassal --proc") else { return };
    assert!(found.contains(&"--processes".to_owned()), "{found:?}");
    assert!(found.iter().all(|name| name.starts_with("--proc")), "{found:?}");
    assert_eq!(complete("uwsgi --vacu"), Some(vec!["--vacuum".to_owned()]));
    for line in ["vassal --protocol h", "vassal --socket-protocol = h"] {
        assert_eq!(complete(line), Some(vec!["http".to_owned(), "http11".to_owned()]), "{line}");
    }
    assert_eq!(complete("vassal --processes "), Some(vec![String::new()]), "a number is free");
    let files = complete("vassal --master deploy/").unwrap();
    assert!(files.contains(&"deploy/emperor.ini".to_owned()), "{files:?}");
    assert!(!files.contains(&"deploy/quickstart".to_owned()), "{files:?}");
    assert_eq!(complete("vassal --ini deploy/emp"), Some(vec!["deploy/emperor.ini".to_owned()]));
}

/// A terminal is needed: zsh completes only on a command line that somebody edits.
const ZSH: &str = r#"
zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z "PS1=; TERM=dumb; stty columns 200; fpath=($1 \$fpath); autoload -Uz compinit; compinit -D -u; LISTMAX=1000; print REA''DY"
zpty -r -m z out '*READY*' || exit 1
zpty -n -w z "${2%%@*}"$'\t\t'
zpty -r -m z out "*${2#*@}*" && print -r -- "$out"
zpty -d z
"#;

#[test]
fn zsh_completes_options_and_their_arguments() {
    // behind the @ stands what is waited for
    let Some(found) = say("zsh", ZSH, "deploy/completion", "vassal --proc@procname-prefix-spaced")
    else {
        return;
    };
    assert!(found.contains("--processes "), "{found}");
    assert!(found.contains("Number of worker processes."), "{found}");
    let found = say("zsh", ZSH, "deploy/completion", "uwsgi --protocol @http11").unwrap();
    assert!(found.contains("http11"), "{found}");
}

#[test]
fn fish_completes_options_and_their_arguments() {
    const FISH: &str = "source $argv[1]; complete -C $argv[2]";
    let complete = |line: &str| say("fish", FISH, "deploy/completion/vassal.fish", line);
    let Some(found) = complete("vassal --proc") else { return };
    assert!(found.contains("--processes\tNumber of worker processes."), "{found}");
    let found = complete("uwsgi --protocol h").unwrap();
    assert!(found.lines().any(|line| line.starts_with("http11")), "{found}");
    assert!(complete("vassal --ini deploy/emp").unwrap().contains("deploy/emperor.ini"));
}
