"""What was imported, in which order, and what became of the interpreter."""
import json
import os
import sys

order = getattr(sys, "order", [])
order.append("application")
if "LAST_WORDS" in os.environ:
    import atexit
    atexit.register(print, "the last words", file=sys.stderr)


class Odd(Exception):
    pass


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


def application(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/value":
        raise ValueError("some text")
    if path == "/odd":
        raise Odd("odd text")
    body = dict(look(), wrapper="wsgi.file_wrapper" in environ)
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(body).encode()]
