"""The admin, and a view that counts what was uploaded."""
from hashlib import sha256

from django.contrib import admin
from django.http import HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt


@csrf_exempt
def upload(request):
    data = request.FILES["file"].read()
    return HttpResponse(f"{len(data)} {sha256(data).hexdigest()}", content_type="text/plain")


urlpatterns = [path("admin/", admin.site.urls), path("upload", upload)]
