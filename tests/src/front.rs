//! Web servers in front of a server under test: each listens on a port for every protocol that it
//! speaks, and hands all requests on without a change of their paths.

use std::fmt::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::nginx::Nginx;
use crate::programs::system;
use crate::{Dir, Run, Server, free_address};

/// Where the server under test speaks each protocol.
#[derive(Clone, Copy, Debug)]
pub struct Behind {
    /// HTTP.
    pub http: SocketAddr,
    /// The uwsgi protocol.
    pub uwsgi: SocketAddr,
    /// FastCGI.
    pub fastcgi: SocketAddr,
    /// SCGI.
    pub scgi: SocketAddr,
}

/// A running web server.
pub struct Front {
    /// The process.
    pub server: Server,
    /// What it speaks to the server behind it, and where clients ask for that.
    pub ports: Vec<(&'static str, SocketAddr)>,
}

/// Writing to a string cannot fail.
const TAKES: &str = "a string takes text";

impl Front {
    /// nginx, with the parameter files as they are packaged; `None` if it is not installed.
    pub fn nginx(dir: &Dir, behind: Behind) -> Option<Self> {
        let mut ports = Vec::new();
        let mut text = String::from("client_max_body_size 20m;\n");
        for (name, inside) in [
            (
                "http",
                format!(
                    "proxy_http_version 1.1; proxy_set_header Connection \"\";\n\
                     proxy_set_header Host $http_host;\n\
                     proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;\n\
                     proxy_set_header X-Forwarded-Proto $scheme; proxy_pass http://{};",
                    behind.http
                ),
            ),
            ("uwsgi", format!("include /etc/nginx/uwsgi_params; uwsgi_pass {};", behind.uwsgi)),
            (
                "fastcgi",
                format!("include /etc/nginx/fastcgi_params; fastcgi_pass {};", behind.fastcgi),
            ),
            ("scgi", format!("include /etc/nginx/scgi_params; scgi_pass {};", behind.scgi)),
        ] {
            let address = free_address();
            writeln!(text, "server {{ listen {address}; location / {{ {inside} }} }}")
                .expect(TAKES);
            ports.push((name, address));
        }
        let Nginx { server, .. } = Nginx::start(dir, &text, "return 404;")?;
        Some(Self { server, ports })
    }

    /// Apache with `mod_proxy`; `None` if it is not installed.
    pub fn apache(dir: &Dir, behind: Behind) -> Option<Self> {
        let program = system("apache2")?;
        let mut text = apache(dir.path(), &program);
        text += "ProxyPreserveHost on\n";
        let mut ports = Vec::new();
        for (name, scheme, socket) in [
            ("http", "http", behind.http),
            ("uwsgi", "uwsgi", behind.uwsgi),
            ("fastcgi", "fcgi", behind.fastcgi),
            ("scgi", "scgi", behind.scgi),
        ] {
            let address = free_address();
            writeln!(
                text,
                "Listen {address}\n<VirtualHost {address}>\nProxyPass / {scheme}://{socket}/\n\
                 </VirtualHost>"
            )
            .expect(TAKES);
            ports.push((name, address));
        }
        let file = dir.write("apache.conf", text);
        let server = Run::program(dir, program).args(["-DFOREGROUND", "-f"]).arg(file).start();
        Some(Self { server, ports }.ready())
    }

    /// HAProxy; `None` if it is not installed.
    pub fn haproxy(dir: &Dir, behind: Behind) -> Option<Self> {
        let program = system("haproxy")?;
        let mut text = String::from(
            "defaults\n mode http\n timeout connect 5s\n timeout client 20s\n timeout server 20s\n\
             fcgi-app whole\n docroot /srv\n option keep-conn\n",
        );
        let mut ports = Vec::new();
        for (name, inside) in [
            ("http", format!("option forwardfor\n server s {}", behind.http)),
            ("fastcgi", format!("use-fcgi-app whole\n server s {} proto fcgi", behind.fastcgi)),
        ] {
            let address = free_address();
            writeln!(text, "listen {name}\n bind {address}\n {inside}").expect(TAKES);
            ports.push((name, address));
        }
        let file = dir.write("haproxy.cfg", text);
        let server = Run::program(dir, program).args(["-db", "-f"]).arg(file).start();
        Some(Self { server, ports }.ready())
    }

    /// Waits until every port is open.
    fn ready(self) -> Self {
        for (_, address) in &self.ports {
            self.server.await_tcp(*address);
        }
        self
    }
}

/// What every configuration of Apache begins with: its files are in `home`, and it is a proxy for
/// every protocol.
pub fn apache(home: &Path, program: &Path) -> String {
    let (home, modules) = (home.display(), beside(program, "apache2/modules"));
    let mut text = format!(
        "ServerRoot {home}\nPidFile {home}/apache.pid\nServerName localhost\n\
         ErrorLog {home}/apache.log\nUser www-data\n"
    );
    for module in [
        "mpm_event",
        "authz_core",
        "proxy",
        "proxy_http",
        "proxy_fcgi",
        "proxy_scgi",
        "proxy_uwsgi",
    ] {
        let file = modules.join(format!("mod_{module}.so"));
        writeln!(text, "LoadModule {module}_module {}", file.display()).expect(TAKES);
    }
    text
}

/// Where the modules of a package lie: beside its program, wherever that was unpacked.
pub fn beside(program: &Path, modules: &str) -> PathBuf {
    let root = program.ancestors().nth(2).unwrap_or(Path::new("/usr"));
    root.join("lib").join(modules)
}
