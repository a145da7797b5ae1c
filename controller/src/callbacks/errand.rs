//! What the store knows of callbacks: a document for each that is owed, from before its job is taken in until it has
//! arrived or was given up; and what it will say, from the job's end on. All controllers share them: whoever puts an
//! errand back with a later time has it until then.

use std::fmt;
use std::time::Duration;

use protocol::{Job, JobId, Timestamp};
use serde::{Deserialize, Serialize};

use super::body;
use super::target::Target;
use crate::clock;
use crate::store::{NewDocument, Store, StoreError, Version};

/// Documents with an errand each, by the job's id.
const ERRAND: &str = "callback";

/// Documents with what errands say, by the job's id.
const BODY: &str = "callback_body";

/// Errands that are read at once.
const PAGE: usize = 500;

/// How long an errand is kept that nobody looks at any more, after its job's end: longer than all its tries take.
const KEEP: Duration = Duration::from_secs(7 * 24 * 3600);

/// A callback that is owed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Errand {
    /// The address.
    url: String,
    /// What receivers know it by, the same each time.
    pub delivery: String,
    /// The user whose key signs it, where it is one's job.
    pub owner: Option<String>,
    /// When it was promised.
    pub made_at: Timestamp,
    /// How often it was begun to be sent.
    pub tries: u32,
    /// Not to be sent before: somebody sends it now, or it has just failed.
    pub not_before: Option<Timestamp>,
}

/// The address may be secret.
impl fmt::Debug for Errand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Errand({}, {} tries)", self.delivery, self.tries)
    }
}

impl Errand {
    /// One that is owed from now on.
    pub fn new(target: &Target, owner: Option<String>, delivery: String) -> Self {
        let (url, made_at) = (target.as_str().to_owned(), clock::now());
        Self { url, delivery, owner, made_at, tries: 0, not_before: None }
    }

    /// Where it goes.
    ///
    /// # Errors
    /// Where what was kept is no address for this version.
    pub fn target(&self) -> Result<Target, StoreError> {
        Target::read(&self.url).map_err(|_| StoreError::Failed("an errand has no address".into()))
    }

    fn document(&self) -> Result<NewDocument, StoreError> {
        let expires_at = (self.tries > 0).then(|| clock::now().checked_add(KEEP).ok()).flatten();
        NewDocument::of(self, expires_at)
    }
}

/// Keeps what is owed. Returns once that outlives this process.
///
/// # Errors
/// The store's.
pub async fn promise(store: &dyn Store, job: JobId, errand: &Errand) -> Result<(), StoreError> {
    store.put_document(ERRAND, &job.to_string(), errand.document()?, None).await.map(drop)
}

/// What is owed for a job, and the version to put something in its place.
///
/// # Errors
/// The store's.
pub async fn find(store: &dyn Store, job: JobId) -> Result<Option<(Errand, Version)>, StoreError> {
    let found = store.document(ERRAND, &job.to_string()).await?;
    found.map(|found| Ok((found.read()?, found.version))).transpose()
}

/// Puts an errand in place of this version of it. `None` where somebody else has it meanwhile.
///
/// # Errors
/// The store's.
pub async fn put(
    store: &dyn Store,
    job: JobId,
    errand: &Errand,
    version: Version,
) -> Result<Option<Version>, StoreError> {
    store.put_document(ERRAND, &job.to_string(), errand.document()?, Some(version)).await
}

/// A page of what is owed, by job behind this one. Returns where to go on.
///
/// # Errors
/// The store's.
pub async fn page(
    store: &dyn Store,
    after: &str,
) -> Result<(Vec<(JobId, Errand)>, Option<String>), StoreError> {
    let found = store.documents(ERRAND, "", after, PAGE).await?;
    let next = found.last().filter(|_| found.len() == PAGE).map(|last| last.key.clone());
    let read = |document: &crate::store::Document| Some((document.key.parse().ok()?, document.read().ok()?));
    Ok((found.iter().filter_map(read).collect(), next))
}

/// Keeps what a finished job's callback says, so that it does not matter how long the job itself is kept.
///
/// # Errors
/// The store's.
pub async fn keep_body(store: &dyn Store, job: Job) -> Result<(), StoreError> {
    let (key, expires_at) = (job.id.to_string(), clock::now().checked_add(KEEP).ok());
    let new = NewDocument::of(&body::cut(job), expires_at)?;
    // Where there is one already, it says the same.
    store.put_document(BODY, &key, new, None).await.map(drop)
}

/// What a callback says, once its job has finished.
///
/// # Errors
/// The store's.
pub async fn body(store: &dyn Store, job: JobId) -> Result<Option<String>, StoreError> {
    Ok(store.document(BODY, &job.to_string()).await?.map(|document| document.body))
}

/// Nothing is owed for this job any more.
///
/// # Errors
/// The store's.
pub async fn forget(store: &dyn Store, job: JobId) -> Result<(), StoreError> {
    // In this order: an errand without its body would look as if its job had not finished.
    store.remove_document(ERRAND, &job.to_string()).await?;
    store.remove_document(BODY, &job.to_string()).await.map(drop)
}
