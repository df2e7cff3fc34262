//! What unit tests share.

/// Whether a test that changes credentials may go on: it has to be root, and alone in its process,
/// as credentials are those of all threads. Where it is not alone it is started anew, by its full
/// name, and judged by that run.
pub(crate) fn alone_as_root(name: &str) -> bool {
    if !nix::unistd::geteuid().is_root() {
        eprintln!("not run: needs root");
        return false;
    }
    if std::env::var_os("ALONE").is_some() {
        return true;
    }
    let program = std::env::current_exe().unwrap();
    let mut alone = std::process::Command::new(program);
    let output = alone.args(["--exact", name]).env("ALONE", "1").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("1 passed"), "no test is called {name}: {text}");
    false
}
