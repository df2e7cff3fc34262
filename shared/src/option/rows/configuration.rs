//! Options that steer how configurations are read.

use super::FOREIGN;
use crate::option::{Kind, Row, row};

const PLUGINS: &str = "plugins in C are not supported";

/// The rows of this subject.
pub(super) const ROWS: &[Row] = &[
    row("strict", Kind::Flag).immediate().works("Refuse unknown options."),
    row("show-config", Kind::Flag).works(
        "Print the configuration as it was understood; `json` tells where each value was given, and ends.",
    ),
    row("blacklist", Kind::Text).immediate().works("Forbid these options up to `end-blacklist`."),
    row("whitelist", Kind::Text)
        .immediate()
        .works("Forbid all but these options up to `end-whitelist`."),
    row("config", Kind::Special)
        .immediate()
        .works("Read a configuration file here; its name decides the format."),
    row("set", Kind::Special)
        .short('S')
        .immediate()
        .works("Set an option or a variable, `name=value`."),
    row("set-placeholder", Kind::Special)
        .aliases(&["set-ph"])
        .immediate()
        .works("Set a variable, `name=value`; allowed with `strict`."),
    row("for", Kind::Special).immediate().works("Repeat the lines up to `endfor` for each word."),
    row("for-glob", Kind::Special)
        .immediate()
        .works("Repeat the lines up to `endfor` for each path that matches."),
    row("for-times", Kind::Special)
        .immediate()
        .works("Repeat the lines up to `endfor` this many times."),
    row("for-readline", Kind::Special)
        .immediate()
        .works("Repeat the lines up to `endfor` for each line of a file."),
    row("if-opt", Kind::Special)
        .immediate()
        .works("Read the lines up to `endif` when an option is set (to a value)."),
    row("if-not-opt", Kind::Special).immediate().works("The contrary of `if-opt`."),
    row("if-env", Kind::Special).aliases(&["ifenv"]).immediate().works(
        "Read the lines up to `endif` when a variable of the environment is set (to a value).",
    ),
    row("if-not-env", Kind::Special).immediate().works("The contrary of `if-env`."),
    row("if-reload", Kind::Special)
        .bare()
        .immediate()
        .works("Never true: a reload reads everything as a start does."),
    row("if-not-reload", Kind::Special)
        .bare()
        .immediate()
        .works("Always true: a reload reads everything as a start does."),
    row("if-hostname", Kind::Special)
        .immediate()
        .works("Read the lines up to `endif` on this host."),
    row("if-not-hostname", Kind::Special).immediate().works("The contrary of `if-hostname`."),
    row("if-exists", Kind::Special)
        .aliases(&["ifexists"])
        .immediate()
        .works("Read the lines up to `endif` when a path exists."),
    row("if-not-exists", Kind::Special).immediate().works("The contrary of `if-exists`."),
    row("if-plugin", Kind::Special)
        .aliases(&["ifplugin"])
        .immediate()
        .works("Read the lines up to `endif` when a plugin of this name is built in."),
    row("if-not-plugin", Kind::Special).immediate().works("The contrary of `if-plugin`."),
    row("if-file", Kind::Special)
        .immediate()
        .works("Read the lines up to `endif` when a regular file exists."),
    row("if-not-file", Kind::Special).immediate().works("The contrary of `if-file`."),
    row("if-dir", Kind::Special)
        .aliases(&["ifdir", "if-directory"])
        .immediate()
        .works("Read the lines up to `endif` when a directory exists."),
    row("if-not-dir", Kind::Special).immediate().works("The contrary of `if-dir`."),
    row("endif", Kind::Special)
        .aliases(&["end-if", "endfor", "end-for", "end"])
        .optional()
        .immediate()
        .works("End of a block."),
    row("end-blacklist", Kind::Special).bare().immediate().works("End of `blacklist`."),
    row("end-whitelist", Kind::Special).bare().immediate().works("End of `whitelist`."),
    row("inherit", Kind::Special).works(
        "Read a configuration file after everything else; only magic variables are replaced in it.",
    ),
    row("include", Kind::Special).immediate().works("Read a configuration file here."),
    row("help", Kind::Flag)
        .aliases(&["usage"])
        .short('h')
        .immediate()
        .works("Print the options, or all about the one whose name follows, and end."),
    row("ini", Kind::Special)
        .immediate()
        .works("Read an ini file here, `file.ini` or `file.ini:section`."),
    row("version", Kind::Flag).works("Print the version and end."),
    row("autoload", Kind::Flag).immediate().accepted("Everything that is provided is built in."),
    row("command-mode", Kind::Flag).immediate().planned(
        "Take the command line alone: what only matters to a server that stays is left out.",
    ),
    row("mode", Kind::Text)
        .planned("A word of your own that the application can read; it changes nothing else."),
    row("get", Kind::List).planned("Print the value of an option and end."),
    row("xml", Kind::Special)
        .aliases(&["xmlconfig"])
        .short('x')
        .immediate()
        .works("Read an XML file here."),
    row("resolve", Kind::Special)
        .immediate()
        .works("Look a host name up and keep its address in a variable, `variable=host`."),
    row("if-hostname-match", Kind::Special)
        .immediate()
        .works("Read the lines up to `endif` when the host name matches a pattern."),
    row("if-not-hostname-match", Kind::Special)
        .immediate()
        .works("The contrary of `if-hostname-match`."),
    row("stop", Kind::Special).immediate().works("Stop the server whose pid is in a file."),
    row("reload", Kind::Special).immediate().works("Reload the server whose pid is in a file."),
    row("pause", Kind::Special).immediate().works("Pause the server whose pid is in a file."),
    row("suspend", Kind::Special).immediate().works("As `pause`."),
    row("resume", Kind::Special).immediate().works("Let a paused server go on."),
    row("extract", Kind::Special)
        .immediate()
        .planned("Print a resource (a file, an address, a section) and end."),
    row("yaml", Kind::Special)
        .aliases(&["yml"])
        .short('y')
        .immediate()
        .works("Read a YAML file here."),
    row("json", Kind::Special)
        .aliases(&["js"])
        .short('j')
        .immediate()
        .works("Read a JSON file here."),
    row("pcre-jit", Kind::Flag).immediate().planned("Compile patterns to machine code."),
    row("print", Kind::Special).works("Print a text while the configuration is applied."),
    row("iprint", Kind::Special).immediate().works("Print a text while the configuration is read."),
    row("exit", Kind::Special)
        .optional()
        .immediate()
        .works("End with this status while the configuration is read."),
    row("print-sym", Kind::Special).aliases(&["print-symbol"]).immediate().refused(
        "nothing is embedded in the program: keep the data in a file",
        "Print data that was linked into the program.",
    ),
    row("dlopen", Kind::Special).immediate().refused(FOREIGN, "Load a shared library."),
    row("binary-append-data", Kind::Special).immediate().refused(
        "programs are not patched",
        "Print data in a form that can be glued to the program.",
    ),
    row("cflags", Kind::Flag).immediate().refused(PLUGINS, "Print the compiler flags for plugins."),
    row("dot-h", Kind::Flag).immediate().refused(PLUGINS, "Print the C header for plugins."),
    row("config-py", Kind::Flag)
        .immediate()
        .refused(PLUGINS, "Print the build script for plugins."),
    row("build-plugin", Kind::Special).immediate().refused(PLUGINS, "Compile a plugin in C."),
];
