//! The Python application.

use crate::option::{Kind, Row, row};

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
    row("python", Kind::Special).aliases(&["py"]).accepted("The interpreter is found by itself."),
    row("wsgi-accept-buffers", Kind::Flag)
        .aliases(&["wsgi-accept-buffer"])
        .accepted("Any object with the buffer protocol may be a part of a body."),
    row("py-call-osafterfork", Kind::Flag)
        .accepted("The hooks of Python for a fork are always called."),
    row("py-call-uwsgi-fork-hooks", Kind::Flag)
        .accepted("The hooks of Python for a fork are always called."),
    row("eval", Kind::Text).planned("Python code that makes the application."),
    row("test", Kind::Text).short('J').planned("Print whether a module can be imported and end."),
    row("py-programname", Kind::Text)
        .aliases(&["py-program-name"])
        .planned("Name that Python takes for the program's."),
    row("pymodule-alias", Kind::List).planned("Another name for a module or file, `name=module`."),
    row("post-pymodule-alias", Kind::List)
        .planned("As `pymodule-alias`, after the application was set up."),
    row("import", Kind::List)
        .aliases(&["pyimport", "py-import", "python-import"])
        .planned("Module that each worker imports."),
    row("shared-import", Kind::List)
        .aliases(&["shared-pyimport", "shared-py-import", "shared-python-import"])
        .planned("Module that is imported before the fork."),
    row("optimize", Kind::Integer).short('O').planned("Level of Python's optimisation."),
    row("pecan", Kind::Text).planned("Configuration of a Pecan application."),
    row("paste", Kind::Text).planned("Configuration of a Paste application, `config:file`."),
    row("paste-logger", Kind::Flag)
        .planned("Set Python's logging up from the Paste configuration."),
    row("web3", Kind::Text).planned("Module with a web3 application."),
    row("pump", Kind::Text).planned("Module with a pump application."),
    row("wsgi-lite", Kind::Text).planned("Module with a WSGI-lite application."),
    row("ini-paste", Kind::Special)
        .immediate()
        .planned("Paste configuration that holds the server's options too."),
    row("ini-paste-logged", Kind::Special).immediate().planned("As `ini-paste`, with its logging."),
    row("reload-os-env", Kind::Flag).planned("Renew `os.environ` before each request."),
    row("no-site", Kind::Flag).planned("Do not import Python's module site."),
    row("pyshell", Kind::Special)
        .optional()
        .planned("Open an interactive Python in place of each worker's loop."),
    row("pyshell-oneshot", Kind::Special).optional().planned("Open an interactive Python once."),
    row("pyrun", Kind::Special).planned("Run a Python file and end."),
    row("py-tracebacker", Kind::Text)
        .planned("Path of sockets that show what each worker is doing."),
    row("py-autoreload", Kind::Integer)
        .aliases(&["py-auto-reload", "python-auto-reload", "python-autoreload"])
        .planned("Seconds between looks for changed modules, for development."),
    row("py-auto-reload-ignore", Kind::List).planned("Module whose changes are overlooked."),
    row("wsgi-env-behaviour", Kind::Text)
        .aliases(&["wsgi-env-behavior"])
        .choices(&["cheat", "holy"])
        .planned("Whether each request gets an environment of its own."),
    row("start_response-nodelay", Kind::Flag).planned("Send the head of an answer at once."),
    row("wsgi-strict", Kind::Flag).planned("Demand what the WSGI specification demands."),
    row("wsgi-disable-file-wrapper", Kind::Flag).planned("Offer no `wsgi.file_wrapper`."),
    row("python-version", Kind::Special)
        .bare()
        .immediate()
        .planned("Print the version of Python and end."),
    row("python-raw", Kind::Text).planned("Python file whose function takes raw connections."),
    row("py-sharedarea", Kind::List)
        .planned("Shared memory of this size that Python sees as a bytearray."),
    row("python-worker-override", Kind::Text)
        .planned("Python file that runs in place of each worker's loop."),
    row("py-sys-executable", Kind::Text)
        .aliases(&["py-executable"])
        .planned("What `sys.executable` holds."),
    row("spooler-import", Kind::List)
        .aliases(&["spooler-pyimport", "spooler-py-import", "spooler-python-import"])
        .planned("Module that the spooler imports."),
];
