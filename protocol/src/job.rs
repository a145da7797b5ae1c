//! A job: where it stands, and what came of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Attempt, JobId, Score, StepResult, Timestamp, Usage, Verdict};

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum JobState {
    /// It waits for a runner.
    Queued,
    /// A runner has it.
    Running,
    /// It has a verdict, which does not change any more.
    Finished,
}

/// A job and, once it has finished, its results.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Job {
    /// Its identifier.
    pub id: JobId,
    /// Where it stands.
    pub state: JobState,
    /// About how many jobs start before it, while it is queued: others may come between.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<u64>,
    /// The judgement on the whole: `compile_error`, or that of the first run that is not `ok`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// What people should know beside it: why it waits, or what failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The language it was submitted with.
    pub language: String,
    /// The labels it was submitted with.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// The user who submitted it, where it came with an account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// How the compilation ended, where the language has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compile: Option<StepResult>,
    /// How each run ended, in the order of the specification.
    #[serde(default)]
    pub runs: Vec<StepResult>,
    /// What its runs are worth together, where they were judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<Score>,
    /// The name of the runner that has it or had it last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runner: Option<String>,
    /// How many times it was handed to a runner.
    #[serde(default)]
    pub attempts: Attempt,
    /// When it was submitted.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub queued_at: Timestamp,
    /// When its last attempt started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
    pub started_at: Option<Timestamp>,
    /// When it got its verdict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
    pub finished_at: Option<Timestamp>,
}

impl Job {
    /// The same without what the program and those that judged it wrote, for where that travels beside it or before it.
    #[must_use]
    pub fn without_output(mut self) -> Self {
        for step in self.compile.iter_mut().chain(&mut self.runs) {
            step.stdout = None;
            step.stderr = None;
            if let Some(check) = &mut step.check {
                check.output = None;
            }
        }
        self
    }

    /// What all its steps used, and what judged them: times added up, the highest memory.
    pub fn usage(&self) -> Usage {
        let steps = self.compile.iter().chain(&self.runs);
        steps.map(StepResult::usage_with_judge).fold(Usage::default(), Usage::plus)
    }

    /// The line that stands for it in a list.
    pub fn summary(&self) -> JobSummary {
        JobSummary {
            id: self.id,
            state: self.state,
            verdict: self.verdict,
            message: self.message.clone(),
            language: self.language.clone(),
            labels: self.labels.clone(),
            owner: self.owner.clone(),
            runner: self.runner.clone(),
            attempts: self.attempts,
            usage: self.usage(),
            queued_at: self.queued_at,
            started_at: self.started_at,
            finished_at: self.finished_at,
        }
    }
}

/// How an attempt at a job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum AttemptEnd {
    /// It gave the job its verdict.
    Finished,
    /// The runner did not take it.
    Refused,
    /// It was lost with its runner, or its runner failed.
    Lost,
}

/// One time that a job was handed to a runner.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct JobAttempt {
    /// Which attempt.
    pub attempt: Attempt,
    /// The runner's name.
    pub runner: String,
    /// When it was handed over.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub started_at: Timestamp,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
    pub ended_at: Option<Timestamp>,
    /// How it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<AttemptEnd>,
    /// Why, where it was lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A job as one line of a list; the fields are those of [`Job`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct JobSummary {
    pub id: JobId,
    pub state: JobState,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    pub language: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runner: Option<String>,
    #[serde(default)]
    pub attempts: Attempt,
    #[serde(default)]
    pub usage: Usage,
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub queued_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
    pub started_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
    pub finished_at: Option<Timestamp>,
}

/// A page of a list of jobs, newest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct JobPage {
    /// The jobs.
    pub jobs: Vec<JobSummary>,
    /// What to pass as `cursor` for the next page; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}
