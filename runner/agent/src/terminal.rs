//! A program's terminal. The agent makes it and keeps the master's side; the program gets the other one as its input
//! and outputs, and no way to make terminals of its own.

use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

use libc::winsize;
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::pty::{posix_openpt, unlockpt};
use nix::sys::signal::killpg;
use nix::sys::termios::{InputFlags, SetArg, tcgetattr, tcsetattr};
use nix::unistd::tcgetpgrp;

use crate::message::{Signal, Window};

/// What is typed at the beginning of a line to end the input.
pub const END_OF_INPUT: u8 = 4;

/// Both sides of a terminal.
#[derive(Debug)]
pub struct Terminal {
    /// What whoever sits before it holds. Reading and writing do not wait.
    pub master: OwnedFd,
    /// What its programs hold.
    pub slave: OwnedFd,
}

/// Makes a terminal: lines are edited and echoed, keys send signals, and a line end goes to the first column, as
/// everywhere on Linux.
///
/// # Errors
/// The kernel's.
pub fn open(window: Window) -> Result<Terminal, Errno> {
    let flags = OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK;
    let master = posix_openpt(flags)?;
    unlockpt(&master)?;
    let slave = peer(master.as_raw_fd())?;
    let mut settings = tcgetattr(&slave)?;
    // So that one backspace takes a whole character.
    settings.input_flags |= InputFlags::IUTF8;
    tcsetattr(&slave, SetArg::TCSANOW, &settings)?;
    set_size(&slave, window);
    Ok(Terminal { master: OwnedFd::from(master), slave })
}

/// The other side of a terminal, without a path that leads to it.
fn peer(master: RawFd) -> Result<OwnedFd, Errno> {
    let flags = libc::O_RDWR | libc::O_NOCTTY | libc::O_CLOEXEC;
    // SAFETY: plain numbers; a descriptor that is returned is new and ours.
    Errno::result(unsafe { libc::ioctl(master, libc::TIOCGPTPEER as _, flags) })
        .map(|slave| unsafe { OwnedFd::from_raw_fd(slave) })
}

/// Makes this process, which leads a session without a terminal, the one that the terminal belongs to.
///
/// # Errors
/// The kernel's.
pub fn take_as_own(slave: RawFd) -> Result<(), Errno> {
    // SAFETY: plain numbers.
    Errno::result(unsafe { libc::ioctl(slave, libc::TIOCSCTTY as _, 0) }).map(drop)
}

/// Sets the terminal's size; the kernel tells those in its foreground. It fails for no terminal that is open.
pub fn set_size(terminal: &OwnedFd, window: Window) {
    let size = winsize { ws_row: window.rows, ws_col: window.columns, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: the call reads the structure.
    unsafe { libc::ioctl(terminal.as_raw_fd(), libc::TIOCSWINSZ as _, &raw const size) };
}

/// Sends a signal to whatever stands in the terminal's foreground.
pub fn signal(master: &OwnedFd, signal: Signal) {
    // Where nothing does there is nobody to tell; 0 and 1 would name others than the program.
    if let Ok(group) = tcgetpgrp(master)
        && group.as_raw() > 1
    {
        let _ = killpg(group, signal.native());
    }
}
