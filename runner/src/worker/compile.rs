//! The compilation of a program: in a box of its own, with a compiler in it already where one was started ahead.

use protocol::{Step, Verdict};

use super::program::{Place, Program};
use super::step::Audience;
use crate::sandbox::spare::Ahead;
use crate::sandbox::step::{Keep, StepOutcome, StepPlan};
use crate::sandbox::{Sandbox, SandboxError};

impl Program<'_> {
    /// Compiles it. Where that went well the place has it from then on.
    ///
    /// # Errors
    /// [`SandboxError`].
    pub(super) async fn compile(
        &self,
        place: &mut Place,
        audience: Audience<'_>,
        keep: Keep,
    ) -> Result<StepOutcome, SandboxError> {
        let argv = self.language.compile_command(&self.spec, &self.fill);
        let plan = StepPlan { keep, ..self.plan(Step::COMPILE, argv, self.compile_limits()) };
        let sandbox = place.lease.sandbox()?;
        let mut id = self.open_compile_box(sandbox, &plan).await?;
        let mut outcome = audience.step(sandbox, id, &plan, None).await?;
        if outcome.was_lost {
            // It may have died just before its job came. One that is started for the job has the last word.
            id = sandbox.open_box(&plan.limits, &self.files()).await?;
            outcome = audience.step(sandbox, id, &plan, None).await?;
        }
        match outcome.result.verdict {
            Verdict::Ok => place.compiled = Some(id),
            Verdict::RuntimeError => outcome.result.verdict = Verdict::CompileError,
            _ => {}
        }
        Ok(outcome)
    }

    /// The box of the compilation, with a compiler in it already where one was started ahead.
    async fn open_compile_box(&self, sandbox: &mut Sandbox, plan: &StepPlan) -> Result<u32, SandboxError> {
        let Some(compiler) = &self.language.compile_ahead else {
            return sandbox.open_box(&plan.limits, &self.files()).await;
        };
        let ahead = Ahead {
            argv: compiler.start(&self.fill),
            env: plan.env.clone(),
            limits: self.language.ahead_limits(),
        };
        let arguments = compiler.arguments(&self.fill);
        sandbox.open_box_ahead(&plan.limits, &self.files(), ahead, arguments.as_deref()).await
    }
}

/// What people should know of a compilation that ended like this.
pub(super) fn message(verdict: Verdict) -> Option<String> {
    let limit = match verdict {
        Verdict::CpuTimeExceeded => "processor time",
        Verdict::WallTimeExceeded => "time",
        Verdict::MemoryExceeded => "memory",
        Verdict::OutputExceeded => "output",
        _ => return None,
    };
    Some(format!("the compiler used more {limit} than it may"))
}
