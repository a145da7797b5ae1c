//! The kernel's own price of a fresh box: the system calls that no sandbox of this kind can do without, from one
//! small process for each client, with nothing between them. A process in namespaces of its own joins control
//! groups, lays file systems over its host's, starts the program and waits for it; its parent reads the program's
//! output, waits until all is gone, and reads what was counted.
//!
//! Left out is what this project does beside: a runtime and its threads, messages from the runner to the agent and
//! from there to the box's init, the program's files, limits, privileges and seccomp filter, and the report.

use std::ffi::CStr;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use agent::mounts::{HIDDEN_FOLDERS, MASKED_FILES, READ_ONLY_FOLDERS};
use agent::system::{Child, clone_box, prctl};
use nix::libc;
use nix::mount::{MsFlags, mount};
use protocol::Limits;
use runner::sandbox::cgroup::{CgroupRoot, Leaf};
use tokio::runtime::Runtime;

/// The argument with which this program is such a process.
pub const ARGUMENT: &str = "floor";

const PROGRAM: &CStr = c"/bin/true";

/// Folders of the host that stand for those of a container that only a container has.
const BOX_FOLDER: &str = "/mnt";
const SOCKET_FOLDER: &str = "/srv";

const INERT: MsFlags = MsFlags::MS_NOSUID.union(MsFlags::MS_NODEV).union(MsFlags::MS_NOEXEC);

const LIMITS: Limits = Limits {
    cpu_seconds: 10.0,
    wall_seconds: 10.0,
    memory_bytes: 256 << 20,
    processes: 64,
    output_bytes: 1 << 20,
    disk_bytes: 64 << 20,
};

/// How many boxes so many processes get done in a turn.
pub fn count(clients: usize, turn: Duration) -> u64 {
    let start = |_| {
        let mut process = Command::new(std::env::current_exe().unwrap());
        process.args([ARGUMENT, &turn.as_millis().to_string()]).stdout(Stdio::piped()).spawn().unwrap()
    };
    let processes: Vec<_> = (0..clients).map(start).collect();
    let done = processes.into_iter().map(|process| {
        let output = process.wait_with_output().unwrap();
        assert!(output.status.success());
        String::from_utf8_lossy(&output.stdout).trim().parse::<u64>().unwrap()
    });
    done.sum()
}

/// Such a process: makes one box after the other and says how many there were.
pub fn run(milliseconds: &str) -> ExitCode {
    let turn = Duration::from_millis(milliseconds.parse().unwrap());
    let mut groups = Groups::open();
    let end = Instant::now() + turn;
    let mut done = 0;
    while Instant::now() < end {
        one_box(&mut groups);
        done += 1;
    }
    groups.close();
    println!("{done}");
    ExitCode::SUCCESS
}

/// Control groups as the runner has them: used again where the kernel allows that.
struct Groups {
    runtime: Runtime,
    root: CgroupRoot,
    spare: Option<Leaf>,
}

impl Groups {
    fn open() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let root = CgroupRoot::open(&format!("floor-{}", std::process::id())).unwrap();
        Self { runtime, root, spare: None }
    }

    fn take(&mut self) -> Leaf {
        let mut leaf = self.spare.take().unwrap_or_else(|| self.root.leaf("box").unwrap());
        leaf.limit(&LIMITS, 2.0).unwrap();
        leaf
    }

    fn give_back(&mut self, leaf: Leaf) {
        match leaf.renew() {
            Ok(leaf) => self.spare = Some(leaf),
            Err(leaf) => self.runtime.block_on(leaf.remove()),
        }
    }

    fn close(mut self) {
        if let Some(leaf) = self.spare.take() {
            self.runtime.block_on(leaf.remove());
        }
        self.runtime.block_on(self.root.close());
    }
}

fn one_box(groups: &mut Groups) {
    let leaf = groups.take();
    let before = leaf.cpu().unwrap();
    let doors = leaf.doors().unwrap();
    let (mut output, their_output) = io::pipe().unwrap();
    let (mut errors, their_errors) = io::pipe().unwrap();
    let Some(init) = clone_box().unwrap() else {
        let status = match init(&doors, [their_output.into(), their_errors.into()]) {
            Ok(()) => 0,
            Err(_) => 1,
        };
        // SAFETY: ends this copy without running what belongs to the original.
        unsafe { libc::_exit(status) }
    };
    drop((their_output, their_errors));
    let mut said = Vec::new();
    output.read_to_end(&mut said).unwrap();
    errors.read_to_end(&mut said).unwrap();
    assert_eq!(reap(&init), 0, "the box's init failed");
    assert!(leaf.cpu().unwrap() >= before);
    assert!(!leaf.counters().unwrap().oom_killed);
    groups.give_back(leaf);
}

/// The first process of the box.
fn init(doors: &[File], outputs: [OwnedFd; 2]) -> io::Result<()> {
    prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL as usize)?;
    for mut door in doors {
        door.write_all(b"0")?;
    }
    fs::write("/proc/self/setgroups", "deny")?;
    fs::write("/proc/self/uid_map", "0 0 1")?;
    fs::write("/proc/self/gid_map", "0 0 1")?;
    fs::write("/proc/self/oom_score_adj", "1000")?;
    lay_file_systems()?;
    nix::unistd::sethostname("box")?;
    for (output, number) in outputs.iter().zip(1..) {
        // SAFETY: plain numbers.
        nix::errno::Errno::result(unsafe { libc::dup2(output.as_raw_fd(), number) })?;
    }
    match start_and_wait()? {
        0 => Ok(()),
        _ => Err(io::Error::other("the program failed")),
    }
}

/// As the agent lays them (runner/agent/src/mounts.rs), over folders that every host has.
fn lay_file_systems() -> io::Result<()> {
    remount("/", MsFlags::MS_REC | MsFlags::MS_PRIVATE)?;
    new("proc", "/proc", INERT, None)?;
    for file in MASKED_FILES {
        optional(bind("/dev/null", file))?;
    }
    for folder in READ_ONLY_FOLDERS {
        let flags = MsFlags::MS_BIND | MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY | INERT;
        optional(bind(folder, folder).and_then(|()| remount(folder, flags)))?;
    }
    new("tmpfs", SOCKET_FOLDER, INERT | MsFlags::MS_RDONLY, Some("mode=0555,size=0,nr_inodes=1"))?;
    for folder in HIDDEN_FOLDERS {
        optional(bind(SOCKET_FOLDER, folder))?;
    }
    new("tmpfs", "/tmp", MsFlags::MS_NOSUID | MsFlags::MS_NODEV, Some("size=67108864,nr_inodes=16384"))?;
    for (folder, target) in [("/tmp/box", BOX_FOLDER), ("/tmp/shm", "/dev/shm"), ("/tmp/tmp", "/tmp")] {
        fs::create_dir(folder)?;
        bind(folder, target)?;
    }
    // Not every host has this folder.
    Ok(optional(new("mqueue", "/dev/mqueue", INERT, None))?)
}

fn new(kind: &str, target: &str, flags: MsFlags, options: Option<&str>) -> nix::Result<()> {
    mount(Some(kind), target, Some(kind), flags, options)
}

fn bind(source: &str, target: &str) -> nix::Result<()> {
    mount(Some(source), target, None::<&str>, MsFlags::MS_BIND | MsFlags::MS_REC, None::<&str>)
}

fn remount(target: &str, flags: MsFlags) -> nix::Result<()> {
    mount(None::<&str>, target, None::<&str>, flags, None::<&str>)
}

fn optional(result: nix::Result<()>) -> nix::Result<()> {
    match result {
        Err(nix::errno::Errno::ENOENT | nix::errno::Errno::ENOTDIR) => Ok(()),
        result => result,
    }
}

/// Starts the program as cheaply as the kernel can, without copying this process; returns its status.
fn start_and_wait() -> io::Result<i32> {
    let (mut pid, mut status) = (0, 0);
    let arguments = [PROGRAM.as_ptr().cast_mut(), std::ptr::null_mut()];
    let environment = [std::ptr::null_mut()];
    // SAFETY: strings that end in NUL, lists that end in a null pointer, and no attributes.
    let failed = unsafe {
        libc::posix_spawn(
            &raw mut pid,
            PROGRAM.as_ptr(),
            std::ptr::null(),
            std::ptr::null(),
            arguments.as_ptr(),
            environment.as_ptr(),
        )
    };
    if failed != 0 {
        return Err(io::Error::from_raw_os_error(failed));
    }
    // SAFETY: the status is written to where it lies.
    nix::errno::Errno::result(unsafe { libc::waitpid(pid, &raw mut status, 0) })?;
    Ok(status)
}

/// Waits until the box is gone; returns its init's status.
fn reap(init: &Child) -> i32 {
    let mut status = -1;
    // SAFETY: the status is written to where it lies.
    nix::errno::Errno::result(unsafe { libc::waitpid(init.pid, &raw mut status, 0) }).unwrap();
    status
}
