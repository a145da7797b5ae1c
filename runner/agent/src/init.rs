//! The first process of a box. It makes the box, starts the program in it, and once the program's first
//! process has ended kills and reaps whatever that left behind. An init is needed: a process with the number 1
//! ignores the signals that others die of, so the program itself cannot be it.

use std::collections::VecDeque;
use std::fs::File;
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::Instant;

use libc::sock_filter;
use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{Pid, sethostname};
use serde::{Deserialize, Serialize};

use crate::message::{BOX_FOLDER, End, MAX_COMMAND, Program, decode, encode};
use crate::system::{Failure, Stage, prctl};
use crate::{mounts, program, signals, socket};

/// From the agent.
#[derive(Debug, Serialize, Deserialize)]
pub enum Order {
    /// Change the size of the file systems.
    Resize(u64),
    /// Start this program, with the three descriptors beside the message as its input and outputs.
    Start(Program),
}

/// To the agent.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Report {
    /// The box is made. A descriptor of the program's folder comes with the message.
    Made,
    /// Something failed.
    Failed {
        /// What was tried.
        stage: String,
        /// The kernel's error number.
        errno: i32,
    },
    /// The program has ended and nothing of it is left.
    Ended {
        /// How.
        end: End,
        /// How long it took, in microseconds.
        wall_us: u64,
    },
}

/// What the box is to be.
#[derive(Debug)]
pub struct Plan<'a> {
    /// Its host name.
    pub hostname: &'a str,
    /// The size of its file systems.
    pub disk_bytes: u64,
    /// The program's seccomp filter.
    pub filter: &'a [sock_filter],
}

/// Runs as the first process of a box until it is killed or the agent is gone.
pub fn run(control: &OwnedFd, plan: &Plan<'_>) {
    match set_up(plan) {
        Ok(folder) => {
            if report(control, &Report::Made, &[folder.as_raw_fd()]).is_ok() {
                drop(folder);
                serve(control, plan);
            }
        }
        Err(failure) => {
            // Without a listener there is nobody to tell.
            let _ = report(control, &failed(failure), &[]);
        }
    }
}

fn set_up(plan: &Plan<'_>) -> Result<OwnedFd, Failure> {
    prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL as usize).stage("parent death signal")?;
    // While a process is not dumpable its /proc files are root's, the uid map among them.
    prctl(libc::PR_SET_DUMPABLE, 1).stage("dumpable")?;
    mounts::map_identity()?;
    mounts::make(plan.disk_bytes)?;
    sethostname(plan.hostname).stage("host name")?;
    mounts::volunteer_for_the_oom_killer().stage("oom score")?;
    prctl(libc::PR_SET_DUMPABLE, 0).stage("not dumpable")?;
    signals::listen().stage("signals")?;
    let folder = File::open(BOX_FOLDER).map_err(|_| Errno::last()).stage("open the box")?;
    Ok(folder.into())
}

fn serve(control: &OwnedFd, plan: &Plan<'_>) {
    let mut inbox = Inbox::default();
    while let Some(order) = inbox.next(control) {
        let answer = match order {
            Order::Resize(disk_bytes) => match mounts::resize(disk_bytes) {
                Ok(()) => continue,
                Err(failure) => failed(failure),
            },
            Order::Start(program) => {
                let stdio = inbox.descriptors.drain(..).collect();
                execute(&program, stdio, plan.filter).unwrap_or_else(failed)
            }
        };
        if report(control, &answer, &[]).is_err() {
            return;
        }
    }
}

/// Runs a program to its end, and to the end of all that it started.
fn execute(program: &Program, stdio: Vec<OwnedFd>, filter: &[sock_filter]) -> Result<Report, Failure> {
    let started = Instant::now();
    let main = program::start(program, stdio, filter)?;
    let _passing = signals::pass_to(main);
    let end = wait_for(main)?;
    let wall_us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    kill_the_rest();
    Ok(Report::Ended { end, wall_us })
}

/// Reaps whatever ends until the program's first process does.
fn wait_for(main: Pid) -> Result<End, Failure> {
    loop {
        match waitpid(None, None) {
            Ok(WaitStatus::Exited(pid, code)) if pid == main => return Ok(End::Exit(code)),
            Ok(WaitStatus::Signaled(pid, signal, _)) if pid == main => return Ok(End::Signal(signal as i32)),
            Ok(_) | Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno).stage("wait"),
        }
    }
}

fn kill_the_rest() {
    // Minus one means everybody else in this pid namespace; ESRCH, that there is nobody.
    while kill(Pid::from_raw(-1), Signal::SIGKILL) != Err(Errno::ESRCH) {
        if waitpid(None, None) == Err(Errno::ECHILD) {
            return;
        }
    }
}

fn failed(failure: Failure) -> Report {
    Report::Failed { stage: failure.stage, errno: failure.errno as i32 }
}

fn report(control: &OwnedFd, report: &Report, descriptors: &[i32]) -> Result<(), Errno> {
    let mut bytes = Vec::new();
    encode(report, &mut bytes);
    socket::send_all(control, &bytes, descriptors)
}

/// Orders as they come in.
#[derive(Default)]
struct Inbox {
    bytes: Vec<u8>,
    descriptors: VecDeque<OwnedFd>,
}

impl Inbox {
    /// The next order; nothing once the agent is gone.
    fn next(&mut self, control: &OwnedFd) -> Option<Order> {
        loop {
            if let Some((order, length)) = decode(&self.bytes, MAX_COMMAND).ok()? {
                self.bytes.drain(..length);
                return Some(order);
            }
            let mut buffer = [0; 4096];
            match socket::receive(control, &mut buffer, &mut self.descriptors) {
                Ok(0) => return None,
                Ok(length) => self.bytes.extend_from_slice(buffer.get(..length)?),
                Err(Errno::EINTR) => {}
                Err(_) => return None,
            }
        }
    }
}
