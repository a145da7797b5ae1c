//! Sandboxes that stand ready, by image. A job takes one and gives it back; what is not given back is thrown
//! away. Whoever waits for a sandbox gets the next that becomes ready, whether it is new or comes back.
//!
//! ```text
//!            ┌─ taken by a job ◀──────────────┐
//! starting ──┴─▶ idle ──▶ thrown away         │
//!    ▲             ▲                          │
//!  policy       tidying ◀── given back ◀── in use ──▶ thrown away (failed, or `isolation = "container"`)
//! ```
//!
//! [`policy`] decides how many to start and to throw away; both happen while no lock is held.

pub mod policy;
mod shelf;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, oneshot};

use self::policy::{Isolation, PoolSizes, Stock, plan};
use self::shelf::Shelf;
use crate::sandbox::{Sandbox, SandboxError, SandboxHost};

/// How long sandboxes that are being started or tidied may hold up the runner's end.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(10);

/// Names that Docker makes up differ from one failure to the next: what is hexadecimal and this long.
const ID_LENGTH: usize = 8;

/// The sandboxes of a runner.
#[derive(Debug)]
pub struct Pool {
    host: Arc<SandboxHost>,
    sizes: PoolSizes,
    state: Mutex<State>,
    troubled: Notify,
    moved: Notify,
}

#[derive(Debug, Default)]
struct State {
    shelves: BTreeMap<String, Shelf>,
    closed: bool,
}

/// A sandbox in use by one job. Dropped, the sandbox is thrown away.
#[derive(Debug)]
pub struct Lease {
    pool: Arc<Pool>,
    image: String,
    batch: u64,
    sandbox: Option<Sandbox>,
    /// Where its job has another one already.
    beside: Option<Beside>,
}

/// A sandbox that a job has, or waits for, beside another one: there may be so many more than jobs.
#[derive(Debug)]
struct Beside {
    pool: Arc<Pool>,
    image: String,
}

impl Pool {
    /// An empty pool.
    pub fn new(host: Arc<SandboxHost>, sizes: PoolSizes) -> Arc<Self> {
        let (troubled, moved) = (Notify::new(), Notify::new());
        Arc::new(Self { host, sizes, state: Mutex::default(), troubled, moved })
    }

    /// Takes a sandbox of this image; starts one where none stands ready or is about to.
    ///
    /// # Errors
    /// [`SandboxError`], where one could not be started; at once, where that has just been tried.
    pub async fn take(self: &Arc<Self>, image: &str) -> Result<Lease, SandboxError> {
        let taken = {
            let mut state = self.lock();
            let shelf = state.shelves.entry(image.to_owned()).or_default();
            match shelf.pop_alive() {
                Some(sandbox) => Ok(self.lease(image, shelf, sandbox)),
                None if shelf.is_stuck(Instant::now()) => {
                    return Err(SandboxError::Unready(shelf.failure.clone().unwrap_or_default()));
                }
                None => {
                    let (waiter, waiting) = oneshot::channel();
                    shelf.waiters.push_back(waiter);
                    Err(waiting)
                }
            }
        };
        self.adjust();
        match taken {
            Ok(lease) => Ok(lease),
            Err(waiting) => waiting.await.unwrap_or(Err(SandboxError::Stuck)),
        }
    }

    /// Takes a sandbox for a job that has one already. Without a word of that, jobs that have all there may be of an
    /// image would wait for each other.
    ///
    /// # Errors
    /// As [`take`](Self::take).
    pub async fn take_beside(self: &Arc<Self>, image: &str) -> Result<Lease, SandboxError> {
        self.lock().shelves.entry(image.to_owned()).or_default().beside += 1;
        let beside = Beside { pool: Arc::clone(self), image: image.to_owned() };
        let mut lease = self.take(image).await?;
        lease.beside = Some(beside);
        Ok(lease)
    }

    /// Says of which images sandboxes are to stand ready. Those of others are thrown away.
    pub fn keep(self: &Arc<Self>, images: &BTreeSet<String>) {
        {
            let mut state = self.lock();
            for image in images {
                state.shelves.entry(image.clone()).or_default();
            }
            state.shelves.iter_mut().for_each(|(image, shelf)| shelf.wanted = images.contains(image));
        }
        self.adjust();
    }

    /// Throws away all sandboxes of an image that is not what it was; those in use, once they are given back.
    pub fn discard(self: &Arc<Self>, image: &str) {
        let discarded = {
            let mut state = self.lock();
            let shelf = state.shelves.entry(image.to_owned()).or_default();
            shelf.batch += 1;
            std::mem::take(&mut shelf.idle)
        };
        drop(discarded);
        self.adjust();
    }

    /// Once a second: throws away what has died or is too much, starts what is missing, and lets idle sandboxes get
    /// ready for what they were used for lately.
    pub fn maintain(self: &Arc<Self>) {
        {
            let mut state = self.lock();
            let idle = state.shelves.values_mut().map(|shelf| &mut shelf.idle);
            idle.for_each(|idle| idle.retain_mut(|sandbox| sandbox.tick(self.sizes.idle)));
        }
        self.adjust();
    }

    /// Tries again, if it has failed, what these images are wanted for: there is reason to think it works now.
    pub fn retry(self: &Arc<Self>, images: impl Fn(&str) -> bool) {
        for (image, shelf) in &mut self.lock().shelves {
            if images(image) {
                shelf.forgive();
            }
        }
        self.adjust();
    }

    /// The images that there is no sandbox of because none can be started, with the reason.
    pub fn troubles(&self) -> BTreeMap<String, String> {
        let state = self.lock();
        let shelves = state.shelves.iter();
        shelves.filter_map(|(image, shelf)| Some((image.clone(), shelf.trouble()?.to_owned()))).collect()
    }

    /// Waits until an image's sandboxes begin or cease to fail.
    pub async fn troubles_changed(&self) {
        self.troubled.notified().await;
    }

    /// How many sandboxes stand ready, by image.
    pub fn ready(&self) -> BTreeMap<String, u32> {
        let state = self.lock();
        state.shelves.iter().map(|(image, shelf)| (image.clone(), shelf.idle.len() as u32)).collect()
    }

    /// How many containers there are.
    pub fn containers(&self) -> u32 {
        let count = |shelf: &Shelf| shelf.idle.len() + shelf.starting + shelf.tidying + shelf.in_use;
        self.lock().shelves.values().map(|shelf| count(shelf) as u32).sum()
    }

    /// Throws all sandboxes away, keeps none from now on, and waits for those that are still being started.
    pub async fn close(self: &Arc<Self>) {
        self.lock().closed = true;
        self.keep(&BTreeSet::new());
        let settled = async {
            loop {
                let moved = self.moved.notified();
                if !self.lock().shelves.values().any(Shelf::is_moving) {
                    return;
                }
                moved.await;
            }
        };
        // What is left after that is removed by its label.
        let _ = tokio::time::timeout(CLOSE_TIMEOUT, settled).await;
    }

    /// Does what the policy says about what there is now.
    fn adjust(self: &Arc<Self>) {
        let mut discarded = Vec::new();
        let mut starts = Vec::new();
        {
            let mut state = self.lock();
            let now = Instant::now();
            let stocks: Vec<Stock> =
                state.shelves.values_mut().map(|shelf| shelf.stock(now, self.sizes.idle)).collect();
            let changes = plan(&stocks, &self.sizes);
            for ((image, shelf), change) in state.shelves.iter_mut().zip(changes) {
                discarded.extend(shelf.change(change));
                starts.extend(std::iter::repeat_n((image.clone(), shelf.batch), change.start));
            }
        }
        drop(discarded);
        for (image, batch) in starts {
            tokio::spawn(Arc::clone(self).start(image, batch));
        }
    }

    /// Starts a sandbox that is counted as starting already.
    async fn start(self: Arc<Self>, image: String, batch: u64) {
        let rest = match Sandbox::start(Arc::clone(&self.host), &image).await {
            Ok(sandbox) => {
                self.arrive(&image, batch, Some(sandbox), |shelf| shelf.starting -= 1);
                self.started(&image);
                None
            }
            Err(error) => Some(self.failed(&image, error)),
        };
        self.adjust();
        if let Some(rest) = rest {
            tokio::time::sleep(rest).await;
            self.adjust();
        }
    }

    fn started(&self, image: &str) {
        if self.lock().shelves.get_mut(image).is_some_and(Shelf::forgive) {
            tracing::info!(image, "sandboxes can be started again");
            self.troubled.notify_one();
        }
    }

    /// Takes note of a failed start, and tells whoever waits for it. Returns how long the image rests.
    fn failed(&self, image: &str, error: SandboxError) -> Duration {
        let reason = gist(&error.to_string());
        let (rest, news, waiter) = {
            let mut state = self.lock();
            let shelf = state.shelves.entry(image.to_owned()).or_default();
            shelf.starting -= 1;
            let (rest, news) = shelf.failed(reason.clone(), Instant::now());
            (rest, news, shelf.next_waiter())
        };
        if let Some(waiter) = waiter {
            // Whoever waited may have left meanwhile.
            let _ = waiter.send(Err(error));
        }
        if news {
            tracing::warn!(image, reason, "sandboxes cannot be started");
            self.troubled.notify_one();
        }
        self.moved.notify_one();
        rest
    }

    /// What was on its way is here, or lost: goes to whoever waits, or on the shelf.
    fn arrive(
        self: &Arc<Self>,
        image: &str,
        batch: u64,
        sandbox: Option<Sandbox>,
        count: impl FnOnce(&mut Shelf),
    ) {
        let (handed, outdated) = {
            let mut state = self.lock();
            let closed = state.closed;
            let shelf = state.shelves.entry(image.to_owned()).or_default();
            count(shelf);
            match sandbox {
                Some(sandbox) if !closed && batch == shelf.batch => match shelf.next_waiter() {
                    Some(waiter) => (Some((waiter, self.lease(image, shelf, sandbox))), None),
                    None => {
                        shelf.idle.push_back(sandbox);
                        (None, None)
                    }
                },
                sandbox => (None, sandbox),
            }
        };
        drop(outdated);
        self.moved.notify_one();
        if let Some((waiter, lease)) = handed
            && let Err(Ok(lease)) = waiter.send(Ok(lease))
        {
            // Whoever waited has just left, and has not used it.
            lease.tidy();
        }
    }

    fn lease(self: &Arc<Self>, image: &str, shelf: &mut Shelf, sandbox: Sandbox) -> Lease {
        shelf.in_use += 1;
        let (image, batch) = (image.to_owned(), shelf.batch);
        Lease { pool: Arc::clone(self), image, batch, sandbox: Some(sandbox), beside: None }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lease {
    /// The sandbox.
    ///
    /// # Errors
    /// Never before it is given back.
    pub fn sandbox(&mut self) -> Result<&mut Sandbox, SandboxError> {
        self.sandbox.as_mut().ok_or(SandboxError::Stuck)
    }

    /// Gives the sandbox back after a job. It is thrown away where each job gets a container of its own, or else
    /// tidied in the background for the next job.
    pub fn give_back(self) {
        match self.pool.sizes.isolation {
            Isolation::Box => self.tidy(),
            Isolation::Container => drop(self),
        }
    }

    fn tidy(mut self) {
        let Some(mut sandbox) = self.sandbox.take() else { return };
        let (pool, image, batch) = (Arc::clone(&self.pool), self.image.clone(), self.batch);
        pool.lock().shelves.entry(image.clone()).or_default().give_back();
        pool.adjust();
        tokio::spawn(async move {
            let tidied = sandbox.tidy().await;
            let sandbox = match tidied {
                Ok(()) => Some(sandbox),
                Err(error) => {
                    tracing::warn!(image, %error, "a sandbox is thrown away");
                    None
                }
            };
            pool.arrive(&image, batch, sandbox, |shelf| shelf.tidying -= 1);
            pool.adjust();
        });
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if self.sandbox.is_none() {
            // Given back.
            return;
        }
        if let Some(shelf) = self.pool.lock().shelves.get_mut(&self.image) {
            shelf.in_use = shelf.in_use.saturating_sub(1);
        }
        self.pool.adjust();
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        if let Some(shelf) = self.pool.lock().shelves.get_mut(&self.image) {
            shelf.beside = shelf.beside.saturating_sub(1);
        }
    }
}

/// A reason without the names that are made up anew each time, so that the same one is told once.
fn gist(reason: &str) -> String {
    let is_id = |word: &str| word.len() >= ID_LENGTH && word.chars().all(|c| c.is_ascii_hexdigit());
    let mut gist = String::new();
    for piece in reason.split_inclusive(|c: char| !c.is_ascii_alphanumeric()) {
        let word = piece.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
        gist.push_str(if is_id(word) { "…" } else { word });
        gist.push_str(&piece[word.len()..]);
    }
    gist
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_failure_with_other_names_is_the_same_reason() {
        let reason = |id: &str| gist(&format!("mkdir /var/lib/docker/overlay2/{id}-init: no space left"));
        assert_eq!(reason("0123456789abcdef"), "mkdir /var/lib/docker/overlay2/…-init: no space left");
        assert_eq!(reason("0123456789abcdef"), reason("fedcba98765432100"));
        assert_eq!(gist("a dead beef: unknown runtime é"), "a dead beef: unknown runtime é");
    }
}
