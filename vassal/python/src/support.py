"""What is said more plainly in Python: paths, imports, tracebacks.

Run once in the nursery, in a namespace of its own; nothing of it is on a request's path but
FileWrapper, when an application uses it for what has no descriptor.
"""
import os
import sys
import traceback


class FileWrapper:
    """PEP 3333's wsgi.file_wrapper. The server sends regular files itself."""

    def __init__(self, filelike, blksize=32768):
        self.filelike = filelike
        self.blksize = blksize
        if hasattr(filelike, "close"):
            self.close = filelike.close

    def __iter__(self):
        return self

    def __next__(self):
        data = self.filelike.read(self.blksize)
        if data:
            return data
        raise StopIteration


def prepare(argv, paths):
    """sys.argv, sys.path and line buffered UTF-8 output, as uWSGI's users expect them."""
    sys.argv = ["uwsgi"] + argv
    if "." not in sys.path:
        sys.path.insert(0, ".")
    for path in paths:
        if path in sys.path:
            sys.path.remove(path)
        sys.path.insert(0, path)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)
        except (AttributeError, ValueError):
            pass


def load(module, path, name):
    """Imports the application: a module by name, or a file. Returns the callable."""
    if module is not None:
        __import__(module)
        namespace, where = vars(sys.modules[module]), "module %r" % module
    else:
        import types

        # uWSGI's name for such a module: code that pickles depends on it
        stem = path[:-3] if path.endswith(".py") else path
        title = "uwsgi_file_" + stem.replace("/", "_").replace(".", "_")
        loaded = types.ModuleType(title)
        loaded.__file__ = path
        with open(path, "rb") as source:
            code = compile(source.read(), path, "exec")
        sys.modules[title] = loaded
        exec(code, vars(loaded))
        namespace, where = vars(loaded), "file %r" % path
    name = name or "application"
    call = name.endswith("()")
    name = name[:-2] if call else name
    try:
        found = namespace[name]
    except KeyError:
        near = [other for other in ("application", "app", "wsgi_app", "wsgi") if other in namespace]
        hint = "; did you mean \"callable = %s\"?" % near[0] if near else ""
        raise AttributeError("no callable %r in %s%s" % (name, where, hint)) from None
    if call:
        found = found()
    if not callable(found):
        raise TypeError("%r of %s is not callable" % (name, where))
    return found


def describe(kind, value, trace):
    """A traceback as text, from the tenant's first line on."""
    while trace is not None and trace.tb_frame.f_code is load.__code__:
        trace = trace.tb_next
    return "".join(traceback.format_exception(kind, value, trace))


def say(text):
    """Writes to the log, whatever the application made of sys.stderr."""
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except Exception:
        os.write(2, text.encode("utf-8", "backslashreplace"))


def freeze():
    """What was imported lives for ever: the collector need not touch (and copy) its pages."""
    import gc

    gc.collect()
    gc.freeze()


def farewell():
    """What an orderly end of the interpreter does first."""
    import threading

    try:
        threading._shutdown()
    except Exception:
        pass
    relieved()


def relieved():
    """The end of a nursery: threads that were started by the import are not waited for, as they
    run in workers that have no use for them here."""
    import atexit

    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:
            pass
