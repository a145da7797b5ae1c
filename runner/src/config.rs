//! What the runner is told: flags, environment, runner.toml, defaults, in this order. Read whole and checked
//! before anything starts; what is wrong is named.

mod args;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use protocol::runner::{MAX_ARTIFACT_BYTES, MAX_ARTIFACTS};
use protocol::tls::NotAJoinToken;
use protocol::{Limits, LimitsRequest};
use serde::Deserialize;

pub use self::args::{
    Cli, Command, DockerArgs, DoctorArgs, ImagesCommand, JoinArgs, LanguagesCheckArgs, LanguagesCommand,
    SelftestArgs, StartArgs,
};

use crate::membership::join::Joining;
use crate::membership::{Joined, joined};
use crate::pool::policy::{Isolation, PoolSizes};
use crate::telemetry::Thresholds;
use crate::worker::ArtifactLimits;

/// runner.toml.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    name: Option<String>,
    controllers: Option<Vec<String>>,
    languages: Option<Vec<String>>,
    languages_dir: Option<PathBuf>,
    labels: Option<BTreeMap<String, String>>,
    max_jobs: Option<u32>,
    max_cpu_percent: Option<f32>,
    max_memory_percent: Option<f32>,
    cpus_per_job: Option<f64>,
    artifact_files: Option<u32>,
    artifact_bytes: Option<u64>,
    drain_seconds: Option<u64>,
    run_dir: Option<PathBuf>,
    state_dir: Option<PathBuf>,
    selftest: Option<bool>,
    docker: Option<String>,
    isolation: Option<Isolation>,
    runtime: Option<String>,
    pool: PoolSection,
    default_limits: LimitsSection,
    maximum_limits: LimitsSection,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct PoolSection {
    warm: Option<usize>,
    idle_seconds: Option<u64>,
    memory_bytes: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct LimitsSection {
    cpu_seconds: Option<f64>,
    wall_seconds: Option<f64>,
    memory_bytes: Option<u64>,
    processes: Option<u32>,
    output_bytes: Option<u64>,
    disk_bytes: Option<u64>,
}

/// The configuration that holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The runner's name: letters, digits, `-`, `_` and `.`.
    pub name: String,
    /// The controllers, as `host:port`.
    pub controllers: Vec<String>,
    /// Ids of the languages to offer; nothing means all.
    pub languages: Option<Vec<String>>,
    /// Where the operator's own languages are.
    pub languages_dir: Option<PathBuf>,
    /// What its operator says of it, for jobs that require it.
    pub labels: BTreeMap<String, String>,
    /// How many jobs at once.
    pub max_jobs: u32,
    /// At what load to take no more.
    pub thresholds: Thresholds,
    /// How many processors a job may keep busy.
    pub cpus_per_job: f64,
    /// How much the runs of a job may leave to be kept.
    pub artifacts: ArtifactLimits,
    /// How long jobs may go on after SIGTERM.
    pub drain: Duration,
    /// Where sockets and the lock are.
    pub run_dir: PathBuf,
    /// Where results of the self-test are.
    pub state_dir: PathBuf,
    /// Whether the sandbox has to pass the self-test before a language is offered.
    pub selftest: bool,
    /// Docker's address.
    pub docker: Option<String>,
    /// The container runtime.
    pub runtime: Option<String>,
    /// How many sandboxes to keep, and whether one is used again.
    pub pool: PoolSizes,
    /// Limits of a job that asks for none.
    pub default_limits: Limits,
    /// The most a job may ask for.
    pub maximum_limits: Limits,
}

/// What is wrong with the configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{path}: {source}")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file has an unknown key or a value of the wrong kind.
    #[error("{path}: {source}")]
    Syntax {
        /// Which.
        path: PathBuf,
        /// Where and what.
        source: toml::de::Error,
    },
    /// A value is not possible.
    #[error("{key}: {why}")]
    Value {
        /// Which key.
        key: &'static str,
        /// What it should be.
        why: String,
    },
}

/// Limits of a job that asks for none, where runner.toml says no others.
pub const DEFAULT_LIMITS: Limits = Limits {
    cpu_seconds: 5.0,
    wall_seconds: 15.0,
    memory_bytes: 256 << 20,
    processes: 64,
    output_bytes: 1 << 20,
    disk_bytes: 64 << 20,
};

const MAXIMUM_LIMITS: Limits = Limits {
    cpu_seconds: 60.0,
    wall_seconds: 300.0,
    memory_bytes: 2 << 30,
    processes: 512,
    output_bytes: 16 << 20,
    disk_bytes: 512 << 20,
};

/// What the defaults depend on.
#[derive(Debug, Clone)]
pub struct HostFacts {
    /// Its name.
    pub name: String,
    /// Its processors.
    pub cpus: usize,
}

impl Config {
    /// Reads the file that the flags name, if any, and puts everything together.
    ///
    /// # Errors
    /// [`ConfigError`] names the key.
    pub fn load(args: StartArgs, host: &HostFacts) -> Result<Self, ConfigError> {
        let file = match &args.config {
            Some(path) => read(path)?,
            None => File::default(),
        };
        let joined = joined(&state_dir(args.state_dir.as_ref(), &file));
        Self::resolve(args, file, host, &joined)
    }

    fn resolve(
        args: StartArgs,
        file: File,
        host: &HostFacts,
        joined: &[Joined],
    ) -> Result<Self, ConfigError> {
        let cpus = host.cpus as f64;
        let name = args.name.or(file.name.clone());
        let (name, remembered) = remembered(name, &host.name, joined);
        let max_jobs = args.max_jobs.or(file.max_jobs).unwrap_or(host.cpus as u32);
        let config = Self {
            name,
            state_dir: state_dir(args.state_dir.as_ref(), &file),
            controllers: given(args.controllers)
                .or(file.controllers)
                .or(given(remembered))
                .unwrap_or_else(|| vec!["127.0.0.1:7001".to_owned()]),
            languages: given(args.languages).or(file.languages),
            languages_dir: file.languages_dir,
            labels: labels(file.labels.unwrap_or_default(), args.labels),
            max_jobs,
            thresholds: Thresholds {
                max_cpu_percent: args.max_cpu_percent.or(file.max_cpu_percent).unwrap_or(100.0),
                max_memory_percent: args.max_memory_percent.or(file.max_memory_percent).unwrap_or(95.0),
            },
            cpus_per_job: file.cpus_per_job.unwrap_or(cpus),
            artifacts: ArtifactLimits {
                files: file.artifact_files.unwrap_or(100),
                bytes: file.artifact_bytes.unwrap_or(16 << 20),
            },
            drain: Duration::from_secs(file.drain_seconds.unwrap_or(30)),
            run_dir: args.run_dir.or(file.run_dir).unwrap_or_else(|| "/run/ruche".into()),
            selftest: !args.skip_selftest && file.selftest.unwrap_or(true),
            docker: args.docker.docker.or(file.docker),
            runtime: args.runtime.or(file.runtime),
            pool: PoolSizes {
                warm: file.pool.warm.unwrap_or(1),
                most: max_jobs as usize,
                idle: Duration::from_secs(file.pool.idle_seconds.unwrap_or(300)),
                memory_bytes: file.pool.memory_bytes.unwrap_or(256 << 20),
                isolation: args.isolation.or(file.isolation).unwrap_or_default(),
            },
            default_limits: file.default_limits.over(&DEFAULT_LIMITS),
            maximum_limits: file.maximum_limits.over(&MAXIMUM_LIMITS),
        };
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), ConfigError> {
        check_name(&self.name)?;
        check_controllers(&self.controllers)?;
        check_labels(&self.labels)?;
        if self.max_jobs == 0 || self.max_jobs > 1024 {
            return Err(wrong("max_jobs", format!("{} has to be 1 to 1024", self.max_jobs)));
        }
        check_percent("max_cpu_percent", self.thresholds.max_cpu_percent)?;
        check_percent("max_memory_percent", self.thresholds.max_memory_percent)?;
        if !(self.cpus_per_job.is_finite() && self.cpus_per_job >= 0.01) {
            return Err(wrong("cpus_per_job", format!("{} has to be at least 0.01", self.cpus_per_job)));
        }
        check_artifacts(self.artifacts)?;
        check_limits("default_limits", &self.default_limits)?;
        check_limits("maximum_limits", &self.maximum_limits)?;
        as_request(&self.default_limits)
            .check(&self.maximum_limits)
            .map_err(|error| wrong("default_limits", format!("{error}: it is over maximum_limits")))
    }
}

/// A controller takes no more than this of a job.
fn check_artifacts(limits: ArtifactLimits) -> Result<(), ConfigError> {
    if limits.files > MAX_ARTIFACTS {
        return Err(wrong("artifact_files", format!("{} has to be at most {MAX_ARTIFACTS}", limits.files)));
    }
    match limits.bytes > MAX_ARTIFACT_BYTES {
        true => {
            Err(wrong("artifact_bytes", format!("{} has to be at most {MAX_ARTIFACT_BYTES}", limits.bytes)))
        }
        false => Ok(()),
    }
}

/// What a runner is called, and the controllers that it has joined. Where nothing is said and this host has joined
/// as one runner, it is that one.
fn remembered(said: Option<String>, host: &str, joined: &[Joined]) -> (String, Vec<String>) {
    let name = said.unwrap_or_else(|| match joined {
        [only] => only.name.clone(),
        _ => host.to_owned(),
    });
    let found = joined.iter().find(|joined| joined.name == name);
    let controllers = found.map(|found| found.controllers.clone()).unwrap_or_default();
    (name, controllers)
}

fn state_dir(said: Option<&PathBuf>, file: &File) -> PathBuf {
    said.or(file.state_dir.as_ref()).cloned().unwrap_or_else(|| "/var/lib/ruche".into())
}

fn check_name(name: &str) -> Result<(), ConfigError> {
    let possible = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let starts_well = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    match starts_well && name.len() <= 40 && name.chars().all(possible) {
        true => Ok(()),
        false => Err(wrong("name", format!("{name:?} has to be 1 to 40 letters, digits, '-', '_' or '.'"))),
    }
}

fn check_controllers(controllers: &[String]) -> Result<(), ConfigError> {
    match controllers.is_empty() || controllers.iter().any(|address| !is_address(address)) {
        true => Err(wrong("controllers", "each has to be HOST:PORT, and there has to be one".into())),
        false => Ok(()),
    }
}

impl JoinArgs {
    /// What joining takes; a host of this name is called by it where nothing else is said.
    ///
    /// # Errors
    /// [`ConfigError`] names the key.
    pub fn joining(self, host: String) -> Result<Joining, ConfigError> {
        let file = match &self.config {
            Some(path) => read(path)?,
            None => File::default(),
        };
        let state_dir = state_dir(self.state_dir.as_ref(), &file);
        let name = self.name.or(file.name).unwrap_or(host);
        check_name(&name)?;
        check_controllers(&self.controllers)?;
        let token = self.token.expose().parse();
        let token = token.map_err(|error: NotAJoinToken| wrong("token", error.to_string()))?;
        Ok(Joining { controllers: self.controllers, token, name, state_dir })
    }
}

impl LimitsSection {
    fn over(&self, default: &Limits) -> Limits {
        Limits {
            cpu_seconds: self.cpu_seconds.unwrap_or(default.cpu_seconds),
            wall_seconds: self.wall_seconds.unwrap_or(default.wall_seconds),
            memory_bytes: self.memory_bytes.unwrap_or(default.memory_bytes),
            processes: self.processes.unwrap_or(default.processes),
            output_bytes: self.output_bytes.unwrap_or(default.output_bytes),
            disk_bytes: self.disk_bytes.unwrap_or(default.disk_bytes),
        }
    }
}

/// Where the operator's own languages are, by a configuration file.
///
/// # Errors
/// [`ConfigError`] names the file or the key.
pub fn languages_dir(config: Option<&Path>) -> Result<Option<PathBuf>, ConfigError> {
    Ok(config.map(read).transpose()?.and_then(|file| file.languages_dir))
}

fn read(path: &Path) -> Result<File, ConfigError> {
    let text = std::fs::read_to_string(path);
    let text = text.map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
    toml::from_str(&text).map_err(|source| ConfigError::Syntax { path: path.to_owned(), source })
}

fn wrong(key: &'static str, why: String) -> ConfigError {
    ConfigError::Value { key, why }
}

fn given<T>(list: Vec<T>) -> Option<Vec<T>> {
    (!list.is_empty()).then_some(list)
}

/// The file's, with those of flags and environment in place of others of the same name.
fn labels(mut file: BTreeMap<String, String>, given: Vec<(String, String)>) -> BTreeMap<String, String> {
    file.extend(given);
    file
}

fn is_address(address: &str) -> bool {
    let parts = address.rsplit_once(':');
    parts.is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
}

/// What a job may require.
fn check_labels(labels: &BTreeMap<String, String>) -> Result<(), ConfigError> {
    if labels.len() > 32 {
        return Err(wrong("labels", "there may be 32".to_owned()));
    }
    let possible = |text: &str, most| text.len() <= most && !text.contains(char::is_control);
    for (name, value) in labels {
        if name.is_empty() || name.contains('=') || !possible(name, 64) || !possible(value, 255) {
            let why = format!(
                "{name:?} = {value:?} has to be a name of 1 to 64 bytes without '=' and a value of at most 255 bytes"
            );
            return Err(wrong("labels", why));
        }
    }
    Ok(())
}

fn check_percent(key: &'static str, percent: f32) -> Result<(), ConfigError> {
    match percent > 0.0 && percent <= 100.0 {
        true => Ok(()),
        false => Err(wrong(key, format!("{percent} has to be over 0 and at most 100"))),
    }
}

fn check_limits(key: &'static str, limits: &Limits) -> Result<(), ConfigError> {
    match limits.fields().iter().find(|(_, value)| !value.is_finite() || *value <= 0.0) {
        Some((field, value)) => Err(wrong(key, format!("{field} = {value} has to be above zero"))),
        None => Ok(()),
    }
}

fn as_request(limits: &Limits) -> LimitsRequest {
    LimitsRequest {
        cpu_seconds: Some(limits.cpu_seconds),
        wall_seconds: Some(limits.wall_seconds),
        memory_bytes: Some(limits.memory_bytes),
        processes: Some(limits.processes),
        output_bytes: Some(limits.output_bytes),
        disk_bytes: Some(limits.disk_bytes),
    }
}
