//! System calls that no crate wraps, and what is needed around them.

use std::ffi::c_long;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

use nix::errno::Errno;

/// What failed: a word or two on what was tried, and the kernel's error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What was tried.
    pub stage: String,
    /// The kernel's answer.
    pub errno: Errno,
}

/// Adds what was tried to an error of the kernel.
pub trait Stage<T> {
    /// Names what was tried.
    ///
    /// # Errors
    /// The same, with a name.
    fn stage(self, stage: &str) -> Result<T, Failure>;
}

impl<T> Stage<T> for Result<T, Errno> {
    fn stage(self, stage: &str) -> Result<T, Failure> {
        self.map_err(|errno| Failure { stage: stage.to_owned(), errno })
    }
}

/// Namespaces of a box, a descriptor for its first process, and a signal when that ends. The container's
/// seccomp profile allows exactly these flags and no other namespaces: runner/src/sandbox/seccomp.rs.
pub const BOX_CLONE_FLAGS: u32 = (libc::CLONE_NEWUSER
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNS
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUTS
    | libc::CLONE_PIDFD
    | libc::SIGCHLD) as u32;

/// The first process of a new box, seen from its parent.
#[derive(Debug)]
pub struct Child {
    /// Its number in the agent's pid namespace.
    pub pid: i32,
    /// A descriptor that names it and no other process, ever.
    pub pidfd: OwnedFd,
}

/// Forks into new namespaces. Returns nothing in the child.
///
/// # Errors
/// The kernel's.
pub fn clone_box() -> Result<Option<Child>, Errno> {
    let mut pidfd: RawFd = -1;
    // SAFETY: without a stack of its own the child is a copy of this process, as after fork; this process has
    // one thread. On x86_64 and aarch64 the third argument is where the pidfd is written.
    let pid = unsafe {
        libc::syscall(
            libc::SYS_clone,
            BOX_CLONE_FLAGS as usize,
            std::ptr::null_mut::<libc::c_void>(),
            &raw mut pidfd,
            std::ptr::null_mut::<libc::c_void>(),
            0_usize,
        )
    };
    match Errno::result(pid)? {
        0 => Ok(None),
        // SAFETY: the kernel has just opened this descriptor for us.
        pid => Ok(Some(Child { pid: pid as i32, pidfd: unsafe { OwnedFd::from_raw_fd(pidfd) } })),
    }
}

impl Child {
    /// Kills it, and with it everything in its pid namespace.
    pub fn kill(&self) {
        self.signal(libc::SIGKILL);
    }

    /// Sends it a signal.
    pub fn signal(&self, number: i32) {
        let no_info = std::ptr::null::<libc::siginfo_t>();
        // SAFETY: plain numbers and a null pointer, which the call allows. It fails only for a process that
        // has ended, which needs none.
        unsafe { libc::syscall(libc::SYS_pidfd_send_signal, self.pidfd.as_raw_fd(), number, no_info, 0) };
    }

    /// Waits until it has ended and takes it off the process table. The kernel ends the first process of a pid
    /// namespace only after all others in it.
    pub fn reap(&self) {
        // SAFETY: no status is asked for.
        while unsafe { libc::waitpid(self.pid, std::ptr::null_mut(), libc::__WALL) } < 0
            && Errno::last() == Errno::EINTR
        {}
    }
}

/// `prctl` with a number.
///
/// # Errors
/// The kernel's.
pub fn prctl(option: i32, argument: usize) -> Result<(), Errno> {
    // SAFETY: the options used here take plain numbers.
    Errno::result(unsafe { libc::prctl(option, argument, 0_usize, 0_usize, 0_usize) }).map(drop)
}

/// Gives up every capability, for good: the bounding set number by number until there are no more, then all
/// three sets of this process.
///
/// # Errors
/// The kernel's.
pub fn drop_capabilities() -> Result<(), Errno> {
    let mut capability = 0;
    while prctl(libc::PR_CAPBSET_DROP, capability).is_ok() {
        capability += 1;
    }
    prctl(libc::PR_CAP_AMBIENT, libc::PR_CAP_AMBIENT_CLEAR_ALL as usize)?;

    const VERSION_3: u32 = 0x2008_0522;
    let header: [u32; 2] = [VERSION_3, 0];
    let none = [0_u32; 6];
    // SAFETY: version 3 reads a header of two words and two times three words of data.
    let result = unsafe { libc::syscall(libc::SYS_capset, header.as_ptr(), none.as_ptr()) };
    Errno::result(result).map(drop)
}

/// Closes every descriptor from this number on.
pub fn close_from(first: u32) {
    // SAFETY: whoever calls this goes on with the lower descriptors only.
    unsafe { libc::syscall(libc::SYS_close_range, first, u32::MAX, 0) };
}

/// How to open a path below a folder without ever leaving it, by `..`, link or mount.
#[repr(C)]
struct OpenHow {
    flags: u64,
    mode: u64,
    resolve: u64,
}

const RESOLVE_NO_XDEV: u64 = 0x01;
const RESOLVE_NO_MAGICLINKS: u64 = 0x02;
const RESOLVE_NO_SYMLINKS: u64 = 0x04;
const RESOLVE_BENEATH: u64 = 0x08;

/// Opens a path strictly below a folder: no `..` above it, no symbolic link, no other file system.
///
/// # Errors
/// The kernel's; `ELOOP` for a link, `EXDEV` for a way out.
pub fn open_beneath(
    folder: &impl AsRawFd,
    path: &std::ffi::CStr,
    flags: i32,
    mode: u32,
) -> Result<OwnedFd, Errno> {
    let how = OpenHow {
        flags: (flags | libc::O_CLOEXEC | libc::O_NOFOLLOW) as u64,
        mode: u64::from(mode),
        resolve: RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV,
    };
    // SAFETY: a path that ends in NUL and the structure that the call reads, with its size.
    let fd: c_long = unsafe {
        libc::syscall(
            libc::SYS_openat2,
            folder.as_raw_fd(),
            path.as_ptr(),
            &raw const how,
            size_of::<OpenHow>(),
        )
    };
    // SAFETY: the kernel has just opened this descriptor for us.
    Errno::result(fd).map(|fd| unsafe { OwnedFd::from_raw_fd(fd as RawFd) })
}
