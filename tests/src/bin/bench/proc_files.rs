//! What the kernel tells of processes under `/proc` (proc(5)). Pure.

use std::time::Duration;

/// Ticks a second in `/proc`: USER_HZ, which is 100 on every architecture that we run on, whatever the kernel's own HZ.
const TICKS_PER_SECOND: u64 = 100;

/// What `/proc/<pid>/stat` tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stat {
    /// Its parent.
    pub(crate) parent: u32,
    /// Whether it is only waiting for its parent to notice its end.
    pub(crate) has_ended: bool,
    /// CPU time of its own, user and system.
    pub(crate) own: Duration,
    /// CPU time of its children that have ended.
    pub(crate) ended_children: Duration,
}

/// Memory, KiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Memory {
    /// Resident and its own.
    pub(crate) private: u64,
    /// Resident and perhaps shared with others: files and shared memory.
    pub(crate) shared: u64,
}

/// Reads `/proc/<pid>/stat`.
pub(crate) fn stat(text: &str) -> Option<Stat> {
    // The program's name stands in parentheses and may hold anything: count from behind it, where the third field is
    // the first.
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
    let (user, system, children_user, children_system) = (field(14)?, field(15)?, field(16)?, field(17)?);
    Some(Stat {
        parent: u32::try_from(field(4)?).ok()?,
        has_ended: matches!(fields.first(), Some(&("Z" | "X"))),
        own: ticks(user + system),
        ended_children: ticks(children_user + children_system),
    })
}

/// Reads `/proc/<pid>/status`, which says the same as `statm`, but not in pages, whose size is another question. What
/// is about to end has no memory.
pub(crate) fn memory(text: &str) -> Memory {
    let kib = |name| value_after(text, name).unwrap_or(0);
    Memory { private: kib("RssAnon:"), shared: kib("RssFile:") + kib("RssShmem:") }
}

/// The time that all CPUs were busy since the machine's start, from `/proc/stat`.
pub(crate) fn busy(text: &str) -> Option<Duration> {
    let line = text.lines().find_map(|line| line.strip_prefix("cpu "))?;
    let times: Vec<u64> = line.split_whitespace().map_while(|field| field.parse().ok()).collect();
    // user, nice, system, irq and softirq; not idle, iowait, or what a hypervisor gave to others.
    Some(ticks([0, 1, 2, 5, 6].iter().filter_map(|&place| times.get(place)).sum()))
}

/// The first number behind a name at the beginning of a line.
pub(crate) fn value_after(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next()?.parse().ok()
}

fn ticks(ticks: u64) -> Duration {
    Duration::from_millis(ticks * 1_000 / TICKS_PER_SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_hold_anything() {
        let text = "4242 (a) b (c) S 17 4242 4242 0 -1 4194304 100 200 3 4 150 50 30 20 20 0 12 0 9876 1000 250 184";
        let expected = Stat {
            parent: 17,
            has_ended: false,
            own: Duration::from_secs(2),
            ended_children: Duration::from_millis(500),
        };
        assert_eq!(stat(text), Some(expected));
        let ended = stat(&text.replace(") S 17", ") Z 17"));
        assert_eq!(ended, Some(Stat { has_ended: true, ..expected }));
        assert_eq!(stat("4242 (a) S 17"), None);
        assert_eq!(stat(""), None);
    }

    #[test]
    fn memory_by_kind() {
        let text = "Name:\tx\nVmRSS:\t   30 kB\nRssAnon:\t   10 kB\nRssFile:\t   15 kB\nRssShmem:\t    5 kB\n";
        assert_eq!(memory(text), Memory { private: 10, shared: 20 });
        assert_eq!(memory("Name:\tzombie\n"), Memory::default());
    }

    #[test]
    fn idle_and_stolen_time_is_not_busy() {
        let text = "cpu  100 20 30 9000 800 4 6 77 0 0\ncpu0 1 2 3 4 5 6 7 8 9 10\n";
        assert_eq!(busy(text), Some(Duration::from_millis(1_600)));
        assert_eq!(busy("intr 5"), None);
    }

    #[test]
    fn this_process_can_be_read() {
        let read = |name: &str| std::fs::read_to_string(format!("/proc/self/{name}")).expect("it runs");
        assert!(stat(&read("stat")).is_some());
        assert!(memory(&read("status")).private > 0);
    }
}
