//! How this host's Docker Engine is reached.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::time::Duration;

use bollard::Docker;

/// Where Docker listens unless DOCKER_HOST says otherwise.
pub const DEFAULT_HOST: &str = "unix:///var/run/docker.sock";

/// An engine that takes longer to say its version is not one to run jobs on.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why Docker cannot be used. The message says what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Nothing listens there.
    #[error("Docker is not reachable at {host}: start it with `systemctl start docker` (or run `dockerd`)")]
    Unreachable {
        /// The address that was tried.
        host: String,
        /// What the attempt ran into.
        #[source]
        source: bollard::errors::Error,
    },
    /// Something listens, but not for this user.
    #[error(
        "this user may not use Docker at {host}: run as root, or `usermod -aG docker USER` and log in again"
    )]
    Forbidden {
        /// The address that was tried.
        host: String,
    },
    /// It accepted the connection and then said nothing.
    #[error("Docker at {host} does not answer: see its log")]
    Silent {
        /// The address that was tried.
        host: String,
    },
}

/// Connects to `host` (the value of DOCKER_HOST, say), or to the local socket, and agrees on a version of the API.
pub async fn connect(host: Option<&str>) -> Result<Docker, ConnectError> {
    let host = host.unwrap_or(DEFAULT_HOST);
    let failed = |source| refusal(host, source);
    let docker = Docker::connect_with_host(host).map_err(failed)?;
    match tokio::time::timeout(PATIENCE, docker.negotiate_version()).await {
        Ok(answer) => answer.map_err(failed),
        Err(_) => Err(ConnectError::Silent { host: host.to_owned() }),
    }
}

/// An engine as it describes itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Engine {
    /// Its version.
    pub version: String,
    /// The newest version of the API that it speaks.
    pub api: String,
    /// How it stores images.
    pub storage: String,
    /// What it can do for security, as in `name=seccomp,profile=default`.
    pub security: Vec<String>,
    /// The version of control groups that it uses.
    pub cgroup_version: String,
    /// Who makes its control groups.
    pub cgroup_driver: String,
    /// The container runtimes that it knows.
    pub runtimes: Vec<String>,
    /// The one that it takes unless told otherwise.
    pub default_runtime: String,
    /// Where it keeps images and containers.
    pub root: PathBuf,
}

impl Engine {
    /// Whether it names something among what it can do for security.
    pub fn has(&self, name: &str) -> bool {
        let named = |option: &str| option.split(',').any(|part| part.strip_prefix("name=") == Some(name));
        self.security.iter().any(|option| named(option))
    }
}

/// Asks an engine to describe itself.
///
/// # Errors
/// Where it cannot be reached, or does not answer.
pub async fn describe(host: Option<&str>) -> Result<Engine, ConnectError> {
    let docker = connect(host).await?;
    let failed = |source| refusal(host.unwrap_or(DEFAULT_HOST), source);
    let asked = async { tokio::try_join!(docker.version(), docker.info()) };
    let answer = tokio::time::timeout(PATIENCE, asked).await;
    let silent = |_| ConnectError::Silent { host: host.unwrap_or(DEFAULT_HOST).to_owned() };
    let (version, info) = answer.map_err(silent)?.map_err(failed)?;
    let unknown = || "unknown".to_owned();
    let mut runtimes: Vec<String> = info.runtimes.unwrap_or_default().into_keys().collect();
    runtimes.sort_unstable();
    Ok(Engine {
        version: version.version.or(info.server_version).unwrap_or_else(unknown),
        api: version.api_version.unwrap_or_else(unknown),
        storage: info.driver.unwrap_or_else(unknown),
        security: info.security_options.unwrap_or_default(),
        cgroup_version: info.cgroup_version.map_or_else(unknown, |version| version.to_string()),
        cgroup_driver: info.cgroup_driver.map_or_else(unknown, |driver| driver.to_string()),
        runtimes,
        default_runtime: info.default_runtime.unwrap_or_else(unknown),
        root: info.docker_root_dir.unwrap_or_default().into(),
    })
}

fn refusal(host: &str, source: bollard::errors::Error) -> ConnectError {
    let host = host.to_owned();
    match is_permission(&source) {
        true => ConnectError::Forbidden { host },
        false => ConnectError::Unreachable { host, source },
    }
}

/// Whether the error, or anything in the chain of its causes, is the system's refusal.
fn is_permission(error: &bollard::errors::Error) -> bool {
    // This one hides what it wraps from the chain.
    if let bollard::errors::Error::IOError { err } = error {
        return err.kind() == ErrorKind::PermissionDenied;
    }
    std::iter::successors(Some(error as &(dyn std::error::Error + 'static)), |error| error.source())
        .filter_map(|error| error.downcast_ref::<std::io::Error>())
        .any(|error| error.kind() == ErrorKind::PermissionDenied)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_absent_engine_is_named_with_the_mend() {
        let error = connect(Some("unix:///nonexistent/docker.sock")).await.unwrap_err();
        assert!(matches!(error, ConnectError::Unreachable { .. }));
        let message = error.to_string();
        assert!(message.contains("/nonexistent/docker.sock") && message.contains("systemctl start docker"));
    }

    #[test]
    fn a_refusal_by_the_system_is_found_under_its_wrapper() {
        let wrapped = |kind: ErrorKind| bollard::errors::Error::IOError { err: kind.into() };
        assert!(is_permission(&wrapped(ErrorKind::PermissionDenied)));
        assert!(!is_permission(&wrapped(ErrorKind::ConnectionRefused)));
    }
}
