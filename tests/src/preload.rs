//! A library that is loaded before a program's own and lets calls fail, or the clock jump, while it
//! runs: what a file in the test's directory asks for.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::{Dir, not_run, programs};

/// Reads its orders at each call: `clock` holds seconds that are added to the time of day (never
/// to the monotonic clock), and while `no-fork` exists forks fail for want of memory.
const SOURCE: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const char *place(char *buffer, const char *name) {
    const char *orders = getenv("PRELOAD_ORDERS");
    snprintf(buffer, 512, "%s/%s", orders ? orders : "/nonexistent", name);
    return buffer;
}

static long long offset(void) {
    char buffer[512], text[64];
    int saved = errno;
    long long seconds = 0;
    int file = open(place(buffer, "clock"), O_RDONLY | O_CLOEXEC);
    if (file >= 0) {
        ssize_t count = read(file, text, sizeof text - 1);
        close(file);
        if (count > 0) {
            text[count] = 0;
            seconds = atoll(text);
        }
    }
    errno = saved;
    return seconds;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    int result = syscall(SYS_clock_gettime, clock, now);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        now->tv_sec += offset();
    return result;
}

int gettimeofday(struct timeval *now, void *zone) {
    struct timespec exact;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &exact);
    now->tv_sec = exact.tv_sec;
    now->tv_usec = exact.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *into) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (into)
        *into = now.tv_sec;
    return now.tv_sec;
}

pid_t fork(void) {
    char buffer[512];
    static pid_t (*real)(void);
    if (access(place(buffer, "no-fork"), F_OK) == 0) {
        errno = ENOMEM;
        return -1;
    }
    if (!real)
        real = (pid_t (*)(void))dlsym(RTLD_NEXT, "fork");
    return real();
}
"#;

/// The library, and where its orders lie.
pub struct Preload {
    library: PathBuf,
    orders: PathBuf,
}

impl Preload {
    /// Makes it; `None` where there is no C compiler.
    ///
    /// # Panics
    /// If the compiler refuses the source.
    pub fn new(dir: &Dir) -> Option<Self> {
        let Some(cc) = programs::find("cc") else {
            not_run("there is no C compiler");
            return None;
        };
        let source = dir.write("preload.c", SOURCE);
        let (library, orders) = (dir.join("preload.so"), dir.mkdir("orders"));
        let done = Command::new(cc)
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .args([&library, &source])
            .arg("-ldl")
            .output()
            .expect("the compiler starts");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        Some(Self { library, orders })
    }

    /// The variables that a program has to be started with.
    pub fn variables(&self) -> [(&'static str, &std::ffi::OsStr); 2] {
        [("LD_PRELOAD", self.library.as_os_str()), ("PRELOAD_ORDERS", self.orders.as_os_str())]
    }

    /// Moves the time of day by so many seconds from what it is.
    ///
    /// # Panics
    /// If the order cannot be written.
    pub fn jump(&self, seconds: i64) {
        let (fresh, place) = (self.orders.join("fresh"), self.orders.join("clock"));
        fs::write(&fresh, seconds.to_string()).expect("the order can be written");
        fs::rename(fresh, place).expect("the order can be given");
    }

    /// Lets forks fail, or succeed again.
    ///
    /// # Panics
    /// If the order cannot be written.
    pub fn forks(&self, succeed: bool) {
        let place = self.orders.join("no-fork");
        let done = if succeed { fs::remove_file(place) } else { fs::write(place, "") };
        done.expect("the order can be given");
    }
}
