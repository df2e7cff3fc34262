//! nginx as the front: one configuration, a prefix of its own, the packaged `uwsgi_params`.

use std::net::SocketAddr;
use std::path::Path;

use crate::programs::system;
use crate::{Dir, Run, Server, free_address};

/// A running nginx.
pub struct Nginx {
    /// The process.
    pub server: Server,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Nginx {
    /// Starts it with the given `http` and `server` lines; `None` if it is not installed.
    pub fn start(dir: &Dir, http: &str, inside: &str) -> Option<Self> {
        let program = system("nginx")?;
        let address = free_address();
        let home = dir.mkdir("nginx");
        let home = home.display();
        let user = if nix::unistd::geteuid().is_root() { "user www-data;" } else { "" };
        let text = format!(
            "{user}\ndaemon off;\nworker_processes 2;\npid {home}/nginx.pid;\nerror_log stderr;\n\
             events {{ worker_connections 512; }}\n\
             http {{\n access_log off;\n client_body_temp_path {home}/body;\n\
             proxy_temp_path {home}/proxy;\n uwsgi_temp_path {home}/uwsgi;\n\
             fastcgi_temp_path {home}/fastcgi;\n scgi_temp_path {home}/scgi;\n\
             include /etc/nginx/mime.types;\n {http}\n\
             server {{\n listen {address};\n {inside}\n }}\n}}\n"
        );
        let file = dir.write("nginx/nginx.conf", text);
        let server = Run::program(dir, program).args([Path::new("-c"), &file]).start();
        server.await_tcp(address);
        Some(Self { server, address })
    }
}
