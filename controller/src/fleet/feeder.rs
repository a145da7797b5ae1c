//! What goes to the runner for one attempt: the job and its contents, or that it goes on; its input; what is done to
//! its program; and the wish to stop it.

use std::sync::Arc;

use bytes::Bytes;
use protocol::frame::{Frame, FrameKind, MAX_CHUNK};
use protocol::runner::{Assignment, ToRunner};
use protocol::window::SendWindow;
use protocol::{Gesture, JobSpec};
use tokio::sync::mpsc;

use crate::live::{LiveJob, StdinReader};
use crate::store::Claim;
use crate::wire::{Outgoing, WireError};

/// How an attempt begins on a stream.
#[derive(Debug)]
pub enum Opening {
    /// It is new to the runner.
    Run,
    /// The runner holds it, and needs its input from this byte on, where it still needs some.
    Resume(Option<u64>),
}

/// Sends everything there is to send of an attempt. Does not return before the job is cancelled: drop it when
/// the attempt has ended.
pub async fn feed(
    stream: u32,
    claim: Claim,
    opening: Opening,
    live: Arc<LiveJob>,
    outgoing: Outgoing,
    credit: SendWindow,
    mut gestures: Option<mpsc::Receiver<Gesture>>,
) {
    let feeding = async {
        let sent = match opening {
            Opening::Run => send_all(stream, &claim, &live, &outgoing, &credit).await,
            Opening::Resume(stdin) => send_rest(stream, &claim, stdin, &live, &outgoing, &credit).await,
        };
        if sent.is_ok() {
            std::future::pending::<()>().await;
        }
        // The connection has ended, and its session deals with that.
    };
    let mut feeding = std::pin::pin!(feeding);
    loop {
        let message = tokio::select! {
            // The job goes out first in any case: what a runner does not know it cannot stop.
            biased;
            () = &mut feeding => return,
            () = live.cancelled().cancelled() => ToRunner::Cancel,
            Some(gesture) = next(&mut gestures) => match gesture {
                Gesture::Signal(signal) => ToRunner::Signal { signal },
                Gesture::Resize(size) => ToRunner::Resize { size },
            },
        };
        let is_last = message == ToRunner::Cancel;
        if outgoing.message(stream, &message).await.is_err() || is_last {
            return;
        }
    }
}

/// What is done to the job's program, where its runner takes that.
async fn next(gestures: &mut Option<mpsc::Receiver<Gesture>>) -> Option<Gesture> {
    match gestures {
        Some(gestures) => gestures.recv().await,
        None => std::future::pending().await,
    }
}

async fn send_all(
    stream: u32,
    claim: &Claim,
    live: &LiveJob,
    outgoing: &Outgoing,
    credit: &SendWindow,
) -> Result<(), WireError> {
    let mut spec = JobSpec::clone(&claim.spec);
    let contents = spec.detach();
    let stdin = live.stdin().filter(|_| claim.stdin_follows);
    let assignment =
        Assignment { job: claim.id, attempt: claim.attempt, spec, stdin_follows: stdin.is_some() };
    outgoing.message(stream, &ToRunner::Run(Box::new(assignment))).await?;
    for content in contents {
        send_data(stream, FrameKind::Blob, content, outgoing, credit).await?;
    }
    match stdin {
        Some(stdin) => send_stdin(stream, stdin.reader(0), outgoing, credit).await,
        None => Ok(()),
    }
}

/// What an attempt that the runner holds has yet to get.
async fn send_rest(
    stream: u32,
    claim: &Claim,
    stdin: Option<u64>,
    live: &LiveJob,
    outgoing: &Outgoing,
    credit: &SendWindow,
) -> Result<(), WireError> {
    outgoing.message(stream, &ToRunner::Resume { job: claim.id, attempt: claim.attempt }).await?;
    match (stdin, live.stdin()) {
        (Some(from), Some(log)) => send_stdin(stream, log.reader(from), outgoing, credit).await,
        _ => Ok(()),
    }
}

async fn send_stdin(
    stream: u32,
    mut reader: StdinReader,
    outgoing: &Outgoing,
    credit: &SendWindow,
) -> Result<(), WireError> {
    while let Some(data) = reader.next().await {
        send_data(stream, FrameKind::Stdin, data, outgoing, credit).await?;
    }
    outgoing.send(Frame::empty(FrameKind::StdinEnd, stream)).await
}

async fn send_data(
    stream: u32,
    kind: FrameKind,
    mut data: Bytes,
    outgoing: &Outgoing,
    credit: &SendWindow,
) -> Result<(), WireError> {
    while !data.is_empty() {
        let payload = data.split_to(data.len().min(MAX_CHUNK));
        credit.take(payload.len()).await.map_err(|_| WireError::Closed)?;
        outgoing.send(Frame { kind, stream, payload }).await?;
    }
    Ok(())
}
