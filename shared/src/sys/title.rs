//! What process lists show of this process.
//!
//! The kernel shows the memory in which it put the arguments at exec. A title is written over
//! them and cut to their length: the environment behind them stays, because the C library and
//! its users still look there.

use std::ffi::CString;
use std::io;
use std::ptr;

use super::process::SingleThreaded;

/// More than this is not written, however long the arguments were.
const TITLE_MAX: usize = 4096;
/// What the kernel keeps of a short name.
const NAME_MAX: usize = 15;

/// Shows a title instead of the command line, and its beginning as the short name.
///
/// Where there is no `/proc` (some chroots) only the short name changes.
pub fn set(title: &str, _proof: &SingleThreaded) -> io::Result<()> {
    let bytes: Vec<u8> = title.bytes().filter(|byte| *byte != 0).collect();
    let name = CString::new(&bytes[..bytes.len().min(NAME_MAX)])?;
    nix::sys::prctl::set_name(&name)?;
    let Ok(line) = std::fs::read_to_string("/proc/self/stat") else { return Ok(()) };
    let Some((start, end)) = arguments(&line) else { return Ok(()) };
    let room = end - start;
    let bytes = &bytes[..bytes.len().min(room - 1).min(TITLE_MAX)];
    let target = ptr::with_exposed_provenance_mut::<u8>(start);
    // SAFETY: the kernel says that it put this process's arguments into these bytes of its
    // stack, which stay mapped and writable until the next exec. With one thread nobody reads
    // them meanwhile, and the last byte stays NUL, so every argument still ends inside.
    unsafe {
        ptr::copy_nonoverlapping(bytes.as_ptr(), target, bytes.len());
        ptr::write_bytes(target.add(bytes.len()), 0, room - bytes.len());
    }
    Ok(())
}

/// Where the arguments are: fields 48 and 49, counted behind the name, which may hold anything.
fn arguments(line: &str) -> Option<(usize, usize)> {
    let mut fields = line.rsplit(')').next()?.split_whitespace().skip(45);
    let start = fields.next()?.parse().ok()?;
    let end = fields.next()?.parse().ok()?;
    (start != 0 && start < end).then_some((start, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_of_this_process_are_found() {
        let line = std::fs::read_to_string("/proc/self/stat").unwrap();
        let (start, end) = arguments(&line).unwrap();
        let shown = std::fs::read("/proc/self/cmdline").unwrap();
        assert_eq!(end - start, shown.len());
    }

    #[test]
    fn what_is_no_line_of_the_kernel_has_no_arguments() {
        assert_eq!(arguments(""), None);
        assert_eq!(arguments("1 (a) b) S 1 1"), None);
    }
}
