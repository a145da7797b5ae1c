//! What the kernel says of processes, and what they are held to: one processor for the controller, another one for
//! all the rest.

use std::time::Duration;

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::unistd::{Pid, SysconfVar, sysconf};

/// This thread, and what it starts from now on.
const THIS: Pid = Pid::from_raw(0);

/// The processors of the two sides.
#[derive(Debug, Clone, Copy)]
pub struct Cores {
    /// The controller's alone.
    pub controller: usize,
    /// This process's, and that of a database server.
    pub bench: usize,
}

impl Cores {
    /// The first and the last one that this process may use.
    pub fn split() -> Self {
        let allowed = sched_getaffinity(THIS).unwrap();
        let cores: Vec<usize> = (0..CpuSet::count()).filter(|core| allowed.is_set(*core).unwrap()).collect();
        Self { controller: cores[0], bench: cores[cores.len() - 1] }
    }

    /// Whether there are two.
    pub fn are_apart(self) -> bool {
        self.controller != self.bench
    }
}

/// Holds this thread, and what it starts from now on, to a processor.
pub fn pin(core: usize) {
    let mut set = CpuSet::new();
    set.set(core).unwrap();
    sched_setaffinity(THIS, &set).unwrap();
}

/// Lets this process, and those it starts, open as many files as the system allows. Returns how many.
pub fn raise_file_limit() -> u64 {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, most, most).unwrap();
    most
}

/// The processor time that a process has used.
pub fn cpu(pid: Pid) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    // Behind the name, which may hold anything; user and system time are fields 14 and 15 of proc(5).
    let (_, fields) = stat.rsplit_once(") ").unwrap();
    let ticks: u64 = fields.split(' ').skip(11).take(2).map(|field| field.parse::<u64>().unwrap()).sum();
    let a_second = sysconf(SysconfVar::CLK_TCK).unwrap().unwrap();
    Duration::from_secs_f64(ticks as f64 / a_second as f64)
}

/// The memory that a process takes up, shared pages counted once (PSS), in bytes.
pub fn memory(pid: Pid) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
}
