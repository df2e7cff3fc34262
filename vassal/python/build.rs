//! Puts `_vassal.abi3.so` beside the programs: cargo names a cdylib `lib_vassal.so`, Python wants
//! the other name. A link is made, which the linker's output fills.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::{env, fs};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let Some(out) = env::var_os("OUT_DIR") else { return };
    // target/PROFILE/build/PACKAGE-HASH/out
    let Some(profile) = Path::new(&out).ancestors().nth(3) else { return };
    let link = profile.join("_vassal.abi3.so");
    let _ = fs::remove_file(&link);
    if let Err(error) = symlink("lib_vassal.so", &link) {
        println!("cargo::warning={} cannot be made: {error}", link.display());
    }
}
