//! The kernel: its version, and whether it lets an ordinary user make namespaces.

use std::fs;

use super::finding::Finding;

/// What boxes are made of.
const KINDS: [&str; 5] = ["user", "pid", "mnt", "ipc", "uts"];

/// A box takes one namespace of each kind, and a runner keeps a few boxes a job.
const FEW: u64 = 256;

/// What the kernel said.
#[derive(Debug, Clone, Default)]
pub struct Kernel {
    /// Its release, as in `6.1.0-50-cloud-amd64`.
    pub release: String,
    /// Whether groups are version 2, in which some versions refuse what boxes need.
    pub cgroup_v2: bool,
    /// `unprivileged_userns_clone`, where there is such a setting.
    pub userns_clone: Option<String>,
    /// For each kind of namespace, how many there may be.
    pub most: Vec<(&'static str, Option<u64>)>,
}

impl Kernel {
    /// Looks at this host.
    pub fn of_this_host(cgroup_v2: bool) -> Self {
        let read = |path: &str| fs::read_to_string(path).ok().map(|text| text.trim().to_owned());
        let most = KINDS.map(|kind| {
            (kind, read(&format!("/proc/sys/user/max_{kind}_namespaces")).and_then(|most| most.parse().ok()))
        });
        Self {
            release: read("/proc/sys/kernel/osrelease").unwrap_or_default(),
            cgroup_v2,
            userns_clone: read("/proc/sys/kernel/unprivileged_userns_clone"),
            most: most.to_vec(),
        }
    }
}

/// The kernel's version and its namespaces.
pub fn findings(kernel: &Kernel) -> Vec<Finding> {
    vec![version(kernel), namespaces(kernel)]
}

fn version(kernel: &Kernel) -> Finding {
    let release = &kernel.release;
    let mend = "upgrade to Linux 5.16 or later: apt-get install linux-image-amd64, then reboot";
    match parse(release) {
        Some(version) if version < (5, 9) => {
            let says = format!("{release}: before 5.9 the agent cannot shut a program's descriptors");
            Finding::missing("kernel", says, mend)
        }
        Some(version) if version < (5, 16) && kernel.cgroup_v2 => {
            let says = format!("{release}: before 5.16 the agent may not move a box into its group");
            Finding::missing("kernel", says, mend)
        }
        _ => Finding::fine("kernel", release),
    }
}

fn namespaces(kernel: &Kernel) -> Finding {
    if kernel.userns_clone.as_deref() == Some("0") {
        let mend = "sysctl -w kernel.unprivileged_userns_clone=1";
        return Finding::missing("namespaces", "an ordinary user may make none", mend);
    }
    let known = kernel.most.iter().filter_map(|(kind, most)| Some((*kind, (*most)?)));
    let Some((kind, most)) = known.min_by_key(|(_, most)| *most) else {
        let mend = "install a kernel with CONFIG_USER_NS";
        return Finding::missing("namespaces", "this kernel has no user namespaces", mend);
    };
    let mend = format!("sysctl -w user.max_{kind}_namespaces=15000");
    match most {
        0 => Finding::missing("namespaces", format!("no {kind} namespace may be made"), mend),
        few if few < FEW => {
            Finding::weak("namespaces", format!("only {few} {kind} namespaces may be made"), mend)
        }
        _ => Finding::fine("namespaces", format!("an ordinary user may make {most} of each kind")),
    }
}

/// The first two numbers of a release.
fn parse(release: &str) -> Option<(u32, u32)> {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::super::finding::State;
    use super::*;

    fn recorded() -> Kernel {
        Kernel {
            release: "6.1.0-50-cloud-amd64".into(),
            cgroup_v2: true,
            userns_clone: Some("1".into()),
            most: KINDS.map(|kind| (kind, Some(15615))).to_vec(),
        }
    }

    fn with_release(release: &str, cgroup_v2: bool) -> State {
        version(&Kernel { release: release.into(), cgroup_v2, ..recorded() }).state
    }

    #[test]
    fn a_kernel_is_judged_by_what_is_asked_of_it() {
        assert_eq!(with_release("6.1.0-50-cloud-amd64", true), State::Fine);
        assert_eq!(with_release("5.16.0", true), State::Fine);
        assert_eq!(with_release("5.15.0-91-generic", true), State::Missing);
        assert_eq!(with_release("5.10.0-28-amd64", false), State::Fine);
        assert_eq!(with_release("4.19.0", false), State::Missing);
        assert_eq!(with_release("odd", true), State::Fine, "the trial will tell");
    }

    #[test]
    fn forbidden_namespaces_are_named_with_their_setting() {
        assert_eq!(namespaces(&recorded()).state, State::Fine);
        let found = namespaces(&Kernel { userns_clone: Some("0".into()), ..recorded() });
        assert_eq!(found.mend.as_deref(), Some("sysctl -w kernel.unprivileged_userns_clone=1"));
        let mut few = recorded();
        few.most[2].1 = Some(0);
        let found = namespaces(&few);
        assert_eq!(found.state, State::Missing);
        assert_eq!(found.mend.as_deref(), Some("sysctl -w user.max_mnt_namespaces=15000"));
        few.most[2].1 = Some(20);
        assert_eq!(namespaces(&few).state, State::Weak);
        assert_eq!(namespaces(&Kernel { most: vec![], ..recorded() }).state, State::Missing);
    }
}
