"""What the twenty behaviours need beside the battery: a path for each way to do it wrong."""
import io
import json
import os
import sys
import time

from battery import ROUTES, TEXT

closed = []


class Parts:
    """An iterable of parts, some of which are exceptions; it remembers its close."""

    def __init__(self, *parts):
        self.parts = iter(parts)

    def __iter__(self):
        return self

    def __next__(self):
        part = next(self.parts)
        if isinstance(part, Exception):
            raise part
        return part

    def close(self):
        closed.append(1)


def closes(environ, start_response):
    start_response("200 OK", TEXT)
    return [str(len(closed)).encode()]


def body(environ, start_response):
    """The body by the method that the query names, and what the environ says of it."""
    stream, how = environ["wsgi.input"], environ["QUERY_STRING"]
    if how == "read":
        data = stream.read()
    elif how == "read-1":
        data = stream.read(-1)
    elif how == "read7":
        data = b"".join(iter(lambda: stream.read(7), b""))
    elif how == "readline":
        data = b"".join(iter(stream.readline, b""))
    elif how == "readline3":
        data = b"".join(iter(lambda: stream.readline(3), b""))
    elif how == "readlines":
        data = b"".join(stream.readlines())
    elif how == "iterate":
        data = b"".join(stream)
    elif how == "chunked":
        import uwsgi
        data = b"".join(iter(uwsgi.chunked_read, b""))
    over = stream.read() == b"" and stream.readline() == b"" and stream.read(5) == b""
    seen = {
        "body": data.decode("latin-1"),
        "over": over,
        "terminated": environ.get("wsgi.input_terminated"),
        "length": environ.get("CONTENT_LENGTH"),
        "trailer": environ.get("HTTP_X_TRAILER"),
        "coding": environ.get("HTTP_TRANSFER_ENCODING"),
    }
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(seen).encode()]


def raises(environ, start_response):
    """Says in the log what the input does where the body breaks off."""
    try:
        data = environ["wsgi.input"].read()
    except OSError as error:
        print("the input raised", type(error).__name__, file=sys.stderr, flush=True)
        raise
    print("the input ended with", data, file=sys.stderr, flush=True)
    start_response("200 OK", TEXT)
    return [data]


def break_(environ, start_response):
    """An error after the first byte."""
    start_response("200 OK", TEXT)
    return Parts(b"first part", RuntimeError("raised after the first byte"))


def hold(environ, start_response):
    """Empty parts do not send the head, which is replaced before the first byte."""
    start_response("200 OK", TEXT + [("X-First", "yes")])
    yield b""
    yield b""
    try:
        raise RuntimeError("noticed in time")
    except RuntimeError:
        start_response("503 Replaced", [("X-Second", "yes")], sys.exc_info())
    yield b"replaced"


def again(environ, start_response):
    start_response("200 OK", TEXT)
    try:
        start_response("201 Created", TEXT)
        said = "it did not raise"
    except Exception as error:
        said = type(error).__name__
    return [said.encode()]


def status(environ, start_response):
    """A status with a body that it may not have, as a list or as a file."""
    code, how = environ["QUERY_STRING"].split(",")
    start_response(code + " Status", TEXT)
    if how == "file":
        return environ["wsgi.file_wrapper"](open("text", "rb"))
    if how == "parts":
        return Parts(b"must ", b"not", b" be sent")
    return [b"must not be sent"]


def sized(environ, start_response):
    """Parts that are more or fewer bytes than the head says."""
    length, how = environ["QUERY_STRING"].split(",")
    out = start_response("200 OK", TEXT + [("Content-Length", length)])
    if how == "write":
        out(b"01234")
        out(b"56789")
        return []
    if how == "file":
        source = open("text", "rb")
        source.seek(2)
        return environ["wsgi.file_wrapper"](source)
    return Parts(b"01234", b"56789") if how == "parts" else [b"0123456789"]


WRONG = {
    "status-none": (None, []),
    "status-bytes": (b"200 OK", []),
    "status-short": ("20 OK", []),
    "status-word": ("OK", []),
    "status-number": (200, []),
    "status-crlf": ("200 OK\r\nX-Split: yes", []),
    "status-lf": ("200 OK\nX-Split: yes", []),
    "status-nul": ("200 O\0K", []),
    "status-wide": ("200 \u20ac", []),
    "status-interim": ("101 Switching Protocols", []),
    "name-crlf": ("200 OK", [("X-A\r\nX-Split", "yes")]),
    "name-blank": ("200 OK", [("X A", "b")]),
    "name-colon": ("200 OK", [("X:A", "b")]),
    "name-empty": ("200 OK", [("", "b")]),
    "name-wide": ("200 OK", [("X-\u20ac", "b")]),
    "name-latin": ("200 OK", [("X-\u00e9", "b")]),
    "name-bytes": ("200 OK", [(b"X-A", "b")]),
    "value-cr": ("200 OK", [("X-A", "b\rX-Split: yes")]),
    "value-lf": ("200 OK", [("X-A", "b\nX-Split: yes")]),
    "value-crlf": ("200 OK", [("X-A", "b\r\nX-Split: yes")]),
    "value-folded": ("200 OK", [("X-A", "b\r\n X-Split: yes")]),
    "value-nul": ("200 OK", [("X-A", "b\0c")]),
    "value-wide": ("200 OK", [("X-A", "\u20ac")]),
    "value-bytes": ("200 OK", [("X-A", b"b")]),
    "value-number": ("200 OK", [("X-A", 5)]),
    "value-none": ("200 OK", [("X-A", None)]),
    "fields-tuple": ("200 OK", (("X-A", "b"),)),
    "fields-dict": ("200 OK", {"X-A": "b"}),
    "fields-single": ("200 OK", [("X-A",)]),
    "length-sign": ("200 OK", [("Content-Length", "+5")]),
    "length-word": ("200 OK", [("Content-Length", "five")]),
    "length-list": ("200 OK", [("Content-Length", "5, 5")]),
    "length-empty": ("200 OK", [("Content-Length", "")]),
    "length-huge": ("200 OK", [("Content-Length", "9" * 30)]),
    "lengths": ("200 OK", [("Content-Length", "5"), ("Content-Length", "6")]),
}


def wrong(environ, start_response):
    start_response(*WRONG[environ["QUERY_STRING"]])
    return [b"never"]


def wrongs(environ, start_response):
    start_response("200 OK", TEXT)
    return ["\n".join(WRONG).encode()]


def trickle(environ, start_response):
    """Parts for ever, until the client is gone."""
    start_response("200 OK", TEXT)

    class Endless:
        def __iter__(self):
            return self

        def __next__(self):
            time.sleep(0.01)
            return b"x" * 65536

        def close(self):
            closed.append(1)

    return Endless()


def unread(environ, start_response):
    start_response("200 OK", TEXT + [("Content-Length", "6")])
    return [b"unread"]


def hop(environ, start_response):
    """Fields that are the server's own business."""
    start_response("200 OK", TEXT + [("Connection", "keep-alive"), ("Transfer-Encoding", "chunked")])
    return [b"hop"]


ROUTES.update({name.rstrip("_"): value for name, value in list(globals().items())
               if getattr(value, "__module__", None) == __name__ and callable(value)})


ROUTES[""] = ROUTES["environ"]


def application(environ, start_response):
    return ROUTES[environ["PATH_INFO"].split("/")[1]](environ, start_response)
