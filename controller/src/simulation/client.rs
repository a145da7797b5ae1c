//! A client: it submits jobs one after the other and follows each to its end, whatever happens to its connection.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use protocol::client::{Request, Response};
use protocol::event::JobEvent;
use protocol::frame::{Frame, FrameKind};
use protocol::hello::Hello;
use protocol::{Content, JobId, JobSpec, Problem, ProblemKind};
use tokio::time::{Instant, interval, sleep, sleep_until};

use super::chance::Chance;
use super::network::{Peer, dial};
use super::program;
use super::reader::Reader;
use super::socket::Socket;
use super::world::World;

/// How often a client lets something be heard.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// The stream of a submission, and of the wish to stop it.
const STREAM: u32 = 1;
const CANCEL: u32 = 2;

/// One job on its way.
struct Errand {
    world: Arc<World>,
    client: usize,
    chance: Chance,
    nonce: u64,
    spec: JobSpec,
    /// Whether the job goes on without its client.
    keep: bool,
    /// When the client has had enough and what it does then.
    enough: Option<(Instant, Enough)>,
    id: Option<JobId>,
    reader: Reader,
}

/// What a client does that has had enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Enough {
    Cancels,
    HangsUp,
}

/// How it goes on after a connection.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    /// The job has ended, or will never be.
    Done,
    /// Try again.
    Again,
}

/// Does all errands of a client.
pub async fn run(world: Arc<World>, client: usize) {
    let mut chance = world.chance(("client", client));
    for number in 0..world.setup.clients[client] {
        sleep(chance.millis(0..8000)).await;
        let nonce = client as u64 * 1000 + number + 1;
        Errand::new(&world, client, nonce, Chance::of(chance.next(), nonce)).run().await;
    }
}

impl Errand {
    fn new(world: &Arc<World>, client: usize, nonce: u64, mut chance: Chance) -> Self {
        let mut spec = program::spec(nonce, &mut chance);
        spec.no_wait = chance.percent(10);
        spec.idempotency_key = chance.percent(80).then(|| format!("key {nonce}"));
        let keep = chance.percent(80);
        let what = if keep { Enough::Cancels } else { Enough::HangsUp };
        let enough = chance.percent(15).then(|| (Instant::now() + chance.millis(100..20_000), what));
        let reader = Reader::new(program::answer(&spec));
        Self { world: Arc::clone(world), client, chance, nonce, spec, keep, enough, id: None, reader }
    }

    async fn run(mut self) {
        loop {
            let controller = self.chance.index(self.world.nodes.len());
            let next = self.connect(controller).await.unwrap_or_else(|error| {
                self.note(&format!("its connection ends: {}", error.kind()));
                self.after_break()
            });
            if next == Next::Done {
                return;
            }
            sleep(self.chance.millis(100..2000)).await;
        }
    }

    /// A job that nobody keeps is stopped without its client; one without a key cannot be asked for again.
    fn after_break(&self) -> Next {
        let submitted = self.id.is_some();
        match (submitted && self.keep) || (!submitted && self.spec.idempotency_key.is_some()) {
            true => Next::Again,
            false => Next::Done,
        }
    }

    async fn connect(&mut self, controller: usize) -> io::Result<Next> {
        let peer = Peer::Client(self.client);
        let Ok(mut socket) = dial(&self.world, peer, controller, &mut self.chance).await else {
            return Ok(Next::Again);
        };
        let life = self.world.nodes[controller].life().unwrap_or_default();
        socket.greet(&Hello::new("client", HEARTBEAT.as_millis() as u32)).await?;
        let after = self.reader.connect((controller, life));
        self.ask(&mut socket, after).await?;
        let mut beat = interval(HEARTBEAT);
        loop {
            let enough = self.enough;
            tokio::select! {
                biased;
                _ = beat.tick() => socket.send(Frame::empty(FrameKind::Ping, 0)).await?,
                () = sleep_until(enough.map_or_else(Instant::now, |(when, _)| when)), if enough.is_some() => {
                    if self.has_enough(&mut socket).await? {
                        return Ok(Next::Done);
                    }
                }
                frame = socket.next() => if let Some(next) = self.take(&frame?)? {
                    return Ok(next);
                }
            }
        }
    }

    /// Submits the job, or asks for what happened to it since.
    async fn ask(&self, socket: &mut Socket, after: u64) -> io::Result<()> {
        if let Some(id) = self.id {
            self.note(&format!("watches from behind event {after}"));
            return socket.say(STREAM, &Request::Watch { id, after, stdin_follows: false }).await;
        }
        self.note("submits");
        let mut spec = self.spec.clone();
        let contents = spec.detach();
        let submit = Request::Submit { spec: Box::new(spec), stdin_follows: false, keep: self.keep };
        socket.say(STREAM, &submit).await?;
        for payload in contents.into_iter().filter(|payload| !payload.is_empty()) {
            socket.send(Frame { kind: FrameKind::Blob, stream: STREAM, payload }).await?;
        }
        Ok(())
    }

    /// Returns whether it goes.
    async fn has_enough(&mut self, socket: &mut Socket) -> io::Result<bool> {
        let Some((_, what)) = self.enough.take() else { return Ok(false) };
        self.note(&format!("has had enough: {what:?}"));
        match (what, self.id) {
            (Enough::HangsUp, _) => Ok(true),
            (Enough::Cancels, Some(id)) => {
                socket.say(CANCEL, &Request::Cancel { id }).await?;
                Ok(false)
            }
            (Enough::Cancels, None) => Ok(false),
        }
    }

    fn take(&mut self, frame: &Frame) -> io::Result<Option<Next>> {
        if frame.stream != STREAM {
            return Ok(None);
        }
        if let FrameKind::Stdout | FrameKind::Stderr = frame.kind {
            let chunk = frame.output_chunk().map_err(io::Error::other)?;
            let (step, stream, data) = (chunk.step, chunk.stream, Content::Inline(chunk.data));
            return Ok(self.hear(chunk.seq, JobEvent::Output { step, stream, data }));
        }
        Ok(match frame.parse::<Response>()? {
            Response::Accepted { id, .. } => {
                self.accepted(id);
                None
            }
            Response::Event { seq, event } => self.hear(seq, event),
            Response::Refused { problem } => Some(self.refused(&problem)),
            other => {
                self.wrong(&format!("was answered {other:?}"));
                Some(Next::Done)
            }
        })
    }

    fn accepted(&mut self, id: JobId) {
        if self.id.replace(id).is_some_and(|before| before != id) {
            self.wrong("is another job than before");
        }
    }

    fn hear(&mut self, number: u64, event: JobEvent) -> Option<Next> {
        if !matches!(event, JobEvent::Output { .. }) {
            let name = format!("{event:?}");
            let name = name.split_once(' ').map_or(name.as_str(), |(name, _)| name);
            self.note(&format!("hears event {number}, {name}"));
        }
        if let Err(wrong) = self.reader.take(number, event) {
            self.wrong(&wrong);
            return Some(Next::Done);
        }
        self.reader.is_finished().then_some(Next::Done)
    }

    fn refused(&mut self, problem: &Problem) -> Next {
        self.note(&format!("is refused: {:?}", problem.kind));
        match problem.kind {
            ProblemKind::QueueFull | ProblemKind::Draining if self.id.is_none() => Next::Again,
            ProblemKind::Internal => self.after_break(),
            ProblemKind::NoRunnerFree if self.spec.no_wait && self.id.is_none() => Next::Done,
            // There is one with its key: it is this client's own.
            ProblemKind::Conflict if self.id.is_none() => {
                self.id = self.world.oracle.id(self.nonce);
                Next::Again
            }
            _ => {
                self.wrong(&format!("is refused: {}", problem.detail));
                Next::Done
            }
        }
    }

    fn note(&self, what: &str) {
        self.world.trace.note(format_args!("client {}, job {}: {what}", self.client, self.nonce));
    }

    fn wrong(&self, what: &str) {
        let what = format!("client {}, job {}: {what}", self.client, self.nonce);
        self.world.oracle.violation(&self.world, what);
    }
}
