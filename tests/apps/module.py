"""What the module `uwsgi` says and does, a path each; answers are JSON."""
import json
import os
import sys
import threading
import time
from wsgiref.validate import validator

import uwsgi

try:
    import uwsgidecorators
except ImportError:
    uwsgidecorators = None  # the original's is a package of its own

born = []


def postfork():
    born.append([uwsgi.worker_id(), os.getpid()])


if uwsgidecorators:
    uwsgidecorators.postfork(postfork)


def plain(value):
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, dict):
        return {plain(key): plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    return value if isinstance(value, (str, int, float, bool, type(None))) else repr(value)


def identity(environ):
    names = ("worker_id", "mule_id", "masterpid", "request_id", "total_requests", "workers", "mem",
             "cl", "connection_fd", "is_locked", "micros")
    seen = {name: getattr(uwsgi, name)() for name in names}
    names = ("opt", "version", "version_info", "hostname", "numproc", "cores", "buffer_size",
             "started_on", "sockets", "applications")
    seen.update((name, getattr(uwsgi, name)) for name in names)
    seen["pid"], seen["parent"] = os.getpid(), os.getppid()
    seen["connected"] = uwsgi.is_connected(uwsgi.connection_fd())
    seen["env"] = uwsgi.env["PATH_INFO"]
    seen["queue"] = uwsgi.listen_queue()
    return seen


def forks(environ):
    return {"born": born, "worker": uwsgi.worker_id(), "pid": os.getpid()}


def missing(environ):
    said = {}
    for name in ("cache_get", "spool", "signal_wait", "rpc", "websocket_recv", "nothing"):
        try:
            getattr(uwsgi, name)
        except AttributeError as error:
            said[name] = str(error)
    return said


def hold(environ):
    """Counts in a file under a lock: without one, counts get lost."""
    number = int(environ["QUERY_STRING"] or "0")
    for _ in range(25):
        uwsgi.lock(number)
        try:
            with open("count") as source:
                value = int(source.read())
            time.sleep(0.0005)
            with open("count", "w") as target:
                target.write(str(value + 1))
        finally:
            uwsgi.unlock(number)
    return {}


def die(environ):
    """A worker that dies with a lock."""
    uwsgi.lock()
    os.kill(os.getpid(), 9)


def locked(environ):
    return {"locked": uwsgi.is_locked(), "worker": uwsgi.worker_id()}


def keep(environ):
    uwsgi.lock()
    return {"worker": uwsgi.worker_id()}


def too_many(environ):
    try:
        uwsgi.lock(99)
    except ValueError as error:
        return {"error": str(error)}


def log(environ):
    uwsgi.log("a line of uwsgi.log")
    return {}


def log_bytes(environ):
    uwsgi.log(b"bytes of uwsgi.log")
    return {}


def noted(environ):
    uwsgi.set_logvar("shop", "first")
    uwsgi.set_logvar("shop", environ["QUERY_STRING"])
    return {"value": plain(uwsgi.get_logvar("shop")), "none": uwsgi.get_logvar("nothing")}


def added(environ):
    return {"done": [uwsgi.add_var("SHOP", environ["QUERY_STRING"]), uwsgi.add_var(b"HTTP_HOST", b"other")]}


def wanted(environ):
    uwsgi.log_this_request()
    return {}


def reload(environ):
    return {"done": uwsgi.reload(), "pid": os.getpid()}


def stop(environ):
    return {"done": uwsgi.stop()}


def name(environ):
    uwsgi.setprocname("renamed")
    with open("/proc/self/comm") as comm:
        return {"comm": comm.read().strip()}


def chunks(environ):
    parts = []
    while True:
        part = uwsgi.chunked_read()
        if not part:
            return {"parts": [len(part) for part in parts], "end": plain(uwsgi.chunked_read_nb())}
        parts.append(part)


def thread(environ):
    """Another thread serves no request."""
    seen = []

    def look():
        seen.append([uwsgi.connection_fd(), plain(uwsgi.env)])

    runner = threading.Thread(target=look)
    runner.start()
    runner.join()
    return {"seen": seen}


def application(environ, start_response):
    if environ["PATH_INFO"] == "/file":
        # the server has to see the very object
        start_response("200 OK", [("Content-Type", "text/plain")])
        return uwsgi.sendfile(open(__file__, "rb"))
    return validated(environ, start_response)


@validator
def validated(environ, start_response):
    path = environ["PATH_INFO"].strip("/")
    if path == "leave":
        return leave(environ, start_response)
    body = json.dumps(plain(globals()[path](environ))).encode()
    start_response("200 OK", [("Content-Type", "application/json")])
    return [body]


def leave(environ, start_response):
    """Goes on working when the client has its answer."""
    def parts():
        yield b"all there is"
        uwsgi.disconnect()
        with open("go", "rb") as pipe:
            pipe.read()
        print("the work is done", file=sys.stderr)
        yield b"never seen"

    start_response("200 OK", [("Content-Type", "text/plain")])
    return parts()


def farewell():
    print("the last words of worker", uwsgi.worker_id(), file=sys.stderr)


def after():
    print("after a request for", uwsgi.env.get("PATH_INFO"), file=sys.stderr)


uwsgi.atexit = farewell
if os.environ.get("AFTER"):
    uwsgi.after_req_hook = after
