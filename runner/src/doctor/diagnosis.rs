//! From the step at which a sandbox failed, and the kernel's error number, to what is in its way. Pure.

use nix::errno::Errno;

use super::finding::Finding;
use crate::sandbox::SandboxError;
use crate::sandbox::agent::AgentError;

/// The checks of a trial, in their order: each needs those before.
pub const CHECKS: [&str; 5] = [CONTAINER, BOX, DESCRIPTOR, "program", "memory limit"];

const CONTAINER: &str = "container";
const BOX: &str = "box";
const DESCRIPTOR: &str = "descriptor";

/// What is known of the host by then.
#[derive(Debug, Clone, Copy, Default)]
pub struct Facts {
    /// AppArmor confines the container.
    pub apparmor: bool,
    /// It forbids namespaces to whatever has no profile.
    pub restricts_namespaces: bool,
    /// SELinux enforces.
    pub selinux: bool,
}

/// A sandbox has come up with a box in it.
pub fn started(image: &str) -> Vec<Finding> {
    vec![
        Finding::fine(CONTAINER, format!("started from {image}, and its agent answers")),
        Finding::fine(BOX, "made: namespaces, mounts and /proc of its own"),
        Finding::fine(DESCRIPTOR, "passed to the agent, which moved the box into its group"),
    ]
}

/// A sandbox has not come up.
pub fn not_started(error: &SandboxError, facts: &Facts) -> Vec<Finding> {
    let at = place(error);
    CHECKS
        .iter()
        .enumerate()
        .map(|(index, check)| match index {
            index if index < at => Finding::fine(check, "works"),
            index if index == at => Finding::missing(check, describe(error), mend(error, facts)),
            _ => Finding::skipped(check, &format!("the {}", CHECKS.get(at).unwrap_or(&CONTAINER))),
        })
        .collect()
}

/// A program has failed for the sandbox's sake.
pub fn failed(check: &'static str, error: &SandboxError) -> Finding {
    Finding::missing(check, describe(error), mend(error, &Facts::default()))
}

/// The step by its name, as in the agent's code: whoever reports it is asked for that.
fn describe(error: &SandboxError) -> String {
    match error {
        SandboxError::Box { stage, errno } => format!("failed at \"{stage}\": {}", Errno::from_raw(*errno)),
        error => error.to_string(),
    }
}

/// Which of the checks failed.
fn place(error: &SandboxError) -> usize {
    match error {
        SandboxError::Box { stage, .. } if stage == "join the cgroup" => 2,
        // The agent ends when a descriptor is dropped on its way.
        SandboxError::Agent(AgentError::Gone(_)) => 2,
        SandboxError::Box { .. } | SandboxError::Stuck | SandboxError::Spoilt => 1,
        _ => 0,
    }
}

const PROFILE: &str = "apt-get install apparmor (for apparmor_parser), then runner doctor again";
const AUDIT: &str = "dmesg | grep -i denied";

fn mend(error: &SandboxError, facts: &Facts) -> String {
    match error {
        SandboxError::Box { stage, errno } => of_a_box(stage, Errno::from_raw(*errno), facts).to_owned(),
        SandboxError::Agent(AgentError::Gone(_)) if facts.apparmor => {
            format!("a profile drops the descriptor: {AUDIT}; {PROFILE}")
        }
        SandboxError::Agent(AgentError::Silent | AgentError::Gone(_)) if facts.selinux => {
            "ausearch -m avc -ts recent (what SELinux denied)".to_owned()
        }
        SandboxError::Agent(AgentError::Silent) => {
            "mount -o remount,exec the run folder's file system, or runner start --run-dir FOLDER elsewhere"
                .to_owned()
        }
        SandboxError::Agent(AgentError::Protocol) => {
            "remove \"userns-remap\" from /etc/docker/daemon.json, and restart Docker".to_owned()
        }
        SandboxError::Agent(AgentError::Gone(_)) => {
            "journalctl -u docker -n 50 (or dockerd's log)".to_owned()
        }
        SandboxError::Docker(_) | SandboxError::Unready(_) => {
            "journalctl -u docker -n 50 (or dockerd's log)".to_owned()
        }
        SandboxError::Cgroup(_) => "systemd-run -p Delegate=yes --pipe runner doctor".to_owned(),
        SandboxError::Socket { .. } => "sudo runner doctor, or --run-dir FOLDER".to_owned(),
        SandboxError::Stuck | SandboxError::Spoilt => AUDIT.to_owned(),
    }
}

fn of_a_box(stage: &str, errno: Errno, facts: &Facts) -> &'static str {
    match (stage, errno) {
        ("new namespaces", Errno::EPERM) if facts.restricts_namespaces => {
            "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"
        }
        ("new namespaces", Errno::EPERM) => {
            "sysctl -w kernel.unprivileged_userns_clone=1; if it is 1, Docker did not apply the seccomp profile"
        }
        ("new namespaces", Errno::ENOSPC) => "sysctl -w user.max_user_namespaces=15000",
        ("new namespaces", Errno::EINVAL) => "install a kernel with CONFIG_USER_NS",
        ("uid map" | "gid map" | "setgroups", _) if facts.apparmor => PROFILE,
        ("private mounts", Errno::EACCES) => PROFILE,
        ("mount /proc", Errno::EPERM) => {
            "runner.toml: runtime = \"runc\" (this runtime masks /proc: older, or of another kind)"
        }
        (_, Errno::EACCES) if stage.starts_with("mount") || stage.starts_with('/') => PROFILE,
        ("join the cgroup", Errno::ENOENT) => {
            "run the runner outside a cgroup namespace: docker run --cgroupns host, or on the host itself"
        }
        ("join the cgroup", Errno::EBADF) => PROFILE,
        ("join the cgroup", Errno::EACCES) => "upgrade to Linux 5.16 or later",
        _ => AUDIT,
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::State;
    use super::*;

    fn failure(stage: &str, errno: Errno) -> SandboxError {
        SandboxError::Box { stage: stage.into(), errno: errno as i32 }
    }

    /// The check that fails, and its mend.
    fn diagnose(error: &SandboxError, apparmor: bool) -> (&'static str, String) {
        let found = not_started(error, &Facts { apparmor, ..Facts::default() });
        let at = found.iter().position(|finding| finding.state == State::Missing).unwrap();
        assert_eq!(found.len(), CHECKS.len());
        assert!(found[..at].iter().all(|finding| finding.state == State::Fine));
        assert!(found[at + 1..].iter().all(|finding| finding.state == State::Skipped));
        (found[at].check, found[at].mend.clone().unwrap())
    }

    #[test]
    fn each_refusal_by_the_kernel_has_its_own_mend() {
        for (stage, errno, check, mend) in [
            ("new namespaces", Errno::EPERM, "box", "unprivileged_userns_clone"),
            ("new namespaces", Errno::ENOSPC, "box", "max_user_namespaces"),
            ("private mounts", Errno::EACCES, "box", "apparmor"),
            ("mount /proc", Errno::EPERM, "box", "runtime"),
            ("mount the box", Errno::EACCES, "box", "apparmor"),
            ("join the cgroup", Errno::ENOENT, "descriptor", "--cgroupns host"),
            ("join the cgroup", Errno::EBADF, "descriptor", "apparmor"),
            ("join the cgroup", Errno::EACCES, "descriptor", "5.16"),
            ("host name", Errno::EIO, "box", "dmesg"),
        ] {
            let (failed, said) = diagnose(&failure(stage, errno), false);
            assert_eq!(failed, check, "{stage}");
            assert!(said.contains(mend), "{stage} {errno}: {said}");
        }
    }

    #[test]
    fn namespaces_that_apparmor_forbids_are_its_own_setting() {
        let facts = Facts { apparmor: true, restricts_namespaces: true, selinux: false };
        let found = not_started(&failure("new namespaces", Errno::EPERM), &facts);
        assert!(found[1].mend.as_ref().unwrap().contains("apparmor_restrict_unprivileged_userns=0"));
        assert!(found[1].says.starts_with("failed at \"new namespaces\": EPERM"), "{}", found[1].says);
    }

    #[test]
    fn an_agent_that_goes_lost_its_descriptor() {
        let gone = || SandboxError::Agent(AgentError::Gone(std::io::ErrorKind::UnexpectedEof.into()));
        let (check, mend) = diagnose(&gone(), true);
        assert_eq!(check, "descriptor");
        assert!(mend.contains("apparmor"), "{mend}");
        assert!(diagnose(&gone(), false).1.contains("docker"));
    }

    #[test]
    fn an_agent_that_never_came_is_the_container_s_failure() {
        let (check, mend) = diagnose(&SandboxError::Agent(AgentError::Silent), false);
        assert_eq!(check, "container");
        assert!(mend.contains("--run-dir"), "{mend}");
        assert!(diagnose(&SandboxError::Agent(AgentError::Protocol), false).1.contains("userns-remap"));
    }
}
