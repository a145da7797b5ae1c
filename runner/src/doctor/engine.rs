//! Docker: what it is, and whether sandbox containers get from it what they need.

use std::path::Path;

use super::finding::Finding;
use crate::docker::{ConnectError, DEFAULT_HOST, Engine};

/// The oldest Docker that has been tried: 20.10.
const TRIED_API: (u32, u32) = (1, 41);

/// How this host starts services.
#[derive(Debug, Clone, Copy)]
pub struct Services {
    /// By systemd.
    pub systemd: bool,
    /// There is a Docker daemon to start.
    pub dockerd: bool,
}

impl Services {
    /// Looks at this host.
    pub fn of_this_host() -> Self {
        let folders = ["/usr/bin", "/usr/sbin", "/usr/local/bin"];
        Self {
            systemd: Path::new("/run/systemd/system").exists(),
            dockerd: folders.iter().any(|folder| Path::new(folder).join("dockerd").exists()),
        }
    }
}

/// Docker that cannot be reached.
pub fn unreachable(error: &ConnectError, services: Services) -> Finding {
    match error {
        ConnectError::Unreachable { host, .. } if host != DEFAULT_HOST => {
            let mend = "check DOCKER_HOST, --docker and runner.toml's docker";
            Finding::missing("docker", format!("nothing answers at {host}"), mend)
        }
        ConnectError::Unreachable { host, .. } => {
            let mend = match (services.dockerd, services.systemd) {
                (false, _) => "apt-get install docker.io",
                (true, true) => "systemctl start docker",
                (true, false) => "nohup dockerd >/var/log/dockerd.log 2>&1 &",
            };
            let what = if services.dockerd { "is not running" } else { "is not installed" };
            Finding::missing("docker", format!("nothing answers at {host}: Docker {what}"), mend)
        }
        ConnectError::Forbidden { host } => Finding::missing(
            "docker",
            format!("this user may not use Docker at {host}"),
            "sudo runner doctor",
        ),
        ConnectError::Silent { host } => {
            let mend = if services.systemd { "systemctl restart docker" } else { "see dockerd's log" };
            Finding::missing("docker", format!("Docker at {host} accepts calls and does not answer"), mend)
        }
    }
}

/// Docker as it describes itself, and whether it has the runtime that is asked for.
pub fn findings(engine: &Engine, runtime: Option<&str>, services: Services) -> Vec<Finding> {
    let restart = if services.systemd { "systemctl restart docker" } else { "restart dockerd" };
    vec![
        version(engine),
        storage(engine, restart),
        seccomp(engine),
        users(engine, restart),
        self::runtime(engine, runtime),
    ]
}

fn version(engine: &Engine) -> Finding {
    let says = format!(
        "version {}, API {}, cgroup v{} by {}",
        engine.version, engine.api, engine.cgroup_version, engine.cgroup_driver
    );
    match pair(&engine.api) {
        Some(api) if api < TRIED_API => {
            let says = format!("{says}: older than any that Ruche was tried with");
            Finding::weak("docker", says, "apt-get install --only-upgrade docker.io")
        }
        _ => Finding::fine("docker", says),
    }
}

fn storage(engine: &Engine, restart: &str) -> Finding {
    match engine.storage.as_str() {
        "vfs" | "devicemapper" => {
            let says = format!("{}: slow, and each container takes an image's room", engine.storage);
            let mend =
                format!("set \"storage-driver\": \"overlay2\" in /etc/docker/daemon.json and {restart}");
            Finding::weak("storage", says, mend)
        }
        driver => Finding::fine("storage", driver),
    }
}

fn seccomp(engine: &Engine) -> Finding {
    match engine.has("seccomp") {
        true => Finding::fine("seccomp", "supported"),
        false => Finding::missing(
            "seccomp",
            "Docker or the kernel does not filter system calls",
            "install a kernel with CONFIG_SECCOMP_FILTER and Docker's own build (docker.io)",
        ),
    }
}

fn users(engine: &Engine, restart: &str) -> Finding {
    if engine.has("rootless") {
        let says = "Docker runs rootless: sandboxes' users are not who they say";
        return Finding::missing(
            "docker users",
            says,
            "DOCKER_HOST=unix:///var/run/docker.sock runner doctor",
        );
    }
    if engine.has("userns") {
        let says = "Docker maps containers' users (userns-remap): sandboxes' users are not who they say";
        let mend = format!("remove \"userns-remap\" from /etc/docker/daemon.json and {restart}");
        return Finding::missing("docker users", says, mend);
    }
    Finding::fine("docker users", "containers' users are the host's")
}

fn runtime(engine: &Engine, asked: Option<&str>) -> Finding {
    let known = engine.runtimes.join(", ");
    match asked {
        Some(asked) if engine.runtimes.iter().any(|known| known == asked) => {
            Finding::fine("runtime", format!("{asked}, as configured (there are {known})"))
        }
        Some(asked) => Finding::missing(
            "runtime",
            format!("Docker does not know {asked}, which is configured; there are {known}"),
            format!("runner.toml: runtime = \"{}\"", engine.default_runtime),
        ),
        None => Finding::fine(
            "runtime",
            format!("{}, Docker's default (there are {known})", engine.default_runtime),
        ),
    }
}

/// `1.41` as two numbers.
fn pair(version: &str) -> Option<(u32, u32)> {
    let (major, minor) = version.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::super::finding::State;
    use super::*;

    const SYSTEMD: Services = Services { systemd: true, dockerd: true };

    fn recorded() -> Engine {
        let list = |items: &[&str]| items.iter().map(|item| item.to_string()).collect();
        Engine {
            version: "20.10.24+dfsg1".into(),
            api: "1.41".into(),
            storage: "overlay2".into(),
            security: list(&["name=apparmor", "name=seccomp,profile=default", "name=cgroupns"]),
            cgroup_version: "2".into(),
            cgroup_driver: "systemd".into(),
            runtimes: list(&["io.containerd.runc.v2", "runc"]),
            default_runtime: "runc".into(),
            root: "/var/lib/docker".into(),
        }
    }

    fn state(engine: &Engine, runtime: Option<&str>, check: &str) -> State {
        let found = findings(engine, runtime, SYSTEMD);
        found.iter().find(|finding| finding.check == check).unwrap().state
    }

    #[test]
    fn an_engine_as_it_should_be() {
        let found = findings(&recorded(), Some("runc"), SYSTEMD);
        assert!(found.iter().all(|finding| finding.state == State::Fine), "{found:?}");
        assert_eq!(found[0].says, "version 20.10.24+dfsg1, API 1.41, cgroup v2 by systemd");
    }

    #[test]
    fn an_engine_s_gaps_are_told_apart() {
        let old = Engine { api: "1.39".into(), storage: "vfs".into(), ..recorded() };
        assert_eq!(state(&old, None, "docker"), State::Weak);
        assert_eq!(state(&old, None, "storage"), State::Weak);
        let newer = Engine { api: "1.100".into(), ..recorded() };
        assert_eq!(state(&newer, None, "docker"), State::Fine);
        assert_eq!(state(&recorded(), Some("runsc"), "runtime"), State::Missing);
        let bare = Engine { security: vec!["name=userns".into()], ..recorded() };
        assert_eq!(state(&bare, None, "seccomp"), State::Missing);
        assert_eq!(state(&bare, None, "docker users"), State::Missing);
    }

    #[tokio::test]
    async fn an_engine_that_is_not_there_is_installed_or_started() {
        let error = crate::docker::connect(Some("unix:///nonexistent/docker.sock")).await.unwrap_err();
        assert!(unreachable(&error, SYSTEMD).mend.unwrap().contains("DOCKER_HOST"));
        let ConnectError::Unreachable { source, .. } = error else { panic!("{error}") };
        let error = ConnectError::Unreachable { host: DEFAULT_HOST.into(), source };
        let mend = |systemd, dockerd| unreachable(&error, Services { systemd, dockerd }).mend.unwrap();
        assert_eq!(mend(true, true), "systemctl start docker");
        assert!(mend(false, true).contains("dockerd >"));
        assert_eq!(mend(true, false), "apt-get install docker.io");
    }
}
