//! What no program may change on the host: looked at before the attacks and after them.

use std::collections::BTreeMap;
use std::fs;

/// Kernel settings that a process with more rights than a box has could write, and the objects that it could
/// leave outside its namespaces.
const FILES: [&str; 13] = [
    "/proc/sys/kernel/core_pattern",
    "/proc/sys/kernel/domainname",
    "/proc/sys/kernel/hostname",
    "/proc/sys/kernel/modprobe",
    "/proc/sys/kernel/pid_max",
    "/proc/sys/kernel/randomize_va_space",
    "/proc/sys/kernel/sysrq",
    "/proc/sys/kernel/threads-max",
    "/proc/sys/vm/overcommit_memory",
    "/proc/sys/vm/swappiness",
    "/proc/sysvipc/msg",
    "/proc/sysvipc/sem",
    "/proc/sysvipc/shm",
];

/// The host at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostState(BTreeMap<&'static str, String>);

impl HostState {
    /// The host now. What this kernel does not have is left out.
    pub fn read() -> Self {
        Self(FILES.iter().filter_map(|path| Some((*path, fs::read_to_string(path).ok()?))).collect())
    }

    /// The files that say something else later.
    pub fn changed(&self, later: &Self) -> Vec<&'static str> {
        FILES.into_iter().filter(|path| self.0.get(path) != later.0.get(path)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_named_and_nothing_else() {
        let before = HostState::read();
        assert_eq!(before.changed(&before.clone()), Vec::<&str>::new());
        let mut after = before.clone();
        after.0.insert(FILES[0], "|/tmp/evil".to_owned());
        assert_eq!(before.changed(&after), [FILES[0]]);
    }
}
