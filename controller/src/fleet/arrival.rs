//! The first message of a runner: it joins, once, or registers; and with what right it is there.

use std::time::Duration;

use protocol::frame::FrameKind;
use protocol::runner::{FromRunner, Registration, ToRunner};
use protocol::{Problem, ProblemKind};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::Fleet;
use super::session::parse;
use crate::clock;
use crate::identity::certificate::RunnerCertificate;
use crate::identity::enrolment::Pass;
use crate::text;
use crate::wire::{Connection, Peer, WireError};

/// What one runner may say that it takes at once.
const MAX_JOBS: u32 = 1024;

/// Languages that one runner may offer.
const MAX_LANGUAGES: usize = 256;

/// Labels that one runner may have.
const MAX_LABELS: usize = 64;

/// Attempts that one runner may hold: what it runs, and what ended while nobody could be told.
const MAX_HELD: usize = 4 * MAX_JOBS as usize;

/// How long after a renewal that came to nothing the runner is asked again.
const ASK_AGAIN: Duration = Duration::from_secs(600);

/// A runner that is there.
pub(super) struct Arrival {
    pub registration: Registration,
    pub right: Right,
}

/// With what right a runner is there: that of anybody, where the door is not encrypted, or its certificate's.
pub(super) struct Right(Option<Certified>);

struct Certified {
    shown: RunnerCertificate,
    pass: Pass,
    /// When the runner is to ask for a new one.
    renew_at: Instant,
}

impl Right {
    /// What it has shown.
    pub(super) fn shown(&self) -> Option<&RunnerCertificate> {
        self.0.as_ref().map(|certified| &certified.shown)
    }

    /// Tells when the right is taken away.
    pub(super) fn revoked(&self) -> CancellationToken {
        self.0.as_ref().map_or_else(CancellationToken::new, |certified| certified.pass.revoked().clone())
    }

    /// Waits until the certificate is to be renewed.
    pub(super) async fn is_old(&self) {
        match &self.0 {
            Some(certified) => sleep_until(certified.renew_at).await,
            None => std::future::pending().await,
        }
    }

    /// The runner was asked to renew it.
    pub(super) fn asked(&mut self) {
        if let Some(certified) = &mut self.0 {
            certified.renew_at = Instant::now() + ASK_AGAIN;
        }
    }
}

/// Hears the first message. Nothing where the runner has joined: then it comes again with its certificate.
pub(super) async fn arrive(
    fleet: &Fleet,
    peer: &Peer,
    connection: &mut Connection,
) -> Result<Option<Arrival>, WireError> {
    let frame = connection.incoming.next().await?;
    let message = match frame.kind {
        FrameKind::Control => parse(&frame)?,
        _ => return Err(WireError::protocol("the first message has to be a registration")),
    };
    match message {
        FromRunner::Join { token, name, request } => {
            if !peer.encrypted {
                return Err(WireError::protocol("this door is not encrypted, so runners need not join"));
            }
            let certificate = fleet.enrolment.join(&token, &name, &request, peer.address.ip()).await;
            let certificate = certificate.map_err(WireError::Protocol)?;
            connection.outgoing.message(0, &ToRunner::Certified { certificate }).await?;
            Ok(None)
        }
        FromRunner::Register(registration) => {
            let registration = check(registration)?;
            let right = right(fleet, peer, &registration.name).await.map_err(WireError::Protocol)?;
            Ok(Some(Arrival { registration, right }))
        }
        _ => Err(WireError::protocol("the first message has to be a registration")),
    }
}

/// With what right somebody comes who calls itself this.
async fn right(fleet: &Fleet, peer: &Peer, name: &str) -> Result<Right, Problem> {
    if !peer.encrypted {
        return Ok(Right(None));
    }
    let Some(shown) = peer.runner.clone() else {
        let detail = "runners show a certificate here: `cli runner token` on a client, then `runner join` on this \
                      host, get one";
        return Err(Problem::new(ProblemKind::Protocol, detail));
    };
    if shown.name != name {
        let detail =
            format!("the certificate of this runner is {}'s, so it cannot be called {name:?}", shown.name);
        return Err(Problem::new(ProblemKind::Conflict, detail).at("name"));
    }
    let pass = fleet.enrolment.admit(&shown).await?;
    let rest = shown.renew_at.duration_since(clock::now());
    let renew_at = Instant::now() + Duration::try_from(rest).unwrap_or_default();
    Ok(Right(Some(Certified { shown, pass, renew_at })))
}

/// What a runner says of itself, bounded: it is kept, and shown to people.
pub(super) fn check(mut registration: Registration) -> Result<Registration, WireError> {
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
