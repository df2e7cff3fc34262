"""An application that tells, as JSON, what its process was made of."""
import json
import os
import sys
from wsgiref.validate import validator


def mask():
    value = os.umask(0o777)
    os.umask(value)
    return value


def opened():
    found = []
    for name in os.listdir("/proc/self/fd"):
        try:
            found.append(os.readlink("/proc/self/fd/" + name))
        except OSError:
            pass
    return found


def told(name, environ, start_response):
    environ["wsgi.input"].read(1)
    body = json.dumps({
        "callable": name,
        "pid": os.getpid(),
        "directory": os.getcwd(),
        "environment": dict(os.environ),
        "arguments": sys.argv,
        "path": sys.path,
        "prefix": sys.prefix,
        "mask": mask(),
        "user": os.getuid(),
        "group": os.getgid(),
        "groups": os.getgroups(),
        "files": opened(),
    }).encode()
    start_response("200 OK", [("Content-Type", "application/json")])
    return [body]


@validator
def application(environ, start_response):
    return told("application", environ, start_response)


@validator
def other(environ, start_response):
    return told("other", environ, start_response)
