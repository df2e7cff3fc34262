//! Where the Python extension of this very build is.
//!
//! Beside the program in a build directory, below `lib/emperor/<build id>/` when installed: an
//! upgraded package puts another build into another folder, and an old master goes on finding
//! its own.

use std::path::{Path, PathBuf};

use crate::BUILD_ID;

/// Where an extension may be, seen from the program.
fn candidates(program: &Path) -> Vec<PathBuf> {
    let Some(directory) = program.parent() else { return Vec::new() };
    let installed = Path::new("../lib/emperor").join(BUILD_ID).join("_vassal.abi3.so");
    // the second name is what cargo calls a shared library
    ["_vassal.abi3.so".into(), "lib_vassal.so".into(), installed]
        .into_iter()
        .map(|name: PathBuf| directory.join(name))
        .collect()
}

/// The extension's path without links, or the places where it was looked for.
pub fn find() -> Result<PathBuf, String> {
    let program = std::env::current_exe().map_err(|error| format!("/proc/self/exe: {error}"))?;
    let places = candidates(&program);
    places.iter().find_map(|place| place.canonicalize().ok()).ok_or_else(|| {
        let tried: Vec<String> = places.iter().map(|place| place.display().to_string()).collect();
        format!("the Python extension is missing: looked for {}", tried.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_installed_program_looks_in_the_folder_of_its_build() {
        let places = candidates(Path::new("/usr/bin/vassal"));
        assert_eq!(places[0], Path::new("/usr/bin/_vassal.abi3.so"));
        let last = format!("/usr/bin/../lib/emperor/{BUILD_ID}/_vassal.abi3.so");
        assert_eq!(places[2], Path::new(&last));
        assert_eq!(BUILD_ID.len(), 16);
    }
}
