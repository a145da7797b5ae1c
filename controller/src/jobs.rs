//! What clients can do with jobs, whichever door they come through.

mod access;
mod admission;
mod cluster;
mod gestures;
mod input;
mod joining;
mod privacy;
mod shutdown;
#[cfg(test)]
mod tests;
mod watching;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use protocol::client::JobQuery;
use protocol::{
    Job, JobAttempt, JobId, JobPage, JobSpec, JobState, Problem, ProblemKind, Timestamp, check_path,
};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::backlog::{Backlog, share_of};
use crate::budget::Budget;
use crate::callbacks::{Callbacks, Target};
use crate::dice;
use crate::identity::{Account, Usage};
use crate::live::{Live, StdinLog, Undecided, Watcher};
use crate::roster::Roster;
use crate::steering::Steering;
use crate::store::{Cancelled, EnqueueError, Enqueued, NewJob, Store, StoreError};

use admission::peak;
pub use cluster::SampleQuery;
pub use gestures::NoGesture;
pub use input::{HAND_AWAY, NoInput, SOCKET_AWAY};
pub use privacy::conceal;
pub use watching::Watching;

/// When to come back to a full queue, in seconds.
const RETRY_AFTER: u32 = 2;

/// How long a job goes on whose last watcher has gone: a client whose connection broke dials again after 2 s at most.
const RETURN: Duration = Duration::from_secs(4);

/// The most jobs on a page.
const MAX_PAGE: u32 = 100;

/// What may be held for jobs.
#[derive(Debug, Clone)]
pub struct JobLimits {
    /// Bytes of one job's contents.
    pub max_body: u64,
    /// Bytes of one job's streamed standard input.
    pub max_stdin: u64,
    /// Jobs that may wait, for people to see.
    pub max_queue: u64,
}

/// The most bytes that a word may have by which jobs are found.
const MAX_WORDS: usize = 512;

/// The jobs of this controller.
#[derive(Clone)]
pub struct Jobs {
    store: Arc<dyn Store>,
    backlog: Arc<Backlog>,
    live: Arc<Live>,
    roster: Arc<Roster>,
    steering: Arc<Steering>,
    budget: Budget,
    limits: JobLimits,
    usage: Arc<Usage>,
    callbacks: Arc<Callbacks>,
    started_at: Timestamp,
    draining: CancellationToken,
    tasks: TaskTracker,
}

/// How a job is submitted, beside its specification.
#[derive(Debug, Default)]
pub struct Submission {
    /// Its streamed standard input, where it has one.
    pub stdin: Option<Arc<StdinLog>>,
    /// Whether it goes on when nobody watches it.
    pub keep: bool,
    /// The user who submits it, where it is one.
    pub account: Option<Arc<Account>>,
}

impl Jobs {
    /// The jobs in this store.
    pub fn new(
        store: Arc<dyn Store>,
        backlog: Arc<Backlog>,
        live: Arc<Live>,
        roster: Arc<Roster>,
        budget: Budget,
        limits: JobLimits,
        (usage, callbacks): (Arc<Usage>, Arc<Callbacks>),
    ) -> Self {
        let steering = Arc::new(Steering::new(Arc::clone(&store) as _, Arc::clone(&roster)));
        Self {
            store,
            backlog,
            live,
            roster,
            steering,
            budget,
            limits,
            usage,
            callbacks,
            started_at: Timestamp::now(),
            draining: CancellationToken::new(),
            tasks: TaskTracker::new(),
        }
    }

    /// What may be held for jobs.
    pub fn limits(&self) -> &JobLimits {
        &self.limits
    }

    /// Takes a job in, and follows it from its first event. Where it is not to wait, returns only once a runner
    /// has begun with it. A job with the same idempotency key is this job, wherever it is.
    ///
    /// # Errors
    /// The [`Problem`] with it; nothing is started or kept then.
    pub async fn submit(
        &self,
        mut spec: JobSpec,
        submission: Submission,
    ) -> Result<(JobId, Watching), Problem> {
        if self.is_draining() {
            return Err(shutting_down());
        }
        self.check(&mut spec)?;
        if let Some(account) = &submission.account {
            self.hold_to_quota(&mut spec, account)?;
        }
        // It is kept apart from the program: nobody who sees or runs that is to see it.
        let callback = spec.callback_url.take().map(|url| self.callbacks.target(&url)).transpose()?;
        let spec = Arc::new(spec);
        loop {
            if let Some(submitted) = self.submit_once(&spec, callback.as_ref(), &submission).await? {
                return Ok(submitted);
            }
        }
    }

    /// The same; `None` where a job had its key that was withdrawn meanwhile, as if there had never been one.
    async fn submit_once(
        &self,
        spec: &Arc<JobSpec>,
        callback: Option<&Target>,
        submission: &Submission,
    ) -> Result<Option<(JobId, Watching)>, Problem> {
        let Submission { stdin, keep, account } = submission;
        let admission = self.admit(account.as_deref()).await?;
        let owner = account.as_ref().map(|account| account.name.clone());
        let id = dice::job_id();
        if let Some(target) = callback {
            self.callbacks.promise(id, target, owner.as_deref()).await?;
        }
        let watcher = self.live.open(id, stdin.clone(), *keep);
        let undecided = spec.no_wait.then(|| self.live.undecided(id));
        let (peak, share, stdin_follows) = (peak(spec), share_of(spec, owner.as_deref()), stdin.is_some());
        let new = NewJob { id, spec: Arc::clone(spec), peak, share, owner, stdin_follows };
        let (position, undecided) = match self.take_in(new, undecided).await {
            Ok(Ok(taken_in)) => taken_in,
            Ok(Err(existing)) => {
                self.owe_nothing(id, callback.is_some()).await;
                return self.join(existing, spec.no_wait).await;
            }
            Err(error) => {
                if let EnqueueError::Full { .. } = error {
                    self.owe_nothing(id, callback.is_some()).await;
                }
                return Err(queue_problem(error));
            }
        };
        watcher.job().queued(position);
        let watcher = match undecided {
            Some(undecided) => self.decide(watcher, undecided, callback.is_some()).await?,
            None => watcher,
        };
        admission.keep(id);
        if let Some(stdin) = stdin {
            self.tasks.spawn(self.clone().guard_stdin(id, Arc::clone(stdin)));
        }
        Ok(Some((id, watcher.into())))
    }

    /// Waits until a runner has begun with a job that is not to wait. In a task of its own: where the job is sent
    /// away, nobody is to be told how it ended, even where its client goes away before.
    async fn decide(
        &self,
        watcher: Watcher,
        undecided: Undecided,
        has_callback: bool,
    ) -> Result<Watcher, Problem> {
        let jobs = self.clone();
        let deciding = self.tasks.spawn(async move {
            let begun = watcher.begun().await;
            drop(undecided);
            if begun.is_err() {
                jobs.owe_nothing(watcher.job().id(), has_callback).await;
            }
            begun.map(|()| watcher)
        });
        deciding.await.map_err(|error| internal(StoreError::Failed(error.into())))?
    }

    /// There is no such job, so nobody is told how it ended.
    async fn owe_nothing(&self, id: JobId, has_callback: bool) {
        if has_callback {
            self.callbacks.withdraw(id).await;
        }
    }

    /// Queues a job. Returns its position and its mark, or the job that has its key already. In a task of its own:
    /// what the store has taken in has to be dispatched, even where its client goes away meanwhile.
    async fn take_in(
        &self,
        new: NewJob,
        undecided: Option<Undecided>,
    ) -> Result<Result<(u64, Option<Undecided>), JobId>, EnqueueError> {
        let Self { store, backlog, live, .. } = self.clone();
        let taking_in = self.tasks.spawn(async move {
            let id = new.id;
            let refused = match store.enqueue(new).await {
                Ok(Enqueued::New(queued)) => {
                    live.recent().submitted();
                    return Ok(Ok((backlog.add_new(queued), undecided)));
                }
                Ok(Enqueued::Existing(existing)) => Ok(Err(existing)),
                Err(error) => Err(error),
            };
            // It may have been taken in all the same, and found in the store before the answer was lost.
            if let Some(position) = backlog.find_or(id, || live.discard(id)) {
                return Ok(Ok((position, undecided)));
            }
            drop(undecided);
            if let Err(EnqueueError::Store(_)) = refused {
                // It may have been taken in all the same: nobody waits for it then.
                backlog.doubt();
            }
            refused
        });
        taking_in.await.map_err(|error| StoreError::Failed(error.into()))?
    }

    /// A job with its output.
    ///
    /// # Errors
    /// Where there is none.
    pub async fn get(&self, id: JobId) -> Result<Job, Problem> {
        let mut job = self.store.get(id).await.map_err(internal)?.ok_or_else(|| unknown(id))?;
        if job.state == JobState::Queued
            && let Some((why, position)) = self.backlog.explain(id)
        {
            job.message = Some(why);
            job.position = Some(position);
        }
        Ok(job)
    }

    /// A job's program, as it was submitted.
    ///
    /// # Errors
    /// Where there is none.
    pub async fn spec(&self, id: JobId) -> Result<JobSpec, Problem> {
        let spec = self.store.spec(id).await.map_err(internal)?;
        spec.map(Arc::unwrap_or_clone).ok_or_else(|| unknown(id))
    }

    /// A file that a run of a job left; where no run is named, the first that left such a one.
    ///
    /// # Errors
    /// Where there is none.
    pub async fn artifact(&self, id: JobId, run: Option<u32>, path: &str) -> Result<Bytes, Problem> {
        let missing = || Problem::new(ProblemKind::NotFound, "no such file is kept of this job").at("path");
        // No file is called so, and not every store can be asked for it.
        check_path(path).map_err(|_| missing())?;
        self.store.artifact(id, run, path).await.map_err(internal)?.ok_or_else(missing)
    }

    /// A job, once it has finished or so much time has passed.
    ///
    /// # Errors
    /// Where there is none.
    pub async fn get_finished(&self, id: JobId, wait: Duration) -> Result<Job, Problem> {
        let finished = async {
            tokio::select! {
                biased;
                job = self.until_finished(id) => job,
                () = self.left_behind(id) => None,
            }
        };
        match tokio::time::timeout(wait, finished).await {
            Ok(Some(job)) => Ok(Arc::unwrap_or_clone(job)),
            // That it takes longer is not an error.
            Ok(None) | Err(_) => self.get(id).await,
        }
    }

    /// Waits until a job has finished, here or elsewhere, or is not known. Returns it where it need not be looked up.
    async fn until_finished(&self, id: JobId) -> Option<Arc<Job>> {
        let mut changes = self.store.changes();
        loop {
            if let Some(watcher) = self.live.watch(id, 0) {
                return watcher.outcome().await;
            }
            match self.get(id).await {
                Ok(job) if job.state != JobState::Finished => watching::changed(&mut changes, id).await,
                _ => return None,
            }
        }
    }

    /// The attempts at a job.
    ///
    /// # Errors
    /// Where there is none.
    pub async fn attempts(&self, id: JobId) -> Result<Vec<JobAttempt>, Problem> {
        let attempts = self.store.attempts(id).await.map_err(internal)?;
        if attempts.is_empty() {
            // Nobody has had it yet, or there is none.
            self.get(id).await?;
        }
        Ok(attempts)
    }

    /// A page of jobs.
    ///
    /// # Errors
    /// Where the query is not possible.
    pub async fn list(&self, mut query: JobQuery) -> Result<JobPage, Problem> {
        if query.limit.is_some_and(|limit| !(1..=MAX_PAGE).contains(&limit)) {
            return Err(Problem::invalid("limit", format!("a page has 1 to {MAX_PAGE} jobs")));
        }
        if query.label.as_ref().is_some_and(|label| !label.contains('=')) {
            return Err(Problem::invalid("label", "a label is given as name=value"));
        }
        check_words(&mut query)?;
        if let Some(language) = &mut query.language {
            *language = self.roster.resolve(language).ok_or_else(|| self.unknown_language(language))?;
        }
        self.store.list(&query).await.map_err(|error| match error {
            StoreError::Cursor => Problem::invalid("cursor", error.to_string()),
            error => internal(error),
        })
    }

    /// Stops a job.
    ///
    /// # Errors
    /// Where there is none, or it has ended.
    pub async fn cancel(&self, id: JobId, message: &str) -> Result<Job, Problem> {
        match self.store.cancel(id, message).await.map_err(internal)? {
            Cancelled::Finished(job) => {
                self.backlog.remove(id);
                self.live.finish(&job);
                Ok(*job)
            }
            Cancelled::Requested(job) => {
                if let Some(live) = self.live.get(id) {
                    live.cancel();
                }
                Ok(*job)
            }
            Cancelled::TooLate => Err(Problem::new(ProblemKind::Conflict, "the job has ended already")),
            Cancelled::Unknown => Err(unknown(id)),
        }
    }

    /// Follows a job from behind the event of this number.
    ///
    /// # Errors
    /// Where there is none.
    pub async fn watch(&self, id: JobId, after: u64) -> Result<Watching, Problem> {
        if let Some(watcher) = self.live.watch(id, after) {
            return Ok(watcher.into());
        }
        let job = self.get(id).await?;
        Ok(match job.state {
            JobState::Finished => Watching::stored(job, after),
            JobState::Queued | JobState::Running => Watching::remote(self.clone(), id, after),
        })
    }

    /// Whether the controller is shutting down.
    pub fn is_draining(&self) -> bool {
        self.draining.is_cancelled()
    }

    /// Stops jobs that nobody watches any more, until told to end.
    pub async fn look_after(self, stop: CancellationToken) {
        loop {
            let abandoned = tokio::select! {
                biased;
                () = stop.cancelled() => return,
                abandoned = self.live.abandoned() => abandoned,
            };
            for id in abandoned {
                self.tasks.spawn(self.clone().stop_unwatched(id));
            }
        }
    }

    /// Stops a job that nobody watches, unless its client comes back soon.
    async fn stop_unwatched(self, id: JobId) {
        let Some(live) = self.live.get(id) else { return };
        tokio::select! {
            () = live.ended() => return,
            () = tokio::time::sleep(RETURN) => {}
        }
        if live.watchers() == 0 {
            // That it has ended meanwhile is fine.
            let _ = self.cancel(id, "its client went away").await;
        }
    }
}

/// What is compared with what is stored can be in it. Where nothing is searched for, that is no search.
fn check_words(query: &mut JobQuery) -> Result<(), Problem> {
    query.search = query.search.take().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let owners = query.owners.iter().flatten().map(|owner| ("owner", owner));
    let JobQuery { label, runner, search, .. } = &*query;
    let others = [("label", label), ("runner", runner), ("search", search)];
    let others = others.into_iter().filter_map(|(field, text)| Some((field, text.as_ref()?)));
    match others.chain(owners).find(|(_, text)| text.len() > MAX_WORDS || text.contains(char::is_control)) {
        Some((field, _)) => {
            let detail = format!("it may have {MAX_WORDS} bytes, and no control characters");
            Err(Problem::invalid(field, detail))
        }
        None => Ok(()),
    }
}

fn shutting_down() -> Problem {
    let detail = "the controller is shutting down: try another, or later";
    Problem::new(ProblemKind::Draining, detail).retry_after(RETRY_AFTER)
}

fn queue_problem(error: EnqueueError) -> Problem {
    match error {
        EnqueueError::Full { .. } => {
            let detail = format!("the queue is full: {error}");
            Problem::new(ProblemKind::QueueFull, detail).retry_after(RETRY_AFTER)
        }
        EnqueueError::Store(error) => internal(error),
    }
}

fn unknown(id: JobId) -> Problem {
    Problem::new(ProblemKind::NotFound, format!("there is no job {id}"))
}

/// What went wrong inside is for the log, not for clients.
#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn internal(error: StoreError) -> Problem {
    tracing::error!(error = &error as &dyn std::error::Error, "the store failed");
    Problem::new(ProblemKind::Internal, "the controller failed; its log says why")
}
