//! Completion of uWSGI's command line in bash, zsh and fish, for `vassal` and `uwsgi`.
//!
//! Offered is what has a meaning here: options that work and options that are accepted. What an
//! argument is (a file, a directory, a user, one of a few words) is offered too.

use std::fmt::Write;

use super::{Arity, Row, Tier, all};

/// The programs that are completed.
const PROGRAMS: &str = "vassal uwsgi";
/// Endings of configuration files.
const ENDINGS: [&str; 6] = ["ini", "yml", "yaml", "json", "js", "xml"];

/// What is offered for the argument of an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Argument {
    /// Nothing can be offered: a number, a name, an address.
    Free,
    /// One of a few words.
    Words(&'static [&'static str]),
    /// A configuration file.
    Configuration,
    /// A file.
    File,
    /// A directory.
    Directory,
    /// A user.
    User,
    /// A group.
    Group,
}

fn argument(row: &Row) -> Argument {
    if !row.choices.is_empty() {
        return Argument::Words(row.choices);
    }
    match row.name {
        "ini"
        | "config"
        | "include"
        | "inherit"
        | "yaml"
        | "json"
        | "xml"
        | "vassals-include"
        | "vassals-inherit"
        | "vassals-include-before"
        | "vassals-inherit-before" => Argument::Configuration,
        "wsgi-file" | "logto" | "logto2" | "daemonize" | "daemonize2" | "pidfile"
        | "safe-pidfile" | "emperor-pidfile" | "binary-path" | "socket" | "http-socket"
        | "fastcgi-socket" | "fastcgi-nph-socket" | "scgi-socket" | "scgi-nph-socket" | "http"
        | "stats" | "emperor-stats" | "api-socket" | "if-file" | "if-not-file" | "if-exists"
        | "if-not-exists" | "for-readline" => Argument::File,
        "chdir" | "home" | "chroot" | "pythonpath" | "emperor" | "plugins-dir" | "state-dir"
        | "if-dir" | "if-not-dir" => Argument::Directory,
        "uid" | "immediate-uid" | "chown-socket" => Argument::User,
        "gid" | "immediate-gid" => Argument::Group,
        _ => Argument::Free,
    }
}

/// What is offered at all.
fn rows() -> impl Iterator<Item = &'static Row> {
    all().filter(|row| matches!(row.tier, Tier::Works | Tier::Accepted))
}

/// Every spelling whose argument is of a kind, with two dashes.
fn spellings(wanted: impl Fn(&Row) -> bool) -> Vec<String> {
    let rows = rows().filter(|row| wanted(row));
    rows.flat_map(|row| row.names().map(|name| format!("--{name}"))).collect()
}

/// `-s` and the like, of options whose argument is of a kind.
fn letters(wanted: impl Fn(&Row) -> bool) -> Vec<String> {
    rows().filter(|row| wanted(row)).filter_map(|row| Some(format!("-{}", row.short?))).collect()
}

fn head(mark: &str) -> String {
    format!(
        "{mark} Completion of the command line of vassal and uwsgi. Generated from the table of\n\
         {mark} options; `UPDATE_DOCS=1 cargo test -p shared --test docs` writes it anew.\n"
    )
}

/// For bash: `deploy/completion/vassal.bash`.
pub fn bash() -> String {
    let mut text = head("#");
    let case = |text: &mut String, wanted: &dyn Fn(&Row) -> bool, answer: &str| {
        let takes = |row: &Row| row.arity == Arity::Required && wanted(row);
        let patterns = [letters(takes), spellings(takes)].concat();
        if !patterns.is_empty() {
            let _ = writeln!(
                text,
                "        {})\n            {answer}\n            return ;;",
                patterns.join("|")
            );
        }
    };
    text.push_str(
        "\n_vassal() {\n    \
         local cur=${COMP_WORDS[COMP_CWORD]} option=\n    \
         COMPREPLY=()\n    \
         # bash cuts --name=value into three words\n    \
         if [[ $cur == = ]]; then\n        \
             cur=\n        option=${COMP_WORDS[COMP_CWORD-1]}\n    \
         elif (( COMP_CWORD > 1 )) && [[ ${COMP_WORDS[COMP_CWORD-1]} == = ]]; then\n        \
             option=${COMP_WORDS[COMP_CWORD-2]}\n    \
         elif (( COMP_CWORD > 0 )); then\n        \
             option=${COMP_WORDS[COMP_CWORD-1]}\n    \
         fi\n    \
         case $option in\n",
    );
    for row in rows() {
        if let Argument::Words(words) = argument(row) {
            let answer = format!("COMPREPLY=($(compgen -W '{}' -- \"$cur\"))", words.join(" "));
            case(&mut text, &|one| one.name == row.name, &answer);
        }
    }
    let files = "compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- \"$cur\"))";
    let directories = "compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -d -- \"$cur\"))";
    for (kind, answer) in [
        (Argument::Configuration, "_vassal_files \"$cur\""),
        (Argument::File, files),
        (Argument::Directory, directories),
        (Argument::User, "COMPREPLY=($(compgen -u -- \"$cur\"))"),
        (Argument::Group, "COMPREPLY=($(compgen -g -- \"$cur\"))"),
        (Argument::Free, "COMPREPLY=()"),
    ] {
        case(&mut text, &|row| argument(row) == kind, answer);
    }
    let _ = write!(
        text,
        "    esac\n    \
         if [[ $cur == -* ]]; then\n        \
             COMPREPLY=($(compgen -W \"$_vassal_options\" -- \"$cur\"))\n    \
         else\n        \
             _vassal_files \"$cur\"\n    \
         fi\n}}\n\n\
         _vassal_files() {{\n    \
             compopt -o filenames 2>/dev/null\n    \
             COMPREPLY=($(compgen -d -- \"$1\"))\n    \
             local ending\n    \
             for ending in {}; do\n        \
                 COMPREPLY+=($(compgen -f -X \"!*.$ending\" -- \"$1\"))\n    \
             done\n}}\n\n\
         _vassal_options='{}'\n\
         complete -F _vassal {PROGRAMS}\n",
        ENDINGS.join(" "),
        [letters(|_| true), spellings(|_| true)].concat().join("\n")
    );
    text
}

/// For zsh: `deploy/completion/_vassal`.
pub fn zsh() -> String {
    let mut text = format!("#compdef {PROGRAMS}\n{}\n_arguments -s -S \\\n", head("#"));
    for row in rows() {
        let action = match argument(row) {
            Argument::Free => ":value: ".to_owned(),
            Argument::Words(words) => format!(":value:({})", words.join(" ")),
            Argument::Configuration => format!(":file:{}", zsh_configuration()),
            Argument::File => ":file:_files".to_owned(),
            Argument::Directory => ":directory:_files -/".to_owned(),
            Argument::User => ":user:_users".to_owned(),
            Argument::Group => ":group:_groups".to_owned(),
        };
        // `+` and `=`: the argument may follow in the same word or in the next
        let (letter, long, action) = match row.arity {
            Arity::None => ("", "", String::new()),
            Arity::Optional => ("-", "=-", format!(":{action}")),
            Arity::Required => ("+", "=", action),
        };
        let doc = row.doc.replace('[', "\\[").replace(']', "\\]").replace('\'', "'\\''");
        let short = row.short.map(|c| format!("-{c}{letter}"));
        for name in short.into_iter().chain(row.names().map(|name| format!("--{name}{long}"))) {
            let _ = writeln!(text, "    '*{name}[{doc}]{action}' \\");
        }
    }
    let _ = writeln!(text, "    '*:file:{}'", zsh_configuration());
    text
}

fn zsh_configuration() -> String {
    format!("_files -g \"*.({})\"", ENDINGS.join("|"))
}

/// For fish: `deploy/completion/vassal.fish`.
pub fn fish() -> String {
    let mut text = head("#");
    let _ = write!(text, "\nfor program in {PROGRAMS}\n    complete -c $program -f\n");
    for ending in ENDINGS {
        let _ =
            writeln!(text, "    complete -c $program -k -a '(__fish_complete_suffix .{ending})'");
    }
    for row in rows() {
        let action = match argument(row) {
            Argument::Words(words) => format!(" -a '{}'", words.join(" ")),
            Argument::Configuration | Argument::File => " -F".to_owned(),
            Argument::Directory => " -a '(__fish_complete_directories)'".to_owned(),
            Argument::User => " -a '(__fish_complete_users)'".to_owned(),
            Argument::Group => " -a '(__fish_complete_groups)'".to_owned(),
            Argument::Free => String::new(),
        };
        let takes = if row.arity == Arity::Required { " -r" } else { "" };
        let doc = row.doc.replace('\\', "\\\\").replace('\'', "\\'");
        for (at, name) in row.names().enumerate() {
            let short =
                row.short.filter(|_| at == 0).map_or_else(String::new, |c| format!(" -s {c}"));
            let _ = writeln!(
                text,
                "    complete -c $program -l {name}{short}{takes}{action} -d '{doc}'"
            );
        }
    }
    text.push_str("end\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::option::Kind;

    #[test]
    fn what_works_is_offered_and_what_does_not_is_not() {
        for (text, quoted) in [(bash(), "--"), (zsh(), "--"), (fish(), "-l ")] {
            let text: String =
                text.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join("\n");
            for row in all() {
                let offered = matches!(row.tier, Tier::Works | Tier::Accepted);
                for name in row.names() {
                    let option = format!("{quoted}{name}");
                    let found = text.match_indices(&option).any(|(at, _)| {
                        let next = text.as_bytes().get(at + option.len());
                        next.is_none_or(|c| !(c.is_ascii_alphanumeric() || b"-_".contains(c)))
                    });
                    assert_eq!(found, offered, "{option}");
                }
            }
        }
    }

    #[test]
    fn flags_have_no_argument() {
        assert!(rows().all(|row| row.kind != Kind::Flag || argument(row) == Argument::Free));
        assert!(zsh().contains("'*--vacuum[Remove"));
        assert!(zsh().contains("'*--processes=[Number of worker processes.]:value: '"));
        assert!(fish().contains(
            "-l protocol -r -a 'uwsgi http http11 fastcgi fastcgi-nph scgi scgi-nph' -d "
        ));
        assert!(bash().contains("--protocol|--socket-protocol)"));
    }
}
