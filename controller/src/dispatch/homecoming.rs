//! Jobs that came home here without a word: the call that brought them failed, and had been done all the same. After
//! a failure the store is asked for all that waits here, and what is not known is taken in.

use super::Dispatcher;
use crate::store::{Queued, StoreError};

/// How many jobs are looked at a time.
const BATCH: usize = 256;

/// Jobs that want more than a place among those that wait.
#[derive(Debug, Default)]
pub(super) struct Strays {
    /// They cannot be run here: kept until they have been dealt with.
    pub(super) jobs: Vec<Queued>,
    /// The store said that they wait while a runner had them by what is known here: either it was just being given
    /// to it, or its attempt is over, which is to be heard of yet.
    suspects: Vec<Queued>,
}

impl Dispatcher {
    /// Takes in what is at home here and not known, where that may be.
    pub(super) async fn reconcile(&self, strays: &mut Strays) -> Result<(), StoreError> {
        for suspect in std::mem::take(&mut strays.suspects) {
            self.take_note(suspect, strays);
        }
        match self.backlog.take_doubt() {
            true => self.look_at_home(strays).await.inspect_err(|_| self.backlog.doubt()),
            false => Ok(()),
        }
    }

    async fn look_at_home(&self, strays: &mut Strays) -> Result<(), StoreError> {
        let mut after = 0;
        loop {
            let jobs = self.store.at_home(after, BATCH).await?;
            let Some(last) = jobs.last() else { return Ok(()) };
            after = last.number;
            jobs.into_iter().for_each(|job| self.take_note(job, strays));
        }
    }

    /// A job waited at home here a moment ago; it may be known, or being claimed. What does not wait any more by now is found out where it is claimed.
    pub(super) fn take_note(&self, job: Queued, strays: &mut Strays) {
        let id = job.id;
        let (waits, given) =
            self.backlog.with(|scheduler, _| (scheduler.waits(id), scheduler.holder(id).is_some()));
        if given {
            strays.suspects.push(job);
        } else if !waits && !strays.jobs.iter().any(|stray| stray.id == id) {
            self.take_home(job, strays);
        }
    }

    /// Takes in a job that is at home here now.
    pub(super) fn take_home(&self, job: Queued, strays: &mut Strays) {
        if self.is_stray(&job) {
            strays.jobs.push(job);
            return;
        }
        let id = job.id;
        let position = self.backlog.add(job);
        if let Some(live) = self.live.get(id) {
            live.queued(position);
        }
    }

    /// Whether another controller has a job's input, or its client.
    fn is_stray(&self, job: &Queued) -> bool {
        let has_input = self.live.get(job.id).is_some_and(|live| live.stdin().is_some());
        (job.stdin_follows && !has_input) || (job.no_wait && !self.live.is_undecided(job.id))
    }
}
