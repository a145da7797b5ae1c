//! The network between controllers and everybody else. What is sent arrives late, and in its order, as with TCP; or
//! not at all, and then one end may know of it, or both, or none.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::watch;
use tokio::time::sleep;

use super::chance::Chance;
use super::node;
use super::socket::Socket;
use super::world::World;
use crate::lock::lock;
use crate::wire::Link;

/// What may be on its way before a sender has to wait, in bytes.
const BUFFER: usize = 64 * 1024;

/// How long a dialler waits for what does not answer.
const UNREACHABLE: Duration = Duration::from_secs(2);

/// Who dials a controller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    Runner(usize),
    Client(usize),
}

/// Whether what is sent one way arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flow {
    Open,
    /// Nothing arrives; it may later.
    Held,
    /// Nothing arrives ever, and the receiver knows that the link is broken.
    EndsForReceiver,
    /// The same for the sender.
    EndsForSender,
    /// Both know.
    Ended,
}

/// A link that somebody has to a controller.
#[derive(Debug)]
pub struct Cable {
    pub peer: Peer,
    pub controller: usize,
    up: watch::Sender<Flow>,
    down: watch::Sender<Flow>,
}

/// All links that there are.
#[derive(Debug, Default)]
pub struct Network {
    cables: Mutex<Vec<Arc<Cable>>>,
    blocked: Mutex<Vec<(Peer, usize)>>,
}

impl Cable {
    fn set(&self, up: Flow, down: Flow) {
        self.up.send_replace(up);
        self.down.send_replace(down);
    }

    /// Breaks it, and both ends know at once.
    pub fn cut(&self) {
        self.set(Flow::Ended, Flow::Ended);
    }

    /// Breaks it, and only the controller knows.
    pub fn cut_for_controller(&self) {
        self.set(Flow::EndsForReceiver, Flow::EndsForSender);
    }

    /// Breaks it, and only the peer knows.
    pub fn cut_for_peer(&self) {
        self.set(Flow::EndsForSender, Flow::EndsForReceiver);
    }

    /// Nothing arrives until it is released.
    pub fn hold(&self) {
        self.set(Flow::Held, Flow::Held);
    }

    /// What was held arrives, where it was.
    pub fn release(&self) {
        for way in [&self.up, &self.down] {
            way.send_if_modified(|flow| {
                let held = *flow == Flow::Held;
                *flow = if held { Flow::Open } else { *flow };
                held
            });
        }
    }

    fn is_over(&self) -> bool {
        self.up.is_closed() && self.down.is_closed()
    }
}

impl Network {
    /// Links that nobody has closed, in the order in which they came.
    pub fn cables(&self) -> Vec<Arc<Cable>> {
        let mut cables = lock(&self.cables);
        cables.retain(|cable| !cable.is_over());
        cables.clone()
    }

    /// Keeps a peer from a controller: what they have stands still, and there is nothing new.
    pub fn block(&self, peer: Peer, controller: usize) {
        lock(&self.blocked).push((peer, controller));
        self.between(peer, controller).for_each(|cable| cable.hold());
    }

    /// Lets them through again.
    pub fn unblock(&self, peer: Peer, controller: usize) {
        lock(&self.blocked).retain(|blocked| *blocked != (peer, controller));
        self.between(peer, controller).for_each(|cable| cable.release());
    }

    /// Breaks all links of a runner that died. Its host says so to whoever sends there.
    pub fn cut_runner(&self, runner: usize) {
        let cables = self.cables();
        cables.iter().filter(|cable| cable.peer == Peer::Runner(runner)).for_each(|cable| cable.cut());
    }

    /// The same for a controller.
    pub fn cut_controller(&self, controller: usize) {
        let cables = self.cables();
        cables.iter().filter(|cable| cable.controller == controller).for_each(|cable| cable.cut());
    }

    fn between(&self, peer: Peer, controller: usize) -> impl Iterator<Item = Arc<Cable>> {
        self.cables().into_iter().filter(move |cable| (cable.peer, cable.controller) == (peer, controller))
    }
}

/// Dials a controller.
pub async fn dial(
    world: &Arc<World>,
    peer: Peer,
    controller: usize,
    chance: &mut Chance,
) -> io::Result<Socket> {
    sleep(chance.millis(1..40)).await;
    if lock(&world.network.blocked).contains(&(peer, controller)) {
        sleep(UNREACHABLE).await;
        return Err(io::ErrorKind::TimedOut.into());
    }
    let (up, up_flow) = watch::channel(Flow::Open);
    let (down, down_flow) = watch::channel(Flow::Open);
    let (write_here, read_there) = way(up_flow, chance);
    let (write_there, read_here) = way(down_flow, chance);
    node::accept(world, peer, controller, Link::new(read_there, write_there))?;
    lock(&world.network.cables).push(Arc::new(Cable { peer, controller, up, down }));
    Ok(Socket::new(read_here, write_here))
}

/// One direction: what is written to the first comes out of the second.
fn way(flow: watch::Receiver<Flow>, chance: &mut Chance) -> (DuplexStream, DuplexStream) {
    let (sender, from) = duplex(BUFFER);
    let (to, receiver) = duplex(BUFFER);
    tokio::spawn(carry(from, to, flow, Chance::of(chance.next(), "way")));
    (sender, receiver)
}

async fn carry(
    mut from: DuplexStream,
    mut to: DuplexStream,
    mut flow: watch::Receiver<Flow>,
    mut chance: Chance,
) {
    let mut until_broken = flow.clone();
    let broken = tokio::select! {
        biased;
        broken = until_broken.wait_for(|flow| !matches!(flow, Flow::Open | Flow::Held)) => {
            broken.map_or(Flow::Ended, |flow| *flow)
        }
        () = deliver(&mut from, &mut to, &mut flow, &mut chance) => return,
    };
    match broken {
        Flow::EndsForReceiver => drop(to),
        Flow::EndsForSender => drop(from),
        _ => return,
    }
    // The other end hears nothing of it.
    std::future::pending::<()>().await;
}

/// Delivers until either end is gone. That, too, arrives late.
async fn deliver(
    from: &mut DuplexStream,
    to: &mut DuplexStream,
    flow: &mut watch::Receiver<Flow>,
    chance: &mut Chance,
) {
    let mut buffer = vec![0; 4096];
    loop {
        let read = from.read(&mut buffer).await.unwrap_or(0);
        sleep(if chance.percent(5) { chance.millis(20..400) } else { chance.millis(1..15) }).await;
        if flow.wait_for(|flow| *flow == Flow::Open).await.is_err() || read == 0 {
            return;
        }
        if to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}
