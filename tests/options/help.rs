//! What the program itself says about options.

use std::process::Command;

use tests::{Subject, only, programs};

fn help(arguments: &[&str]) -> Option<String> {
    if !only(Subject::Ours) {
        return None;
    }
    let output = Command::new(programs::ours("vassal")).args(arguments).output();
    let output = output.expect("a built program runs");
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    Some(String::from_utf8(output.stdout).expect("help is plain text"))
}

#[test]
fn help_has_the_form_of_uwsgis_and_tells_all_about_one_option() {
    let Some(all) = help(&["--help"]) else { return };
    for option in
        ["    -p|--processes ", "    -p|--workers ", "    --wsgi-file ", "    -M|--master "]
    {
        assert!(all.lines().any(|line| line.starts_with(option)), "{option}: {all}");
    }
    let one = help(&["--help", "workers"]).unwrap();
    assert!(one.starts_with("-p|--processes\n") && one.contains("default    1\n"), "{one}");
    let wrong = help(&["--help", "vaccum"]).unwrap();
    assert!(wrong.contains("did you mean vacuum?"), "{wrong}");
}
