//! What the store holds of tokens and runners.

use protocol::Timestamp;
use protocol::tls::Fingerprint;
use serde::{Deserialize, Serialize};

use crate::identity::certificate::RunnerCertificate;
use crate::store::{NewDocument, Store, StoreError, Version};

/// Join tokens, by the hash of their secret.
const TOKENS: &str = "join_token";
/// Runners that have joined, by name.
const RUNNERS: &str = "joined_runner";
/// One document that changes with each removal.
const REMOVALS: &str = "runner_removal";
const LAST: &str = "last";

/// A join token. It is gone when its time is over.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Ticket {
    pub uses_left: u32,
}

/// A runner that has joined. It is gone when the last of its certificates is over.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Known {
    keys: Vec<Key>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Key {
    fingerprint: String,
    ends_at: Timestamp,
}

impl Known {
    /// Whether this key is one of its, and may still be used.
    pub(super) fn has(&self, key: &Fingerprint, now: Timestamp) -> bool {
        let hex = key.hex();
        self.keys.iter().any(|known| known.fingerprint == hex && known.ends_at > now)
    }

    /// The same with another certificate, and without those that are over.
    pub(super) fn with(mut self, certificate: &RunnerCertificate, now: Timestamp) -> Self {
        let fingerprint = certificate.key.hex();
        self.keys.retain(|key| key.ends_at > now && key.fingerprint != fingerprint);
        self.keys.push(Key { fingerprint, ends_at: certificate.ends_at });
        self
    }

    fn ends_at(&self) -> Option<Timestamp> {
        self.keys.iter().map(|key| key.ends_at).max()
    }
}

pub(super) async fn put_ticket(
    store: &dyn Store,
    key: &str,
    ticket: &Ticket,
    expires_at: Timestamp,
) -> Result<(), StoreError> {
    let document = NewDocument::of(ticket, Some(expires_at))?;
    store.put_document(TOKENS, key, document, None).await.map(drop)
}

pub(super) async fn ticket(store: &dyn Store, key: &str) -> Result<Option<(Ticket, Found)>, StoreError> {
    let Some(document) = store.document(TOKENS, key).await? else { return Ok(None) };
    Ok(Some((document.read()?, Found { version: document.version, expires_at: document.expires_at })))
}

/// A state of a ticket.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found {
    version: Version,
    expires_at: Option<Timestamp>,
}

/// Changes a ticket that is as it was found. Returns whether it was.
pub(super) async fn change_ticket(
    store: &dyn Store,
    key: &str,
    ticket: &Ticket,
    found: Found,
) -> Result<bool, StoreError> {
    let document = NewDocument::of(ticket, found.expires_at)?;
    Ok(store.put_document(TOKENS, key, document, Some(found.version)).await?.is_some())
}

pub(super) async fn known(store: &dyn Store, name: &str) -> Result<Option<(Known, Version)>, StoreError> {
    let Some(document) = store.document(RUNNERS, name).await? else { return Ok(None) };
    Ok(Some((document.read()?, document.version)))
}

/// Keeps what is known of a runner in place of that version. Returns whether it was that version.
pub(super) async fn put_known(
    store: &dyn Store,
    name: &str,
    known: &Known,
    version: Option<Version>,
) -> Result<bool, StoreError> {
    let document = NewDocument::of(known, known.ends_at())?;
    Ok(store.put_document(RUNNERS, name, document, version).await?.is_some())
}

/// Forgets a runner. Returns whether it was known.
pub(super) async fn forget(store: &dyn Store, name: &str) -> Result<bool, StoreError> {
    store.remove_document(RUNNERS, name).await
}

/// Which removal was the last. Nothing else is to be read from it.
pub(super) async fn last_removal(store: &dyn Store) -> Result<Option<Version>, StoreError> {
    Ok(store.document(REMOVALS, LAST).await?.map(|document| document.version))
}

/// Lets other controllers know that a runner was removed.
pub(super) async fn tell_of_removal(store: &dyn Store) -> Result<(), StoreError> {
    let version = last_removal(store).await?;
    // Where another removal came before, that tells of this one as well: the runner is gone by now.
    store.put_document(REMOVALS, LAST, NewDocument::of(&(), None)?, version).await.map(drop)
}
