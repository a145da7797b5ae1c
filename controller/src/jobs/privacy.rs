//! What a job's own checker or interactor says is for the job's owner alone: it may tell of tests that others are not to know.

use protocol::event::JobEvent;
use protocol::{Job, JobId};

use super::Jobs;
use crate::identity::Caller;

/// Whether somebody of this name, if any, may read what judges said of a job. One without an owner is for whoever has
/// its id.
fn may_read(name: Option<&str>, owner: Option<&str>) -> bool {
    owner.is_none_or(|owner| name == Some(owner))
}

/// Takes out of a job what its judges said.
pub fn conceal(job: &mut Job) {
    job.runs.iter_mut().for_each(|run| run.check = None);
}

/// A job as somebody may see it whom it is shown to.
pub(super) fn shown_to(caller: &Caller, mut job: Job) -> Job {
    if !may_read(caller.principal.name(), job.owner.as_deref()) {
        conceal(&mut job);
    }
    job
}

/// Somebody who follows a job.
pub(super) struct Reader {
    jobs: Jobs,
    id: JobId,
    name: Option<String>,
    /// Whether it may read what judges say, once that is known.
    may_read: Option<bool>,
}

impl Reader {
    /// Whose job it is, is looked up once that matters.
    pub(super) fn new(jobs: Jobs, caller: &Caller, id: JobId) -> Self {
        Self { jobs, id, name: caller.principal.name().map(str::to_owned), may_read: None }
    }

    /// An event as it may see it.
    pub(super) async fn see(&mut self, mut event: JobEvent) -> JobEvent {
        match &mut event {
            JobEvent::StepFinished { result, .. } if result.check.is_some() && !self.may_read().await => {
                result.check = None;
            }
            JobEvent::Finished { job } if !may_read(self.name.as_deref(), job.owner.as_deref()) => {
                conceal(job)
            }
            _ => {}
        }
        event
    }

    async fn may_read(&mut self) -> bool {
        if let Some(may) = self.may_read {
            return may;
        }
        // Where that cannot be looked up now, it is asked again at the next event.
        let Ok(Some(job)) = self.jobs.store.get(self.id).await else { return false };
        *self.may_read.insert(may_read(self.name.as_deref(), job.owner.as_deref()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_with_an_owner_tells_others_nothing() {
        assert!(may_read(Some("ada"), Some("ada")));
        assert!(!may_read(Some("teacher"), Some("ada")));
        assert!(!may_read(None, Some("ada")));
        assert!(may_read(None, None) && may_read(Some("ada"), None));
    }
}
