//! A runner's connection, from its greeting to its end.

use std::collections::BTreeMap;
use std::time::Duration;

use protocol::frame::{Frame, FrameKind};
use protocol::hello::{DRAIN, Hello, RESUME};
use protocol::runner::{FromRunner, HeldAttempt, Registration, ToRunner};
use protocol::{ControllerId, RunnerId};
use tokio::sync::mpsc;
use tokio::time::{interval, timeout};
use tokio_util::sync::CancellationToken;

use super::Fleet;
use super::attempt::{End, Ended, Running, Source};
use super::feeder::Opening;
use crate::dispatch::LEASE;
use crate::roster::Membership;
use crate::store::Claim;
use crate::text;
use crate::wire::{self, Connection, Link, WireError, greet};

/// How often each side lets something be heard.
const HEARTBEAT: Duration = Duration::from_secs(2);

/// What one runner may say that it takes at once.
const MAX_JOBS: u32 = 1024;

/// Languages that one runner may offer.
const MAX_LANGUAGES: usize = 256;

/// Labels that one runner may have.
const MAX_LABELS: usize = 64;

/// Attempts that one runner may hold: what it runs, and what ended while nobody could be told.
const MAX_HELD: usize = 4 * MAX_JOBS as usize;

/// How often what the store could not record is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// A runner that is part of the cluster.
pub struct Session<'a> {
    pub(super) fleet: &'a Fleet,
    pub(super) connection: &'a mut Connection,
    pub(super) membership: Membership,
    pub(super) runner: RunnerId,
    pub(super) name: String,
    /// Whether the runner holds its attempts when the link breaks, until it hears that they are recorded.
    holds: bool,
    pub(super) running: BTreeMap<u32, Running>,
    /// Ends that the store could not record yet.
    unrecorded: Vec<Ended>,
    next_stream: u32,
}

/// What runners are greeted with.
pub fn hello() -> Hello {
    wire::hello(HEARTBEAT, ControllerId::random())
}

/// Serves a connection to its end.
///
/// # Errors
/// Why it ended, unless it was told to stop.
pub async fn run(
    fleet: &Fleet,
    link: Link,
    hello: &Hello,
    stop: &CancellationToken,
) -> Result<(), WireError> {
    let mut connection = greet(link, hello).await?;
    let result = serve(fleet, &mut connection, stop).await;
    connection.close(result.as_ref().err()).await;
    result
}

async fn serve(
    fleet: &Fleet,
    connection: &mut Connection,
    stop: &CancellationToken,
) -> Result<(), WireError> {
    let registered = timeout(wire::GREETING, registration(connection)).await;
    let mut registration = registered.unwrap_or(Err(WireError::Silent(wire::GREETING)))?;
    let held = std::mem::take(&mut registration.held);
    let (runner, name) = (registration.id, registration.name.clone());
    let (membership, mut claims) = fleet.roster.join(registration).map_err(WireError::Protocol)?;
    if connection.peer.knows(DRAIN) {
        membership.can_be_drained();
    }
    connection.outgoing.message(0, &ToRunner::Registered).await?;
    tracing::info!(runner = name, held = held.len(), "a runner has joined");
    let holds = connection.peer.knows(RESUME);
    let (running, unrecorded) = (BTreeMap::new(), Vec::new());
    let mut session =
        Session { fleet, connection, membership, runner, name, holds, running, unrecorded, next_stream: 1 };
    let ended = session.serve(&held, &mut claims, stop).await;
    tracing::info!(runner = session.name, "a runner has left");
    session.membership.leave();
    session.give_back(claims).await;
    session.leave(ended.as_ref().err()).await;
    ended
}

async fn registration(connection: &mut Connection) -> Result<Registration, WireError> {
    let frame = connection.incoming.next().await?;
    let registration = match frame.kind {
        FrameKind::Control => parse(&frame)?,
        _ => return Err(WireError::protocol("the first message has to be a registration")),
    };
    let FromRunner::Register(registration) = registration else {
        return Err(WireError::protocol("the first message has to be a registration"));
    };
    check(registration)
}

/// What a runner says of itself, bounded: it is kept, and shown to people.
fn check(mut registration: Registration) -> Result<Registration, WireError> {
    let named = text::is_name(&registration.name);
    if !named
        || !registration.languages.iter().all(|offer| text::is_name(&offer.id))
        || registration.languages.len() > MAX_LANGUAGES
    {
        return Err(WireError::protocol("a runner and its languages need short, printable names"));
    }
    if !(1..=MAX_JOBS).contains(&registration.max_jobs) {
        return Err(WireError::protocol(format!("max_jobs has to be 1 to {MAX_JOBS}")));
    }
    let labels = &registration.labels;
    if labels.len() > MAX_LABELS
        || !labels.iter().flat_map(|(name, value)| [name, value]).all(|text| text::is_name(text))
    {
        let detail =
            format!("a runner has at most {MAX_LABELS} labels, with short, printable names and values");
        return Err(WireError::protocol(detail));
    }
    if registration.held.len() > MAX_HELD {
        return Err(WireError::protocol(format!("a runner holds at most {MAX_HELD} attempts")));
    }
    registration.version = text::line(&registration.version);
    Ok(registration)
}

impl Session<'_> {
    async fn serve(
        &mut self,
        held: &[HeldAttempt],
        claims: &mut mpsc::Receiver<Claim>,
        stop: &CancellationToken,
    ) -> Result<(), WireError> {
        self.settle(held).await;
        self.take_up(held).await?;
        let mut renewals = interval(LEASE / 3);
        let mut retries = interval(RETRY);
        let drain = self.membership.drained();
        let mut drained = false;
        loop {
            tokio::select! {
                // What comes seldom goes first, so that a runner with much to say does not keep it waiting.
                biased;
                () = stop.cancelled() => return Ok(()),
                claim = claims.recv() => match claim {
                    Some(claim) => {
                        self.begin(Source { claim, opening: Opening::Run });
                    }
                    // The same runner has a newer connection.
                    None => return Err(WireError::Closed),
                },
                _ = renewals.tick() => self.renew().await?,
                _ = retries.tick(), if !self.unrecorded.is_empty() => self.record_again().await?,
                () = drain.cancelled(), if !drained => {
                    drained = true;
                    self.connection.outgoing.message(0, &ToRunner::Drain).await?;
                }
                frame = self.connection.incoming.next() => self.take(frame?).await?,
            }
        }
    }

    /// Opens a stream for an attempt.
    pub(super) fn begin(&mut self, source: Source) -> u32 {
        let stream = self.next_stream;
        self.next_stream = self.next_stream.checked_add(1).unwrap_or(1);
        let window = self.connection.peer.window;
        let running = Running::begin(self.fleet, source, stream, &self.connection.outgoing, window);
        self.running.insert(stream, running);
        stream
    }

    async fn take(&mut self, frame: Frame) -> Result<(), WireError> {
        if frame.stream == 0 {
            return self.take_of_itself(&frame).await;
        }
        // What is still on its way of an attempt that has ended is let go.
        let Some(running) = self.running.get_mut(&frame.stream) else { return Ok(()) };
        if let Some(end) = running.take(&frame, &self.connection.outgoing).await? {
            let lost = matches!(end, End::Lost(_));
            if lost {
                // Whatever it still does with the job is of no use to anybody.
                self.connection.outgoing.message(frame.stream, &ToRunner::Cancel).await?;
            }
            let (job, _) = running.key();
            match end {
                End::Refused => self.membership.refused(job),
                End::Lost(_) => self.membership.lost(job),
                End::Outcome(_) => self.membership.done(job),
                End::Elsewhere => self.membership.gone(job),
            }
            self.end(frame.stream, end).await?;
        }
        Ok(())
    }

    async fn take_of_itself(&mut self, frame: &Frame) -> Result<(), WireError> {
        match (frame.kind, parse(frame)?) {
            (FrameKind::Control, FromRunner::Telemetry(mut telemetry)) => {
                telemetry.unavailable = telemetry.unavailable.map(|reason| text::line(&reason));
                self.membership.telemetry(telemetry);
                Ok(())
            }
            (FrameKind::Control, FromRunner::Register(registration)) => {
                let mut registration = check(registration)?;
                let held = std::mem::take(&mut registration.held);
                tracing::info!(runner = self.name, held = held.len(), "a runner registers anew");
                self.membership.offers(registration);
                self.connection.outgoing.message(0, &ToRunner::Registered).await?;
                self.take_up(&held).await
            }
            _ => Err(WireError::protocol("stream 0 is for what a runner says of itself")),
        }
    }

    /// Records how an attempt ended; later, where the store cannot now.
    pub(super) async fn end(&mut self, stream: u32, end: End) -> Result<(), WireError> {
        let Some(running) = self.running.remove(&stream) else { return Ok(()) };
        self.record(running.end(end)).await
    }

    async fn record(&mut self, ended: Ended) -> Result<(), WireError> {
        match ended.record(self.fleet).await {
            Ok(()) if self.holds => self.connection.outgoing.message(ended.stream, &ToRunner::Recorded).await,
            Ok(()) => Ok(()),
            Err(error) => {
                tracing::error!(%error, "the end of an attempt cannot be recorded yet");
                self.unrecorded.push(ended);
                Ok(())
            }
        }
    }

    async fn record_again(&mut self) -> Result<(), WireError> {
        for ended in std::mem::take(&mut self.unrecorded) {
            self.record(ended).await?;
        }
        Ok(())
    }

    /// Jobs that the runner was given and never heard of.
    async fn give_back(&mut self, mut claims: mpsc::Receiver<Claim>) {
        claims.close();
        while let Ok(claim) = claims.try_recv() {
            let stream = self.begin(Source { claim, opening: Opening::Run });
            // The link is gone, and with it whoever could be told.
            let _ = self.end(stream, End::Refused).await;
        }
    }

    /// The link is gone: what the runner holds can be taken up again, what it does not hold is lost. A
    /// controller that shuts down leaves everything to the next one.
    async fn leave(mut self, error: Option<&WireError>) {
        let _ = self.record_again().await;
        // What could not be recorded may have been all the same.
        for ended in std::mem::take(&mut self.unrecorded) {
            let ((job, _), _) = ended.leave();
            self.fleet.live.stray(job);
        }
        if self.holds {
            if error.is_some() {
                self.linger().await;
            }
            return;
        }
        let reason = match error {
            None => format!("runner {} was let go: the controller is shutting down", self.name),
            Some(error) => format!("runner {} was lost: {error}", self.name),
        };
        let streams: Vec<u32> = self.running.keys().copied().collect();
        for stream in streams {
            let _ = self.end(stream, End::Lost(reason.clone())).await;
        }
    }
}

fn parse(frame: &Frame) -> Result<FromRunner, WireError> {
    frame.parse().map_err(|error| WireError::protocol(format!("a message that is none: {error}")))
}
