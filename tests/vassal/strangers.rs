//! Root starts a server with a file of somebody else's.

use tests::server::{End, SOON};
use tests::{Dir, Run, Subject, give, only, root};

/// A user that owns nothing else.
const STRANGER: u32 = 4301;

#[test]
fn a_strangers_fallback_is_not_run_or_read_as_root() {
    if !only(Subject::Ours) || !root() {
        return;
    }
    let dir = Dir::new();
    let mark = dir.join("mark");
    let secret = dir.write("secret.ini", "[uwsgi]\nprint = TOPSECRET\nexit = 9\n");
    std::fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    for instead in [format!("exec://touch {}", mark.display()), secret.display().to_string()] {
        let text = format!("[uwsgi]\nfallback-config = {instead}\nprocesses = -5\n");
        let file = dir.write("app.ini", text);
        give(&file, STRANGER, STRANGER);
        let (end, log) = Run::bare(&dir, Subject::Ours).arg("app.ini").to_end(SOON);
        assert_eq!(end, End::Code(1), "{log}");
        assert!(log.contains("app.ini:3"), "{log}");
        assert!(!mark.exists() && !log.contains("TOPSECRET"), "{log}");
    }
    // root's own file may
    dir.write("own.ini", "[uwsgi]\nfallback-config = secret.ini\nprocesses = -5\n");
    let (end, log) = Run::bare(&dir, Subject::Ours).arg("own.ini").to_end(SOON);
    assert_eq!(end, End::Code(9), "{log}");
}
