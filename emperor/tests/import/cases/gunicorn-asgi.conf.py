wsgi_app = "site.asgi:application"
worker_class = "uvicorn.workers.UvicornWorker"
bind = "unix:/run/site.sock"
workers = 3
