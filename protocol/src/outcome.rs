//! How a step, and a job, ended.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Check, Content};

/// The judgement on a program. A machine-readable word; prose goes into a message beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Verdict {
    /// It ended by itself with exit code 0 and, where output was expected, wrote it.
    Ok,
    /// It ended well, but its output is not the expected one.
    WrongAnswer,
    /// It ended with another exit code, or by a signal.
    RuntimeError,
    /// It could not be compiled.
    CompileError,
    /// It used up its processor time.
    CpuTimeExceeded,
    /// It was still there when its time on the clock was up.
    WallTimeExceeded,
    /// The kernel had to kill it for want of memory.
    MemoryExceeded,
    /// It wrote more than it may.
    OutputExceeded,
    /// Somebody stopped it.
    Cancelled,
    /// The cluster failed, not the program.
    InternalError,
}

impl Verdict {
    /// Every verdict, in the order of the documentation.
    pub const ALL: [Self; 10] = [
        Self::Ok,
        Self::WrongAnswer,
        Self::RuntimeError,
        Self::CompileError,
        Self::CpuTimeExceeded,
        Self::WallTimeExceeded,
        Self::MemoryExceeded,
        Self::OutputExceeded,
        Self::Cancelled,
        Self::InternalError,
    ];

    /// The word that stands in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::WrongAnswer => "wrong_answer",
            Self::RuntimeError => "runtime_error",
            Self::CompileError => "compile_error",
            Self::CpuTimeExceeded => "cpu_time_exceeded",
            Self::WallTimeExceeded => "wall_time_exceeded",
            Self::MemoryExceeded => "memory_exceeded",
            Self::OutputExceeded => "output_exceeded",
            Self::Cancelled => "cancelled",
            Self::InternalError => "internal_error",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Something that happened to a step and that its verdict does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Flag {
    /// It tried to start more processes or threads than it may.
    ProcessLimit,
    /// Its file system was full when it ended.
    DiskFull,
    /// It left more files that were to be kept than are kept.
    ArtifactsCut,
}

/// What a step used, measured by the kernel over all its processes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Usage {
    /// Processor time, in milliseconds.
    pub cpu_ms: u64,
    /// Time on the clock, in milliseconds.
    pub wall_ms: u64,
    /// Highest memory, in bytes.
    pub memory_bytes: u64,
}

impl Usage {
    /// What both used: times added up, the higher memory.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            cpu_ms: self.cpu_ms.saturating_add(other.cpu_ms),
            wall_ms: self.wall_ms.saturating_add(other.wall_ms),
            memory_bytes: self.memory_bytes.max(other.memory_bytes),
        }
    }
}

/// How one step ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StepResult {
    /// The name that the run was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The judgement on this step alone.
    pub verdict: Verdict,
    /// The code it ended with, unless a signal or a limit ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// The number of the signal that ended it, as `signal(7)` has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<i32>,
    /// What it wrote to standard output; absent where the output travels beside the result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stdout: Option<Content>,
    /// What it wrote to standard error; absent where the output travels beside the result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stderr: Option<Content>,
    /// Whether it wrote more than is kept.
    #[serde(default)]
    pub truncated: bool,
    /// What else happened.
    #[serde(default)]
    pub flags: Vec<Flag>,
    /// What it used.
    #[serde(default)]
    pub usage: Usage,
    /// Which part of the run's weight a wrong answer is worth all the same, from 0 to 1, by the job's own checker.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partial: Option<f64>,
    /// What the job's own checker or interactor said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<Check>,
    /// The files that it left and that are kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub artifacts: Vec<Artifact>,
}

/// A file that a run left and that is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Artifact {
    /// Where it was, relative to the program's folder.
    pub path: String,
    /// How many bytes it has.
    pub size: u64,
}

impl StepResult {
    /// What it used, and what judged it.
    pub fn usage_with_judge(&self) -> Usage {
        self.check.as_ref().map_or(self.usage, |check| self.usage.plus(check.usage))
    }

    /// A result without output and without use, for a step that never ran to its end.
    pub fn new(verdict: Verdict) -> Self {
        Self {
            name: None,
            verdict,
            exit_code: None,
            signal: None,
            stdout: None,
            stderr: None,
            truncated: false,
            flags: Vec::new(),
            usage: Usage::default(),
            partial: None,
            check: None,
            artifacts: Vec::new(),
        }
    }
}
