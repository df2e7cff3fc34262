# the last one of a name counts; what is computed later takes away what was there
workers = 2
workers = len(open("/proc/cpuinfo").read())  # 100%
worker_tmp_dir = "/dev/shm"; timeout = 0
bind = ":443"
certfile, keyfile = "a.pem", "a.key"
certfile = "/etc/ssl/a.pem"
keyfile = "/etc/ssl/a.key"
worker_class = "gevent"
worker_connections = 2000
wsgi_app = "app:create_app('prod')"
raw_env = ["A=line\nbreak", "B= blanks ", "=C", "D=%"]
user = "no such/user"
threads = "many"
umask = "0x7x"
daemon = True
statsd_host = "localhost:8125"
on_exit = lambda server: None
logconfig_dict = {"version": 1, "handlers": {"a": ["b", {"c": 1}]}}
max_requests = 10 ** 9
bind += "x"
del workers
wokers = 3
