//! What a tenant's file cannot do to the Emperor's lines around it, and what a stranger's text
//! cannot do to root.

use super::*;

/// A blacklist before the tenant's file, its end and a uid of the Emperor's after it.
fn governed(tenant: &[(&str, &str)]) -> Reading {
    let mut files = vec![
        ("before.ini", "[uwsgi]\nblacklist = uid hook-as-root\n"),
        ("after.ini", "[uwsgi]\nend-blacklist =\nuid = 5\n"),
    ];
    files.extend_from_slice(tenant);
    let place = Place::new(&files);
    let template = |name| [Template::Include(place.path(name))];
    let (before, after) = (template("before.ini"), template("after.ini"));
    let file = place.path("a.ini");
    read_vassal(&VassalSource { before: &before, after: &after, ..source(&file) }, &place.world)
}

fn forbidden(reading: &Reading) {
    assert_eq!(value(reading, "uid"), "5");
    assert_eq!(value(reading, "hook-as-root"), "<none>");
    assert!(errors(reading).join("\n").contains("forbidden here"), "{reading:?}");
}

#[test]
fn text_that_a_tenant_injects_is_not_put_around_the_emperors_files() {
    let reading = governed(&[
        ("a.ini", "[uwsgi]\ninject-after = b.ini\ninject-before = b.ini\nprocesses = 2\n"),
        ("b.ini", "[uwsgi]\nend-blacklist =\nuid = 0\n"),
    ]);
    assert_eq!(value(&reading, "uid"), "5");
    assert_eq!(reading.directives.all("uid").count(), 1);
    assert_eq!(errors(&reading), [""; 0]);
}

#[test]
fn what_a_tenant_inherits_is_the_tenants() {
    let reading =
        governed(&[("a.ini", "[uwsgi]\ninherit = b.ini\n"), ("b.ini", "[uwsgi]\nuid = 0\n")]);
    forbidden(&reading);
}

#[test]
fn options_that_a_tenant_declares_pass_the_same_fences() {
    for name in ["declare-option", "declare-option2"] {
        let text = format!("[uwsgi]\n{name} = m=hook-as-root=exec:x;uid=0\nm = y\n");
        forbidden(&governed(&[("a.ini", &text)]));
    }
}

#[test]
fn the_end_of_a_tenants_file_is_not_the_end_of_the_emperors() {
    let reading = governed(&[("a.ini", "[uwsgi]\nprocesses = 2\nexit = 0\n")]);
    assert!(errors(&reading).join("\n").contains("asks not to be started"), "{reading:?}");
    // a limit that is passed refuses the whole
    let big = format!("; {}\n", "x".repeat(1_000_000));
    let include = "include = big.ini\n".repeat(12);
    let text = format!("[uwsgi]\n{include}uid = nobody\n");
    let reading = governed(&[("a.ini", &text), ("big.ini", &big)]);
    assert!(errors(&reading).join("\n").contains("at most 8 MiB of files"), "{reading:?}");
}

#[test]
fn root_reads_no_file_of_anybody_elses() {
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    let place = Place::new(&[("a.ini", "[uwsgi]\nprocesses = 3\n"), ("b.ini", "[uwsgi]\n")]);
    std::os::unix::fs::chown(place.path("a.ini"), Some(65534), None).unwrap();
    let world = World { user: (0, "root".into()), ..place.world.clone() };
    let read = |args: &[&str]| {
        let args: Vec<OsString> = args.iter().map(OsString::from).collect();
        read_command_line(&args, &world)
    };
    for args in [&["--ini", "a.ini"][..], &["a.ini"], &["--ini", "b.ini", "--include", "a.ini"]] {
        let reading = read(args);
        assert!(errors(&reading).join("\n").contains("belongs to uid 65534"), "{args:?}");
        assert_eq!(value(&reading, "processes"), "<none>");
    }
}

#[test]
fn an_emperor_started_by_root_reads_only_what_nobody_else_can_write() {
    use std::os::unix::fs::{PermissionsExt, lchown, symlink};
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    let place = Place::new(&[("a.ini", "[uwsgi]\nprocesses = 3\n"), ("b.ini", "[uwsgi]\n")]);
    symlink(place.path("a.ini"), place.path("link.ini")).unwrap();
    let root = World { user: (0, "root".into()), ..place.world.clone() };
    let read = |args: &[&str], world: &World| {
        let args: Vec<OsString> = args.iter().map(OsString::from).collect();
        let reading = read_emperor(&args, world);
        (value(&reading, "processes"), errors(&reading).join("\n"))
    };
    let mode = |bits| {
        fs::set_permissions(place.path("a.ini"), fs::Permissions::from_mode(bits)).unwrap();
    };
    mode(0o644);
    for args in [&["a.ini"][..], &["link.ini"], &["--ini", "b.ini", "--include", "a.ini"]] {
        assert_eq!(read(args, &root), ("3".into(), String::new()), "{args:?}");
        for bits in [0o664, 0o646] {
            mode(bits);
            let (processes, errors) = read(args, &root);
            assert_eq!(processes, "<none>", "{args:?}");
            assert!(errors.contains(&format!("others than root (mode {bits:o})")), "{errors}");
            // who is not root reads what it may
            assert_eq!(read(args, &place.world).0, "3");
        }
        mode(0o644);
    }
    lchown(place.path("link.ini"), Some(65534), None).unwrap();
    let (processes, errors) = read(&["link.ini"], &root);
    assert_eq!(processes, "<none>");
    assert!(errors.contains("belongs to uid 65534: root reads root's"), "{errors}");
}

#[test]
fn commands_are_not_run_as_root_where_a_stranger_wrote_a_part() {
    let mark = tempfile::tempdir().unwrap();
    let command = format!("exec://touch {}/ran", mark.path().display());
    for (text, list) in [
        ("inject-after = list\ninclude = c.ini\n", format!("y = @({command})\n")),
        ("for-readline = list\ny = %(_)\nendfor\n", format!("@({command})\n")),
    ] {
        let text = format!("[uwsgi]\n{text}");
        let place = Place::new(&[("a.ini", &text), ("c.ini", "[uwsgi]\n"), ("list", &list)]);
        // anybody may write it
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o666);
        fs::set_permissions(place.path("list"), open).unwrap();
        let user = (0, "root".into());
        let world = World { user, schemes: Schemes::Vassal, ..place.world.clone() };
        let reading = read_vassal(&source(&place.path("a.ini")), &world);
        if nix::unistd::geteuid().is_root() {
            assert!(errors(&reading).join("\n").contains("not run as root"), "{reading:?}");
            assert!(!mark.path().join("ran").exists());
        }
    }
}

#[test]
fn a_text_that_is_included_from_a_block_has_blocks_of_its_own() {
    let place = Place::new(&[
        ("a.ini", "[uwsgi]\nfor = a b\ninclude = c.ini\nenv = %(_)\nendfor\nenv = end\n"),
        ("c.ini", "[uwsgi]\nif-env = HOME\nenv = c\nendif\n"),
    ]);
    let reading = place.vassal("a.ini");
    let got: Vec<_> = reading.directives.all("env").map(|one| one.value.as_str()).collect();
    assert_eq!(got, ["c", "c", "a", "b", "end"]);
    assert_eq!(reading.findings, []);
    let (_, reading) = settled("if-not-env = NOPE\nif-env = HOME\nendif\nenv = A=1\nendif\n");
    assert!(errors(&reading).join("").contains("blocks cannot be nested"));
}

#[test]
fn what_grows_in_a_block_is_bounded_before_it_is_made() {
    let word = "x".repeat(6000);
    let text = format!("for = {word} {word}\nv = {}\nendfor\n", "%(_)".repeat(120_000));
    let (_, reading) = settled(&text);
    assert!(errors(&reading).join("").contains("too much"), "{:?}", reading.findings);
    let text = format!("declare-option = m={}\n{}", "a;".repeat(256), "m = 1\n".repeat(9_000));
    let (_, reading) = settled(&text);
    assert!(errors(&reading).join("").contains("too much"), "{:?}", reading.findings.len());
}

#[test]
fn a_resolved_name_is_a_variable() {
    let (_, reading) = settled("resolve = processes=127.0.0.1\nresolve = here=127.0.0.1\n");
    assert_eq!(errors(&reading).len(), 1);
    assert_eq!(value(&reading, "here"), "127.0.0.1");
    assert_eq!(value(&reading, "processes"), "<none>");
}
