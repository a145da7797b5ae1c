//! Documents in the database. An operation that was cut off is done once: a version tells whose it is.

use async_trait::async_trait;
use tokio_postgres::Row;

use super::Postgres;
use super::link::{Fault, Link};
use super::rows::{NOW, count, time};
use crate::store::{Document, NewDocument, Records, StoreError, Version};

/// The columns of a document, in the order in which [`document`] reads them.
const DOCUMENT: &str = "key, version, body, expires_at";

fn lives() -> String {
    format!("(expires_at IS NULL OR expires_at > {NOW})")
}

fn document(row: &Row) -> Document {
    Document {
        key: row.get(0),
        version: Version(row.get::<_, i64>(1).cast_unsigned()),
        body: row.get(2),
        expires_at: row.get::<_, Option<i64>>(3).map(time),
    }
}

/// Whether it is kept now, in place of what was expected.
async fn put(
    link: &Link,
    (kind, key): (&str, &str),
    new: &NewDocument,
    (expected, version): (Option<i64>, i64),
) -> Result<bool, Fault> {
    let lives = lives();
    // An expired one is in the way of a new one, and is none to be replaced.
    let sql = match expected {
        None => format!(
            "INSERT INTO documents AS d (kind, key, version, body, expires_at) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (kind, key) DO UPDATE SET version = excluded.version, body = excluded.body,
               expires_at = excluded.expires_at
             WHERE d.expires_at <= {NOW} AND $6::bigint IS NULL"
        ),
        Some(_) => format!(
            "UPDATE documents SET version = $3, body = $4, expires_at = $5
             WHERE kind = $1 AND key = $2 AND version = $6::bigint AND {lives}"
        ),
    };
    let (sql, body) = (&sql, &new.body);
    let expires_at = new.expires_at.map(|end| end.as_microsecond());
    link.run(|client, again| async move {
        let statement = client.prepare_cached(sql).await?;
        if client.execute(&statement, &[&kind, &key, &version, body, &expires_at, &expected]).await? > 0 {
            return Ok(true);
        }
        let ours = "SELECT 1 FROM documents WHERE kind = $1 AND key = $2 AND version = $3";
        Ok(again && client.query_opt(ours, &[&kind, &key, &version]).await?.is_some())
    })
    .await
}

#[async_trait]
impl Records for Postgres {
    async fn document(&self, kind: &str, key: &str) -> Result<Option<Document>, StoreError> {
        let lives = lives();
        let sql = &format!("SELECT {DOCUMENT} FROM documents WHERE kind = $1 AND key = $2 AND {lives}");
        let found = self.link.run(|client, _| async move {
            Ok(client.query_opt(&client.prepare_cached(sql).await?, &[&kind, &key]).await?)
        });
        Ok(found.await?.as_ref().map(document))
    }

    async fn documents(
        &self,
        kind: &str,
        prefix: &str,
        after: &str,
        limit: usize,
    ) -> Result<Vec<Document>, StoreError> {
        let sql = &format!(
            "SELECT {DOCUMENT} FROM documents WHERE kind = $1 AND key >= $2 AND key > $3 AND starts_with(key, $2)
               AND {} ORDER BY key LIMIT $4",
            lives()
        );
        let limit = count(limit as u64);
        let found = self.link.run(|client, _| async move {
            let statement = client.prepare_cached(sql).await?;
            Ok(client.query(&statement, &[&kind, &prefix, &after, &limit]).await?)
        });
        Ok(found.await?.iter().map(document).collect())
    }

    async fn put_document(
        &self,
        kind: &str,
        key: &str,
        new: NewDocument,
        expected: Option<Version>,
    ) -> Result<Option<Version>, StoreError> {
        let version = Version::new();
        let expected = expected.map(|version| version.0.cast_signed());
        let kept = put(&self.link, (kind, key), &new, (expected, version.0.cast_signed())).await?;
        Ok(kept.then_some(version))
    }

    async fn remove_document(&self, kind: &str, key: &str) -> Result<bool, StoreError> {
        let sql = &format!("DELETE FROM documents WHERE kind = $1 AND key = $2 RETURNING {}", lives());
        let removed = self.link.run(|client, again| async move {
            let row = client.query_opt(&client.prepare_cached(sql).await?, &[&kind, &key]).await?;
            // Gone by the attempt before, whose answer was lost.
            Ok(row.map_or(again, |row| row.get(0)))
        });
        Ok(removed.await?)
    }

    async fn forget_expired(&self) -> Result<(), StoreError> {
        let sql = &format!("DELETE FROM documents WHERE expires_at <= {NOW}");
        let forgotten = self.link.run(|client, _| async move {
            client.execute(&client.prepare_cached(sql).await?, &[]).await?;
            Ok(())
        });
        Ok(forgotten.await?)
    }
}
