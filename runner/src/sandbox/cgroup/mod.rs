//! A control group for each box: what its processes may use, and what they used. The groups lie outside
//! Docker's tree, so that the sandbox container has no access to them; the agent is only ever handed the
//! write-only descriptor with which it moves its child in.

mod interface;
mod survey;
mod v1;
mod v2;

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use protocol::Limits;

pub use self::survey::{Place, Survey, survey};

/// What went wrong with a control group file or folder.
#[derive(Debug, thiserror::Error)]
pub enum CgroupError {
    /// A file or folder could not be used.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file does not say what is expected.
    #[error("{0}: unexpected content")]
    Content(PathBuf),
    /// The host has no usable control groups.
    #[error("this host's control groups cannot be used: {0}")]
    Unusable(String),
}

/// Where this runner's boxes get their groups.
#[derive(Debug, Clone)]
pub enum CgroupRoot {
    /// One folder in each controller's hierarchy.
    V1(v1::Hierarchies),
    /// One folder in the unified hierarchy.
    V2(PathBuf),
}

/// The group of one box. Dropping it leaves it behind: [`Leaf::remove`] it.
#[derive(Debug)]
pub enum Leaf {
    /// A folder in each controller's hierarchy.
    V1(Box<v1::Group>),
    /// One folder.
    V2(PathBuf),
}

/// What not every kernel does for a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Abilities {
    /// It keeps the highest memory.
    pub peak: bool,
    /// It kills all at once; version 1 never does.
    pub kill: Option<bool>,
    /// It counts, and so limits, swap.
    pub swap: bool,
}

/// What the kernel has counted for a box.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Highest memory, in bytes.
    pub memory_peak: u64,
    /// Whether the kernel killed a process for want of memory.
    pub oom_killed: bool,
    /// Whether a process or thread more than allowed was wanted.
    pub processes_hit: bool,
}

impl CgroupRoot {
    /// Finds out what this host has, and makes this runner's folder in it.
    ///
    /// # Errors
    /// Where the host offers neither version with what is needed, or this process may not use it.
    pub fn open(name: &str) -> Result<Self, CgroupError> {
        let mounts = read(Path::new("/proc/self/mountinfo"))?;
        if let Some(hierarchies) = v1::Hierarchies::find(&mounts) {
            let own = hierarchies.below("ruche").below(name);
            own.make().inspect_err(|_| own.folders().for_each(remove_with_parent))?;
            v1::allow_many_files();
            return Ok(Self::V1(own));
        }
        let own_group = read(Path::new("/proc/self/cgroup"))?;
        v2::open(&mounts, &own_group, name).map(Self::V2)
    }

    /// Which version it is, for people.
    pub fn version(&self) -> &'static str {
        match self {
            Self::V1(_) => "v1",
            Self::V2(_) => "v2",
        }
    }

    /// Makes a group for a box.
    ///
    /// # Errors
    /// Where the folder cannot be made.
    pub fn leaf(&self, name: &str) -> Result<Leaf, CgroupError> {
        match self {
            Self::V1(own) => {
                let folders = own.below(name);
                folders.make()?;
                v1::Group::open(folders).map(Box::new).map(Leaf::V1)
            }
            Self::V2(own) => {
                let leaf = own.join(name);
                make_folder(&leaf)?;
                Ok(Leaf::V2(leaf))
            }
        }
    }

    /// Removes the groups of boxes that an earlier process left behind, with what still runs in them.
    pub async fn clear(&self) {
        let around: Vec<&Path> = match self {
            Self::V1(own) => own.folders().collect(),
            Self::V2(own) => vec![own],
        };
        // One that is being removed already may be gone from some of them.
        let entries = around.into_iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten();
        let groups = entries.filter_map(Result::ok).filter(|entry| entry.path().is_dir());
        let names: BTreeSet<String> =
            groups.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        for name in names {
            let folders = self.folders(&name);
            kill(&folders);
            remove(folders).await;
        }
    }

    /// The folders of a group, whether they are there or not.
    fn folders(&self, name: &str) -> Vec<PathBuf> {
        match self {
            Self::V1(own) => own.below(name).folders().map(Path::to_path_buf).collect(),
            Self::V2(own) => vec![own.join(name)],
        }
    }

    /// Removes this runner's folder.
    pub async fn close(&self) {
        self.clear().await;
        match self {
            Self::V1(own) => own.folders().for_each(remove_with_parent),
            Self::V2(own) => {
                remove_with_parent(own);
                if let Err(error) = v2::give_back(own) {
                    tracing::warn!(%error, "this service's control group is left divided");
                }
            }
        }
    }
}

impl Leaf {
    /// Sets what the processes in it may use. `cpus` is how many processors they may keep busy at once.
    ///
    /// # Errors
    /// Where the kernel refuses a value.
    pub fn limit(&mut self, limits: &Limits, cpus: f64) -> Result<(), CgroupError> {
        match self {
            Self::V1(leaf) => leaf.limit(limits, cpus),
            Self::V2(leaf) => v2::limit(leaf, limits, cpus),
        }
    }

    /// The files that a process is moved in with.
    ///
    /// # Errors
    /// Where one cannot be opened.
    pub fn doors(&self) -> Result<Arc<[File]>, CgroupError> {
        match self {
            Self::V1(leaf) => Ok(leaf.doors()),
            Self::V2(leaf) => Ok([open_for_writing(&leaf.join("cgroup.procs"))?].into()),
        }
    }

    /// Processor time used so far.
    ///
    /// # Errors
    /// Where the counter cannot be read.
    pub fn cpu(&self) -> Result<Duration, CgroupError> {
        match self {
            Self::V1(leaf) => leaf.cpu(),
            Self::V2(leaf) => v2::cpu(leaf),
        }
    }

    /// What else was counted.
    ///
    /// # Errors
    /// Where a counter cannot be read.
    pub fn counters(&self) -> Result<Counters, CgroupError> {
        match self {
            Self::V1(leaf) => leaf.counters(),
            Self::V2(leaf) => v2::counters(leaf),
        }
    }

    /// Which of the things that not every kernel does it does for this group.
    pub fn abilities(&self) -> Abilities {
        match self {
            Self::V1(leaf) => Abilities { peak: true, kill: None, swap: leaf.counts_swap() },
            Self::V2(leaf) => Abilities {
                peak: leaf.join("memory.peak").exists(),
                kill: Some(leaf.join("cgroup.kill").exists()),
                swap: leaf.join("memory.swap.max").exists(),
            },
        }
    }

    /// Kills what is in it, where the agent does not: the runner's own backstop.
    pub fn kill(&self) {
        kill(&self.folders());
    }

    fn folders(&self) -> Vec<PathBuf> {
        match self {
            Self::V1(leaf) => leaf.folders.folders().map(Path::to_path_buf).collect(),
            Self::V2(leaf) => vec![leaf.clone()],
        }
    }

    /// Whether it can be made as good as new for another box, as far as is known without looking.
    pub fn may_serve_again(&self) -> bool {
        // Version 2 does not begin afresh with the highest memory (but for one descriptor, since Linux 6.12).
        matches!(self, Self::V1(_))
    }

    /// Makes it as good as new for another box, where the one before is gone. Returns it otherwise, to be removed: where
    /// something is left that would count for the other box, or the kernel cannot start afresh with counting.
    ///
    /// # Errors
    /// The group itself.
    pub fn renew(self) -> Result<Self, Self> {
        match &self {
            Self::V1(leaf) if leaf.renew().unwrap_or(false) => Ok(self),
            Self::V1(_) | Self::V2(_) => Err(self),
        }
    }

    /// Removes it. The kernel takes a moment to let go of processes that have just ended.
    pub async fn remove(self) {
        let folders = self.folders();
        drop(self);
        remove(folders).await;
    }
}

/// Kills what is in a group with these folders.
fn kill(folders: &[PathBuf]) {
    let Some(folder) = folders.first() else { return };
    // Version 1 lacks this file, and so do older kernels.
    if fs::exists(folder.join("cgroup.kill")).unwrap_or(false)
        && fs::write(folder.join("cgroup.kill"), "1").is_ok()
    {
        return;
    }
    let pids = fs::read_to_string(folder.join("cgroup.procs")).unwrap_or_default();
    for pid in pids.lines().filter_map(|pid| pid.parse().ok()).filter(|pid| *pid > 1) {
        // It may have ended meanwhile, which is what is wanted.
        let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGKILL);
    }
}

async fn remove(folders: Vec<PathBuf>) {
    for folder in folders {
        for _ in 0..200 {
            match fs::remove_dir(&folder) {
                Err(error) if error.raw_os_error() == Some(nix::libc::EBUSY) => {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                _ => break,
            }
        }
        if folder.exists() {
            tracing::warn!(folder = %folder.display(), "a box's control group cannot be removed");
        }
    }
}

/// Removes a folder, and the one around it unless another runner's is in that too.
fn remove_with_parent(folder: &Path) {
    // What is not empty stays, and is somebody else's business.
    let _ = fs::remove_dir(folder);
    if let Some(parent) = folder.parent().filter(|parent| parent.ends_with("ruche")) {
        let _ = fs::remove_dir(parent);
    }
}

fn read(path: &Path) -> Result<String, CgroupError> {
    fs::read_to_string(path).map_err(|source| CgroupError::File { path: path.to_owned(), source })
}

fn read_number(path: &Path) -> Result<u64, CgroupError> {
    read(path)?.trim().parse().map_err(|_| CgroupError::Content(path.to_owned()))
}

/// The number after a word, in a file of `word number` lines; 0 where the word is not there.
fn field(text: &str, name: &str) -> u64 {
    let mut pairs = text.lines().filter_map(|line| line.split_once(' '));
    pairs.find(|(key, _)| *key == name).and_then(|(_, value)| value.trim().parse().ok()).unwrap_or(0)
}

fn write(path: &Path, value: impl std::fmt::Display) -> Result<(), CgroupError> {
    fs::write(path, value.to_string()).map_err(|source| CgroupError::File { path: path.to_owned(), source })
}

fn open_for_writing(path: &Path) -> Result<File, CgroupError> {
    let opened = OpenOptions::new().write(true).open(path);
    opened.map_err(|source| CgroupError::File { path: path.to_owned(), source })
}

fn make_folder(path: &Path) -> Result<(), CgroupError> {
    fs::create_dir_all(path).map_err(|source| CgroupError::File { path: path.to_owned(), source })
}

/// The period over which the share of processors is counted out, in microseconds: the kernel's default.
const CPU_PERIOD_US: u64 = 100_000;

fn cpu_quota_us(cpus: f64) -> u64 {
    (cpus * CPU_PERIOD_US as f64).max(1000.0) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) const LIMITS: Limits = Limits {
        cpu_seconds: 1.0,
        wall_seconds: 3.0,
        memory_bytes: 64 << 20,
        processes: 32,
        output_bytes: 1 << 20,
        disk_bytes: 1 << 20,
    };

    #[test]
    fn a_number_is_read_from_its_line() {
        let recorded = "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n";
        assert_eq!(field(recorded, "oom_kill"), 2);
        assert_eq!(field(recorded, "missing"), 0);
    }
}
