"""Decorators of parts that a server without them does not have: it is imported all the same."""
import json
from wsgiref.validate import validator

from timed import changed, hello, nightly, red, signalled, tick
from uwsgidecorators import *  # noqa: F403, as examples have it


@mule(1)
def brain():
    return "brain"


@mulemsg(1)
def message(text):
    return "message"


@spool
def plain(arguments):
    return "plain"


@spool(pass_arguments=True)
def passed(*args, **kwargs):
    return "passed"


@spoolforever
def forever(arguments):
    return "forever"


@mulefunc
def in_any():
    return "any"


@mulefunc(1)
def in_first():
    return "first"


def refusals():
    for call in (plain, plain.spool, passed, passed.spool, forever.spool, in_any, in_first):
        try:
            yield call({"a": "b"})
        except NotImplementedError as error:
            yield str(error)


@validator
def application(environ, start_response):
    direct = [tick(0), red(0), nightly(0), changed(0), signalled(0), brain(), message(""), hello("")]
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps({"direct": direct, "refused": list(refusals())}).encode()]
