"""`uwsgidecorators`, for environments that do not have uWSGI's own any more.

What needs a part that this server does not have says so where it is used, not when it should
have run.
"""
import functools
import threading

import uwsgi

postfork_chain = []


def _run_postfork_chain():
    for function in postfork_chain:
        function()


uwsgi.post_fork_hook = _run_postfork_chain


def postfork(function):
    """Calls a function in each worker, right after the fork."""
    if callable(function):
        postfork_chain.append(function)
    return function


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


def _missing(name, part):
    def decorator(*args, **kwargs):
        raise NotImplementedError("@%s: this server has no %s" % (name, part))

    decorator.__name__ = name
    return decorator


for _part, _names in {
    "spoolers": "spool spoolforever spoolraw",
    "mules": "mule muleloop mulemsg mulemsg_loop mulefunc farm farm_loop",
    "signals and timers": "signal timer rbtimer cron filemon",
    "remote calls": "rpc erlang",
}.items():
    for _name in _names.split():
        globals()[_name] = _missing(_name, _part)
