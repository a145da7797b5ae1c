//! Documents in the file.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::writer::Durable;
use super::{Sqlite, rows};
use crate::clock;
use crate::store::{Document, NewDocument, Records, StoreError, Version};

/// The columns of a document, in the order in which [`document`] reads them.
const DOCUMENT: &str = "key, version, body, expires_at";

/// Whether a document has not expired at ?1.
const LIVES: &str = "(expires_at IS NULL OR expires_at > ?1)";

fn now() -> i64 {
    clock::now().as_microsecond()
}

fn document(row: &Row<'_>) -> rusqlite::Result<Document> {
    Ok(Document {
        key: row.get(0)?,
        version: Version(row.get::<_, i64>(1)?.cast_unsigned()),
        body: row.get(2)?,
        expires_at: row.get::<_, Option<i64>>(3)?.map(rows::time),
    })
}

fn find(db: &Connection, kind: &str, key: &str) -> rusqlite::Result<Option<Document>> {
    let sql = format!("SELECT {DOCUMENT} FROM documents WHERE {LIVES} AND kind = ?2 AND key = ?3");
    db.prepare_cached(&sql)?.query_row(params![now(), kind, key], document).optional()
}

fn put(
    db: &Connection,
    kind: &str,
    key: &str,
    new: &NewDocument,
    expected: Option<Version>,
) -> rusqlite::Result<Option<Version>> {
    if find(db, kind, key)?.map(|found| found.version) != expected {
        return Ok(None);
    }
    let version = Version::new();
    let sql =
        "INSERT OR REPLACE INTO documents (kind, key, version, body, expires_at) VALUES (?, ?, ?, ?, ?)";
    let expires_at = new.expires_at.map(|end| end.as_microsecond());
    let values = params![kind, key, version.0.cast_signed(), new.body, expires_at];
    db.prepare_cached(sql)?.execute(values)?;
    Ok(Some(version))
}

#[async_trait]
impl Records for Sqlite {
    async fn document(&self, kind: &str, key: &str) -> Result<Option<Document>, StoreError> {
        let (kind, key) = (kind.to_owned(), key.to_owned());
        self.readers.read(move |db| Ok(find(db, &kind, &key)?)).await
    }

    async fn documents(
        &self,
        kind: &str,
        prefix: &str,
        after: &str,
        limit: usize,
    ) -> Result<Vec<Document>, StoreError> {
        let (kind, prefix, after) = (kind.to_owned(), prefix.to_owned(), after.to_owned());
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.readers
            .read(move |db| {
                let sql = format!(
                    "SELECT {DOCUMENT} FROM documents WHERE {LIVES} AND kind = ?2 AND key > ?3 AND key >= ?4 \
                     AND substr(key, 1, length(?4)) = ?4 ORDER BY key LIMIT ?5"
                );
                let mut statement = db.prepare_cached(&sql)?;
                let found = statement.query_map(params![now(), kind, after, prefix, limit], document)?;
                Ok(found.collect::<rusqlite::Result<_>>()?)
            })
            .await
    }

    async fn put_document(
        &self,
        kind: &str,
        key: &str,
        new: NewDocument,
        expected: Option<Version>,
    ) -> Result<Option<Version>, StoreError> {
        let (kind, key) = (kind.to_owned(), key.to_owned());
        self.write(Durable::Yes, move |_, db| put(db, &kind, &key, &new, expected)).await
    }

    async fn remove_document(&self, kind: &str, key: &str) -> Result<bool, StoreError> {
        let (kind, key) = (kind.to_owned(), key.to_owned());
        let remove = move |db: &Connection| {
            let lived = find(db, &kind, &key)?.is_some();
            let sql = "DELETE FROM documents WHERE kind = ? AND key = ?";
            db.prepare_cached(sql)?.execute([&kind, &key])?;
            Ok(lived)
        };
        self.write(Durable::Yes, move |_, db| remove(db)).await
    }

    async fn forget_expired(&self) -> Result<(), StoreError> {
        self.write(Durable::No, |_, db| {
            db.prepare_cached("DELETE FROM documents WHERE expires_at <= ?")?.execute([now()]).map(drop)
        })
        .await
    }
}
