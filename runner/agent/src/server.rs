//! The agent's one loop: it waits for the runner, for its boxes and for their programs' pipes, and carries
//! between them. Nothing in it blocks for long; what a program does not read or write holds up only that
//! program.

use std::collections::{BTreeMap, VecDeque};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use libc::sock_filter;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::read;

use crate::boxes::{Box, News};
use crate::collect::{Collection, Wanted};
use crate::files::Target;
use crate::message::{BoxId, Command, End, MAX_COMMAND, MAX_DATA, Reply, decode, encode};
use crate::sockets::Sockets;
use crate::system::{Child, Failure, Stage};
use crate::{files, seccomp, socket};

/// With more than this waiting for the runner, programs' output is left in their pipes.
const HIGH_WATER: usize = 256 * 1024;

/// Why the agent ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// The runner is gone.
    RunnerGone,
    /// The runner sent what is no command.
    Protocol,
    /// The kernel refused something that cannot be done without.
    Kernel(Errno),
}

/// What a descriptor in the poll set is.
#[derive(Debug, Clone, Copy)]
enum Source {
    Runner,
    Control(BoxId),
    Stdin(BoxId),
    Stdout(BoxId),
    Stderr(BoxId),
    Dying(BoxId),
}

/// A box that has been killed.
#[derive(Debug)]
struct Dying {
    id: BoxId,
    /// Whether nothing was left of its program already when that ended.
    was_clean: bool,
    child: Child,
}

impl Dying {
    fn new(id: BoxId, sandbox: Box) -> Self {
        Self { id, was_clean: sandbox.was_clean, child: sandbox.kill_for_good() }
    }
}

/// The agent's state.
#[derive(Debug)]
pub struct Server {
    runner: OwnedFd,
    inbox: Vec<u8>,
    /// What is read goes here first. Made once: each box is a copy of this process, so that every page written to
    /// afresh is copied.
    buffer: Vec<u8>,
    descriptors: VecDeque<OwnedFd>,
    outbox: Vec<u8>,
    boxes: BTreeMap<BoxId, Box>,
    /// Boxes that have been killed, and are not gone yet.
    dying: Vec<Dying>,
    /// Files of boxes on their way to the runner.
    collections: VecDeque<Collection>,
    filter: Vec<sock_filter>,
    sockets: Sockets,
}

impl Server {
    /// An agent that serves the runner at the other end of a non-blocking socket.
    pub fn new(runner: OwnedFd) -> Self {
        let mut server = Self {
            runner,
            inbox: Vec::new(),
            buffer: vec![0; MAX_DATA],
            descriptors: VecDeque::new(),
            outbox: Vec::new(),
            boxes: BTreeMap::new(),
            dying: Vec::new(),
            collections: VecDeque::new(),
            filter: seccomp::filter(),
            sockets: Sockets::new(),
        };
        server.reply(&Reply::Hello);
        server
    }

    /// Serves until there is nothing more to serve.
    pub fn run(mut self) -> Stop {
        loop {
            if let Err(stop) = self.turn() {
                return stop;
            }
        }
    }

    fn turn(&mut self) -> Result<(), Stop> {
        self.collect();
        self.flush()?;
        let ready = self.wait()?;
        for (source, events) in ready {
            match source {
                Source::Runner => self.read_runner(events)?,
                Source::Control(id) => self.read_box(id),
                Source::Stdin(id) => self.feed(id),
                Source::Stdout(id) => self.drain(id, false),
                Source::Stderr(id) => self.drain(id, true),
                Source::Dying(id) => self.bury(|dying| dying.id == id),
            }
        }
        self.announce_ends();
        Ok(())
    }

    /// Waits until something can be done, and says what.
    fn wait(&self) -> Result<Vec<(Source, PollFlags)>, Stop> {
        let mut sources = Vec::new();
        let mut polled = Vec::new();
        let mut add = |source: Source, descriptor: BorrowedFd<'_>, events| {
            sources.push(source);
            // SAFETY: the descriptor is this server's and stays open during the poll below.
            polled.push(PollFd::new(
                unsafe { BorrowedFd::borrow_raw(std::os::fd::AsRawFd::as_raw_fd(&descriptor)) },
                events,
            ));
        };
        let outgoing = if self.outbox.is_empty() { PollFlags::empty() } else { PollFlags::POLLOUT };
        add(Source::Runner, self.runner.as_fd(), PollFlags::POLLIN | outgoing);
        let room = self.outbox.len() < HIGH_WATER;
        for (id, sandbox) in &self.boxes {
            if sandbox.is_watched() {
                add(Source::Control(*id), sandbox.control().as_fd(), PollFlags::POLLIN);
            }
            let pipes = &sandbox.pipes;
            // Without events a poll still tells that the reader is gone.
            if let Some(stdin) = &pipes.stdin {
                let events = if pipes.has_pending() { PollFlags::POLLOUT } else { PollFlags::empty() };
                add(Source::Stdin(*id), stdin.as_fd(), events);
            }
            if let Some(stdout) = pipes.stdout.as_ref().filter(|_| room) {
                add(Source::Stdout(*id), stdout.as_fd(), PollFlags::POLLIN);
            }
            if let Some(stderr) = pipes.stderr.as_ref().filter(|_| room) {
                add(Source::Stderr(*id), stderr.as_fd(), PollFlags::POLLIN);
            }
        }
        for dying in &self.dying {
            add(Source::Dying(dying.id), dying.child.pidfd.as_fd(), PollFlags::POLLIN);
        }
        // Files that are to be sent come of themselves.
        let has_more = room && !self.collections.is_empty();
        match poll(&mut polled, if has_more { PollTimeout::ZERO } else { PollTimeout::NONE }) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(errno) => return Err(Stop::Kernel(errno)),
        }
        let events = polled.iter().map(|polled| polled.revents().unwrap_or(PollFlags::empty()));
        Ok(sources.into_iter().zip(events).filter(|(_, events)| !events.is_empty()).collect())
    }

    fn read_runner(&mut self, events: PollFlags) -> Result<(), Stop> {
        if !events.intersects(PollFlags::POLLIN | PollFlags::POLLHUP | PollFlags::POLLERR) {
            return Ok(());
        }
        match socket::receive(&self.runner, &mut self.buffer, &mut self.descriptors) {
            Ok(0) => return Err(Stop::RunnerGone),
            Ok(length) => self.inbox.extend_from_slice(self.buffer.get(..length).unwrap_or_default()),
            Err(Errno::EAGAIN | Errno::EINTR) => return Ok(()),
            Err(errno) => return Err(Stop::Kernel(errno)),
        }
        let mut done = 0;
        while let Some((command, length)) =
            decode(self.inbox.get(done..).unwrap_or_default(), MAX_COMMAND).map_err(|_| Stop::Protocol)?
        {
            done += length;
            self.obey(command);
        }
        self.inbox.drain(..done);
        Ok(())
    }

    fn obey(&mut self, command: Command) {
        let id = match &command {
            Command::Prepare { id, .. }
            | Command::Resize { id, .. }
            | Command::Write { id, .. }
            | Command::Collect { id, .. }
            | Command::Start { id, .. }
            | Command::Stdin { id, .. }
            | Command::StdinEnd { id }
            | Command::Signal { id, .. }
            | Command::Window { id, .. }
            | Command::Kill { id }
            | Command::Destroy { id }
            | Command::Copy { to: id, .. } => *id,
        };
        if let Err(failure) = self.carry_out(command) {
            self.fail(id, &failure);
        }
    }

    fn carry_out(&mut self, command: Command) -> Result<(), Failure> {
        match command {
            Command::Prepare { id, hostname, disk_bytes, cgroups } => {
                let count = usize::from(cgroups).min(self.descriptors.len());
                let cgroups = self.descriptors.drain(..count).collect();
                let sandbox = Box::make(&hostname, disk_bytes, &self.filter, cgroups)?;
                self.boxes.insert(id, sandbox);
            }
            Command::Resize { id, disk_bytes } => self.find(id)?.resize(disk_bytes)?,
            Command::Write { id, path, append, executable, data } => {
                let target = if append { Target::End } else { Target::New { executable } };
                files::put(self.find(id)?.folder()?, &path, target, &data).stage("write")?;
            }
            Command::Copy { from, to } => {
                let (from, to) = (self.get(from)?, self.get(to)?);
                files::copy(from.folder()?, to.folder()?).stage("copy")?;
            }
            Command::Collect { id, patterns, most_files, most_bytes, unlike } => {
                let folder = self.get(id)?.quiet_folder()?;
                let unlike = unlike.map(|other| self.get(other)?.quiet_folder()).transpose()?;
                let wanted = Wanted { patterns, most_files, most_bytes };
                self.collections.push_back(Collection::new(id, folder, unlike, &wanted).stage("collect")?);
            }
            Command::Start { id, program } => self.find(id)?.start(program)?,
            Command::Stdin { id, data } => self.accept_stdin(id, &data),
            Command::StdinEnd { id } => {
                if let Some(sandbox) = self.boxes.get_mut(&id) {
                    sandbox.pipes.end_input();
                    self.feed(id);
                }
            }
            Command::Signal { id, signal } => self.find(id)?.signal(signal),
            Command::Window { id, window } => self.find(id)?.set_window(window),
            Command::Kill { id } => self.find(id)?.kill(),
            Command::Destroy { id } => {
                self.collections.retain(|collection| collection.id() != id);
                match self.boxes.remove(&id) {
                    Some(sandbox) => self.dying.push(Dying::new(id, sandbox)),
                    // It was never made.
                    None => self.reply(&Reply::Destroyed { id, clean: true }),
                }
            }
        }
        Ok(())
    }

    /// Lines up as much of the files that are being collected as may wait for the runner.
    fn collect(&mut self) {
        while self.outbox.len() < HIGH_WATER
            && let Some(collection) = self.collections.front_mut()
        {
            let id = collection.id();
            let reply = collection.reply().stage("collect");
            if !matches!(reply, Ok(Reply::File { .. })) {
                self.collections.pop_front();
            }
            match reply {
                Ok(reply) => self.reply(&reply),
                Err(failure) => self.fail(id, &failure),
            }
        }
    }

    fn accept_stdin(&mut self, id: BoxId, data: &[u8]) {
        let open = self.boxes.get_mut(&id).filter(|sandbox| sandbox.pipes.stdin.is_some());
        match open {
            Some(sandbox) => {
                sandbox.pipes.accept(data);
                self.feed(id);
            }
            // Nobody reads it any more.
            None => self.reply(&Reply::StdinTaken { id, bytes: data.len() as u32 }),
        }
    }

    /// Writes as much pending input as the program's pipe takes.
    fn feed(&mut self, id: BoxId) {
        let Some(sandbox) = self.boxes.get_mut(&id) else { return };
        let taken = sandbox.pipes.feed();
        if taken > 0 {
            self.reply(&Reply::StdinTaken { id, bytes: taken as u32 });
        }
    }

    /// Reads a chunk of a program's output.
    fn drain(&mut self, id: BoxId, stderr: bool) {
        let Some(sandbox) = self.boxes.get_mut(&id) else { return };
        let pipe = if stderr { &mut sandbox.pipes.stderr } else { &mut sandbox.pipes.stdout };
        let Some(open) = pipe else { return };
        match read(open, &mut self.buffer) {
            Ok(0) => *pipe = None,
            Ok(length) => {
                let data = self.buffer.get(..length).unwrap_or_default().to_vec();
                self.reply(&Reply::Output { id, stderr, data });
            }
            Err(Errno::EAGAIN | Errno::EINTR) => {}
            Err(_) => *pipe = None,
        }
    }

    fn read_box(&mut self, id: BoxId) {
        let Some(sandbox) = self.boxes.get_mut(&id) else { return };
        match sandbox.read_reports() {
            Some(News::Ready) => self.reply(&Reply::Ready { id }),
            Some(News::Failed(failure)) => self.fail(id, &failure),
            None => {}
        }
    }

    fn announce_ends(&mut self) {
        let ended = self.boxes.iter_mut().filter_map(|(id, sandbox)| Some((*id, sandbox.take_end()?)));
        for (id, (end, wall_us)) in ended.collect::<Vec<_>>() {
            let clean = end != End::Killed && self.is_clean();
            let Some(sandbox) = self.boxes.get_mut(&id) else { continue };
            sandbox.was_clean = clean;
            let disk_full = sandbox.is_full();
            self.reply(&Reply::Ended { id, end, wall_us, disk_full, clean });
        }
    }

    /// Whether there are no sockets but the agent's own and those to the inits of its boxes.
    fn is_clean(&mut self) -> bool {
        // Those to the inits that are about to end could hide others.
        self.bury(|_| true);
        self.sockets.settle(self.boxes.len())
    }

    /// Waits until these are gone, and says so.
    fn bury(&mut self, which: impl Fn(&Dying) -> bool) {
        // Where sockets have to be counted, those of all others have to be gone.
        let all = self.dying.iter().any(|dying| which(dying) && !dying.was_clean);
        let gone: Vec<Dying> = self.dying.extract_if(.., |dying| all || which(dying)).collect();
        gone.iter().for_each(|dying| dying.child.reap());
        for Dying { id, was_clean, .. } in gone {
            let clean = was_clean || self.sockets.settle(self.boxes.len());
            self.reply(&Reply::Destroyed { id, clean });
        }
    }

    fn get(&self, id: BoxId) -> Result<&Box, Failure> {
        self.boxes.get(&id).ok_or(Errno::ENOENT).stage("no such box")
    }

    fn find(&mut self, id: BoxId) -> Result<&mut Box, Failure> {
        self.boxes.get_mut(&id).ok_or(Errno::ENOENT).stage("no such box")
    }

    fn fail(&mut self, id: BoxId, failure: &Failure) {
        self.reply(&Reply::Failed { id, stage: failure.stage.clone(), errno: failure.errno as i32 });
    }

    fn reply(&mut self, reply: &Reply) {
        encode(reply, &mut self.outbox);
    }

    /// Sends as much as the runner takes now.
    fn flush(&mut self) -> Result<(), Stop> {
        let mut sent = 0;
        while sent < self.outbox.len() {
            match socket::send(&self.runner, self.outbox.get(sent..).unwrap_or_default(), &[]) {
                Ok(length) => sent += length,
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) => break,
                Err(_) => return Err(Stop::RunnerGone),
            }
        }
        self.outbox.drain(..sent);
        Ok(())
    }
}
