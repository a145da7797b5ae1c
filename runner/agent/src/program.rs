//! Starting a program: from a copy of the box's init to code that nobody trusts.

use std::ffi::CString;
use std::fs::File;
use std::io::Read;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};

use libc::sock_filter;
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use nix::sys::stat::{Mode, umask};
use nix::unistd::{ForkResult, Pid, chdir, execve, fork, pipe2, setsid, write};

use crate::message::{BOX_FOLDER, Program, Rlimits};
use crate::seccomp;
use crate::system::{Failure, Stage, close_from, drop_capabilities};

/// Where toolchains are looked for.
const PATH: [&str; 3] = ["/usr/local/bin", "/usr/bin", "/bin"];

/// The descriptor that tells of a failure between fork and exec; it closes when exec succeeds.
const ALARM: RawFd = 3;

/// What each byte on the alarm's pipe means: set-up's steps, in their order.
const STAGES: [&str; 7] =
    ["session", "descriptors", "limits", "folder", "capabilities", "seccomp", "execute"];

/// Starts a program with these three descriptors as its input and outputs.
///
/// # Errors
/// [`Failure`] names the step; `execute` with `ENOENT` or `EACCES` is the program's own fault.
pub fn start(program: &Program, stdio: Vec<OwnedFd>, filter: &[sock_filter]) -> Result<Pid, Failure> {
    let arguments = c_strings(&program.argv)?;
    let environment = c_strings(&program.env)?;
    let candidates = candidates(program)?;
    let (alarm, alarm_end) = pipe2(OFlag::O_CLOEXEC).stage("alarm pipe")?;
    // SAFETY: this process has one thread, so its copy is whole.
    match unsafe { fork() }.stage("fork")? {
        ForkResult::Parent { child } => {
            drop((stdio, alarm_end));
            confirm(alarm, child)
        }
        ForkResult::Child => {
            let (stage, errno) = match enter(&stdio, &alarm_end, &program.rlimits, filter) {
                Err(failed) => failed,
                Ok(()) => (6, execute(&candidates, &arguments, &environment)),
            };
            let mut message = vec![stage];
            message.extend_from_slice(&(errno as i32).to_le_bytes());
            // SAFETY: the descriptor is open since `enter`, or the process ends in silence either way.
            let _ = write(unsafe { std::os::fd::BorrowedFd::borrow_raw(ALARM) }, &message);
            // SAFETY: ends this copy without running what belongs to the original.
            unsafe { libc::_exit(127) }
        }
    }
}

/// Waits until the program has been executed, or its start has failed.
fn confirm(alarm: OwnedFd, child: Pid) -> Result<Pid, Failure> {
    let mut message = Vec::new();
    let read = File::from(alarm).read_to_end(&mut message);
    match (read, message.split_first()) {
        (Ok(0), _) | (_, None) => Ok(child),
        (_, Some((stage, errno))) => {
            let stage = STAGES.get(usize::from(*stage)).copied().unwrap_or("start");
            let errno = errno.try_into().map_or(libc::EIO, i32::from_le_bytes);
            Err(Failure { stage: stage.to_owned(), errno: Errno::from_raw(errno) })
        }
    }
}

/// Gives up everything that the program must not have.
fn enter(
    stdio: &[OwnedFd],
    alarm: &OwnedFd,
    rlimits: &Rlimits,
    filter: &[sock_filter],
) -> Result<(), (u8, Errno)> {
    let at = |stage: u8| move |errno: Errno| (stage, errno);
    setsid().map_err(at(0))?;
    keep(stdio, alarm).map_err(at(1))?;
    default_signals().map_err(at(1))?;
    limit(rlimits).map_err(at(2))?;
    umask(Mode::from_bits_truncate(0o022));
    chdir(BOX_FOLDER).map_err(at(3))?;
    drop_capabilities().map_err(at(4))?;
    seccomp::apply(filter).map_err(at(5))
}

/// Makes the three descriptors 0, 1 and 2, the alarm 3, and closes all others.
fn keep(stdio: &[OwnedFd], alarm: &OwnedFd) -> Result<(), Errno> {
    // First out of the way of the numbers they are to have: from 10 on.
    let mut moved = Vec::new();
    for descriptor in stdio.iter().chain([alarm]) {
        // SAFETY: plain numbers.
        moved.push(Errno::result(unsafe { libc::fcntl(descriptor.as_raw_fd(), libc::F_DUPFD_CLOEXEC, 10) })?);
    }
    for (number, descriptor) in (0..).zip(moved) {
        let flags = if number == ALARM { libc::O_CLOEXEC } else { 0 };
        // SAFETY: plain numbers; what had the lower number is not used again in this process.
        Errno::result(unsafe { libc::dup3(descriptor, number, flags) })?;
    }
    close_from(ALARM as u32 + 1);
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
