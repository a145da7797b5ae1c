//! What users and tokens have used up. It is counted in memory and added to what is stored once a second, so that a job
//! waits for nothing; a job that is asked for is counted before it is taken in, so that many at once are not too many.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use protocol::account::{Budget, Quota};
use protocol::{Job, JobId, Problem, ProblemKind, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::principal::Account;
use super::quota;
use super::records::internal;
use crate::clock;
use crate::lock::lock;
use crate::store::{NewDocument, Records, StoreError};

/// Documents with what was used up, by day and user, or by token.
const USAGE: &str = "usage";

/// How often what was counted is stored.
const FLUSH: Duration = Duration::from_secs(1);

/// How long what is stored is taken to be as it was read: other controllers add to it as well.
const FRESH: Duration = Duration::from_secs(5);

/// How long what was used up on a day is kept, and how long what a token has used up after its last job.
const KEEP_DAY: Duration = Duration::from_secs(3 * 24 * 3600);
const KEEP_TOKEN: Duration = Duration::from_secs(400 * 24 * 3600);

/// Jobs whose tokens are remembered at most; the oldest are forgotten.
const MOST_JOBS: usize = 100_000;

/// So much was used up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spent {
    cpu_ms: u64,
    jobs: u64,
}

impl Spent {
    fn plus(self, other: Self) -> Self {
        let cpu_ms = self.cpu_ms.saturating_add(other.cpu_ms);
        Self { cpu_ms, jobs: self.jobs.saturating_add(other.jobs) }
    }

    fn minus(self, other: Self) -> Self {
        let cpu_ms = self.cpu_ms.saturating_sub(other.cpu_ms);
        Self { cpu_ms, jobs: self.jobs.saturating_sub(other.jobs) }
    }

    fn cpu_seconds(self) -> f64 {
        self.cpu_ms as f64 / 1000.0
    }
}

/// One that is counted.
#[derive(Debug, Default)]
struct Count {
    /// What is stored, as it was last seen.
    stored: Spent,
    seen_at: Option<Instant>,
    /// What is yet to be added to that.
    pending: Spent,
}

#[derive(Debug, Default)]
struct State {
    counts: HashMap<String, Count>,
    /// The tokens that pay for jobs in flight, and these in the order in which they came.
    payers: HashMap<JobId, Vec<String>>,
    order: VecDeque<JobId>,
    /// Jobs of each user that are about to wait.
    arriving: HashMap<String, u32>,
}

/// Counts what is used up.
pub struct Usage {
    store: Arc<dyn Records>,
    state: Mutex<State>,
}

/// A job that may be taken in, counted as if it had been; where it is not, it is counted no more.
#[derive(Default)]
pub struct Admission {
    held: Option<Held>,
}

struct Held {
    usage: Arc<Usage>,
    owner: String,
    tokens: Vec<String>,
    kept: bool,
}

fn token_key(id: &str) -> String {
    format!("token:{id}")
}

fn day_key(owner: &str, now: Timestamp) -> String {
    format!("day:{}:{owner}", quota::day(now).0)
}

impl Usage {
    /// Nothing is counted yet beyond what is stored.
    pub fn new(store: Arc<dyn Records>) -> Self {
        Self { store, state: Mutex::default() }
    }

    /// Lets a user run one more job, of whom so many wait.
    ///
    /// # Errors
    /// The quota that is used up, and when it frees.
    pub async fn admit(self: &Arc<Self>, account: &Account, waiting: u64) -> Result<Admission, Problem> {
        self.check_day(account).await?;
        for token in &account.tokens {
            self.known(&token_key(&token.id), is_limited(&token.budget)).await?;
        }
        let mut state = lock(&self.state);
        check_queue(&account.quota, waiting, state.arriving.get(&account.name).copied().unwrap_or(0))?;
        for token in &account.tokens {
            check_budget(&token.budget, state.spent(&token_key(&token.id)))?;
        }
        *state.arriving.entry(account.name.clone()).or_default() += 1;
        let tokens: Vec<String> = account.tokens.iter().map(|token| token.id.clone()).collect();
        for token in &tokens {
            state.add(&token_key(token), Spent { cpu_ms: 0, jobs: 1 });
        }
        drop(state);
        let held = Held { usage: Arc::clone(self), owner: account.name.clone(), tokens, kept: false };
        Ok(Admission { held: Some(held) })
    }

    /// A job has ended: whoever it belongs to pays.
    pub fn charge(&self, job: &Job) {
        let Some(owner) = &job.owner else { return };
        let spent = Spent { cpu_ms: job.usage().cpu_ms, jobs: 0 };
        let mut state = lock(&self.state);
        state.add(&day_key(owner, clock::now()), Spent { jobs: 1, ..spent });
        for token in state.payers.remove(&job.id).unwrap_or_default() {
            state.add(&token_key(&token), spent);
        }
    }

    /// How many seconds of processor time a user has used up today.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn today(&self, owner: &str) -> Result<f64, Problem> {
        Ok(self.known(&day_key(owner, clock::now()), true).await?.cpu_seconds())
    }

    /// Stores what is counted until told to stop, and then once more.
    pub async fn look_after(self: Arc<Self>, stop: CancellationToken) {
        loop {
            let stopped = tokio::select! {
                () = stop.cancelled() => true,
                () = tokio::time::sleep(FLUSH) => false,
            };
            if let Err(error) = self.flush().await {
                tracing::warn!(%error, "what was used up cannot be stored yet");
            }
            if stopped {
                return;
            }
        }
    }

    async fn check_day(&self, account: &Account) -> Result<(), Problem> {
        let Some(most) = account.quota.cpu_seconds_per_day else { return Ok(()) };
        let used = self.today(&account.name).await?;
        if used < most {
            return Ok(());
        }
        let (_, left) = quota::day(clock::now());
        let detail = format!(
            "you have used up {used:.1} s of the {most} s of processor time that you have a day: it is free again at \
             00:00 UTC"
        );
        Err(Problem::new(ProblemKind::QuotaExceeded, detail).retry_after(left))
    }

    /// What was used up, read anew where that was long ago and matters.
    async fn known(&self, key: &str, matters: bool) -> Result<Spent, Problem> {
        if !matters {
            return Ok(Spent::default());
        }
        if let Some(count) = lock(&self.state).counts.get(key)
            && count.seen_at.is_some_and(|seen| seen.elapsed() < FRESH)
        {
            return Ok(count.stored.plus(count.pending));
        }
        let found = self.store.document(USAGE, key).await.map_err(internal)?;
        let stored = found.map(|found| found.read().map_err(internal)).transpose()?.unwrap_or_default();
        let mut state = lock(&self.state);
        state.saw(key, stored);
        Ok(state.spent(key))
    }

    async fn flush(&self) -> Result<(), StoreError> {
        let pending: Vec<(String, Spent)> = {
            let mut state = lock(&self.state);
            let is_old = |count: &Count| count.seen_at.is_none_or(|seen| seen.elapsed() >= FRESH);
            state.counts.retain(|_, count| count.pending != Spent::default() || !is_old(count));
            let due = state.counts.iter().filter(|(_, count)| count.pending != Spent::default());
            due.map(|(key, count)| (key.clone(), count.pending)).collect()
        };
        // Together, so that a store that commits in groups does so.
        let stored = pending.into_iter().map(|(key, spent)| self.store_count(key, spent));
        futures_util::future::join_all(stored).await.into_iter().collect()
    }

    async fn store_count(&self, key: String, spent: Spent) -> Result<(), StoreError> {
        let stored = self.add_stored(&key, spent).await?;
        let mut state = lock(&self.state);
        state.saw(&key, stored);
        if let Some(count) = state.counts.get_mut(&key) {
            count.pending = count.pending.minus(spent);
        }
        Ok(())
    }

    /// Adds to what is stored. Returns what it comes to.
    async fn add_stored(&self, key: &str, spent: Spent) -> Result<Spent, StoreError> {
        let keep = if key.starts_with("day:") { KEEP_DAY } else { KEEP_TOKEN };
        loop {
            let found = self.store.document(USAGE, key).await?;
            let version = found.as_ref().map(|found| found.version);
            let before: Spent = found.map(|found| found.read()).transpose()?.unwrap_or_default();
            let after = before.plus(spent);
            let new = NewDocument::of(&after, clock::now().checked_add(keep).ok())?;
            if self.store.put_document(USAGE, key, new, version).await?.is_some() {
                return Ok(after);
            }
        }
    }
}

impl State {
    fn spent(&self, key: &str) -> Spent {
        self.counts.get(key).map_or_else(Spent::default, |count| count.stored.plus(count.pending))
    }

    fn add(&mut self, key: &str, spent: Spent) {
        let count = self.counts.entry(key.to_owned()).or_default();
        count.pending = count.pending.plus(spent);
    }

    fn saw(&mut self, key: &str, stored: Spent) {
        let count = self.counts.entry(key.to_owned()).or_default();
        (count.stored, count.seen_at) = (stored, Some(Instant::now()));
    }

    fn pays(&mut self, job: JobId, tokens: Vec<String>) {
        self.payers.insert(job, tokens);
        self.order.push_back(job);
        while self.order.len() > MOST_JOBS {
            let oldest = self.order.pop_front();
            oldest.and_then(|job| self.payers.remove(&job));
        }
    }
}

fn is_limited(budget: &Budget) -> bool {
    budget.jobs.is_some() || budget.cpu_seconds.is_some()
}

fn check_queue(quota: &Quota, waiting: u64, arriving: u32) -> Result<(), Problem> {
    let Some(most) = quota.max_queued else { return Ok(()) };
    let waiting = waiting + u64::from(arriving);
    if waiting < u64::from(most) {
        return Ok(());
    }
    let detail = format!(
        "{waiting} of your jobs wait already, and your max_queued is {most}: there is room once one of them starts"
    );
    Err(Problem::new(ProblemKind::QuotaExceeded, detail).retry_after(2))
}

fn check_budget(budget: &Budget, spent: Spent) -> Result<(), Problem> {
    let over = |what: String| {
        let detail = format!("this token has used up its budget of {what}: make another");
        Err(Problem::new(ProblemKind::QuotaExceeded, detail))
    };
    if let Some(most) = budget.jobs.filter(|most| spent.jobs >= *most) {
        return over(format!("{most} jobs"));
    }
    match budget.cpu_seconds.filter(|most| spent.cpu_seconds() >= *most) {
        Some(most) => over(format!("{most} s of processor time")),
        None => Ok(()),
    }
}

impl Admission {
    /// The job was taken in.
    pub fn keep(mut self, job: JobId) {
        let Some(held) = &mut self.held else { return };
        held.kept = true;
        if !held.tokens.is_empty() {
            lock(&held.usage.state).pays(job, held.tokens.clone());
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut state = lock(&self.usage.state);
        if let Some(arriving) = state.arriving.get_mut(&self.owner) {
            *arriving -= 1;
            if *arriving == 0 {
                state.arriving.remove(&self.owner);
            }
        }
        if self.kept {
            return;
        }
        let one = Spent { cpu_ms: 0, jobs: 1 };
        for token in &self.tokens {
            if let Some(count) = state.counts.get_mut(&token_key(token)) {
                // Where it was stored meanwhile, it stays counted.
                count.pending = count.pending.minus(one);
            }
        }
    }
}
