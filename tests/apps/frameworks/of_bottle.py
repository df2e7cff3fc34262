"""The flow of the frameworks' tests, as an application of Bottle has it."""
import hashlib
from wsgiref.validate import validator

from bottle import Bottle, redirect, request, response, static_file

SECRET = "for-tests-only"
application = Bottle()


@application.get("/")
def start():
    return "<h1>start</h1>\n"


@application.get("/go")
def go():
    redirect(application.get_url("landed"), 302)


@application.get("/landed", name="landed")
def landed():
    return "landed"


@application.post("/form")
def form():
    name = request.forms.getunicode("name")
    response.set_cookie("session", name, secret=SECRET)
    return {"name": name}


@application.get("/session")
def remembered():
    return {"name": request.get_cookie("session", secret=SECRET)}


@application.post("/json")
def total():
    return {"sum": sum(request.json["numbers"])}


@application.post("/upload")
def upload():
    file = request.files.get("file")
    data = file.file.read()
    return {"name": file.raw_filename, "size": len(data), "sum": hashlib.sha256(data).hexdigest(),
            "note": request.forms.getunicode("note")}


@application.get("/stream")
def stream():
    response.content_type = "text/plain"
    for number in range(2000):
        yield f"line {number}\n"


@application.get("/file")
def file():
    return static_file("file.bin", root=".", mimetype="application/octet-stream")


@application.get("/boom")
def boom():
    raise RuntimeError("the view failed")


@application.get("/h\u00e4llo/<name>")
def hello(name):
    parts = request.urlparts
    return {"name": name, "q": request.query.getunicode("q"),
            "path": request.environ["PATH_INFO"], "script": request.script_name.rstrip("/"),
            "url": f"{parts.scheme}://{parts.netloc}{parts.path}"}


@application.get("/cookies")
def cookies():
    response.set_cookie("a", "1")
    response.set_cookie("b", "2")
    return "cookies"
validated = validator(application)
