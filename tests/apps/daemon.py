"""An application whose import starts a daemon that hides: a double fork, a session of its own,
and no descriptor left open. Its pid is written to the path in DAEMON_PIDFILE."""
import os
import time
from wsgiref.validate import validator


def daemonize(path):
    if os.fork():
        return
    os.setsid()
    if os.fork():
        os._exit(0)
    with open(path + ".new", "w") as out:
        out.write(str(os.getpid()))
    os.rename(path + ".new", path)
    os.closerange(0, 4096)
    while True:
        time.sleep(60)


daemonize(os.environ["DAEMON_PIDFILE"])


@validator
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"with a daemon"]
