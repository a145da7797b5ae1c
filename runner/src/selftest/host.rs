//! What no program may change on the host: looked at before the attacks and after them.

use std::collections::BTreeMap;
use std::fs;

use agent::message::SANDBOX_UID;

/// Kernel settings that a process with more rights than a box has could write.
const FILES: [&str; 10] = [
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
];

/// Where objects are listed that it could leave outside its namespaces. Others on the host make such, too: only
/// those of the sandboxes' user count.
const OBJECTS: [&str; 3] = ["/proc/sysvipc/msg", "/proc/sysvipc/sem", "/proc/sysvipc/shm"];

/// The host at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostState(BTreeMap<&'static str, String>);

impl HostState {
    /// The host now. What this kernel does not have is left out.
    pub fn read() -> Self {
        let settings = FILES.iter().filter_map(|path| Some((*path, fs::read_to_string(path).ok()?)));
        let objects =
            OBJECTS.iter().filter_map(|path| Some((*path, of_sandboxes(&fs::read_to_string(path).ok()?))));
        Self(settings.chain(objects).collect())
    }

    /// The files that say something else later.
    pub fn changed(&self, later: &Self) -> Vec<&'static str> {
        FILES.into_iter().chain(OBJECTS).filter(|path| self.0.get(path) != later.0.get(path)).collect()
    }
}

/// The lines of a list of objects, by its heading, that the sandboxes' user owns or made.
fn of_sandboxes(list: &str) -> String {
    let mut lines = list.lines();
    let heading: Vec<&str> = lines.next().unwrap_or_default().split_whitespace().collect();
    let uid = SANDBOX_UID.to_string();
    let is_theirs = |line: &&str| {
        let mut columns = heading.iter().zip(line.split_whitespace());
        columns.any(|(name, value)| matches!(*name, "uid" | "cuid") && value == uid)
    };
    lines.filter(is_theirs).map(|line| format!("{line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_objects_of_the_sandboxes_count() {
        let heading = "key shmid perms size cpid lpid nattch uid gid cuid cgid\n";
        let theirs = format!("0 1 600 56 9 9 0 {SANDBOX_UID} 104 {SANDBOX_UID} 104\n");
        let others = format!("0 2 600 {SANDBOX_UID} 9 9 0 101 104 101 104\n");
        assert_eq!(of_sandboxes(&format!("{heading}{others}{theirs}")), theirs);
    }

    #[test]
    fn a_change_is_named_and_nothing_else() {
        let before = HostState::read();
        assert_eq!(before.changed(&before.clone()), Vec::<&str>::new());
        let mut after = before.clone();
        after.0.insert(FILES[0], "|/tmp/evil".to_owned());
        assert_eq!(before.changed(&after), [FILES[0]]);
    }
}
