//! Jobs, languages and runners for unit tests.

use protocol::cluster::LanguageInfo;
use protocol::{Attempt, Job, JobId, JobState, Limits, StepResult, Timestamp, Verdict};

/// A finished job without a compilation.
pub fn job(verdict: Verdict, runs: Vec<StepResult>) -> Job {
    Job {
        id: JobId::random(),
        state: JobState::Finished,
        position: None,
        verdict: Some(verdict),
        message: None,
        language: "c".into(),
        labels: Default::default(),
        owner: None,
        compile: None,
        runs,
        score: None,
        runner: Some("lab-1".into()),
        attempts: Attempt(1),
        queued_at: Timestamp::UNIX_EPOCH,
        started_at: None,
        finished_at: None,
    }
}

/// A language with these file name extensions.
pub fn language(id: &str, extensions: &[&str]) -> LanguageInfo {
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
        name: id.into(),
        aliases: vec![],
        extensions: extensions.iter().map(|&extension| extension.into()).collect(),
        versions: vec![],
        runners: 1,
        default_limits: limits,
        maximum_limits: limits,
    }
}
