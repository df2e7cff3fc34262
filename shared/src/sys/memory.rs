//! Memory that crosses process boundaries: sealed files and shared counters.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::num::NonZeroUsize;
use std::os::fd::{AsFd, OwnedFd};
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use nix::fcntl::{FcntlArg, SealFlag, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::mman::{MapFlags, ProtFlags, mmap, munmap};

/// The memory of a process, bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Its address space.
    pub virt: u64,
    /// What of it is in memory.
    pub resident: u64,
}

/// The memory of a process; zero where it is gone, or where there is no `/proc`.
pub fn of(pid: u64) -> Size {
    size(&format!("/proc/{pid}/statm"))
}

/// The memory of this process.
pub fn own() -> Size {
    size("/proc/self/statm")
}

fn size(path: &str) -> Size {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let page = nix::unistd::sysconf(nix::unistd::SysconfVar::PAGE_SIZE).ok().flatten();
    let bytes = |field: &str| field.parse::<u64>().unwrap_or(0) * page.unwrap_or(4096) as u64;
    let mut fields = text.split_whitespace().map(bytes);
    let virt = fields.next().unwrap_or(0);
    Size { virt, resident: fields.next().unwrap_or(0) }
}

/// Anonymous memory with a descriptor that holds `bytes` and can never change again.
pub fn seal(name: &str, bytes: &[u8]) -> io::Result<OwnedFd> {
    let mut file =
        File::from(memfd_create(name, MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING)?);
    file.write_all(bytes)?;
    let all = SealFlag::F_SEAL_SEAL
        | SealFlag::F_SEAL_SHRINK
        | SealFlag::F_SEAL_GROW
        | SealFlag::F_SEAL_WRITE;
    fcntl(&file, FcntlArg::F_ADD_SEALS(all))?;
    Ok(file.into())
}

/// Reads sealed memory of at most `limit` bytes. What is not sealed against change is refused.
pub fn unseal(fd: OwnedFd, limit: u64) -> io::Result<Vec<u8>> {
    let seals = SealFlag::from_bits_truncate(fcntl(&fd, FcntlArg::F_GET_SEALS)?);
    if !seals.contains(SealFlag::F_SEAL_WRITE | SealFlag::F_SEAL_SHRINK | SealFlag::F_SEAL_GROW) {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "memory is not sealed"));
    }
    let mut file = File::from(fd);
    if file.metadata()?.len() > limit {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "sealed memory is too large"));
    }
    file.rewind()?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Memory for `words` counters, fixed in size for ever.
pub fn counters(name: &str, words: usize) -> io::Result<OwnedFd> {
    let file = File::from(memfd_create(name, MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING)?);
    file.set_len(words as u64 * 8)?;
    let fixed = SealFlag::F_SEAL_SEAL | SealFlag::F_SEAL_SHRINK | SealFlag::F_SEAL_GROW;
    fcntl(&file, FcntlArg::F_ADD_SEALS(fixed))?;
    Ok(file.into())
}

/// Counters that several processes see; unmapped when the last clone of it goes.
#[derive(Clone, Debug)]
pub struct Counters {
    mapping: Arc<Mapping>,
}

#[derive(Debug)]
struct Mapping {
    start: NonNull<AtomicU64>,
    words: usize,
}

// SAFETY: the memory is only ever reached as atomics, which any thread may use.
unsafe impl Send for Mapping {}
// SAFETY: as above.
unsafe impl Sync for Mapping {}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: this is the whole mapping made by `Counters::map`; slices of it borrow the
        // `Counters` that keeps this value alive, so none is left.
        let _ = unsafe { munmap(self.start.cast(), self.words * size_of::<AtomicU64>()) };
    }
}

impl Counters {
    /// Maps memory made by [`counters`]. Memory that could shrink is refused: touching what is
    /// gone would kill the process.
    pub fn map(fd: impl AsFd) -> io::Result<Self> {
        let fd = fd.as_fd();
        let seals = SealFlag::from_bits_truncate(fcntl(fd, FcntlArg::F_GET_SEALS)?);
        if !seals.contains(SealFlag::F_SEAL_SHRINK) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "memory is not sealed"));
        }
        let words = nix::sys::stat::fstat(fd)?.st_size as usize / size_of::<AtomicU64>();
        let length = NonZeroUsize::new(words * size_of::<AtomicU64>())
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "memory is empty"))?;
        let access = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
        // SAFETY: a fresh mapping at an address of the kernel's choice aliases nothing of ours.
        let start = unsafe { mmap(None, length, access, MapFlags::MAP_SHARED, fd, 0) }?;
        Ok(Self { mapping: Arc::new(Mapping { start: start.cast(), words }) })
    }

    /// The counters.
    pub fn words(&self) -> &[AtomicU64] {
        // SAFETY: the mapping is page aligned, that long, sealed against shrinking and alive as
        // long as `self`; every access by any process is atomic, as `AtomicU64` demands.
        unsafe { std::slice::from_raw_parts(self.mapping.start.as_ptr(), self.mapping.words) }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use super::*;

    #[test]
    fn sealed_memory_reads_back_and_cannot_be_written() {
        let fd = seal("test", b"settings").unwrap();
        let copy = fd.try_clone().unwrap();
        assert!(File::from(copy).write_all(b"x").is_err());
        assert_eq!(unseal(fd, 100).unwrap(), b"settings");
        assert!(unseal(seal("test", b"settings").unwrap(), 3).is_err());
    }

    #[test]
    fn two_mappings_of_the_same_counters_agree() {
        let fd = counters("test", 4).unwrap();
        let one = Counters::map(&fd).unwrap();
        let two = Counters::map(&fd).unwrap();
        one.words()[3].store(9, Ordering::Relaxed);
        assert_eq!(two.words()[3].load(Ordering::Relaxed), 9);
        assert!(File::from(fd).set_len(8).is_err());
    }
}
