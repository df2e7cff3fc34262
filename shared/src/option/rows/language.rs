//! Other languages and rarely used plugins.

use super::{FOREIGN, LEGION, TERMINAL};
use crate::option::{Kind, Row, row};

const GO: &str = "a Go program serves HTTP by itself: run it as a service";
const GEOIP: &str =
    "the databases it reads are no longer published: look addresses up in the web server";
const STORAGE: &str = "mount the file system and let the web server send its files";
const JAVA: &str = "a Java server serves HTTP by itself: run it as a service";
const SOURCE: &str = "write the configuration to a file";
const MONO: &str = "an ASP.NET server serves HTTP by itself: run it as a service";
const PYPY: &str = "CPython is what is served: set `home` to an environment of CPython";
const WEBDAV: &str = "use the WebDAV module of the web server";
const XSLT: &str = "use the XSLT module of the web server";
const MONGODB: &str = "files in MongoDB are not served: store them in a directory";
const PROGRAM: &str = "Node.js serves HTTP by itself: run it as a service";

/// The rows of this subject.
pub(super) const ROWS: &[Row] = &[
    row("cgi", Kind::Special)
        .planned("Run programs below a directory as CGI, `path` or `/prefix=path`."),
    row("cgi-map-helper", Kind::Special)
        .aliases(&["cgi-helper"])
        .planned("Program that runs CGI files of an ending, `.ending=program`."),
    row("cgi-from-docroot", Kind::Flag)
        .planned("Find CGI files below the document root that the web server sends."),
    row("cgi-buffer-size", Kind::Long)
        .planned("Size of the buffer for the output of CGI programs, in bytes."),
    row("cgi-timeout", Kind::Integer).planned("Seconds that a CGI program may be silent."),
    row("cgi-index", Kind::List).planned("File that answers for a directory of CGI programs."),
    row("cgi-allowed-ext", Kind::List).planned("Ending of files that may run as CGI."),
    row("cgi-unset", Kind::List).planned("Variable that CGI programs do not get."),
    row("cgi-optimize", Kind::Flag)
        .aliases(&["cgi-optimized"])
        .planned("Resolve the paths of CGI files in a quicker way."),
    row("cgi-path-info", Kind::Flag).planned("Leave `PATH_INFO` of CGI requests as it is."),
    row("cgi-do-not-kill-on-error", Kind::Flag)
        .planned("Let a CGI program run on when its client is gone."),
    row("cgi-async-max-attempts", Kind::Integer)
        .bare()
        .default("10")
        .planned("How often the end of a CGI program is looked for in async mode."),
    row("cgi-close-stdin-on-eof", Kind::Flag)
        .planned("Close the input of a CGI program at the end of the body."),
    row("cgi-safe", Kind::List).planned("Directory outside that CGI programs may also lie in."),
    row("curl-cron", Kind::Special)
        .aliases(&["cron-curl"])
        .planned("Request a URL by the clock, `minute hour day month weekday url`."),
    row("lua", Kind::Text).planned("Lua file that holds a WSAPI application."),
    row("lua-load", Kind::List).planned("Lua file that is loaded before the application."),
    row("lua-shell", Kind::Special)
        .aliases(&["luashell"])
        .bare()
        .planned("Open an interactive Lua."),
    row("lua-gc-freq", Kind::Integer)
        .bare()
        .planned("Requests between collections of Lua's garbage."),
    row("pam", Kind::Text)
        .planned("PAM service whose session is opened when privileges are dropped."),
    row("pam-user", Kind::Text).planned("Name of the user that PAM is told."),
    row("php-ini", Kind::Special).aliases(&["php-config"]).planned("PHP's php.ini."),
    row("php-ini-append", Kind::List).aliases(&["php-config-append"]).planned("A further php.ini."),
    row("php-set", Kind::List).planned("Setting of PHP, `name=value`."),
    row("php-index", Kind::List).planned("File that answers for a directory of PHP."),
    row("php-docroot", Kind::Text).planned("Directory of PHP files."),
    row("php-allowed-docroot", Kind::List).planned("Directory that PHP files must lie in."),
    row("php-allowed-ext", Kind::List).planned("Ending of files that may run as PHP."),
    row("php-allowed-script", Kind::List).planned("PHP file that may run."),
    row("php-server-software", Kind::Text).planned("What PHP is told the server is."),
    row("php-app", Kind::Text).planned("PHP file that answers every request."),
    row("php-app-qs", Kind::Text).planned("Query string for `php-app`."),
    row("php-fallback", Kind::Text).planned("PHP file that answers when there is no file."),
    row("php-fallback2", Kind::Text)
        .planned("As `php-fallback`, with the path of the request kept."),
    row("php-fallback-qs", Kind::Text)
        .planned("Put the path into this query variable for `php-fallback`."),
    row("php-app-bypass", Kind::List).planned("Pattern of paths that `php-app` does not answer."),
    row("php-var", Kind::List).planned("Variable for PHP, `NAME=value`."),
    row("php-constant", Kind::List).planned("Constant for PHP, `NAME=value`."),
    row("php-dump-config", Kind::Flag).planned("Print the settings of PHP."),
    row("php-exec-before", Kind::List).planned("PHP code that runs before each request."),
    row("php-exec-begin", Kind::List).planned("As `php-exec-before`."),
    row("php-exec-after", Kind::List).planned("PHP code that runs after each request."),
    row("php-exec-end", Kind::List).planned("As `php-exec-after`."),
    row("php-sapi-name", Kind::Text).planned("What PHP is told its interface is."),
    row("psgi", Kind::Text).planned("File that holds a PSGI application."),
    row("psgi-enable-psgix-io", Kind::Flag).planned("Give PSGI applications the client's socket."),
    row("perl-no-die-catch", Kind::Flag).planned("Leave the handler of `die` in Perl alone."),
    row("perl-local-lib", Kind::Text).planned("Directory of Perl modules."),
    row("perl-version", Kind::Special).bare().immediate().planned("Print the version of Perl."),
    row("perl-args", Kind::Text).planned("Arguments for Perl, separated by spaces."),
    row("perl-arg", Kind::List).planned("An argument for Perl."),
    row("perl-exec", Kind::List).planned("Perl code that runs before the application is loaded."),
    row("perl-exec-post-fork", Kind::List).planned("Perl code that runs in each worker."),
    row("perl-auto-reload", Kind::Integer)
        .planned("Seconds between looks for changed Perl modules."),
    row("perl-auto-reload-ignore", Kind::List).planned("Perl module whose changes are overlooked."),
    row("plshell", Kind::Special).optional().planned("Open an interactive Perl."),
    row("plshell-oneshot", Kind::Special).bare().planned("Open an interactive Perl once."),
    row("perl-no-plack", Kind::Flag).planned("Load the PSGI file without Plack."),
    row("rails", Kind::Text).planned("Directory of a Rails application, the old way."),
    row("rack", Kind::Text).planned("File that holds a Rack application."),
    row("ruby-gc-freq", Kind::Integer)
        .aliases(&["rb-gc-freq"])
        .planned("Requests between collections of Ruby's garbage."),
    row("rb-lib", Kind::List)
        .aliases(&["ruby-lib"])
        .planned("Directory where Ruby looks for libraries."),
    row("rb-require", Kind::List)
        .aliases(&["ruby-require", "rbrequire", "rubyrequire", "require"])
        .planned("Ruby library that each worker loads."),
    row("shared-rb-require", Kind::List)
        .aliases(&[
            "shared-ruby-require",
            "shared-rbrequire",
            "shared-rubyrequire",
            "shared-require",
        ])
        .planned("Ruby library that is loaded before the fork."),
    row("gemset", Kind::Text).planned("Gem set of RVM."),
    row("rvm", Kind::Text).planned("As `gemset`."),
    row("rvm-path", Kind::List).planned("Directory of RVM."),
    row("rbshell", Kind::Special).optional().planned("Open an interactive Ruby."),
    row("rbshell-oneshot", Kind::Special).bare().planned("Open an interactive Ruby once."),
    row("zergpool", Kind::List).aliases(&["zerg-pool"]).works(
        "UNIX socket that gives listening sockets held for others, `socket:address,address`.",
    ),
    row("cgi-loadlib", Kind::List).refused(FOREIGN, "Load a shared library for CGI."),
    row("legion-curl-cron", Kind::Special)
        .aliases(&["legion-cron-curl", "curl-cron-legion", "cron-curl-legion"])
        .refused(LEGION, "As `curl-cron`, on the lord of a legion only."),
    row("dumbloop-modifier1", Kind::Integer)
        .default("0")
        .refused(FOREIGN, "Modifier of the loop in user code."),
    row("dumbloop-code", Kind::Text).refused(FOREIGN, "File with a loop that serves requests."),
    row("dumbloop-function", Kind::Text)
        .refused(FOREIGN, "Function that is a loop that serves requests."),
    row("go-load", Kind::List)
        .aliases(&["gccgo-load"])
        .refused(GO, "Load a library written in Go."),
    row("go-args", Kind::Text)
        .aliases(&["gccgo-args"])
        .refused(GO, "Arguments for a library written in Go."),
    row("goroutines", Kind::Special).refused(GO, "Serve requests as goroutines."),
    row("geoip-country", Kind::Text).refused(GEOIP, "Database of countries by address."),
    row("geoip-city", Kind::Text).refused(GEOIP, "Database of cities by address."),
    row("geoip-use-disk", Kind::Flag)
        .refused(GEOIP, "Leave the databases of addresses on the disk."),
    row("glusterfs-mount", Kind::List).refused(STORAGE, "Serve files of GlusterFS."),
    row("glusterfs-timeout", Kind::Integer).refused(STORAGE, "Seconds that GlusterFS may take."),
    row("jvm-main-class", Kind::List).refused(JAVA, "Java class whose main method is called."),
    row("jvm-opt", Kind::List).refused(JAVA, "Option for the Java machine."),
    row("jvm-class", Kind::List).refused(JAVA, "Java class that is loaded."),
    row("jvm-classpath", Kind::List).refused(JAVA, "Where Java looks for classes."),
    row("jwsgi", Kind::Text).refused(JAVA, "Java class and method that answer requests."),
    row("ldap", Kind::Special).immediate().refused(SOURCE, "Read the configuration from LDAP."),
    row("ldap-schema", Kind::Special)
        .bare()
        .immediate()
        .refused(SOURCE, "Print the LDAP schema of options."),
    row("ldap-schema-ldif", Kind::Special)
        .bare()
        .immediate()
        .refused(SOURCE, "Print the LDAP schema of options as LDIF."),
    row("zeromq", Kind::Special)
        .aliases(&["zmq", "zeromq-socket", "zmq-socket", "mongrel2"])
        .refused(
            "put a web server in front that speaks HTTP or uwsgi",
            "Address of a Mongrel2 server.",
        ),
    row("mono-app", Kind::List).refused(MONO, "Directory of an ASP.NET application."),
    row("mono-gc-freq", Kind::Long)
        .refused(MONO, "Requests between collections of Mono's garbage."),
    row("mono-key", Kind::List).refused(MONO, "Variable that chooses the ASP.NET application."),
    row("mono-version", Kind::Text).refused(MONO, "Version of Mono's run time."),
    row("mono-config", Kind::Text).refused(MONO, "Configuration file of Mono."),
    row("mono-assembly", Kind::Text).refused(MONO, "Assembly that serves ASP.NET."),
    row("mono-exec", Kind::List).refused(MONO, "Assembly that is run at the start."),
    row("mono-index", Kind::List).refused(MONO, "File that answers for a directory of ASP.NET."),
    row("pty-socket", Kind::Text).refused(TERMINAL, "Address of a terminal on the server."),
    row("pty-log", Kind::Flag).refused(TERMINAL, "Log what the terminal shows."),
    row("pty-input", Kind::Flag).refused(TERMINAL, "Read the terminal's input."),
    row("pty-connect", Kind::Text).refused(TERMINAL, "Connect to the terminal of a server."),
    row("pty-uconnect", Kind::Text).refused(TERMINAL, "As `pty-connect`, by uwsgi."),
    row("pty-no-isig", Kind::Flag).refused(TERMINAL, "Let the terminal raise no signals."),
    row("pty-exec", Kind::Text).refused(TERMINAL, "Program that runs in the terminal."),
    row("pypy-lib", Kind::Text).refused(PYPY, "Library of PyPy."),
    row("pypy-setup", Kind::Text).refused(PYPY, "Python file that sets PyPy up."),
    row("pypy-home", Kind::Text).refused(PYPY, "Root of PyPy."),
    row("pypy-wsgi", Kind::Text).refused(PYPY, "Module with a WSGI application for PyPy."),
    row("pypy-wsgi-file", Kind::Text).refused(PYPY, "File with a WSGI application for PyPy."),
    row("pypy-ini-paste", Kind::Special)
        .immediate()
        .refused(PYPY, "Paste configuration for PyPy that holds the server's options too."),
    row("pypy-paste", Kind::Text).refused(PYPY, "Paste configuration for PyPy."),
    row("pypy-eval", Kind::List).refused(PYPY, "Code that PyPy runs before the fork."),
    row("pypy-eval-post-fork", Kind::List).refused(PYPY, "Code that PyPy runs in each worker."),
    row("pypy-exec", Kind::List).refused(PYPY, "File that PyPy runs before the fork."),
    row("pypy-exec-post-fork", Kind::List).refused(PYPY, "File that PyPy runs in each worker."),
    row("pypy-pp", Kind::List)
        .aliases(&["pypy-python-path", "pypy-pythonpath"])
        .refused(PYPY, "Directory where PyPy looks for modules."),
    row("rados-mount", Kind::List).refused(STORAGE, "Serve objects of a RADOS pool."),
    row("rados-timeout", Kind::Integer).refused(STORAGE, "Seconds that RADOS may take."),
    row("ring-load", Kind::List)
        .aliases(&["clojure-load"])
        .refused(JAVA, "Clojure file that is loaded."),
    row("ring-app", Kind::Text).refused(JAVA, "Clojure function that answers requests."),
    row("sqlite3", Kind::Special)
        .aliases(&["sqlite"])
        .immediate()
        .refused(SOURCE, "Read the configuration from an SQLite database."),
    row("symcall", Kind::List).refused(FOREIGN, "Function in C that answers requests."),
    row("symcall-use-next", Kind::Flag)
        .refused(FOREIGN, "Look for functions in C in the libraries loaded later."),
    row("symcall-register-rpc", Kind::List)
        .refused(FOREIGN, "Offer a function in C to remote callers."),
    row("symcall-post-fork", Kind::List)
        .refused(FOREIGN, "Function in C that runs in each worker."),
    row("webdav-mount", Kind::List).refused(WEBDAV, "Serve a directory by WebDAV."),
    row("webdav-css", Kind::List)
        .refused(WEBDAV, "Address of a style sheet for WebDAV's listings."),
    row("webdav-javascript", Kind::List)
        .aliases(&["webdav-js"])
        .refused(WEBDAV, "Address of a script for WebDAV's listings."),
    row("webdav-class-directory", Kind::Text)
        .refused(WEBDAV, "Style class of directories in WebDAV's listings."),
    row("webdav-div", Kind::Text)
        .refused(WEBDAV, "Identifier of the element that holds a WebDAV listing."),
    row("webdav-lock-cache", Kind::Text).refused(WEBDAV, "Cache that keeps the locks of WebDAV."),
    row("webdav-principal-base", Kind::Text).refused(WEBDAV, "Base path of WebDAV's principals."),
    row("webdav-add-option", Kind::List)
        .refused(WEBDAV, "A further capability that WebDAV announces."),
    row("webdav-add-prop", Kind::List).refused(WEBDAV, "WebDAV property of everything."),
    row("webdav-add-collection-prop", Kind::List)
        .refused(WEBDAV, "WebDAV property of directories."),
    row("webdav-add-object-prop", Kind::List).refused(WEBDAV, "WebDAV property of files."),
    row("webdav-add-prop-href", Kind::List)
        .refused(WEBDAV, "WebDAV property of everything that is a link."),
    row("webdav-add-collection-prop-href", Kind::List)
        .refused(WEBDAV, "WebDAV property of directories that is a link."),
    row("webdav-add-object-prop-href", Kind::List)
        .refused(WEBDAV, "WebDAV property of files that is a link."),
    row("webdav-add-prop-comp", Kind::List)
        .refused(WEBDAV, "WebDAV property of everything whose value is XML."),
    row("webdav-add-collection-prop-comp", Kind::List)
        .refused(WEBDAV, "WebDAV property of directories whose value is XML."),
    row("webdav-add-object-prop-comp", Kind::List)
        .refused(WEBDAV, "WebDAV property of files whose value is XML."),
    row("webdav-add-rtype-prop", Kind::List).refused(WEBDAV, "WebDAV resource type of everything."),
    row("webdav-add-rtype-collection-prop", Kind::List)
        .refused(WEBDAV, "WebDAV resource type of directories."),
    row("webdav-add-rtype-object-prop", Kind::List)
        .refused(WEBDAV, "WebDAV resource type of files."),
    row("webdav-skip-prop", Kind::List).refused(WEBDAV, "WebDAV property that is left out."),
    row("xslt-docroot", Kind::List).refused(XSLT, "Directory of XML files that are transformed."),
    row("xslt-ext", Kind::List).refused(XSLT, "Ending under which style sheets are looked for."),
    row("xslt-var", Kind::List).refused(XSLT, "Variable that holds the path of the style sheet."),
    row("xslt-stylesheet", Kind::List).refused(XSLT, "Style sheet for all XML files."),
    row("xslt-content-type", Kind::Text)
        .default("text/html")
        .refused(XSLT, "Type of what comes out of a transformation."),
    row("gridfs-mount", Kind::List).refused(MONGODB, "Serve files of GridFS."),
    row("gridfs-debug", Kind::Flag).refused(MONGODB, "Log more about GridFS."),
    row("v8-load", Kind::List).refused(PROGRAM, "JavaScript file that is loaded."),
    row("v8-preemptive", Kind::Integer)
        .refused(PROGRAM, "Milliseconds after which JavaScript threads are switched."),
    row("v8-gc-freq", Kind::Long).refused(PROGRAM, "Requests between collections of V8's garbage."),
    row("v8-module-path", Kind::List).refused(PROGRAM, "Directory of JavaScript modules."),
    row("v8-jsgi", Kind::Text).refused(PROGRAM, "File that holds a JSGI application."),
];
