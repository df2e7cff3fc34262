"""Applications that say which one they are, and how the path was split for them."""
import json
from wsgiref.validate import validator


def make(name):
    def app(environ, start_response):
        environ["wsgi.input"].read(1)
        start_response("200 OK", [("Content-Type", "application/json")])
        seen = [name, environ.get("SCRIPT_NAME"), environ["PATH_INFO"]]
        return [json.dumps(seen).encode()]

    return validator(app)


application = make("application")
one = make("one")
two = make("two")
