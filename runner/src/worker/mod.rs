//! One job from its assignment to its verdict: compile once, run each run in a box of its own, report as it
//! goes, and tidy up after the last word.
//!
//! ```text
//! run ─▶ execute ─▶ Program::compile ─▶ runs, in lanes ─▶ one run in a box ─▶ comparison, or Checker
//!                                                └──────▶ one run and the interactor, in two boxes
//! ```

mod answer;
mod artifacts;
mod checking;
mod compile;
mod interaction;
mod judge;
mod lanes;
mod program;
mod runs;
mod step;
mod tally;

use std::sync::Arc;

use protocol::runner::{Assignment, FromRunner};
use protocol::{JobSpec, Limits, Step, StepResult, Verdict};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

pub use self::artifacts::ArtifactLimits;

use self::artifacts::Allowance;
use self::checking::Checker;
use self::judge::Judge;
use self::program::{Place, Program};
use crate::gestures::Gestures;
use crate::languages::{Language, ProgramError};
use crate::pool::{Lease, Pool};
use crate::report::{Report, Reporter};
use crate::sandbox::SandboxError;
use crate::sandbox::step::Keep;
use crate::stdin::Stdin;

/// What a worker needs beside its job.
#[derive(Debug, Clone)]
pub struct Workshop {
    /// Where sandboxes come from.
    pub pool: Arc<Pool>,
    /// What to run a job as.
    pub own: Toolchain,
    /// What to run those as that judge it.
    pub others: Vec<Toolchain>,
    /// What those of its runs have to have that are made beside another one.
    pub slots: Arc<Semaphore>,
    /// Limits where the job asks for none.
    pub default_limits: Limits,
    /// The most it may ask for.
    pub maximum_limits: Limits,
    /// How many processors a step may keep busy.
    pub cpus: f64,
    /// How much its runs may leave to be kept.
    pub artifacts: ArtifactLimits,
    /// What is done to the job's program while it runs.
    pub gestures: Arc<Gestures>,
}

/// A language and where its programs run.
#[derive(Debug, Clone)]
pub struct Toolchain {
    /// The language.
    pub language: Arc<Language>,
    /// The image of the language.
    pub image: String,
}

/// A language that is not offered here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("this runner does not offer {0}")]
pub struct NotOffered(pub String);

impl Workshop {
    /// What to run programs in this language as.
    fn tools(&self, language: &str) -> Result<&Toolchain, NotOffered> {
        let mut all = std::iter::once(&self.own).chain(&self.others);
        all.find(|tools| tools.language.id == language).ok_or_else(|| NotOffered(language.to_owned()))
    }
}

/// How a job ended, where the runner did not fail.
#[derive(Debug, PartialEq)]
pub struct Outcome {
    /// The judgement on the whole.
    pub verdict: Verdict,
    /// What people should know beside it.
    pub message: Option<String>,
}

impl From<Verdict> for Outcome {
    fn from(verdict: Verdict) -> Self {
        Self { verdict, message: None }
    }
}

/// A job that has been worked on.
#[derive(Debug)]
pub struct Worked {
    /// How it ended.
    pub outcome: Outcome,
    /// The sandbox that it had, if any, untidied: for the next job after [`Lease::give_back`].
    pub lease: Option<Lease>,
}

/// Why a job has no outcome.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// There was no sandbox to begin in.
    #[error(transparent)]
    NotBegun(SandboxError),
    /// There is nothing to run its judges as.
    #[error(transparent)]
    NotOffered(#[from] NotOffered),
    /// The sandbox failed rather than the program.
    #[error(transparent)]
    Failed(#[from] SandboxError),
}

/// A job in work.
struct Work<'a> {
    spec: &'a JobSpec,
    program: &'a Program<'a>,
    checker: Option<Checker<'a>>,
    interactor: Option<Judge<'a>>,
    allowance: Allowance,
    reporter: &'a Reporter,
    cancel: &'a CancellationToken,
}

/// Runs a job. `stdin` is what follows the job, for its only run. The last report is `finished`, `failed`, or
/// `refused` where there was no sandbox to begin in: that costs the job nothing.
pub async fn run(
    workshop: Workshop,
    assignment: Assignment,
    slot: OwnedSemaphorePermit,
    stdin: Option<Stdin>,
    reporter: Reporter,
    cancel: CancellationToken,
) {
    let (message, lease) = match execute(&workshop, &assignment.spec, stdin, &reporter, &cancel).await {
        Ok(Worked { outcome: Outcome { verdict, message }, lease }) => {
            (FromRunner::Finished { verdict, message }, lease)
        }
        Err(error @ (Trouble::NotBegun(_) | Trouble::NotOffered(_))) => {
            tracing::info!(job = %assignment.job, attempt = %assignment.attempt, %error, "a job is given back");
            (FromRunner::Refused { reason: error.to_string() }, None)
        }
        Err(Trouble::Failed(error)) => {
            tracing::warn!(job = %assignment.job, attempt = %assignment.attempt, %error, "a job's attempt failed");
            (FromRunner::Failed { reason: error.to_string() }, None)
        }
    };
    // Before the last word, on which the controller may send the next job.
    drop(slot);
    // A link that is gone has no use for it.
    let _ = reporter.send(Report::Message(message)).await;
    // The reply is on its way; now the tidying.
    if let Some(lease) = lease {
        lease.give_back();
    }
}

/// Runs a job to its verdict.
///
/// # Errors
/// [`Trouble`]; the sandbox is thrown away then.
pub async fn execute(
    workshop: &Workshop,
    spec: &JobSpec,
    stdin: Option<Stdin>,
    reporter: &Reporter,
    cancel: &CancellationToken,
) -> Result<Worked, Trouble> {
    let program = match Program::new(workshop, spec) {
        Ok(program) => program,
        Err(error) => return Ok(Worked { outcome: not_a_program(&error), lease: None }),
    };
    let judge = |name, judge: &Option<protocol::Judge>| {
        judge.as_ref().map(|judge| Judge::new(name, workshop, judge)).transpose()
    };
    let checker = judge("checker", &spec.checker)?.map(Checker::new);
    let interactor = judge("interactor", &spec.interactor)?;
    let lease = tokio::select! {
        lease = workshop.pool.take(&workshop.own.image) => lease.map_err(Trouble::NotBegun)?,
        () = cancel.cancelled() => return Ok(Worked { outcome: Verdict::Cancelled.into(), lease: None }),
    };
    let allowance = Allowance::new(workshop.artifacts);
    let work = Work { spec, program: &program, checker, interactor, allowance, reporter, cancel };
    let (outcome, lease) = work.all(Place::new(lease), stdin).await?;
    Ok(Worked { outcome, lease: Some(lease) })
}

impl Work<'_> {
    async fn all(&self, mut place: Place, stdin: Option<Stdin>) -> Result<(Outcome, Lease), SandboxError> {
        if self.program.is_compiled() {
            self.report(FromRunner::StepStarted { step: Step::COMPILE }).await;
            let compiled = self.program.compile(&mut place, self.audience(), Keep::Nothing).await?;
            let verdict = compiled.result.verdict;
            self.step_finished(Step::COMPILE, compiled.result).await;
            match verdict {
                Verdict::Ok => {}
                Verdict::Cancelled => return Ok((Verdict::Cancelled.into(), place.lease)),
                verdict => return Ok((not_compiled(verdict), place.lease)),
            }
        }
        self.runs(place, stdin).await
    }

    async fn step_finished(&self, step: Step, result: StepResult) {
        self.report(FromRunner::StepFinished { step, result }).await;
    }

    async fn report(&self, message: FromRunner) {
        // A link that is gone has no use for it, and cancels the job.
        let _ = self.reporter.send(Report::Message(message)).await;
    }
}

fn not_a_program(error: &ProgramError) -> Outcome {
    Outcome { verdict: Verdict::CompileError, message: Some(error.to_string()) }
}

fn not_compiled(verdict: Verdict) -> Outcome {
    Outcome { verdict: Verdict::CompileError, message: compile::message(verdict) }
}
