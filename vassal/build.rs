//! Computes `VASSAL_BUILD_ID`: one number for the sources that master, nursery and workers are
//! made of. A master never loads an extension of another build.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

fn main() -> io::Result<()> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut digest = Digest(0xcbf2_9ce4_8422_2325);
    for part in ["Cargo.lock", "shared/src", "vassal/src", "vassal/python/src"] {
        let path = root.join(part);
        println!("cargo::rerun-if-changed={}", path.display());
        add(&path, Path::new(part), &mut digest)?;
    }
    println!("cargo::rustc-env=VASSAL_BUILD_ID={:016x}", digest.0);
    Ok(())
}

/// FNV-1a, 64 bits: the same for every compiler, and only accidents have to be told apart.
struct Digest(u64);

impl Digest {
    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

/// Adds a file, or a directory's files by name; the names count too.
fn add(path: &Path, name: &Path, digest: &mut Digest) -> io::Result<()> {
    if path.is_dir() {
        let mut entries: Vec<_> = fs::read_dir(path)?.collect::<io::Result<_>>()?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            add(&entry.path(), &name.join(entry.file_name()), digest)?;
        }
    } else if path.is_file() {
        digest.add(name.as_os_str().as_encoded_bytes());
        digest.add(&fs::read(path)?);
    }
    Ok(())
}
