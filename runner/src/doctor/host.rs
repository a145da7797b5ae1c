//! The host: processors, memory, room on its disks.

use std::path::{Path, PathBuf};

use indicatif::DecimalBytes;
use nix::sys::statvfs::statvfs;

use super::finding::Finding;

const MB: u64 = 1_000_000;
const GB: u64 = 1_000 * MB;

/// All images together, with what building them takes.
const ROOM_FOR_IMAGES: u64 = 3 * GB;

/// Less than this and Docker itself gets into trouble.
const LEAST_ROOM: u64 = 300 * MB;

/// The agent's binary and the sockets.
const ROOM_FOR_RUNNING: u64 = 10 * MB;

/// What one job with the default limits takes, and the controller's and Docker's own needs.
const MEMORY_TO_START_WITH: u64 = 512 * MB;

/// Processors and memory.
pub fn size(cpus: usize, memory: u64, jobs: u32, job_memory: u64) -> Finding {
    let says = format!("{cpus} processors, {} of memory, {jobs} jobs at once", DecimalBytes(memory));
    let wanted = MEMORY_TO_START_WITH + u64::from(jobs) * job_memory;
    if memory >= wanted {
        return Finding::fine("host", says);
    }
    let fit = (memory.saturating_sub(MEMORY_TO_START_WITH) / job_memory.max(1)).max(1);
    let says = format!("{says}: they may use more than there is, each {}", DecimalBytes(job_memory));
    Finding::weak("host", says, format!("runner start --max-jobs {fit}"))
}

/// Room where Docker keeps images and containers.
pub fn images_disk(folder: &Path, free: Option<u64>) -> Finding {
    let check = "docker's disk";
    let Some(free) = free else {
        return Finding::fine(check, format!("{} is not on this host", folder.display()));
    };
    let says = format!("{} free at {}", DecimalBytes(free), folder.display());
    match free {
        free if free < LEAST_ROOM => Finding::missing(check, says, "docker system prune"),
        free if free < ROOM_FOR_IMAGES => {
            let says = format!("{says}: building all images takes {}", DecimalBytes(ROOM_FOR_IMAGES));
            Finding::weak(check, says, "docker system prune")
        }
        _ => Finding::fine(check, says),
    }
}

/// Room where the runner keeps its sockets.
pub fn run_disk(folder: &Path, free: Option<u64>) -> Finding {
    let says = |free| format!("{} free at {}", DecimalBytes(free), folder.display());
    match free {
        Some(free) if free < ROOM_FOR_RUNNING => {
            Finding::missing("run folder", says(free), "runner start --run-dir FOLDER with more room")
        }
        Some(free) => Finding::fine("run folder", says(free)),
        None => {
            let says = format!("{} cannot be looked at", folder.display());
            Finding::missing("run folder", says, "runner start --run-dir FOLDER that can be made")
        }
    }
}

/// How much is free in a folder, or where it would be made.
pub fn free(folder: &Path) -> Option<u64> {
    let there = folder.ancestors().find(|folder| folder.exists()).map(PathBuf::from)?;
    let disk = statvfs(&there).ok()?;
    Some(disk.blocks_available() * disk.fragment_size())
}

#[cfg(test)]
mod tests {
    use super::super::finding::State;
    use super::*;

    #[test]
    fn a_host_with_less_memory_than_its_jobs_may_use_is_weak() {
        assert_eq!(size(2, 24 * GB, 2, 256 << 20).state, State::Fine);
        let found = size(16, 2 * GB, 16, 256 << 20);
        assert_eq!((found.state, found.mend.as_deref()), (State::Weak, Some("runner start --max-jobs 5")));
    }

    #[test]
    fn a_full_disk_is_missing_room() {
        let state = |free| images_disk(Path::new("/var/lib/docker"), free).state;
        assert_eq!(
            [state(Some(9 * GB)), state(Some(GB)), state(Some(MB))],
            [State::Fine, State::Weak, State::Missing]
        );
        assert_eq!(run_disk(Path::new("/run/ruche"), Some(MB)).state, State::Missing);
        assert_eq!(run_disk(Path::new("/run/ruche"), Some(400 * MB)).state, State::Fine);
    }

    #[test]
    fn room_is_looked_up_where_a_folder_would_be() {
        assert!(free(Path::new("/proc/../tmp/nonexistent/further")).is_some_and(|free| free > 0));
    }
}
