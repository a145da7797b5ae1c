//! One job from its assignment to its verdict: compile once, run each run in a box of its own, report as it
//! goes, and tidy up after the last word.

use std::sync::Arc;

use bytes::Bytes;
use protocol::runner::{Assignment, FromRunner};
use protocol::{Flag, JobSpec, Limits, RunSpec, Step, StepResult, Verdict};
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;

use crate::comparison::matches;
use crate::languages::{Fill, Language, ProgramError, command};
use crate::pool::{Lease, Pool};
use crate::report::{Report, Reporter};
use crate::sandbox::spare::Ahead;
use crate::sandbox::step::{StepOutcome, StepPlan};
use crate::sandbox::{Sandbox, SandboxError};
use crate::stdin::Stdin;

/// The environment that every program starts with.
const ENVIRONMENT: [&str; 4] =
    ["PATH=/usr/local/bin:/usr/bin:/bin", "HOME=/box", "LANG=C.UTF-8", "TMPDIR=/tmp"];

/// The error number of a box in which the program's files do not fit.
const DISK_FULL: i32 = nix::libc::ENOSPC;

/// What a worker needs beside its job.
#[derive(Debug, Clone)]
pub struct Workshop {
    /// Where sandboxes come from.
    pub pool: Arc<Pool>,
    /// What to run a job as.
    pub language: Arc<Language>,
    /// The image of the language.
    pub image: String,
    /// Limits where the job asks for none.
    pub default_limits: Limits,
    /// The most it may ask for.
    pub maximum_limits: Limits,
    /// How many processors a step may keep busy.
    pub cpus: f64,
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

/// A job in work.
struct Work<'a> {
    workshop: &'a Workshop,
    spec: &'a JobSpec,
    limits: Limits,
    fill: Fill,
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
    let mut lease = None;
    let result = execute(&workshop, &assignment.spec, stdin, &reporter, &cancel, &mut lease).await;
    let message = match &result {
        Ok(outcome) => FromRunner::Finished { verdict: outcome.verdict, message: outcome.message.clone() },
        Err(error) if lease.is_none() => {
            tracing::info!(job = %assignment.job, attempt = %assignment.attempt, %error, "a job is given back");
            FromRunner::Refused { reason: error.to_string() }
        }
        Err(error) => {
            tracing::warn!(job = %assignment.job, attempt = %assignment.attempt, %error, "a job's attempt failed");
            FromRunner::Failed { reason: error.to_string() }
        }
    };
    // Before the last word, on which the controller may send the next job.
    drop(slot);
    // A link that is gone has no use for it.
    let _ = reporter.send(Report::Message(message)).await;
    // The reply is on its way; now the tidying. A sandbox that failed is thrown away.
    if let (Ok(_), Some(lease)) = (result, lease) {
        lease.give_back();
    }
}

/// Runs a job to its verdict, in a sandbox that stays in `lease`, untidied: for the next job after
/// [`Lease::give_back`], and for nobody where this fails.
///
/// # Errors
/// [`SandboxError`], where the sandbox failed rather than the program.
pub async fn execute(
    workshop: &Workshop,
    spec: &JobSpec,
    stdin: Option<Stdin>,
    reporter: &Reporter,
    cancel: &CancellationToken,
    lease: &mut Option<Lease>,
) -> Result<Outcome, SandboxError> {
    let limits = spec.limits.resolve(&workshop.default_limits, &workshop.maximum_limits);
    let fill = match workshop.language.fill(spec, &limits, workshop.cpus) {
        Ok(fill) => fill,
        Err(error) => return Ok(not_a_program(&error)),
    };
    let work = Work { workshop, spec, limits, fill, reporter, cancel };
    let taken = tokio::select! {
        taken = workshop.pool.take(&workshop.image) => taken?,
        () = cancel.cancelled() => return Ok(Verdict::Cancelled.into()),
    };
    let sandbox = lease.insert(taken).sandbox()?;
    match work.all(sandbox, stdin).await {
        Err(SandboxError::Box { errno: DISK_FULL, .. }) => Ok(too_large(&limits)),
        result => result,
    }
}

impl Work<'_> {
    async fn all(&self, sandbox: &mut Sandbox, stdin: Option<Stdin>) -> Result<Outcome, SandboxError> {
        if !self.workshop.language.is_compiled() {
            return self.runs(sandbox, None, stdin).await;
        }
        let limits = self.workshop.language.compile_limits(&self.limits);
        let argv = self.workshop.language.compile_command(self.spec, &self.fill);
        let plan = self.plan(Step::COMPILE, argv, limits);
        let (compiled, mut result) = self.compile(sandbox, &plan).await?;
        if result.verdict == Verdict::RuntimeError {
            result.verdict = Verdict::CompileError;
        }
        let verdict = result.verdict;
        self.step_finished(Step::COMPILE, result).await;
        match verdict {
            Verdict::Ok => self.runs(sandbox, Some(compiled), stdin).await,
            Verdict::Cancelled => Ok(Verdict::Cancelled.into()),
            verdict => Ok(Outcome { verdict: Verdict::CompileError, message: compile_message(verdict) }),
        }
    }

    /// The compilation: the box that it was done in, and how it ended.
    async fn compile(
        &self,
        sandbox: &mut Sandbox,
        plan: &StepPlan,
    ) -> Result<(u32, StepResult), SandboxError> {
        let id = self.open_compile_box(sandbox, plan).await?;
        let outcome = self.step(sandbox, id, plan, None).await?;
        if !outcome.was_lost {
            return Ok((id, outcome.result));
        }
        // It may have died just before its job came. One that is started for the job has the last word.
        let id = sandbox.open_box(&plan.limits, &self.files()).await?;
        Ok((id, self.execute(sandbox, id, plan, None).await?.result))
    }

    /// The box of the compilation, with a compiler in it already where one was started ahead.
    async fn open_compile_box(&self, sandbox: &mut Sandbox, plan: &StepPlan) -> Result<u32, SandboxError> {
        let language = &self.workshop.language;
        let Some(compiler) = &language.compile_ahead else {
            return sandbox.open_box(&plan.limits, &self.files()).await;
        };
        let ahead = Ahead {
            argv: compiler.start(&self.fill),
            env: plan.env.clone(),
            limits: language.ahead_limits(),
        };
        let arguments = compiler.arguments(&self.fill);
        sandbox.open_box_ahead(&plan.limits, &self.files(), ahead, arguments.as_deref()).await
    }

    /// All runs, one after the other. The verdict is that of the first that is not ok.
    async fn runs(
        &self,
        sandbox: &mut Sandbox,
        compiled: Option<u32>,
        mut stdin: Option<Stdin>,
    ) -> Result<Outcome, SandboxError> {
        let mut verdict = Verdict::Ok;
        for (index, run) in self.spec.effective_runs().into_iter().enumerate() {
            let step = Step::run(index);
            let given = run.stdin.as_ref().map(|content| Stdin::Given(content.bytes()));
            let result = self.one_run(sandbox, step, compiled, &run, stdin.take().or(given)).await?;
            if verdict == Verdict::Ok {
                verdict = result.verdict;
            }
            self.step_finished(step, result).await;
            if verdict == Verdict::Cancelled || (verdict != Verdict::Ok && self.spec.stop_on_failure) {
                break;
            }
        }
        Ok(verdict.into())
    }

    async fn one_run(
        &self,
        sandbox: &mut Sandbox,
        step: Step,
        compiled: Option<u32>,
        run: &RunSpec,
        mut stdin: Option<Stdin>,
    ) -> Result<StepResult, SandboxError> {
        let asked = run.limits.or(self.spec.limits);
        let limits = asked.resolve(&self.workshop.default_limits, &self.workshop.maximum_limits);
        let fill = self.fill.within(&limits);
        let limits = self.workshop.language.run_limits(&limits);
        let id = match compiled {
            Some(from) => {
                let id = sandbox.open_box(&limits, &[]).await?;
                sandbox.copy(from, id);
                id
            }
            None => sandbox.open_box(&limits, &self.files()).await?,
        };
        let mut argv = command(&self.workshop.language.run, &fill);
        argv.extend_from_slice(&run.args);
        let mut plan = self.plan(step, argv, limits);
        plan.capture = run.expect.is_some();
        let StepOutcome { mut result, stdout, .. } = self.step(sandbox, id, &plan, stdin.as_mut()).await?;
        sandbox.discard(id);
        result.name.clone_from(&run.name);
        if let (Verdict::Ok, Some(expect)) = (result.verdict, &run.expect)
            && !matches(&stdout, &expect.stdout.bytes(), expect.checker)
        {
            result.verdict = Verdict::WrongAnswer;
        }
        Ok(result)
    }

    async fn step(
        &self,
        sandbox: &mut Sandbox,
        id: u32,
        plan: &StepPlan,
        stdin: Option<&mut Stdin>,
    ) -> Result<StepOutcome, SandboxError> {
        self.report(FromRunner::StepStarted { step: plan.step }).await;
        self.execute(sandbox, id, plan, stdin).await
    }

    /// One step's program. One that cannot even be started has failed, not the runner.
    async fn execute(
        &self,
        sandbox: &mut Sandbox,
        id: u32,
        plan: &StepPlan,
        stdin: Option<&mut Stdin>,
    ) -> Result<StepOutcome, SandboxError> {
        match sandbox.run_step(id, plan, stdin, self.reporter, self.cancel).await {
            Err(SandboxError::Box { stage, errno }) if stage == "execute" => {
                let why = nix::errno::Errno::from_raw(errno).desc();
                let program = plan.argv.first().map_or("", String::as_str);
                Ok(self.not_started(plan.step, format!("{program}: cannot be started: {why}\n"), None).await)
            }
            Err(SandboxError::Box { stage, errno: DISK_FULL }) if stage == "copy" => {
                let most = plan.limits.disk_bytes;
                let why = format!("the compiled files do not fit into {most} bytes (disk_bytes)\n");
                Ok(self.not_started(plan.step, why, Some(Flag::DiskFull)).await)
            }
            outcome => outcome,
        }
    }

    /// What came of a step whose program never was: the reason goes where its own words would have gone.
    async fn not_started(&self, step: Step, why: String, flag: Option<Flag>) -> StepOutcome {
        let stream = protocol::event::OutputStream::Stderr;
        let _ = self.reporter.send(Report::Output { step, stream, data: Bytes::from(why) }).await;
        let mut result = StepResult::new(Verdict::RuntimeError);
        result.flags.extend(flag);
        StepOutcome { result, stdout: Vec::new(), was_lost: false }
    }

    fn plan(&self, step: Step, argv: Vec<String>, limits: Limits) -> StepPlan {
        let own = ENVIRONMENT.iter().map(|variable| (*variable).to_owned());
        let languages = self.workshop.language.env.iter().map(|(name, value)| format!("{name}={value}"));
        // A name that stands twice would have the first value for some programs and the last for others.
        let jobs = self.spec.env.iter().map(|(name, value)| format!("{name}={value}"));
        let base = own.chain(languages).filter(|variable| {
            let name = variable.split('=').next().unwrap_or_default();
            step == Step::COMPILE || !self.spec.env.contains_key(name)
        });
        let env = if step == Step::COMPILE { base.collect() } else { base.chain(jobs).collect() };
        // A compiler's exit codes are its own.
        let out_of_memory_exit_code =
            self.workshop.language.out_of_memory_exit_code.filter(|_| step != Step::COMPILE);
        StepPlan { step, argv, env, limits, out_of_memory_exit_code, capture: false }
    }

    fn files(&self) -> Vec<(String, Bytes)> {
        self.spec.files.iter().map(|file| (file.path.clone(), file.content.bytes())).collect()
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

fn too_large(limits: &Limits) -> Outcome {
    let message = format!("the program's files do not fit into {} bytes (disk_bytes)", limits.disk_bytes);
    Outcome { verdict: Verdict::CompileError, message: Some(message) }
}

fn compile_message(verdict: Verdict) -> Option<String> {
    let limit = match verdict {
        Verdict::CpuTimeExceeded => "processor time",
        Verdict::WallTimeExceeded => "time",
        Verdict::MemoryExceeded => "memory",
        Verdict::OutputExceeded => "output",
        _ => return None,
    };
    Some(format!("the compiler used more {limit} than it may"))
}
