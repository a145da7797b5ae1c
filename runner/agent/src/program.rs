//! Starting a program: from a child of the box's init to code that nobody trusts.

use std::ffi::{CString, c_int, c_void};
use std::os::fd::{AsRawFd, OwnedFd};

use libc::sock_filter;
use nix::errno::Errno;
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use nix::sys::stat::{Mode, umask};
use nix::sys::wait::waitpid;
use nix::unistd::{Pid, chdir, execve, setsid};

use crate::message::{BOX_FOLDER, Program, Rlimits};
use crate::system::{Failure, Stage, close_from, drop_capabilities};
use crate::{seccomp, terminal};

/// Where toolchains are looked for.
const PATH: [&str; 3] = ["/usr/local/bin", "/usr/bin", "/bin"];

/// Set-up's steps, in their order.
const STAGES: [&str; 8] =
    ["session", "descriptors", "limits", "folder", "capabilities", "seccomp", "execute", "terminal"];

/// Stack of the child until it executes the program: what set-up needs and a good deal more.
const STACK_BYTES: usize = 32 * 1024;

/// What the child is to do, and what it says of it.
struct Birth<'a> {
    stdio: &'a [OwnedFd],
    has_terminal: bool,
    rlimits: &'a Rlimits,
    filter: &'a [sock_filter],
    candidates: &'a [CString],
    arguments: &'a [CString],
    environment: &'a [CString],
    /// The step that failed and why. Stays empty where the program was executed.
    failed: Option<(u8, Errno)>,
}

/// Starts a program with these three descriptors as its input and outputs.
///
/// # Errors
/// [`Failure`] names the step; `execute` with `ENOENT` or `EACCES` is the program's own fault.
pub fn start(program: &Program, stdio: Vec<OwnedFd>, filter: &[sock_filter]) -> Result<Pid, Failure> {
    let arguments = c_strings(&program.argv)?;
    let environment = c_strings(&program.env)?;
    let candidates = candidates(program)?;
    let mut birth = Birth {
        stdio: &stdio,
        has_terminal: program.terminal.is_some(),
        rlimits: &program.rlimits,
        filter,
        candidates: &candidates,
        arguments: &arguments,
        environment: &environment,
        failed: None,
    };
    let child = give_birth(&mut birth).stage("fork")?;
    match birth.failed {
        None => Ok(child),
        Some((stage, errno)) => {
            // It has ended already.
            let _ = waitpid(child, None);
            let stage = STAGES.get(usize::from(stage)).copied().unwrap_or("start");
            Err(Failure { stage: stage.to_owned(), errno })
        }
    }
}

/// Starts the child, and goes on once it has executed the program or has ended. Until then it borrows this
/// process's memory, as after vfork: a copy of it would cost more than all the rest of the child's set-up.
fn give_birth(birth: &mut Birth<'_>) -> Result<Pid, Errno> {
    let mut stack = Vec::<u128>::with_capacity(STACK_BYTES / size_of::<u128>());
    let top = stack.spare_capacity_mut().as_mut_ptr_range().end.cast::<c_void>();
    let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD;
    let birth: *mut Birth<'_> = birth;
    // SAFETY: this process has one thread, which is stopped for as long as the child uses the memory: the stack,
    // which is the child's alone, and what `birth` borrows.
    let pid = unsafe { libc::clone(child, top, flags, birth.cast()) };
    Errno::result(pid).map(Pid::from_raw)
}

extern "C" fn child(birth: *mut c_void) -> c_int {
    // SAFETY: `give_birth` passes this pointer, and does not touch what is behind it until this child has ended.
    let birth = unsafe { &mut *birth.cast::<Birth<'_>>() };
    birth.failed = Some(match enter(birth) {
        Err(failed) => failed,
        Ok(()) => (6, execute(birth.candidates, birth.arguments, birth.environment)),
    });
    // SAFETY: ends the child without running what belongs to its parent.
    unsafe { libc::_exit(127) }
}

/// Gives up everything that the program must not have.
fn enter(birth: &Birth<'_>) -> Result<(), (u8, Errno)> {
    let at = |stage: u8| move |errno: Errno| (stage, errno);
    setsid().map_err(at(0))?;
    keep(birth.stdio).map_err(at(1))?;
    if birth.has_terminal {
        terminal::take_as_own(libc::STDIN_FILENO).map_err(at(7))?;
    }
    default_signals().map_err(at(1))?;
    limit(birth.rlimits).map_err(at(2))?;
    umask(Mode::from_bits_truncate(0o022));
    chdir(BOX_FOLDER).map_err(at(3))?;
    drop_capabilities().map_err(at(4))?;
    seccomp::apply(birth.filter).map_err(at(5))
}

/// Makes the three descriptors 0, 1 and 2, and closes all others.
fn keep(stdio: &[OwnedFd]) -> Result<(), Errno> {
    // First out of the way of the numbers they are to have: from 10 on.
    let mut moved = Vec::new();
    for descriptor in stdio {
        // SAFETY: plain numbers.
        moved.push(Errno::result(unsafe { libc::fcntl(descriptor.as_raw_fd(), libc::F_DUPFD_CLOEXEC, 10) })?);
    }
    for (number, descriptor) in (0..).zip(moved) {
        // SAFETY: plain numbers; what had the lower number is not used again in this process.
        Errno::result(unsafe { libc::dup3(descriptor, number, 0) })?;
    }
    close_from(libc::STDERR_FILENO as u32 + 1);
    Ok(())
}

/// The agent ignores SIGPIPE, and a program would inherit that.
fn default_signals() -> Result<(), Errno> {
    let default = SigAction::new(SigHandler::SigDfl, SaFlags::empty(), SigSet::empty());
    // SAFETY: no handler is installed.
    unsafe { sigaction(Signal::SIGPIPE, &default) }?;
    SigSet::empty().thread_set_mask()
}

fn limit(rlimits: &Rlimits) -> Result<(), Errno> {
    setrlimit(Resource::RLIMIT_CORE, 0, 0)?;
    // At the soft limit SIGXCPU ends it, at the hard one SIGKILL does.
    setrlimit(Resource::RLIMIT_CPU, rlimits.cpu_seconds, rlimits.cpu_seconds + 1)?;
    setrlimit(Resource::RLIMIT_FSIZE, rlimits.file_bytes, rlimits.file_bytes)?;
    setrlimit(Resource::RLIMIT_STACK, rlimits.stack_bytes, rlimits.stack_bytes)?;
    setrlimit(Resource::RLIMIT_NOFILE, rlimits.open_files, rlimits.open_files)?;
    setrlimit(Resource::RLIMIT_MEMLOCK, 0, 0)
}

/// Tries one path after the other; only a path that is not there leads to the next.
fn execute(paths: &[CString], arguments: &[CString], environment: &[CString]) -> Errno {
    let mut last = Errno::ENOENT;
    for path in paths {
        let Err(errno) = execve(path, arguments, environment);
        if errno != Errno::ENOENT {
            return errno;
        }
        last = errno;
    }
    last
}

fn candidates(program: &Program) -> Result<Vec<CString>, Failure> {
    let name = program.argv.first().map_or("", String::as_str);
    if name.contains('/') {
        return c_strings(&[name.to_owned()]);
    }
    let paths: Vec<String> = PATH.iter().map(|folder| format!("{folder}/{name}")).collect();
    c_strings(&paths)
}

fn c_strings(texts: &[String]) -> Result<Vec<CString>, Failure> {
    let convert = |text: &String| CString::new(text.as_str()).map_err(|_| Errno::EINVAL);
    texts.iter().map(convert).collect::<Result<_, _>>().stage("arguments")
}
