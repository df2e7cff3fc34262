"""The flow of the frameworks' tests, as an application of Flask has it."""
import hashlib
from wsgiref.validate import validator

from flask import Flask, Response, jsonify, redirect, request, send_file, session, url_for

application = Flask(__name__)
application.secret_key = "for-tests-only"
application.json.ensure_ascii = False


@application.get("/")
def start():
    return "<h1>start</h1>\n"


@application.get("/go")
def go():
    return redirect(url_for("landed"))


@application.get("/landed")
def landed():
    return "landed"


@application.post("/form")
def form():
    session["name"] = request.form["name"]
    return jsonify(name=request.form["name"])


@application.get("/session")
def remembered():
    return jsonify(name=session.get("name"))


@application.post("/json")
def total():
    return jsonify(sum=sum(request.get_json()["numbers"]))


@application.post("/upload")
def upload():
    file = request.files["file"]
    data = file.read()
    return jsonify(name=file.filename, size=len(data), sum=hashlib.sha256(data).hexdigest(),
                   note=request.form["note"])


@application.get("/stream")
def stream():
    return Response((f"line {number}\n" for number in range(2000)), mimetype="text/plain")


@application.get("/file")
def file():
    return send_file("file.bin", mimetype="application/octet-stream")


@application.get("/boom")
def boom():
    raise RuntimeError("the view failed")


@application.get("/h\u00e4llo/<name>")
def hello(name):
    return jsonify(name=name, q=request.args["q"], path=request.path, script=request.script_root,
                   url=request.base_url)


@application.get("/cookies")
def cookies():
    answer = Response("cookies", mimetype="text/plain")
    answer.set_cookie("a", "1")
    answer.set_cookie("b", "2")
    return answer


def sized(environ, start_response):
    """Told that the input ends by itself, Flask reads without a size; the validator forbids that."""
    environ.pop("wsgi.input_terminated", None)
    return application(environ, start_response)


validated = validator(sized)
