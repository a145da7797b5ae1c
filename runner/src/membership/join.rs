//! `runner join`: makes this host part of a cluster.

use std::path::PathBuf;
use std::sync::Arc;

use futures_util::{SinkExt as _, StreamExt as _};
use protocol::frame::{Frame, FrameKind};
use protocol::hello::Hello;
use protocol::runner::{FromRunner, ToRunner};
use protocol::tls::{self, Certificate, JoinToken, Trust};
use tokio::time::timeout;

use super::MembershipError;
use super::credentials::{config, identity};
use super::files::Files;
use super::key::Key;
use crate::link::dial::{Wire, dial};
use crate::link::{GREETING_TIMEOUT, HEARTBEAT, LinkError};

/// What joining takes.
#[derive(Debug)]
pub struct Joining {
    /// The controllers, of which one has to be there.
    pub controllers: Vec<String>,
    /// The token.
    pub token: JoinToken,
    /// What to be called.
    pub name: String,
    /// Where the membership is kept.
    pub state_dir: PathBuf,
}

/// Why this host has not joined.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// The link to a controller.
    #[error("{0}: {1}")]
    Link(String, #[source] LinkError),
    /// What it answered is of no use.
    #[error("{0} answered with a certificate that cannot be used: {1}")]
    Answer(String, String),
    /// The files.
    #[error(transparent)]
    Membership(#[from] MembershipError),
}

/// Asks the controllers in turn for a certificate, and keeps it.
///
/// # Errors
/// Why the last of them gave none.
pub async fn join(joining: &Joining) -> Result<(), JoinError> {
    let files = Files::new(&joining.state_dir, &joining.name);
    let key = match files.pending()? {
        Some(pem) => Key::read(&pem).map_err(MembershipError::Key)?,
        None => Key::generate().map_err(MembershipError::Key)?,
    };
    files.keep_pending(&key.pem())?;
    let mut failure = None;
    for controller in &joining.controllers {
        match ask(controller, joining, &key).await {
            Ok((certificate, authority)) => {
                return keep(controller, joining, &files, &key, &certificate, &authority);
            }
            Err(error) => failure = Some(JoinError::Link(controller.clone(), error)),
        }
    }
    Err(failure.unwrap_or_else(|| JoinError::Link("no controller".to_owned(), LinkError::NoAnswer)))
}

fn keep(
    controller: &str,
    joining: &Joining,
    files: &Files,
    key: &Key,
    certificate: &str,
    authority: &Certificate<'static>,
) -> Result<(), JoinError> {
    let identity = identity(key, certificate);
    config(authority, &identity).map_err(|why| JoinError::Answer(controller.to_owned(), why))?;
    files.keep(&tls::to_pem(authority), &joining.controllers, &identity)?;
    Ok(())
}

/// The certificate that a controller gives, as PEM, and the authority that it comes from.
async fn ask(
    controller: &str,
    joining: &Joining,
    key: &Key,
) -> Result<(String, Certificate<'static>), LinkError> {
    let pin = joining.token.authority;
    let config =
        tls::client(Trust::Pinned(pin), None).map_err(|error| LinkError::Protocol(error.to_string()))?;
    let Wire { mut incoming, mut sink, shown } = dial(controller, Some(Arc::new(config))).await?;
    let authority = shown.into_iter().find(|certificate| tls::Fingerprint::of(certificate) == pin);
    let authority = authority.ok_or(LinkError::Closed)?;
    let hello = Hello::new("ruche-runner", HEARTBEAT.as_millis() as u32);
    let request = key.request().map_err(|error| LinkError::Protocol(error.to_string()))?;
    let join = FromRunner::Join { token: joining.token.secret.clone(), name: joining.name.clone(), request };
    let answer = async {
        sink.send(Frame::hello(&hello)?).await?;
        sink.send(Frame::control(0, &join)?).await?;
        loop {
            let frame = incoming.next().await.ok_or(LinkError::Closed)??;
            match frame.kind {
                FrameKind::Hello => {
                    frame.parse::<Hello>()?.check(&[]).map_err(LinkError::Refused)?;
                }
                FrameKind::Control => match frame.parse()? {
                    ToRunner::Certified { certificate } => return Ok(certificate),
                    ToRunner::Refused { problem } => return Err(LinkError::Refused(problem)),
                    _ => return Err(LinkError::Protocol("another message than a certificate".to_owned())),
                },
                FrameKind::Ping => sink.send(Frame::empty(FrameKind::Pong, 0)).await?,
                kind => return Err(LinkError::Protocol(format!("a {kind:?} frame before a certificate"))),
            }
        }
    };
    let certificate = timeout(GREETING_TIMEOUT, answer).await.map_err(|_| LinkError::NoAnswer)??;
    Ok((certificate, authority))
}
