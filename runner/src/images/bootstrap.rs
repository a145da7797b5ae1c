//! Makes a base image from a Debian mirror, for hosts that reach no registry.
//!
//! A script (`debian.sh`) runs Debian's own tool; its output, a tar stream, goes straight to Docker's import.
//! The end of the stream is held back until the tool has said that it succeeded: Docker must not take a torso
//! for an image.

use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use bollard::Docker;
use bollard::errors::Error::{DockerResponseServerError, DockerStreamError};
use bollard::query_parameters::CreateImageOptionsBuilder;
use bytes::Bytes;
use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, ChildStderr, Command};
use tokio::sync::oneshot;
use tokio_util::io::ReaderStream;

use super::tail::Tail;
use super::{Error, said};

const SCRIPT: &str = include_str!("debian.sh");
const SUITE: &str = "bookworm";

/// How the script ends where neither tool is installed.
const NO_TOOL: i32 = 69;

/// Docker answers an import only once it has all of it, and a slow mirror takes its time.
const IMPORT_LIMIT: Duration = Duration::from_secs(3600);

/// Makes the image `reference`, handing each line of the tool's talk to `say`. `reason` is why it had to be made.
pub async fn make(docker: &Docker, reference: &str, reason: String, say: impl Fn(&str)) -> Result<(), Error> {
    let mut tool = start()?;
    let (Some(archive), Some(talk)) = (tool.stdout.take(), tool.stderr.take()) else {
        return Err(io::Error::other("a child process without its pipes").into());
    };
    let (success, succeeded) = oneshot::channel();
    let mut tail = Tail::default();
    let (status, imported) = tokio::join!(
        follow(tool, talk, &mut tail, say, success),
        import(docker, reference, complete(archive, succeeded)),
    );
    let status = status?;
    let failed = |cause| Err(Error::Bootstrap { cause, tail });
    match imported {
        _ if status.code() == Some(NO_TOOL) => Err(Error::NoBase { reason }),
        // What Docker refused, the tool could no longer write: its own end tells less.
        Err(error @ (DockerResponseServerError { .. } | DockerStreamError { .. })) => failed(said(error)),
        _ if !status.success() => failed(format!("its tool ended with {status}")),
        Err(error) => failed(said(error)),
        Ok(()) => Ok(()),
    }
}

fn start() -> io::Result<Child> {
    Command::new("sh")
        .args(["-c", SCRIPT, "debian.sh", SUITE])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
}

/// Reads what the tool says until it ends, and passes a success on.
async fn follow(
    mut tool: Child,
    talk: ChildStderr,
    tail: &mut Tail,
    say: impl Fn(&str),
    success: oneshot::Sender<()>,
) -> io::Result<ExitStatus> {
    let mut lines = BufReader::new(talk).lines();
    while let Some(line) = lines.next_line().await? {
        say(&line);
        tail.push(&line);
    }
    let status = tool.wait().await?;
    if status.success() {
        // Nobody listens when Docker has given up already, and then it is Docker's error that counts.
        let _ = success.send(());
    }
    Ok(status)
}

/// The archive, which ends in an error unless its maker succeeds.
fn complete(
    archive: impl AsyncRead + Send + 'static,
    succeeded: oneshot::Receiver<()>,
) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    let ending = stream::once(succeeded).map(|end| match end {
        Ok(()) => Ok(Bytes::new()),
        Err(_) => Err(io::Error::other("the archive is not complete")),
    });
    ReaderStream::new(archive).chain(ending)
}

async fn import(
    docker: &Docker,
    reference: &str,
    archive: impl Stream<Item = io::Result<Bytes>> + Send + 'static,
) -> Result<(), bollard::errors::Error> {
    let options = CreateImageOptionsBuilder::new().from_src("-").repo(reference).build();
    let docker = docker.clone().with_timeout(IMPORT_LIMIT);
    let answers = docker.create_image(Some(options), Some(bollard::body_try_stream(archive)), None);
    answers.try_for_each(|_| async { Ok(()) }).await
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn collect(end: Option<()>) -> io::Result<Vec<Bytes>> {
        let (success, succeeded) = oneshot::channel();
        let sent = end.map(|()| success.send(()));
        assert_ne!(sent, Some(Err(())));
        complete(&b"archive"[..], succeeded).try_collect().await
    }

    #[tokio::test]
    async fn an_archive_is_whole_only_when_its_maker_succeeded() {
        assert_eq!(collect(Some(())).await.unwrap().concat(), b"archive");
        assert!(collect(None).await.is_err());
    }
}
