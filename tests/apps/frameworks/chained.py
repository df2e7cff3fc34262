"""All sites of the frameworks' tests behind a chain of middlewares: what a proxy in front says
(werkzeug), static files (whitenoise), answers made smaller, and the choice of a site (werkzeug).
`validated` has `wsgiref.validate` between any two of them."""
import gzip
from wsgiref.validate import validator

from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix
from whitenoise import WhiteNoise

import of_bottle
import of_django
import of_falcon
import of_flask
import of_pyramid


class Squeeze:
    """Compresses texts for clients that want it."""

    def __init__(self, inner):
        self.inner = inner

    def __call__(self, environ, start_response):
        if "gzip" not in environ.get("HTTP_ACCEPT_ENCODING", ""):
            return self.inner(environ, start_response)
        head = []

        def start(status, headers, exc_info=None):
            head[:] = [status, headers, exc_info]
            return written.append

        written = []
        parts = self.inner(environ, start)
        try:
            body = b"".join(parts)
        finally:
            if hasattr(parts, "close"):
                parts.close()
        body = b"".join(written) + body
        status, headers, exc_info = head
        kept = [(name, value) for name, value in headers if name.lower() != "content-length"]
        if body and environ["REQUEST_METHOD"] != "HEAD" and status.startswith("200"):
            body = gzip.compress(body)
            kept += [("Content-Encoding", "gzip"), ("Vary", "Accept-Encoding")]
            kept += [("Content-Length", str(len(body)))]
        else:
            kept = headers
        start_response(status, kept, exc_info) if exc_info else start_response(status, kept)
        return [body]


SITES = {
    "/flask": of_flask.application,
    "/pyramid": of_pyramid.application,
    "/bottle": of_bottle.application,
    "/falcon": of_falcon.application,
    "/django": of_django.application,
}


def chain(between):
    sites = {path: between(site) for path, site in SITES.items()}
    squeezed = Squeeze(between(DispatcherMiddleware(between(of_flask.application), sites)))
    static = WhiteNoise(between(squeezed), root="assets", prefix="assets", max_age=60)
    fixed = ProxyFix(between(static), x_for=1, x_proto=1, x_host=1, x_prefix=0)
    return between(fixed)


application = chain(lambda inner: inner)
validated = chain(validator)
