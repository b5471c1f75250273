//! How much memory a process needed.

use std::fs;

/// The most memory that a running process had at once, in KiB.
pub fn peak_kib(process: u32) -> u64 {
    let path = format!("/proc/{process}/status");
    let status = fs::read_to_string(&path).expect("the process runs");
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .expect("the system counts memory");
    let kib = peak.trim().trim_end_matches(" kB");
    kib.parse().expect("a number")
}
