//! Options that steer how configurations are read.

use crate::option::{Kind, Row, row};

/// The rows of this subject.
pub(super) const ROWS: &[Row] = &[
    row("strict", Kind::Flag).works("Refuse unknown options."),
    row("show-config", Kind::Flag).works("Print the configuration as it was understood."),
    row("blacklist", Kind::Text).works("Forbid these options up to `end-blacklist`."),
    row("whitelist", Kind::Text).works("Forbid all but these options up to `end-whitelist`."),
    row("config", Kind::Special)
        .works("Read a configuration file here; its name decides the format."),
    row("set", Kind::Special).short('S').works("Set an option or a variable, `name=value`."),
    row("set-placeholder", Kind::Special)
        .aliases(&["set-ph"])
        .works("Set a variable, `name=value`; allowed with `strict`."),
    row("for", Kind::Special).works("Repeat the lines up to `endfor` for each word."),
    row("for-glob", Kind::Special)
        .works("Repeat the lines up to `endfor` for each path that matches."),
    row("for-times", Kind::Special).works("Repeat the lines up to `endfor` this many times."),
    row("for-readline", Kind::Special)
        .works("Repeat the lines up to `endfor` for each line of a file."),
    row("if-opt", Kind::Special)
        .works("Read the lines up to `endif` when an option is set (to a value)."),
    row("if-not-opt", Kind::Special).works("The contrary of `if-opt`."),
    row("if-env", Kind::Special).aliases(&["ifenv"]).works(
        "Read the lines up to `endif` when a variable of the environment is set (to a value).",
    ),
    row("if-not-env", Kind::Special).works("The contrary of `if-env`."),
    row("if-reload", Kind::Special).works("Never true: a reload reads everything as a start does."),
    row("if-not-reload", Kind::Special)
        .works("Always true: a reload reads everything as a start does."),
    row("if-hostname", Kind::Special).works("Read the lines up to `endif` on this host."),
    row("if-not-hostname", Kind::Special).works("The contrary of `if-hostname`."),
    row("if-exists", Kind::Special)
        .aliases(&["ifexists"])
        .works("Read the lines up to `endif` when a path exists."),
    row("if-not-exists", Kind::Special).works("The contrary of `if-exists`."),
    row("if-plugin", Kind::Special)
        .aliases(&["ifplugin"])
        .works("Read the lines up to `endif` when a plugin of this name is built in."),
    row("if-not-plugin", Kind::Special).works("The contrary of `if-plugin`."),
    row("if-file", Kind::Special).works("Read the lines up to `endif` when a regular file exists."),
    row("if-not-file", Kind::Special).works("The contrary of `if-file`."),
    row("if-dir", Kind::Special)
        .aliases(&["ifdir", "if-directory"])
        .works("Read the lines up to `endif` when a directory exists."),
    row("if-not-dir", Kind::Special).works("The contrary of `if-dir`."),
    row("endif", Kind::Special)
        .aliases(&["end-if", "endfor", "end-for", "end"])
        .optional()
        .works("End of a block."),
    row("end-blacklist", Kind::Special).works("End of `blacklist`."),
    row("end-whitelist", Kind::Special).works("End of `whitelist`."),
    row("inherit", Kind::Special).works(
        "Read a configuration file after everything else; only magic variables are replaced in it.",
    ),
    row("include", Kind::Special).works("Read a configuration file here."),
    row("help", Kind::Flag).aliases(&["usage"]).short('h').works("Print the options and end."),
    row("ini", Kind::Special).works("Read an ini file here, `file.ini` or `file.ini:section`."),
    row("version", Kind::Flag).works("Print the version and end."),
    row("autoload", Kind::Flag).accepted("Everything that is provided is built in."),
    row("command-mode", Kind::Flag),
    row("mode", Kind::Text),
    row("get", Kind::List),
    row("xml", Kind::Special).aliases(&["xmlconfig"]).short('x'),
    row("resolve", Kind::Special),
    row("if-hostname-match", Kind::Special),
    row("if-not-hostname-match", Kind::Special),
    row("stop", Kind::Special),
    row("reload", Kind::Special),
    row("pause", Kind::Special),
    row("suspend", Kind::Special),
    row("resume", Kind::Special),
    row("extract", Kind::Special),
    row("print-sym", Kind::Special).aliases(&["print-symbol"]),
    row("yaml", Kind::Special).aliases(&["yml"]).short('y'),
    row("json", Kind::Special).aliases(&["js"]).short('j'),
    row("pcre-jit", Kind::Flag),
    row("print", Kind::Special),
    row("iprint", Kind::Special),
    row("exit", Kind::Special).optional(),
    row("dlopen", Kind::Special).refused("foreign code is not loaded into the server"),
    row("binary-append-data", Kind::Special).refused("programs are not patched"),
    row("cflags", Kind::Flag).refused("plugins in C are not supported"),
    row("dot-h", Kind::Flag).refused("plugins in C are not supported"),
    row("config-py", Kind::Flag).refused("plugins in C are not supported"),
    row("build-plugin", Kind::Special).refused("plugins in C are not supported"),
];
