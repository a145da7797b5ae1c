//! Who did what, from where. Never with a secret in it.

use std::net::IpAddr;
use std::time::Duration;

use protocol::account::{AuditEntry, AuditPage, AuditQuery};
use protocol::{Problem, Timestamp};

use super::Identity;
use super::principal::Caller;
use super::records::internal;
use crate::clock;
use crate::store::{NewDocument, Records};

/// Documents with an entry each; the newest has the smallest key.
const AUDIT: &str = "audit";

/// How long entries are kept.
const KEEP: Duration = Duration::from_secs(90 * 24 * 3600);

/// Entries on a page where the query does not say, and at most.
const PAGE: u32 = 20;
const MAX_PAGE: u32 = 100;

/// Something that was done, or tried.
#[derive(Debug, Clone, Copy)]
pub struct Deed<'a> {
    /// The user who did it, or whom somebody said to be.
    pub who: Option<&'a str>,
    /// From where.
    pub address: IpAddr,
    /// What.
    pub action: &'static str,
    /// Whom or what it was done to.
    pub subject: Option<&'a str>,
    /// Whether it was done.
    pub done: bool,
}

impl<'a> Deed<'a> {
    /// Something that this caller did.
    pub fn of(caller: &'a Caller, action: &'static str, subject: Option<&'a str>) -> Self {
        Self { who: caller.principal.name(), address: caller.address, action, subject, done: true }
    }
}

fn key(at: Timestamp) -> String {
    let micros = u64::try_from(at.as_microsecond()).unwrap_or(0);
    format!("{:016x}{:08x}", u64::MAX - micros, rand::random::<u32>())
}

/// Writes down what was done. That it cannot be written undoes nothing; the log says so.
pub(super) async fn note(store: &dyn Records, deed: Deed<'_>) {
    let Deed { who, address, action, subject, done } = deed;
    let at = clock::now();
    let entry = AuditEntry {
        at,
        who: who.map(str::to_owned),
        from: address.to_string(),
        action: action.to_owned(),
        subject: subject.map(str::to_owned),
        done,
    };
    let written = async {
        let new = NewDocument::of(&entry, at.checked_add(KEEP).ok())?;
        store.put_document(AUDIT, &key(at), new, None).await
    };
    if let Err(error) = written.await {
        tracing::error!(%error, who, %address, action, subject, "this cannot be kept for the audit");
    }
}

impl Identity {
    /// Writes down what was done.
    pub async fn note(&self, deed: Deed<'_>) {
        note(&*self.store, deed).await;
    }

    /// A page of what was done, newest first.
    ///
    /// # Errors
    /// Where the query is not possible, or the store fails.
    pub async fn audit(&self, query: &AuditQuery) -> Result<AuditPage, Problem> {
        let limit = query.limit.unwrap_or(PAGE);
        if !(1..=MAX_PAGE).contains(&limit) {
            return Err(Problem::invalid("limit", format!("a page has 1 to {MAX_PAGE} entries")));
        }
        let after = query.cursor.as_deref().unwrap_or_default();
        if !after.chars().all(|c| c.is_ascii_hexdigit()) {
            return Err(Problem::invalid("cursor", "not a cursor that this controller gave out"));
        }
        let limit = limit as usize;
        let mut found = self.store.documents(AUDIT, "", after, limit + 1).await.map_err(internal)?;
        let more = found.len() > limit;
        found.truncate(limit);
        let next_cursor = found.last().filter(|_| more).map(|last| last.key.clone());
        let entries = found.iter().map(|document| document.read().map_err(internal));
        Ok(AuditPage { entries: entries.collect::<Result<_, _>>()?, next_cursor })
    }
}
