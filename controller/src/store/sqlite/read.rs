//! Reading beside the writer: a few connections, each used by one thread at a time.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use protocol::cluster::Sample;
use protocol::{Job, JobAttempt, JobId, JobSpec, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, params};
use tokio::sync::Semaphore;

use super::{open, rows};
use crate::lock::lock;
use crate::store::codec::{self, Results};
use crate::store::{KnownRunner, StoreError};

/// Connections to read with.
const READERS: usize = 4;

/// The readers.
#[derive(Debug)]
pub(super) struct Readers {
    path: PathBuf,
    idle: Arc<Mutex<Vec<Connection>>>,
    room: Arc<Semaphore>,
}

impl Readers {
    /// Readers of this file; connections are opened as they are needed.
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, idle: Arc::default(), room: Arc::new(Semaphore::new(READERS)) }
    }

    /// Reads.
    ///
    /// # Errors
    /// SQLite's, or that something stored is not readable.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let permit = Arc::clone(&self.room).acquire_owned().await.map_err(StoreError::failed)?;
        let (path, idle) = (self.path.clone(), Arc::clone(&self.idle));
        let work = move || {
            let _permit = permit;
            let kept = lock(&idle).pop();
            let db = match kept {
                Some(db) => db,
                None => open::reader(&path).map_err(StoreError::failed)?,
            };
            let result = query(&db);
            lock(&idle).push(db);
            result
        };
        tokio::task::spawn_blocking(work).await.map_err(StoreError::failed)?
    }

    /// Closes them.
    pub(super) fn close(&self) {
        lock(&self.idle).clear();
    }
}

/// A job with its output.
pub(super) fn job(db: &Connection, id: JobId) -> Result<Option<Job>, StoreError> {
    let sql = format!("SELECT {}, data FROM jobs LEFT JOIN results USING (number) WHERE id = ?", rows::JOB);
    let mut statement = db.prepare_cached(&sql)?;
    let found = statement.query_row([rows::bytes(id)], |row| {
        let data: Option<Vec<u8>> = row.get(14)?;
        Ok((rows::job(row)?, data))
    });
    let Some((mut job, data)) = found.optional()? else { return Ok(None) };
    if let Some(data) = data {
        let Results { compile, runs, score } = codec::decode(&data)?;
        (job.compile, job.runs, job.score) = (compile, runs, score);
    }
    Ok(Some(job))
}

/// What was submitted.
pub(super) fn spec(db: &Connection, id: JobId) -> Result<Option<JobSpec>, StoreError> {
    let sql = "SELECT data FROM jobs JOIN specs USING (number) WHERE id = ?";
    let data: Option<Vec<u8>> =
        db.prepare_cached(sql)?.query_row([rows::bytes(id)], |row| row.get(0)).optional()?;
    data.map(|data| codec::decode(&data)).transpose()
}

/// A file that a run left, as it is stored; of the first run that left one where none is named.
pub(super) fn artifact(
    db: &Connection,
    id: JobId,
    run: Option<u32>,
    path: &str,
) -> Result<Option<Bytes>, StoreError> {
    let sql = "SELECT data FROM jobs JOIN artifacts USING (number) \
               WHERE id = ?1 AND path = ?2 AND (?3 IS NULL OR run = ?3) ORDER BY run LIMIT 1";
    let mut statement = db.prepare_cached(sql)?;
    let data = statement.query_row(params![rows::bytes(id), path, run], |row| row.get::<_, Vec<u8>>(0));
    let unpack = |data: Vec<u8>| Ok(codec::decompress(&data)?.into_owned().into());
    data.optional()?.map(unpack).transpose()
}

/// The attempts at a job.
pub(super) fn attempts(db: &Connection, id: JobId) -> Result<Vec<JobAttempt>, StoreError> {
    let mut statement = db.prepare_cached("SELECT number FROM jobs WHERE id = ?")?;
    let number: Option<i64> = statement.query_row([rows::bytes(id)], |row| row.get(0)).optional()?;
    Ok(number.map(|number| rows::attempts(db, number)).transpose()?.unwrap_or_default())
}

/// The runners that are remembered, by name.
pub(super) fn runners(db: &Connection) -> Result<Vec<KnownRunner>, StoreError> {
    let mut statement = db.prepare_cached("SELECT registration, seen_at FROM runners ORDER BY name")?;
    let rows: Vec<(String, i64)> =
        statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<rusqlite::Result<_>>()?;
    let known = |(registration, seen_at): (String, i64)| {
        Ok(KnownRunner { registration: codec::from_json(&registration)?, seen_at: rows::time(seen_at) })
    };
    rows.into_iter().map(known).collect()
}

/// Samples since then, the oldest first.
pub(super) fn samples(
    db: &Connection,
    runner: Option<&str>,
    since: Timestamp,
) -> Result<Vec<Sample>, StoreError> {
    let sql = "SELECT runner, at, cpu_percent, memory_percent, active_jobs, active_containers FROM samples \
               WHERE at >= ?1 AND (?2 IS NULL OR runner = ?2) ORDER BY at, runner";
    let mut statement = db.prepare_cached(sql)?;
    let sample = |row: &Row<'_>| {
        Ok(Sample {
            runner: row.get(0)?,
            at: rows::time(row.get(1)?),
            cpu_percent: row.get(2)?,
            memory_percent: row.get(3)?,
            active_jobs: row.get(4)?,
            active_containers: row.get(5)?,
        })
    };
    let found = statement.query_map(params![since.as_microsecond(), runner], sample)?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}
