//! A runner's connection, from its greeting to its end.

use std::collections::BTreeMap;
use std::time::Duration;

use protocol::frame::{Frame, FrameKind};
use protocol::runner::{FromRunner, Registration, ToRunner};
use tokio::sync::mpsc;
use tokio::time::interval;
use tokio_util::sync::CancellationToken;

use super::Fleet;
use super::attempt::{End, Running};
use crate::dispatch::LEASE;
use crate::roster::Membership;
use crate::store::Claim;
use crate::text;
use crate::wire::{Connection, Link, WireError, greet};

/// How often each side lets something be heard.
const HEARTBEAT: Duration = Duration::from_secs(2);

/// What one runner may say that it takes at once.
const MAX_JOBS: u32 = 1024;

/// Languages that one runner may offer.
const MAX_LANGUAGES: usize = 256;

/// A runner that is part of the cluster.
struct Session<'a> {
    fleet: &'a Fleet,
    connection: &'a mut Connection,
    membership: Membership,
    running: BTreeMap<u32, Running>,
    next_stream: u32,
}

/// Serves a connection to its end.
///
/// # Errors
/// Why it ended, unless it was told to stop.
pub async fn run(fleet: &Fleet, link: Link, stop: &CancellationToken) -> Result<(), WireError> {
    let mut connection = greet(link, HEARTBEAT).await?;
    let result = serve(fleet, &mut connection, stop).await;
    connection.close(result.as_ref().err()).await;
    result
}

async fn serve(
    fleet: &Fleet,
    connection: &mut Connection,
    stop: &CancellationToken,
) -> Result<(), WireError> {
    let registration = registration(connection).await?;
    let name = registration.name.clone();
    let (membership, mut claims) = fleet.roster.join(registration).map_err(WireError::Protocol)?;
    connection.outgoing.message(0, &ToRunner::Registered).await?;
    tracing::info!(runner = name, "a runner has joined");
    let mut session = Session { fleet, connection, membership, running: BTreeMap::new(), next_stream: 1 };
    let ended = session.serve(&mut claims, stop).await;
    let reason = match &ended {
        Ok(()) => format!("runner {name} was let go: the controller is shutting down"),
        Err(error) => format!("runner {name} was lost: {error}"),
    };
    session.give_back(claims).await;
    session.lose_all(&reason).await;
    tracing::info!(runner = name, "a runner has left");
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
    check(&registration)?;
    Ok(registration)
}

fn check(registration: &Registration) -> Result<(), WireError> {
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
    Ok(())
}

impl Session<'_> {
    async fn serve(
        &mut self,
        claims: &mut mpsc::Receiver<Claim>,
        stop: &CancellationToken,
    ) -> Result<(), WireError> {
        let mut renewals = interval(LEASE / 3);
        loop {
            tokio::select! {
                // What comes seldom goes first, so that a runner with much to say does not keep it waiting.
                biased;
                () = stop.cancelled() => return Ok(()),
                _ = renewals.tick() => self.renew().await,
                claim = claims.recv() => match claim {
                    Some(claim) => self.begin(claim),
                    // The same runner has a newer connection.
                    None => return Err(WireError::Closed),
                },
                frame = self.connection.incoming.next() => self.take(frame?).await?,
            }
        }
    }

    fn begin(&mut self, claim: Claim) {
        let stream = self.next_stream;
        self.next_stream = self.next_stream.checked_add(1).unwrap_or(1);
        let window = self.connection.peer.window;
        let running = Running::begin(self.fleet, claim, stream, &self.connection.outgoing, window);
        self.running.insert(stream, running);
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
            match end {
                End::Refused => self.membership.refused(),
                _ => self.membership.done(),
            }
            self.end(frame.stream, end).await;
        }
        Ok(())
    }

    async fn take_of_itself(&self, frame: &Frame) -> Result<(), WireError> {
        match (frame.kind, parse(frame)?) {
            (FrameKind::Control, FromRunner::Telemetry(mut telemetry)) => {
                telemetry.unavailable = telemetry.unavailable.map(|reason| text::line(&reason));
                self.membership.telemetry(telemetry);
                Ok(())
            }
            (FrameKind::Control, FromRunner::Register(registration)) => {
                check(&registration)?;
                tracing::info!(runner = registration.name, "a runner offers other languages");
                self.membership.offers(registration);
                self.connection.outgoing.message(0, &ToRunner::Registered).await
            }
            _ => Err(WireError::protocol("stream 0 is for what a runner says of itself")),
        }
    }

    async fn end(&mut self, stream: u32, end: End) {
        let Some(running) = self.running.remove(&stream) else { return };
        if let Err(error) = running.end(self.fleet, end).await {
            // Its lease runs out, and the job is tried again.
            tracing::error!(%error, "the end of an attempt cannot be recorded");
        }
    }

    async fn renew(&self) {
        let attempts: Vec<_> = self.running.values().map(Running::key).collect();
        if let Err(error) = self.fleet.store.renew(&attempts, LEASE).await {
            tracing::error!(%error, "leases cannot be renewed");
        }
    }

    /// Jobs that the runner was given and never heard of.
    async fn give_back(&mut self, mut claims: mpsc::Receiver<Claim>) {
        claims.close();
        while let Ok(claim) = claims.try_recv() {
            let stream = self.next_stream;
            self.begin(claim);
            self.end(stream, End::Refused).await;
        }
    }

    async fn lose_all(mut self, reason: &str) {
        let streams: Vec<u32> = self.running.keys().copied().collect();
        for stream in streams {
            self.end(stream, End::Lost(reason.to_owned())).await;
        }
    }
}

fn parse(frame: &Frame) -> Result<FromRunner, WireError> {
    frame.parse().map_err(|error| WireError::protocol(format!("a message that is none: {error}")))
}
