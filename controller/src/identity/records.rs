//! What is kept of accounts, and changing it: read, change, put back where nobody was faster, else again.

use std::collections::BTreeSet;

use protocol::account::{Budget, Quota, Role, Scope};
use protocol::{Problem, ProblemKind, Secret, Timestamp};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::store::{NewDocument, Records, StoreError};

/// Documents with an account each, by name.
pub const USER: &str = "user";
/// Documents with a group each, by name.
pub const GROUP: &str = "group";
/// Whose a token is, by its fingerprint.
pub const TOKEN: &str = "token";
/// Secrets of set-up links, by their fingerprints.
pub const SET_UP: &str = "set_up";

/// Jobs that links lead to, by the job's id and the link's fingerprint.
pub const SHARE: &str = "share";

/// Documents that are read at once.
const PAGE: usize = 500;

/// An account. Its sessions and tokens are in it, so that they change with it and go with it.
#[derive(Clone, Serialize, Deserialize)]
pub struct User {
    pub name: String,
    pub role: Role,
    /// A hash of the password.
    pub password: String,
    pub created_at: Timestamp,
    #[serde(default)]
    pub quota: Quota,
    /// Signs the callbacks of its jobs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callback_key: Option<Secret>,
    #[serde(default)]
    pub sessions: Vec<Session>,
    #[serde(default)]
    pub tokens: Vec<Token>,
}

/// A log-in that holds.
#[derive(Clone, Serialize, Deserialize)]
pub struct Session {
    /// The fingerprint of its token.
    pub proof: String,
    pub expires_at: Timestamp,
}

/// A personal token.
#[derive(Clone, Serialize, Deserialize)]
pub struct Token {
    pub id: String,
    /// Its fingerprint.
    pub proof: String,
    pub name: String,
    pub scopes: BTreeSet<Scope>,
    pub budget: Budget,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    /// The token that it was made with.
    pub parent: Option<String>,
}

/// Users who belong together.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Group {
    pub name: String,
    pub members: BTreeSet<String>,
    #[serde(default)]
    pub quota: Quota,
}

/// Whose a token is.
#[derive(Serialize, Deserialize)]
pub struct Bearer {
    pub user: String,
}

impl User {
    /// One without sessions and tokens.
    pub fn new(name: String, role: Role, password: String, now: Timestamp) -> Self {
        let quota = Quota::default();
        let (sessions, tokens) = (Vec::new(), Vec::new());
        Self { name, role, password, created_at: now, quota, callback_key: None, sessions, tokens }
    }

    /// Lets go of sessions and tokens that are over.
    pub fn tidy(&mut self, now: Timestamp) {
        self.sessions.retain(|session| session.expires_at > now);
        self.tokens.retain(|token| token.expires_at.is_none_or(|end| end > now));
    }

    /// The token with this id, and those that it was made with.
    pub fn lineage(&self, id: &str) -> Vec<&Token> {
        let mut lineage: Vec<&Token> = Vec::new();
        let mut next = Some(id);
        // Each was made after its parent, so there is an end.
        while let Some(token) = next.and_then(|id| self.tokens.iter().find(|token| token.id == id)) {
            lineage.push(token);
            next = token.parent.as_deref();
        }
        lineage
    }
}

/// A document's content, if there is one.
///
/// # Errors
/// Where the store fails.
pub async fn find<T: DeserializeOwned>(
    store: &dyn Records,
    kind: &str,
    key: &str,
) -> Result<Option<T>, Problem> {
    let found = store.document(kind, key).await.map_err(internal)?;
    found.map(|found| found.read().map_err(internal)).transpose()
}

/// All documents of a kind, by key.
///
/// # Errors
/// Where the store fails.
pub async fn all<T: DeserializeOwned>(store: &dyn Records, kind: &str) -> Result<Vec<T>, Problem> {
    let (mut all, mut after) = (Vec::new(), String::new());
    loop {
        let page = store.documents(kind, "", &after, PAGE).await.map_err(internal)?;
        for document in &page {
            all.push(document.read().map_err(internal)?);
        }
        match page.last() {
            Some(last) if page.len() == PAGE => after.clone_from(&last.key),
            _ => return Ok(all),
        }
    }
}

/// Keeps something new. Returns whether there was nothing in its place.
///
/// # Errors
/// Where the store fails.
pub async fn create(
    store: &dyn Records,
    kind: &str,
    key: &str,
    content: &impl Serialize,
    expires_at: Option<Timestamp>,
) -> Result<bool, Problem> {
    let new = NewDocument::of(content, expires_at).map_err(internal)?;
    Ok(store.put_document(kind, key, new, None).await.map_err(internal)?.is_some())
}

/// Changes what is kept, or what there would be, and keeps it; `None` where there is nothing and the change makes
/// nothing either.
///
/// # Errors
/// What the change refuses, or where the store fails.
pub async fn change<D: DeserializeOwned + Serialize, T>(
    store: &dyn Records,
    kind: &str,
    key: &str,
    change: impl Fn(Option<D>) -> Result<Option<(D, T)>, Problem>,
) -> Result<Option<T>, Problem> {
    loop {
        let found = store.document(kind, key).await.map_err(internal)?;
        let version = found.as_ref().map(|found| found.version);
        let before = found.as_ref().map(|found| found.read().map_err(internal)).transpose()?;
        let Some((after, told)) = change(before)? else { return Ok(None) };
        let expires_at = found.and_then(|found| found.expires_at);
        let new = NewDocument::of(&after, expires_at).map_err(internal)?;
        if store.put_document(kind, key, new, version).await.map_err(internal)?.is_some() {
            return Ok(Some(told));
        }
    }
}

/// What went wrong inside is for the log, not for clients.
#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
pub fn internal(error: StoreError) -> Problem {
    tracing::error!(error = &error as &dyn std::error::Error, "the store failed");
    Problem::new(ProblemKind::Internal, "the controller failed; its log says why")
}

/// A user's or group's name as it is kept.
///
/// # Errors
/// Where it can be no name.
pub fn name(text: &str) -> Result<String, Problem> {
    let name = text.trim().to_ascii_lowercase();
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
    let begins = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    if begins && name.len() <= 64 && name.chars().all(fits) {
        return Ok(name);
    }
    let detail =
        "a name has letters, digits, `.`, `_` and `-`, at most 64, and begins with a letter or digit";
    Err(Problem::invalid("name", detail))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain_and_case_does_not_count() {
        assert_eq!(name(" Ada.L_1-x ").unwrap(), "ada.l_1-x");
        for wrong in ["", "-x", "a b", "ä", "a/b", "a\u{1f}b", "@a", &"a".repeat(65)] {
            assert!(name(wrong).is_err(), "{wrong:?}");
        }
    }
}
