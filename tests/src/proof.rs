//! Names of tests, as the table of proofs writes them.

/// A test, by the program that holds it and its path in there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proof<'a> {
    /// The crate.
    pub package: &'a str,
    /// The test target; `None`: the crate's unit tests.
    pub target: Option<&'a str>,
    /// The path, as cargo prints it.
    pub path: &'a str,
}

impl<'a> Proof<'a> {
    /// Takes a name apart.
    pub fn of(name: &'a str) -> Self {
        let (program, path) = name.split_once("::").unwrap_or((name, ""));
        match program.split_once('/') {
            Some((package, target)) => Self { package, target: Some(target), path },
            None => Self { package: program, target: None, path },
        }
    }

    /// The program: `CRATE` or `CRATE/TARGET`.
    pub fn target(self) -> String {
        match self.target {
            Some(target) => format!("{}/{target}", self.package),
            None => self.package.to_owned(),
        }
    }
}
