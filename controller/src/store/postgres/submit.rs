//! Taking jobs in, many at a time.

use std::collections::HashMap;

use protocol::{ControllerId, JobId};
use uuid::Uuid;

use super::link::{Fault, Link};
use super::rows::{JOB, NOW, count, id, key, queued};
use crate::store::{Enqueued, Queued, StoreError};

/// A job to be queued, ready to be stored.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) id: JobId,
    pub(super) key: Option<String>,
    pub(super) owner: Option<String>,
    pub(super) language: String,
    pub(super) labels: String,
    pub(super) traits: String,
    pub(super) bytes: u64,
    pub(super) spec: Vec<u8>,
}

impl Entry {
    /// Its bytes, about.
    pub(super) fn weight(&self) -> usize {
        self.spec.len() + self.labels.len() + self.traits.len()
    }
}

/// Enqueues, and answers in the same order. A job that an attempt before has made is found by its id, one that has
/// its key by that.
///
/// # Errors
/// The database's.
pub(super) async fn enqueue(
    link: &Link,
    home: ControllerId,
    entries: &[Entry],
) -> Result<Vec<Enqueued>, Fault> {
    let columns = Columns::of(entries);
    loop {
        insert(link, home, &columns).await?;
        let (by_id, by_key) = find(link, &columns).await?;
        let answer = |entry: &Entry| {
            let new = by_id.get(&entry.id).cloned().map(Enqueued::New);
            let existing = || entry.key.as_ref().and_then(|key| by_key.get(key)).copied();
            new.or_else(|| existing().map(Enqueued::Existing))
        };
        // None where the job with the key was withdrawn between the two statements.
        if let Some(answers) = entries.iter().map(answer).collect() {
            return Ok(answers);
        }
    }
}

struct Columns<'a> {
    ids: Vec<Uuid>,
    keys: Vec<Option<&'a str>>,
    owners: Vec<Option<&'a str>>,
    languages: Vec<&'a str>,
    labels: Vec<&'a str>,
    traits: Vec<&'a str>,
    bytes: Vec<i64>,
    specs: Vec<&'a [u8]>,
}

impl<'a> Columns<'a> {
    fn of(entries: &'a [Entry]) -> Self {
        let each = || entries.iter();
        Self {
            ids: each().map(|entry| key(entry.id)).collect(),
            keys: each().map(|entry| entry.key.as_deref()).collect(),
            owners: each().map(|entry| entry.owner.as_deref()).collect(),
            languages: each().map(|entry| entry.language.as_str()).collect(),
            labels: each().map(|entry| entry.labels.as_str()).collect(),
            traits: each().map(|entry| entry.traits.as_str()).collect(),
            bytes: each().map(|entry| count(entry.bytes)).collect(),
            specs: each().map(|entry| entry.spec.as_slice()).collect(),
        }
    }
}

async fn insert(link: &Link, home: ControllerId, columns: &Columns<'_>) -> Result<(), Fault> {
    let sql = format!(
        "WITH asked AS (
           SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bytea[],
             $9::text[]) WITH ORDINALITY AS a (id, key, language, labels, traits, bytes, spec, owner, place)),
         made AS (
           INSERT INTO jobs (id, key, home, language, labels, traits, bytes, stored, queued_at, owner)
           SELECT id, key, $8, language, labels::jsonb, traits, bytes, length(spec), {NOW}, owner FROM asked ORDER BY place
           ON CONFLICT DO NOTHING RETURNING id)
         INSERT INTO specs (id, data) SELECT id, spec FROM asked JOIN made USING (id)"
    );
    let (sql, home) = (&sql, Uuid::from_bytes(home.to_bytes()));
    link.run(|client, _| async move {
        let statement = client.prepare_cached(sql).await?;
        let Columns { ids, keys, owners, languages, labels, traits, bytes, specs } = columns;
        let values: [&(dyn tokio_postgres::types::ToSql + Sync); 9] =
            [ids, keys, languages, labels, traits, bytes, specs, &home, owners];
        client.execute(&statement, &values).await?;
        Ok(())
    })
    .await
}

type Found = (HashMap<JobId, Queued>, HashMap<String, JobId>);

async fn find(link: &Link, columns: &Columns<'_>) -> Result<Found, Fault> {
    let sql = format!("SELECT {JOB}, j.key FROM jobs j WHERE j.id = ANY($1) OR j.key = ANY($2)");
    let sql = &sql;
    let rows = link
        .run(|client, _| async move {
            let statement = client.prepare_cached(sql).await?;
            Ok(client.query(&statement, &[&columns.ids, &columns.keys]).await?)
        })
        .await?;
    let jobs = rows.iter().map(|row| Ok((id(row.get(1)), queued(row)?)));
    let jobs = jobs.collect::<Result<_, StoreError>>()?;
    let keys = rows.iter().filter_map(|row| Some((row.get::<_, Option<String>>(16)?, id(row.get(1)))));
    Ok((jobs, keys.collect()))
}
