"""What was imported, in which order, and what became of the interpreter."""
import json
import os
import sys
from wsgiref.validate import validator

order = getattr(sys, "order", [])
order.append("application")
if "LAST_WORDS" in os.environ:
    import atexit
    atexit.register(print, "the last words", file=sys.stderr)


class Odd(Exception):
    pass


if "THREAD" in os.environ:
    import threading
    if os.environ["THREAD"] == "start":
        threading.Thread(target=__import__("time").sleep, args=(600,)).start()


def deep(level):
    """The C code of sorted() under each call takes stack, which Python itself hardly does."""
    return sorted([0], key=lambda _: deep(level - 1)) if level else 0


def look():
    seen = {
        "order": order,
        "pid": os.getpid(),
        "directory": os.getcwd(),
        "executable": sys.executable,
        "optimize": sys.flags.optimize,
        "site": "site" in sys.modules,
        "asserts": False,
        "names": [name for name in ("early", "late") if name in sys.modules],
    }
    try:
        assert False
    except AssertionError:
        seen["asserts"] = True
    return seen


@validator
def application(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/value":
        raise ValueError("some text")
    if path == "/odd":
        raise Odd("odd text")
    if path == "/deep":
        sys.setrecursionlimit(10**6)
        deep(int(environ["QUERY_STRING"]))
    body = dict(look(), wrapper="wsgi.file_wrapper" in environ)
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(body).encode()]
