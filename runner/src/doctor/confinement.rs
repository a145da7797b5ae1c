//! AppArmor and SELinux: whether sandbox containers have a profile, and whether one is in their way.

use std::fs;

use super::finding::Finding;
use crate::sandbox::apparmor::{self, ProfileError, UNCONFINED};

/// What AppArmor does for the containers of the trial.
#[derive(Debug)]
pub enum Confinement {
    /// There is none.
    Absent,
    /// The profile is loaded under this name, which goes away again.
    Own(String),
    /// It cannot be loaded now, but was before.
    Loaded,
    /// It cannot be loaded.
    Refused(ProfileError),
    /// This user may neither load it nor know whether it is.
    Unknown,
}

impl Confinement {
    /// Loads the profile under a name of its own, so that a runner's is left alone.
    pub fn try_out(name: &str) -> Self {
        if !apparmor::is_enabled() {
            return Self::Absent;
        }
        match apparmor::load(name) {
            Ok(()) => Self::Own(name.to_owned()),
            Err(_) if apparmor::is_loaded(apparmor::NAME) => Self::Loaded,
            Err(_) if !nix::unistd::geteuid().is_root() => Self::Unknown,
            Err(error) => Self::Refused(error),
        }
    }

    /// The profile for a container.
    pub fn profile(&self) -> Option<String> {
        let name = match self {
            Self::Absent => return None,
            Self::Own(name) => name,
            Self::Loaded => apparmor::NAME,
            Self::Refused(_) | Self::Unknown => UNCONFINED,
        };
        Some(name.to_owned())
    }

    /// Takes away what [`try_out`](Self::try_out) loaded, once no container uses it.
    pub fn undo(&self) {
        if let Self::Own(name) = self
            && let Err(error) = apparmor::unload(name)
        {
            tracing::warn!(profile = name, %error, "an AppArmor profile is left behind");
        }
    }
}

/// Where Ubuntu forbids namespaces to whoever has no profile.
pub fn restricts_namespaces() -> bool {
    fs::read_to_string("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
        .is_ok_and(|value| value.trim() == "1")
}

/// Whether SELinux enforces; nothing where there is none.
pub fn selinux_enforces() -> Option<bool> {
    fs::read_to_string("/sys/fs/selinux/enforce").ok().map(|value| value.trim() == "1")
}

/// What AppArmor is found to do.
pub fn apparmor(confinement: &Confinement, restricts: bool) -> Finding {
    let name = apparmor::NAME;
    let (error, mend) = match confinement {
        Confinement::Absent => return Finding::fine("apparmor", "not on this host"),
        Confinement::Own(_) => return Finding::fine("apparmor", format!("the profile {name} loads")),
        Confinement::Loaded => return Finding::fine("apparmor", format!("the profile {name} is loaded")),
        Confinement::Unknown => return Finding::skipped("apparmor", "root"),
        Confinement::Refused(error @ ProfileError::NoParser) => (error, "apt-get install apparmor"),
        Confinement::Refused(error) => (error, "apt-get install --reinstall apparmor"),
    };
    let says = format!("sandbox containers go unconfined: {error}");
    match restricts {
        true => Finding::missing("apparmor", format!("{says}, and so may make no namespaces"), mend),
        false => Finding::weak("apparmor", says, mend),
    }
}

/// What SELinux is found to do.
pub fn selinux(enforces: Option<bool>) -> Finding {
    match enforces {
        None => Finding::fine("selinux", "not on this host"),
        Some(false) => Finding::fine("selinux", "permissive"),
        Some(true) => Finding::weak(
            "selinux",
            "enforcing, which boxes are untested under: the trial below tells whether they work",
            "setenforce 0 (only if the trial below fails)",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::State;
    use super::*;

    #[test]
    fn without_a_parser_containers_go_unconfined_and_the_package_is_named() {
        let refused = Confinement::Refused(ProfileError::NoParser);
        let found = apparmor(&refused, false);
        assert_eq!((found.state, found.mend.as_deref()), (State::Weak, Some("apt-get install apparmor")));
        assert_eq!(refused.profile().as_deref(), Some("unconfined"));
        assert_eq!(apparmor(&refused, true).state, State::Missing, "unconfined means no namespaces there");
    }

    #[test]
    fn a_profile_that_loads_is_fine() {
        let own = Confinement::Own("ruche-doctor-7".into());
        assert_eq!(apparmor(&own, true).state, State::Fine);
        assert_eq!(own.profile().as_deref(), Some("ruche-doctor-7"));
        assert_eq!(Confinement::Loaded.profile().as_deref(), Some("ruche-sandbox"));
        assert_eq!(Confinement::Absent.profile(), None);
        assert_eq!(apparmor(&Confinement::Unknown, true).state, State::Skipped);
    }

    #[test]
    fn selinux_that_enforces_is_untested() {
        let states = [None, Some(false), Some(true)].map(|enforces| selinux(enforces).state);
        assert_eq!(states, [State::Fine, State::Fine, State::Weak]);
    }
}
