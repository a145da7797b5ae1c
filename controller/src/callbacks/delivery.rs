//! The steps of a callback: what it says is kept, it is sent, and it is looked for what others left behind.

use std::time::Duration;

use hyper::StatusCode;
use protocol::{JobId, JobState, Secret};
use rand::RngExt as _;
use tokio::time::{sleep, timeout};

use super::backoff;
use super::courier::Courier;
use super::errand::{self, Errand};
use super::parties;
use super::post::{Meaning, PostError, meaning, post};
use super::target::Target;
use crate::store::{Store, StoreError, Version};
use crate::{clock, dice, identity};

/// How much longer than a try may take it is kept for whoever has begun with it.
const SLACK: Duration = Duration::from_secs(5);

/// A callback is let go of whose job nobody knows so long after it was promised.
const UNKNOWN: Duration = Duration::from_secs(3600);

/// How long to wait where the store fails.
const PAUSE: Duration = Duration::from_secs(5);

/// What came of a try.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("it answered {0}")]
    Status(StatusCode),
    #[error(transparent)]
    Post(#[from] PostError),
    #[error("it takes too long")]
    Timeout,
}

impl Courier {
    /// Keeps what a finished job's callback says, for sending it then.
    pub(super) async fn keep(self, job: JobId) {
        match self.try_keep(job).await {
            Ok(true) => self.callbacks.with(|agenda| agenda.due(job, clock::now())),
            Ok(false) => self.callbacks.with(|agenda| agenda.forget(job)),
            Err(error) => {
                tracing::warn!(%job, error = &error as &dyn std::error::Error, "a callback cannot be prepared");
                sleep(PAUSE).await;
                // It is found again when all are looked through.
                self.callbacks.with(|agenda| agenda.wait(job));
            }
        }
    }

    /// Returns whether there is something to send.
    async fn try_keep(&self, job: JobId) -> Result<bool, StoreError> {
        let store = &*self.callbacks.store;
        let Some((errand, _)) = errand::find(store, job).await? else { return Ok(false) };
        match store.get(job).await? {
            Some(ended) if ended.state == JobState::Finished => errand::keep_body(store, ended).await?,
            _ if errand::body(store, job).await?.is_some() => {}
            _ => {
                let Errand { delivery, .. } = errand;
                tracing::error!(%job, delivery, "a callback is lost: its job was forgotten before it was kept");
                errand::forget(store, job).await?;
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Sends a callback, if that is still to be done and nobody else does it.
    pub(super) async fn send(self, job: JobId) {
        let next = self.try_send(job).await.unwrap_or_else(|error| {
            tracing::warn!(%job, error = &error as &dyn std::error::Error, "a callback cannot be looked after");
            Some(PAUSE)
        });
        let at = next.map(|pause| clock::now().checked_add(pause));
        self.callbacks.with(|agenda| match at {
            Some(Ok(at)) => agenda.due(job, at),
            Some(Err(_)) | None => agenda.forget(job),
        });
    }

    /// Returns how soon to look again.
    async fn try_send(&self, job: JobId) -> Result<Option<Duration>, StoreError> {
        let store = &*self.callbacks.store;
        let Some((mut errand, version)) = errand::find(store, job).await? else {
            // Somebody else was faster.
            errand::forget(store, job).await?;
            return Ok(None);
        };
        let rest = errand.not_before.map(|at| at.duration_since(clock::now()));
        if let Some(rest) = rest.and_then(|rest| Duration::try_from(rest).ok()).filter(|rest| !rest.is_zero())
        {
            return Ok(Some(rest));
        }
        let hold = self.callbacks.settings.timeout + SLACK;
        errand.tries += 1;
        errand.not_before = clock::now().checked_add(hold).ok();
        let Some(version) = errand::put(store, job, &errand, version).await? else { return Ok(Some(hold)) };
        let (Some(body), Ok(target)) = (errand::body(store, job).await?, errand.target()) else {
            return self.let_go(job, &errand, "nothing is left of it").await;
        };
        let Ok(key) = identity::callback_key(store, errand.owner.as_deref()).await else {
            return Ok(Some(hold));
        };
        let Some(key) = key else {
            return self.let_go(job, &errand, "its owner has no account any more").await;
        };
        let result = self.attempt(&target, &errand, &key, body).await;
        self.settle(job, (errand, version), &target, result).await
    }

    async fn attempt(
        &self,
        target: &Target,
        errand: &Errand,
        key: &Secret,
        body: String,
    ) -> Result<Meaning, Failure> {
        let seconds = clock::now().as_second();
        let post = post(&self.dialer, target, errand, (key, seconds), body);
        let status = timeout(self.callbacks.settings.timeout, post).await.map_err(|_| Failure::Timeout)??;
        match meaning(status) {
            Meaning::Again => Err(Failure::Status(status)),
            meaning => Ok(meaning),
        }
    }

    /// Notes what came of a try. Returns how soon the next one is.
    async fn settle(
        &self,
        job: JobId,
        (mut errand, version): (Errand, Version),
        target: &Target,
        result: Result<Meaning, Failure>,
    ) -> Result<Option<Duration>, StoreError> {
        let store = &*self.callbacks.store;
        let pause = self.note(job, &errand, target, &result);
        let Some(pause) = pause else {
            errand::forget(store, job).await?;
            return Ok(None);
        };
        errand.not_before = clock::now().checked_add(pause).ok();
        // Where somebody else has it meanwhile, that is found then.
        errand::put(store, job, &errand, version).await?;
        Ok(Some(pause))
    }

    /// Says in the log what came of a try. Returns how long to wait for the next one; `None` where there is none.
    fn note(
        &self,
        job: JobId,
        errand: &Errand,
        target: &Target,
        result: &Result<Meaning, Failure>,
    ) -> Option<Duration> {
        let (Errand { delivery, tries, .. }, receiver) = (errand, target.authority());
        let failure = match result {
            Ok(meaning) => {
                let is_wanted = *meaning == Meaning::Arrived;
                tracing::debug!(%job, delivery, receiver, tries, is_wanted, "a callback has arrived");
                return None;
            }
            Err(failure) => failure as &dyn std::error::Error,
        };
        let first = self.callbacks.settings.first_pause;
        let pause = backoff::pause(first, *tries, dice::dice().random());
        match pause.map(|pause| pause.as_secs()) {
            Some(seconds) => {
                tracing::info!(%job, delivery, receiver, tries, seconds, error = failure, "a callback is tried again");
            }
            None => {
                tracing::warn!(%job, delivery, receiver, tries, error = failure, "a callback is given up")
            }
        }
        pause
    }

    async fn let_go(&self, job: JobId, errand: &Errand, why: &str) -> Result<Option<Duration>, StoreError> {
        let Errand { delivery, tries, .. } = errand;
        tracing::warn!(%job, delivery, tries, error = why, "a callback is given up");
        errand::forget(&*self.callbacks.store, job).await?;
        Ok(None)
    }

    /// Looks through all that is owed: what others left behind, and what was missed.
    pub(super) async fn sweep(self) {
        if let Err(error) = self.try_sweep().await {
            tracing::warn!(error = &error as &dyn std::error::Error, "callbacks cannot be looked through");
        }
    }

    async fn try_sweep(&self) -> Result<(), StoreError> {
        let mut unseen = self.callbacks.with(|agenda| agenda.waiting());
        let mut after = Some(String::new());
        while let Some(from) = after {
            let (page, next) = errand::page(&*self.callbacks.store, &from).await?;
            for (job, errand) in page {
                unseen.remove(&job);
                self.take_up(job, &errand).await?;
            }
            after = next;
        }
        // Somebody else has told their receivers.
        self.callbacks.with(|agenda| unseen.into_iter().for_each(|job| agenda.forget(job)));
        Ok(())
    }

    async fn take_up(&self, job: JobId, errand: &Errand) -> Result<(), StoreError> {
        let store = &*self.callbacks.store;
        let Ok(target) = errand.target() else { return Ok(()) };
        let waits = self.callbacks.with(|agenda| {
            agenda.expect(job, parties(&target, errand));
            agenda.waits(job)
        });
        if !waits {
            return Ok(());
        }
        if errand.tries > 0 {
            let at = errand.not_before.unwrap_or_else(clock::now);
            self.callbacks.with(|agenda| agenda.due(job, at));
            return Ok(());
        }
        if has_ended(store, job, errand).await? {
            self.callbacks.with(|agenda| agenda.ended(job));
        }
        Ok(())
    }
}

/// Whether a job has ended, or is none any more.
async fn has_ended(store: &dyn Store, job: JobId, errand: &Errand) -> Result<bool, StoreError> {
    match store.get(job).await? {
        Some(known) => Ok(known.state == JobState::Finished),
        None if errand::body(store, job).await?.is_some() => Ok(true),
        // It is about to be taken in, or was not.
        None => {
            let age = clock::now().duration_since(errand.made_at);
            if Duration::try_from(age).is_ok_and(|age| age > UNKNOWN) {
                errand::forget(store, job).await?;
            }
            Ok(false)
        }
    }
}
