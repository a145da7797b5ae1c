//! A runner's connection, from its greeting to its end.

use std::collections::BTreeMap;
use std::time::Duration;

use protocol::frame::{Frame, FrameKind};
use protocol::hello::{DRAIN, Hello, RESUME};
use protocol::runner::{FromRunner, HeldAttempt, TERMINAL, ToRunner};
use protocol::{ControllerId, RunnerId};
use tokio::sync::mpsc;
use tokio::time::{interval, timeout};
use tokio_util::sync::CancellationToken;

use super::Fleet;
use super::arrival::{Arrival, Right, arrive, check};
use super::attempt::{End, Running, Source};
use super::feeder::Opening;
use super::recording::Recording;
use crate::dispatch::LEASE;
use crate::identity::enrolment;
use crate::roster::Membership;
use crate::store::Claim;
use crate::text;
use crate::wire::{self, Connection, Link, Peer, WireError, greet};

/// How often each side lets something be heard.
const HEARTBEAT: Duration = Duration::from_secs(2);

/// A runner that is part of the cluster.
pub struct Session<'a> {
    pub(super) fleet: &'a Fleet,
    pub(super) connection: &'a mut Connection,
    pub(super) membership: Membership,
    /// What it has shown of itself, where that is asked for.
    right: Right,
    pub(super) runner: RunnerId,
    pub(super) name: String,
    /// How many jobs it takes at once.
    max_jobs: usize,
    /// Whether the runner holds its attempts when the link breaks, until it hears that they are recorded.
    holds: bool,
    /// Whether it takes signals and sizes for programs.
    takes_gestures: bool,
    pub(super) running: BTreeMap<u32, Running>,
    /// Attempts that have ended, until that is recorded.
    pub(super) recording: Recording<'a>,
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
    peer: &Peer,
    hello: &Hello,
    stop: &CancellationToken,
) -> Result<(), WireError> {
    let mut connection = greet(link, hello).await?;
    let result = serve(fleet, peer, &mut connection, stop).await;
    connection.close(result.as_ref().err()).await;
    result
}

async fn serve(
    fleet: &Fleet,
    peer: &Peer,
    connection: &mut Connection,
    stop: &CancellationToken,
) -> Result<(), WireError> {
    let arrived = timeout(wire::GREETING, arrive(fleet, peer, connection)).await;
    let arrived = arrived.unwrap_or(Err(WireError::Silent(wire::GREETING)))?;
    let Some(Arrival { mut registration, right }) = arrived else { return Ok(()) };
    let held = std::mem::take(&mut registration.held);
    let (runner, name) = (registration.id, registration.name.clone());
    let max_jobs = registration.max_jobs as usize;
    let takes_gestures = registration.features.contains(TERMINAL);
    let (membership, mut claims) = fleet.roster.join(registration).map_err(WireError::Protocol)?;
    if connection.peer.knows(DRAIN) {
        membership.can_be_drained();
    }
    connection.outgoing.message(0, &ToRunner::Registered).await?;
    tracing::info!(runner = name, held = held.len(), "a runner has joined");
    let holds = connection.peer.knows(RESUME);
    let (running, recording) = (BTreeMap::new(), Recording::new(fleet));
    let mut session = Session {
        fleet,
        connection,
        membership,
        right,
        runner,
        name,
        max_jobs,
        holds,
        takes_gestures,
        running,
        recording,
        next_stream: 1,
    };
    let ended = session.serve(&held, &mut claims, stop).await;
    tracing::info!(runner = session.name, "a runner has left");
    session.membership.leave();
    session.give_back(claims).await;
    session.leave(ended.as_ref().err()).await;
    ended
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
        let drain = self.membership.drained();
        let revoked = self.right.revoked();
        let mut drained = false;
        loop {
            tokio::select! {
                // What comes seldom goes first, so that a runner with much to say does not keep it waiting.
                biased;
                () = stop.cancelled() => return Ok(()),
                () = revoked.cancelled() => return Err(self.removed()),
                claim = claims.recv() => match claim {
                    Some(claim) if self.running.len() >= self.max_jobs => self.turn_back(&claim).await,
                    Some(claim) => {
                        self.begin(claim, Opening::Run);
                    }
                    // The same runner has a newer connection.
                    None => return Err(WireError::Closed),
                },
                _ = renewals.tick() => self.renew().await?,
                stream = self.recording.next() => self.recorded(stream).await?,
                () = self.right.is_old() => {
                    self.right.asked();
                    self.connection.outgoing.message(0, &ToRunner::Renew).await?;
                }
                () = drain.cancelled(), if !drained => {
                    drained = true;
                    self.connection.outgoing.message(0, &ToRunner::Drain).await?;
                }
                frame = self.connection.incoming.next() => self.take(frame?).await?,
            }
        }
    }

    /// Opens a stream for an attempt.
    pub(super) fn begin(&mut self, claim: Claim, opening: Opening) -> u32 {
        let source = Source { claim, opening, takes_gestures: self.takes_gestures };
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
            self.end(frame.stream, end);
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
            (FrameKind::Control, FromRunner::Certify { request }) => self.certify(&request).await,
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

    /// Gives the runner a certificate for its new key. Where that cannot be done now, it is asked again later.
    async fn certify(&mut self, request: &str) -> Result<(), WireError> {
        let Some(shown) = self.right.shown() else {
            return Err(WireError::protocol("a runner without a certificate has none to renew"));
        };
        match self.fleet.enrolment.renew(shown, request).await {
            Ok(certificate) => {
                self.connection.outgoing.message(0, &ToRunner::Certified { certificate }).await
            }
            Err(error) => {
                tracing::warn!(runner = self.name, %error, "a certificate cannot be renewed yet");
                Ok(())
            }
        }
    }

    /// The runner is not part of the cluster any more: nothing that it still holds is wanted.
    fn removed(&mut self) -> WireError {
        self.holds = false;
        WireError::Protocol(enrolment::removed(&self.name))
    }

    /// Begins to record how an attempt ended.
    pub(super) fn end(&mut self, stream: u32, end: End) {
        if let Some(running) = self.running.remove(&stream) {
            self.recording.begin(running.end(end));
        }
    }

    /// A runner that holds its attempts need not hold this one any longer.
    async fn recorded(&mut self, stream: u32) -> Result<(), WireError> {
        match self.holds {
            true => self.connection.outgoing.message(stream, &ToRunner::Recorded).await,
            false => Ok(()),
        }
    }

    /// Jobs that the runner was given and never heard of.
    async fn give_back(&mut self, mut claims: mpsc::Receiver<Claim>) {
        claims.close();
        while let Ok(claim) = claims.try_recv() {
            let stream = self.begin(claim, Opening::Run);
            self.end(stream, End::Refused);
        }
    }

    /// The link is gone: what the runner holds can be taken up again, what it does not hold is lost. A
    /// controller that shuts down leaves everything to the next one.
    async fn leave(mut self, error: Option<&WireError>) {
        if !self.holds {
            let reason = match error {
                None => format!("runner {} was let go: the controller is shutting down", self.name),
                Some(error) => format!("runner {} was lost: {error}", self.name),
            };
            let streams: Vec<u32> = self.running.keys().copied().collect();
            streams.into_iter().for_each(|stream| self.end(stream, End::Lost(reason.clone())));
        } else if error.is_some() {
            self.linger().await;
        }
        for ended in self.recording.finish().await {
            // It may have been recorded all the same.
            let ((job, _), _) = ended.leave();
            self.fleet.live.stray(job);
        }
    }
}

pub(super) fn parse(frame: &Frame) -> Result<FromRunner, WireError> {
    frame.parse().map_err(|error| WireError::protocol(format!("a message that is none: {error}")))
}
