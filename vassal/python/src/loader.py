"""Which applications there are: modules, files, what is imported before and put beside them."""


def configure(text):
    """The settings, from JSON. A JSON text is a Python expression but for three names, and the
    module json would cost each nursery a millisecond."""
    return eval(text, {"__builtins__": {}, "true": True, "false": False, "null": None})


def bring(name):
    """A module by its name, or by its file."""
    if name.endswith(".py") or "/" in name:
        return from_file(name)
    __import__(name)
    return sys.modules[name]


def from_file(path):
    """A module from a file, under uWSGI's name for it: code that pickles depends on that."""
    import types

    stem = path[:-3] if path.endswith(".py") else path
    title = "uwsgi_file_" + stem.replace("/", "_").replace(".", "_")
    loaded = types.ModuleType(title)
    loaded.__file__ = path
    with open(path, "rb") as source:
        code = compile(source.read(), path, "exec")
    sys.modules[title] = loaded
    exec(code, vars(loaded))
    return loaded


def from_text(code):
    """A module from the text of `eval`."""
    import types

    loaded = types.ModuleType("uwsgi_eval_config")
    sys.modules["uwsgi_eval_config"] = loaded
    exec(compile(code, "<eval>", "exec"), vars(loaded))
    return loaded


def from_paste(path, logger):
    """The application of a Paste configuration."""
    path = os.path.abspath(path)
    if logger:
        import logging.config

        here = {"__file__": path, "here": os.path.dirname(path)}
        logging.config.fileConfig(path, here, disable_existing_loggers=False)
    from paste.deploy import loadapp

    return loadapp("config:" + path)


def alias(pairs):
    """Other names of modules."""
    for name, module in pairs:
        sys.modules[name] = bring(module)


def pick(module, where, name):
    """The callable of a module; `name()` is called once for it."""
    call = name.endswith("()")
    name = name[:-2] if call else name
    found = module
    try:
        for part in name.split("."):
            found = getattr(found, part)
    except AttributeError:
        space = vars(module)
        near = [other for other in ("application", "app", "wsgi_app", "wsgi") if other in space]
        hint = '; did you mean "callable = %s"?' % near[0] if near else ""
        raise AttributeError("no callable %r in %s%s" % (name, where, hint)) from None
    if call:
        found = found()
    if not callable(found):
        raise TypeError("%r of %s is not callable" % (name, where))
    return found


def several(module, where, table):
    """The applications of a dictionary, mount point to callable or its name."""
    for point, found in table.items():
        point = point.decode() if isinstance(point, bytes) else point
        point = point.strip("/")
        if isinstance(found, (str, bytes)):
            found = pick(module, where, found.decode() if isinstance(found, bytes) else found)
        if not callable(found):
            raise TypeError("%r, mounted on %r by %s, is not callable" % (found, point, where))
        yield "", "/" + point if point else "", found


def load(target, name):
    """The applications of a module or file: usually one."""
    (kind, value), = target.items()
    if kind == "module":
        module, where = bring_module(value), "module %r" % value
    else:
        module, where = from_file(value), "file %r" % value
    return chosen(module, where, name)


def bring_module(name):
    __import__(name)
    return sys.modules[name]


def chosen(module, where, name):
    """The applications of a module that was loaded."""
    table = getattr(sys.modules.get("uwsgi"), "applications", None)
    if not name and not table and not hasattr(module, "application"):
        table = getattr(module, "applications", None)
    if not name and table:
        return list(several(module, where, table))
    return [("", "", pick(module, where, name or "application"))]


def mounted(mount, name):
    """An application below a path."""
    point = mount["host"] + ("|" if mount["host"] else "") + mount["point"]
    (value,) = mount["target"].values()
    say("mounting %s on %s\n" % (value, point))
    found = load(mount["target"], mount["callable"] or name)
    return [(mount["host"], mount["point"] + inner, app) for _, inner, app in found]


def begin(serve):
    """What is imported before the fork, whatever `lazy-apps` says."""
    python = serve["python"]
    alias(python["aliases"])
    for name in python["shared_imports"]:
        bring(name)


def applications(serve):
    """Every application: (host, mount point, callable). The first one is the default."""
    python, name = serve["python"], serve["callable"]
    for module in python["imports"]:
        bring(module)
    makers = []
    if serve["target"]:
        makers.append(lambda: load(serve["target"], name))
    if python["eval"]:
        makers.append(lambda: chosen(from_text(python["eval"]), "eval", name))
    if python["paste"]:
        makers.append(lambda: [("", "", from_paste(python["paste"], python["paste_logger"]))])
    makers += [lambda mount=mount: mounted(mount, name) for mount in python["mounts"]]
    if not makers and not python["worker_mounts"]:
        raise LookupError('no application is named: set "module", "wsgi-file" or "mount"')
    found = made(serve, makers)
    alias(python["late_aliases"])
    if python["chdir2"]:
        os.chdir(python["chdir2"])
    return found


def worker_applications(serve):
    """Those that each worker loads for itself."""
    python, name = serve["python"], serve["callable"]
    return made(serve, [lambda m=m: mounted(m, name) for m in python["worker_mounts"]])


def made(serve, makers):
    """What the makers make. Where an application may be missing (`need-app`), the others serve."""
    found, failed = [], None
    for maker in makers:
        try:
            found += maker()
        except Exception as error:
            if serve["need_app"] or len(makers) == 1:
                raise
            failed = error
            say(describe(type(error), error, error.__traceback__))
    if failed is not None and not found:
        raise failed
    return found
