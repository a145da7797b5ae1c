//! A run that talks with the job's interactor: two programs at once, each in a sandbox of its own, and the runner between
//! them.

use std::sync::Arc;

use protocol::{RunSpec, Step, StepResult, Verdict};

use super::Work;
use super::answer::{Answer, Said};
use super::judge::{Judge, Question, Seat, beside};
use super::program::Place;
use super::step::Audience;
use crate::pipe::Pipe;
use crate::sandbox::SandboxError;
use crate::stdin::Stdin;

/// Which of the two ended first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum First {
    Program,
    Interactor,
}

impl Work<'_> {
    /// Runs the program with the interactor.
    ///
    /// # Errors
    /// [`SandboxError`].
    pub(super) async fn interact(
        &self,
        judge: &Judge<'_>,
        place: &mut Place,
        seat: &mut Seat,
        step: Step,
        run: &RunSpec,
    ) -> Result<StepResult, SandboxError> {
        let mut result = StepResult::new(Verdict::Cancelled);
        let other = match seat {
            Seat::Ready(other, _) => other,
            Seat::Cancelled => return Ok(result),
            Seat::Faulty(said) => {
                said.clone().judge(&mut result);
                return Ok(result);
            }
        };
        let (first, program, mut said) = self.talk(judge, place, other, step, run).await?;
        seat.charge(&mut said);
        match self.cancel.is_cancelled() {
            true => result.usage = program.usage,
            false => result = settle(first, program, said),
        }
        Ok(result)
    }

    /// Both at once. Whoever has nothing to say any more, because the other has decided the run, is stopped.
    async fn talk(
        &self,
        judge: &Judge<'_>,
        place: &mut Place,
        other: &mut Place,
        step: Step,
        run: &RunSpec,
    ) -> Result<(First, StepResult, Said), SandboxError> {
        let (to_program, to_interactor) = (Arc::new(Pipe::default()), Arc::new(Pipe::default()));
        let (stop_program, stop_interactor) = (self.cancel.child_token(), self.cancel.child_token());
        let limits = self.program.run_limits(run.limits);
        let mut plan = self.program.run_plan(step, &run.args, &limits);
        plan.onward = Some(Arc::clone(&to_interactor));
        let sandbox = place.lease.sandbox()?;
        let program = async {
            let id = self.program.open(sandbox, place.compiled, &plan.limits).await?;
            let mut stdin = Stdin::From(Arc::clone(&to_program));
            let audience = Audience { reporter: self.reporter, cancel: &stop_program };
            let outcome = audience.step(sandbox, id, &plan, Some(&mut stdin)).await;
            // Nothing is waited for behind this: an interactor that hears of the end must not seem to have been first.
            to_interactor.close();
            Ok::<_, SandboxError>((id, outcome?.result, sandbox))
        };
        let expected = run.expect.as_ref().map(|expect| &expect.stdout);
        let question = Question {
            files: vec![beside("input", run.stdin.as_ref()), beside("expected", expected)],
            // While the program may think, its interactor may wait.
            patience: limits.wall_seconds,
            talk: Some((Arc::clone(&to_interactor), Arc::clone(&to_program))),
            cancel: &stop_interactor,
        };
        let interactor = async {
            let said = judge.ask(other, question).await;
            to_program.close();
            said
        };
        tokio::pin!(program, interactor);
        let (first, (id, mut result, sandbox), said) = tokio::select! {
            biased;
            ended = &mut program => {
                let ended = ended?;
                if ended.1.verdict != Verdict::Ok {
                    stop_interactor.cancel();
                }
                (First::Program, ended, interactor.await?)
            }
            said = &mut interactor => {
                let said = said?;
                if said.answer != Ok(Answer::Right) {
                    stop_program.cancel();
                }
                (First::Interactor, program.await?, said)
            }
        };
        self.keep_artifacts(sandbox, id, place.compiled, step, &mut result).await?;
        sandbox.discard(id);
        Ok((first, result, said))
    }
}

/// The judgement on a run whose program ended like this and whose interactor said that. The program's own end counts
/// where it came first, or the interactor found nothing wrong.
fn settle(first: First, mut program: StepResult, said: Said) -> StepResult {
    let own_fault = program.verdict != Verdict::Ok;
    if own_fault && (first == First::Program || said.answer == Ok(Answer::Right)) {
        let mut check = said.into_check();
        // It was stopped, or has nothing to blame the program for.
        check.fault = None;
        program.check = Some(check);
    } else {
        said.judge(&mut program);
    }
    program
}

#[cfg(test)]
mod tests {
    use protocol::Usage;

    use super::*;

    fn verdict(first: First, program: Verdict, answer: Result<Answer, &str>) -> Verdict {
        let answer = answer.map_err(str::to_owned);
        let said = Said { answer, words: Vec::new(), usage: Usage::default() };
        settle(first, StepResult::new(program), said).verdict
    }

    #[test]
    fn whoever_ends_a_run_first_decides_it() {
        use First::{Interactor, Program};
        use Verdict::{Cancelled, InternalError, Ok as Right, RuntimeError, WallTimeExceeded, WrongAnswer};

        assert_eq!(verdict(Program, Right, Ok(Answer::Right)), Right);
        assert_eq!(verdict(Interactor, Right, Ok(Answer::Right)), Right);
        assert_eq!(verdict(Program, Right, Ok(Answer::Wrong)), WrongAnswer);
        assert_eq!(verdict(Program, Right, Err("crashed")), InternalError);
        assert_eq!(verdict(Program, RuntimeError, Ok(Answer::Wrong)), RuntimeError);
        assert_eq!(verdict(Program, RuntimeError, Err("stopped")), RuntimeError);
        assert_eq!(verdict(Interactor, RuntimeError, Ok(Answer::Wrong)), WrongAnswer);
        assert_eq!(verdict(Interactor, Cancelled, Ok(Answer::Partly(0.5))), WrongAnswer);
        assert_eq!(verdict(Interactor, Cancelled, Err("crashed")), InternalError);
        assert_eq!(verdict(Interactor, WallTimeExceeded, Ok(Answer::Right)), WallTimeExceeded);
    }
}
