//! Small documents by kind and key, beside the jobs: accounts, tokens, usage. Each change is a compare-and-set on the
//! document's version. What is in them is JSON that only their owners read.

use std::fmt;

use async_trait::async_trait;
use protocol::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::StoreError;

/// One state of a document. It never comes back, not even where the document is removed and made anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version(pub(super) u64);

impl Version {
    /// One that no document has had.
    pub(super) fn new() -> Self {
        Self(u64::from(rand::random::<u32>()) << 31 | u64::from(rand::random::<u32>() >> 1))
    }
}

/// A document as it is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct Document {
    /// Its name, unlike any other of its kind.
    pub key: String,
    /// Which state of it this is.
    pub version: Version,
    /// JSON.
    pub body: String,
    /// When it is gone by itself.
    pub expires_at: Option<Timestamp>,
}

/// What is in it may be secret.
impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key: _, version, body, expires_at } = self;
        write!(f, "Document({version:?}, {} bytes, until {expires_at:?})", body.len())
    }
}

impl Document {
    /// What is in it.
    ///
    /// # Errors
    /// Where it was not written by this version; what it says is not told.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, StoreError> {
        serde_json::from_str(&self.body).map_err(|error| {
            StoreError::failed(format!("a document cannot be read at line {}", error.line()))
        })
    }
}

/// A document to be kept.
#[derive(Clone, PartialEq, Eq)]
pub struct NewDocument {
    /// JSON.
    pub body: String,
    /// When it is gone by itself.
    pub expires_at: Option<Timestamp>,
}

/// What is in it may be secret.
impl fmt::Debug for NewDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NewDocument({} bytes, until {:?})", self.body.len(), self.expires_at)
    }
}

impl NewDocument {
    /// One with this in it.
    ///
    /// # Errors
    /// Where it cannot be written as JSON.
    pub fn of(content: &impl Serialize, expires_at: Option<Timestamp>) -> Result<Self, StoreError> {
        Ok(Self { body: super::codec::to_json(content)?, expires_at })
    }
}

/// Where documents are kept. One that has expired is as if it had been removed.
#[async_trait]
pub trait Records: Send + Sync + 'static {
    /// A document, if there is one.
    async fn document(&self, kind: &str, key: &str) -> Result<Option<Document>, StoreError>;

    /// Documents of a kind whose keys begin so, by key, up to `limit` with keys behind `after`.
    async fn documents(
        &self,
        kind: &str,
        prefix: &str,
        after: &str,
        limit: usize,
    ) -> Result<Vec<Document>, StoreError>;

    /// Keeps a document in place of the expected version of it, or where there is none if none is expected. Returns its
    /// new version; `None` where it is not as expected, and nothing is changed then.
    async fn put_document(
        &self,
        kind: &str,
        key: &str,
        new: NewDocument,
        expected: Option<Version>,
    ) -> Result<Option<Version>, StoreError>;

    /// Removes a document. Returns whether there was one.
    async fn remove_document(&self, kind: &str, key: &str) -> Result<bool, StoreError>;

    /// Lets go of what documents take up that have expired.
    async fn forget_expired(&self) -> Result<(), StoreError>;
}
