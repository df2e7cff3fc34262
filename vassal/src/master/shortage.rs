//! What the machine lacks: processes and memory. It passes as a rule, so the vassal serves on, tries
//! again, and says it once.

/// Where the kernel counts the processes that it killed for lack of memory, in a control group or in
/// the whole machine.
const COUNTERS: &str = "/proc/vmstat";
/// The counter's name there.
const KILLS: &str = "oom_kill";

/// What is lacking.
#[derive(Debug)]
pub(super) struct Shortage {
    /// It was said that workers cannot be started, and none could be since.
    told: bool,
    /// Processes that the kernel had killed for lack of memory when the last worker was started.
    kills: u64,
}

/// The counter in the kernel's text; zero where it has none.
fn count(text: &str) -> u64 {
    let mut lines = text.lines().filter_map(|line| line.split_once(' '));
    lines.find(|(name, _)| *name == KILLS).and_then(|(_, value)| value.parse().ok()).unwrap_or(0)
}

/// The same of this machine; `None` where the file is not there (in a jail).
fn kills() -> Option<u64> {
    std::fs::read_to_string(COUNTERS).ok().map(|text| count(&text))
}

impl Shortage {
    /// Nothing is known to be lacking.
    pub(super) fn new() -> Self {
        Self { told: false, kills: kills().unwrap_or(0) }
    }

    /// What to say of a worker that could not be started; `None` where it was said.
    pub(super) fn unforked<'a>(&mut self, reason: &'a str) -> Option<&'a str> {
        let told = std::mem::replace(&mut self.told, true);
        (!told).then_some(reason)
    }

    /// A worker could be started.
    pub(super) fn forked(&mut self) {
        self.told = false;
        self.kills = kills().unwrap_or(self.kills);
    }

    /// How many processes the kernel has killed for lack of memory since the last worker was
    /// started: a process cannot be told why it was killed, but people can.
    pub(super) fn new_kills(&self) -> u64 {
        kills().map_or(0, |now| now.saturating_sub(self.kills))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counter_is_found_by_its_whole_name() {
        assert_eq!(count("drop_slab 3\noom_killer 4\noom_kill 12\nnuma_hit 5\n"), 12);
        assert_eq!(count("nr_free_pages 3\n"), 0);
    }

    #[test]
    fn the_same_trouble_is_said_once_until_it_is_over() {
        let mut shortage = Shortage::new();
        assert_eq!(shortage.unforked("no room"), Some("no room"));
        assert_eq!(shortage.unforked("no room"), None);
        assert_eq!(shortage.unforked("no room for another"), None);
        shortage.forked();
        assert_eq!(shortage.unforked("no memory"), Some("no memory"));
    }
}
