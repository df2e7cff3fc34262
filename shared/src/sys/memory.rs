//! Memory that crosses process boundaries: sealed files and shared counters.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::num::NonZeroUsize;
use std::os::fd::{AsFd, OwnedFd};
use std::ptr::NonNull;
use std::sync::atomic::AtomicU64;

use nix::fcntl::{FcntlArg, SealFlag, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::mman::{MapFlags, ProtFlags, mmap, munmap};

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

/// Counters that several processes see. Stays mapped for the life of the process.
#[derive(Clone, Copy, Debug)]
pub struct Counters {
    words: &'static [AtomicU64],
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
        let size = nix::sys::stat::fstat(fd)?.st_size as usize;
        let length = NonZeroUsize::new(size)
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "memory is empty"))?;
        // SAFETY: a fresh mapping at an address of the kernel's choice aliases nothing of ours.
        let start: NonNull<_> = unsafe {
            mmap(
                None,
                length,
                ProtFlags::PROT_READ | ProtFlags::PROT_WRITE,
                MapFlags::MAP_SHARED,
                fd,
                0,
            )
        }?;
        // SAFETY: the mapping is page aligned, `size` bytes long, sealed against shrinking and
        // never unmapped; every access by any process is atomic, as `AtomicU64` demands.
        let words =
            unsafe { std::slice::from_raw_parts(start.cast::<AtomicU64>().as_ptr(), size / 8) };
        Ok(Self { words })
    }

    /// The counters.
    pub fn words(&self) -> &'static [AtomicU64] {
        self.words
    }

    /// Gives the mapping back. Only for tests and processes that map more than one.
    ///
    /// # Safety
    /// No reference into [`Counters::words`] may be used afterwards.
    pub unsafe fn unmap(self) -> io::Result<()> {
        let start = NonNull::from(self.words).cast();
        // SAFETY: this is the whole mapping made by `map`; the caller promises that it is unused.
        Ok(unsafe { munmap(start, size_of_val(self.words)) }?)
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
