"""The flow of the frameworks' tests, as an application of Pyramid has it."""
import hashlib
from wsgiref.validate import validator

from pyramid.config import Configurator
from pyramid.httpexceptions import HTTPFound, HTTPMethodNotAllowed
from pyramid.response import FileResponse, Response
from pyramid.session import JSONSerializer, SignedCookieSessionFactory


def start(request):
    return Response("<h1>start</h1>\n")


def go(request):
    return HTTPFound(request.route_path("landed"))


def refused(request):
    return HTTPMethodNotAllowed()


def landed(request):
    return Response("landed")


def form(request):
    request.session["name"] = request.POST["name"]
    return {"name": request.POST["name"]}


def remembered(request):
    return {"name": request.session.get("name")}


def total(request):
    return {"sum": sum(request.json_body["numbers"])}


def upload(request):
    file = request.POST["file"]
    data = file.file.read()
    return {"name": file.filename, "size": len(data), "sum": hashlib.sha256(data).hexdigest(),
            "note": request.POST["note"]}


def stream(request):
    lines = (f"line {number}\n".encode() for number in range(2000))
    return Response(app_iter=lines, content_type="text/plain")


def file(request):
    return FileResponse("file.bin", request, content_type="application/octet-stream")


def boom(request):
    raise RuntimeError("the view failed")


def hello(request):
    return {"name": request.matchdict["name"], "q": request.GET["q"], "path": request.path_info,
            "script": request.script_name, "url": request.path_url}


def cookies(request):
    answer = Response("cookies", content_type="text/plain")
    answer.set_cookie("a", "1")
    answer.set_cookie("b", "2")
    return answer


def make():
    sessions = SignedCookieSessionFactory("for-tests-only", serializer=JSONSerializer())
    with Configurator(session_factory=sessions) as config:
        for path, method, view, renderer in [
            ("/", "GET", start, None),
            ("/go", "GET", go, None),
            ("/landed", "GET", landed, None),
            ("/form", "POST", form, "json"),
            ("/session", "GET", remembered, "json"),
            ("/json", "POST", total, "json"),
            ("/upload", "POST", upload, "json"),
            ("/stream", "GET", stream, None),
            ("/file", "GET", file, None),
            ("/boom", "GET", boom, None),
            ("/h\u00e4llo/{name}", "GET", hello, "json"),
            ("/cookies", "GET", cookies, None),
        ]:
            name = view.__name__
            config.add_route(name, path)
            config.add_view(view, route_name=name, request_method=method, renderer=renderer)
        config.add_view(refused, route_name="go")
        return config.make_wsgi_app()


application = make()
validated = validator(application)
