//! What this host offers by way of control groups, without touching any: for `runner doctor`.

use std::path::{Path, PathBuf};

use super::{CgroupError, read, v1, v2};

/// What boxes need.
const NEEDED: [&str; 4] = ["memory", "pids", "cpu", "cpuacct"];

/// Version 2 counts processor time without a controller for it.
const NEEDED_OF_V2: [&str; 3] = ["memory", "pids", "cpu"];

/// What there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Survey {
    /// Where boxes get their groups.
    pub place: Place,
    /// Controllers that are needed and not there.
    pub missing: Vec<&'static str>,
}

/// Where boxes get their groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In each controller's own hierarchy (version 1).
    Hierarchies,
    /// Below the runner's own group, which the service manager leaves alone (version 2).
    Delegated(PathBuf),
    /// At the top (version 2).
    TopLevel(PathBuf),
    /// Nowhere: no hierarchy is mounted.
    Nowhere,
}

/// Looks at this host.
///
/// # Errors
/// Where the kernel does not say what is mounted, or which controllers there are.
pub fn survey() -> Result<Survey, CgroupError> {
    let mounts = read(Path::new("/proc/self/mountinfo"))?;
    let own_group = read(Path::new("/proc/self/cgroup"))?;
    let place = place(&mounts, &own_group, v2::is_delegated);
    let missing = match &place {
        Place::Hierarchies => missing_of_v1(&mounts),
        Place::Nowhere => NEEDED.to_vec(),
        Place::Delegated(group) | Place::TopLevel(group) => {
            missing_of_v2(&read(&group.join("cgroup.controllers"))?)
        }
    };
    Ok(Survey { place, missing })
}

fn place(mounts: &str, own_group: &str, is_delegated: impl Fn(&Path) -> bool) -> Place {
    if missing_of_v1(mounts).len() < NEEDED.len() {
        return Place::Hierarchies;
    }
    let Some(mount) = v2::mount_point(mounts) else { return Place::Nowhere };
    let own = v2::own_group(&mount, own_group);
    if is_delegated(&own) { Place::Delegated(own) } else { Place::TopLevel(mount) }
}

fn missing_of_v1(mounts: &str) -> Vec<&'static str> {
    let mounted = |controller: &str| mounts.lines().any(|line| v1::mount_point(line, controller).is_some());
    NEEDED.into_iter().filter(|controller| !mounted(controller)).collect()
}

fn missing_of_v2(controllers: &str) -> Vec<&'static str> {
    let there = |needed: &&str| controllers.split_whitespace().any(|controller| controller == *needed);
    NEEDED_OF_V2.into_iter().filter(|controller| !there(controller)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const V1: &str = "\
31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu
33 31 0:30 / /sys/fs/cgroup/cpuacct rw,relatime - cgroup cgroup rw,cpuacct
35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
39 31 0:36 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
";
    const V2: &str = "30 24 0:27 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n";

    #[test]
    fn a_hybrid_host_counts_as_version_1_and_its_gaps_are_named() {
        assert_eq!(place(V1, "0::/\n", |_| true), Place::Hierarchies);
        assert!(missing_of_v1(V1).is_empty());
        let without_memory: String =
            V1.lines().filter(|line| !line.contains("memory")).map(|line| format!("{line}\n")).collect();
        assert_eq!(place(&without_memory, "0::/\n", |_| true), Place::Hierarchies);
        assert_eq!(missing_of_v1(&without_memory), ["memory"]);
    }

    #[test]
    fn a_service_has_its_own_place_only_where_it_is_delegated() {
        let own = "0::/system.slice/ruche.service\n";
        let service = PathBuf::from("/sys/fs/cgroup/system.slice/ruche.service");
        assert_eq!(place(V2, own, |group| group == service), Place::Delegated(service.clone()));
        assert_eq!(place(V2, own, |_| false), Place::TopLevel("/sys/fs/cgroup".into()));
        assert_eq!(place("", own, |_| true), Place::Nowhere);
    }

    #[test]
    fn missing_controllers_of_version_2_are_named() {
        assert!(missing_of_v2("cpuset cpu io memory hugetlb pids rdma misc\n").is_empty());
        assert_eq!(missing_of_v2("cpuset cpu io pids\n"), ["memory"]);
    }
}
