"""One application with a path for each rule of PEP 3333 that a server has to keep.

`application` is the bare one, `validated` the same under wsgiref.validate, whose assertions turn
into exceptions (and so into failing tests).
"""
import json
import os
import sys
import time
from wsgiref.validate import validator

TEXT = [("Content-Type", "text/plain")]
closed = []


class Closing:
    """An iterator that remembers that it was closed."""

    def __init__(self, parts, fail=False):
        self.parts = iter(parts)
        self.fail = fail

    def __iter__(self):
        return self

    def __next__(self):
        try:
            return next(self.parts)
        except StopIteration:
            if self.fail:
                raise RuntimeError("raised while iterating")
            raise

    def close(self):
        closed.append(1)


def hello(environ, start_response):
    start_response("200 OK", TEXT + [("Content-Length", "11")])
    return [b"Hello World"]


def nolength(environ, start_response):
    start_response("200 OK", TEXT)
    return [b"Hello World"]


def generator(environ, start_response):
    start_response("200 OK", TEXT)
    for part in (b"one ", b"", b"two ", b"three"):
        yield part


def write(environ, start_response):
    out = start_response("200 OK", TEXT)
    out(b"written ")
    return [b"returned"]


def boom(environ, start_response):
    raise RuntimeError("raised before the head")


def boom_after(environ, start_response):
    start_response("200 OK", TEXT)
    raise RuntimeError("raised after the head")


def boom_iterating(environ, start_response):
    start_response("200 OK", TEXT)
    return Closing([b"first part"], fail=True)


def boom_length(environ, start_response):
    start_response("200 OK", TEXT + [("Content-Length", "100")])
    return Closing([b"first part"], fail=True)


def exc_info(environ, start_response):
    start_response("200 OK", TEXT)
    try:
        raise RuntimeError("handled")
    except RuntimeError:
        start_response("503 Handled", TEXT + [("X-Handled", "yes")], sys.exc_info())
    return [b"handled"]


def exc_info_late(environ, start_response):
    out = start_response("200 OK", TEXT)
    out(b"already sent")
    try:
        raise RuntimeError("too late")
    except RuntimeError:
        start_response("503 Too late", TEXT, sys.exc_info())
    return [b"never"]


def closing(environ, start_response):
    start_response("200 OK", TEXT)
    return Closing([b"a", b"b"])


def closes(environ, start_response):
    start_response("200 OK", TEXT)
    return [str(len(closed)).encode()]


def file(environ, start_response):
    start_response("200 OK", TEXT)
    return environ["wsgi.file_wrapper"](open(environ["QUERY_STRING"], "rb"), 8192)


def written_file(environ, start_response):
    out = start_response("200 OK", TEXT)
    out(b"written ")
    return environ["wsgi.file_wrapper"](open(environ["QUERY_STRING"], "rb"), 8192)


def file_from(environ, start_response):
    source = open(environ["QUERY_STRING"], "rb")
    source.seek(10)
    start_response("200 OK", TEXT)
    return environ["wsgi.file_wrapper"](source, 8192)


def file_like(environ, start_response):
    import io
    start_response("200 OK", TEXT)
    return environ["wsgi.file_wrapper"](io.BytesIO(b"x" * 100000), 8192)


def nobody(environ, start_response):
    start_response("204 No Content", [])
    return []


def unchanged(environ, start_response):
    start_response("304 Not Modified", [("ETag", '"a"')])
    return []


def echo(environ, start_response):
    length = environ.get("CONTENT_LENGTH")
    if length:
        body = environ["wsgi.input"].read(int(length))
    else:
        body = environ["wsgi.input"].read(-1) if environ.get("wsgi.input_terminated") else b""
    start_response("200 OK", [("Content-Type", "application/octet-stream")])
    return [body]


def lines(environ, start_response):
    stream = environ["wsgi.input"]
    result = [stream.readline().decode(), stream.readline(3).decode(), stream.readline().decode()]
    result.append([line.decode() for line in stream])
    result.append(stream.read(10).decode())
    body = json.dumps(result).encode()
    start_response("200 OK", [("Content-Type", "application/json")])
    return [body]


def environ_(environ, start_response):
    seen = {key: value if isinstance(value, (str, int, bool, tuple)) else type(value).__name__
            for key, value in environ.items()}
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(seen).encode()]


def badheader(environ, start_response):
    start_response("200 OK", TEXT + [("X-Split", "a\r\nSet-Cookie: stolen=1")])
    return [b"never"]


def badname(environ, start_response):
    start_response("200 OK", TEXT + [("X Bad", "a")])
    return [b"never"]


def badstatus(environ, start_response):
    start_response("two hundred", TEXT)
    return [b"never"]


def badtype(environ, start_response):
    start_response("200 OK", [("X-Number", 5)])
    return [b"never"]


def none(environ, start_response):
    start_response("200 OK", TEXT)


def text(environ, start_response):
    start_response("200 OK", TEXT)
    return ["not bytes"]


def nostart(environ, start_response):
    return [b"no head"]


def twice(environ, start_response):
    start_response("200 OK", TEXT)
    start_response("201 Created", TEXT)
    return [b"twice"]


def slow(environ, start_response):
    time.sleep(float(environ["QUERY_STRING"] or "1"))
    start_response("200 OK", TEXT)
    return [b"slow"]


def pid(environ, start_response):
    start_response("200 OK", TEXT)
    return [str(os.getpid()).encode()]


def leave(environ, start_response):
    sys.exit(3)


def errors(environ, start_response):
    environ["wsgi.errors"].write("a line for the log\n")
    environ["wsgi.errors"].flush()
    start_response("200 OK", TEXT)
    return [b"logged"]


def long(environ, start_response):
    start_response("200 OK", TEXT + [("Content-Length", "5")])
    return [b"Hello World"]


def short(environ, start_response):
    start_response("200 OK", TEXT + [("Content-Length", "50")])
    return [b"Hello World"]


def latin(environ, start_response):
    start_response("200 OK", TEXT + [("X-Latin", "caf\u00e9")])
    return [environ["PATH_INFO"].encode("latin-1")]


def big(environ, start_response):
    start_response("200 OK", TEXT)
    return [b"x" * 65536 for _ in range(80)]


def cookies(environ, start_response):
    start_response("200 OK", TEXT + [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")])
    return [environ.get("HTTP_COOKIE", "").encode()]


def reads(environ, start_response):
    """The input beside one of io with the same bytes: every method has to agree."""
    import io
    stream = environ["wsgi.input"]
    other = io.BytesIO(environ["QUERY_STRING"].encode().replace(b"~", b"\n"))
    steps = [lambda s: s.read(0), lambda s: s.readline(2), lambda s: s.readline(0),
             lambda s: s.readlines(3), lambda s: s.read(1), lambda s: s.readline(-1),
             lambda s: next(iter(s)), lambda s: s.readline(), lambda s: s.readlines(),
             lambda s: s.read(-1), lambda s: s.read(), lambda s: s.readline(), lambda s: s.read(5),
             lambda s: s.readlines(), lambda s: list(s)]
    different = [(number, step(stream), step(other)) for number, step in enumerate(steps)]
    different = [one for one in different if one[1] != one[2]]
    start_response("200 OK", TEXT)
    return [repr(different).encode()]


def bare(environ, start_response):
    start_response("200 OK", TEXT)
    return b"bare bytes"


def buffers(environ, start_response):
    out = start_response("200 OK", TEXT)
    out(bytearray(b"written, "))
    return [bytearray(b"an array, "), memoryview(b"a view"), b"."]


def one_buffer(environ, start_response):
    start_response("200 OK", TEXT)
    return [memoryview(b"a view")]


def no_buffer(environ, start_response):
    start_response("200 OK", TEXT)
    return [b"first", 5]


def empty_then_boom(environ, start_response):
    start_response("200 OK", TEXT)
    yield b""
    raise RuntimeError("raised after an empty block")


def file_sized(environ, start_response):
    """A file that is longer or shorter than the head says."""
    path, length = environ["QUERY_STRING"].split(",")
    start_response("200 OK", TEXT + [("Content-Length", length)])
    return environ["wsgi.file_wrapper"](open(path, "rb"), 8192)


def file_unchanged(environ, start_response):
    start_response("304 Not Modified", [("ETag", '"a"')])
    return environ["wsgi.file_wrapper"](open(environ["QUERY_STRING"], "rb"), 8192)


def wide(environ, start_response):
    start_response("200 OK", TEXT + [("X-Wide", "\u20ac")])
    return [b"never"]


def widestatus(environ, start_response):
    start_response("200 \u20ac", TEXT)
    return [b"never"]


def bytesheader(environ, start_response):
    start_response("200 OK", [(b"Content-Type", b"text/plain")])
    return [b"never"]


def tupleheaders(environ, start_response):
    start_response("200 OK", (("Content-Type", "text/plain"),))
    return [b"never"]


def badlength(environ, start_response):
    start_response("200 OK", TEXT + [("Content-Length", environ["QUERY_STRING"])])
    return [b"never"]


def splitstatus(environ, start_response):
    start_response("200 OK\r\nX-Split: yes", TEXT)
    return [b"never"]


def streamed(environ, start_response):
    """Says what came first, before the rest is there."""
    stream = environ["wsgi.input"]
    print("came first:", stream.read(5), file=sys.stderr, flush=True)
    rest = stream.readline() + stream.read()
    closed.append(stream)
    start_response("200 OK", TEXT + [("X-Length", environ.get("CONTENT_LENGTH", "none"))])
    return [rest + stream.read() + stream.read(5)]


def interleaved(environ, start_response):
    """Answers before it reads."""
    start_response("200 OK", TEXT)
    yield b"first "
    yield environ["wsgi.input"].read(5)


def part(environ, start_response):
    """Leaves the rest of the body where it is."""
    first = environ["wsgi.input"].read(5)
    start_response("200 OK", TEXT + [("Content-Length", "5")])
    return [first]


def old_input(environ, start_response):
    """What the input of an earlier request gives now."""
    try:
        said = repr(closed[-1].read(1))
    except OSError as error:
        said = str(error)
    start_response("200 OK", TEXT)
    return [said.encode()]


kept = []


def keep(environ, start_response):
    kept.append(start_response)
    start_response("200 OK", TEXT)
    return [b"kept"]


def late(environ, start_response):
    """What an earlier request's start_response does now, from a thread that serves nothing."""
    import threading
    said = []

    def call():
        try:
            kept[0]("200 OK", TEXT)
        except Exception as error:
            said.append(repr(error))

    start_response("200 OK", TEXT)
    yield b"the answer: "
    runner = threading.Thread(target=call)
    runner.start()
    runner.join()
    yield repr(said).encode()


class Reader:
    """A file that is no file."""

    def __init__(self):
        self.left = 3
        self.closed = False

    def read(self, size):
        self.left -= 1
        return b"part " if self.left >= 0 else b""

    def close(self):
        closed.append(1)


def file_odd(environ, start_response):
    start_response("200 OK", TEXT)
    return environ["wsgi.file_wrapper"](Reader())


def unread(environ, start_response):
    start_response("200 OK", TEXT + [("Content-Length", "6")])
    return [b"unread"]


ROUTES = {name.rstrip("_").replace("_", "-"): value for name, value in list(globals().items())
          if callable(value) and name not in ("validator", "Closing")}


def application(environ, start_response):
    name = environ["PATH_INFO"].split("/")[1]
    return ROUTES.get(name, hello)(environ, start_response)


validated = validator(application)
