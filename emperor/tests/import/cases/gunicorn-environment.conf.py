import os
from multiprocessing import cpu_count
from os import environ

HOST = environ.get("HOST", "0.0.0.0")
PORT = int(os.environ.get("PORT", "8000"))
bind = f"{HOST}:{PORT}"
workers = int(os.getenv("WEB_CONCURRENCY", cpu_count() * 2 + 1))
threads = int(os.environ["THREADS"])
base = os.path.dirname(os.path.abspath(__file__))
chdir = base
raw_env = ["RELEASE=" + environ.get("RELEASE", "none"), "BASE=%s" % base]
wsgi_app = "project.wsgi"
worker_class = "gthread"
timeout = 120
keepalive = 5
accesslog = None
access_log_format = '%(h)s "%(r)s" %(s)s %(b)s %({x-request-id}i)s'
forwarded_allow_ips = "*"
if environ.get("DEBUG"):
    reload = True
    workers = 1
try:
    from local_settings import *
except ImportError:
    pass
