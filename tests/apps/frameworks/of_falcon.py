"""The flow of the frameworks' tests, as an application of Falcon has it."""
import base64
import hashlib
import os
from wsgiref.validate import validator

import falcon


class Start:
    def on_get(self, request, response):
        response.text = "<h1>start</h1>\n"
        response.content_type = falcon.MEDIA_HTML

    def on_head(self, request, response):
        self.on_get(request, response)


class Go:
    def on_get(self, request, response):
        raise falcon.HTTPFound(request.root_path + "/landed")


class Landed:
    def on_get(self, request, response):
        response.text = "landed"


class Form:
    def on_post(self, request, response):
        name = request.get_media()["name"]
        coded = base64.urlsafe_b64encode(name.encode()).decode()
        response.set_cookie("session", coded, secure=False)
        response.media = {"name": name}


class Session:
    def on_get(self, request, response):
        coded = request.cookies.get("session")
        name = coded and base64.urlsafe_b64decode(coded).decode()
        response.media = {"name": name}


class Total:
    def on_post(self, request, response):
        response.media = {"sum": sum(request.get_media()["numbers"])}


class Upload:
    def on_post(self, request, response):
        seen = {}
        for part in request.get_media():
            if part.name == "file":
                data = part.stream.read()
                seen.update(name=part.filename, size=len(data),
                            sum=hashlib.sha256(data).hexdigest())
            else:
                seen[part.name] = part.text
        response.media = seen


class Stream:
    def on_get(self, request, response):
        response.content_type = "text/plain"
        response.stream = (f"line {number}\n".encode() for number in range(2000))


class File:
    def on_get(self, request, response):
        response.content_type = "application/octet-stream"
        response.set_stream(open("file.bin", "rb"), os.path.getsize("file.bin"))


class Boom:
    def on_get(self, request, response):
        raise RuntimeError("the view failed")


class Hello:
    def on_get(self, request, response, name):
        url = f"{request.scheme}://{request.netloc}{request.root_path}{request.path}"
        response.media = {"name": name, "q": request.get_param("q"), "path": request.path,
                          "script": request.root_path, "url": url}


class Cookies:
    def on_get(self, request, response):
        response.text = "cookies"
        response.set_cookie("a", "1", secure=False)
        response.set_cookie("b", "2", secure=False)


application = falcon.App()
for path, resource in {
    "/": Start(),
    "/go": Go(),
    "/landed": Landed(),
    "/form": Form(),
    "/session": Session(),
    "/json": Total(),
    "/upload": Upload(),
    "/stream": Stream(),
    "/file": File(),
    "/boom": Boom(),
    "/h\u00e4llo/{name}": Hello(),
    "/cookies": Cookies(),
}.items():
    application.add_route(path, resource)
multipart = application.req_options.media_handlers[falcon.MEDIA_MULTIPART]
multipart.parse_options.max_body_part_buffer_size = 16 * 1024 * 1024
validated = validator(application)
