//! A TCP proxy that breaks on command: it cuts connections, lets nothing through one way or both, or lets it through
//! late or slowly; for one connection or for all. Nobody is told, as in a real network.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use nix::sys::socket::{self, setsockopt, sockopt};

/// How often somebody who cannot write looks whether the connection is still wanted.
const LOOK: Duration = Duration::from_millis(100);

/// Pieces a second that a drip consists of.
const DROPS: u32 = 20;

/// A way through the proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// From whoever has connected.
    ToServer,
    /// From whom the proxy has connected to.
    ToClient,
}

/// What is done to what passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing passes this way, or, where none is given, either way. New connections are taken and stay silent.
    Stall(Option<Way>),
    /// So many bytes a second pass each way.
    Drip(u32),
    /// What is sent together passes so much later.
    Delay(Duration),
}

/// How a connection is ended, to both its peers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// As by a peer that closes it (FIN).
    Finish,
    /// As by a host that knows nothing of it (RST).
    Reset,
}

/// Whom a command is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whom {
    /// All connections, those yet to come too.
    All,
    /// The connection with this number.
    One(u64),
}

/// A proxy. It and its connections end when it is dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    listener: TcpListener,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    target: SocketAddr,
    fault: Option<Fault>,
    lines: BTreeMap<u64, Line>,
    next: u64,
}

#[derive(Debug)]
struct Line {
    client: Arc<TcpStream>,
    server: Arc<TcpStream>,
    fault: Option<Fault>,
    /// Ways that have not ended.
    ways: u8,
}

impl Proxy {
    /// A proxy on a free port that leads to this address.
    pub fn new(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port can be had");
        let address = listener.local_addr().expect("it has an address");
        let state = State { target, fault: None, lines: BTreeMap::new(), next: 0 };
        let shared = Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new() });
        let (accepting, doors) = (Arc::clone(&shared), listener.try_clone().expect("it can be shared"));
        thread::spawn(move || {
            // Ends with an error once the proxy is dropped.
            while let Ok((client, _)) = doors.accept() {
                // Where nobody answers, whoever has connected is hung up on.
                let _ = accepting.connect(client);
            }
        });
        Self { address, listener, shared }
    }

    /// Where to connect to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// New connections lead there from now on.
    pub fn lead_to(&self, target: SocketAddr) {
        self.shared.lock().target = target;
    }

    /// The numbers of the connections that are open, in the order in which they came.
    pub fn connections(&self) -> Vec<u64> {
        self.shared.lock().lines.keys().copied().collect()
    }

    /// Lets a fault begin, in place of the one that there is.
    pub fn fail(&self, whom: Whom, fault: Fault) {
        self.set(whom, Some(fault));
    }

    /// Ends a fault. What was held up passes.
    pub fn heal(&self, whom: Whom) {
        self.set(whom, None);
    }

    /// Ends connections. New ones are taken.
    pub fn cut(&self, whom: Whom, cut: Cut) {
        let mut state = self.shared.lock();
        let cut_off = match whom {
            Whom::All => std::mem::take(&mut state.lines),
            Whom::One(id) => state.lines.remove_entry(&id).into_iter().collect(),
        };
        drop(state);
        cut_off.values().for_each(|line| line.end(cut));
        self.shared.changed.notify_all();
    }

    fn set(&self, whom: Whom, fault: Option<Fault>) {
        let mut state = self.shared.lock();
        match whom {
            Whom::All => {
                state.fault = fault;
                state.lines.values_mut().for_each(|line| line.fault = None);
            }
            Whom::One(id) => {
                if let Some(line) = state.lines.get_mut(&id) {
                    line.fault = fault;
                }
            }
        }
        drop(state);
        self.shared.changed.notify_all();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // Wakes the thread that accepts.
        let _ = socket::shutdown(self.listener.as_raw_fd(), socket::Shutdown::Both);
        self.cut(Whom::All, Cut::Finish);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn connect(self: &Arc<Self>, client: TcpStream) -> io::Result<()> {
        let target = self.lock().target;
        let server = TcpStream::connect(target)?;
        for stream in [&client, &server] {
            stream.set_nodelay(true)?;
            stream.set_write_timeout(Some(LOOK))?;
        }
        let (client, server) = (Arc::new(client), Arc::new(server));
        let mut state = self.lock();
        let id = state.next;
        state.next += 1;
        let line = Line { client: Arc::clone(&client), server: Arc::clone(&server), fault: None, ways: 2 };
        state.lines.insert(id, line);
        drop(state);
        for (way, from, to) in
            [(Way::ToServer, Arc::clone(&client), Arc::clone(&server)), (Way::ToClient, server, client)]
        {
            let shared = Arc::clone(self);
            thread::spawn(move || {
                let finished = shared.carry(id, way, &from, &to).is_ok();
                shared.ended(id, finished);
            });
        }
        Ok(())
    }

    /// Carries all that comes one way, to its end.
    fn carry(&self, id: u64, way: Way, mut from: &TcpStream, mut to: &TcpStream) -> io::Result<()> {
        let mut buffer = vec![0; 16 << 10];
        loop {
            let length = from.read(&mut buffer)?;
            let mut rest = &buffer[..length];
            if rest.is_empty() {
                self.pass(id, way, 1)?;
                return to.shutdown(Shutdown::Write);
            }
            while !rest.is_empty() {
                let mut piece = &rest[..self.pass(id, way, rest.len())?];
                rest = &rest[piece.len()..];
                while !piece.is_empty() {
                    match to.write(piece) {
                        Ok(written) => piece = &piece[written..],
                        Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.wanted(id)?,
                        Err(error) => return Err(error),
                    }
                }
            }
        }
    }

    /// Waits until some of so many bytes may pass. Returns how many.
    fn pass(&self, id: u64, way: Way, bytes: usize) -> io::Result<usize> {
        let mut state = self.lock();
        loop {
            let fault = state.fault_of(id)?;
            let unchanged = |state: &mut State| state.fault_of(id).ok() == Some(fault);
            let (time, part) = match fault {
                Some(Fault::Stall(stalled)) if stalled.is_none_or(|stalled| stalled == way) => {
                    state = self.changed.wait_while(state, unchanged).unwrap();
                    continue;
                }
                Some(Fault::Drip(rate)) => (Duration::from_secs(1) / DROPS, (rate / DROPS).max(1) as usize),
                Some(Fault::Delay(time)) => (time, bytes),
                Some(Fault::Stall(_)) | None => return Ok(bytes),
            };
            let waited;
            (state, waited) = self.changed.wait_timeout_while(state, time, unchanged).unwrap();
            if waited.timed_out() {
                return Ok(part.min(bytes));
            }
        }
    }

    fn wanted(&self, id: u64) -> io::Result<()> {
        self.lock().fault_of(id).map(|_| ())
    }

    /// One way of a connection has ended: by itself, or because it cannot go on.
    fn ended(&self, id: u64, finished: bool) {
        let mut state = self.lock();
        let Some(line) = state.lines.get_mut(&id) else { return };
        line.ways -= 1;
        if !finished || line.ways == 0 {
            line.end(Cut::Finish);
            state.lines.remove(&id);
            drop(state);
            self.changed.notify_all();
        }
    }
}

impl State {
    /// What a connection suffers from; an error where it was cut.
    fn fault_of(&self, id: u64) -> io::Result<Option<Fault>> {
        let line = self.lines.get(&id).ok_or(io::ErrorKind::ConnectionAborted)?;
        Ok(line.fault.or(self.fault))
    }
}

impl Line {
    fn end(&self, cut: Cut) {
        for stream in [&self.client, &self.server] {
            // Errors are of connections that have ended already.
            let _ = match cut {
                Cut::Finish => stream.shutdown(Shutdown::Both),
                Cut::Reset => {
                    let at_once = nix::libc::linger { l_onoff: 1, l_linger: 0 };
                    let _ = setsockopt(stream, sockopt::Linger, &at_once);
                    // Wakes its reader; the last one to let go of it then resets it.
                    stream.shutdown(Shutdown::Read)
                }
            };
        }
    }
}
