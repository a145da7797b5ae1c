//! One step: a program in a box, from its start to the judgement on it.

use std::sync::Arc;
use std::time::Duration;

use ::agent::message::{BoxId, Command, End, MAX_DATA, Program, Reply, Rlimits, STDIN_WINDOW, Window};
use bytes::Bytes;
use protocol::event::OutputStream;
use protocol::{Gesture, Limits, Signal, Step, StepResult, TerminalSize, Verdict};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::cgroup::Counters;
use super::verdict::{Evidence, KillReason, judge};
use super::{Sandbox, SandboxError};
use crate::gestures::{Gestures, Listening};
use crate::pipe::Pipe;
use crate::report::{Report, Reporter};
use crate::stdin::Stdin;

/// How often the processor time is looked at, at least and at most: the nearer the limit, the more often.
const CPU_CHECK: std::ops::RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_millis(20);

/// How long a killed box may take to be gone. A fork bomb takes about half a second.
const KILL_TIMEOUT: Duration = Duration::from_secs(10);

/// How much later the kernel's own limit on processor time strikes, which is less exact and per process.
const CPU_BACKSTOP_SECONDS: u64 = 1;

/// Stack of a program's first thread: deep recursion is common, and unused stack costs nothing.
const STACK_BYTES: u64 = 64 * 1024 * 1024;

/// Descriptors that a process may have open.
const OPEN_FILES: u64 = 1024;

/// The most that is kept of words for people, in bytes.
pub const MAX_WORDS: usize = 64 * 1024;

/// What to run.
#[derive(Debug, Clone)]
pub struct StepPlan {
    /// Which step of its job it is.
    pub step: Step,
    /// Name and arguments.
    pub argv: Vec<String>,
    /// Environment, as `NAME=value`.
    pub env: Vec<String>,
    /// What it may use.
    pub limits: Limits,
    /// The exit code by which its runtime says that memory ran out.
    pub out_of_memory_exit_code: Option<i32>,
    /// What it writes that is wanted afterwards.
    pub keep: Keep,
    /// Where its standard output goes beside, as another program's input.
    pub onward: Option<Arc<Pipe>>,
    /// The size of the program's terminal, where it is to have one.
    pub terminal: Option<TerminalSize>,
    /// What is done to the program beside writing to it, where something may be.
    pub gestures: Option<Arc<Gestures>>,
}

/// What a program writes that is wanted once it has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Nothing.
    Nothing,
    /// All of its standard output.
    Stdout,
    /// The beginnings of its standard output and of both outputs together.
    Words,
    /// The beginning of its standard error.
    Errors,
}

/// What came of it.
#[derive(Debug)]
pub struct StepOutcome {
    /// The judgement.
    pub result: StepResult,
    /// Its standard output, where that was wanted.
    pub stdout: Vec<u8>,
    /// What else it wrote that was wanted, as far as [`MAX_WORDS`] go.
    pub words: Vec<u8>,
    /// Whether it was done by a program that was started ahead, and that was killed by nobody knows whom.
    pub was_lost: bool,
}

/// A step in its course.
struct Course<'a> {
    sandbox: &'a mut Sandbox,
    id: BoxId,
    plan: &'a StepPlan,
    cpu_before: Duration,
    started: Instant,
    /// Whether the program was there before, and has only been given its arguments at the start.
    started_ahead: bool,
    killed: Option<(KillReason, Duration)>,
    output_left: u64,
    /// Output that the receiver has not taken yet.
    pending: Option<Report>,
    stdout: Vec<u8>,
    words: Vec<u8>,
    stdin_open: bool,
    stdin_credit: usize,
}

/// What happened next.
enum Event {
    Reply(Reply),
    Tick,
    Deadline,
    Cancelled,
    Gesture(Gesture),
    Input(Option<Bytes>),
    OutputTaken,
}

impl Sandbox {
    /// Runs a program in a box that was opened for it, to its end. Its output is reported as it comes; while
    /// the queue is full the program waits.
    ///
    /// # Errors
    /// [`SandboxError`], where the sandbox failed rather than the program.
    pub async fn run_step(
        &mut self,
        id: BoxId,
        plan: &StepPlan,
        stdin: Option<&mut Stdin>,
        reporter: &Reporter,
        cancel: &CancellationToken,
    ) -> Result<StepOutcome, SandboxError> {
        let cpu_before = self.leaf(id).ok_or(SandboxError::Stuck)?.cpu()?;
        let input =
            self.used.iter_mut().find(|handle| handle.id == id).and_then(|handle| handle.input.take());
        let started_ahead = input.is_some();
        let mut commands = std::mem::take(&mut self.queued);
        if data(&commands) > MAX_DATA {
            // They take a while, which is not the program's.
            self.agent.send(&commands, &[]).await?;
            commands.clear();
        }
        match input {
            Some(data) => commands.extend([Command::Stdin { id, data }, Command::StdinEnd { id }]),
            None => commands.push(Command::Start { id, program: program(plan, stdin.is_some()) }),
        }
        let started = Instant::now();
        self.agent.send(&commands, &[]).await?;
        // While this program runs, the next box is made and the one before goes.
        self.turn_over().await?;
        let course = Course {
            sandbox: self,
            id,
            plan,
            cpu_before,
            started,
            started_ahead,
            killed: None,
            output_left: plan.limits.output_bytes,
            pending: None,
            stdout: Vec::new(),
            words: Vec::new(),
            stdin_open: stdin.is_some(),
            stdin_credit: STDIN_WINDOW,
        };
        course.run(stdin, reporter, cancel).await
    }
}

impl Course<'_> {
    async fn run(
        mut self,
        mut stdin: Option<&mut Stdin>,
        reporter: &Reporter,
        cancel: &CancellationToken,
    ) -> Result<StepOutcome, SandboxError> {
        let mut deadline = self.started + Duration::from_secs_f64(self.plan.limits.wall_seconds);
        let mut check = self.started + self.next_check(Duration::ZERO).unwrap_or_default();
        let gestures = self.plan.gestures.as_deref().map(Gestures::listen);
        loop {
            let wants_input = self.stdin_open && self.stdin_credit > 0 && self.killed.is_none();
            let most = self.stdin_credit.min(MAX_DATA);
            let event = tokio::select! {
                biased;
                () = cancel.cancelled(), if self.killed.is_none() => Event::Cancelled,
                () = sleep_until(deadline) => Event::Deadline,
                () = sleep_until(check), if self.killed.is_none() => Event::Tick,
                () = hand_over(reporter, &mut self.pending), if self.pending.is_some() => Event::OutputTaken,
                gesture = next_gesture(&gestures), if self.killed.is_none() => Event::Gesture(gesture),
                reply = self.sandbox.agent.receive(), if self.pending.is_none() => Event::Reply(reply?),
                input = next_input(&mut stdin, most), if wants_input => Event::Input(input),
            };
            match event {
                Event::OutputTaken => {}
                Event::Cancelled => deadline = self.kill(KillReason::Cancelled).await?,
                Event::Deadline if self.killed.is_some() => return Err(SandboxError::Stuck),
                Event::Deadline => deadline = self.kill(KillReason::Wall).await?,
                Event::Tick => match self.next_check(self.cpu()?) {
                    // The kernel may have killed one process of many: the others have no use either.
                    _ if self.counters()?.oom_killed => deadline = self.kill(KillReason::Memory).await?,
                    Some(wait) => check = Instant::now() + wait,
                    None => deadline = self.kill(KillReason::Cpu).await?,
                },
                Event::Gesture(gesture) => self.pass_on(gesture).await?,
                Event::Input(input) => self.send_input(input).await?,
                Event::Reply(Reply::Output { id, stderr, data }) if id == self.id => {
                    if !self.take_output(stderr, data) && self.killed.is_none() {
                        deadline = self.kill(KillReason::Output).await?;
                    }
                }
                Event::Reply(Reply::StdinTaken { id, bytes }) if id == self.id => {
                    self.stdin_credit = self.stdin_credit.saturating_add(bytes as usize).min(STDIN_WINDOW);
                    if let Some(stdin) = &mut stdin {
                        stdin.taken(bytes).await;
                    }
                }
                Event::Reply(Reply::Ended { id, end, wall_us, disk_full, clean }) if id == self.id => {
                    self.sandbox.note_end(id, end, clean);
                    return self.finish(end, Duration::from_micros(wall_us), disk_full);
                }
                Event::Reply(Reply::Failed { id, stage, errno }) if id == self.id => {
                    return Err(SandboxError::Box { stage, errno });
                }
                Event::Reply(reply) => self.sandbox.note(reply)?,
            }
        }
    }

    /// When to look again at the processor time: not after the limit can be reached. Nothing where it is.
    fn next_check(&self, used: Duration) -> Option<Duration> {
        let left = Duration::from_secs_f64(self.plan.limits.cpu_seconds).checked_sub(used)?;
        let soonest = left.div_f64(self.sandbox.host.cpus.max(1.0));
        Some(soonest.clamp(*CPU_CHECK.start(), *CPU_CHECK.end()))
    }

    /// Kills the box; returns until when it has to be gone.
    async fn kill(&mut self, reason: KillReason) -> Result<Instant, SandboxError> {
        self.killed = Some((reason, self.started.elapsed()));
        self.sandbox.agent.send(&[Command::Kill { id: self.id }], &[]).await?;
        Ok(Instant::now() + KILL_TIMEOUT)
    }

    /// Keeps output for the receiver, up to the limit. Returns whether it was within it.
    fn take_output(&mut self, stderr: bool, data: Vec<u8>) -> bool {
        let within = data.len() as u64 <= self.output_left;
        let mut data = Bytes::from(data);
        data.truncate(usize::try_from(self.output_left).unwrap_or(usize::MAX));
        self.output_left -= data.len() as u64;
        if !data.is_empty() {
            let stream = if stderr { OutputStream::Stderr } else { OutputStream::Stdout };
            self.keep(stderr, &data);
            if let Some(onward) = self.plan.onward.as_ref().filter(|_| !stderr) {
                onward.write(data.clone());
            }
            self.pending = Some(Report::Output { step: self.plan.step, stream, data });
        }
        within
    }

    fn keep(&mut self, stderr: bool, data: &[u8]) {
        match (self.plan.keep, stderr) {
            (Keep::Stdout, false) => self.stdout.extend_from_slice(data),
            (Keep::Words, false) => {
                keep_some(&mut self.stdout, data);
                keep_some(&mut self.words, data);
            }
            (Keep::Words | Keep::Errors, true) => keep_some(&mut self.words, data),
            (Keep::Nothing, _) | (Keep::Stdout, true) | (Keep::Errors, false) => {}
        }
    }

    async fn send_input(&mut self, input: Option<Bytes>) -> Result<(), SandboxError> {
        let command = match input {
            Some(data) => {
                self.stdin_credit = self.stdin_credit.saturating_sub(data.len());
                Command::Stdin { id: self.id, data: data.into() }
            }
            None => {
                self.stdin_open = false;
                Command::StdinEnd { id: self.id }
            }
        };
        Ok(self.sandbox.agent.send(&[command], &[]).await?)
    }

    async fn pass_on(&mut self, gesture: Gesture) -> Result<(), SandboxError> {
        let id = self.id;
        let command = match gesture {
            Gesture::Signal(signal) => Command::Signal { id, signal: signal_of_agent(signal) },
            Gesture::Resize(size) => Command::Window { id, window: window(size) },
        };
        Ok(self.sandbox.agent.send(&[command], &[]).await?)
    }

    fn cpu(&self) -> Result<Duration, SandboxError> {
        let leaf = self.sandbox.leaf(self.id).ok_or(SandboxError::Stuck)?;
        Ok(leaf.cpu()?.saturating_sub(self.cpu_before))
    }

    fn counters(&self) -> Result<Counters, SandboxError> {
        Ok(self.sandbox.leaf(self.id).ok_or(SandboxError::Stuck)?.counters()?)
    }

    fn finish(self, end: End, measured: Duration, disk_full: bool) -> Result<StepOutcome, SandboxError> {
        let wall = match (self.killed, end) {
            (Some((_, after)), _) => after,
            // The box's init, which measures, went with it.
            (None, End::Killed) => self.started.elapsed(),
            // It measures from the program's start, which was before its job's.
            (None, _) if self.started_ahead => self.started.elapsed(),
            (None, _) => measured,
        };
        let evidence = Evidence {
            end,
            killed: self.killed.map(|(reason, _)| reason),
            cpu: self.cpu()?,
            wall,
            counters: self.counters()?,
            disk_full,
            out_of_memory_exit_code: self.plan.out_of_memory_exit_code,
        };
        let result = judge(&evidence, &self.plan.limits);
        let died = result.verdict == Verdict::RuntimeError && !matches!(end, End::Exit(_));
        let was_lost = self.started_ahead && died;
        Ok(StepOutcome { result, stdout: self.stdout, words: self.words, was_lost })
    }
}

async fn next_input(stdin: &mut Option<&mut Stdin>, most: usize) -> Option<Bytes> {
    match stdin {
        Some(stdin) => stdin.next(most).await,
        None => None,
    }
}

async fn next_gesture(gestures: &Option<Listening<'_>>) -> Gesture {
    match gestures {
        Some(gestures) => gestures.next().await,
        None => std::future::pending().await,
    }
}

/// Hands pending output over once there is room. A receiver that is gone takes everything.
async fn hand_over(reporter: &Reporter, pending: &mut Option<Report>) {
    if let Ok(permit) = reporter.reserve().await
        && let Some(report) = pending.take()
    {
        permit.send(report);
    }
    *pending = None;
}

fn keep_some(kept: &mut Vec<u8>, data: &[u8]) {
    let room = MAX_WORDS.saturating_sub(kept.len());
    kept.extend_from_slice(data.get(..room.min(data.len())).unwrap_or_default());
}

/// How much data of files there is in commands, in bytes.
fn data(commands: &[Command]) -> usize {
    let data = commands.iter().map(|command| match command {
        Command::Write { data, .. } => data.len(),
        _ => 0,
    });
    data.sum()
}

fn program(plan: &StepPlan, stdin: bool) -> Program {
    let (argv, env) = (plan.argv.clone(), plan.env.clone());
    Program { argv, env, stdin, terminal: plan.terminal.map(window), rlimits: rlimits(&plan.limits) }
}

fn window(TerminalSize { rows, columns }: TerminalSize) -> Window {
    Window { rows, columns }
}

fn signal_of_agent(signal: Signal) -> ::agent::message::Signal {
    match signal {
        Signal::Int => ::agent::message::Signal::Int,
        Signal::Term => ::agent::message::Signal::Term,
        Signal::Quit => ::agent::message::Signal::Quit,
        Signal::Hup => ::agent::message::Signal::Hup,
        Signal::Usr1 => ::agent::message::Signal::Usr1,
        Signal::Usr2 => ::agent::message::Signal::Usr2,
    }
}

/// The kernel's limits on each process of a step.
pub(super) fn rlimits(limits: &Limits) -> Rlimits {
    Rlimits {
        cpu_seconds: limits.cpu_seconds.ceil() as u64 + CPU_BACKSTOP_SECONDS,
        file_bytes: limits.disk_bytes,
        stack_bytes: STACK_BYTES,
        open_files: OPEN_FILES,
    }
}
