//! The Python application.

use crate::option::{Kind, Row, row};

const DEAD: &str = "nobody maintains this interface: serve WSGI";
const SHELL: &str = "a server has no terminal: start the interpreter itself";

/// The rows of this subject.
pub(super) const ROWS: &[Row] = &[
    row("wsgi-file", Kind::Text)
        .aliases(&["file"])
        .works("Python file that holds the application, relative to the directory after `chdir`."),
    row("module", Kind::Text)
        .aliases(&["wsgi"])
        .short('w')
        .works("Module that holds the application, `package.module` or `package.module:callable`."),
    row("callable", Kind::Text)
        .default("application")
        .works("Name of the application in the module or file."),
    row("home", Kind::Text)
        .aliases(&["virtualenv", "venv", "pyhome"])
        .short('H')
        .works("Root of the virtual environment; its interpreter runs the application."),
    row("pythonpath", Kind::Special).aliases(&["python-path", "pp"]).works(
        "Directory in front of `sys.path`; patterns are expanded, the last one given is first.",
    ),
    row("pyargv", Kind::Text)
        .works("What `sys.argv` holds after the program, split at single spaces."),
    row("body-buffering", Kind::Flag)
        .own()
        .default("true")
        .works("Take request bodies whole before the application is called; `false` streams them."),
    row("python", Kind::Special).aliases(&["py"]).accepted("The interpreter is found by itself."),
    row("wsgi-accept-buffers", Kind::Flag)
        .aliases(&["wsgi-accept-buffer"])
        .accepted("Any object with the buffer protocol may be a part of a body."),
    row("py-call-osafterfork", Kind::Flag)
        .accepted("The hooks of Python for a fork are always called."),
    row("py-call-uwsgi-fork-hooks", Kind::Flag)
        .accepted("The hooks of Python for a fork are always called."),
    row("eval", Kind::Text).works("Python code that makes the application."),
    row("test", Kind::Text).short('J').planned("Print whether a module can be imported and end."),
    row("py-programname", Kind::Text)
        .aliases(&["py-program-name"])
        .accepted("The interpreter runs by its own name and finds its library by that."),
    row("pymodule-alias", Kind::List).works("Another name for a module or file, `name=module`."),
    row("post-pymodule-alias", Kind::List)
        .works("As `pymodule-alias`, after the application was set up."),
    row("import", Kind::List)
        .aliases(&["pyimport", "py-import", "python-import"])
        .works("Module that is imported before the application, wherever that is imported."),
    row("shared-import", Kind::List)
        .aliases(&["shared-pyimport", "shared-py-import", "shared-python-import"])
        .works("Module that is imported before the fork, also with `lazy-apps`."),
    row("optimize", Kind::Integer)
        .short('O')
        .default("0")
        .works("Level of Python's optimisation: 1 leaves assertions out, 2 also the docstrings."),
    row("pecan", Kind::Text).refused(
        "write a WSGI file that calls pecan.deploy.deploy",
        "Configuration of a Pecan application.",
    ),
    row("paste", Kind::Text).works("Configuration of a Paste application, `config:file`."),
    row("paste-logger", Kind::Flag).works("Set Python's logging up from the Paste configuration."),
    row("web3", Kind::Text).refused(DEAD, "Module with a web3 application."),
    row("pump", Kind::Text).refused(DEAD, "Module with a pump application."),
    row("wsgi-lite", Kind::Text).refused(DEAD, "Module with a WSGI-lite application."),
    row("ini-paste", Kind::Special)
        .immediate()
        .planned("Paste configuration that holds the server's options too."),
    row("ini-paste-logged", Kind::Special).immediate().planned("As `ini-paste`, with its logging."),
    row("reload-os-env", Kind::Flag)
        .refused(
            "change os.environ: nothing else changes the environment of a worker",
            "Renew `os.environ` before each request.",
        )
        .harmless(),
    row("no-site", Kind::Flag).works("Do not import Python's module site."),
    row("pyshell", Kind::Special)
        .optional()
        .refused(SHELL, "Open an interactive Python in place of each worker's loop."),
    row("pyshell-oneshot", Kind::Special)
        .optional()
        .refused(SHELL, "Open an interactive Python once."),
    row("pyrun", Kind::Special)
        .refused("run the file with the interpreter itself", "Run a Python file and end."),
    row("py-tracebacker", Kind::Text).refused(
        "use py-spy, which needs no help of the server; with harakiri, stacks are in the log",
        "Path of sockets that show what each worker is doing.",
    ),
    row("py-autoreload", Kind::Integer)
        .aliases(&["py-auto-reload", "python-auto-reload", "python-autoreload"])
        .works("Seconds between looks for changed modules, for development."),
    row("py-auto-reload-ignore", Kind::List).works("Module whose changes are overlooked."),
    row("wsgi-env-behaviour", Kind::Text)
        .aliases(&["wsgi-env-behavior"])
        .choices(&["cheat", "holy"])
        .accepted("Each request gets an environment of its own."),
    row("start_response-nodelay", Kind::Flag).accepted(
        "The head of an answer leaves with the first part of its body, as PEP 3333 says.",
    ),
    row("wsgi-strict", Kind::Flag).accepted("What PEP 3333 demands is always demanded."),
    row("wsgi-disable-file-wrapper", Kind::Flag).works("Offer no `wsgi.file_wrapper`."),
    row("python-version", Kind::Special)
        .bare()
        .immediate()
        .planned("Print the version of Python and end."),
    row("python-raw", Kind::Text).refused(
        "run the program on its own, behind its own socket",
        "Python file whose function takes raw connections.",
    ),
    row("py-sharedarea", Kind::List)
        .planned("Shared memory of this size that Python sees as a bytearray."),
    row("python-worker-override", Kind::Text)
        .planned("Python file that runs in place of each worker's loop."),
    row("py-sys-executable", Kind::Text)
        .aliases(&["py-executable"])
        .works("What `sys.executable` holds; the interpreter itself unless given."),
    row("spooler-import", Kind::List)
        .aliases(&["spooler-pyimport", "spooler-py-import", "spooler-python-import"])
        .planned("Module that the spooler imports."),
];
