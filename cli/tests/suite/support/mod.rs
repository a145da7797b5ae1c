//! What the tests share: a controller played by a script, and the processes under test.

mod controller;
mod process;

use protocol::cluster::LanguageInfo;
use protocol::{Attempt, Job, JobId, JobState, Limits, StepResult, Timestamp, Verdict};

pub use controller::{Client, FakeController};
pub use process::{Finished, Running, cli, python_client};

/// The id of every job here.
pub const ID: &str = "0b8f6c1e4a1d4f0f9a7a6a2f7f0f6d11";

/// That id.
pub fn id() -> JobId {
    ID.parse().unwrap()
}

/// A run that ended so.
pub fn step(verdict: Verdict, exit_code: Option<i32>) -> StepResult {
    let usage = protocol::Usage { cpu_ms: 12, wall_ms: 15, memory_bytes: 3_565_158 };
    StepResult { exit_code, usage, ..StepResult::new(verdict) }
}

/// A finished job with this run.
pub fn job(run: StepResult) -> Job {
    Job {
        id: id(),
        state: JobState::Finished,
        position: None,
        verdict: Some(run.verdict),
        message: None,
        language: "python".into(),
        labels: Default::default(),
        owner: None,
        compile: None,
        runs: vec![run],
        score: None,
        runner: Some("lab-1".into()),
        attempts: Attempt(1),
        queued_at: Timestamp::UNIX_EPOCH,
        started_at: None,
        finished_at: None,
    }
}

/// A job that went well.
pub fn ok() -> Job {
    job(step(Verdict::Ok, Some(0)))
}

/// A language of the cluster.
pub fn language(id: &str, name: &str, extension: &str) -> LanguageInfo {
    let limits = Limits {
        cpu_seconds: 10.0,
        wall_seconds: 20.0,
        memory_bytes: 1 << 28,
        processes: 64,
        output_bytes: 1 << 20,
        disk_bytes: 1 << 26,
    };
    LanguageInfo {
        id: id.into(),
        name: name.into(),
        aliases: vec![],
        extensions: vec![extension.into()],
        versions: vec!["1.2.3".into()],
        runners: 2,
        default_limits: limits,
        maximum_limits: limits,
    }
}
