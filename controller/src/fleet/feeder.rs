//! What goes to the runner for one attempt: the job, its contents, its input, and the wish to stop it.

use std::sync::Arc;

use bytes::Bytes;
use protocol::JobSpec;
use protocol::frame::{Frame, FrameKind, MAX_CHUNK};
use protocol::runner::{Assignment, ToRunner};
use protocol::window::SendWindow;

use crate::live::LiveJob;
use crate::store::Claim;
use crate::wire::{Outgoing, WireError};

/// Sends everything there is to send of an attempt. Does not return before the job is cancelled: drop it when
/// the attempt has ended.
pub async fn feed(stream: u32, claim: Claim, live: Arc<LiveJob>, outgoing: Outgoing, credit: SendWindow) {
    let feeding = async {
        if send_all(stream, &claim, &live, &outgoing, &credit).await.is_ok() {
            std::future::pending::<()>().await;
        }
        // The connection has ended, and its session deals with that.
    };
    tokio::select! {
        // The job goes out first in any case: what a runner does not know it cannot stop.
        biased;
        () = feeding => {}
        () = live.cancelled().cancelled() => {
            let _ = outgoing.message(stream, &ToRunner::Cancel).await;
        }
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
    if let Some(stdin) = stdin {
        let mut reader = stdin.reader();
        while let Some(data) = reader.next().await {
            send_data(stream, FrameKind::Stdin, data, outgoing, credit).await?;
        }
        outgoing.send(Frame::empty(FrameKind::StdinEnd, stream)).await?;
    }
    Ok(())
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
