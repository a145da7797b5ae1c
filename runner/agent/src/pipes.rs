//! A program's input and outputs, seen from the agent: three pipes, or one terminal.

use std::collections::VecDeque;
use std::os::fd::{AsFd, OwnedFd};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl, open};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::stat::Mode;
use nix::unistd::{pipe2, write};

use crate::message::Window;
use crate::system::{Failure, Stage};
use crate::terminal::{self, END_OF_INPUT, Terminal};

/// The agent's ends; those that have ended are gone.
#[derive(Debug, Default)]
pub struct Pipes {
    /// What to write the program's input to.
    pub stdin: Option<OwnedFd>,
    /// Where to read its output.
    pub stdout: Option<OwnedFd>,
    /// Where to read its errors.
    pub stderr: Option<OwnedFd>,
    /// The program's own side of its terminal, where it has one: kept so that the terminal lasts for as long as the
    /// program, whatever that closes.
    pub terminal: Option<OwnedFd>,
    /// Input that has not been written yet.
    pending: VecDeque<u8>,
    /// How many bytes at its end are the agent's own.
    own: usize,
    /// The last byte that came.
    last: Option<u8>,
    /// Whether the input ends after that.
    ended: bool,
}

/// Both ends.
#[derive(Debug)]
pub struct Ends {
    /// The agent's.
    pub ours: Pipes,
    /// The program's input and outputs.
    pub theirs: [OwnedFd; 3],
}

impl Pipes {
    /// Makes what a program needs.
    ///
    /// # Errors
    /// The kernel's.
    pub fn open(stdin: bool, terminal: Option<Window>) -> Result<Ends, Failure> {
        match terminal {
            None => three_pipes(stdin),
            Some(window) => one_terminal(stdin, window).stage("terminal"),
        }
    }

    /// The agent's side of the program's terminal, while it has one.
    pub fn master(&self) -> Option<&OwnedFd> {
        self.terminal.as_ref().and(self.stdout.as_ref())
    }

    /// Whether there is input to write.
    pub fn has_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Takes input in.
    pub fn accept(&mut self, data: &[u8]) {
        self.last = data.last().copied().or(self.last);
        self.pending.extend(data);
    }

    /// No more input comes. At a terminal that is typed, as anybody would: in the middle of a line, the first time
    /// only ends the line.
    pub fn end_input(&mut self) {
        if self.terminal.is_some() && !self.ended {
            let at_line_start = matches!(self.last, None | Some(b'\n' | b'\r' | END_OF_INPUT));
            self.own = if at_line_start { 1 } else { 2 };
            self.pending.extend(std::iter::repeat_n(END_OF_INPUT, self.own));
        }
        self.ended = true;
    }

    /// Writes as much pending input as the program's pipe takes. Returns how much of what came is dealt with.
    pub fn feed(&mut self) -> usize {
        let before = self.unwritten();
        let Some(stdin) = &self.stdin else { return 0 };
        let mut closed = false;
        while !self.pending.is_empty() && !closed {
            match write(stdin, self.pending.as_slices().0) {
                Ok(written) => drop(self.pending.drain(..written)),
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) => break,
                Err(_) => closed = true,
            }
        }
        if closed || (self.ended && self.pending.is_empty()) || reader_gone(stdin) {
            self.pending.clear();
            self.stdin = None;
        }
        before - self.unwritten()
    }

    /// How much of what came is still to be written.
    fn unwritten(&self) -> usize {
        self.pending.len().saturating_sub(self.own)
    }
}

fn three_pipes(stdin: bool) -> Result<Ends, Failure> {
    let (stdin, their_stdin) = if stdin {
        let (theirs, ours) = pipe2(OFlag::O_CLOEXEC).stage("pipe")?;
        nonblocking(&ours)?;
        (Some(ours), theirs)
    } else {
        (None, open("/dev/null", OFlag::O_RDONLY | OFlag::O_CLOEXEC, Mode::empty()).stage("no input")?)
    };
    let (stdout, their_stdout) = pipe2(OFlag::O_CLOEXEC).stage("pipe")?;
    let (stderr, their_stderr) = pipe2(OFlag::O_CLOEXEC).stage("pipe")?;
    nonblocking(&stdout)?;
    nonblocking(&stderr)?;
    let ours = Pipes { stdin, stdout: Some(stdout), stderr: Some(stderr), ..Pipes::default() };
    Ok(Ends { ours, theirs: [their_stdin, their_stdout, their_stderr] })
}

fn one_terminal(stdin: bool, window: Window) -> Result<Ends, Errno> {
    let Terminal { master, slave } = terminal::open(window)?;
    let theirs = [copy(&slave)?, copy(&slave)?, copy(&slave)?];
    let (input, terminal) = (Some(copy(&master)?), Some(slave));
    let mut ours = Pipes { stdin: input, stdout: Some(master), terminal, ..Pipes::default() };
    if !stdin {
        ours.end_input();
    }
    Ok(Ends { ours, theirs })
}

fn copy(descriptor: &OwnedFd) -> Result<OwnedFd, Errno> {
    descriptor.try_clone().map_err(|error| Errno::from_raw(error.raw_os_error().unwrap_or(libc::EMFILE)))
}

fn nonblocking(pipe: &OwnedFd) -> Result<(), Failure> {
    fcntl(pipe, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).map(drop).stage("pipe")
}

/// Whether nobody is at the other end of a pipe or terminal any more.
fn reader_gone(pipe: &OwnedFd) -> bool {
    let mut polled = [PollFd::new(pipe.as_fd(), PollFlags::empty())];
    poll(&mut polled, PollTimeout::ZERO).is_ok()
        && polled[0]
            .revents()
            .is_some_and(|events| events.intersects(PollFlags::POLLERR | PollFlags::POLLHUP))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at_a_terminal(typed: &[u8]) -> (Ends, usize) {
        let mut ends = Pipes::open(true, Some(Window { rows: 24, columns: 80 })).unwrap();
        ends.ours.accept(typed);
        ends.ours.end_input();
        let taken = ends.ours.feed();
        (ends, taken)
    }

    fn read(ends: &Ends) -> Vec<u8> {
        let mut buffer = [0; 64];
        let length = nix::unistd::read(&ends.theirs[0], &mut buffer).unwrap();
        buffer[..length].to_vec()
    }

    #[test]
    fn the_end_is_typed_and_counts_for_nothing() {
        let (ends, taken) = at_a_terminal(b"ab\n");
        assert_eq!((taken, read(&ends), read(&ends)), (3, b"ab\n".to_vec(), Vec::new()));
        let (ends, taken) = at_a_terminal(b"ab");
        assert_eq!((taken, read(&ends), read(&ends)), (2, b"ab".to_vec(), Vec::new()));
        let (ends, taken) = at_a_terminal(b"");
        assert_eq!((taken, read(&ends)), (0, Vec::new()));
        assert!(ends.ours.stdin.is_none() && ends.ours.stdout.is_some());
    }

    #[test]
    fn a_reader_that_goes_has_taken_everything() {
        let Ends { mut ours, theirs } = Pipes::open(true, None).unwrap();
        ours.accept(&[b'x'; 100_000]);
        let taken = ours.feed();
        assert!(taken > 0 && taken < 100_000 && ours.has_pending(), "{taken}");
        drop(theirs);
        assert_eq!(ours.feed(), 100_000 - taken);
        assert!(ours.stdin.is_none());
    }
}
