//! One attack, tried: run as the job it is, and then looked at what it left.

use std::time::Instant;

use bytes::Bytes;
use protocol::event::OutputStream;
use protocol::runner::FromRunner;
use protocol::{Step, Verdict};
use tokio_util::sync::CancellationToken;

use super::attack::Attack;
use super::judge::Seen;
use crate::config::DEFAULT_LIMITS;
use crate::pool::Lease;
use crate::report::{Report, Reports, queue};
use crate::sandbox::SandboxError;
use crate::worker::{self, Worked, Workshop};

/// What the next job runs, in any image.
const NEXT: (&str, &str) = ("next.sh", include_str!("next.sh"));

/// Tries an attack in a sandbox of its language.
pub async fn attempt(workshop: &Workshop, attack: &Attack) -> Seen {
    let (reporter, mut reports) = queue();
    let mut seen = Seen::default();
    let work = async {
        let never = CancellationToken::new();
        let result = worker::execute(workshop, &attack.spec, None, &reporter, &never).await;
        drop(reporter);
        result
    };
    let (result, ()) = tokio::join!(work, listen(&mut reports, &mut seen));
    match result {
        Err(error) => seen.verdict = Some(Err(error.to_string())),
        Ok(Worked { outcome, lease }) => {
            seen.verdict = Some(Ok(outcome.verdict));
            seen.stderr.extend(outcome.message.unwrap_or_default().bytes());
            match lease {
                Some(lease) => look_after(lease, &mut seen).await,
                None => seen.verdict = Some(Err("it was never started".to_owned())),
            }
        }
    }
    seen
}

/// Whether the sandbox is as it was before: how soon, and in the eyes of the next job.
async fn look_after(mut lease: Lease, seen: &mut Seen) {
    let since = Instant::now();
    let tidied = async { lease.sandbox()?.tidy().await };
    match tidied.await {
        Err(error) => seen.recovery = Some(Err(error.to_string())),
        Ok(()) => {
            seen.recovery = Some(Ok(since.elapsed()));
            match next_job(&mut lease).await {
                Err(error) => seen.recovery = Some(Err(error.to_string())),
                Ok(said) => {
                    seen.next = said;
                    lease.give_back();
                }
            }
        }
    }
}

/// What the next job in the same sandbox says.
async fn next_job(lease: &mut Lease) -> Result<String, SandboxError> {
    let (path, content) = NEXT;
    let files = [(path.to_owned(), Bytes::from_static(content.as_bytes()))];
    let (result, said) = lease.sandbox()?.run_alone(&["sh", path], DEFAULT_LIMITS, &files).await?;
    Ok(match result.verdict {
        Verdict::Ok => String::from_utf8_lossy(&said).into_owned(),
        verdict => format!("that it ends with {verdict}"),
    })
}

/// Takes down what is reported until there is nobody left to report.
pub(crate) async fn listen(reports: &mut Reports, seen: &mut Seen) {
    while let Some(report) = reports.recv().await {
        match report {
            Report::Output { stream: OutputStream::Stdout, data, .. } => seen.stdout.extend_from_slice(&data),
            Report::Output { stream: OutputStream::Stderr, data, .. } => seen.stderr.extend_from_slice(&data),
            Report::Message(FromRunner::StepFinished { step, result }) if step == Step::COMPILE => {
                seen.compile = Some(result);
            }
            Report::Message(FromRunner::StepFinished { result, .. }) => seen.run = Some(result),
            Report::Message(_) | Report::Artifact { .. } | Report::Credit(_) => {}
        }
    }
}
