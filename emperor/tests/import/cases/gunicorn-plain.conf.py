"""Settings of the shop."""
import multiprocessing
import os

wsgi_app = "shop.wsgi:application"
proc_name = "shop"
bind = ["127.0.0.1:8000", "unix:/run/shop/shop.sock"]
backlog = 512
workers = multiprocessing.cpu_count() * 2 + 1
worker_class = "sync"
timeout = 60
graceful_timeout = 20
max_requests = 1000
max_requests_jitter = 50
chdir = "/srv/shop"
pythonpath = "/srv/shop/lib,/srv/shop/vendor"
user = "shop"
group = "www-data"
umask = 0o007
raw_env = [
    "DJANGO_SETTINGS_MODULE=shop.settings",
    "RATE=100%",
    "PATTERN=%(asctime)s $(not a variable)",
]
preload_app = True
accesslog = "-"
errorlog = "/var/log/shop/error.log"
loglevel = "warning"
limit_request_line = 8190
reload = os.environ.get("DEBUG") == "1"


def post_fork(server, worker):
    workers = 99
    server.log.info("worker %s", worker.pid)


def when_ready(server):
    pass
