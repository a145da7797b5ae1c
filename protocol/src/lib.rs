//! What crosses a process boundary in Ruche: identifiers, jobs and their limits, verdicts, the JSON bodies of
//! the HTTP door, and the frames of the two TCP doors.
//!
//! This crate does no I/O and holds no state. Types here are read and written by programs of different
//! versions: unknown fields are ignored, and a new field always has a default.

pub mod account;
#[cfg(feature = "archive")]
pub mod archive;
pub mod client;
pub mod cluster;
mod content;
pub mod event;
pub mod frame;
pub mod hello;
mod ids;
mod job;
pub mod joining;
mod judging;
mod limits;
mod outcome;
mod problem;
pub mod runner;
mod secret;
mod spec;
mod terminal;
#[cfg(feature = "tls")]
pub mod tls;
mod validate;
#[cfg(feature = "codec")]
pub mod window;

pub use content::{Content, DetachError, Detached};
pub use ids::{Attempt, ControllerId, JobId, RunnerId, Step};
pub use job::{AttemptEnd, Job, JobAttempt, JobPage, JobState, JobSummary};
pub use judging::{Check, Checker, Judge, Score, Tolerance, score};
pub use limits::{ExceededLimit, Limits, LimitsRequest};
pub use outcome::{Artifact, Flag, StepResult, Usage, Verdict};
pub use problem::{Problem, ProblemKind};
pub use secret::Secret;
pub use spec::{Expect, JobSpec, RunSpec, SourceFile};
pub use terminal::{Gesture, Signal, TerminalSize};
pub use validate::{MAX_FILES, MAX_PARALLEL, MAX_PATH_BYTES, MAX_RUNS, check_path};

/// When something happened; RFC 3339 in JSON.
pub type Timestamp = jiff::Timestamp;
