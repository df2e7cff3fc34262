//! Files of other servers, and what is made of them.
//!
//! Each case in `cases/` has a golden file beside it, renewed with `UPDATE_DOCS=1`. Besides: what
//! is made is read back by our own reader, and mutations of the cases never panic.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use emperor::client::import::{Context, ImportError, Imported, LENGTH_MAX, Source, import};
use shared::config::{self, VassalSource, World};
use shared::option::{self, Tier};

fn cases() -> Vec<(Source, PathBuf)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/import/cases");
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).expect("the test has its files") {
        let path = entry.expect("the test has its files").path();
        let name = path.file_name().expect("the test has its files").to_string_lossy().into_owned();
        if name.ends_with(".golden") {
            continue;
        }
        let source = Source::ALL.into_iter().find(|source| name.starts_with(source.as_str()));
        found.push((source.unwrap_or_else(|| panic!("{name}: whose file is it?")), path));
    }
    found.sort_by(|a, b| a.1.cmp(&b.1));
    assert!(found.len() >= 16, "{} cases", found.len());
    found
}

fn context() -> Context {
    Context { file: Some("/srv/conf/site.conf".into()), command: None }
}

fn read(source: Source, path: &Path) -> Imported {
    let text = fs::read_to_string(path).expect("the test has its files");
    import(source, Some(&text), &context()).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn shown(imported: &Imported) -> String {
    let mut text = String::new();
    for (name, content) in &imported.files {
        let _ = write!(text, "; --- file {name}.ini\n{content}");
    }
    for remark in &imported.remarks {
        let _ = writeln!(text, "{remark}");
    }
    for left in &imported.left {
        let _ = writeln!(text, "left: {}: {}: {}", left.place, left.name, left.why);
    }
    text
}

#[test]
fn every_case_becomes_its_golden_file() {
    for (source, path) in cases() {
        let made = shown(&read(source, &path));
        let golden = PathBuf::from(format!("{}.golden", path.display()));
        if std::env::var_os("UPDATE_DOCS").is_some() {
            fs::write(&golden, &made).unwrap();
        }
        let wanted = fs::read_to_string(&golden).unwrap_or_default();
        assert!(
            made == wanted,
            "{} is not what is made; UPDATE_DOCS=1 renews it:\n{made}",
            golden.display()
        );
    }
}

/// What our reader says against a generated file, but for files that it names and are not here.
fn errors(name: &str, text: &str, directory: &Path) -> Vec<String> {
    let file = directory.join(format!("{name}.ini"));
    fs::write(&file, text).expect("the test has its files");
    let world = World {
        environment: vec![("HOME".into(), "/home/x".into())],
        ..World::of_this_process().expect("the test has its files")
    };
    let source = VassalSource {
        file: &file,
        version: None,
        sets: &[],
        before: &[],
        after: &[],
        options: &[],
    };
    let mut reading = config::read_vassal(&source, &world);
    let settings = config::settings(&mut reading, name);
    for one in reading.directives.iter() {
        if let Some(row) = option::find(&one.key) {
            assert!(matches!(row.tier, Tier::Works | Tier::Accepted), "{name}: {}", one.key);
        }
    }
    assert!(
        !settings.launch.sockets.is_empty() || text.contains("\nini = "),
        "{name}: no socket\n{text}"
    );
    reading
        .findings
        .iter()
        .filter(|finding| finding.is_error() && !finding.message.contains("/srv/old/"))
        .map(ToString::to_string)
        .collect()
}

#[test]
fn what_is_made_is_read_back_without_errors() {
    let directory = tempfile::tempdir().unwrap();
    let mut files = 0;
    for (source, path) in cases() {
        for (name, text) in read(source, &path).files {
            let errors = errors(&name, &text, directory.path());
            assert!(errors.is_empty(), "{}: {name}: {errors:?}\n{text}", path.display());
            files += 1;
        }
    }
    assert!(files > 15, "{files}");
}

#[test]
fn values_survive_the_way_through_our_reader() {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/import/cases/gunicorn-plain.conf.py");
    let imported = read(Source::Gunicorn, &path);
    let directory = tempfile::tempdir().unwrap();
    let (name, text) = &imported.files[0];
    assert_eq!(name, "shop");
    let file = directory.path().join("shop.ini");
    fs::write(&file, text).unwrap();
    let source = VassalSource {
        file: &file,
        version: None,
        sets: &[],
        before: &[],
        after: &[],
        options: &[],
    };
    let world = World { cpus: 3, ..World::of_this_process().unwrap() };
    let mut reading = config::read_vassal(&source, &world);
    let settings = config::settings(&mut reading, name);
    assert_eq!(settings.serve.processes, 7);
    assert_eq!(settings.serve.callable.as_deref(), Some("application"));
    let value = |name: &str| {
        let found = settings.launch.env.iter().find(|(known, _)| known == name);
        found.and_then(|(_, value)| value.clone()).unwrap()
    };
    assert_eq!(value("RATE"), "100%");
    assert_eq!(value("PATTERN"), "%(asctime)s $(not a variable)");
    assert_eq!(settings.launch.chmod_socket, Some(0o770));
}

/// A small generator of numbers: the same ones each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % below.max(1)
    }
}

#[test]
fn mutations_never_panic_and_what_they_become_is_read_back() {
    let directory = tempfile::tempdir().unwrap();
    let mut dice = Dice(7);
    let spice: [&str; 20] = [
        "%",
        "%(",
        "$(",
        "@(",
        "\\",
        "\n",
        "\"",
        "'",
        "[",
        "]",
        "{",
        "}",
        "(",
        ")",
        "=",
        ";",
        "#",
        "ü",
        "\u{1b}[31m",
        "\0",
    ];
    let mut made = 0;
    for (source, path) in cases() {
        let original = fs::read_to_string(&path).unwrap();
        for round in 0..150 {
            let mut text: Vec<char> = original.chars().collect();
            for _ in 0..=dice.roll(6) {
                let at = dice.roll(text.len());
                match dice.roll(4) {
                    0 => _ = text.drain(at..(at + dice.roll(20)).min(text.len())),
                    1 => {
                        let again: Vec<char> = text[at..(at + 40).min(text.len())].to_vec();
                        text.splice(at..at, again);
                    }
                    2 => text.truncate(at.max(1)),
                    _ => {
                        let word = spice[dice.roll(spice.len())];
                        text.splice(at..at, word.chars());
                    }
                }
            }
            let text: String = text.into_iter().collect();
            let Ok(imported) = import(source, Some(&text), &context()) else { continue };
            for (name, content) in &imported.files {
                // reading back costs more than making
                if round % 5 == 0 {
                    let file = directory.path().join("x.ini");
                    fs::write(&file, content).unwrap();
                    let errors = errors_of(&file);
                    assert!(errors.is_empty(), "{name}: {errors:?}\n{content}\nfrom {text}");
                }
                made += 1;
            }
        }
    }
    assert!(made > 500, "{made}");
}

fn errors_of(file: &Path) -> Vec<String> {
    let world = World {
        environment: Vec::new(),
        ..World::of_this_process().expect("the test has its files")
    };
    let source =
        VassalSource { file, version: None, sets: &[], before: &[], after: &[], options: &[] };
    let mut reading = config::read_vassal(&source, &world);
    let _ = config::settings(&mut reading, "x");
    let missing = |one: &str| one.contains("No such file") || one.contains("resolved");
    let errors = reading.findings.iter().filter(|finding| finding.is_error());
    errors.map(ToString::to_string).filter(|one| !missing(one)).collect()
}

#[test]
fn what_is_no_configuration_is_refused_with_its_place() {
    for (source, text, part) in [
        (Source::Gunicorn, "workers = (1,\n", "line 1"),
        (Source::Supervisor, "", "no section"),
        (Source::Supervisor, "[supervisord]\n", "[program:...]"),
        (Source::Supervisor, "[a\n", "line 1"),
        (Source::Fpm, "[global]\na=b\n", "no pool"),
        (Source::Unit, "{\"a\": }", "line 1 column"),
        (Source::Unit, "[]", "object"),
        (Source::Unit, "{}", "no applications"),
    ] {
        let error = import(source, Some(text), &context()).unwrap_err().to_string();
        assert!(error.contains(part), "{text:?}: {error}");
    }
}

#[test]
fn large_files_take_neither_long_nor_much() {
    let long = "x".repeat(LENGTH_MAX + 1);
    for source in Source::ALL {
        assert_eq!(import(source, Some(&long), &context()), Err(ImportError::Long));
    }
    let fill = |head: &str, line: &str, tail: &str| {
        format!("{head}{}{tail}", line.repeat((LENGTH_MAX - head.len() - tail.len()) / line.len()))
    };
    let nested =
        |open: &str, close: &str| format!("{}{}", open.repeat(100_000), close.repeat(100_000));
    for (source, text) in [
        (Source::Gunicorn, fill("", "raw_env = ['A=1']\n", "")),
        (Source::Gunicorn, fill("a = 'x'\n", "a = f'{a}{a}'\n", "")),
        (Source::Gunicorn, fill("a = 'x'\n", "a = [a, a]\n", "")),
        (Source::Gunicorn, fill("a = 'x'\n", "a = os.getenv('A', a)\n", "bind = a\n")),
        (Source::Gunicorn, fill("a = [", "1,", "]")),
        (Source::Gunicorn, nested("[", "]")),
        (Source::Gunicorn, fill("", "def f(): pass\n", "")),
        (
            Source::Supervisor,
            fill("[program:a]\ncommand = gunicorn a:b\nenvironment = ", "A=1,", "\n"),
        ),
        (Source::Supervisor, fill("", "[program:a]\ncommand = gunicorn\n", "")),
        (Source::Supervisor, fill("[program:a]\n", "k%(ENV_A)s = %(ENV_A)s\n", "")),
        (Source::Fpm, fill("", "[a]\nuser = b\n", "")),
        (Source::Fpm, fill("[a]\n", "env[A] = $B\n", "")),
        (Source::Unit, nested("{\"applications\":", "}")),
        (
            Source::Unit,
            fill("{\"applications\": {\"a\": {\"type\": \"python\", \"path\": [", "1,", "1]}}}"),
        ),
        (
            Source::Unit,
            fill(
                "{\"applications\": {}, \"listeners\": {",
                "\"*:1\": {\"pass\": \"routes\"},",
                "\"a\": 1}}",
            ),
        ),
    ] {
        let start = std::time::Instant::now();
        let made = import(source, Some(&text), &context());
        let time = start.elapsed();
        assert!(time.as_secs() < 20, "{}: {time:?}", &text[..60]);
        if let Ok(imported) = made {
            let size: usize = imported.files.iter().map(|(_, text)| text.len()).sum();
            assert!(size < 64 * LENGTH_MAX, "{}: {size}", &text[..60]);
        }
    }
}
