//! A box, seen from the agent: its init, its program's pipes, its folder.

use std::os::fd::{AsRawFd, OwnedFd};

use libc::sock_filter;
use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socketpair};
use nix::unistd::write;

use crate::init::{Order, Plan, Report};
use crate::message::{End, Program, Signal, Window, encode};
use crate::pipes::{Ends, Pipes};
use crate::system::{Child, Failure, Stage, clone_box};
use crate::{files, init, socket, system, terminal};

/// A box.
#[derive(Debug)]
pub struct Box {
    child: Child,
    control: OwnedFd,
    cgroups: Vec<OwnedFd>,
    folder: Option<OwnedFd>,
    /// The pipes of the running program.
    pub pipes: Pipes,
    running: bool,
    ended: Option<(End, u64)>,
    /// Whether nothing was left of its program outside it when that ended.
    pub was_clean: bool,
    reports: Vec<u8>,
}

/// What became of a box, for the agent to pass on.
#[derive(Debug, PartialEq, Eq)]
pub enum News {
    /// It is made and in its cgroups.
    Ready,
    /// Something failed.
    Failed(Failure),
}

impl Box {
    /// Starts to make a box. Once made it will be moved into these cgroups.
    ///
    /// # Errors
    /// [`Failure`] of the first steps; those in the box come as [`News`].
    pub fn make(
        hostname: &str,
        disk_bytes: u64,
        filter: &[sock_filter],
        cgroups: Vec<OwnedFd>,
    ) -> Result<Self, Failure> {
        let flags = SockFlag::SOCK_CLOEXEC;
        let (control, theirs) =
            socketpair(AddressFamily::Unix, SockType::Stream, None, flags).stage("control socket")?;
        match clone_box().stage("new namespaces")? {
            Some(child) => Ok(Self {
                child,
                control,
                cgroups,
                folder: None,
                pipes: Pipes::default(),
                running: false,
                ended: None,
                was_clean: false,
                reports: Vec::new(),
            }),
            None => become_init(theirs, &Plan { hostname, disk_bytes, filter }),
        }
    }

    /// The descriptor on which the init reports.
    pub fn control(&self) -> &OwnedFd {
        &self.control
    }

    /// The program's folder.
    ///
    /// # Errors
    /// Before the box is ready.
    pub fn folder(&self) -> Result<&OwnedFd, Failure> {
        self.folder.as_ref().ok_or(Errno::ENOENT).stage("box not ready")
    }

    /// The program's folder, for as long as nothing in it changes any more.
    ///
    /// # Errors
    /// While a program runs, and before the box is ready.
    pub fn quiet_folder(&self) -> Result<OwnedFd, Failure> {
        if self.running {
            return Err(Errno::EBUSY).stage("collect");
        }
        self.folder()?.try_clone().map_err(|_| Errno::EMFILE).stage("collect")
    }

    /// Changes the size of its file systems.
    ///
    /// # Errors
    /// Where its init is gone.
    pub fn resize(&self, disk_bytes: u64) -> Result<(), Failure> {
        self.order(&Order::Resize(disk_bytes), &[])
    }

    /// Starts a program.
    ///
    /// # Errors
    /// Where one runs already, or the box is gone.
    pub fn start(&mut self, program: Program) -> Result<(), Failure> {
        if self.running || self.ended.is_some() {
            return Err(Errno::EBUSY).stage("start");
        }
        let Ends { ours, theirs } = Pipes::open(program.stdin, program.terminal)?;
        self.order(&Order::Start(program), &theirs.each_ref().map(AsRawFd::as_raw_fd))?;
        self.pipes = ours;
        self.running = true;
        Ok(())
    }

    /// Sends the program a signal: whatever stands in the foreground of its terminal, where it has one, else its
    /// process group. Where nothing runs, nobody is told.
    pub fn signal(&self, signal: Signal) {
        if !self.running || self.ended.is_some() {
            return;
        }
        match self.pipes.master() {
            Some(master) => terminal::signal(master, signal),
            None => self.child.signal(signal.number()),
        }
    }

    /// Changes the size of the program's terminal.
    pub fn set_window(&self, window: Window) {
        if let Some(master) = self.pipes.master() {
            terminal::set_size(master, window);
        }
    }

    /// Kills everything in it.
    pub fn kill(&self) {
        self.child.kill();
    }

    /// Kills everything in it and lets go of it. What is left is its init, to be reaped: that takes a while, since the
    /// kernel waits for all processors before it gives up a mount namespace.
    pub fn kill_for_good(self) -> Child {
        self.child.kill();
        self.child
    }

    /// Reads what the init reports. An end of the program is kept until [`take_end`](Self::take_end).
    pub fn read_reports(&mut self) -> Option<News> {
        let mut buffer = [0; 1024];
        let mut descriptors = Vec::new();
        match socket::receive(&self.control, &mut buffer, &mut descriptors) {
            Ok(length) if length > 0 => self.reports.extend_from_slice(buffer.get(..length)?),
            Err(Errno::EINTR) => return None,
            // The init is gone, and with it everything in the box.
            Ok(_) | Err(_) => return self.lost(),
        }
        let (report, length) = crate::message::decode(&self.reports, buffer.len()).ok()??;
        self.reports.drain(..length);
        match report {
            Report::Made => {
                self.folder = descriptors.pop();
                Some(match self.join_cgroups() {
                    Ok(()) => News::Ready,
                    Err(failure) => News::Failed(failure),
                })
            }
            Report::Failed { stage, errno } => {
                self.running = false;
                Some(News::Failed(Failure { stage, errno: Errno::from_raw(errno) }))
            }
            Report::Ended { end, wall_us } => {
                self.end((end, wall_us));
                None
            }
        }
    }

    /// Whether reports may still come.
    pub fn is_watched(&self) -> bool {
        self.ended.is_none()
    }

    /// How the program ended, once: when it has, and all its output has been read.
    pub fn take_end(&mut self) -> Option<(End, u64)> {
        let drained = self.pipes.stdout.is_none() && self.pipes.stderr.is_none();
        if !(self.running && drained) {
            return None;
        }
        let ended = self.ended?;
        self.running = false;
        Some(ended)
    }

    /// Whether its file systems are full.
    pub fn is_full(&self) -> bool {
        self.folder.as_ref().is_some_and(files::is_full)
    }

    fn end(&mut self, end: (End, u64)) {
        self.ended = Some(end);
        // Nothing of the program is left: its terminal ends with what was written to it.
        self.pipes.terminal = None;
    }

    fn lost(&mut self) -> Option<News> {
        self.end((End::Killed, 0));
        let failure = Failure { stage: "box lost".to_owned(), errno: Errno::ECHILD };
        (!self.running).then_some(News::Failed(failure))
    }

    /// Moves the init, and so all it will start, into the cgroups. Made before its job comes: the first move
    /// after a quiet time waits for the kernel for some milliseconds.
    fn join_cgroups(&mut self) -> Result<(), Failure> {
        let pid = self.child.pid.to_string();
        let mut cgroups = self.cgroups.drain(..);
        cgroups.try_for_each(|procs| write(&procs, pid.as_bytes()).map(drop)).stage("join the cgroup")
    }

    fn order(&self, order: &Order, descriptors: &[i32]) -> Result<(), Failure> {
        let mut bytes = Vec::new();
        encode(order, &mut bytes);
        socket::send_all(&self.control, &bytes, descriptors).stage("box lost")
    }
}

/// The child's half of [`Box::make`]: keeps one descriptor of all it inherited.
fn become_init(control: OwnedFd, plan: &Plan<'_>) -> ! {
    // SAFETY: plain numbers. What had the descriptor 3 belongs to the agent and is not used here.
    let moved = unsafe { libc::dup3(control.as_raw_fd(), 3, libc::O_CLOEXEC) };
    if moved == 3 || control.as_raw_fd() == 3 {
        system::close_from(4);
        // SAFETY: descriptor 3 is open and nobody else's. `control` is forgotten: its number is closed or 3.
        let only = unsafe { <OwnedFd as std::os::fd::FromRawFd>::from_raw_fd(3) };
        std::mem::forget(control);
        init::run(&only, plan);
    }
    // SAFETY: ends this copy without running what belongs to the original.
    unsafe { libc::_exit(0) }
}
