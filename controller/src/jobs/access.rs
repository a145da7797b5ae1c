//! Jobs as somebody asks for them: what is not theirs is as if it were not there.

use std::time::Duration;

use bytes::Bytes;
use protocol::client::JobQuery;
use protocol::{Job, JobAttempt, JobId, JobPage, JobSpec, Problem};

use super::privacy::{Reader, shown_to};
use super::{Jobs, Submission, Watching, internal, unknown};
use crate::identity::{Action, Caller, Reach};

impl Jobs {
    /// [`get`](Self::get), for somebody.
    ///
    /// # Errors
    /// Where there is none for them.
    pub async fn get_for(&self, caller: &Caller, id: JobId) -> Result<Job, Problem> {
        let job = self.get(id).await?;
        match caller.reaches(job.owner.as_deref()) {
            true => Ok(shown_to(caller, job)),
            false => Err(unknown(id)),
        }
    }

    /// [`get_finished`](Self::get_finished), for somebody.
    ///
    /// # Errors
    /// Where there is none for them.
    pub async fn get_finished_for(&self, caller: &Caller, id: JobId, wait: Duration) -> Result<Job, Problem> {
        self.check_reach(caller, id).await?;
        Ok(shown_to(caller, self.get_finished(id, wait).await?))
    }

    /// [`attempts`](Self::attempts), for somebody.
    ///
    /// # Errors
    /// Where there is none for them.
    pub async fn attempts_for(&self, caller: &Caller, id: JobId) -> Result<Vec<JobAttempt>, Problem> {
        self.check_reach(caller, id).await?;
        self.attempts(id).await
    }

    /// [`spec`](Self::spec), for somebody.
    ///
    /// # Errors
    /// Where there is none for them.
    pub async fn spec_for(&self, caller: &Caller, id: JobId) -> Result<JobSpec, Problem> {
        self.check_reach(caller, id).await?;
        self.spec(id).await
    }

    /// [`artifact`](Self::artifact), for somebody.
    ///
    /// # Errors
    /// Where there is none for them.
    pub async fn artifact_for(
        &self,
        caller: &Caller,
        id: JobId,
        run: Option<u32>,
        path: &str,
    ) -> Result<Bytes, Problem> {
        self.check_reach(caller, id).await?;
        self.artifact(id, run, path).await
    }

    /// Runs a job's program again for somebody who may run programs, as a new job of theirs. Input that was streamed to the
    /// old one was not kept.
    ///
    /// # Errors
    /// Where there is no such job for them, or the new one is refused.
    pub async fn rerun_for(&self, caller: &Caller, id: JobId) -> Result<Job, Problem> {
        // Whose programs one may run is one thing, whose one may see another.
        let spec = self.spec_for(&caller.asking(Action::SeeJob)?, id).await?;
        let spec = JobSpec { idempotency_key: None, ..spec };
        let account = caller.principal.account().cloned();
        let (id, _watching) = self.submit(spec, Submission { stdin: None, keep: true, account }).await?;
        self.get(id).await
    }

    /// [`cancel`](Self::cancel), for somebody.
    ///
    /// # Errors
    /// Where there is none for them, or it has ended.
    pub async fn cancel_for(&self, caller: &Caller, id: JobId, message: &str) -> Result<Job, Problem> {
        self.check_reach(caller, id).await?;
        Ok(shown_to(caller, self.cancel(id, message).await?))
    }

    /// [`watch`](Self::watch), for somebody.
    ///
    /// # Errors
    /// Where there is none for them.
    pub async fn watch_for(&self, caller: &Caller, id: JobId, after: u64) -> Result<Watching, Problem> {
        self.check_reach(caller, id).await?;
        Ok(self.watch(id, after).await?.read_by(Reader::new(self.clone(), caller, id)))
    }

    /// [`list`](Self::list), for somebody: of those whom the query names, whoever they may see.
    ///
    /// # Errors
    /// Where the query is not possible.
    pub async fn list_for(&self, caller: &Caller, mut query: JobQuery) -> Result<JobPage, Problem> {
        if let Some(listable) = caller.listable() {
            query.owners = Some(match query.owners {
                Some(asked) => asked.into_iter().filter(|owner| listable.contains(owner)).collect(),
                None => listable.into_iter().collect(),
            });
        }
        self.list(query).await
    }

    /// Whoever reaches everything need not be looked up.
    async fn check_reach(&self, caller: &Caller, id: JobId) -> Result<(), Problem> {
        if caller.reach == Reach::All {
            return Ok(());
        }
        let job = self.store.get(id).await.map_err(internal)?;
        match job.is_some_and(|job| caller.reaches(job.owner.as_deref())) {
            true => Ok(()),
            false => Err(unknown(id)),
        }
    }
}
