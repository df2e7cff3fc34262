"""Requests that take too long, each in its own way."""
import ctypes
import os
import signal
import sys
import time
from wsgiref.validate import validator

import uwsgi


def caught(number, frame):
    print("the worker got signal", number, file=sys.stderr)
    if os.environ.get("ENDS"):
        os._exit(0)


signal.signal(signal.SIGUSR2, caught)


def deep_in_the_application(seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(0.05)


def after():
    print("the hook begins", file=sys.stderr, flush=True)
    deep_in_the_application(float(os.environ["AFTER"]))


if os.environ.get("AFTER"):
    uwsgi.after_req_hook = after


def late(start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield b"too "
    yield b"late"


@validator
def application(environ, start_response):
    path, seconds = environ["PATH_INFO"], float(environ["QUERY_STRING"] or "0")
    if path == "/held":
        # the C library sleeps, and the interpreter's lock sleeps with it
        ctypes.PyDLL(None).sleep(int(seconds))
    elif path == "/begun":
        start_response("200 OK", [("Content-Type", "text/plain")])(b"begun")
        deep_in_the_application(seconds)
        return []
    elif path == "/own":
        uwsgi.set_user_harakiri(1)
        deep_in_the_application(seconds)
    elif path == "/taken-back":
        uwsgi.set_user_harakiri(1)
        uwsgi.set_user_harakiri(0)
        deep_in_the_application(seconds)
    elif path == "/late-yield":
        deep_in_the_application(seconds)
        return late(start_response)
    elif path == "/late-raise":
        deep_in_the_application(seconds)
        raise RuntimeError("too late")
    else:
        deep_in_the_application(seconds)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(os.getpid()).encode()]
