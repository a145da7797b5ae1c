//! What is to be done from time to time: say that this controller lives, end leases that ran out, and take in the
//! jobs of controllers that do not live any more.

use std::future::Future;
use std::time::Duration;

use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::homecoming::Strays;
use super::{Dispatcher, LEASE};
use crate::ending;
use crate::store::{self, Change, Queued, Released, StoreError};

/// How often others hear that this controller lives.
const HEARTBEAT: Duration = Duration::from_secs(3);

/// How often the rest is looked at without a reason.
const POLL: Duration = Duration::from_secs(1);

/// A call to the store that takes longer may have been tried several times, while the store was away.
const SLOW: Duration = Duration::from_secs(1);

/// How many jobs are adopted at a time.
const BATCH: usize = 256;

/// What a job that was adopted without its input says has had it.
const NOBODY: &str = "none";

impl Dispatcher {
    /// Does all that until told to stop.
    pub(super) async fn keep_up(&self, stop: &CancellationToken) {
        tokio::select! {
            biased;
            () = stop.cancelled() => {}
            () = self.beat() => {}
            () = self.look_round() => {}
        }
    }

    async fn beat(&self) {
        let mut beats = interval(HEARTBEAT);
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut trouble = Trouble::new("others cannot be told that this controller lives");
        loop {
            beats.tick().await;
            trouble.note(self.store.heartbeat().await);
        }
    }

    async fn look_round(&self) {
        let mut polls = interval(POLL);
        polls.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut changes = self.store.changes();
        let mut trouble = Trouble::new("leases and jobs of other controllers cannot be looked at");
        let mut strays = Strays::default();
        let mut truce = Truce::default();
        loop {
            let polled = tokio::select! {
                biased;
                _ = polls.tick() => true,
                change = changes.recv() => match change {
                    Ok(Change::Adoptable) => false,
                    Ok(Change::Finished(id)) => {
                        // It may have been stopped while it waited, through another controller.
                        self.backlog.remove(id);
                        continue;
                    }
                    Ok(Change::Cancel(_)) | Err(RecvError::Lagged(_)) => continue,
                    Err(RecvError::Closed) => {
                        changes = self.store.changes();
                        polls.tick().await;
                        true
                    }
                },
            };
            if polled {
                self.live.sweep();
                self.backlog.with(|scheduler, now| scheduler.tick(now));
                if !truce.holds() {
                    trouble.note(truce.watch(self.expire(&mut strays)).await);
                }
                trouble.note(truce.watch(self.reconcile(&mut strays)).await);
            }
            trouble.note(truce.watch(self.adopt(&mut strays)).await);
        }
    }

    /// Makes a call that brings jobs home. Where it fails or takes long, some may have come without a word.
    async fn bring_home<T>(
        &self,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let (brought, in_doubt) = timed(call).await;
        if in_doubt {
            self.backlog.doubt();
        }
        brought
    }

    /// Ends leases that ran out.
    async fn expire(&self, strays: &mut Strays) -> Result<(), StoreError> {
        for expired in self.bring_home(self.store.expire()).await? {
            if let Some(live) = self.live.get(expired.id) {
                live.lost(expired.attempt, "nothing was heard of its runner");
            }
            match expired.released {
                Released::Requeued(job) => self.take_home(job, strays),
                released => ending::announce(&self.live, &self.backlog, expired.id, released),
            }
        }
        Ok(())
    }

    /// Takes in jobs that are at home nowhere. After a failure of the store its own jobs can be among them, which it
    /// has to live to keep.
    async fn adopt(&self, strays: &mut Strays) -> Result<(), StoreError> {
        loop {
            while let Some(job) = strays.jobs.pop() {
                self.settle(&job).await.inspect_err(|_| strays.jobs.push(job))?;
            }
            self.store.heartbeat().await?;
            let adopted = self.bring_home(self.store.adopt(BATCH)).await?;
            let more = adopted.len() >= BATCH;
            adopted.into_iter().for_each(|job| self.take_note(job, strays));
            if !more && strays.jobs.is_empty() {
                return Ok(());
            }
        }
    }

    /// What only its first controller could have done as its client wanted it: streaming its input, or telling at
    /// once that nobody is free.
    async fn settle(&self, job: &Queued) -> Result<(), StoreError> {
        // Only once a runner has begun with it, its client has heard that it is accepted.
        if job.no_wait && !store::may_have_begun(&self.store.attempts(job.id).await?) {
            self.store.withdraw(job.id).await?;
        } else if job.stdin_follows {
            if let Some(claim) = self.store.claim(job.id, NOBODY, LEASE).await? {
                ending::without_input(&*self.store, &self.live, &claim).await?;
            }
        } else {
            self.backlog.add(Queued { no_wait: false, ..job.clone() });
        }
        Ok(())
    }
}

/// What came of a call, and whether the store may have been away meanwhile.
async fn timed<T>(call: impl Future<Output = Result<T, StoreError>>) -> (Result<T, StoreError>, bool) {
    let asked = Instant::now();
    let result = call.await;
    let was_away = result.is_err() || asked.elapsed() > SLOW;
    (result, was_away)
}

/// The time after the store was away, in which no lease is ended: nobody could renew one, and those whose runners are
/// still there come first.
#[derive(Debug, Default)]
struct Truce {
    until: Option<Instant>,
}

impl Truce {
    fn holds(&self) -> bool {
        self.until.is_some_and(|until| Instant::now() < until)
    }

    /// Makes calls to the store, and notices where it was away.
    async fn watch<T>(
        &mut self,
        calls: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let (result, was_away) = timed(calls).await;
        if was_away {
            self.until = Some(Instant::now() + LEASE);
        }
        result
    }
}

/// A failure that is told once, until it is over.
struct Trouble {
    what: &'static str,
    told: bool,
}

impl Trouble {
    fn new(what: &'static str) -> Self {
        Self { what, told: false }
    }

    fn note(&mut self, result: Result<(), StoreError>) {
        match result {
            Ok(()) => self.told = false,
            Err(error) => {
                if !self.told {
                    tracing::error!(error = &error as &dyn std::error::Error, "{}", self.what);
                }
                self.told = true;
            }
        }
    }
}
