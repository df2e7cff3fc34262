"""The module `uwsgi`: what applications ask of their server (names and values are uWSGI's).

What needs the server itself is in `native`, functions of the extension. What is not built is
absent, so that `hasattr` tells the truth, and asking for it names the missing part. The exception
is what decorators of others call while an application is imported: it is there, and the log says
that nothing comes of it.
"""

# families of functions that a server without them does not have
MISSING = {
    "cache": "caches",
    "queue": "queues",
    "spool": "spoolers",
    "send_to_spooler": "spoolers",
    "set_spooler": "spoolers",
    "mule": "mules",
    "farm": "mules",
    "signal": "signals and timers",
    "add_": "signals and timers",
    "alarm": "alarms",
    "rpc": "remote calls",
    "call": "remote calls",
    "websocket": "websockets",
    "sharedarea": "shared areas",
    "metric": "metrics",
    "async": "asynchronous loops",
    "green": "asynchronous loops",
    "wait_fd": "asynchronous loops",
    "suspend": "asynchronous loops",
}


def make_module(serve, facts):
    """Makes `uwsgi`. `facts` is what the process knows besides its settings."""
    import time

    module = type(sys)("uwsgi", "What applications ask of their server.")
    space = vars(module)
    worker = {"id": 0}

    def encode(text):
        return text.encode("utf-8", "surrogateescape") if isinstance(text, str) else bytes(text)

    def decode(text):
        return bytes(text).decode("utf-8", "replace") if not isinstance(text, str) else text

    def options():
        given = {}
        for name, value in serve["options"]:
            value = True if value is None else encode(value)
            if name not in given:
                given[name] = value
            elif isinstance(given[name], list):
                given[name].append(value)
            else:
                given[name] = [given[name], value]
        # what is always so here, and what monitoring tools refuse to run without
        for name in ("enable-threads", "py-call-osafterfork", "py-call-uwsgi-fork-hooks"):
            given.setdefault(name, True)
        return given

    hostname = os.uname().nodename
    number = facts["version"].split("-")[0].split(".")
    started = int(time.time())
    module.applications = None
    module.buffer_size = serve["buffer_size"]
    module.cores = serve["threads"]
    module.has_threads = 1
    module.hostname = encode(hostname)
    module.is_a_reload = facts["generation"] > 1
    os.environ["UWSGI_RELOADS"] = str(facts["generation"] - 1)
    module.loop = None
    module.numproc = serve["processes"]
    module.opt = options()
    module.sockets = facts["sockets"]
    module.started_on = started
    module.unbit = None
    module.version = encode(facts["version"])
    module.version_info = tuple(int(part) for part in number[:3]) + (0, encode("emperor"))
    module.SPOOL_RETRY, module.SPOOL_OK, module.SPOOL_IGNORE = -1, -2, 0
    module.magic_table = {
        encode(letter): encode(value)
        for letter, value in {
            "%": "%",
            "(": "%(",
            "[": "\x1b",
            "G": str(os.getgid()),
            "T": str(started * 1000000),
            "U": str(os.getuid()),
            "V": facts["version"],
            "g": str(os.getgid()),
            "h": hostname,
            "k": str(os.cpu_count() or 1),
            "t": str(started),
            "u": str(os.getuid()),
            "v": os.getcwd(),
        }.items()
    }
    if "pidfile" in module.opt:
        module.pidfile = module.opt["pidfile"]

    def public(function):
        space[function.__name__] = function
        return function

    def missing(name):
        for start, what in MISSING.items():
            if name.startswith(start):
                return "uwsgi.%s is not there: this server has no %s" % (name, what)
        return "module 'uwsgi' has no attribute %r" % name

    def __getattr__(name):
        if name == "env":
            return native.environ() or {}
        raise AttributeError(missing(name))

    space["__getattr__"] = __getattr__

    # identity

    @public
    def worker_id():
        """The number of this worker, from 1; 0 before the fork."""
        return worker["id"]

    @public
    def mule_id():
        """0: this is no mule."""
        return 0

    @public
    def masterpid():
        """The process that supervises the workers."""
        return facts["master"]

    @public
    def i_am_the_spooler():
        """False: this is no spooler."""
        return False

    @public
    def i_am_the_lord(legion=None):
        """False: there are no legions."""
        return False

    @public
    def in_farm(name=None):
        """False: there are no farms of mules."""
        return False

    @public
    def request_id():
        """How many requests this worker has served."""
        return sum(one[2] for one in native.workers() if one[1] == os.getpid())

    @public
    def total_requests():
        """How many requests all workers have served."""
        return sum(one[2] for one in native.workers())

    @public
    def mem():
        """Resident and virtual bytes of this process."""
        try:
            with open("/proc/self/statm") as pages:
                virtual, resident = pages.read().split()[:2]
        except OSError:
            return 0, 0
        size = os.sysconf("SC_PAGE_SIZE")
        return int(resident) * size, int(virtual) * size

    @public
    def workers():
        """A dictionary for each worker."""
        found = {}
        for one in native.workers():
            identity, pid, requests, exceptions, busy, running, spawned, sent, average, accepts = one
            if identity in found and not accepts:
                continue  # the one that it replaces is on its way out
            found[identity] = {
                "id": identity,
                "pid": pid,
                "requests": requests,
                "delta_requests": requests,
                "signals": 0,
                "exceptions": exceptions,
                "status": b"busy" if busy else b"idle",
                "rss": 0,
                "vsz": 0,
                "running_time": running,
                "last_spawn": spawned,
                "respawn_count": 0,
                "tx": sent,
                "avg_rt": average,
                "apps": (),
            }
        return tuple(found[identity] for identity in sorted(found))

    @public
    def listen_queue(number=0):
        """Connections that wait in a TCP socket."""
        import socket

        queue = socket.fromfd(module.sockets[number], socket.AF_INET, socket.SOCK_STREAM)
        with queue:
            if not isinstance(queue.getsockname(), tuple):
                return 0
            # the field tcpi_unacked, which of a listener is its queue
            facts = queue.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 28)
        return int.from_bytes(facts[24:28], sys.byteorder)

    @public
    def micros():
        """The time in microseconds since the epoch."""
        return time.time_ns() // 1000

    # control

    @public
    def reload():
        """Asks the master for a reload."""
        import signal

        os.kill(facts["master"], signal.SIGHUP)
        return True

    @public
    def stop():
        """Asks the master to stop gracefully."""
        import signal

        reloads = serve["die_on_term"] is False
        os.kill(facts["master"], signal.SIGINT if reloads else signal.SIGTERM)
        return True

    @public
    def ready():
        """True: workers serve as soon as they exist."""
        return True

    @public
    def accepting():
        """Nothing: the server says by itself when a worker accepts."""

    @public
    def set_user_harakiri(seconds):
        """The request may take so many seconds from now; 0 takes that back."""
        if not state.get("explains"):
            explain_by(facts["stacks"])
        native.limit(seconds)

    @public
    def setprocname(name):
        """Shows a name in place of this process's short one."""
        native.name(decode(name))

    @public
    def set_warning_message(text):
        """Writes a warning to the log."""
        log(text)

    # locks

    @public
    def lock(number=0):
        """Takes one of the locks that all workers share (`locks`); waits for it."""
        native.lock(number)

    @public
    def unlock(number=0):
        """Gives a lock back."""
        native.unlock(number)

    @public
    def is_locked(number=0):
        """Whether any worker has a lock."""
        return native.locked(number)

    # the request

    @public
    def log(text):
        """Writes a line to the log."""
        os.write(2, encode(text) + b"\n")
        return True

    @public
    def set_logvar(name, value):
        """Keeps a value for `%(name)` in the request's line (`log-format`)."""
        native.note(decode(name), encode(value))

    @public
    def get_logvar(name):
        """A value that was kept for the request's line."""
        return native.noted(decode(name))

    @public
    def add_var(name, value):
        """Makes a variable of the request for its line: `%(var.NAME)` of `log-format`."""
        native.note("var." + decode(name), encode(value))
        return True

    @public
    def log_this_request():
        """Has the request's line written although `disable-logging` is set."""
        native.want()

    @public
    def cl():
        """The size of the request's body."""
        return int((native.environ() or {}).get("CONTENT_LENGTH") or 0)

    @public
    def connection_fd():
        """The descriptor of the client's connection; -1 where there is none."""
        return native.descriptor()

    @public
    def is_connected(descriptor):
        """Whether the other end of a connection is still there."""
        import select

        watch = select.poll()
        watch.register(descriptor, select.POLLRDHUP)
        return not watch.poll(0)

    @public
    def disconnect():
        """Ends the answer here: the application goes on without its client."""
        native.hang_up()

    @public
    def sendfile(filelike, size=32768):
        """The file of a response, as `wsgi.file_wrapper` makes it."""
        return FileWrapper(filelike, size or 32768)

    @public
    def chunked_read(timeout=None):
        """The next part of the body; empty at its end. The whole body is there already."""
        environ = native.environ()
        if environ is None:
            raise OSError("there is no request")
        source = environ["wsgi.input"]
        # a middleware's input may have the methods of PEP 3333 only
        return getattr(source, "read1", source.read)(65536)

    @public
    def chunked_read_nb():
        """The same: there is nothing to wait for."""
        return chunked_read()

    # what others' decorators call at import

    registered = {}
    told = set()

    def tell(name, part, what):
        if what not in told:
            told.add(what)
            log("uwsgi.%s: this server has no %s: %s" % (name, part, what))

    def place(function):
        name = getattr(function, "__qualname__", None) or repr(function)
        return "%s.%s" % (getattr(function, "__module__", "?"), name)

    @public
    def register_signal(number, target, function):
        """Remembers a function that would be called at a signal, and says that nothing calls it."""
        registered[number] = function
        tell("register_signal", "signals and timers", "nothing calls %s" % place(function))

    @public
    def signal_registered(number):
        """Whether there is a function for a signal."""
        return number in registered

    def never(name):
        def nothing(number, *when):
            # what registered the function has said it already
            if number not in registered:
                tell(name, "signals and timers", "nothing comes of signal %s" % number)

        nothing.__name__ = name
        nothing.__doc__ = "Nothing: no signal is ever raised."
        public(nothing)

    for one in ("add_timer", "add_ms_timer", "add_rb_timer", "add_cron", "add_file_monitor"):
        never(one)

    @public
    def signal(number, *where):
        """Nothing: no signal is ever raised, which is said once for each."""
        tell("signal", "signals and timers", "signal %s is not raised" % number)

    @public
    def register_rpc(name, function, arguments=0):
        """Says that nothing calls a function from afar."""
        tell("register_rpc", "remote calls", "nothing calls %s" % place(function))
        return True

    def born(number):
        worker["id"] = number

    state["module"], state["born"] = module, born
    sys.modules["uwsgi"] = module
    if not any(isinstance(one, Decorators) for one in sys.meta_path):
        sys.meta_path.append(Decorators())


# what support.py's other functions need of the module
state = {}


def explain_by(signal):
    """Has the stacks of all threads written when a signal comes, whoever holds a lock."""
    import faulthandler

    faulthandler.register(signal, file=2, all_threads=True, chain=False)
    state["explains"] = True
    native.explains()


def forked(number):
    """The first thing in a worker."""
    state["born"](number)
    post_fork()


def post_fork():
    """Calls the hook of a fork, once for each function that is put there."""
    hook = getattr(state["module"], "post_fork_hook", None)
    if hook is not None and hook is not state.get("called"):
        state["called"] = hook
        hook()


def name_thread(core):
    """The name that logs show of a thread that serves. Where nobody imported threading, nobody
    asks for it."""
    threading = sys.modules.get("threading")
    if threading is not None:
        name = "uWSGIWorker%dCore%d" % (state["module"].worker_id(), core)
        threading.current_thread().name = name


def after_request():
    """The hook that is called after each request, if there is one."""
    return getattr(state["module"], "after_req_hook", None)


def last_words():
    """What the application wants to be called at the end of a worker."""
    hook = getattr(state["module"], "atexit", None)
    if hook is not None:
        hook()


class Decorators:
    """Finds `uwsgidecorators` where the environment does not have it: asked last of all."""

    def find_spec(self, name, path=None, target=None):
        if name != "uwsgidecorators":
            return None
        from importlib.machinery import ModuleSpec

        return ModuleSpec(name, self)

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        exec(compile(DECORATORS, "_vassal_decorators.py", "exec"), vars(module))
