//! Docker, as far as sandbox containers need it.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use agent::message::{SANDBOX_UID, SOCKET_FOLDER};
use bollard::Docker;
use bollard::models::{ContainerCreateBody, HostConfig, HostConfigLogConfig};
use bollard::query_parameters::{
    CreateContainerOptions, ListContainersOptions, RemoveContainerOptions, StartContainerOptions,
};
use tokio::sync::OnceCell;

use super::seccomp;
use crate::docker::{self, ConnectError};

/// Whose container it is: the runner's name.
pub const RUNNER_LABEL: &str = "ruche.runner";

/// Which image it was made from.
const IMAGE_LABEL: &str = "ruche.image";

/// How long Docker may take to answer before it counts as not answering.
const PING_TIMEOUT: Duration = Duration::from_secs(5);

/// How long Docker may take over a container, on a busy host, before it counts as hanging.
const CALL_TIMEOUT: Duration = Duration::from_secs(20);

/// How long all containers of a runner may take to be gone, and how often that is looked at.
const REMOVAL_TIMEOUT: Duration = Duration::from_secs(30);
const REMOVAL_POLL: Duration = Duration::from_millis(20);

/// Memory of a container itself: the agent and the inits of its boxes. Programs are in groups of their own, but
/// files that the agent puts into a box count as the agent's: those of a run's box, and of the next one, and likewise
/// those of the job before, which go a moment after it.
const CONTAINER_MEMORY: u64 = 256 * 1024 * 1024;
const BOXES_WITH_FILES: u64 = 4;

/// A connection that has ended leaves its port taken for a minute, and the boxes of a container share their ports:
/// here it does not.
const SYSCTLS: [(&str, &str); 1] = [("net.ipv4.tcp_max_tw_buckets", "0")];

/// Processes of a container itself.
const CONTAINER_PIDS: i64 = 64;

/// What Docker could not do.
#[derive(Debug, thiserror::Error)]
pub enum DockerError {
    /// It cannot be reached.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// It has gone away.
    #[error("Docker does not answer any more: {0}")]
    Gone(#[source] bollard::errors::Error),
    /// It hangs.
    #[error("Docker does not answer within {} s", .0.as_secs())]
    Silent(Duration),
    /// It refused a call.
    #[error("Docker refused to {action}: {answer}")]
    Refused {
        /// What was asked.
        action: &'static str,
        /// What it said.
        answer: String,
    },
}

/// A connection to Docker that is made when it is first needed, and again as often as it takes.
#[derive(Debug)]
pub struct DockerClient {
    host: Option<String>,
    connection: OnceCell<Docker>,
    /// The names of containers that somebody still looks after.
    attended: Mutex<BTreeSet<String>>,
}

/// What a sandbox container is made from.
#[derive(Debug, Clone)]
pub struct ContainerPlan<'a> {
    /// The runner's name.
    pub runner: &'a str,
    /// The container's name.
    pub name: &'a str,
    /// The image's tag.
    pub image: &'a str,
    /// The agent's binary on the host.
    pub agent: &'a Path,
    /// The folder on the host with the runner's socket for this container.
    pub socket_folder: PathBuf,
    /// The most that files of one box may take, in bytes.
    pub disk_bytes: u64,
    /// The container runtime, where it is not Docker's default.
    pub runtime: Option<&'a str>,
    /// The AppArmor profile, where the host has AppArmor.
    pub apparmor: Option<&'a str>,
}

impl DockerClient {
    /// A client of the Docker at this address, or at its usual one.
    pub fn new(host: Option<String>) -> Self {
        Self { host, connection: OnceCell::new(), attended: Mutex::default() }
    }

    /// The connection.
    ///
    /// # Errors
    /// Where Docker does not answer.
    pub async fn get(&self) -> Result<&Docker, DockerError> {
        Ok(self.connection.get_or_try_init(|| docker::connect(self.host.as_deref())).await?)
    }

    /// Whether Docker answers.
    ///
    /// # Errors
    /// Where it does not.
    pub async fn ping(&self) -> Result<(), DockerError> {
        let docker = self.get().await?;
        within(PING_TIMEOUT, docker.ping()).await?.map(drop).map_err(DockerError::Gone)
    }

    /// The engine's version, and those of what it is made of.
    ///
    /// # Errors
    /// Where it does not answer.
    pub async fn version(&self) -> Result<String, DockerError> {
        let docker = self.get().await?;
        let version = within(CALL_TIMEOUT, docker.version()).await?.map_err(refused("tell its version"))?;
        let parts = version.components.unwrap_or_default().into_iter();
        let parts: Vec<String> = parts.map(|part| format!("{} {}", part.name, part.version)).collect();
        Ok(parts.join(", "))
    }

    /// The id of the image with this tag.
    ///
    /// # Errors
    /// Where there is none.
    pub async fn image_id(&self, tag: &str) -> Result<String, DockerError> {
        let docker = self.get().await?;
        let image = within(CALL_TIMEOUT, docker.inspect_image(tag)).await?;
        let image = image.map_err(refused("look at an image"))?;
        Ok(image.id.unwrap_or_default())
    }

    /// Makes and starts a sandbox container. From now on it is looked after by its name, until it is removed.
    ///
    /// # Errors
    /// [`DockerError`]. What may be left then is for [`sweep`](Self::sweep).
    pub async fn start(&self, plan: &ContainerPlan<'_>) -> Result<(), DockerError> {
        self.attended().insert(plan.name.to_owned());
        let started = self.try_start(plan).await;
        if started.is_err() {
            self.attended().remove(plan.name);
        }
        started
    }

    async fn try_start(&self, plan: &ContainerPlan<'_>) -> Result<(), DockerError> {
        let docker = self.get().await?;
        let options = CreateContainerOptions { name: Some(plan.name.to_owned()), ..Default::default() };
        within(CALL_TIMEOUT, docker.create_container(Some(options), container(plan)))
            .await?
            .map_err(refused("make a container"))?;
        let started =
            within(CALL_TIMEOUT, docker.start_container(plan.name, None::<StartContainerOptions>)).await?;
        if let Err(error) = started {
            self.remove(plan.name).await;
            return Err(refused("start a container")(error));
        }
        Ok(())
    }

    /// Kills and removes a container. That it is gone already is fine; that Docker does not do it now is for
    /// [`sweep`](Self::sweep).
    pub async fn remove(&self, name: &str) {
        if let Ok(docker) = self.get().await {
            let options = RemoveContainerOptions { force: true, v: true, ..Default::default() };
            match within(CALL_TIMEOUT, docker.remove_container(name, Some(options))).await {
                Ok(Ok(())) => {}
                Ok(Err(bollard::errors::Error::DockerResponseServerError {
                    status_code: 404 | 409, ..
                })) => {}
                Ok(Err(error)) => {
                    tracing::info!(container = name, %error, "a sandbox container is left for later")
                }
                Err(error) => {
                    tracing::info!(container = name, %error, "a sandbox container is left for later")
                }
            }
        }
        self.attended().remove(name);
    }

    /// Removes containers of this runner that nobody looks after any more: Docker did not answer when they were
    /// to be removed, or made them after it had seemed not to. Returns how many there were.
    ///
    /// # Errors
    /// Where Docker does not answer.
    pub async fn sweep(&self, runner: &str) -> Result<usize, DockerError> {
        let found = self.containers(runner).await?;
        // Looked at after the list was made: whatever is in the list was in here before it was made.
        let left: Vec<&String> = {
            let attended = self.attended();
            found.iter().filter(|name| !attended.contains(*name)).collect()
        };
        futures_util::future::join_all(left.iter().map(|name| self.remove(name))).await;
        Ok(left.len())
    }

    /// Removes every container of a runner of this name, and waits until they are gone. Returns how many there
    /// were.
    ///
    /// # Errors
    /// Where Docker does not answer, or does not get rid of one.
    pub async fn remove_all(&self, runner: &str) -> Result<usize, DockerError> {
        let found = self.containers(runner).await?;
        let removed = async {
            let mut left = found.clone();
            while !left.is_empty() {
                // One that is being removed already refuses to be removed again: look until it is gone.
                futures_util::future::join_all(left.iter().map(|name| self.remove(name))).await;
                left = self.containers(runner).await?;
                tokio::time::sleep(REMOVAL_POLL).await;
            }
            Ok(found.len())
        };
        tokio::time::timeout(REMOVAL_TIMEOUT, removed)
            .await
            .unwrap_or(Err(DockerError::Silent(REMOVAL_TIMEOUT)))
    }

    async fn containers(&self, runner: &str) -> Result<Vec<String>, DockerError> {
        let label = format!("{RUNNER_LABEL}={runner}");
        let filters = HashMap::from([("label".to_owned(), vec![label])]);
        let options = ListContainersOptions { all: true, filters: Some(filters), ..Default::default() };
        let docker = self.get().await?;
        let listed = within(CALL_TIMEOUT, docker.list_containers(Some(options))).await?;
        let found = listed.map_err(refused("list containers"))?;
        let names = found.into_iter().filter_map(|container| container.names?.into_iter().next());
        Ok(names.map(|name| name.trim_start_matches('/').to_owned()).collect())
    }

    fn attended(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.attended.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn within<T>(patience: Duration, call: impl Future<Output = T>) -> Result<T, DockerError> {
    tokio::time::timeout(patience, call).await.map_err(|_| DockerError::Silent(patience))
}

fn refused(action: &'static str) -> impl FnOnce(bollard::errors::Error) -> DockerError {
    use bollard::errors::Error::DockerResponseServerError;
    move |error| match error {
        DockerResponseServerError { message, .. } => DockerError::Refused { action, answer: message },
        error => DockerError::Gone(error),
    }
}

/// All that decides what sandbox containers may do: the same text for the same settings.
pub fn make(runtime: Option<&str>, apparmor: Option<&str>, disk_bytes: u64) -> String {
    let (agent, socket_folder) = (Path::new(""), PathBuf::new());
    let plan = ContainerPlan {
        runner: "",
        name: "",
        image: "",
        agent,
        socket_folder,
        disk_bytes,
        runtime,
        apparmor,
    };
    // Plain data, as a value with its keys in order.
    serde_json::to_value(container(&plan)).unwrap_or_default().to_string()
}

/// The container: no user but an ordinary one, no capability, no network, nothing writable. Docker's masks over
/// /proc have to go, since under them no fresh /proc can be mounted; the agent lays its own over each box's.
fn container(plan: &ContainerPlan<'_>) -> ContainerCreateBody {
    let mut security = vec!["no-new-privileges".to_owned(), format!("seccomp={}", seccomp::profile())];
    security.extend(plan.apparmor.map(|profile| format!("apparmor={profile}")));
    let text = |text: &str| Some(text.to_owned());
    let memory = CONTAINER_MEMORY.saturating_add(plan.disk_bytes.saturating_mul(BOXES_WITH_FILES));
    let memory = i64::try_from(memory).ok();
    let host = HostConfig {
        binds: Some(vec![
            format!("{}:/agent:ro", plan.agent.display()),
            format!("{}:{SOCKET_FOLDER}:ro", plan.socket_folder.display()),
        ]),
        cap_drop: Some(vec!["ALL".to_owned()]),
        ipc_mode: text("private"),
        log_config: Some(HostConfigLogConfig { typ: text("none"), config: None }),
        masked_paths: Some(Vec::new()),
        readonly_paths: Some(Vec::new()),
        memory,
        memory_swap: memory,
        network_mode: text("none"),
        pids_limit: Some(CONTAINER_PIDS),
        readonly_rootfs: Some(true),
        runtime: plan.runtime.map(str::to_owned),
        security_opt: Some(security),
        sysctls: Some(
            SYSCTLS.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        ),
        ..Default::default()
    };
    ContainerCreateBody {
        // The agent has nothing to save: Docker is not to wait for it when it is stopped itself.
        stop_signal: text("SIGKILL"),
        entrypoint: Some(vec!["/agent".to_owned()]),
        cmd: Some(Vec::new()),
        image: text(plan.image),
        user: Some(format!("{SANDBOX_UID}:{SANDBOX_UID}")),
        hostname: text("sandbox"),
        labels: Some(HashMap::from([
            (RUNNER_LABEL.to_owned(), plan.runner.to_owned()),
            (IMAGE_LABEL.to_owned(), plan.image.to_owned()),
        ])),
        host_config: Some(host),
        ..Default::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_what_docker_said_and_no_answer_is_none() {
        let message = "Unknown runtime specified fast".to_owned();
        let answer = bollard::errors::Error::DockerResponseServerError { status_code: 400, message };
        let said = refused("make a container")(answer).to_string();
        assert_eq!(said, "Docker refused to make a container: Unknown runtime specified fast");
        let gone = refused("make a container")(bollard::errors::Error::RequestTimeoutError);
        assert!(matches!(gone, DockerError::Gone(_)));
    }

    #[test]
    fn the_make_is_the_same_for_the_same_settings_and_tells_of_each() {
        let first = make(None, None, 1);
        assert_eq!(first, make(None, None, 1));
        assert!(first.contains("tcp_max_tw_buckets") && first.contains("SCMP_ACT_ALLOW"), "{first}");
        for other in [make(Some("runsc"), None, 1), make(None, Some("ruche-sandbox"), 1), make(None, None, 2)]
        {
            assert_ne!(first, other);
        }
    }

    #[test]
    fn a_container_has_no_privilege() {
        let plan = ContainerPlan {
            runner: "r",
            name: "n",
            image: "i",
            agent: Path::new("/a"),
            socket_folder: "/s".into(),
            disk_bytes: 1 << 30,
            runtime: None,
            apparmor: None,
        };
        let body = container(&plan);
        let host = body.host_config.unwrap();
        assert_eq!(body.user.as_deref(), Some("10001:10001"));
        assert_eq!(host.privileged, None);
        assert_eq!(host.cap_add, None);
        assert_eq!(host.cap_drop, Some(vec!["ALL".to_owned()]));
        assert_eq!(host.network_mode.as_deref(), Some("none"));
        assert_eq!(host.readonly_rootfs, Some(true));
        assert!(host.security_opt.unwrap().contains(&"no-new-privileges".to_owned()));
        assert!(host.binds.unwrap().iter().all(|bind| bind.ends_with(":ro")));
    }
}
