//! The cluster as its users see it.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

use crate::runner::{SelfTest, Telemetry};
use crate::{Limits, RunnerId, Timestamp, Verdict};

/// Whether a runner takes jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum RunnerState {
    /// It does.
    Available,
    /// Not now; the reason says why.
    Unavailable,
    /// It finishes what it runs and then leaves.
    Draining,
}

/// A runner that is connected.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RunnerInfo {
    /// This life of the process.
    pub id: RunnerId,
    /// What people call it.
    pub name: String,
    /// Version of its software.
    pub version: String,
    /// Whether it takes jobs.
    pub state: RunnerState,
    /// Why not, where it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Ids of the languages it can run.
    pub languages: Vec<String>,
    /// How many jobs it is given at once: what it takes by its own configuration, or fewer by its settings.
    pub max_jobs: u32,
    /// How many jobs it takes at once by its own configuration; 0 where the controller does not say.
    #[serde(default)]
    pub offers_jobs: u32,
    /// How many of them this controller has given it.
    pub assigned_jobs: u32,
    /// How many processors its host has.
    pub cpus: u32,
    /// How much memory its host has, in bytes.
    pub memory_bytes: u64,
    /// Since when it is connected.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub connected_at: Timestamp,
    /// Since when its process runs, where it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
    pub started_at: Option<Timestamp>,
    /// How its sandbox withstood the hostile programs, where that was tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selftest: Option<SelfTest>,
    /// What it last measured.
    pub telemetry: Option<Telemetry>,
    /// What its operator says of it, for jobs that require it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// What it is to take, by the cluster's word.
    #[serde(default)]
    pub settings: RunnerSettings,
}

/// What a runner is to take by the cluster's word: never more than it takes by its own configuration. They hold at every
/// controller, and for every runner that comes by this name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RunnerSettings {
    /// Whether it is given nothing new.
    pub paused: bool,
    /// Who paused it, where that was somebody with an account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paused_by: Option<String>,
    /// How many jobs it is given at once by each controller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_jobs: Option<u32>,
    /// It is given nothing while its host's processors are busier than this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_cpu_percent: Option<u32>,
    /// It is given nothing while its host uses more of its memory than this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_memory_percent: Option<u32>,
}

/// What of a runner's settings is to be other than it is. What is left out stays; `null` is as the runner has it itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RunnerChange {
    /// How many jobs it is given at once by each controller.
    #[serde(deserialize_with = "said", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<u32>, minimum = 1))]
    pub max_jobs: Option<Option<u32>>,
    /// It is given nothing while its host's processors are busier than this.
    #[serde(deserialize_with = "said", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<u32>, minimum = 1, maximum = 100))]
    pub max_cpu_percent: Option<Option<u32>>,
    /// It is given nothing while its host uses more of its memory than this.
    #[serde(deserialize_with = "said", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<u32>, minimum = 1, maximum = 100))]
    pub max_memory_percent: Option<Option<u32>>,
}

/// What is said is said, even where it is `null`.
fn said<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<u32>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// A language that some runner can run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LanguageInfo {
    /// Its id, as in `cpp`.
    pub id: String,
    /// Its name for people, as in `C++`.
    pub name: String,
    /// Other names that are taken for it.
    pub aliases: Vec<String>,
    /// The file name extensions that tell it, without the dot.
    pub extensions: Vec<String>,
    /// The versions of its toolchain that runners have.
    pub versions: Vec<String>,
    /// How many connected runners offer it.
    pub runners: u32,
    /// The limits where a job asks for none.
    pub default_limits: Limits,
    /// The most a job may ask for anywhere.
    pub maximum_limits: Limits,
}

/// The cluster as a whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ClusterInfo {
    /// Version of the controller.
    pub version: String,
    /// Since when it runs.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub started_at: Timestamp,
    /// Connected runners.
    pub runners: u32,
    /// Those of them that take jobs.
    pub available_runners: u32,
    /// How many jobs all runners take at once.
    pub slots: u32,
    /// Jobs that wait.
    pub queued: u64,
    /// Jobs that run.
    pub running: u64,
    /// How many jobs may wait.
    pub max_queue: u64,
    /// Whether the controller is shutting down and takes no more jobs.
    pub draining: bool,
    /// What went on at this controller lately, where it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activity: Option<Activity>,
}

/// All that there is to see of a cluster at a glance: the first event of those that tell how it changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ClusterSnapshot {
    /// The cluster as a whole.
    pub cluster: ClusterInfo,
    /// The runners, by name.
    pub runners: Vec<RunnerInfo>,
    /// What went on at this controller lately.
    pub activity: Activity,
}

/// What is other than it was in the event before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ClusterChange {
    /// The cluster as a whole.
    pub cluster: ClusterInfo,
    /// What went on at this controller lately.
    pub activity: Activity,
    /// Runners that are new or have changed, by name.
    pub runners: Vec<RunnerInfo>,
    /// The names of those that are not connected any more.
    pub gone: Vec<String>,
}

/// What went on at one controller in the seconds before a moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Activity {
    /// The moment.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub at: Timestamp,
    /// How many seconds before it are counted.
    pub window_seconds: u32,
    /// Jobs that came in.
    pub submitted: u64,
    /// Jobs that a runner was given.
    pub started: u64,
    /// Jobs that got their verdict.
    pub finished: u64,
    /// Jobs that got their verdict, in one second on average.
    pub jobs_per_second: f64,
    /// How long the jobs that a runner was given had waited since they came in.
    pub wait_ms: Waits,
    /// How many got which verdict; those that nobody got are left out.
    pub verdicts: BTreeMap<Verdict, u64>,
    /// How many wait at the moment, by language.
    pub queued_by_language: BTreeMap<String, u64>,
}

/// How long some jobs waited, in milliseconds, rounded up by a half at most; 0 where there were none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Waits {
    /// Half of them no longer than this.
    pub p50: u64,
    /// 95 of 100 no longer than this.
    pub p95: u64,
    /// None longer than this.
    pub max: u64,
}

/// What a sample of all runners together says for the runner's name.
pub const ALL_RUNNERS: &str = "*";

/// How a runner's host was doing at a moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Sample {
    /// The runner's name; `*` where it is of all runners together.
    pub runner: String,
    /// When; of an average, the beginning of the time that it is of.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub at: Timestamp,
    /// Busy share of all of the host's processors, in percent.
    pub cpu_percent: f32,
    /// Used share of the host's memory, in percent.
    pub memory_percent: f32,
    /// Jobs it ran.
    pub active_jobs: u32,
    /// Sandbox containers it kept.
    pub active_containers: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_is_something_else_than_nothing() {
        let text = r#"{"max_jobs":null,"max_cpu_percent":80}"#;
        let change: RunnerChange = serde_json::from_str(text).unwrap();
        let expected =
            RunnerChange { max_jobs: Some(None), max_cpu_percent: Some(Some(80)), max_memory_percent: None };
        assert_eq!(change, expected);
        assert_eq!(serde_json::to_string(&change).unwrap(), text);
    }
}
