//! The image that toolchain images are built on: the one asked for, else Debian's, pulled or made.

use std::time::Duration;

use bollard::Docker;
use bollard::models::CreateImageInfo;
use bollard::query_parameters::CreateImageOptionsBuilder;
use futures_util::StreamExt;

use super::bootstrap;
use super::progress::{Event, Progress};
use super::{Error, said, status};

/// What the Dockerfiles are written for.
const USUAL: &str = "debian:bookworm-slim";

/// The stand-in for it where no registry can be reached.
const MADE: &str = "ruche/base:bookworm";

/// What this task is called in progress reports.
const TASK: &str = "base";

/// A registry that says nothing for so long is taken for absent.
const REGISTRY_SILENCE: Duration = Duration::from_secs(20);

/// A base image that Docker has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    /// The name to build from.
    pub reference: String,
    /// What that name stands for at the moment.
    pub id: String,
}

impl Base {
    /// The network to build in. A base made here holds this host's own package settings, whose proxy or name
    /// server may well listen on loopback; anything else gets Docker's default.
    pub fn network(&self) -> Option<&'static str> {
        (self.reference == MADE).then_some("host")
    }
}

/// The base that is here already, if one is.
pub async fn find(docker: &Docker, wanted: Option<&str>) -> Result<Option<Base>, Error> {
    let candidates = wanted.map_or_else(|| vec![USUAL, MADE], |wanted| vec![wanted]);
    for reference in candidates {
        let found = status::find(docker, reference).await?;
        if let Some(id) = found.and_then(|image| image.id) {
            return Ok(Some(Base { reference: reference.to_owned(), id }));
        }
    }
    Ok(None)
}

/// Gets a base that is not here yet. One asked for by name is pulled or it is an error; without a name, no
/// registry is needed.
pub async fn obtain(docker: &Docker, wanted: Option<&str>, progress: &dyn Progress) -> Result<Base, Error> {
    let reference = match (wanted, pull(docker, wanted.unwrap_or(USUAL), progress).await) {
        (_, Ok(())) => wanted.unwrap_or(USUAL),
        (Some(wanted), Err(error)) => return Err(cannot_pull(wanted)(error)),
        (None, Err(error)) => {
            let reason = format!("{USUAL} cannot be pulled ({})", said(error));
            progress.event(TASK, Event::Stage(&reason));
            progress.event(TASK, Event::Stage("making it from the Debian mirror"));
            bootstrap::make(docker, MADE, reason, |line| progress.event(TASK, Event::Output(line))).await?;
            MADE
        }
    };
    let image =
        docker.inspect_image(reference).await.map_err(Error::docker("the base image is not there"))?;
    progress.event(TASK, Event::Done { size: status::size(&image) });
    Ok(Base { reference: reference.to_owned(), id: image.id.unwrap_or_default() })
}

fn cannot_pull(reference: &str) -> impl FnOnce(bollard::errors::Error) -> Error {
    Error::docker(format!("the base image {reference} is not here and cannot be pulled"))
}

async fn pull(
    docker: &Docker,
    reference: &str,
    progress: &dyn Progress,
) -> Result<(), bollard::errors::Error> {
    progress.event(TASK, Event::Stage(&format!("pulling {reference}")));
    // A name without a tag would pull every tag there is.
    let tag = if has_tag(reference) { "" } else { "latest" };
    let options = CreateImageOptionsBuilder::new().from_image(reference).tag(tag).build();
    let mut answers = docker.create_image(Some(options), None, None).boxed();
    loop {
        match tokio::time::timeout(REGISTRY_SILENCE, answers.next()).await {
            Err(_) => return Err(bollard::errors::Error::RequestTimeoutError),
            Ok(None) => return Ok(()),
            Ok(Some(answer)) => progress.event(TASK, Event::Output(&pull_line(&answer?))),
        }
    }
}

/// Whether a reference ends in a tag or digest; a colon further left belongs to the registry's port.
fn has_tag(reference: &str) -> bool {
    reference.rsplit('/').next().is_some_and(|last| last.contains([':', '@']))
}

fn pull_line(info: &CreateImageInfo) -> String {
    let parts = [info.id.as_deref(), info.status.as_deref()];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_no_tag() {
        assert!(has_tag("debian:bookworm-slim") && has_tag("host:5000/debian@sha256:00"));
        assert!(!has_tag("debian") && !has_tag("host:5000/debian"));
    }

    #[test]
    fn only_a_base_made_here_needs_the_hosts_network() {
        let base = |reference: &str| Base { reference: reference.into(), id: "sha256:00".into() };
        assert_eq!(base(MADE).network(), Some("host"));
        assert_eq!(base(USUAL).network(), None);
    }
}
