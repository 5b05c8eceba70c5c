//! The machine, in a line.

use std::{fs, thread};

use crate::proc_files;

/// Cores, memory, kernel and model of the CPU.
pub(crate) fn line() -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let cores = thread::available_parallelism().map_or(0, usize::from);
    describe(cores, &read("/proc/cpuinfo"), &read("/proc/meminfo"), &read("/proc/sys/kernel/osrelease"))
}

fn describe(cores: usize, cpuinfo: &str, meminfo: &str, release: &str) -> String {
    let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    let model = model.map_or("of an unknown model", |(_, model)| model.trim());
    let gib = proc_files::value_after(meminfo, "MemTotal:").unwrap_or(0) as f64 / f64::from(1 << 20);
    format!("{cores} cores ({model}), {gib:.1} GiB of memory, Linux {}", release.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told() {
        let cpuinfo =
            "processor\t: 0\nmodel name\t: Some CPU @ 2 GHz\nprocessor\t: 1\nmodel name\t: Some CPU @ 2 GHz\n";
        let line = describe(2, cpuinfo, "MemTotal:       24117248 kB\nMemFree: 1 kB\n", "6.1.0-x\n");
        assert_eq!(line, "2 cores (Some CPU @ 2 GHz), 23.0 GiB of memory, Linux 6.1.0-x");
        assert!(describe(1, "", "", "").contains("unknown model"));
    }
}
