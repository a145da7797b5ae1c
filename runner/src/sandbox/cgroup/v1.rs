//! Control groups version 1: a hierarchy of folders for each controller. The groups of boxes are used again: to make
//! and remove one in each hierarchy costs more than all else that is done with them.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use protocol::Limits;

use super::interface::Interface;
use super::{
    CPU_PERIOD_US, CgroupError, Counters, cpu_quota_us, field, make_folder, open_for_writing, write,
};

/// The limit on memory together with swap.
const WITH_SWAP: &str = "memory.memsw.limit_in_bytes";

/// What the kernel may still count for a group whose processes are gone: memory that it has put by for the next
/// allocations, and what it is about to free. A program's files in the page cache stay, too, and are more.
const LEFT_OVER: u64 = 512 * 1024;

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

/// A sandbox has some thirty files open for its groups, and a process may often have no more than a thousand, unless it
/// asks for what it may have.
pub(super) fn allow_many_files() {
    if let Ok((_, most)) = getrlimit(Resource::RLIMIT_NOFILE) {
        // Where that is refused, few sandboxes still work.
        let _ = setrlimit(Resource::RLIMIT_NOFILE, most, most);
    }
}

/// The group of a box. What is used for every box is open.
#[derive(Debug)]
pub struct Group {
    pub(super) folders: Hierarchies,
    doors: Arc<[File]>,
    memory: Interface,
    memory_peak: Interface,
    oom: Interface,
    processes: Interface,
    processes_events: Interface,
    cpu: Interface,
    limited: Option<Limited>,
}

/// What a group is limited to.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Limited {
    memory_bytes: u64,
    processes: u32,
    cpus: f64,
}

impl Group {
    /// Opens the files of a group that has been made.
    ///
    /// # Errors
    /// Where one is not there.
    pub fn open(folders: Hierarchies) -> Result<Self, CgroupError> {
        let doors: Result<Arc<[File]>, CgroupError> =
            folders.folders().map(|folder| open_for_writing(&folder.join("cgroup.procs"))).collect();
        Ok(Self {
            doors: doors?,
            memory: Interface::read_only(folders.memory.join("memory.usage_in_bytes"))?,
            memory_peak: Interface::read_and_write(folders.memory.join("memory.max_usage_in_bytes"))?,
            oom: Interface::read_only(folders.memory.join("memory.oom_control"))?,
            processes: Interface::read_only(folders.pids.join("pids.current"))?,
            processes_events: Interface::read_only(folders.pids.join("pids.events"))?,
            cpu: Interface::read_only(folders.cpuacct.join("cpuacct.usage"))?,
            limited: None,
            folders,
        })
    }

    pub(super) fn doors(&self) -> Arc<[File]> {
        Arc::clone(&self.doors)
    }

    pub(super) fn counts_swap(&self) -> bool {
        self.folders.memory.join(WITH_SWAP).exists()
    }

    pub(super) fn limit(&mut self, limits: &Limits, cpus: f64) -> Result<(), CgroupError> {
        let Limits { memory_bytes, processes, .. } = *limits;
        let before = self.limited.take();
        if before.is_none_or(|before| before.memory_bytes != memory_bytes) {
            let raised = before.is_some_and(|before| before.memory_bytes < memory_bytes);
            self.limit_memory(memory_bytes, raised)?;
        }
        if before.is_none_or(|before| before.processes != processes) {
            // The box's init is one of them.
            write(&self.folders.pids.join("pids.max"), processes.saturating_add(1))?;
        }
        if before.is_none_or(|before| before.cpus != cpus) {
            write(&self.folders.cpu.join("cpu.cfs_period_us"), CPU_PERIOD_US)?;
            write(&self.folders.cpu.join("cpu.cfs_quota_us"), cpu_quota_us(cpus))?;
        }
        self.limited = Some(Limited { memory_bytes, processes, cpus });
        Ok(())
    }

    /// The limit with swap may at no time be the lower one.
    fn limit_memory(&self, bytes: u64, raised: bool) -> Result<(), CgroupError> {
        let mut files = vec![self.folders.memory.join("memory.limit_in_bytes")];
        // Kernels that do not count swap lack this file.
        if self.counts_swap() {
            files.push(self.folders.memory.join(WITH_SWAP));
        }
        if raised {
            files.reverse();
        }
        files.iter().try_for_each(|file| write(file, bytes))
    }

    pub(super) fn cpu(&self) -> Result<Duration, CgroupError> {
        self.cpu.read_number().map(Duration::from_nanos)
    }

    pub(super) fn counters(&self) -> Result<Counters, CgroupError> {
        Ok(Counters {
            memory_peak: self.memory_peak.read_number()?,
            oom_killed: field(&self.oom.read()?, "oom_kill") > 0,
            processes_hit: field(&self.processes_events.read()?, "max") > 0,
        })
    }

    /// Makes it as good as new for another box, if the one before left nothing that counts. Its processor time goes
    /// on from what it is.
    ///
    /// # Errors
    /// Where a file cannot be used.
    pub(super) fn renew(&self) -> Result<bool, CgroupError> {
        let counted = self.counters()?;
        let is_clean = !counted.oom_killed
            && !counted.processes_hit
            && self.processes.read_number()? == 0
            && self.memory.read_number()? <= LEFT_OVER;
        if is_clean {
            // Whatever is written, the highest memory is what is in use now.
            self.memory_peak.write(0)?;
        }
        Ok(is_clean)
    }
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
    fn recorded(folder: &Path, oom_kill: u32, peak: u64, pids: &str) -> Group {
        let folders = Hierarchies {
            memory: folder.join("memory"),
            pids: folder.join("pids"),
            cpu: folder.join("cpu"),
            cpuacct: folder.join("cpu"),
        };
        folders.make().unwrap();
        let oom = format!("oom_kill_disable 0\nunder_oom 0\noom_kill {oom_kill}\n");
        let files = [
            (&folders.memory, "cgroup.procs", String::new()),
            (&folders.pids, "cgroup.procs", String::new()),
            (&folders.cpu, "cgroup.procs", String::new()),
            (&folders.memory, "memory.oom_control", oom),
            (&folders.memory, "memory.max_usage_in_bytes", format!("{peak}\n")),
            (&folders.memory, "memory.usage_in_bytes", "4096\n".to_owned()),
            (&folders.cpuacct, "cpuacct.usage", "15445616\n".to_owned()),
            (&folders.pids, "pids.events", pids.to_owned()),
            (&folders.pids, "pids.current", "0\n".to_owned()),
        ];
        files.iter().try_for_each(|(folder, name, content)| write(&folder.join(name), content)).unwrap();
        Group::open(folders).unwrap()
    }

    fn number(file: &Path) -> Option<u64> {
        super::super::read_number(file).ok()
    }

    #[test]
    fn counters_of_a_program_within_its_limits() {
        let folder = tempfile::tempdir().unwrap();
        let group = recorded(folder.path(), 0, 262_144, "max 0\n");
        let expected = Counters { memory_peak: 262_144, oom_killed: false, processes_hit: false };
        assert_eq!(group.counters().unwrap(), expected);
        assert_eq!(group.cpu().unwrap(), Duration::from_nanos(15_445_616));
    }

    #[test]
    fn counters_of_a_program_that_ran_out_of_memory() {
        let folder = tempfile::tempdir().unwrap();
        let group = recorded(folder.path(), 1, 16_777_216, "max 0\n");
        let expected = Counters { memory_peak: 16_777_216, oom_killed: true, processes_hit: false };
        assert_eq!(group.counters().unwrap(), expected);
    }

    #[test]
    fn counters_of_a_program_that_ran_out_of_processes() {
        let folder = tempfile::tempdir().unwrap();
        let group = recorded(folder.path(), 0, 1_269_760, "max 3\n");
        let expected = Counters { memory_peak: 1_269_760, oom_killed: false, processes_hit: true };
        assert_eq!(group.counters().unwrap(), expected);
    }

    #[test]
    fn an_old_kernel_that_counts_no_oom_kills_is_taken_to_have_had_none() {
        let folder = tempfile::tempdir().unwrap();
        let group = recorded(folder.path(), 0, 4096, "max 0\n");
        write(&group.folders.memory.join("memory.oom_control"), "oom_kill_disable 0\nunder_oom 0\n").unwrap();
        assert!(!group.counters().unwrap().oom_killed);
        write(&group.folders.memory.join("memory.max_usage_in_bytes"), "many\n").unwrap();
        assert!(matches!(group.counters(), Err(CgroupError::Content(_))));
    }

    #[test]
    fn a_group_is_used_again_only_where_nothing_in_it_counts_for_the_next_box() {
        let renewed = |oom_kill, pids, file: &str, content: &str| {
            let folder = tempfile::tempdir().unwrap();
            let group = recorded(folder.path(), oom_kill, 262_144, pids);
            write(&folder.path().join(file), content).unwrap();
            (group.renew().unwrap(), number(&group.folders.memory.join("memory.max_usage_in_bytes")))
        };
        let used = "memory/memory.usage_in_bytes";
        let (again, peak) = renewed(0, "max 0\n", used, "4096\n");
        assert!(again && peak != Some(262_144), "{peak:?}");
        assert!(!renewed(1, "max 0\n", used, "4096\n").0, "an event of the one before");
        assert!(!renewed(0, "max 1\n", used, "4096\n").0, "an event of the one before");
        assert!(!renewed(0, "max 0\n", used, "1048576\n").0, "memory of the one before");
        assert!(!renewed(0, "max 0\n", "pids/pids.current", "1\n").0, "a process of the one before");
    }

    #[test]
    fn swap_is_limited_only_where_it_is_counted() {
        for counted in [true, false] {
            let folder = tempfile::tempdir().unwrap();
            let mut group = recorded(folder.path(), 0, 0, "max 0\n");
            let swap = group.folders.memory.join("memory.memsw.limit_in_bytes");
            if counted {
                write(&swap, "9223372036854771712\n").unwrap();
            }
            group.limit(&LIMITS, 1.5).unwrap();
            assert_eq!(number(&group.folders.memory.join("memory.limit_in_bytes")), Some(64 << 20));
            assert_eq!(number(&swap), counted.then_some(64 << 20));
            assert_eq!(number(&group.folders.pids.join("pids.max")), Some(33), "32 and the box's init");
            assert_eq!(number(&group.folders.cpu.join("cpu.cfs_quota_us")), Some(150_000));
        }
    }

    #[test]
    fn only_limits_that_differ_are_written_again() {
        let folder = tempfile::tempdir().unwrap();
        let mut group = recorded(folder.path(), 0, 0, "max 0\n");
        group.limit(&LIMITS, 1.5).unwrap();
        let pids = group.folders.pids.join("pids.max");
        write(&pids, "untouched").unwrap();
        group.limit(&Limits { memory_bytes: 128 << 20, ..LIMITS }, 1.5).unwrap();
        assert_eq!(number(&group.folders.memory.join("memory.limit_in_bytes")), Some(128 << 20));
        assert_eq!(number(&pids), None);
        group.limit(&Limits { processes: 1, ..LIMITS }, 1.5).unwrap();
        assert_eq!(number(&pids), Some(2));
    }
}
