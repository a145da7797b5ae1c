//! A thousand who have nothing to do, and a hundred who mean harm, at all three doors of a controller at once.

mod honest;
mod strangers;

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::cluster::job;
use crate::{Cluster, http};
pub use honest::{Times, work};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::socket::{setsockopt, sockopt::RcvBuf};
use nix::unistd::Pid;
pub use strangers::{Manner, Then};

/// How many have nothing to do.
pub const IDLE: usize = 1000;

/// How many mean harm.
pub const HOSTILE: usize = 100;

/// Within which time those who mean harm are shown the door: docs/security.md. With some time for a machine that has other
/// things to do as well.
pub const DROPPED: Duration = Duration::from_secs(45);

/// How often everybody has a turn.
const TURN: Duration = Duration::from_millis(100);

/// Somebody at a door.
#[derive(Debug)]
struct Peer {
    manner: Manner,
    hostile: bool,
    stream: TcpStream,
    /// What is still to be said.
    pending: Vec<u8>,
    came: Instant,
    spoke: Instant,
    /// How long it was there.
    stayed: Option<Duration>,
}

/// Everybody at the doors; dropped, they are gone.
#[derive(Debug)]
pub struct Siege {
    peers: Arc<Mutex<Vec<Peer>>>,
    /// Those who mean harm, of every kind once.
    kinds: Vec<Manner>,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Siege {
    /// Has all of them come. The cluster has a runner for Python.
    pub fn begin(cluster: &Cluster) -> Self {
        // A process starts with a thousand descriptors.
        let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).expect("limits can be read");
        setrlimit(Resource::RLIMIT_NOFILE, most, most).expect("limits can be raised");
        let loud = cluster.job(&job("python", "main.py", "print('x' * 700_000)"));
        let kinds = strangers::hostile(loud["id"].as_str().expect("a job has an id"));
        let siege = Self { peers: Arc::default(), kinds, over: Arc::default(), thread: None };
        // A language that somebody has, so that a job in it waits rather than is refused.
        let [_, runner, _] = strangers::idle("");
        siege.add(cluster, &runner, 0, false);
        crate::wait_until("the language of the first runner", || {
            siege.lock().iter_mut().for_each(Peer::turn);
            let languages = http::get(&cluster.url("/languages")).body;
            languages.as_array()?.iter().any(|language| language["id"] == "parked").then_some(())
        });
        let waiting = cluster.submit(&job("parked", "a", ""));
        let idle = strangers::idle(&waiting);
        (1..IDLE).for_each(|number| siege.add(cluster, &idle[number % idle.len()], number, false));
        let kinds = siege.kinds.iter().cycle().take(HOSTILE);
        kinds.for_each(|kind| siege.add(cluster, kind, 0, true));
        siege.run()
    }

    /// How many who mean no harm are still there.
    pub fn idle(&self) -> usize {
        self.lock().iter().filter(|peer| !peer.hostile && peer.stayed.is_none()).count()
    }

    /// Who means harm and is still there.
    pub fn hostile(&self) -> Vec<String> {
        let peers = self.lock();
        let there = peers.iter().filter(|peer| peer.hostile && peer.stayed.is_none());
        there.map(|peer| format!("{}: {}", peer.manner.door, peer.manner.name)).collect()
    }

    /// How long those who meant harm were there at most, of each kind.
    pub fn stays(&self) -> Vec<(String, Option<Duration>)> {
        let peers = self.lock();
        let kinds = self.kinds.iter().map(|kind| {
            let same =
                |peer: &&Peer| peer.hostile && (peer.manner.door, peer.manner.name) == (kind.door, kind.name);
            let longest = peers.iter().filter(same).map(|peer| peer.stayed.unwrap_or(Duration::MAX)).max();
            (format!("{}: {}", kind.door, kind.name), longest.filter(|longest| *longest < Duration::MAX))
        });
        kinds.collect()
    }

    fn add(&self, cluster: &Cluster, manner: &Manner, number: usize, hostile: bool) {
        let stream = TcpStream::connect(cluster.address(manner.door)).expect("a door is open");
        if !manner.reads {
            setsockopt(&stream, RcvBuf, &4096).expect("a socket can be told");
        }
        stream.set_nonblocking(true).expect("a socket can be told");
        let mut pending = manner.first.clone();
        if !hostile && manner.door == "runners" {
            pending.extend(strangers::registration(number));
        }
        let (manner, now) = (manner.clone(), Instant::now());
        self.lock().push(Peer { manner, hostile, stream, pending, came: now, spoke: now, stayed: None });
    }

    fn run(mut self) -> Self {
        let (peers, over) = (Arc::clone(&self.peers), Arc::clone(&self.over));
        self.thread = Some(std::thread::spawn(move || {
            while !over.load(Ordering::Relaxed) {
                let begin = Instant::now();
                peers.lock().unwrap_or_else(PoisonError::into_inner).iter_mut().for_each(Peer::turn);
                std::thread::park_timeout(TURN.saturating_sub(begin.elapsed()));
            }
        }));
        self
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Peer>> {
        self.peers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Siege {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A turn that failed has been told by its panic.
            let _ = thread.join();
        }
    }
}

impl Peer {
    /// Does what is its manner, and notices when it has been shown the door.
    fn turn(&mut self) {
        if self.stayed.is_none() && (!self.read() || !self.speak() || self.is_cut()) {
            self.stayed = Some(self.came.elapsed());
        }
    }

    /// Whether the connection is there as far as reading tells.
    fn read(&mut self) -> bool {
        let mut buffer = [0; 65_536];
        while self.manner.reads {
            match self.stream.read(&mut buffer) {
                Ok(0) => return false,
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return true,
                Err(_) => return false,
            }
        }
        true
    }

    /// Whether the connection is there as far as writing tells.
    fn speak(&mut self) -> bool {
        if self.pending.is_empty() {
            self.pending = match &self.manner.then {
                Then::Nothing => Vec::new(),
                Then::Drip(byte) => vec![*byte],
                Then::Repeat(bytes) => bytes.clone(),
                Then::Every(time, bytes) if self.spoke.elapsed() >= *time => bytes.clone(),
                Then::Every(..) => Vec::new(),
            };
        }
        if self.pending.is_empty() {
            return true;
        }
        match self.stream.write(&self.pending) {
            Ok(written) => {
                self.pending.drain(..written);
                self.spoke = Instant::now();
                true
            }
            Err(error) => error.kind() == ErrorKind::WouldBlock,
        }
    }

    /// Whether the system knows that it is over.
    fn is_cut(&self) -> bool {
        let mut polled = [PollFd::new(self.stream.as_fd(), PollFlags::empty())];
        let over = PollFlags::POLLHUP | PollFlags::POLLERR;
        poll(&mut polled, PollTimeout::ZERO).is_ok()
            && polled[0].revents().is_some_and(|events| events.intersects(over))
    }
}

/// The memory that a process takes up, in bytes.
pub fn memory(process: Pid) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("the process is there");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a process has memory");
    let kilobytes = line.split_whitespace().next().and_then(|number| number.parse::<u64>().ok());
    kilobytes.expect("memory is a number") * 1024
}
