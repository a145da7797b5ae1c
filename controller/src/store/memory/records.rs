//! Documents in memory.

use async_trait::async_trait;

use super::Memory;
use crate::clock;
use crate::lock::lock;
use crate::store::{Document, NewDocument, Records, StoreError, Version};

fn lives(document: &Document) -> bool {
    document.expires_at.is_none_or(|end| end > clock::now())
}

fn name(kind: &str, key: &str) -> (String, String) {
    (kind.to_owned(), key.to_owned())
}

#[async_trait]
impl Records for Memory {
    async fn document(&self, kind: &str, key: &str) -> Result<Option<Document>, StoreError> {
        let state = lock(&self.shared.state);
        Ok(state.documents.get(&name(kind, key)).filter(|document| lives(document)).cloned())
    }

    async fn documents(
        &self,
        kind: &str,
        prefix: &str,
        after: &str,
        limit: usize,
    ) -> Result<Vec<Document>, StoreError> {
        let state = lock(&self.shared.state);
        let first = name(kind, prefix.max(after));
        let theirs = state.documents.range(first..).map(|((of, _), document)| (of, document));
        let theirs = theirs.take_while(|(of, document)| *of == kind && document.key.starts_with(prefix));
        let behind = theirs.map(|(_, document)| document).filter(|document| *document.key > *after);
        Ok(behind.filter(|document| lives(document)).take(limit).cloned().collect())
    }

    async fn put_document(
        &self,
        kind: &str,
        key: &str,
        new: NewDocument,
        expected: Option<Version>,
    ) -> Result<Option<Version>, StoreError> {
        let mut state = lock(&self.shared.state);
        let name = name(kind, key);
        let found = state.documents.get(&name).filter(|document| lives(document));
        if found.map(|document| document.version) != expected {
            return Ok(None);
        }
        let NewDocument { body, expires_at } = new;
        let version = Version::new();
        state.documents.insert(name, Document { key: key.to_owned(), version, body, expires_at });
        Ok(Some(version))
    }

    async fn remove_document(&self, kind: &str, key: &str) -> Result<bool, StoreError> {
        let removed = lock(&self.shared.state).documents.remove(&name(kind, key));
        Ok(removed.is_some_and(|document| lives(&document)))
    }

    async fn forget_expired(&self) -> Result<(), StoreError> {
        lock(&self.shared.state).documents.retain(|_, document| lives(document));
        Ok(())
    }
}
