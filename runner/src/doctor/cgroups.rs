//! Control groups: whether boxes get groups of their own, and what those can do.

use protocol::Limits;

use super::finding::Finding;
use crate::sandbox::cgroup::{Abilities, CgroupError, CgroupRoot, Place, Survey};

/// Names of the checks of a group, in their order.
const OF_A_GROUP: [&str; 4] = ["group", "peak memory", "kill at once", "swap"];

/// What a trial group is limited to.
const LIMITS: Limits = Limits {
    cpu_seconds: 1.0,
    wall_seconds: 1.0,
    memory_bytes: 16 << 20,
    processes: 8,
    output_bytes: 0,
    disk_bytes: 0,
};

/// What there is, before any group is made.
pub fn places(survey: &Survey) -> Vec<Finding> {
    let version = match survey.place {
        Place::Nowhere => {
            let mend = "mount -t cgroup2 none /sys/fs/cgroup";
            return vec![Finding::missing("cgroups", "none are mounted", mend)];
        }
        Place::Hierarchies => "v1",
        Place::Delegated(_) | Place::TopLevel(_) => "v2",
    };
    if !survey.missing.is_empty() {
        let says = format!("{version}, without {}", survey.missing.join(", "));
        return vec![Finding::missing("cgroups", says, mend_controllers(survey))];
    }
    let says = format!("{version}, with memory, pids and cpu");
    vec![Finding::fine("cgroups", says), place(&survey.place)]
}

/// The memory controller is off by default on some small machines. A service has only what it is given.
fn mend_controllers(survey: &Survey) -> &'static str {
    match survey.place {
        Place::Delegated(_) => "systemctl edit the unit: [Service] Delegate=yes, then start it again",
        _ if survey.missing.contains(&"memory") => {
            "boot the kernel with cgroup_enable=memory cgroup_memory=1 (GRUB_CMDLINE_LINUX, update-grub)"
        }
        _ => "boot the kernel with systemd.unified_cgroup_hierarchy=1 (GRUB_CMDLINE_LINUX, update-grub)",
    }
}

fn place(place: &Place) -> Finding {
    let says = match place {
        Place::Delegated(group) => format!("delegated: below {}", group.display()),
        Place::TopLevel(mount) => format!("at the top: {}/ruche", mount.display()),
        Place::Hierarchies | Place::Nowhere => "at the top of each hierarchy: ruche".to_owned(),
    };
    Finding::fine("group's place", says)
}

/// The kernel does not say what there is.
pub fn unreadable(error: &CgroupError) -> Finding {
    Finding::missing("cgroups", error.to_string(), "mount -t cgroup2 none /sys/fs/cgroup")
}

/// Nothing of a group could be looked at.
pub fn skipped() -> Vec<Finding> {
    OF_A_GROUP.iter().map(|check| Finding::skipped(check, "control groups")).collect()
}

/// Makes a group, limits it and removes it again.
///
/// # Errors
/// Where the kernel refuses one of these.
pub async fn try_group(root: &CgroupRoot) -> Result<Abilities, CgroupError> {
    let mut leaf = root.leaf("probe")?;
    let tried = leaf.limit(&LIMITS, 1.0).and_then(|()| leaf.counters());
    let abilities = leaf.abilities();
    leaf.remove().await;
    tried.map(|_| abilities)
}

/// What came of that. `swaps` is /proc/swaps.
pub fn group(tried: &Result<Abilities, CgroupError>, swaps: &str) -> Vec<Finding> {
    match tried {
        Ok(abilities) => vec![
            Finding::fine("group", "made, limited, read and removed"),
            peak(abilities),
            kill(abilities),
            swap(abilities, swaps),
        ],
        Err(error) => {
            let rest = OF_A_GROUP.iter().skip(1).map(|check| Finding::skipped(check, "a group"));
            std::iter::once(refused(error)).chain(rest).collect()
        }
    }
}

fn refused(error: &CgroupError) -> Finding {
    let kind = match error {
        CgroupError::File { source, .. } => source.raw_os_error(),
        _ => None,
    };
    let mend = match kind {
        Some(nix::libc::EACCES | nix::libc::EPERM) => "sudo runner doctor (or a unit with Delegate=yes)",
        Some(nix::libc::EROFS) => {
            "docker run --cgroupns host -v /sys/fs/cgroup:/sys/fs/cgroup:rw … for the runner's own container"
        }
        Some(nix::libc::EBUSY) => "systemd-run -p Delegate=yes runner doctor: the top group is in use here",
        _ => "systemd-run -p Delegate=yes --pipe runner doctor",
    };
    Finding::missing("group", format!("none can be made: {error}"), mend)
}

fn peak(abilities: &Abilities) -> Finding {
    match abilities.peak {
        true => Finding::fine("peak memory", "counted"),
        false => Finding::weak(
            "peak memory",
            "not counted: jobs report what they used at their end instead",
            "upgrade to Linux 5.19 or later",
        ),
    }
}

fn kill(abilities: &Abilities) -> Finding {
    match abilities.kill {
        Some(true) => Finding::fine("kill at once", "cgroup.kill"),
        None => Finding::fine("kill at once", "process by process, as cgroup v1 has it"),
        Some(false) => Finding::weak(
            "kill at once",
            "no cgroup.kill: what an agent leaves behind is killed process by process",
            "upgrade to Linux 5.14 or later",
        ),
    }
}

fn swap(abilities: &Abilities, swaps: &str) -> Finding {
    // The first line is the heading.
    let in_use = swaps.lines().skip(1).any(|line| !line.trim().is_empty());
    match (abilities.swap, in_use) {
        (true, _) => Finding::fine("swap", "counted"),
        (false, false) => Finding::fine("swap", "not counted, and this host has none"),
        (false, true) => Finding::weak(
            "swap",
            "not counted: programs over their memory limit are swapped out instead of stopped",
            "swapoff -a (or boot the kernel with swapaccount=1)",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::State;
    use super::*;

    const ALL: Abilities = Abilities { peak: true, kill: Some(true), swap: true };
    const SWAPS: &str = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n";

    fn states(found: &[Finding]) -> Vec<State> {
        found.iter().map(|finding| finding.state).collect()
    }

    #[test]
    fn a_host_that_has_everything() {
        let survey = Survey { place: Place::TopLevel("/sys/fs/cgroup".into()), missing: vec![] };
        let found = places(&survey);
        assert_eq!(states(&found), [State::Fine, State::Fine]);
        assert_eq!(found[1].says, "at the top: /sys/fs/cgroup/ruche");
        assert_eq!(states(&group(&Ok(ALL), SWAPS)), [State::Fine; 4]);
    }

    #[test]
    fn a_missing_controller_is_named_with_its_mend() {
        let survey = Survey { place: Place::TopLevel("/sys/fs/cgroup".into()), missing: vec!["memory"] };
        let found = places(&survey);
        assert_eq!(states(&found), [State::Missing]);
        assert!(found[0].mend.as_ref().unwrap().contains("cgroup_enable=memory"));
        let survey = Survey { place: Place::Nowhere, missing: vec!["memory"] };
        assert_eq!(states(&places(&survey)), [State::Missing]);
    }

    #[test]
    fn an_old_kernel_is_weak() {
        let old = Abilities { peak: false, kill: Some(false), swap: false };
        let with_swap = format!("{SWAPS}/dev/vda2   partition\t1048572\t0\t-2\n");
        let weak = [State::Fine, State::Weak, State::Weak, State::Weak];
        assert_eq!(states(&group(&Ok(old), &with_swap)), weak);
        assert_eq!(group(&Ok(old), SWAPS)[3].state, State::Fine, "what is not there need not be counted");
    }

    #[test]
    fn a_refusal_is_told_by_its_kind() {
        let refused = |errno| {
            let source = std::io::Error::from_raw_os_error(errno);
            let found = group(&Err(CgroupError::File { path: "/sys/fs/cgroup/ruche".into(), source }), SWAPS);
            assert_eq!(states(&found), [State::Missing, State::Skipped, State::Skipped, State::Skipped]);
            found[0].mend.clone().unwrap()
        };
        assert!(refused(nix::libc::EACCES).starts_with("sudo"));
        assert!(refused(nix::libc::EROFS).contains("--cgroupns host"));
    }
}
