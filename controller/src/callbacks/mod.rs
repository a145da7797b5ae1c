//! Callbacks: who submitted a job with an address to call is told there how it ended.
//!
//! ```text
//! jobs.submit ─ promise ─▶ store: an errand ──┐
//! store's changes ─ ended ─▶ store: its body ─┴─▶ agenda (pure) ─▶ courier ─▶ dial ─▶ post ─▶ receiver
//! ```
//!
//! What is owed is in the store before its job is, and is taken out once it has arrived or was given up: a controller
//! that dies leaves nothing out, and may say something twice.

mod address;
mod agenda;
mod backoff;
mod body;
mod courier;
mod delivery;
mod dial;
mod errand;
mod post;
mod signature;
mod target;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use protocol::{JobId, Problem, ProblemKind};

use crate::lock::lock;
use crate::store::Store;
use agenda::{Agenda, Parties};
use errand::Errand;

pub use address::Network;
pub use courier::Courier;
pub use target::Target;

/// Callbacks that may be owed at once, for one owner and in all.
const MOST_OWED: usize = 10_000;
const MOST_OWED_IN_ALL: usize = 100_000;

/// When to come back where too many are owed, in seconds.
const RETRY_AFTER: u32 = 30;

/// What the operator says of callbacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Whether there are any.
    pub enabled: bool,
    /// Where they may go beside the public internet.
    pub allow_private: Vec<Network>,
    /// How long until the first further try; the others follow in proportion.
    pub first_pause: Duration,
    /// How long a try may take in all.
    pub timeout: Duration,
}

/// What is owed to receivers.
pub struct Callbacks {
    store: Arc<dyn Store>,
    settings: Settings,
    agenda: Mutex<Agenda>,
}

impl Callbacks {
    /// Those in this store.
    pub fn new(store: Arc<dyn Store>, settings: Settings) -> Self {
        Self { store, settings, agenda: Mutex::default() }
    }

    /// Reads where a job's end is to be told.
    ///
    /// # Errors
    /// Where there are no callbacks here, it is no address, or one where they do not go.
    pub fn target(&self, url: &str) -> Result<Target, Problem> {
        if !self.settings.enabled {
            let detail = "this cluster's operator has turned callbacks off";
            return Err(Problem::invalid("callback_url", detail));
        }
        let target = Target::read(url)?;
        target.check(&self.settings.allow_private)?;
        Ok(target)
    }

    /// Promises to tell how a job ends that is about to be taken in.
    ///
    /// # Errors
    /// Where too many are owed, or the store fails.
    pub async fn promise(&self, job: JobId, target: &Target, owner: Option<&str>) -> Result<(), Problem> {
        let (owed, in_all) = self.with(|agenda| (agenda.owed(owner), agenda.len()));
        if owed >= MOST_OWED || in_all >= MOST_OWED_IN_ALL {
            let detail = format!(
                "{owed} callbacks of yours have not arrived yet: see to their receivers, or try later"
            );
            return Err(Problem::new(ProblemKind::QueueFull, detail)
                .at("callback_url")
                .retry_after(RETRY_AFTER));
        }
        let errand = Errand::new(target, owner.map(str::to_owned), uuid::Uuid::new_v4().simple().to_string());
        errand::promise(&*self.store, job, &errand).await.map_err(|error| {
            tracing::error!(%job, error = &error as &dyn std::error::Error, "a callback cannot be promised");
            Problem::new(ProblemKind::Internal, "the controller failed; its log says why")
        })?;
        self.with(|agenda| agenda.expect(job, parties(target, &errand)));
        Ok(())
    }

    /// The job was not taken in: nothing is owed.
    pub async fn withdraw(&self, job: JobId) {
        self.with(|agenda| agenda.forget(job));
        // Where that fails it is found later that there is no such job.
        let _ = errand::forget(&*self.store, job).await;
    }

    fn with<T>(&self, look: impl FnOnce(&mut Agenda) -> T) -> T {
        look(&mut lock(&self.agenda))
    }
}

/// Whom an errand concerns.
fn parties(target: &Target, errand: &Errand) -> Parties {
    Parties { receiver: target.authority().to_owned(), owner: errand.owner.clone() }
}
