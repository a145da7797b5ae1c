//! Control groups version 1: a hierarchy of folders for each controller.

use std::path::{Path, PathBuf};
use std::time::Duration;

use protocol::Limits;

use super::{
    CPU_PERIOD_US, CgroupError, Counters, cpu_quota_us, field, make_folder, read, read_number, write,
};

/// The same group in each controller's hierarchy. Two controllers may share one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hierarchies {
    pub(super) memory: PathBuf,
    pids: PathBuf,
    cpu: PathBuf,
    cpuacct: PathBuf,
}

impl Hierarchies {
    /// Where the controllers are mounted, in the words of /proc/self/mountinfo; nothing unless all are.
    pub fn find(mountinfo: &str) -> Option<Self> {
        let find = |controller| mountinfo.lines().find_map(|line| mount_point(line, controller));
        Some(Self {
            memory: find("memory")?,
            pids: find("pids")?,
            cpu: find("cpu")?,
            cpuacct: find("cpuacct")?,
        })
    }

    /// The group of this name inside this one.
    #[must_use]
    pub fn below(&self, name: &str) -> Self {
        Self {
            memory: self.memory.join(name),
            pids: self.pids.join(name),
            cpu: self.cpu.join(name),
            cpuacct: self.cpuacct.join(name),
        }
    }

    /// Its folders, each once.
    pub fn folders(&self) -> impl Iterator<Item = &Path> {
        let folders = [&self.memory, &self.pids, &self.cpu, &self.cpuacct];
        let unique = (0..folders.len()).filter(move |index| !folders[..*index].contains(&folders[*index]));
        unique.map(move |index| folders[index].as_path())
    }

    pub(super) fn make(&self) -> Result<(), CgroupError> {
        self.folders().try_for_each(make_folder)
    }
}

/// The mount point in a line of mountinfo, where it is this controller's: `… /sys/fs/cgroup/memory rw,… -
/// cgroup cgroup rw,memory`.
pub(super) fn mount_point(line: &str, controller: &str) -> Option<PathBuf> {
    let (mount, source) = line.split_once(" - ")?;
    let mut source = source.split(' ');
    let is_version_1 = source.next() == Some("cgroup");
    let options = source.nth(1)?;
    let point = mount.split(' ').nth(4)?;
    (is_version_1 && options.split(',').any(|option| option == controller)).then(|| point.into())
}

pub(super) fn limit(leaf: &Hierarchies, limits: &Limits, cpus: f64) -> Result<(), CgroupError> {
    let memory = leaf.memory.join("memory.limit_in_bytes");
    let with_swap = leaf.memory.join("memory.memsw.limit_in_bytes");
    write(&memory, limits.memory_bytes)?;
    // Kernels that do not count swap lack this file.
    if with_swap.exists() {
        write(&with_swap, limits.memory_bytes)?;
    }
    // The box's init is one of them.
    write(&leaf.pids.join("pids.max"), limits.processes.saturating_add(1))?;
    write(&leaf.cpu.join("cpu.cfs_period_us"), CPU_PERIOD_US)?;
    write(&leaf.cpu.join("cpu.cfs_quota_us"), cpu_quota_us(cpus))
}

pub(super) fn cpu(leaf: &Hierarchies) -> Result<Duration, CgroupError> {
    read_number(&leaf.cpuacct.join("cpuacct.usage")).map(Duration::from_nanos)
}

pub(super) fn counters(leaf: &Hierarchies) -> Result<Counters, CgroupError> {
    Ok(Counters {
        memory_peak: read_number(&leaf.memory.join("memory.max_usage_in_bytes"))?,
        oom_killed: field(&read(&leaf.memory.join("memory.oom_control"))?, "oom_kill") > 0,
        processes_hit: field(&read(&leaf.pids.join("pids.events"))?, "max") > 0,
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::LIMITS;
    use super::*;

    const HYBRID: &str = "\
26 21 0:23 / /sys/fs/cgroup rw,relatime - tmpfs cgroup_root rw,mode=755
27 26 0:24 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid - cgroup cgroup rw,cpu,cpuacct
28 26 0:25 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory
29 26 0:26 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids
30 26 0:27 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
";

    #[test]
    fn controllers_are_found_where_they_are_mounted() {
        let found = Hierarchies::find(HYBRID).unwrap().below("box");
        let folders: Vec<&Path> = found.folders().collect();
        let expected = ["memory/box", "pids/box", "cpu,cpuacct/box"];
        assert_eq!(folders, expected.map(|folder| Path::new("/sys/fs/cgroup").join(folder)));
    }

    #[test]
    fn a_unified_host_has_none() {
        assert_eq!(Hierarchies::find("30 26 0:27 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"), None);
    }

    /// A group with files as a kernel wrote them: what `memory.oom_control` and `pids.events` said last, and
    /// the highest memory.
    fn recorded(folder: &Path, oom_kill: u32, peak: u64, pids: &str) -> Hierarchies {
        let group = Hierarchies {
            memory: folder.join("memory"),
            pids: folder.join("pids"),
            cpu: folder.join("cpu"),
            cpuacct: folder.join("cpu"),
        };
        group.make().unwrap();
        let oom = format!("oom_kill_disable 0\nunder_oom 0\noom_kill {oom_kill}\n");
        write(&group.memory.join("memory.oom_control"), oom).unwrap();
        write(&group.memory.join("memory.max_usage_in_bytes"), format!("{peak}\n")).unwrap();
        write(&group.cpuacct.join("cpuacct.usage"), "15445616\n").unwrap();
        write(&group.pids.join("pids.events"), pids).unwrap();
        group
    }

    #[test]
    fn counters_of_a_program_within_its_limits() {
        let folder = tempfile::tempdir().unwrap();
        let group = recorded(folder.path(), 0, 262_144, "max 0\n");
        let expected = Counters { memory_peak: 262_144, oom_killed: false, processes_hit: false };
        assert_eq!(counters(&group).unwrap(), expected);
        assert_eq!(cpu(&group).unwrap(), Duration::from_nanos(15_445_616));
    }

    #[test]
    fn counters_of_a_program_that_ran_out_of_memory() {
        let folder = tempfile::tempdir().unwrap();
        let group = recorded(folder.path(), 1, 16_777_216, "max 0\n");
        let expected = Counters { memory_peak: 16_777_216, oom_killed: true, processes_hit: false };
        assert_eq!(counters(&group).unwrap(), expected);
    }

    #[test]
    fn counters_of_a_program_that_ran_out_of_processes() {
        let folder = tempfile::tempdir().unwrap();
        let group = recorded(folder.path(), 0, 1_269_760, "max 3\n");
        let expected = Counters { memory_peak: 1_269_760, oom_killed: false, processes_hit: true };
        assert_eq!(counters(&group).unwrap(), expected);
    }

    #[test]
    fn an_old_kernel_that_counts_no_oom_kills_is_taken_to_have_had_none() {
        let folder = tempfile::tempdir().unwrap();
        let group = recorded(folder.path(), 0, 4096, "max 0\n");
        let file = group.memory.join("memory.oom_control");
        write(&file, "oom_kill_disable 0\nunder_oom 0\n").unwrap();
        assert!(!counters(&group).unwrap().oom_killed);
        write(&group.memory.join("memory.max_usage_in_bytes"), "many\n").unwrap();
        assert!(matches!(counters(&group), Err(CgroupError::Content(_))));
    }

    #[test]
    fn swap_is_limited_only_where_it_is_counted() {
        for counted in [true, false] {
            let folder = tempfile::tempdir().unwrap();
            let group = recorded(folder.path(), 0, 0, "max 0\n");
            let swap = group.memory.join("memory.memsw.limit_in_bytes");
            if counted {
                write(&swap, "9223372036854771712\n").unwrap();
            }
            limit(&group, &LIMITS, 1.5).unwrap();
            assert_eq!(read_number(&group.memory.join("memory.limit_in_bytes")).unwrap(), 64 << 20);
            assert_eq!(read_number(&swap).ok(), counted.then_some(64 << 20));
            assert_eq!(read_number(&group.pids.join("pids.max")).unwrap(), 33, "32 and the box's init");
            assert_eq!(read_number(&group.cpu.join("cpu.cfs_quota_us")).unwrap(), 150_000);
        }
    }
}
