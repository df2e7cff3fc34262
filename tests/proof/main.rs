//! Every test that the table of proofs names is there.
//!
//! That it also fails without its option is shown by `tests/run --ablation`, which takes long.

use std::fs;
use std::path::{Path, PathBuf};

use shared::option::proof::PROOFS;
use tests::Proof;

/// The root of the repository.
fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("this crate lies in the repository")
}

/// The file of the module `name` that a file of the sources declares, if it does.
fn child(file: &Path, name: &str) -> Option<PathBuf> {
    let text = fs::read_to_string(file).ok()?;
    let declared = text.lines().any(|line| {
        let line = line.trim_start_matches("pub ").trim_start_matches("pub(crate) ");
        line.strip_prefix("mod ").and_then(|rest| rest.strip_suffix(';')) == Some(name)
    });
    let directory = match file.file_stem()?.to_str()? {
        "lib" | "main" | "mod" => file.parent()?.to_owned(),
        _ => file.with_extension(""),
    };
    let candidates = [format!("{name}.rs"), format!("{name}/mod.rs")];
    let found = candidates.iter().map(|one| directory.join(one)).find(|one| one.is_file());
    found.filter(|_| declared)
}

/// Why a test is not there.
fn missing(proof: Proof) -> Option<String> {
    let package = repository().join(proof.package);
    let roots = match proof.target {
        None => vec![package.join("src/lib.rs")],
        Some(target) => ["", "tests/"]
            .iter()
            .flat_map(|above| {
                ["/main.rs", ".rs"].map(|end| package.join(format!("{above}{target}{end}")))
            })
            .collect(),
    };
    let Some(mut file) = roots.into_iter().find(|root| root.is_file()) else {
        return Some("there is no such test program".to_owned());
    };
    let (modules, name) = proof.path.rsplit_once("::").unwrap_or(("", proof.path));
    for module in modules.split("::").filter(|module| !module.is_empty()) {
        match child(&file, module) {
            Some(inner) => file = inner,
            // a module written where it is declared
            None if module == "tests" => {}
            None => return Some(format!("{} declares no module {module}", file.display())),
        }
    }
    let text = fs::read_to_string(&file).unwrap_or_default();
    let mut lines = text.lines().map(str::trim);
    let mut marked = false;
    let found = lines.any(|line| {
        let this = marked && line.contains(&format!("fn {name}("));
        marked = line.ends_with("test]") || marked && line.starts_with("#[");
        this
    });
    (!found).then(|| format!("{} has no test {name}", file.display()))
}

#[test]
fn every_proof_is_there() {
    let lost: Vec<String> = PROOFS
        .iter()
        .filter_map(|(option, test)| {
            let why = missing(Proof::of(test))?;
            Some(format!("{option}: {test}: {why}"))
        })
        .collect();
    assert!(lost.is_empty(), "{lost:#?}");
    assert!(PROOFS.len() > 100, "{} proofs", PROOFS.len());
}

#[test]
fn a_test_that_is_not_there_is_noticed() {
    for (name, expected) in [
        ("shared::config::tests::effects::set_gives_options_and_variables", None),
        ("shared::config::tests::effects::nothing", Some("has no test nothing")),
        ("shared::config::tests::effects::with", Some("has no test with")),
        ("shared::config::nowhere::x", Some("declares no module nowhere")),
        ("tests/proof::every_proof_is_there", None),
        ("tests/nowhere::x", Some("no such test program")),
    ] {
        let why = missing(Proof::of(name));
        let same = match (&why, expected) {
            (None, None) => true,
            (Some(why), Some(part)) => why.contains(part),
            _ => false,
        };
        assert!(same, "{name}: {why:?}");
    }
}
