//! Sandboxes that stand ready, by image. A job takes one and gives it back; what is not given back is thrown
//! away. Whoever waits for a sandbox gets the next that becomes ready, whether it is new or comes back.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use crate::sandbox::{Sandbox, SandboxError, SandboxHost};

/// How many sandboxes to keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolSizes {
    /// How many of each image to keep ready, always.
    pub warm: usize,
    /// After how long without use any others are thrown away.
    pub idle: Duration,
}

/// The sandboxes of a runner.
#[derive(Debug)]
pub struct Pool {
    host: Arc<SandboxHost>,
    sizes: PoolSizes,
    shelves: Mutex<HashMap<String, Shelf>>,
}

type Waiter = oneshot::Sender<Result<Sandbox, SandboxError>>;

/// The sandboxes of one image.
#[derive(Debug, Default)]
struct Shelf {
    idle: Vec<(Sandbox, Instant)>,
    /// Sandboxes that are being started or tidied: each ends idle, with a waiter, or as a failure.
    coming: usize,
    in_use: usize,
    waiters: VecDeque<Waiter>,
}

/// A sandbox in use by one job.
#[derive(Debug)]
pub struct Lease {
    pool: Arc<Pool>,
    image: String,
    sandbox: Option<Sandbox>,
}

impl Pool {
    /// An empty pool.
    pub fn new(host: Arc<SandboxHost>, sizes: PoolSizes) -> Arc<Self> {
        Arc::new(Self { host, sizes, shelves: Mutex::new(HashMap::new()) })
    }

    /// Takes a sandbox of this image; starts one where none stands ready or is about to.
    ///
    /// # Errors
    /// [`SandboxError`], where one could not be started.
    pub async fn take(self: &Arc<Self>, image: &str) -> Result<Lease, SandboxError> {
        let found = {
            let mut shelves = self.lock();
            let shelf = shelves.entry(image.to_owned()).or_default();
            shelf.pop_alive().ok_or_else(|| {
                let (waiter, waiting) = oneshot::channel();
                shelf.waiters.push_back(waiter);
                if shelf.coming < shelf.waiters.len() {
                    shelf.coming += 1;
                    self.start_one(image);
                }
                waiting
            })
        };
        let sandbox = match found {
            Ok(sandbox) => sandbox,
            Err(waiting) => waiting.await.unwrap_or(Err(SandboxError::Stuck))?,
        };
        self.lock().entry(image.to_owned()).or_default().in_use += 1;
        Ok(Lease { pool: Arc::clone(self), image: image.to_owned(), sandbox: Some(sandbox) })
    }

    /// Once a second: throws away what has died or was idle for long, starts what is missing, and lets idle
    /// sandboxes get ready for what they were used for lately.
    pub fn maintain(self: &Arc<Self>, images: &[String]) {
        let mut shelves = self.lock();
        for image in images {
            let shelf = shelves.entry(image.clone()).or_default();
            shelf.idle.retain_mut(|(sandbox, since)| sandbox.tick(since.elapsed(), self.sizes.idle));
            let spare = shelf.idle.len().saturating_sub(self.sizes.warm);
            let tired = |(_, since): &(Sandbox, Instant)| since.elapsed() > self.sizes.idle;
            // Used last, taken first: the front of the shelf has been idle longest.
            let drop = shelf.idle.iter().take(spare).take_while(|entry| tired(entry)).count();
            shelf.idle.drain(..drop);
            if shelf.idle.len() + shelf.coming + shelf.in_use < self.sizes.warm {
                shelf.coming += 1;
                self.start_one(image);
            }
        }
    }

    /// How many sandboxes stand ready, by image.
    pub fn ready(&self) -> BTreeMap<String, u32> {
        let shelves = self.lock();
        shelves.iter().map(|(image, shelf)| (image.clone(), shelf.idle.len() as u32)).collect()
    }

    /// How many containers there are.
    pub fn containers(&self) -> u32 {
        self.lock().values().map(|shelf| (shelf.idle.len() + shelf.coming + shelf.in_use) as u32).sum()
    }

    /// Throws all idle sandboxes away.
    pub fn clear(&self) {
        self.lock().values_mut().for_each(|shelf| shelf.idle.clear());
    }

    /// Starts a sandbox that is counted as coming already.
    fn start_one(self: &Arc<Self>, image: &str) {
        let (pool, image) = (Arc::clone(self), image.to_owned());
        tokio::spawn(async move {
            let started = Sandbox::start(Arc::clone(&pool.host), &image).await;
            if let Err(error) = &started {
                tracing::warn!(image, %error, "a sandbox cannot be started");
            }
            pool.arrive(&image, started);
        });
    }

    /// What was coming is here, or has failed.
    fn arrive(&self, image: &str, sandbox: Result<Sandbox, SandboxError>) {
        let mut shelves = self.lock();
        let shelf = shelves.entry(image.to_owned()).or_default();
        shelf.coming = shelf.coming.saturating_sub(1);
        let mut sandbox = sandbox;
        while let Some(waiter) = shelf.waiters.pop_front() {
            match waiter.send(sandbox) {
                Ok(()) => return,
                // Nobody waits there any more.
                Err(returned) => sandbox = returned,
            }
        }
        if let Ok(sandbox) = sandbox {
            shelf.idle.push((sandbox, Instant::now()));
        }
    }

    /// A sandbox that was coming back is lost: starts another where somebody waits for it.
    fn replace(self: &Arc<Self>, image: &str) {
        let mut shelves = self.lock();
        let shelf = shelves.entry(image.to_owned()).or_default();
        if shelf.waiters.is_empty() {
            shelf.coming = shelf.coming.saturating_sub(1);
        } else {
            self.start_one(image);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Shelf>> {
        self.shelves.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shelf {
    fn pop_alive(&mut self) -> Option<Sandbox> {
        while let Some((mut sandbox, _)) = self.idle.pop() {
            if sandbox.is_alive() {
                return Some(sandbox);
            }
        }
        None
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

    /// Gives the sandbox back for the next job. It is tidied in the background.
    pub fn give_back(mut self) {
        let Some(mut sandbox) = self.sandbox.take() else { return };
        let (pool, image) = (Arc::clone(&self.pool), self.image.clone());
        {
            let mut shelves = pool.lock();
            shelves.entry(image.clone()).or_default().coming += 1;
        }
        tokio::spawn(async move {
            match sandbox.tidy().await {
                Ok(()) => pool.arrive(&image, Ok(sandbox)),
                Err(error) => {
                    tracing::warn!(image, %error, "a sandbox is thrown away");
                    drop(sandbox);
                    // Whoever waits for it gets a new one, or hears why not.
                    pool.replace(&image);
                }
            }
        });
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut shelves = self.pool.lock();
        if let Some(shelf) = shelves.get_mut(&self.image) {
            shelf.in_use = shelf.in_use.saturating_sub(1);
        }
    }
}
