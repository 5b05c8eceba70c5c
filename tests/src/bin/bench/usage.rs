//! CPU and memory of the processes that take part.

use std::{
    collections::HashMap,
    fs,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};

use crate::proc_files::{self, Memory, Stat};

/// Processes that are reported as one.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    /// What they are called.
    pub(crate) name: String,
    /// The process, or the first of the family.
    pub(crate) pid: u32,
    /// Whether its children belong to it. Those of Postgres do, ours do not belong to the benchmark that started them.
    pub(crate) with_children: bool,
}

/// What the groups have used up to a moment.
#[derive(Debug)]
pub(crate) struct Snapshot {
    at: Instant,
    groups: Vec<(Duration, Memory)>,
    machine: Duration,
}

/// What one group used in a step.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Used {
    /// What it is called.
    pub(crate) name: String,
    /// User and system.
    pub(crate) cpu: Duration,
    /// Resident at the end, MiB; what the processes of a family share is counted once.
    pub(crate) rss_mib: u64,
}

/// What everybody used in a step.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Usage {
    /// How long the step was.
    pub(crate) elapsed: Duration,
    /// Group by group.
    pub(crate) groups: Vec<Used>,
    /// CPU of everything else on the machine: if it is much, the figures are worth little.
    pub(crate) others: Duration,
}

/// The groups whose process has ended.
pub(crate) fn ended(groups: &[Group]) -> impl Iterator<Item = &Group> {
    groups.iter().filter(|group| {
        let text = fs::read_to_string(format!("/proc/{}/stat", group.pid)).unwrap_or_default();
        proc_files::stat(&text).is_none_or(|stat| stat.has_ended)
    })
}

/// Looks at all groups. Fails when one of them is gone.
pub(crate) fn snapshot(groups: &[Group]) -> Result<Snapshot> {
    let at = Instant::now();
    let processes = processes()?;
    let machine = proc_files::busy(&fs::read_to_string("/proc/stat")?).context("/proc/stat begins with the CPUs")?;
    let groups = groups.iter().map(|group| look(group, &processes)).collect::<Result<_>>()?;
    Ok(Snapshot { at, groups, machine })
}

/// What was used between two looks.
pub(crate) fn between(groups: &[Group], before: &Snapshot, after: &Snapshot) -> Usage {
    let groups: Vec<Used> = groups
        .iter()
        .zip(before.groups.iter().zip(&after.groups))
        .map(|(group, (&(cpu_before, _), &(cpu_after, memory)))| Used {
            name: group.name.clone(),
            cpu: cpu_after.saturating_sub(cpu_before),
            rss_mib: (memory.private + memory.shared).div_ceil(1_024),
        })
        .collect();
    let ours: Duration = groups.iter().map(|used| used.cpu).sum();
    let others = after.machine.saturating_sub(before.machine).saturating_sub(ours);
    Usage { elapsed: after.at.saturating_duration_since(before.at), groups, others }
}

/// Every process of the machine.
fn processes() -> Result<HashMap<u32, Stat>> {
    let mut processes = HashMap::new();
    for entry in fs::read_dir("/proc")? {
        let entry = entry?;
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        // It may have ended meanwhile.
        let Ok(text) = fs::read_to_string(entry.path().join("stat")) else { continue };
        processes.extend(proc_files::stat(&text).map(|stat| (pid, stat)));
    }
    Ok(processes)
}

fn look(group: &Group, processes: &HashMap<u32, Stat>) -> Result<(Duration, Memory)> {
    let root = processes.get(&group.pid).with_context(|| format!("{} has ended", group.name))?;
    if !group.with_children {
        return Ok((root.own, memory(group.pid)));
    }
    let family = family(group.pid, processes);
    let cpu = family.iter().filter_map(|pid| processes.get(pid)).map(|stat| stat.own + stat.ended_children).sum();
    let memories: Vec<Memory> = family.iter().map(|&pid| memory(pid)).collect();
    // They map the same files and the same shared memory.
    let shared = memories.iter().map(|memory| memory.shared).max().unwrap_or(0);
    Ok((cpu, Memory { private: memories.iter().map(|memory| memory.private).sum(), shared }))
}

/// A process and all that descend from it.
fn family(root: u32, processes: &HashMap<u32, Stat>) -> Vec<u32> {
    let mut family = vec![root];
    let mut seen = 0;
    while let Some(&parent) = family.get(seen) {
        family.extend(processes.iter().filter(|(_, stat)| stat.parent == parent).map(|(&pid, _)| pid));
        seen += 1;
    }
    family
}

fn memory(pid: u32) -> Memory {
    proc_files::memory(&fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(name: &str, pid: u32, with_children: bool) -> Group {
        Group { name: name.to_owned(), pid, with_children }
    }

    fn seen(at: Instant, seconds: u64, machine: u64) -> Snapshot {
        let memory = Memory { private: 1_024, shared: 1 };
        Snapshot { at, groups: vec![(Duration::from_secs(seconds), memory)], machine: Duration::from_secs(machine) }
    }

    #[test]
    fn others_are_what_is_left() {
        let now = Instant::now();
        let (before, after) = (seen(now, 10, 100), seen(now + Duration::from_secs(30), 25, 120));
        let usage = between(&[group("ingest", 1, false)], &before, &after);
        let used = Used { name: "ingest".to_owned(), cpu: Duration::from_secs(15), rss_mib: 2 };
        let expected = Usage { elapsed: Duration::from_secs(30), groups: vec![used], others: Duration::from_secs(5) };
        assert_eq!(usage, expected);
    }

    #[test]
    fn a_family_is_all_that_descends_from_it() {
        let stat = |parent| Stat { parent, has_ended: false, own: Duration::ZERO, ended_children: Duration::ZERO };
        let processes = HashMap::from([(1, stat(0)), (5, stat(1)), (6, stat(5)), (7, stat(6)), (8, stat(1))]);
        assert_eq!(family(5, &processes), [5, 6, 7]);
    }

    #[test]
    fn one_that_has_ended_is_named() {
        let error = look(&group("ingest", 5, false), &HashMap::new()).expect_err("it is not there").to_string();
        assert_eq!(error, "ingest has ended");
    }

    #[test]
    fn this_process_can_be_looked_at() {
        let groups = [group("this", std::process::id(), false)];
        let usage = between(&groups, &snapshot(&groups).expect("it runs"), &snapshot(&groups).expect("it runs"));
        assert!(usage.groups[0].rss_mib > 0);
        assert_eq!(ended(&groups).count(), 0);
        // No process can have this id: the kernel gives out fewer than 2^22.
        assert_eq!(ended(&[group("nobody", u32::MAX, false)]).count(), 1);
    }
}
