"""An application whose answers can be checked: /TOKEN/SIZE/MANNER gets SIZE bytes made of TOKEN.

A body that comes with a request has to be made of TOKEN, too; one that is not is a 422, which no
client of the soak forgives. The fields of each answer say who answered: the process, and the
version of the code.
"""
import os
import time

HERE = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(HERE, "version")) as file:
    # what is no number is a deploy that went wrong
    VERSION = str(int(file.read()))


def pattern(token, size):
    line = (token + " ").encode("ascii")
    return (line * (size // len(line) + 1))[:size]


def pieces(body):
    step = len(body) // 3 + 1
    for at in range(0, len(body), step):
        yield body[at:at + step]


def application(environ, start_response):
    _, token, size, manner = environ["PATH_INFO"].split("/")
    # not CONTENT_LENGTH: a body in chunks has none
    length = int(environ.get("HTTP_X_LENGTH", "0"))
    sent = environ["wsgi.input"].read()
    status = "200 OK" if sent == pattern(token, length) else "422 Not mine"
    body = pattern(token, int(size))
    head = [
        ("Content-Type", "text/plain"),
        ("X-Token", token),
        ("X-Pid", str(os.getpid())),
        ("X-Version", VERSION),
    ]
    if manner == "later":
        time.sleep(0.02)
    if manner == "pieces":
        start_response(status, head)
        return pieces(body)
    start_response(status, head + [("Content-Length", str(len(body)))])
    return [body]
