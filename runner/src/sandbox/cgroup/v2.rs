//! Control groups version 2: one hierarchy, in which only groups without processes of their own may limit
//! those below them.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use protocol::Limits;

use super::{
    CPU_PERIOD_US, CgroupError, Counters, cpu_quota_us, field, make_folder, read, read_number, write,
};

const CONTROLLERS: [&str; 3] = ["cpu", "memory", "pids"];

/// Makes this runner's folder: below its own group where the service manager delegated that, else at the top.
pub(super) fn open(mountinfo: &str, own_group: &str, name: &str) -> Result<PathBuf, CgroupError> {
    let mount = mount_point(mountinfo)
        .ok_or_else(|| CgroupError::Unusable("no cgroup file system is mounted at /sys/fs/cgroup".into()))?;
    let own = own_group.lines().find_map(|line| line.strip_prefix("0::")).unwrap_or("/");
    match is_service(own) {
        true => delegated(&mount.join(own.trim_start_matches('/'))),
        false => top_level(&mount, name),
    }
}

/// A service's group is the runner's own where the unit says `Delegate=yes`. The runner moves into a group
/// inside it, so that the rest can be limited.
fn delegated(service: &Path) -> Result<PathBuf, CgroupError> {
    let main = service.join("main");
    let boxes = service.join("boxes");
    make_folder(&main).map_err(not_delegated)?;
    for pid in read(&service.join("cgroup.procs"))?.lines() {
        write(&main.join("cgroup.procs"), pid)?;
    }
    enable_controllers(service).map_err(not_delegated)?;
    make_folder(&boxes)?;
    enable_controllers(&boxes)?;
    Ok(boxes)
}

fn top_level(mount: &Path, name: &str) -> Result<PathBuf, CgroupError> {
    let all = mount.join("ruche");
    let own = all.join(name);
    make_folder(&own)?;
    for folder in [mount, &all, &own] {
        enable_controllers(folder)?;
    }
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

fn not_delegated(error: CgroupError) -> CgroupError {
    CgroupError::Unusable(format!("{error}; put Delegate=yes into the runner's systemd unit"))
}

fn is_service(group: &str) -> bool {
    group.ends_with(".service")
}

fn mount_point(mountinfo: &str) -> Option<PathBuf> {
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
    use super::*;

    #[test]
    fn the_unified_hierarchy_is_found() {
        let mountinfo = "24 21 0:22 / /sys rw - sysfs sysfs rw\n\
                         30 24 0:27 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n";
        assert_eq!(mount_point(mountinfo), Some("/sys/fs/cgroup".into()));
    }

    #[test]
    fn only_a_service_is_delegated() {
        assert!(is_service("/system.slice/ruche-runner.service"));
        assert!(!is_service("/user.slice/user-0.slice/session-1.scope"));
        assert!(!is_service("/"));
    }

    #[test]
    fn recorded_counters_are_read() {
        let events = "low 0\nhigh 0\nmax 31\noom 1\noom_kill 3\noom_group_kill 1\n";
        assert_eq!(field(events, "oom_kill"), 3);
        let stat = "usage_usec 501800\nuser_usec 480000\nsystem_usec 21800\nnr_periods 0\n";
        assert_eq!(field(stat, "usage_usec"), 501_800);
    }
}
