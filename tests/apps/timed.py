"""Decorators of signals and of remote calls, whoever's module they are of; answers are JSON."""
import json

import uwsgi
from uwsgidecorators import cron, filemon, rbtimer, rpc, signal, timer


@timer(30)
def tick(number):
    return "tick"


@rbtimer(30, target="workers")
def red(number):
    return "red"


@cron(59, 3, -1, -1, -1)
def nightly(number):
    return "nightly"


@filemon("/tmp")
def changed(number):
    return "changed"


@signal(17)
def signalled(number):
    return "signalled"


@rpc("hello")
def hello(name):
    return "hello"


def application(environ, start_response):
    uwsgi.signal(17)
    uwsgi.add_timer(99, 5)
    start_response("200 OK", [("Content-Type", "application/json")])
    found = [uwsgi.signal_registered(number) for number in (17, 99)]
    return [json.dumps({"registered": found}).encode()]
