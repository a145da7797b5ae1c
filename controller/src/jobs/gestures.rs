//! Signals to running programs, and sizes of their terminals.

use protocol::{Gesture, Job, JobId, JobState, Problem, ProblemKind, TerminalSize};

use super::Jobs;
use crate::identity::{Action, Caller};
use crate::live::NotHeard;

/// Why somebody does nothing to a program.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum NoGesture {
    /// The program is not there, or not within reach.
    #[error(transparent)]
    NotHeard(#[from] NotHeard),
    /// Somebody else submitted it.
    #[error("only whoever submitted this job may send its program signals")]
    NotTheirs,
    /// There is no such job for them, or it cannot be.
    #[error("{}", .0.detail)]
    Refused(Problem),
}

impl From<NoGesture> for Problem {
    fn from(no_gesture: NoGesture) -> Self {
        let kind = match no_gesture {
            NoGesture::Refused(problem) => return problem,
            NoGesture::NotHeard(_) => ProblemKind::Conflict,
            NoGesture::NotTheirs => ProblemKind::Forbidden,
        };
        Self::new(kind, no_gesture.to_string())
    }
}

impl Jobs {
    /// Does something to a job's running program for whoever submitted it, who alone may also write its input.
    ///
    /// # Errors
    /// Why it is not done.
    pub async fn gesture_for(&self, caller: &Caller, id: JobId, gesture: Gesture) -> Result<Job, NoGesture> {
        if matches!(gesture, Gesture::Resize(size) if !size.is_possible()) {
            return Err(NoGesture::Refused(Problem::invalid("size", TerminalSize::impossible())));
        }
        // Whose programs one may run is one thing, whose one may see another.
        let seeing = caller.asking(Action::SeeJob).map_err(NoGesture::Refused)?;
        let job = self.get_for(&seeing, id).await.map_err(NoGesture::Refused)?;
        if job.owner.as_deref() != caller.principal.name() {
            return Err(NoGesture::NotTheirs);
        }
        match job.state {
            JobState::Running => self.live.get(id).ok_or(NotHeard::NoLink)?.gesture(gesture)?,
            JobState::Queued | JobState::Finished => return Err(NotHeard::NotRunning.into()),
        }
        Ok(job)
    }
}
