"""`uwsgidecorators`, for environments that do not have uWSGI's own any more.

What needs a part that this server does not have never keeps an application from being imported.
A function that the server would call is left as it is, and the log says that nothing calls it; one
that the application would call by the missing part says so when it is called.
"""
import functools
import threading

import uwsgi

postfork_chain = []


def _run_postfork_chain():
    for function in postfork_chain:
        function()


uwsgi.post_fork_hook = _run_postfork_chain


def postfork(wanted):
    """Calls a function in each worker, right after the fork; with a number, in that one only."""
    if callable(wanted):
        postfork_chain.append(wanted)
        return wanted

    def decorate(function):
        postfork_chain.append(lambda: function() if uwsgi.worker_id() == wanted else None)
        return function

    return decorate


def lock(function):
    """One call at a time, in all workers."""

    @functools.wraps(function)
    def locked(*args, **kwargs):
        uwsgi.lock()
        try:
            return function(*args, **kwargs)
        finally:
            uwsgi.unlock()

    return locked


def thread(function):
    """Each call runs in a thread of its own."""

    @functools.wraps(function)
    def started(*args, **kwargs):
        runner = threading.Thread(target=function, args=args, kwargs=kwargs, daemon=True)
        runner.start()
        return runner

    return started


class harakiri:
    """A call may take so many seconds; then its worker is killed and replaced."""

    def __init__(self, seconds):
        self.seconds = seconds

    def __call__(self, function):
        @functools.wraps(function)
        def limited(*args, **kwargs):
            uwsgi.set_user_harakiri(self.seconds)
            try:
                return function(*args, **kwargs)
            finally:
                uwsgi.set_user_harakiri(0)

        return limited


def _never(name, part):
    """A decorator of functions that the server would call."""

    def decorator(*args, **kwargs):
        def decorate(function):
            place = "%s.%s" % (function.__module__, getattr(function, "__qualname__", "?"))
            uwsgi.log("@%s: this server has no %s: nothing calls %s" % (name, part, place))
            return function

        # without arguments it is the decorator itself
        return decorate(args[0]) if len(args) == 1 and callable(args[0]) else decorate

    decorator.__name__ = name
    return decorator


def _refused(name, part):
    """A decorator of functions that the application would call by the missing part."""

    def decorator(function=None, *args, **kwargs):
        def decorate(function):
            @functools.wraps(function)
            def refuse(*args, **kwargs):
                raise NotImplementedError("@%s: this server has no %s" % (name, part))

            refuse.spool = refuse
            return refuse

        return decorate(function) if callable(function) else decorate

    decorator.__name__ = name
    return decorator


for _part, _kind, _names in (
    ("spoolers", _refused, "spool spoolforever spoolraw"),
    ("mules", _refused, "mulefunc"),
    ("mules", _never, "mule muleloop mulemsg mulemsg_loop farm farm_loop"),
    ("signals and timers", _never, "signal timer rbtimer cron filemon"),
    ("remote calls", _never, "rpc erlang"),
):
    for _name in _names.split():
        globals()[_name] = _kind(_name, _part)
