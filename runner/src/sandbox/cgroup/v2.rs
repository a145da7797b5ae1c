//! Control groups version 2: one hierarchy, in which only groups without processes of their own may limit
//! those below them.

use std::ffi::CString;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use protocol::Limits;

use super::{
    CPU_PERIOD_US, CgroupError, Counters, cpu_quota_us, field, make_folder, read, read_number,
    remove_with_parent, write,
};

const CONTROLLERS: [&str; 3] = ["cpu", "memory", "pids"];

/// Makes this runner's folder: below its own group where the service manager delegated that, else at the top.
pub(super) fn open(mountinfo: &str, own_group: &str, name: &str) -> Result<PathBuf, CgroupError> {
    let mount = mount_point(mountinfo)
        .ok_or_else(|| CgroupError::Unusable("no cgroup file system is mounted at /sys/fs/cgroup".into()))?;
    let own = self::own_group(&mount, own_group);
    match is_delegated(&own) {
        true => delegated(&own),
        false => top_level(&mount, name),
    }
}

/// The folder of this process's own group, in the words of /proc/self/cgroup.
pub(super) fn own_group(mount: &Path, groups: &str) -> PathBuf {
    let own = groups.lines().find_map(|line| line.strip_prefix("0::")).unwrap_or("/");
    mount.join(own.trim_start_matches('/'))
}

/// Whether the service manager leaves what is below this group alone. It marks such a group (systemd.exec's
/// `Delegate=`); in any other it would clear our groups away.
pub(super) fn is_delegated(group: &Path) -> bool {
    let Ok(path) = CString::new(group.as_os_str().as_bytes()) else { return false };
    [c"user.delegate", c"trusted.delegate"].iter().any(|mark| {
        let mut value = [0_u8; 1];
        // SAFETY: two strings that end in NUL, and a buffer with its size.
        let length = unsafe {
            nix::libc::getxattr(path.as_ptr(), mark.as_ptr(), value.as_mut_ptr().cast(), value.len())
        };
        length == 1 && value == *b"1"
    })
}

/// The group of a service whose unit says `Delegate=yes` is the runner's own. It moves into a group inside it,
/// so that the rest can be limited.
fn delegated(service: &Path) -> Result<PathBuf, CgroupError> {
    let main = service.join("main");
    let boxes = service.join("boxes");
    make_folder(&main)?;
    for pid in read(&service.join("cgroup.procs"))?.lines() {
        write(&main.join("cgroup.procs"), pid)?;
    }
    enable_controllers(service)?;
    make_folder(&boxes)?;
    enable_controllers(&boxes)?;
    Ok(boxes)
}

/// Undoes what [`delegated`] did to the service around a folder of boxes, which is gone: its processes move
/// back, so that whoever comes next finds it as it was.
pub(super) fn give_back(boxes: &Path) -> Result<(), CgroupError> {
    let Some(service) = boxes.parent().filter(|service| is_delegated(service)) else { return Ok(()) };
    let main = service.join("main");
    let all = CONTROLLERS.map(|controller| format!("-{controller}")).join(" ");
    write(&service.join("cgroup.subtree_control"), all)?;
    for pid in read(&main.join("cgroup.procs"))?.lines() {
        write(&service.join("cgroup.procs"), pid)?;
    }
    // Something else may live in it by now.
    let _ = fs::remove_dir(main);
    Ok(())
}

fn top_level(mount: &Path, name: &str) -> Result<PathBuf, CgroupError> {
    let all = mount.join("ruche");
    let own = all.join(name);
    make_folder(&own)?;
    let enabled = [mount, &all, &own].into_iter().try_for_each(enable_controllers);
    enabled.inspect_err(|_| remove_with_parent(&own))?;
    Ok(own)
}

fn enable_controllers(folder: &Path) -> Result<(), CgroupError> {
    let enabled = read(&folder.join("cgroup.subtree_control"))?;
    for controller in CONTROLLERS {
        if !enabled.split_whitespace().any(|name| name == controller) {
            write(&folder.join("cgroup.subtree_control"), format!("+{controller}"))?;
        }
    }
    Ok(())
}

pub(super) fn mount_point(mountinfo: &str) -> Option<PathBuf> {
    let unified = mountinfo.lines().filter_map(|line| line.split_once(" - "));
    let mut unified = unified.filter(|(_, source)| source.starts_with("cgroup2 "));
    unified.next().and_then(|(mount, _)| mount.split(' ').nth(4)).map(PathBuf::from)
}

pub(super) fn limit(leaf: &Path, limits: &Limits, cpus: f64) -> Result<(), CgroupError> {
    write(&leaf.join("memory.max"), limits.memory_bytes)?;
    // Kernels without swap lack this file.
    if leaf.join("memory.swap.max").exists() {
        write(&leaf.join("memory.swap.max"), 0)?;
    }
    write(&leaf.join("memory.oom.group"), 1)?;
    // The box's init is one of them.
    write(&leaf.join("pids.max"), limits.processes.saturating_add(1))?;
    write(&leaf.join("cpu.max"), format!("{} {CPU_PERIOD_US}", cpu_quota_us(cpus)))
}

pub(super) fn cpu(leaf: &Path) -> Result<Duration, CgroupError> {
    read(&leaf.join("cpu.stat")).map(|stat| Duration::from_micros(field(&stat, "usage_usec")))
}

pub(super) fn counters(leaf: &Path) -> Result<Counters, CgroupError> {
    // Before Linux 5.19 only what is used now can be read.
    let peak = leaf.join("memory.peak");
    let memory = if peak.exists() { peak } else { leaf.join("memory.current") };
    Ok(Counters {
        memory_peak: read_number(&memory)?,
        // With oom.group one event kills many: it is no count of anything.
        oom_killed: field(&read(&leaf.join("memory.events"))?, "oom_kill") > 0,
        processes_hit: field(&fs::read_to_string(leaf.join("pids.events")).unwrap_or_default(), "max") > 0,
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::LIMITS;
    use super::*;

    #[test]
    fn the_unified_hierarchy_is_found() {
        let mountinfo = "24 21 0:22 / /sys rw - sysfs sysfs rw\n\
                         30 24 0:27 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n";
        assert_eq!(mount_point(mountinfo), Some("/sys/fs/cgroup".into()));
    }

    #[test]
    fn a_folder_without_the_mark_is_not_delegated() {
        assert!(!is_delegated(Path::new("/sys")));
        assert!(!is_delegated(Path::new("/nonexistent")));
    }

    /// A group with files as a kernel (6.1) wrote them.
    fn recorded(oom_kill: u32, peak: u64, pids: u32) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let events = format!(
            "low 0\nhigh 0\nmax 123\noom {0}\noom_kill {oom_kill}\noom_group_kill {0}\n",
            oom_kill / 2
        );
        let stat = "usage_usec 269336\nuser_usec 37149\nsystem_usec 232186\nnr_periods 0\nnr_throttled 0\n\
                    throttled_usec 0\nnr_bursts 0\nburst_usec 0\n";
        write(&folder.path().join("memory.events"), events).unwrap();
        write(&folder.path().join("memory.peak"), format!("{peak}\n")).unwrap();
        write(&folder.path().join("memory.current"), "49152\n").unwrap();
        write(&folder.path().join("cpu.stat"), stat).unwrap();
        write(&folder.path().join("pids.events"), format!("max {pids}\n")).unwrap();
        folder
    }

    #[test]
    fn counters_of_a_program_within_its_limits() {
        let group = recorded(0, 999_424, 0);
        let expected = Counters { memory_peak: 999_424, oom_killed: false, processes_hit: false };
        assert_eq!(counters(group.path()).unwrap(), expected);
        assert_eq!(cpu(group.path()).unwrap(), Duration::from_micros(269_336));
    }

    #[test]
    fn counters_of_a_program_that_ran_out_of_memory() {
        let group = recorded(2, 16_777_216, 0);
        let expected = Counters { memory_peak: 16_777_216, oom_killed: true, processes_hit: false };
        assert_eq!(counters(group.path()).unwrap(), expected);
    }

    #[test]
    fn counters_of_a_program_that_ran_out_of_processes() {
        let group = recorded(0, 999_424, 2);
        let expected = Counters { memory_peak: 999_424, oom_killed: false, processes_hit: true };
        assert_eq!(counters(group.path()).unwrap(), expected);
    }

    #[test]
    fn an_older_kernel_tells_what_is_in_use_and_no_events_of_processes() {
        let group = recorded(0, 999_424, 2);
        fs::remove_file(group.path().join("memory.peak")).unwrap();
        fs::remove_file(group.path().join("pids.events")).unwrap();
        let expected = Counters { memory_peak: 49_152, oom_killed: false, processes_hit: false };
        assert_eq!(counters(group.path()).unwrap(), expected);
    }

    #[test]
    fn swap_is_forbidden_only_where_it_is_counted() {
        for counted in [true, false] {
            let group = tempfile::tempdir().unwrap();
            let swap = group.path().join("memory.swap.max");
            if counted {
                write(&swap, "max\n").unwrap();
            }
            limit(group.path(), &LIMITS, 1.5).unwrap();
            assert_eq!(read_number(&swap).ok(), counted.then_some(0));
            assert_eq!(read_number(&group.path().join("memory.max")).unwrap(), 64 << 20);
            assert_eq!(read_number(&group.path().join("pids.max")).unwrap(), 33, "32 and the box's init");
            assert_eq!(read(&group.path().join("cpu.max")).unwrap(), "150000 100000");
        }
    }
}
