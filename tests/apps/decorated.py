"""What the decorators' documentation shows, each in its usual form; answers are JSON."""
import json
import os
import threading
import time
from wsgiref.validate import validator

import uwsgi
from uwsgidecorators import harakiri, lock, postfork, thread

born, only, ticks, done = [], [], [], []


@postfork
def connect():
    born.append([uwsgi.worker_id(), os.getpid()])


@postfork(2)
def second():
    only.append(uwsgi.worker_id())


@postfork
@thread
def background():
    while True:
        ticks.append(os.getpid())
        time.sleep(0.02)


@thread
def later(name, more=""):
    done.append([name + more, threading.current_thread() is threading.main_thread()])


@lock
def count():
    """Counts get lost where two do this at a time."""
    with open("count") as source:
        value = int(source.read())
    time.sleep(0.001)
    with open("count", "w") as target:
        target.write(str(value + 1))


@harakiri(1)
def slow(seconds):
    time.sleep(seconds)
    return "slow"


@validator
def application(environ, start_response):
    path, query = environ["PATH_INFO"], environ["QUERY_STRING"]
    answer = {"pid": os.getpid(), "worker": uwsgi.worker_id()}
    if path == "/born":
        answer.update(born=born, only=only, ticks=len(ticks), strange=set(ticks) - {os.getpid()})
        answer["strange"] = len(answer["strange"])
    elif path == "/later":
        later("done ", query)
    elif path == "/done":
        answer["done"] = done
    elif path == "/count":
        for _ in range(20):
            count()
    elif path == "/slow":
        answer["said"] = slow(float(query))
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(answer).encode()]
