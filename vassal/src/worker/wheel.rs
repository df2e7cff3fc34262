//! Deadlines of connections: a wheel of one-second buckets, not a scan.
//!
//! A descriptor stands in the wheel at most once. Moving its deadline is a store into the table;
//! only when its bucket comes up does the loop look whether the deadline has come, and puts it
//! into a later bucket otherwise. As deadlines also move nearer (an idle connection that starts
//! a request may wait less), that bucket is never far away. With no connection there is no
//! wake-up.

use std::collections::BTreeMap;
use std::os::fd::RawFd;

/// Milliseconds of a bucket.
const BUCKET: u64 = 1000;

/// The wheel.
#[derive(Debug, Default)]
pub struct Wheel {
    buckets: BTreeMap<u64, Vec<RawFd>>,
}

impl Wheel {
    /// Looks at a connection when `deadline` (monotonic milliseconds) has passed.
    pub fn add(&mut self, fd: RawFd, deadline: u64) {
        self.buckets.entry(deadline / BUCKET + 1).or_default().push(fd);
    }

    /// When the next bucket comes up, monotonic milliseconds.
    pub fn next(&self) -> Option<u64> {
        self.buckets.first_key_value().map(|(bucket, _)| bucket * BUCKET)
    }

    /// Takes out one bucket that has come up at `now`.
    pub fn take(&mut self, now: u64) -> Option<Vec<RawFd>> {
        let entry = self.buckets.first_entry()?;
        (*entry.key() * BUCKET <= now).then(|| entry.remove())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_comes_up_before_its_time_and_all_comes_up_in_order() {
        let mut wheel = Wheel::default();
        assert_eq!(wheel.next(), None);
        for (fd, deadline) in [(1, 5500), (2, 900), (3, 5999)] {
            wheel.add(fd, deadline);
        }
        assert_eq!(wheel.next(), Some(1000));
        assert_eq!(wheel.take(999), None);
        assert_eq!(wheel.take(7000), Some(vec![2]));
        assert_eq!(wheel.take(7000), Some(vec![1, 3]));
        assert_eq!(wheel.take(7000), None);
    }
}
