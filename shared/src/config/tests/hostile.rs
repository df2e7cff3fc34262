//! Files that mean harm, or are none.

use super::*;

#[test]
fn a_value_that_needs_itself_is_an_error_with_the_chain() {
    let (_, reading) = settled("a = %(b)\nb = x%(c)\nc = %(a)\nd = %(d)\n");
    let errors = errors(&reading).join("\n");
    assert!(errors.contains("%(a) -> %(b) -> %(c) -> %(a)"), "{errors}");
    assert!(errors.contains("%(d) -> %(d)"), "{errors}");
}

#[test]
fn expansion_is_bounded() {
    let lines: Vec<String> =
        (1..40).map(|n| format!("a{n} = %(a{0})%(a{0})%(a{0})\n", n - 1)).collect();
    let text = format!("a0 = 0123456789\n{}", lines.concat());
    let (_, reading) = settled(&text);
    assert!(errors(&reading).join("\n").contains("expand to more than"), "{:?}", errors(&reading));
    // the same without any text takes no time at all
    let (_, reading) = settled(&text.replace("0123456789", ""));
    assert_eq!(errors(&reading), [""; 0]);
    let deep: Vec<String> = (1..200).map(|n| format!("a{n} = %(a{})\n", n + 1)).collect();
    let (_, reading) = settled(&format!("{}a200 = 1\n", deep.concat()));
    assert!(errors(&reading).join("\n").contains("deep"));
}

/// The values that the lines come to are no more than a few of the long text they name.
#[track_caller]
fn grows_no_further(place: &Place, lines: &str, says: &str) {
    fs::write(place.path("a.ini"), format!("[uwsgi]\n{lines}")).unwrap();
    let reading = place.vassal("a.ini");
    let errors = errors(&reading);
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(errors[0].contains(says), "{errors:?}");
    let made: usize = reading.directives.iter().map(|one| one.value.len()).sum();
    assert!(made < 4 * 1024 * 1024, "{made}");
}

#[test]
fn what_comes_from_elsewhere_is_bounded_for_all_values_together() {
    let big = "y".repeat(900_000);
    let mut place = Place::new(&[("big", &big)]);
    place.world.environment = vec![("V".into(), big.clone().into())];
    let says = "bring more than 1024 KiB";
    grows_no_further(&place, &"env = @(big)\n".repeat(3000), says);
    grows_no_further(&place, &format!("env = {}\n", "$(V)".repeat(100_000)), says);
    grows_no_further(&place, &"env = $(V)\n".repeat(10_000), says);
    // what a word joins, too
    let lines = format!("x = {}\nenv = %({})\n", &big[..100_000], "x ".repeat(100_000));
    grows_no_further(&place, &lines, "expand to more than 1024 KiB");
    let lines = format!("x = {}\nenv = %({}x)\n", &big[..100_000], "x + ".repeat(100_000));
    grows_no_further(&place, &lines, "expand to more than 1024 KiB");
}

#[test]
fn files_that_include_each_other_end() {
    let place = Place::new(&[
        ("a.ini", "[uwsgi]\nini = b.ini\nini = b.ini\n"),
        ("b.ini", "[uwsgi]\ninclude = a.ini\ninclude = a.ini\n"),
    ]);
    let reading = place.vassal("a.ini");
    assert!(reading.refused());
    let chain = format!("{0}/a.ini -> {0}/b.ini -> {0}/a.ini", place.directory.path().display());
    assert!(errors(&reading)[0].ends_with(&format!("includes itself: {chain}")), "{reading:?}");
    assert!(reading.findings.len() <= 202, "{}", reading.findings.len());
    let names: Vec<String> = (0..20).map(|n| format!("{n}.ini")).collect();
    let text: Vec<String> = (1..21).map(|n| format!("[uwsgi]\nini = {n}.ini\n")).collect();
    let files: Vec<_> = names.iter().zip(&text).map(|(n, t)| (n.as_str(), t.as_str())).collect();
    let deep = Place::new(&files).vassal("0.ini");
    assert!(errors(&deep)[0].contains("more than 16 deep"), "{deep:?}");
}

#[test]
fn a_finding_never_shows_a_line_of_a_file_that_is_no_configuration() {
    let place = Place::new(&[
        ("a.ini", "[uwsgi]\ninclude = secret\n"),
        ("secret", "root:$6$hash:19000:0:99999:7:::\nplainsecret\n-----BEGIN KEY-----\nQUJD=\n"),
    ]);
    let text = format!("{:?}", place.vassal("a.ini").findings);
    for secret in ["root", "hash", "plainsecret", "BEGIN"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

#[test]
fn a_file_that_is_not_the_one_seen_is_refused() {
    let place = Place::new(&[("a.ini", "[uwsgi]\n")]);
    let version = Version { dev: 0, ino: 0, mtime_ns: 0, size: 0, uid: 0, gid: 0 };
    let file = place.path("a.ini");
    let reading =
        read_vassal(&VassalSource { version: Some(version), ..source(&file) }, &place.world);
    assert!(errors(&reading)[0].contains("changed while it was read"));
}

#[test]
fn names_without_end_are_not_all_compared() {
    let names: Vec<String> = (0..5000).map(|n| format!("n{n} = 1\n")).collect();
    let names = names.concat();
    // the last is a mistake, and one too many
    let (_, reading) = settled(&format!("include = none\n{names}proceses = 1\n"));
    assert_eq!(warnings(&reading), [""; 0]);
    let (_, reading) = settled(&format!("include = none\nproceses = 1\n{names}"));
    assert_eq!(warnings(&reading).len(), 1, "{reading:?}");
}

#[test]
fn declared_options_and_mistakes_have_a_limit() {
    let (_, reading) = settled(&"declare-option = x=env=A=1\n".repeat(257));
    assert_eq!(errors(&reading).len(), 1);
    assert!(errors(&reading)[0].contains("more than 256 declared"), "{reading:?}");
    let items = "x ".repeat(4000);
    let lines = "threads = 1\n".repeat(10);
    let (_, reading) = settled(&format!("blacklist = threads\nfor = {items}\n{lines}"));
    assert!(errors(&reading)[0].contains("forbidden here"), "{reading:?}");
    let text = warnings(&reading).join("\n");
    assert!(text.contains("9901 more errors"), "{text}");
}

#[test]
fn if_opt_means_the_first_entry_of_a_name() {
    let (_, reading) = settled(
        "x = 1\nx = 2\nif-opt = x=1\nenv = A=1\nendif\nif-opt = y\nenv = B=1\nendif\n\
         y = 1\nif-opt = y=1\nenv = C=1\nendif\n",
    );
    let all: Vec<&str> = reading.directives.all("env").map(|one| one.value.as_str()).collect();
    assert_eq!(all, ["A=1", "C=1"]);
}

/// Seeded noise: nothing in it may panic, and all of it has to end.
#[test]
fn no_bytes_panic_the_reader() {
    const SEEDS: &str = "[uwsgi]\nini = :b\nfor = a b\nx = %(y)%(x + 1)$(HOME)@(a.ini)%n%%\n\
        endfor\nif-env = HOME\nsocket = [::1]:80\nhttp = :%(x)\nchmod-socket = 6\nenv = =\n\
        uid = %u\nplugins = ,0:python3/\nset = a\nset-ph = processes=1\nstrict\nmodule = :\n\
        pp = *[\nhttp-keepalive = x\ninherit = a.ini\n[emperor]\ncheck = / 1\n[b]\nharakiri = 1 m\n";
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let place = Place::new(&[]);
    for round in 0..400 {
        let mut bytes: Vec<u8> = if round % 4 == 0 {
            (0..random() % 400).map(|_| random() as u8).collect()
        } else {
            SEEDS.bytes().collect()
        };
        for _ in 0..random() % 24 {
            let at = (random() % (bytes.len() as u64 + 1)) as usize;
            match random() % 4 {
                0 => bytes.insert(at, b"%()[]=\n: $@\0\xff"[(random() % 13) as usize]),
                1 if at < bytes.len() => drop(bytes.remove(at)),
                2 => bytes.truncate(at.max(40)),
                _ => {
                    let piece: Vec<u8> = bytes[at..].iter().take(12).copied().collect();
                    bytes.extend(piece);
                }
            }
        }
        fs::write(place.path("a.ini"), &bytes).unwrap();
        let mut reading = place.vassal("a.ini");
        settle(&mut reading, "a.ini");
    }
}
