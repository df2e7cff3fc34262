//! Memory that crosses process boundaries: sealed files and shared counters.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::num::NonZeroUsize;
use std::os::fd::{AsFd, OwnedFd};
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use nix::fcntl::{FcntlArg, SealFlag, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::mman::{MapFlags, MmapAdvise, ProtFlags, madvise, mmap, munmap};

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

/// Lets go of the pages of programs and libraries that are mapped here and were never written:
/// what only ran at the start counts for no process any more, and what runs again comes back from
/// the page cache. Returns how many bytes were mapped; 0 where there is no `/proc`.
pub fn forget_code() -> u64 {
    let maps = std::fs::read_to_string("/proc/self/smaps").unwrap_or_default();
    let clean = clean_code(&maps);
    let mut forgotten = 0;
    for (start, length, resident) in clean {
        let Some(place) = NonNull::new(std::ptr::with_exposed_provenance_mut(start)) else {
            continue;
        };
        // SAFETY: nothing but the kernel's tables changes. The mapping is of a file, cannot be
        // written and none of its pages differs from the file, so that each comes back as it was;
        // should it be gone by now, the call fails or tells of pages that another reader of the
        // same kind has made, as nothing unmaps libraries here.
        if unsafe { madvise(place, length, MmapAdvise::MADV_DONTNEED) }.is_ok() {
            forgotten += resident;
        }
    }
    forgotten
}

/// The mappings in a text of `/proc/PID/smaps` that are of programs and libraries, cannot be
/// written and have no page of their own: start, length and what is resident, bytes.
fn clean_code(maps: &str) -> Vec<(usize, usize, u64)> {
    let mut found = Vec::new();
    // what no mapping executes is data, and an application's own affair
    let mut programs = HashSet::new();
    let mut mapping = None;
    let mut resident = 0;
    for line in maps.lines() {
        let mut fields = line.split_ascii_whitespace();
        let first = fields.next().unwrap_or_default();
        let amount = |text: Option<&str>| text.and_then(|n| n.parse::<u64>().ok()).unwrap_or(0);
        match first {
            "Rss:" => resident = amount(fields.next()) * 1024,
            // relocated constants cannot be written either, and exist nowhere else: in memory ...
            "Anonymous:" => mapping = mapping.filter(|_| fields.next() == Some("0")),
            // ... or swapped out
            "Swap:" => {
                if let Some((start, length, path)) = mapping.take()
                    && fields.next() == Some("0")
                    && resident > 0
                {
                    found.push((path, (start, length, resident)));
                }
            }
            range => {
                let Some((start, end)) = range.split_once('-') else { continue };
                let number = |text| usize::from_str_radix(text, 16);
                let (Ok(start), Ok(end)) = (number(start), number(end)) else { continue };
                let mode = fields.next().unwrap_or_default();
                let path = fields.nth(3).filter(|path| path.starts_with('/'));
                mapping = path
                    .filter(|_| mode == "r-xp" || mode == "r--p")
                    .map(|path| (start, end.saturating_sub(start), path));
                programs.extend(path.filter(|_| mode == "r-xp"));
            }
        }
    }
    found.retain(|(path, _)| programs.contains(path));
    found.into_iter().map(|(_, place)| place).collect()
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
    fn only_clean_pages_of_files_are_let_go_of() {
        let maps = "\
55d0-55d4 r-xp 00001000 fe:00 12 /usr/bin/a b\nRss:  8 kB\nAnonymous:  0 kB\nSwap:  0 kB\n\
55e0-55e4 r--p 00001000 fe:00 12 /usr/bin/a b\nRss:  8 kB\nAnonymous:  4 kB\nSwap:  0 kB\n\
55f0-55f4 rw-p 00001000 fe:00 12 /usr/bin/a b\nRss:  8 kB\nAnonymous:  0 kB\nSwap:  0 kB\n\
55f8-55fa r--p 00000000 fe:00 12 /srv/data\nRss:  8 kB\nAnonymous:  0 kB\nSwap:  0 kB\n\
5600-5604 r--p 00000000 00:00 0\nRss:  8 kB\nAnonymous:  0 kB\nSwap:  0 kB\n\
5610-5614 r--s 00000000 fe:00 12 /dev/shm/x\nRss:  8 kB\nAnonymous:  0 kB\nSwap:  0 kB\n\
55fc-55fe r--p 00001000 fe:00 12 /usr/bin/a b\nRss:  8 kB\nAnonymous:  0 kB\nSwap:  4 kB\n\
7ff0-7ff2 r-xp 00000000 00:00 0 [vdso]\nRss:  4 kB\nAnonymous:  0 kB\nSwap:  0 kB\n";
        assert_eq!(clean_code(maps), [(0x55d0, 4, 8192)]);
        assert_eq!(clean_code("x\n-\n1-\nAnonymous:\nRss: x"), []);
    }

    #[test]
    fn a_program_runs_on_when_its_code_was_let_go_of() {
        assert!(forget_code() > 100 << 10);
        assert_eq!(format!("{:?}", Some(1.5)), "Some(1.5)");
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
