"""What is said more plainly in Python: paths, tracebacks, beginnings and ends.

Run once in the nursery, in a namespace of its own; nothing of it is on a request's path but
FileWrapper, when an application uses it for what has no descriptor.
"""
import os
import sys
import traceback

# the sources that run in this namespace: their frames mean nothing to a tenant
OURS = ("_vassal_support.py", "_vassal_loader.py", "_vassal_module.py")


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


def stream():
    """wsgi.input of a body that is still on its way (`body-buffering = false`)."""
    import io

    return io.BufferedReader(_raw()(), 65536)


def _raw():
    """The class is made when it is first used: the module io is not needed before."""
    global _Raw
    if _Raw is None:
        import io

        class Raw(io.RawIOBase):
            def __init__(self):
                self.serial = native.serial()

            def readable(self):
                return True

            def readinto(self, buffer):
                data = native.receive(self.serial, len(buffer))
                buffer[: len(data)] = data
                return len(data)

        _Raw = Raw
    return _Raw


_Raw = None


def prepare(serve):
    """sys.argv, sys.path and line buffered UTF-8 output, as uWSGI's users expect them."""
    sys.argv = ["uwsgi"] + serve["pyargv"]
    if serve["python"]["executable"]:
        sys.executable = serve["python"]["executable"]
    if "." not in sys.path:
        sys.path.insert(0, ".")
    for path in serve["pythonpath"]:
        if path in sys.path:
            sys.path.remove(path)
        sys.path.insert(0, path)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)
        except (AttributeError, ValueError):
            pass


def describe(kind, value, trace):
    """A traceback as text, from the tenant's first line on."""
    while trace is not None and trace.tb_frame.f_code.co_filename in OURS:
        trace = trace.tb_next
    return "".join(traceback.format_exception(kind, value, trace))


def say(text):
    """Writes to the log, whatever the application made of sys.stderr."""
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except Exception:
        os.write(2, text.encode("utf-8", "backslashreplace"))


def replaces(serve, kind, value):
    """Whether the worker is replaced after an exception (`reload-on-exception` and its lists)."""
    wanted = serve["python"]["reload_on"]
    names = {kind.__name__, kind.__module__ + "." + kind.__name__}
    text = str(value)
    reprs = {"%s:%s" % (name, text) for name in names}
    return bool(
        wanted["any"]
        or names.intersection(wanted["types"])
        or text in wanted["values"]
        or reprs.intersection(one.replace(": ", ":", 1) for one in wanted["reprs"])
    )


told = set()


def modules(ignored):
    """The files of loaded modules that were not told of before, a line each (py-autoreload)."""
    found = []
    for name, module in list(sys.modules.items()):
        path = getattr(module, "__dict__", {}).get("__file__")
        if name in ignored.split() or not isinstance(path, str) or "\n" in path or path in told:
            continue
        told.add(path)
        found.append(os.path.abspath(path[:-1] if path.endswith(".pyc") else path))
    return os.fsencode("\n".join(found))


def freeze():
    """What was imported lives for ever: the collector need not touch (and copy) its pages."""
    import gc

    gc.collect()
    gc.freeze()


def set_variable(name, value):
    """Sets a variable where the application, and what it executes, looks for it."""
    os.environ[name] = value


def farewell(serve):
    """What an orderly end of the interpreter does first."""
    if serve["python"]["skip_atexit"]:
        return
    if not serve["python"]["no_threads_wait"]:
        import threading

        try:
            threading._shutdown()
        except Exception:
            pass
    try:
        last_words()
    except Exception as error:
        say(describe(type(error), error, error.__traceback__))
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
