"""A Django site in one file, with sessions, forms and uploads, behind three middlewares."""
import hashlib
from wsgiref.validate import validator

from django.conf import settings

settings.configure(
    SECRET_KEY="for-tests-only",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.middleware.gzip.GZipMiddleware",
    ],
    SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
    TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
)

from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse, StreamingHttpResponse
from django.middleware.csrf import get_token
from django.urls import path


def form(request):
    if request.method == "POST":
        request.session["name"] = request.POST["name"]
        return HttpResponseRedirect("/who/?from=" + request.POST["name"])
    return HttpResponse(get_token(request))


def who(request):
    return JsonResponse({
        "name": request.session.get("name"),
        "from": request.GET.get("from"),
        "path": request.path,
        "url": request.build_absolute_uri(),
    })


def upload(request):
    file = request.FILES["file"]
    digest = hashlib.sha256(b"".join(file.chunks())).hexdigest()
    return HttpResponse(f"{file.size} {digest}")


def stream(request):
    return StreamingHttpResponse(f"line {number}\n" for number in range(2000))


def boom(request):
    raise RuntimeError("the view failed")


urlpatterns = [
    path("form/", form),
    path("who/", who),
    path("upload/", upload),
    path("stream/", stream),
    path("boom/", boom),
]


class Stamp:
    """Adds a field to each answer."""

    def __init__(self, inner, name):
        self.inner, self.name = inner, name

    def __call__(self, environ, start_response):
        def start(status, headers, exc_info=None):
            headers = headers + [("X-Stamp", self.name)]
            if exc_info:
                return start_response(status, headers, exc_info)
            return start_response(status, headers)
        return self.inner(environ, start)


class Relay:
    """Hands the body through block by block, and closes it."""

    def __init__(self, inner):
        self.inner = inner

    def __call__(self, environ, start_response):
        result = self.inner(environ, start_response)
        try:
            yield from result
        finally:
            if hasattr(result, "close"):
                result.close()


application = validator(Stamp(Relay(Stamp(get_wsgi_application(), "inner")), "outer"))
