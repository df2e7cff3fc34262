//! What only Python applications have: further applications, imports, hooks of the interpreter.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Target;

/// What only Python applications have: further applications, imports, hooks of the interpreter.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Python {
    /// `mount`, in the order of the file.
    pub mounts: Vec<Mount>,
    /// `worker-mount`: as `mounts`, loaded in each worker.
    pub worker_mounts: Vec<Mount>,
    /// `manage-script-name`: the application is found by the start of the path.
    pub manage_script_name: bool,
    /// `ignore-script-name`: `SCRIPT_NAME` of the web server chooses no application.
    pub ignore_script_name: bool,
    /// `no-default-app`: a request that no mount point matches is not the first one's.
    pub no_default_app: bool,
    /// `vhost`, `vhost-host`: the host is a part of mount points.
    pub vhost: Vhost,
    /// `eval`: the application's source, instead of a module or file.
    pub eval: Option<String>,
    /// `paste`: the configuration that names the application.
    pub paste: Option<PathBuf>,
    /// `paste-logger`: logging is set up from that configuration.
    pub paste_logger: bool,
    /// `import`: imported before the application, wherever that is imported.
    pub imports: Vec<String>,
    /// `shared-import`: imported before the fork, whatever `lazy-apps` says.
    pub shared_imports: Vec<String>,
    /// `pymodule-alias`: names of modules, and the module or file that each stands for.
    pub aliases: Vec<(String, String)>,
    /// `post-pymodule-alias`: the same, once the application was imported.
    pub late_aliases: Vec<(String, String)>,
    /// `optimize`: the level of Python's optimisation.
    pub optimize: u8,
    /// `no-site`: the interpreter does not import `site`.
    pub no_site: bool,
    /// `py-sys-executable`: what `sys.executable` holds.
    pub executable: Option<String>,
    /// `chdir2`: the directory of the application once it was imported.
    pub chdir2: Option<PathBuf>,
    /// `body-buffering = false`: applications read bodies from the connection themselves.
    pub streams: bool,
    /// `wsgi-disable-file-wrapper`: no `wsgi.file_wrapper` in the environ.
    pub no_file_wrapper: bool,
    /// `locks`: how many locks of `uwsgi.lock` there are besides the first.
    pub locks: u32,
    /// `reload-on-exception` and the lists beside it.
    pub reload_on: ReloadOn,
    /// `thread-stacksize`, bytes; 0 is the server's own choice.
    pub thread_stack: u64,
    /// `no-threads-wait`: a worker ends without waiting for threads of the application's own.
    pub no_threads_wait: bool,
    /// `skip-atexit`: a worker ends without what was registered for its end.
    pub skip_atexit: bool,
}

impl Python {
    /// Where applications are mounted, in the order in which they are loaded; `first` says
    /// whether there is one besides the mounted ones. The root is empty.
    pub fn points(&self, first: bool) -> Vec<String> {
        let first = first || self.eval.is_some() || self.paste.is_some();
        let all = self.mounts.iter().chain(&self.worker_mounts);
        let all = all.map(|mount| match mount.host.as_str() {
            "" => mount.point.clone(),
            host => format!("{host}|{}", mount.point),
        });
        first.then(String::new).into_iter().chain(all).collect()
    }
}

/// An application below a path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mount {
    /// The path, with a slash in front and none behind; empty is the root.
    pub point: String,
    /// The host in front of the path (`vhost`), in small letters; empty without `vhost`.
    pub host: String,
    /// The module or file.
    pub target: Target,
    /// The callable; `None` is the one of `callable`.
    pub callable: Option<String>,
}

/// Where the host of a request comes from, when it chooses the application.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Vhost {
    /// It does not choose.
    #[default]
    Off,
    /// `vhost`: `SERVER_NAME`.
    ServerName,
    /// `vhost-host`: `HTTP_HOST`, without its port.
    Header,
}

/// After which exceptions of the application a worker is replaced.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReloadOn {
    /// After each (`reload-on-exception`).
    pub any: bool,
    /// After those of a type with this name.
    pub types: Vec<String>,
    /// After those with this text.
    pub values: Vec<String>,
    /// After those with this `type:text`.
    pub reprs: Vec<String>,
}

impl ReloadOn {
    /// Whether there is any.
    pub fn is_set(&self) -> bool {
        self.any || [&self.types, &self.values, &self.reprs].iter().any(|list| !list.is_empty())
    }
}
