//! A job's own checker or interactor: a program beside the job's, in sandboxes of its own. It is got ready when it is first
//! needed, and asked in a fresh box each time.

use std::sync::Arc;

use protocol::{Content, LimitsRequest, Step, Usage, Verdict};
use tokio_util::sync::CancellationToken;

use super::answer::{Said, answer};
use super::compile;
use super::program::{Place, Program};
use super::step::Audience;
use super::{NotOffered, Workshop};
use crate::languages::ProgramError;
use crate::pipe::Pipe;
use crate::report::{Reporter, queue};
use crate::sandbox::SandboxError;
use crate::sandbox::collect::CollectedFile;
use crate::sandbox::step::{Keep, StepOutcome};
use crate::stdin::Stdin;

/// A program that judges others.
pub(super) struct Judge<'a> {
    /// What people call it.
    name: &'static str,
    program: Result<Program<'a>, ProgramError>,
    /// Nobody hears what it writes before it has ended.
    silence: Reporter,
}

/// A judge that was got ready, as far as that went.
pub(super) enum Seat {
    /// It can be asked, and was compiled at this cost.
    Ready(Box<Place>, Usage),
    /// It cannot.
    Faulty(Said),
    /// The job was stopped meanwhile.
    Cancelled,
}

/// How a judge is asked.
pub(super) struct Question<'a> {
    /// Files that it finds beside its own, by name; these names are its arguments.
    pub(super) files: Vec<CollectedFile>,
    /// What it may use beyond its own limit on time, in seconds.
    pub(super) patience: f64,
    /// What it reads and where its standard output goes, where it talks with the run.
    pub(super) talk: Option<(Arc<Pipe>, Arc<Pipe>)>,
    /// Stops it.
    pub(super) cancel: &'a CancellationToken,
}

/// A file that a judge finds beside its own.
pub(super) fn beside(name: &str, content: Option<&Content>) -> CollectedFile {
    let content = content.map(Content::bytes).unwrap_or_default();
    CollectedFile { path: name.to_owned(), executable: false, content }
}

impl<'a> Judge<'a> {
    /// A judge that people call by this name.
    ///
    /// # Errors
    /// [`NotOffered`].
    pub(super) fn new(
        name: &'static str,
        workshop: &'a Workshop,
        judge: &protocol::Judge,
    ) -> Result<Self, NotOffered> {
        let (silence, _) = queue();
        Ok(Self { name, program: Program::of_judge(workshop, judge)?, silence })
    }

    /// Gets it ready, compiled where it has to be.
    ///
    /// # Errors
    /// [`SandboxError`].
    pub(super) async fn get_ready(&self, cancel: &CancellationToken) -> Result<Seat, SandboxError> {
        let program = match &self.program {
            Ok(program) => program,
            Err(error) => return Ok(self.not_compiled(&error.to_string(), Vec::new())),
        };
        let lease = tokio::select! {
            lease = program.workshop.pool.take_beside(program.image()) => lease?,
            () = cancel.cancelled() => return Ok(Seat::Cancelled),
        };
        let mut place = Place::new(lease);
        if !program.is_compiled() {
            return Ok(Seat::Ready(Box::new(place), Usage::default()));
        }
        let StepOutcome { result, words, .. } =
            program.compile(&mut place, self.audience(cancel), Keep::Words).await?;
        Ok(match result.verdict {
            Verdict::Ok => Seat::Ready(Box::new(place), result.usage),
            verdict => {
                place.lease.give_back();
                match verdict {
                    Verdict::Cancelled => Seat::Cancelled,
                    verdict => {
                        let why = compile::message(verdict);
                        self.not_compiled(why.as_deref().unwrap_or("its compiler refuses it"), words)
                    }
                }
            }
        })
    }

    /// Asks it, in a fresh box.
    ///
    /// # Errors
    /// [`SandboxError`].
    pub(super) async fn ask(&self, place: &mut Place, question: Question<'_>) -> Result<Said, SandboxError> {
        let program = match &self.program {
            Ok(program) => program,
            Err(error) => return Ok(Said::fault(error.to_string(), Vec::new())),
        };
        let Question { files, patience, talk, cancel } = question;
        let mut limits = program.run_limits(LimitsRequest::default());
        limits.wall_seconds += patience;
        let args: Vec<String> = files.iter().map(|file| file.path.clone()).collect();
        let mut plan = program.run_plan(Step::run(0), &args, &limits);
        plan.keep = if talk.is_some() { Keep::Errors } else { Keep::Words };
        let mut stdin = None;
        if let Some((from, to)) = talk {
            stdin = Some(Stdin::From(from));
            plan.onward = Some(to);
        }
        let sandbox = place.lease.sandbox()?;
        let id = program.open(sandbox, place.compiled, &plan.limits).await?;
        sandbox.put(id, &files);
        let outcome = self.audience(cancel).step(sandbox, id, &plan, stdin.as_mut()).await;
        sandbox.discard(id);
        let StepOutcome { result, stdout, words, .. } = match outcome {
            Err(SandboxError::Box { stage, .. }) if stage == "write" => {
                let fault = format!("the {} has files of its own called {}", self.name, args.join(", "));
                return Ok(Said::fault(fault, Vec::new()));
            }
            outcome => outcome?,
        };
        let first = if plan.keep == Keep::Errors { &words } else { &stdout };
        Ok(Said { answer: answer(self.name, &result, first), usage: result.usage, words })
    }

    /// Its program, where it is one.
    pub(super) fn program(&self) -> Option<&Program<'a>> {
        self.program.as_ref().ok()
    }

    fn audience<'s>(&'s self, cancel: &'s CancellationToken) -> Audience<'s> {
        Audience { reporter: &self.silence, cancel }
    }

    fn not_compiled(&self, why: &str, words: Vec<u8>) -> Seat {
        Seat::Faulty(Said::fault(format!("the {} does not compile: {why}", self.name), words))
    }
}

impl Seat {
    /// Gives its sandbox back.
    pub(super) fn leave(self) {
        if let Self::Ready(place, _) = self {
            place.lease.give_back();
        }
    }

    /// Adds what its compilation cost to what was said, the first time.
    pub(super) fn charge(&mut self, said: &mut Said) {
        if let Self::Ready(_, cost) = self {
            said.usage = said.usage.plus(std::mem::take(cost));
        }
    }
}
