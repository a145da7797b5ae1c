//! The file systems of a box, laid over those of the container. Only the box's own processes see them, and the
//! kernel takes them away with the last of these.

use std::fs::{DirBuilder, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};

use nix::errno::Errno;
use nix::mount::{MsFlags, mount};

use crate::message::{BOX_FOLDER, SANDBOX_UID, SOCKET_FOLDER};
use crate::system::{Failure, Stage};

/// One inode for so many bytes: a program may make many small files, not endlessly many empty ones.
const BYTES_PER_INODE: u64 = 4096;
const LEAST_INODES: u64 = 4096;

/// What programs may write to is one tmpfs, so that its size is the limit on all of it together. It is made
/// at one of these places and its folders are then bound to all of them.
const SCRATCH: &str = "/tmp";
const WRITABLE: [(&str, &str, u32); 3] = [
    ("/tmp/box", BOX_FOLDER, 0o755),
    ("/tmp/shm", "/dev/shm", 0o1777),
    ("/tmp/tmp", SCRATCH, 0o1777), // last: it covers the folders above
];

/// Files of a fresh /proc that tell about the host, or act on it.
pub const MASKED_FILES: [&str; 14] = [
    "/proc/kcore",
    "/proc/keys",
    "/proc/key-users",
    "/proc/timer_list",
    "/proc/sched_debug",
    "/proc/latency_stats",
    "/proc/interrupts",
    "/proc/kallsyms",
    "/proc/kmsg",
    "/proc/sysrq-trigger",
    "/proc/config.gz",
    "/proc/kpagecount",
    "/proc/kpageflags",
    "/proc/kpagecgroup",
];

/// Folders of a fresh /proc that programs may read and nobody may write.
pub const READ_ONLY_FOLDERS: [&str; 4] = ["/proc/sys", "/proc/bus", "/proc/fs", "/proc/irq"];

/// Folders that are of no concern to programs, beside [`SOCKET_FOLDER`].
pub const HIDDEN_FOLDERS: [&str; 4] = ["/proc/acpi", "/proc/scsi", "/sys", "/dev/pts"];

const PLAIN: MsFlags = MsFlags::MS_NOSUID.union(MsFlags::MS_NODEV);
const INERT: MsFlags = PLAIN.union(MsFlags::MS_NOEXEC);

/// Lays everything over the container's file systems. Needs the capabilities that a process has in a user
/// namespace of its own making.
///
/// # Errors
/// [`Failure`] names the mount.
pub fn make(disk_bytes: u64) -> Result<(), Failure> {
    remount("/", MsFlags::MS_REC | MsFlags::MS_PRIVATE).stage("private mounts")?;
    new("proc", "/proc", INERT, None).stage("mount /proc")?;
    for file in MASKED_FILES {
        optional(bind("/dev/null", file)).stage(file)?;
    }
    for folder in READ_ONLY_FOLDERS {
        let bound = bind(folder, folder).and_then(|()| {
            remount(folder, MsFlags::MS_BIND | MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY | INERT)
        });
        optional(bound).stage(folder)?;
    }
    hide_folders()?;
    make_writable(disk_bytes)?;
    new("mqueue", "/dev/mqueue", INERT, None).stage("mount /dev/mqueue")
}

/// Changes the size of what programs may write to.
///
/// # Errors
/// `EINVAL` where more is in use already.
pub fn resize(disk_bytes: u64) -> Result<(), Failure> {
    let options = sizes(disk_bytes);
    mount(None::<&str>, BOX_FOLDER, None::<&str>, MsFlags::MS_REMOUNT | PLAIN, Some(options.as_str()))
        .stage("resize the box")
}

/// Lays one empty folder over all that are hidden: to bind it costs less than to make a file system for each.
fn hide_folders() -> Result<(), Failure> {
    let options = Some("mode=0555,size=0,nr_inodes=1");
    // The agent and programs share a user: its socket has to go.
    new("tmpfs", SOCKET_FOLDER, INERT | MsFlags::MS_RDONLY, options).stage(SOCKET_FOLDER)?;
    for folder in HIDDEN_FOLDERS {
        optional(bind(SOCKET_FOLDER, folder)).stage(folder)?;
    }
    Ok(())
}

fn make_writable(disk_bytes: u64) -> Result<(), Failure> {
    let options = format!("mode=0755,uid={SANDBOX_UID},gid={SANDBOX_UID},{}", sizes(disk_bytes));
    new("tmpfs", SCRATCH, PLAIN, Some(options.as_str())).stage("mount the box")?;
    for (folder, target, mode) in WRITABLE {
        make_folder(folder, mode).stage(folder)?;
        bind(folder, target).stage(target)?;
    }
    Ok(())
}

fn make_folder(path: &str, mode: u32) -> Result<(), Errno> {
    let made = DirBuilder::new().mode(mode).create(path);
    made.map_err(|error| Errno::from_raw(error.raw_os_error().unwrap_or(libc::EIO)))
}

fn sizes(disk_bytes: u64) -> String {
    format!("size={disk_bytes},nr_inodes={}", (disk_bytes / BYTES_PER_INODE).max(LEAST_INODES))
}

fn new(kind: &str, target: &str, flags: MsFlags, options: Option<&str>) -> Result<(), Errno> {
    mount(Some(kind), target, Some(kind), flags, options)
}

fn bind(source: &str, target: &str) -> Result<(), Errno> {
    // Recursive, since in a user namespace a mount may not show what another one covers.
    mount(Some(source), target, None::<&str>, MsFlags::MS_BIND | MsFlags::MS_REC, None::<&str>)
}

fn remount(target: &str, flags: MsFlags) -> Result<(), Errno> {
    mount(None::<&str>, target, None::<&str>, flags, None::<&str>)
}

/// What this kernel does not have needs no mask.
fn optional(result: Result<(), Errno>) -> Result<(), Errno> {
    match result {
        Err(Errno::ENOENT | Errno::ENOTDIR) => Ok(()),
        result => result,
    }
}

/// Makes this process the first to go when memory runs out: with it goes the whole box, and the agent stays.
/// A program inherits the score and may not lower it below the container's.
///
/// # Errors
/// The kernel's.
pub fn volunteer_for_the_oom_killer() -> Result<(), Errno> {
    write("/proc/self/oom_score_adj", "1000")
}

/// Maps the sandbox's user and group, and nobody else, into this process's new user namespace.
///
/// # Errors
/// The kernel's.
pub fn map_identity() -> Result<(), Failure> {
    let map = format!("{SANDBOX_UID} {SANDBOX_UID} 1");
    write("/proc/self/setgroups", "deny").stage("setgroups")?;
    write("/proc/self/uid_map", &map).stage("uid map")?;
    write("/proc/self/gid_map", &map).stage("gid map")
}

fn write(path: &str, text: &str) -> Result<(), Errno> {
    let written = OpenOptions::new()
        .write(true)
        .custom_flags(libc::O_CLOEXEC)
        .open(path)
        .and_then(|mut file| std::io::Write::write_all(&mut file, text.as_bytes()));
    written.map_err(|error| Errno::from_raw(error.raw_os_error().unwrap_or(libc::EIO)))
}
