//! Signals for a program, on their way through its box's init: only that knows the program's number. It waits for the
//! program's end all the while, so a handler passes them on.

use std::ffi::{c_int, c_void};
use std::sync::atomic::{AtomicI32, Ordering};

use nix::errno::Errno;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, sigaction};
use nix::unistd::Pid;

use crate::message::Signal;

/// The first process of the program that runs, which leads the program's process group; 0 while none does.
static MAIN: AtomicI32 = AtomicI32::new(0);

impl Signal {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Hup, Self::Int, Self::Quit, Self::Usr1, Self::Usr2, Self::Term];

    /// As the kernel counts.
    pub fn number(self) -> i32 {
        self.native() as i32
    }

    /// As the system calls' crate has it.
    pub fn native(self) -> nix::sys::signal::Signal {
        use nix::sys::signal::Signal as Native;
        match self {
            Self::Hup => Native::SIGHUP,
            Self::Int => Native::SIGINT,
            Self::Quit => Native::SIGQUIT,
            Self::Usr1 => Native::SIGUSR1,
            Self::Usr2 => Native::SIGUSR2,
            Self::Term => Native::SIGTERM,
        }
    }
}

/// Makes this process, a box's init, pass signals on.
///
/// # Errors
/// The kernel's.
pub fn listen() -> Result<(), Errno> {
    let flags = SaFlags::SA_SIGINFO | SaFlags::SA_RESTART;
    let action = SigAction::new(SigHandler::SigAction(pass_on), flags, SigSet::all());
    for signal in Signal::ALL {
        // SAFETY: the handler does nothing but what is safe in one.
        unsafe { sigaction(signal.native(), &action) }?;
    }
    Ok(())
}

/// From here on signals go to this program, until what is returned is dropped.
pub fn pass_to(main: Pid) -> Passing {
    MAIN.store(main.as_raw(), Ordering::Relaxed);
    Passing
}

/// See [`pass_to`].
#[derive(Debug)]
pub struct Passing;

impl Drop for Passing {
    fn drop(&mut self) {
        MAIN.store(0, Ordering::Relaxed);
    }
}

extern "C" fn pass_on(number: c_int, info: *mut libc::siginfo_t, _: *mut c_void) {
    // SAFETY: the kernel hands a handler that asked for it a valid structure; each of these signals has a sender.
    let sender = unsafe { (*info).si_pid() };
    let main = MAIN.load(Ordering::Relaxed);
    // Senders outside the box have no number here. One inside is the program itself, which has no business with this.
    if sender == 0 && main > 1 {
        let errno = Errno::last_raw();
        // SAFETY: plain numbers. A group that is gone is no error.
        unsafe { libc::kill(-main, number) };
        Errno::set_raw(errno);
    }
}
