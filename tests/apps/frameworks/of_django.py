"""The flow of the frameworks' tests, as a site of Django has it."""
import hashlib
import json
from wsgiref.validate import validator

from django.conf import settings

settings.configure(
    SECRET_KEY="for-tests-only",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
    ],
    SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
)

from django.core.wsgi import get_wsgi_application
from django.http import FileResponse, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.views.decorators.http import require_GET, require_safe


@require_safe
def start(request):
    return HttpResponse("<h1>start</h1>\n")


@require_GET
def go(request):
    return redirect("landed")


def landed(request):
    return HttpResponse("landed")


def form(request):
    request.session["name"] = request.POST["name"]
    return JsonResponse({"name": request.POST["name"]})


def remembered(request):
    return JsonResponse({"name": request.session.get("name")})


def total(request):
    return JsonResponse({"sum": sum(json.loads(request.body)["numbers"])})


def upload(request):
    file = request.FILES["file"]
    data = file.read()
    return JsonResponse({"name": file.name, "size": len(data), "note": request.POST["note"],
                         "sum": hashlib.sha256(data).hexdigest()})


def stream(request):
    lines = (f"line {number}\n" for number in range(2000))
    return StreamingHttpResponse(lines, content_type="text/plain")


def file(request):
    return FileResponse(open("file.bin", "rb"), content_type="application/octet-stream")


def boom(request):
    raise RuntimeError("the view failed")


def hello(request, name):
    return JsonResponse({"name": name, "q": request.GET["q"], "path": request.path_info,
                         "script": request.path[:-len(request.path_info)],
                         "url": request.build_absolute_uri(request.path)})


def cookies(request):
    answer = HttpResponse("cookies")
    answer.set_cookie("a", "1")
    answer.set_cookie("b", "2")
    return answer


urlpatterns = [
    path("", start),
    path("go", go),
    path("landed", landed, name="landed"),
    path("form", form),
    path("session", remembered),
    path("json", total),
    path("upload", upload),
    path("stream", stream),
    path("file", file),
    path("boom", boom),
    path("h\u00e4llo/<name>", hello),
    path("cookies", cookies),
]

application = get_wsgi_application()
validated = validator(application)
